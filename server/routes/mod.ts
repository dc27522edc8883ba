/** Every solver the service offers. */

import type { Route } from "../route.ts";
import { quantizeLayerRoute } from "./quantize_layer.ts";
import { sparsePrecisionRoute } from "./sparse_precision.ts";
import { sparseRegressionRoute } from "./sparse_regression.ts";

/** The routes, in the order of the documentation. */
export const routes: readonly Route[] = [quantizeLayerRoute, sparseRegressionRoute, sparsePrecisionRoute];
