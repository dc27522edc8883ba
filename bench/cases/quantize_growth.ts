import { quantizeLayer } from "../../mod.ts";
import type { Case } from "../case.ts";
import { syntheticLayer } from "../data.ts";
import { race } from "../runner.ts";

/** How the cost of a layer grows. */
export const quantizeGrowth: Case = {
  question: "Does the time of a layer grow as rows x columns^2?",
  async run({ quick, seed, progress }) {
    const shapes = quick ? [[128, 128], [128, 256], [256, 256]] : [[512, 512], [512, 1024], [1024, 1024], [1024, 2048]];
    const contenders = shapes.map(([rows, columns]) => {
      const layer = syntheticLayer(rows, columns, seed);
      const weights = { data: layer.weights, shape: [rows, columns] as const };
      const gram = { data: layer.gram, shape: [columns, columns] as const };
      return {
        name: `${rows} x ${columns}`,
        // Relaxed and quantised passes alternate as in a whole run; nothing stops early.
        run: async () =>
          void await quantizeLayer(weights, gram, {
            bits: 3,
            method: "quantease",
            iterations: 6,
            backend: "wasm",
            threads: 1,
          }),
      };
    });
    const measured = await race(contenders, {
      rounds: quick ? 3 : 7,
      slowSeconds: 10,
      onRound: (round, rounds) => progress(`round ${round} of ${rounds}`),
    });
    const work = shapes.map(([rows, columns]) => rows * columns ** 2);
    const slope = fitSlope(
      work.map(Math.log),
      measured.map(({ minimum }) => Math.log(minimum)),
    );
    return {
      tables: [{
        title: "f32, 3 bits, 6 passes of QuantEase, one thread",
        columns: [
          "rows x columns",
          "minimum ms",
          "median ms",
          "ns for 1000 rows columns^2",
        ],
        rows: measured.map((
          m,
          index,
        ) => [
          m.name,
          m.minimum * 1e3,
          m.median * 1e3,
          m.minimum * 1e12 / work[index],
        ]),
      }],
      targets: [{
        name: "exponent of rows x columns^2 in the time",
        value: slope,
        limit: 1.1,
        sense: "at most",
      }],
      notes: [
        "The exponent is the slope of a least squares line through the logarithms.",
      ],
    };
  },
};

/** Slope of the least squares line. */
function fitSlope(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [centerX, centerY] = [mean(x), mean(y)];
  return mean(x.map((value, i) => (value - centerX) * (y[i] - centerY))) /
    mean(x.map((value) => (value - centerX) ** 2));
}
