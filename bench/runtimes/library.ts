/** The whole public library and the interface to its kernels, to be imported when a program says so. */

export * from "../../mod.ts";
export { openWorkspace } from "../../kernels/engine/mod.ts";
export { denseFamily } from "../../kernels/families/dense.ts";
