import { linkCodes } from "../../contract/completion/link.ts";
import type { HostArray } from "../../contract.ts";
import { addressOf, grainFor, type Lowering } from "../launch.ts";

/** Multiply-adds that an entry is worth: some exponentials and a logarithm. */
const entryWork = 100;

/** Lowering of {@linkcode Kernels.binTerms}: entries split. */
export const binTerms: Lowering<"binTerms"> = (
  { link, bins, levels, weights, latent, losses, gradients, curvatures },
) => [{
  entry: "binTerms_f64",
  parameters: [
    linkCodes[link],
    addressOf(bins),
    (levels as HostArray).address,
    weights ? addressOf(weights) : 0,
    addressOf(latent),
    addressOf(losses),
    addressOf(gradients),
    addressOf(curvatures),
  ],
  extent: latent.length,
  grain: grainFor(entryWork),
}];

/** Lowering of {@linkcode Kernels.binProximal}: entries split. */
export const binProximal: Lowering<"binProximal"> = ({ link, bins, levels, weights, penalty, centers, points }) => [{
  entry: "binProximal_f64",
  parameters: [
    linkCodes[link],
    addressOf(bins),
    (levels as HostArray).address,
    weights ? addressOf(weights) : 0,
    penalty,
    addressOf(centers),
    addressOf(points),
  ],
  extent: centers.length,
  grain: grainFor(3 * entryWork),
}];
