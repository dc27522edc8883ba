/** One solve, from the bytes of a request to those of its answer: all the work that is not for the thread that listens. */

import { jsonParts, toSafetensors } from "./answer.ts";
import { compressed } from "./compression.ts";
import { readInput } from "./input.ts";
import type { Answer, Hold, Job } from "./job.ts";
import { media } from "./media.ts";
import { type Problem, toProblem } from "./problem.ts";
import type { Route } from "./route.ts";
import { runtime } from "./runtime.ts";

/** Does a job on the calling thread. */
export async function runJob(
  route: Route,
  job: Job,
  { signal, onProgress }: Hold,
  onFailure: (error: unknown) => void,
): Promise<Answer> {
  try {
    const { values, options } = readInput(route, job);
    const timeLimitMs = Math.min(Number(options.timeLimitMs ?? Infinity), job.limits.timeLimitMs);
    const { backends } = job.limits;
    const threads = backends.includes("threads") ? Number(options.threads ?? job.limits.threads) : 1;
    // Without compiled kernels, `auto` has one place left.
    const backend = backends.includes("wasm") || (options.backend ?? "auto") !== "auto" ? {} : { backend: backends[0] };
    const result = await route.solve(values, {
      ...options,
      ...backend,
      timeLimitMs,
      threads,
      signal,
      ...(onProgress && { onProgress }),
    });
    const parts = job.answerType === "json"
      ? jsonParts(route.answer, result, job.arrays)
      : [toSafetensors(route.answer, result)];
    const headers = { "content-type": media[job.answerType], vary: "accept, accept-encoding" };
    const small = job.gzip && runtime() !== "workerd" && job.answerType === "json"
      ? await compressed(parts)
      : undefined;
    if (small) return { status: 200, headers: { ...headers, "content-encoding": "gzip" }, parts: small };
    return { status: 200, headers, parts };
  } catch (error) {
    return problemAnswer(toProblem(error, signal, onFailure));
  }
}

/** A problem as an answer. */
export function problemAnswer({ document, headers }: Problem): Answer {
  return {
    status: document.status,
    headers: { ...headers, "content-type": "application/problem+json" },
    parts: [new TextEncoder().encode(JSON.stringify(document))],
  };
}
