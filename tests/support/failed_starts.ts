import { BackendError, dispose, quantizeLayer } from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { makeLayer } from "./layers.ts";
import { failStarts, until, watchWorkers } from "./workers.ts";

/** What came of solves while workers failed to start. */
export interface Outcomes {
  right: number;
  wrong: number;
  /** Ended in a `BackendError`. */
  refused: number;
  readonly failedStarts: number;
  /** Workers that are still there ten seconds after all were disposed of. */
  readonly left: number;
}

/** Asks for eight solves at a time, `rounds` times, on two to five threads of which one in five does not start. */
export async function askWhileStartsFail(rounds: number): Promise<Outcomes> {
  await dispose();
  const { weights, gram } = makeLayer({ rows: 24, columns: 32, seed: 5, dtype: "f32" });
  const options = { method: "quantease", bits: 3, iterations: 4 } as const;
  const expected = await quantizeLayer(weights, gram, { ...options, backend: "wasm" });
  const random = createRandom(8), watch = watchWorkers();
  const injection = failStarts(() => random.uniform() < 0.2);
  const counts = { right: 0, wrong: 0, refused: 0 };
  const ask = async () => {
    const threads = 2 + random.integer(4);
    try {
      const answer = await quantizeLayer(weights, gram, { ...options, backend: "threads", threads });
      const same = answer.objective === expected.objective &&
        answer.codes.every((code, i) => code === expected.codes[i]);
      counts[same ? "right" : "wrong"]++;
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      counts.refused++;
    }
  };
  try {
    for (let round = 0; round < rounds; round++) {
      await Promise.all(Array.from({ length: 8 }, ask));
      if (round % 2 === 1) await dispose();
    }
  } finally {
    injection.stop();
  }
  await dispose();
  await until(() => watch.alive() === 0, "the end of the workers").catch(() => {});
  const left = watch.alive();
  watch.stop();
  return { ...counts, failedStarts: injection.failed(), left };
}
