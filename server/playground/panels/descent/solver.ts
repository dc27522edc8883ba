import { serializeCsv } from "../../../../formats/mod.ts";
import { type Matrix, matrix } from "../../../../solvers/core/matrix.ts";
import {
  kernelMatrix,
  type KernelMatrixOptions,
  samKernelSpectrum,
  samPath,
  samSpectrum,
} from "../../../../solvers/sharpness/mod.ts";
import { columnOf, completeRows, matrixOf, readTable } from "../../contents/table.ts";
import type { PanelSolver } from "../../solver.ts";
import { ranAs } from "../words.ts";
import type { DescentAnswer } from "./answer.ts";
import { type DescentContent, turnedSpectrum, wave } from "./example.ts";

type Options = Omit<KernelMatrixOptions, "kernel"> & {
  readonly kernel?: "none" | KernelMatrixOptions["kernel"];
  readonly standardize?: boolean;
  readonly noise?: number;
};

/** Decomposes; the paths are followed in the page. */
export const solver: PanelSolver<DescentContent, DescentAnswer, Options> = {
  read: readTable,
  examples: { spectrum: turnedSpectrum, wave },
  async solve(given, { kernel = "none", standardize = true, noise: wanted, ...shape }, run) {
    const began = performance.now(), { data, settled } = completeRows(given), known = given.content.truth;
    const { names, matrix: X } = matrixOf(data, "features"), target = columnOf(data, "target")!;
    const scales = centre(X, standardize), middle = mean(target), y = target.map((value) => value - middle);
    const remarks: string[] = [];
    let spectrum;
    if (kernel === "none") {
      // Features that are left out take their share of the truth with them.
      const truth = known?.coefficients && data.roles.features.length === known.coefficients.size
        ? names.map((name, j) => (known.coefficients!.get(name) ?? 0) * scales[j])
        : undefined;
      if (known && !truth) {
        remarks.push("The truth is not among linear functions of these features: the risk is estimated.");
      }
      spectrum = await samSpectrum(X, y, { truth, ...run.watch() });
    } else {
      const K = await kernelMatrix(X, X, { kernel, ...shape });
      const truth = known && known.values.map((value) => value - middle);
      spectrum = await samKernelSpectrum(K, y, { truth, ...run.watch() });
    }
    // What the mean and the directions leave.
    const left = y.length - 1 - spectrum.eigenvalues.length;
    const [noise, noiseFrom] = wanted !== undefined
      ? [wanted, "the options"] as const
      : known
      ? [known.noise, "the example"] as const
      : left >= 5 && spectrum.unexplained > 0
      ? [Math.sqrt(spectrum.unexplained * y.length / left), "the residual of least squares"] as const
      : [Math.sqrt(y.reduce((sum, value) => sum + value * value, 0) / y.length / 2) || 1, "a guess"] as const;
    run.show({
      target: data.roles.target[0],
      featureCount: names.length,
      samples: y.length,
      settled,
      spectrum,
      kernel,
      noise,
      noiseFrom,
      remarks,
      ran: ranAs(spectrum, performance.now() - began),
    });
    const path = samPath(spectrum, { noise }), steps = Array.from({ length: 61 }, (_, i) => Math.round(10 ** (i / 12)));
    const columns = ["step", "loss", "variance", "estimated_risk", ...(spectrum.signal ? ["bias2", "risk"] : [])];
    const table = matrix(steps.length, columns.length);
    steps.forEach((step, i) => {
      const { loss, variance, estimatedRisk, bias2, risk } = path.at(step);
      table.data.set(
        [step, loss, variance, estimatedRisk, ...(spectrum.signal ? [bias2!, risk!] : [])],
        i * columns.length,
      );
    });
    return [{ name: "path.csv", content: serializeCsv({ columns, matrix: table, text: new Map() }) }];
  },
};

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Takes the means off, and divides by the standard deviations where that is asked for; constant columns become zero, without
 * the rounding of their means. @returns what was divided by
 */
function centre({ data, shape: [rows, columns] }: Matrix, scaled: boolean): Float64Array {
  return Float64Array.from({ length: columns }, (_, j) => {
    const column = Float64Array.from({ length: rows }, (_, i) => data[i * columns + j]), middle = mean(column);
    const deviation = Math.sqrt(mean(column.map((value) => (value - middle) ** 2)));
    const isConstant = !(deviation > 1e-12 * Math.abs(middle)), scale = scaled && !isConstant ? deviation : 1;
    for (let i = 0; i < rows; i++) data[i * columns + j] = isConstant ? 0 : (column[i] - middle) / scale;
    return scale;
  });
}
