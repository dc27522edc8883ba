/** Transductions as subjects: nasty tables with missing entries, and calls that are told to stop. @module */

import assert from "node:assert/strict";
import { matrix, transduce } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { partlyLabelled } from "../../solvers/completion/labelled.ts";
import { nastyTable } from "../nasty_data.ts";
import { keepsPromises } from "../promises.ts";
import type { Stoppable, Subject } from "../subject.ts";

async function fuzz(seed: number): Promise<void> {
  const random = createRandom(seed ^ 0x1111), items = 2 + random.integer(20), width = 1 + random.integer(8);
  const { samples, kind } = nastyTable(items, width, seed), count = 1 + random.integer(4);
  const seen = 0.2 + 0.8 * random.uniform();
  const features = matrix(items, width, samples.data.map((value) => random.uniform() < seen ? value : NaN));
  const labels = matrix(
    items,
    count,
    Float64Array.from({ length: items * count }, () => {
      return random.uniform() < seen ? random.uniform() < 0.6 ? 1 : -1 : NaN;
    }),
  );
  // Some of both is observed.
  features.data[0] = samples.data[0];
  labels.data[0] = 1;
  for (const method of ["equality", "margin", "soft"] as const) {
    const what = `labels of seed ${seed}, ${items} x ${width} with ${kind}, ${method}`;
    const result = await transduce({ features, labels }, { method, seed });
    keepsPromises(result, 0, what);
    assert.ok([...result.scores.data, ...result.features.data].every(Number.isFinite), what);
    labels.data.forEach((value, at) => Number.isNaN(value) || assert.equal(result.labels[at], value, what));
  }
}

/** {@linkcode transduce}. */
export const transduction: Subject = {
  fuzz,
  instances: 100,
  mostBlocks: 2e7,
  stops: [transduces("margin", [[60, 20], [1000, 60], [3000, 150]]), {
    ...transduces("many items", [[1000, 20], [40_000, 20], [100_000, 20]]),
    // A look at every entry, and the answer of every item.
    leastMs: (items) => 30 * items * 5e-4,
  }],
};

function transduces(name: string, sizes: Stoppable["sizes"]): Stoppable {
  return {
    name,
    sizes,
    prepare(items, features) {
      const data = partlyLabelled({
        items,
        features,
        labels: 8,
        rank: 3,
        rate: 0.5,
        block: false,
        noise: 0.5,
        seed: 3,
      });
      return (solve) => transduce(data, solve);
    },
  };
}
