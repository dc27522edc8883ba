import { type BackendRates, calibrate, type Calibration, capabilities, memoryUsage } from "../../mod.ts";
import { command, UsageError } from "../command.ts";
import { crossoversVariable, serializeCrossovers } from "../crossovers.ts";
import { formatBytes, formatDuration, table } from "../layout.ts";
import { type Examination, examine } from "../self_test.ts";
import type { Style } from "../terminal.ts";

/** `minima doctor`: what this runtime offers, and whether the kernels compute right on it. */
export const doctor = command({
  name: "doctor",
  summary: "show what this runtime offers, and test the kernels on it",
  usage: "[--calibrate [--save FILE]] [--json]",
  details: `
Lists what the runtime offers to the kernels, then quantises a small layer on every backend and checks each answer
against plain f64 arithmetic. Exit code 1 when a backend fails.

With --calibrate it also measures, in a few seconds, from how many operations of a solve threads and WebGPU pay on this
machine. Let nothing else run meanwhile. The environment variable ${crossoversVariable} names a saved file to every command:

  minima doctor --calibrate --save crossovers.json
  ${crossoversVariable}=crossovers.json minima quantize-layer ...`,
  operands: [0, 0],
  options: {
    calibrate: { kind: "flag", about: "measure from how much work on threads and WebGPU pay" },
    save: { kind: "output", value: "FILE", about: "write what --calibrate finds" },
    json: { kind: "flag", about: "report as JSON" },
  },
  async run({ options, write, terminal, signal }) {
    if (options.save !== undefined && !options.calibrate) throw new UsageError("Option --save needs --calibrate.");
    const found = await capabilities();
    const { limit } = memoryUsage();
    const examinations = await examine(signal);
    const failed = examinations.filter(({ outcome }) => outcome === "failed").map(({ backend }) => backend);

    const calibration = options.calibrate ? await calibrate() : undefined;
    signal.throwIfAborted();
    await write("save", () => serializeCrossovers(calibration!));

    if (options.json) {
      const report = { capabilities: found, memoryLimitBytes: limit, backends: examinations, calibration };
      terminal.print(JSON.stringify(report, (_, value) => value === Infinity ? null : value, 2));
    } else {
      const yes = (value: boolean) => value ? "yes" : "no";
      terminal.facts([
        ["runtime", `${found.runtime} ${found.runtimeVersion}`],
        ["WASM SIMD", yes(found.simd)],
        ["relaxed SIMD", relaxedSimd[found.relaxedSimd]],
        ["shared memory", yes(found.sharedMemory)],
        ["threads", found.threadsReason ? `1: ${found.threadsReason}` : String(found.threads)],
        ["WebGPU", found.webgpu || `no: ${found.webgpuReason}`],
        ["kernels", found.build === "none" ? "reference only" : `${found.build} build`],
        ["memory limit", formatBytes(limit)],
      ]);
      terminal.print(`\n${examinationTable(examinations, terminal.style)}`);
      if (calibration) terminal.print(`\n${calibrationReport(calibration, options.save, terminal.style)}`);
    }
    if (failed.length > 0) throw new Error(`Wrong answers from ${failed.join(" and ")}.`);
  },
});

const relaxedSimd = {
  fused: "yes, multiply-add is fused",
  unfused: "yes, but multiply-add is not fused, so it is not used",
  absent: "no",
} as const;

function examinationTable(examinations: readonly Examination[], style: Style): string {
  const [heading, ...lines] = table([
    ["backend", "gram", "layer error", "recomputed", "time"],
    ...examinations.map((examination) =>
      examination.outcome === "left out" ? [examination.backend, "", "", "", ""] : [
        examination.backend,
        examination.gramExact ? "exact" : "wrong",
        examination.relativeError.toPrecision(6),
        examination.recomputedError.toPrecision(6),
        formatDuration(examination.elapsedMs),
      ]
    ),
  ]);
  const verdicts = examinations.map(({ outcome, remark }) => {
    const mark = outcome === "passed" ? style.green("ok") : outcome === "failed" ? style.red("failed") : "left out";
    return `${mark}${style.dim(`, ${remark}`)}`;
  });
  const width = Math.max(...[heading, ...lines].map(({ length }) => length));
  return [style.dim(heading), ...lines.map((line, i) => `${line.padEnd(width)}  ${verdicts[i]}`)].join("\n");
}

/** What was measured, and how to use it. */
function calibrationReport(calibration: Calibration, saved: string | undefined, style: Style): string {
  const rate = (flops: number) => `${(flops / 1e9).toFixed(1)} GFLOP/s`;
  const row = (name: string, rates: BackendRates | undefined, crossover: number) => [
    name,
    rates ? formatDuration(rates.startSeconds * 1000) : "",
    rates ? rate(rates.flopsPerSecond) : "",
    rates ? rate(rates.baselineFlopsPerSecond) : "",
    crossover === Infinity ? "never" : `${crossover.toPrecision(2)} operations`,
  ];
  const { measured, leftOut, threads, webgpu } = calibration;
  const [heading, ...lines] = table([
    ["", "start", "rate", "without it", "pays from"],
    row("threads", measured.threads, threads),
    row("WebGPU", measured.webgpu, webgpu),
  ]);
  const remark = (crossover: number, reason: string | undefined) =>
    reason ? `not measured: ${reason}` : crossover === Infinity ? "measure again if something else ran meanwhile" : "";
  const remarks = [remark(threads, leftOut.threads), remark(webgpu, leftOut.webgpu)];
  const code = `await init({ crossovers: ${serializeCrossovers(calibration).trim().replace(/\s+/g, " ")} });`;
  return [
    style.dim(heading),
    ...lines.map((line, i) => remarks[i] ? `${line}  ${style.dim(remarks[i])}` : line),
    "",
    `in code     ${code.replaceAll("null", "Infinity")}`,
    `here        ${crossoversVariable}=${saved ?? "FILE, with --save FILE"}`,
  ].join("\n");
}
