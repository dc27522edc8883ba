/** Kernels against the reference: operands, what is written, and the tolerance of the kernel's family. */

import assert from "node:assert/strict";
import {
  type DeviceArray,
  type FloatDtype,
  type HostArray,
  type KernelArguments,
  type KernelName,
  type MatrixOperand,
  specifications,
  type VectorOperand,
} from "../../kernels/contract.ts";
import { type Bench, conformance } from "./grid.ts";
import { replaceArrays } from "./operands.ts";

/** What a kernel writes: some elements of an array, or all. */
export type Output = VectorOperand | MatrixOperand | DeviceArray;

/** A number that would be zero without rounding, and what it is a sum of. */
export interface Residual {
  readonly what: string;
  readonly value: number;
  /** Number of the terms. */
  readonly terms: number;
  /** Sum of their magnitudes. */
  readonly magnitude: number;
}

/** One call of a kernel. */
export interface Case<A> {
  /** Shapes and options, in words. */
  readonly what: string;
  /** Operands over arrays of their own, which are freed afterwards. */
  readonly operands: A;
  /** What the kernel writes; every other element must stay as it was. */
  outputs(operands: A): readonly Output[];
  /** Working memory, of which nothing is said. */
  working?(operands: A): readonly DeviceArray[];
  /** The arithmetic of these numbers is exact: no rounding is allowed for; zeros may differ in their sign. */
  readonly exact?: boolean;
  /** Family `sum`: products in each sum; those that are added in one run, where runs are short. @default 0 */
  readonly terms?: number;
  /**
   * Families `sum` and `elementwise`: sum of the magnitudes of the terms, of all elements or of each. A kernel that
   * subtracts must give it. @default what the reference makes of the absolute operands
   */
  readonly magnitude?: number | ((element: number) => number);
  /** The precision of the arithmetic. @default the output's */
  readonly precision?: FloatDtype;
  /** Family `solve`: the identity that the kernel promises, from the operands after the call and before. */
  identity?(after: A, before: A): Iterable<Residual>;
}

const roundoff: { readonly [D in FloatDtype]: number } = { f32: 2 ** -24, f64: 2 ** -53 };

/** Roundings beside those of a sum: of its terms, their factors and the result; also those of an element by itself. */
const furtherRoundings = 4;

/**
 * How far rounding errors of a `solve` may grow from step to step: the conditions of the cases stay below. What counts
 * is the identity, whose error does not grow.
 */
export const growth = 2 ** 23;

/** Most that a sum of `terms` products may err by, as a share of the sum of their magnitudes. */
export function sumTolerance(terms: number, precision: FloatDtype): number {
  return (terms + furtherRoundings) * roundoff[precision];
}

/** Registers the cases of a kernel: each is compared with the reference by the tolerance of the kernel's family. */
export function agreement<K extends KernelName>(
  name: K,
  criterion: string,
  cases: (bench: Bench) => Iterable<Case<KernelArguments<K>>> | AsyncIterable<Case<KernelArguments<K>>>,
): void {
  conformance(name, criterion, async (bench) => {
    for await (const one of cases(bench)) {
      await compare(bench, name, one);
      replaceArrays(one.operands, (array) => {
        bench.workspace.free(array);
        return array;
      });
    }
  });
}

type Numbers = ArrayLike<number>;

