/** What the WebAssembly engine can do, found by validating and running a few bytes. */

/** Whether `f32x4.relaxed_madd` rounds once (`fused`), twice (`unfused`), or is not there. */
export type RelaxedSimd = "fused" | "unfused" | "absent";

const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** `() -> i32`: `i32x4.splat(0)` and its lane 0. */
const simdProbe = new Uint8Array([
  header,
  [0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7f], // type: () -> i32
  [0x03, 0x02, 0x01, 0x00], // function 0 has type 0
  [0x0a, 0x0b, 0x01, 0x09, 0x00, 0x41, 0x00, 0xfd, 0x11, 0xfd, 0x1b, 0x00, 0x0b],
].flat());

/** `(a, b, c: f32) -> f32`: lane 0 of `relaxed_madd(splat(a), splat(b), splat(c))`. */
const relaxedProbe = new Uint8Array([
  header,
  [0x01, 0x08, 0x01, 0x60, 0x03, 0x7d, 0x7d, 0x7d, 0x01, 0x7d], // type: (f32, f32, f32) -> f32
  [0x03, 0x02, 0x01, 0x00], // function 0 has type 0
  [0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00], // export it as "f"
  [0x0a, 0x16, 0x01, 0x14, 0x00], // one body
  [0x20, 0x00, 0xfd, 0x13, 0x20, 0x01, 0xfd, 0x13, 0x20, 0x02, 0xfd, 0x13], // three splats
  [0xfd, 0x85, 0x02, 0xfd, 0x1f, 0x00, 0x0b], // relaxed_madd, extract_lane 0, end
].flat());

/** Whether modules can be compiled here: policies of pages and edge runtimes forbid it. */
export function probeCompilation(): boolean {
  try {
    return new WebAssembly.Module(new Uint8Array(header)) !== undefined;
  } catch {
    return false;
  }
}

/** Whether 128-bit SIMD is there. */
export function probeSimd(): boolean {
  return WebAssembly.validate(simdProbe);
}

/** Whether relaxed SIMD is there and worth using: without fusing, it is slower than plain SIMD. */
export function probeRelaxedSimd(): RelaxedSimd {
  if (!WebAssembly.validate(relaxedProbe)) return "absent";
  let madd: (a: number, b: number, c: number) => number;
  try {
    madd = new WebAssembly.Instance(new WebAssembly.Module(relaxedProbe)).exports.f as typeof madd;
  } catch {
    // Run-time compilation is forbidden: only V8's workerd does so, and V8 fuses wherever the processor can.
    return "fused";
  }
  // (1 + u)^2 - 1 = 2u + u^2 with u = 2^-12: rounding the product first loses u^2.
  const u = 2 ** -12;
  return madd(1 + u, 1 + u, -1) === 2 * u + u * u ? "fused" : "unfused";
}

/** Whether a shared memory can be made: the kernels import one. */
export function probeSharedMemory(): boolean {
  try {
    const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    // By its tag: a page that is not isolated can make such a memory, but does not name its class.
    return Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]";
  } catch {
    return false;
  }
}
