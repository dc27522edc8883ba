/** Compute shaders in WGSL, and how a kernel call becomes dispatches of them. */

import type { DeviceArray, Dtype, KernelArguments, KernelName, MatrixOperand } from "../contract.ts";

/** The scalars of a shader in their order; in WGSL they are the fields of the uniform `p`. */
export type ParameterTypes = Readonly<Record<string, "u32" | "f32">>;

/**
 * The arrays of a shader in their order, and what it does with them. One array may not be read and written at once; one
 * read in fours, such as `f32x4`, must hold four elements at least.
 */
export type ArrayTypes = Readonly<
  Record<string, `${"read" | "write"} ${"f32" | "f32x4" | "u32"}` | "read f16" | "read f16x4" | "atomic u32">
>;

/** Element types in WGSL that are not called as they are here. */
const elementTypes: Readonly<Record<string, string>> = { f16x4: "vec4<f16>", f32x4: "vec4<f32>" };

/** A compute shader; one object for each, because pipelines are cached by it. */
export interface Shader<P extends ParameterTypes = ParameterTypes, A extends ArrayTypes = ArrayTypes> {
  readonly label: string;
  readonly parameters: P;
  readonly arrays: A;
  /** All of the WGSL; the entry point is `main`. */
  readonly code: string;
}

/** One run of a shader. */
export interface Dispatch {
  readonly shader: Shader;
  readonly parameters: Readonly<Record<string, number>>;
  readonly arrays: Readonly<Record<string, DeviceArray>>;
  readonly workgroups: readonly [x: number, y: number];
}

/** The dispatches of a kernel call, each finished before the next begins, and the number it gives, if any. */
export interface Dispatches {
  readonly dispatches: readonly Dispatch[];
  /** The kernel's value, computed on the host from an array that the dispatches leave behind. */
  readonly value?: {
    readonly array: DeviceArray;
    /** Elements of the array that count. */
    readonly length: number;
    of(elements: ArrayLike<number>): number;
  };
}

/** Working memory of at least so many elements, not cleared, valid until the kernel is done. */
export type Scratch = <D extends Dtype>(dtype: D, length: number, label: string) => DeviceArray<D>;

/**
 * Turns the arguments of a kernel into dispatches. Arrays that a call writes must be distinct from its other arrays.
 */
export type Lowering<K extends KernelName> = (operands: KernelArguments<K>, scratch: Scratch) => Dispatches;

/** A shader from its interface, stated once for WGSL and for TypeScript, and the rest of its source. */
export function defineShader<const P extends ParameterTypes, const A extends ArrayTypes>(
  label: string,
  { parameters, arrays, code }: { readonly parameters: P; readonly arrays: A; readonly code: string },
): Shader<P, A> {
  const fields = Object.entries(parameters).map(([name, type]) => `  ${name}: ${type},`);
  const bindings = Object.entries(arrays).map(([name, use], i) => {
    const [access, type] = use.split(" ");
    const mode = access === "read" ? "read" : "read_write";
    const element = access === "atomic" ? `atomic<${type}>` : elementTypes[type] ?? type;
    return `@group(0) @binding(${i + 1}) var<storage, ${mode}> ${name}: array<${element}>;`;
  });
  const declarations = [
    ...Object.values(arrays).some((use) => use.includes("f16")) ? ["enable f16;"] : [],
    `struct Parameters {\n${fields.join("\n")}\n}`,
    "@group(0) @binding(0) var<uniform> p: Parameters;",
    ...bindings,
  ];
  return { label, parameters, arrays, code: `${declarations.join("\n")}\n${code}` };
}

/** A run of a shader with the parameters and arrays that it declares. */
export function dispatch<P extends ParameterTypes, A extends ArrayTypes>(
  shader: Shader<P, A>,
  call: {
    readonly parameters: { readonly [K in keyof P]: number };
    readonly arrays: { readonly [K in keyof A]: DeviceArray };
    readonly workgroups: readonly [x: number, y: number];
  },
): Dispatch {
  return { shader, ...call };
}

/** Most workgroups in one dimension that every device takes. */
const workgroupsInARow = 65535;

/** So many workgroups in one or two dimensions: their number is `workgroupIndex` below, and may exceed `count`. */
export function workgroupsFor(count: number): readonly [x: number, y: number] {
  const x = Math.min(count, workgroupsInARow);
  return [x, x === 0 ? 0 : Math.ceil(count / x)];
}

/** The running number of a workgroup of {@linkcode workgroupsFor}, in WGSL. */
export const workgroupIndex = "group.y * groups.x + group.x";

/** The builtins that shaders take, under one name each. */
export const builtins = `
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32`;

/**
 * Combines what the threads of a workgroup have put into `array`, pairwise, into its first element, in WGSL: sums
 * without `combine`. `threads` is a power of two.
 */
export function combineThreads(
  array: string,
  threads: number,
  combine = `${array}[thread] + ${array}[thread + half]`,
): string {
  return `
  for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { ${array}[thread] = ${combine}; }
  }`;
}

/** Elements from one row of a matrix operand to the next. */
export function strideOf({ stride, columns }: MatrixOperand<Dtype>): number {
  return stride ?? columns;
}
