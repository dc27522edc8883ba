/** Where the compiled kernels come from. */

/** The two builds of the kernels, compiled. */
export interface KernelModules {
  /** Plain 128-bit SIMD: the same bits in every engine. */
  readonly simd: WebAssembly.Module;
  /** With fused multiply-add. */
  readonly relaxed?: WebAssembly.Module;
}

let given: KernelModules | undefined;

/** Uses modules that the host compiled, where run-time compilation is forbidden. */
export function provideModules(modules: KernelModules): void {
  given = modules;
}

/** One build of the kernels: as given by the host, else from the bytes that travel with the library. */
export async function loadModule(build: "simd" | "relaxed"): Promise<WebAssembly.Module> {
  const provided = given?.[build] ?? given?.simd;
  if (provided) return provided;
  const { compressed } = build === "simd" ? await import("../dist/simd.ts") : await import("../dist/relaxed.ts");
  return await WebAssembly.compile(await inflate(decodeBase64(compressed)));
}

/** Whether the host gave modules, and which builds. */
export function providedBuilds(): { simd: boolean; relaxed: boolean } | undefined {
  return given && { simd: true, relaxed: given.relaxed !== undefined };
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** What was compressed in the zlib format. */
async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return await new Response(stream).arrayBuffer();
}
