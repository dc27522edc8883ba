/** The elements of an array in a JSON body: numbers, or their little-endian bytes in base64. */

import { decodeBase64 } from "./base64.ts";
import { refuse } from "./schema.ts";

const kinds = {
  f32: { Storage: Float32Array, item: "a number", holds: (_value: number) => true },
  f64: { Storage: Float64Array, item: "a number", holds: (_value: number) => true },
  u32: {
    Storage: Uint32Array,
    item: `a whole number from 0 to ${2 ** 32 - 1}`,
    holds: (value: number) => value >>> 0 === value,
  },
} as const;

/** Element types that requests bring, by the names that answers have for them. */
export type Dtype = keyof typeof kinds;

/** The array of a type. */
export type Elements<D extends Dtype> = InstanceType<(typeof kinds)[D]["Storage"]>;

/** What a request says of the elements. */
export interface ElementSource {
  readonly dtype?: unknown;
  readonly data?: unknown;
  readonly base64?: unknown;
}

/**
 * Reads elements of one of the allowed types from `data` or `base64`.
 *
 * @throws {Problem} 422 naming what is wrong
 */
export function readElements<D extends Dtype>(
  { dtype, data, base64 }: ElementSource,
  name: string,
  allowed: readonly D[],
): Elements<D> {
  const kind = allowed.find((candidate) => candidate === dtype);
  if (kind === undefined) {
    throw refuse(`${name}.dtype`, allowed.map((candidate) => JSON.stringify(candidate)).join(" or "), dtype);
  }
  return base64 === undefined ? readNumbers(data, kind, `${name}.data`) : fromBase64(base64, kind, `${name}.base64`);
}

/** Elements from JSON numbers. @throws {Problem} 422 naming the first that is wrong */
export function readNumbers<D extends Dtype>(data: unknown, kind: D, label: string): Elements<D> {
  const { Storage, item, holds } = kinds[kind];
  if (!Array.isArray(data)) throw refuse(label, "an array of numbers", data);
  const wrong = data.findIndex((value) => typeof value !== "number" || !holds(value));
  if (wrong >= 0) throw refuse(`${label}[${wrong}]`, item, data[wrong]);
  return Storage.from(data) as Elements<D>;
}

function fromBase64<D extends Dtype>(text: unknown, kind: D, label: string): Elements<D> {
  if (typeof text !== "string") throw refuse(label, "a string", text);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = decodeBase64(text);
  } catch {
    throw refuse(label, "base64", text);
  }
  const { Storage } = kinds[kind];
  if (bytes.length % Storage.BYTES_PER_ELEMENT !== 0) {
    throw refuse(label, `whole ${kind} numbers of ${Storage.BYTES_PER_ELEMENT} bytes`, `${bytes.length} bytes`);
  }
  return new Storage(bytes.buffer) as Elements<D>;
}
