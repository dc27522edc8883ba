/** A solve over HTTP: from request to answer, at once or as a stream of events. */

import type { ProgressEvent } from "../solvers/core/mod.ts";
import type { Uploads } from "./body.ts";
import { acceptsGzip } from "./compression.ts";
import type { Answer, Job, Solver } from "./job.ts";
import { bodyType, chooseAnswer, media } from "./media.ts";
import type { Metrics } from "./metrics.ts";
import type { Settings } from "./options.ts";
import { Problem, toProblem } from "./problem.ts";
import { problemAnswer } from "./run_job.ts";
import type { Slots } from "./slots.ts";

/** Least time between two progress events, in milliseconds. */
const progressMs = 100;

/** What a solve needs of the service. */
export interface Service {
  readonly settings: Settings;
  readonly slots: Slots;
  readonly uploads: Uploads;
  readonly solver: Solver;
  readonly metrics: Metrics;
  /** Keeps the runtime from dropping work that outlives its request. */
  readonly keepAlive: (work: Promise<unknown>) => void;
}

/** Answers a solver's route. A place is taken when the body is there, and held until the answer is. */
export async function answerSolve(path: string, request: Request, service: Service): Promise<Response> {
  const { settings, uploads } = service;
  const { type, arrays } = chooseAnswer(request.headers.get("accept") || undefined);
  const kind = bodyType(request.headers);
  const { jsonLimitBytes, bodyLimitBytes } = settings;
  const limit = kind === "json" ? Math.min(jsonLimitBytes, bodyLimitBytes) : bodyLimitBytes;
  const { bytes, release } = await uploads.read(request, limit);
  const job: Job = {
    path,
    bodyType: kind,
    body: bytes,
    answerType: type === media.safetensors ? "safetensors" : "json",
    arrays,
    gzip: type === media.json && acceptsGzip(request.headers),
    limits: settings,
  };
  if (type === media.events) return streamSolve(job, request.signal, { ...service, release });
  try {
    return responseOf(await solveInPlace(job, request.signal, service));
  } finally {
    release();
  }
}

/** Waits for a place, and solves. */
async function solveInPlace(
  { limits: { timeLimitMs, threads, backends }, ...job }: Job,
  signal: AbortSignal,
  { slots, solver, settings, metrics }: Service,
  onProgress?: (event: ProgressEvent) => void,
): Promise<Answer> {
  try {
    const leave = await slots.take(signal), started = performance.now();
    try {
      const limits = { timeLimitMs, threads, backends };
      const answer = await solver.solve({ ...job, limits }, { signal, onProgress });
      metrics.solved(job.path, answer.status, (performance.now() - started) / 1000);
      return answer;
    } finally {
      leave();
    }
  } catch (error) {
    return problemAnswer(toProblem(error, signal, settings.onFailure));
  }
}

/** Long answers are sent piece by piece, as they are taken. */
function responseOf({ status, headers, parts }: Answer): Response {
  if (parts.length <= 1) return new Response(parts[0] ?? null, { status, headers });
  let next = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(parts[next++]);
      if (next === parts.length) controller.close();
    },
  });
  return new Response(stream, { status, headers });
}

/** Server-sent events: `progress` now and then, and `result` or `problem` at the end. */
function streamSolve(
  job: Job,
  disconnected: AbortSignal,
  service: Service & { release: () => void },
): Response {
  const { settings: { heartbeatMs }, keepAlive, release } = service;
  const cancelled = new AbortController();
  const signal = AbortSignal.any([disconnected, cancelled.signal]);
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => {
        if (!cancelled.signal.aborted) controller.enqueue(encoder.encode(text));
      };
      // Proxies close what is silent for long; a comment is no event.
      const heart = setInterval(() => send(": still at work\n\n"), heartbeatMs);
      let last = -Infinity;
      const onProgress = (event: ProgressEvent) => {
        // A reader that falls behind misses progress, so that nothing piles up.
        if (event.elapsedMs - last < progressMs || (controller.desiredSize ?? 0) <= 0) return;
        last = event.elapsedMs;
        send(`event: progress\ndata: ${JSON.stringify(event)}\n\n`);
      };
      const work = solveInPlace(job, signal, service, onProgress)
        .then(({ status, parts }) => {
          if (signal.aborted) return;
          send(`event: ${status === 200 ? "result" : "problem"}\ndata: `);
          for (const part of parts) if (!cancelled.signal.aborted) controller.enqueue(part);
          send("\n\n");
        })
        .finally(() => {
          clearInterval(heart);
          release();
          if (!cancelled.signal.aborted) controller.close();
        });
      keepAlive(work);
    },
    cancel() {
      cancelled.abort(new Problem(499, "The client closed the stream."));
    },
  }, new CountQueuingStrategy({ highWaterMark: 4 }));
  return new Response(stream, { headers: { "content-type": media.events, "cache-control": "no-store" } });
}
