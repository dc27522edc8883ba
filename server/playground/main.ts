/** The page: a form, a worker that solves, and what it found. */

import type { QuantizeOptions } from "@minima/minima";
import { bar, columns, lines } from "./plots.ts";
import {
  type Answer,
  type ExampleLayer,
  type FileLayer,
  type Method,
  methods,
  type Reply,
  type Request,
} from "./protocol.ts";

const names: Readonly<Record<Method, string>> = {
  rtn: "Rounding",
  gptq: "GPTQ",
  quantease: "QuantEase",
  auto: "Minima's composite",
};

function part<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

const form = part<HTMLFormElement>("form");
const progress = part("progress"), problem = part("problem");
let worker: Worker | undefined = startWorker();
let answers: Answer[] = [];
let downloadUrl: string | undefined;

function startWorker(): Worker {
  const started = new Worker("/worker.js", { type: "module" });
  started.addEventListener("message", ({ data }: MessageEvent<Reply>) => receive(data));
  started.addEventListener("error", (event) => {
    fail(event.message || "The worker could not start.");
    // The next request starts another.
    worker = undefined;
  });
  return started;
}

function ask(request: Request): void {
  (worker ??= startWorker()).postMessage(request);
}

function receive(reply: Reply): void {
  switch (reply.kind) {
    case "tensors":
      return offerTensors(reply.names);
    case "progress":
      progress.querySelector("progress")!.value = reply.fraction;
      part("stage").textContent = reply.stage;
      return;
    case "answer":
      answers.push(reply.answer);
      return show();
    case "done":
      if (downloadUrl) URL.revokeObjectURL(downloadUrl);
      downloadUrl = URL.createObjectURL(reply.file);
      part<HTMLAnchorElement>("download").href = downloadUrl;
      part("download").hidden = false;
      showIdle();
      return part("results").focus();
    case "cancelled":
      return showIdle();
    case "problem":
      return fail(reply.message);
  }
}

function begin(): void {
  answers = [];
  problem.hidden = true;
  progress.hidden = false;
  part("download").hidden = true;
  part<HTMLButtonElement>("run").disabled = true;
  part("cancel").hidden = false;
}

function showIdle(): void {
  progress.hidden = true;
  part<HTMLButtonElement>("run").disabled = false;
  part("cancel").hidden = true;
}

function fail(message: string): void {
  showIdle();
  problem.textContent = message;
  problem.hidden = false;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const layer = chosenLayer();
  if (!layer) return fail("Choose a .safetensors file and its two tensors first.");
  begin();
  ask({ kind: "solve", layer, options: chosenOptions() });
});
part("cancel").addEventListener("click", () => ask({ kind: "cancel" }));

form.addEventListener("change", ({ target }) => {
  const { name, value } = target as HTMLInputElement;
  if (name === "source") {
    part("example").hidden = value !== "example";
    part("file").hidden = value !== "file";
    // Fields that are out of sight must not keep the form from being sent.
    for (const field of part("example").querySelectorAll("input")) field.disabled = value !== "example";
  }
  if (name === "upload") loadFile();
});

const drop = form.querySelector<HTMLElement>(".drop")!;
for (const kind of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", kind === "dragover");
    const files = (event as DragEvent).dataTransfer?.files;
    if (kind === "drop" && files?.length) {
      form.querySelector<HTMLInputElement>("[name=upload]")!.files = files;
      loadFile();
    }
  });
}

function field<E extends HTMLInputElement | HTMLSelectElement = HTMLInputElement>(name: string): E {
  return form.elements.namedItem(name) as E;
}

function loadFile(): void {
  const file = field("upload").files?.[0];
  problem.hidden = true;
  if (file) ask({ kind: "list", file });
}

function offerTensors(tensors: readonly string[]): void {
  for (const name of ["weights", "gram"]) {
    const select = field<HTMLSelectElement>(name);
    select.replaceChildren(...tensors.map((tensor) => new Option(tensor, tensor)));
    select.disabled = false;
    const fitting = tensors.find((tensor) => tensor.endsWith(name) || name === "gram" && tensor.includes("gram"));
    if (fitting) select.value = fitting;
  }
}

function chosenLayer(): ExampleLayer | FileLayer | undefined {
  const data = new FormData(form);
  if (data.get("source") === "example") {
    const number = (name: string) => Number(data.get(name));
    return { rows: number("rows"), columns: number("columns"), outlying: number("outlying"), seed: number("seed") };
  }
  const file = field("upload").files?.[0], weights = data.get("weights"), gram = data.get("gram");
  return file && weights && gram ? { file, weights: String(weights), gram: String(gram) } : undefined;
}

function chosenOptions(): QuantizeOptions {
  const data = new FormData(form);
  const share = Number(data.get("outliers")) / 100, groupSize = Number(data.get("groupSize"));
  return {
    bits: Number(data.get("bits")) as QuantizeOptions["bits"],
    symmetric: data.has("symmetric"),
    ...(groupSize > 0 && { groupSize }),
    ...(share > 0 && { outliers: { fraction: share } }),
  };
}

function show(): void {
  const best = answers.reduce((least, answer) => answer.relativeError < least.relativeError ? answer : least);
  const most = Math.max(...answers.map(({ relativeError }) => relativeError));
  part("empty").hidden = true;
  part("answer").hidden = false;
  part("errors").replaceChildren(table(best, most));
  const descents = answers.filter(({ method }) => method === "quantease" || method === "auto");
  const series = descents.map(({ method, trace }) => ({ name: names[method], values: trace, best: method === "auto" }));
  part("descent").replaceChildren(...(series.length > 0 ? [lines(series, "round")] : []));
  const rounded = answers.find(({ method }) => method === "rtn");
  const compared = [...new Set([rounded ?? best, best])];
  const byOutput = compared.map((answer) => ({
    name: names[answer.method],
    values: answer.rowErrors,
    best: answer === best,
  }));
  part("outputs").replaceChildren(lines(byOutput, "output"));
  part("codes").replaceChildren(columns(best.codeCounts));
  part("codesOf").textContent = names[best.method];
  part("where").textContent = `Ran here, in this page, on ${best.reason}.`;
}

function table(best: Answer, most: number): HTMLTableElement {
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const [title, kind] of [["Method"], ["Error"], ["", "graph"], ["Dense passes", "work"], ["Time", "work"]]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = title;
    if (kind) cell.className = kind;
    head.append(cell);
  }
  const body = made.createTBody();
  for (const method of methods) {
    const answer = answers.find((candidate) => candidate.method === method);
    if (!answer) continue;
    const row = body.insertRow();
    if (answer === best) row.className = "best";
    const title = document.createElement("th");
    title.scope = "row";
    title.textContent = names[method];
    row.append(title);
    row.insertCell().textContent = answer.relativeError.toPrecision(3);
    const cell = row.insertCell();
    cell.className = "graph";
    cell.append(bar(answer.relativeError / most, answer === best));
    for (const text of [answer.passes.toFixed(1), `${answer.elapsedMs.toFixed(0)} ms`]) {
      const work = row.insertCell();
      work.className = "work";
      work.textContent = text;
    }
  }
  return made;
}
