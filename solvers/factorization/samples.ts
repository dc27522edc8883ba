import type { Workspace } from "../../kernels/engine/mod.ts";
import { isSparse, type Samples } from "./data.ts";
import { denseProducts } from "./dense_products.ts";
import type { Products } from "./products.ts";
import { sparseProducts } from "./sparse_products.ts";

/** Products with the samples, divided by `scale`. */
export function productsOf(workspace: Workspace, X: Samples, scale: number): Products {
  return isSparse(X) ? sparseProducts(workspace, X, scale) : denseProducts(workspace, X, scale);
}