async function compare<K extends KernelName>(
  bench: Bench,
  name: K,
  one: Case<KernelArguments<K>>,
): Promise<void> {
  const { workspace } = bench, { operands: before, what, exact = false } = one;
  type Kernel = (operands: KernelArguments<K>) => number | void | Promise<number | void>;
  const kernel = bench.kernel[name] as Kernel, reference = bench.reference[name] as Kernel;
  const copies: HostArray[] = [];
  const copied = (map?: (value: number) => number) => {
    const twins = new Map<HostArray, HostArray>();
    return replaceArrays(map ? absoluteScalars(before) : before, (array) => {
      const widened = map && (array.dtype === "f32" || array.dtype === "f64");
      const twin = twins.get(array) ??
        workspace.allocate(widened ? "f64" : array.dtype, array.length, array.label) as HostArray;
      if (!twins.has(array)) workspace.write(twin, widened ? Array.from(array.view, map) : array.view);
      twins.set(array, twin);
      copies.push(twin);
      return twin;
    });
  };
  const actual = copied(), expected = copied();
  const value = await kernel(actual), wanted = await reference(expected);
  const family = exact ? "exact" : specifications[name].tolerance;
  const rounded = family === "sum" || family === "elementwise";
  const sizes = rounded && one.magnitude === undefined ? copied(Math.abs) : undefined;
  const size = sizes && await reference(sizes);

  const tolerance = (precision: FloatDtype, wanted: number, element: number, size: number | undefined): number => {
    if (family === "exact") return 0;
    if (family === "solve") return growth * roundoff[precision] * (1 + Math.abs(wanted));
    const terms = family === "sum" ? one.terms ?? 0 : 0;
    const { magnitude = size! } = one;
    return sumTolerance(terms, precision) * (typeof magnitude === "number" ? magnitude : magnitude(element));
  };
  const equal = (
    actual: number,
    wanted: number,
    precision: FloatDtype | undefined,
    element: number,
    size?: number,
  ): boolean => {
    if (exact ? actual === wanted : Object.is(actual, wanted)) return true;
    if (precision === undefined || family === "exact") return Number.isNaN(actual) && Number.isNaN(wanted);
    return Math.abs(actual - wanted) <= tolerance(precision, wanted, element, size);
  };

  if (typeof wanted === "number") {
    const precision = rounded ? one.precision ?? bench.dtype : undefined;
    const close = equal(value as number, wanted, precision, 0, typeof size === "number" ? size : undefined);
    assert.ok(close, `${what}: ${name} gives ${value}, expected ${wanted}`);
  }
  const [outputs, wantedOutputs, sizeOutputs] = [actual, expected, sizes].map((copy) => copy && one.outputs(copy));
  const written = new Map<HostArray, Set<number> | "all">();
  for (const array of one.working?.(actual) ?? []) written.set(array as HostArray, "all");
  outputs!.forEach((output, i) => {
    const array = arrayOf(output), { view, dtype, label } = array;
    const wantedView = arrayOf(wantedOutputs![i]).view;
    const sizeView: Numbers | undefined = sizeOutputs && arrayOf(sizeOutputs[i]).view;
    const precision = dtype === "f32" || dtype === "f64" ? one.precision ?? dtype : undefined;
    const places = placesOf(output);
    places.forEach((at, element) => {
      const close = equal(view[at], wantedView[at], precision, element, sizeView?.[at]);
      assert.ok(close, `${what}: "${label}" holds ${view[at]} at ${at}, expected ${wantedView[at]}`);
    });
    const known = written.get(array);
    if (known !== "all") written.set(array, new Set([...known ?? [], ...places]));
  });
  const given: HostArray[] = [];
  replaceArrays(before, (array) => {
    given.push(array);
    return array;
  });
  replaceArrays(actual, (array) => {
    const old = given.shift()!.view, places = written.get(array);
    if (places === "all") return array;
    array.view.forEach((value, at) => {
      const kept = Object.is(value, old[at]) || places?.has(at);
      assert.ok(kept, `${what}: ${name} writes ${value} to "${array.label}" at ${at}, which is not its own`);
    });
    return array;
  });
  if (family === "solve") {
    assert.ok(one.identity, `${what}: a case of the family "solve" must give its identity`);
    for (const { what: part, value, terms, magnitude } of one.identity(actual, before)) {
      const bound = sumTolerance(terms, one.precision ?? bench.dtype) * magnitude;
      assert.ok(Math.abs(value) <= bound, `${what}: ${part} is off by ${value}, allowed ${bound}`);
    }
  }
  for (const array of new Set(copies)) workspace.free(array);
}

/** The operands with the magnitudes of their scalars. */
function absoluteScalars<T extends object>(operands: T): T {
  return Object.fromEntries(
    Object.entries(operands).map(([key, value]) => [key, typeof value === "number" ? Math.abs(value) : value]),
  ) as T;
}

function arrayOf(output: Output): HostArray {
  return ("array" in output ? output.array : output) as HostArray;
}

/** Where the elements of an output stand in its array. */
function placesOf(output: Output): number[] {
  if (!("array" in output)) return Array.from({ length: output.length }, (_, at) => at);
  const { offset = 0 } = output;
  if (!("rows" in output)) return Array.from({ length: output.length }, (_, i) => offset + i);
  const { rows, columns, stride = columns } = output;
  return Array.from({ length: rows * columns }, (_, k) => offset + Math.floor(k / columns) * stride + k % columns);
}
