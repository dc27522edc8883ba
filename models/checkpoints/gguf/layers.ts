/** Quantised layers as blocks of GGUF. @module */

import { decodeFloat16, encodeFloat16 } from "../../../formats/half.ts";
import { type Block, blockTypes, emptyBlock, writeBlock } from "../../../formats/gguf_blocks.ts";
import type { QuantizedWeights } from "../../../solvers/quantization/layer.ts";
import { mostRounding } from "../packed.ts";

/** Types that layers are saved in. */
export type LayerType = "Q4_0" | "Q4_1" | "Q8_0" | "Q3_K" | "Q4_K";

/** How a layer is held. */
export interface PackedLayer {
  readonly type: LayerType;
  /** Whether codes, scales and zero points are held to the bit; otherwise scales were rounded to f16. */
  readonly exact: boolean;
  /** The rows one after the other. */
  readonly bytes: Uint8Array;
}

/** Weights of the smallest block. */
const smallest = 32;

/**
 * A layer in the smallest type that holds it: to the bit, or with scales rounded to f16; or why there is none.
 */
export function packLayer(layer: QuantizedWeights): PackedLayer | { readonly problem: string } {
  const { shape: [, columns], outliers, groupIndex } = layer;
  if (outliers) return { problem: "it has weights beside its grid" };
  if (columns % smallest !== 0) return { problem: `rows of ${columns} weights do not divide into blocks of 32` };
  if (groupIndex?.some((group, j) => group !== groupIndex[j - j % 16])) {
    return { problem: `groups of ${layer.groupSize} columns are no multiple of 16` };
  }
  for (const type of ["Q3_K", "Q4_0", "Q4_K", "Q4_1", "Q8_0"] as const) {
    const packed = columns % blockTypes[type].elements === 0 ? packAs(type, layer) : undefined;
    if (packed) return packed;
  }
  return { problem: "no type of blocks has its codes, or f16 its scales" };
}

/** What makes a block of a type from the groups of its weights; undefined where it cannot. */
type Fit = (
  scales: Float64Array,
  zeros: Float64Array,
  block: Block,
) => { exact: boolean; code: (code: number, group: number) => number } | undefined;

function packAs(type: LayerType, layer: QuantizedWeights): PackedLayer | undefined {
  const { shape: [rows, columns], codes, scales, zeros, groupIndex } = layer, groups = scales.shape[1];
  const blockType = blockTypes[type], { elements, group } = blockType, block = emptyBlock(blockType);
  const inBlock = elements / group, most = 2 ** (type === "Q8_0" ? 8 : type === "Q3_K" ? 3 : 4) - 1;
  const ofBlock = new Float64Array(inBlock), zerosOfBlock = new Float64Array(inBlock);
  const bytes = new Uint8Array(rows * columns / elements * blockType.bytes);
  let exact = true, to = 0;
  for (let i = 0; i < rows; i++) {
    for (let begin = 0; begin < columns; begin += elements, to += blockType.bytes) {
      for (let g = 0; g < inBlock; g++) {
        const first = begin + g * group, at = i * groups + (groupIndex ? groupIndex[first] : 0);
        if (groupIndex && groupIndex[first] !== groupIndex[first + group - 1]) return undefined;
        ofBlock[g] = scales.data[at];
        zerosOfBlock[g] = zeros.data[at];
      }
      const fitted = fits[type](ofBlock, zerosOfBlock, block);
      if (!fitted) return undefined;
      exact &&= fitted.exact;
      for (let w = 0; w < elements; w++) {
        const code = fitted.code(codes[i * columns + begin + w], w / group | 0);
        if (code < 0 || code > most) return undefined;
        block.codes[w] = code;
      }
      writeBlock(blockType, block, bytes, to);
    }
  }
  return { type, exact, bytes };
}

/** The bits of a number in f16, and whether it is that number; undefined where f16 has nothing near it. */
function half(value: number): { bits: number; exact: boolean } | undefined {
  const bits = encodeFloat16([value]), [found] = decodeFloat16(bits);
  if (!(Math.abs(found - value) <= mostRounding * Math.abs(value))) return undefined;
  return { bits: bits[0], exact: found === value };
}

/** `d (code - zero)`: every zero point is moved to that of the type. */
function symmetric(zero: number): Fit {
  return ([scale], [given], block) => {
    const d = half(scale);
    if (!d || !Number.isInteger(given)) return undefined;
    block.d = d.bits;
    return { exact: d.exact, code: (code) => code - given + zero };
  };
}

const fits: Readonly<Record<LayerType, Fit>> = {
  Q4_0: symmetric(8),
  Q8_0: symmetric(128),
  Q4_1([scale], [zero], block) {
    const d = half(scale), m = half(-scale * zero);
    if (!d || !m) return undefined;
    [block.d, block.m] = [d.bits, m.bits];
    // A zero point that is no whole number was rounded itself.
    return { exact: d.exact && (m.exact || near(m.bits, -scale * zero)), code: (code) => code };
  },
  Q3_K(scales, zeros, block) {
    const signed = zeros.every((zero) => zero === 3 || zero === 4),
      factor = signed ? commonFactor(scales, 32) : undefined;
    if (!factor) return undefined;
    block.d = factor.bits;
    for (let g = 0; g < scales.length; g++) {
      // A zero point of 3 is one of 4 with the sign of the scale and the codes turned round.
      const n = Math.round(scales[g] / factor.value);
      if (zeros[g] === 4 && n > 31) return undefined;
      block.scales[g] = zeros[g] === 4 ? 32 + n : 32 - n;
    }
    return { exact: true, code: (code, g) => zeros[g] === 4 ? code : 7 - code };
  },
  Q4_K(scales, zeros, block) {
    const d = commonFactor(scales, 63), minimums = scales.map((scale, g) => scale * zeros[g]);
    const m = minimums.every((minimum) => minimum === 0) ? { value: 1, bits: 0 } : commonFactor(minimums, 63);
    if (!d || !m) return undefined;
    [block.d, block.m] = [d.bits, m.bits];
    for (let g = 0; g < scales.length; g++) {
      block.scales[g] = Math.round(scales[g] / d.value);
      block.minimums[g] = Math.round(minimums[g] / m.value);
    }
    return { exact: true, code: (code) => code };
  },
};

/** A number of f16 of which all are multiples up to a limit, to the precision of f32. */
function commonFactor(values: Float64Array, limit: number): { value: number; bits: number } | undefined {
  const largest = values.reduce((most, value) => Math.max(most, value), 0);
  if (!(largest > 0) || values.some((value) => value < 0)) return undefined;
  for (let n = 1; n <= limit; n++) {
    const [bits] = encodeFloat16([largest / n]), [value] = decodeFloat16(Uint16Array.of(bits));
    const fits = value > 0 && values.every((given) => {
      const whole = Math.round(given / value);
      return whole <= limit && Math.abs(given - whole * value) <= 2 ** -22 * given;
    });
    if (fits) return { value, bits };
  }
}

/** Whether f16 has a number to the precision of f32. */
function near(bits: number, value: number): boolean {
  const [found] = decodeFloat16(Uint16Array.of(bits));
  return Math.abs(found - value) <= 2 ** -22 * Math.abs(value);
}
