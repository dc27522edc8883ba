import type { QuantizedLayer } from "../mod.ts";
import { formatBytes, formatDuration, shorten, table } from "./layout.ts";
import type { Terminal } from "./terminal.ts";

/** A quantised layer, and the width in bits that its weights had in their file. */
export interface StoredLayer extends QuantizedLayer {
  readonly storedBits: number;
}

/** What a run has made. */
export interface Quantization {
  readonly layers: ReadonlyMap<string, StoredLayer>;
  readonly file: string;
  readonly fileBytes: number;
}

/** Sizes in bytes: of the weights as they were, and of codes packed to their bits with all that belongs to them. */
function sizes({ bits, codes, scales, outliers, storedBits }: StoredLayer): { before: number; packed: number } {
  const element = scales.data.BYTES_PER_ELEMENT;
  const grid = scales.data.length * (element + bits / 8);
  const sparse = outliers ? outliers.data.length * (element + 4) + outliers.indptr.length * 4 : 0;
  return { before: codes.length * storedBits / 8, packed: Math.ceil(codes.length * bits / 8 + grid + sparse) };
}

/** A line for each layer, then what they have in common. */
export function printReport(terminal: Terminal, { layers, file, fileBytes }: Quantization): void {
  const heading = ["layer", "shape", "error", "groups", "outliers", "passes", "time"];
  const rows = [...layers].map(([name, layer]) => [
    name,
    layer.shape.join(" x "),
    layer.relativeError.toPrecision(4),
    String(layer.scales.shape[1]),
    String(layer.outliers?.data.length ?? 0),
    layer.passes.toFixed(1),
    formatDuration(layer.elapsedMs),
  ]);
  // Names are shortened, so that the numbers stay on one line.
  const numbers = table([heading, ...rows].map((row) => row.slice(1)))[0].length;
  const available = Math.max(12, terminal.width - numbers - 4);
  const [first, ...lines] = table([heading, ...rows.map(([name, ...rest]) => [shorten(name, available), ...rest])]);
  terminal.print([terminal.style.dim(first), ...lines].join("\n"));

  const all = [...layers.values()];
  const { bits, plan } = all[0];
  const before = sum(all.map((layer) => sizes(layer).before)), packed = sum(all.map((layer) => sizes(layer).packed));
  const perWeight = packed * 8 / sum(all.map(({ codes }) => codes.length));
  const mean = sum(all.map(({ relativeError }) => relativeError)) / all.length;
  terminal.print("");
  terminal.facts([
    ...(all.length > 1 ? [["mean error", mean.toPrecision(4)] as const] : []),
    [
      "size",
      `${formatBytes(before)} to ${formatBytes(packed)} packed: ${bits} bits a code, ` +
      `${perWeight.toFixed(2)} a weight with scales${all.some(({ outliers }) => outliers) ? " and outliers" : ""}`,
    ],
    ["ran on", `${plan.backend} (${plan.reason}), ${formatDuration(sum(all.map(({ elapsedMs }) => elapsedMs)))}`],
    ["wrote", `${file}, ${formatBytes(fileBytes)}, one code a byte`],
  ]);
  for (const [name, { status, remarks }] of layers) {
    for (const remark of remarks) terminal.note(`${name}: ${remark}`);
    if (status === "time-limit") terminal.note(`${name}: stopped at its time limit`);
  }
}

/** The same for programs. */
export function jsonReport({ layers, file, fileBytes }: Quantization): unknown {
  return {
    file,
    fileBytes,
    layers: [...layers].map(([name, layer]) => {
      const { shape, bits, groupSize, relativeError, objective, status, iterations, passes, elapsedMs, plan } = layer;
      const { before, packed } = sizes(layer);
      return {
        name,
        shape,
        bits,
        groupSize,
        groups: layer.scales.shape[1],
        outliers: layer.outliers?.data.length ?? 0,
        relativeError,
        objective,
        status,
        iterations,
        passes,
        bytesBefore: before,
        bytesPacked: packed,
        elapsedMs,
        plan,
        remarks: layer.remarks,
      };
    }),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
