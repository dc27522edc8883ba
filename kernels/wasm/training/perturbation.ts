import type { HostArray } from "../../contract.ts";
import { addressOf, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.perturb}: rows split. */
export const perturb: Lowering<"perturb"> = (
  { parameters, gradients, perturbed, norms, segments, norm, rho, epsilon, eta, scaled, offsets, share = 1 },
) => [{
  entry: `perturb_${gradients.array.dtype}`,
  parameters: [
    addressOf(parameters),
    addressOf(gradients),
    strideOf(gradients),
    addressOf(perturbed),
    strideOf(perturbed),
    offsets ? addressOf(offsets) : 0,
    offsets ? strideOf(offsets) : 0,
    addressOf(norms),
    (segments as HostArray).address,
    segments.length - 1,
    norm,
    rho,
    epsilon,
    eta ?? -1,
    scaled ? (scaled as HostArray).address : 0,
    share,
  ],
  extent: gradients.rows,
  grain: grainFor(4 * gradients.columns),
}];
