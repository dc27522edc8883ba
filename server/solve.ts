/** A solve over HTTP: from request to answer, at once or as a stream of events. */

import type { ProgressEvent } from "../solvers/core/mod.ts";
import { toJson, toSafetensors } from "./answer.ts";
import { readInput } from "./input.ts";
import { type AnswerType, chooseAnswer, media } from "./media.ts";
import type { Settings } from "./options.ts";
import { Problem, toProblem } from "./problem.ts";
import type { Route } from "./route.ts";
import type { Slots } from "./slots.ts";

/** Least time between two progress events, in milliseconds. */
const progressMs = 100;

/** What a solve needs of the service. */
export interface Service {
  readonly settings: Settings;
  readonly slots: Slots;
  /** Keeps the runtime from dropping work that outlives its request. */
  readonly keepAlive: (work: Promise<unknown>) => void;
}

/** Answers a solver's route. The slot is held from before the body is read until the answer is there. */
export async function answerSolve(route: Route, request: Request, service: Service): Promise<Response> {
  const { settings, slots } = service;
  const type = chooseAnswer(request.headers.get("accept") || undefined);
  const release = slots.take();
  let streaming = false;
  try {
    const { values, options } = await readInput(route, request, settings);
    const timeLimitMs = Math.min(Number(options.timeLimitMs ?? Infinity), settings.timeLimitMs);
    const solve: Solve = (signal, onProgress) =>
      route.solve(values, { ...options, timeLimitMs, signal, ...(onProgress && { onProgress }) });
    if (type !== media.events) return encode(route, await solve(request.signal), type);
    streaming = true;
    return streamSolve(route, request.signal, solve, { ...service, release });
  } catch (error) {
    throw toProblem(error, request.signal, settings.onFailure);
  } finally {
    if (!streaming) release();
  }
}

type Solve = (signal: AbortSignal, onProgress?: (event: ProgressEvent) => void) => Promise<object>;

function encode(route: Route, result: object, type: Exclude<AnswerType, typeof media.events>): Response {
  const body = type === media.json ? JSON.stringify(toJson(route.answer, result)) : toSafetensors(route.answer, result);
  return new Response(body, { headers: { "content-type": type } });
}

/** Server-sent events: `progress` now and then, and `result` or `problem` at the end. */
function streamSolve(
  route: Route,
  disconnected: AbortSignal,
  solve: Solve,
  { settings, keepAlive, release }: Service & { release: () => void },
): Response {
  const cancelled = new AbortController();
  const signal = AbortSignal.any([disconnected, cancelled.signal]);
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (event: string, data: unknown) =>
        controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
      let last = -Infinity;
      const onProgress = (event: ProgressEvent) => {
        // A reader that falls behind misses progress, so that nothing piles up.
        if (event.elapsedMs - last < progressMs || (controller.desiredSize ?? 0) <= 0) return;
        last = event.elapsedMs;
        send("progress", event);
      };
      const work = solve(signal, onProgress)
        .then((result) => send("result", toJson(route.answer, result)))
        .catch((error) => {
          const problem = toProblem(error, signal, settings.onFailure);
          if (!signal.aborted) send("problem", problem.document);
        })
        .finally(() => {
          release();
          if (!cancelled.signal.aborted) controller.close();
        });
      keepAlive(work);
    },
    cancel() {
      cancelled.abort(new Problem(499, "The client closed the stream."));
    },
  });
  return new Response(stream, { headers: { "content-type": media.events, "cache-control": "no-store" } });
}
