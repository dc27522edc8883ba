/** Solves away from the page's own thread, so that the page stays responsive. */

import { InputError } from "../../solvers/core/errors.ts";
import { withNames } from "../../solvers/core/names.ts";
import { panels } from "./panels/mod.ts";
import type { Values } from "./panel.ts";
import { type Reply, type Request, type Source, sourceKey } from "./protocol.ts";
import type { Content, PanelSolver, SolveRun } from "./solver.ts";

interface WorkerScope {
  postMessage(reply: Reply): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
}

const page = globalThis as unknown as WorkerScope;

/** What is going on in a panel; the content is kept, so that it is read once. */
interface Session {
  open?: AbortController;
  solve?: AbortController;
  opened?: { readonly key: string; readonly content: Promise<Content> };
}

const sessions = new Map<string, Session>();

page.onmessage = ({ data }) => {
  const session = sessions.get(data.panel) ?? {};
  sessions.set(data.panel, session);
  session[data.kind === "cancel" ? "solve" : data.kind]?.abort();
  if (data.kind !== "cancel") void answer(data, session);
};

async function answer(request: Exclude<Request, { kind: "cancel" }>, session: Session): Promise<void> {
  const { panel, kind, source } = request;
  const running = session[kind] = new AbortController(), { signal } = running;
  // What was cancelled, or asked anew, has no more to say.
  const tell = (reply: Reply) => {
    if (!signal.aborted) page.postMessage(reply);
  };
  try {
    const { solver } = await panels[panel].solver();
    const content = await open(solver, source, session, signal);
    if (kind === "open") {
      const { fields, remarks = [] } = content;
      return tell({ panel, kind: "fields", source, fields, remarks });
    }
    const progress = (stage: string, fraction: number) => tell({ panel, kind: "progress", stage, fraction });
    const run: SolveRun<unknown> = {
      signal,
      show: (answer) => tell({ panel, kind: "answer", answer }),
      progress,
      watch: (from = 0, to = 1, prefix) => ({
        signal,
        onProgress: ({ stage, fraction }) =>
          progress(prefix === undefined ? stage : `${prefix}: ${stage}`, from + (to - from) * fraction),
      }),
    };
    const files = await solver.solve({ content, roles: request.roles }, request.options, run) ?? [];
    tell({ panel, kind: "done", files: files.map(({ name, content }) => ({ name, blob: new Blob([content]) })) });
  } catch (error) {
    if (signal.aborted || (error as Error)?.name === "AbortError") {
      // A request that took the place of this one speaks for itself.
      if (kind === "solve" && session.solve === running) page.postMessage({ panel, kind: "cancelled" });
      return;
    }
    tell({ panel, kind: "problem", of: kind, ...reasonOf(error) });
  }
}

function reasonOf(error: unknown): { message: string; argument?: string } {
  if (!(error instanceof Error)) return { message: String(error) };
  const message = error instanceof InputError ? withNames(error.message) : error.message;
  return { message, argument: (error as { argument?: string }).argument };
}

/** The content of a source: a file is told from another by what the page knows of it. */
function open(
  solver: PanelSolver<Content, unknown, Values>,
  source: Source,
  session: Session,
  signal: AbortSignal,
): Promise<Content> {
  const key = sourceKey(source);
  if (session.opened?.key === key) return session.opened.content;
  const content = Promise.resolve().then(() =>
    source.kind === "files"
      ? solver.read(source.files[0], source.options, source.files)
      : solver.examples[source.name](source.options, signal)
  );
  const opened = session.opened = { key, content };
  content.catch(() => {
    if (session.opened === opened) session.opened = undefined;
  });
  return content;
}
