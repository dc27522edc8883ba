import { quantizeLayer } from "../../mod.ts";
import type { Case } from "../case.ts";
import { syntheticLayer } from "../data.ts";
import { openTorchQuantEase } from "../peers/torch.ts";
import { race } from "../runner.ts";

const bits = 3;
const passes = 25;

/** A whole layer, beside PyTorch. */
export const quantizeLayerCase: Case = {
  question: "How fast are 25 passes of QuantEase over a whole layer, beside the same algorithm in PyTorch?",
  async run({ quick, seed, progress }) {
    const size = quick ? 256 : 1024;
    const layer = syntheticLayer(size, size, seed);
    const torch = await openTorchQuantEase(layer);
    const weights = { data: layer.weights, shape: [size, size] as const };
    const gram = { data: layer.gram, shape: [size, size] as const };
    const errors = { ours: NaN, torch: NaN };
    const ours = async (method: "quantease" | "auto") => {
      const options = {
        bits,
        method,
        iterations: passes,
        backend: "wasm",
        threads: 1,
      } as const;
      return (await quantizeLayer(weights, gram, options)).relativeError;
    };
    const auto = await ours("auto");
    const missing = typeof torch === "string";
    const measured = await race([
      { name: "minima, method quantease", run: async () => void (errors.ours = await ours("quantease")) },
      { name: "minima, method auto", run: async () => void await ours("auto") },
      ...missing ? [] : [{
        name: torch.name,
        selfTimed: true,
        run: async () => {
          const { seconds, relativeError } = await torch.run(bits, passes);
          errors.torch = relativeError;
          return seconds;
        },
      }],
    ], {
      rounds: quick ? 3 : 7,
      slowSeconds: 30,
      budgetSeconds: 120,
      onRound: (round, rounds) => progress(`round ${round} of ${rounds}`),
    });
    if (!missing) torch.close();
    if (!missing && !(Math.abs(errors.ours / errors.torch - 1) <= 0.02)) {
      throw new Error(
        `The relative errors differ: ours is ${errors.ours}, PyTorch's ${errors.torch}.`,
      );
    }
    const error = [errors.ours, auto, errors.torch];
    const [first, , peer] = measured;
    return {
      tables: [{
        title: `f32, ${size} x ${size}, ${bits} bits, ${passes} passes, every row its own grid`,
        columns: [
          "contender",
          "minimum s",
          "median s",
          "to minima",
          "relative error",
        ],
        rows: measured.map((
          m,
          index,
        ) => [
          m.name,
          m.minimum,
          m.median,
          m.minimum / first.minimum,
          error[index],
        ]),
      }],
      targets: missing ? [] : [{
        name: "times faster than PyTorch",
        value: peer.minimum / first.minimum,
        limit: 1,
        sense: "at least",
      }],
      missing: missing ? [torch] : [],
      notes: [
        ...missing ? [] : [
          `PyTorch: ${torch.setting}; peers/quantease_torch.py, which gives what the authors' release gives, in less time: ` +
          "it keeps columns contiguous.",
        ],
        "Ours includes checking, copying, the grid and the certificate in f64; PyTorch's time ends before the error.",
      ],
    };
  },
};
