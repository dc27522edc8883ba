/** Every solver the service offers. */

import type { LazyRoute } from "../route.ts";

/** The routes, in the order of the documentation. */
export const routes: readonly LazyRoute[] = [
  {
    path: "/v1/quantize-layer",
    load: async () => (await import("./quantize_layer.ts")).quantizeLayerRoute,
  },
  {
    path: "/v1/sparse-regression",
    load: async () => (await import("./sparse_regression.ts")).sparseRegressionRoute,
  },
  {
    path: "/v1/sparse-multi-task",
    load: async () => (await import("./sparse_multi_task.ts")).sparseMultiTaskRoute,
  },
  {
    path: "/v1/sparse-precision",
    load: async () => (await import("./sparse_precision.ts")).sparsePrecisionRoute,
  },
  {
    path: "/v1/archetypal-nmf",
    load: async () => (await import("./archetypal_nmf.ts")).archetypalNmfRoute,
  },
  {
    path: "/v1/nmf",
    load: async () => (await import("./nmf.ts")).nmfRoute,
  },
  {
    path: "/v1/complete-matrix",
    load: async () => (await import("./complete_matrix.ts")).completeMatrixRoute,
  },
  {
    path: "/v1/complete-quantized",
    load: async () => (await import("./complete_quantized.ts")).completeQuantizedRoute,
  },
  {
    path: "/v1/complete-violations",
    load: async () => (await import("./complete_violations.ts")).completeViolationsRoute,
  },
  {
    path: "/v1/transduce",
    load: async () => (await import("./transduce.ts")).transduceRoute,
  },
  {
    path: "/v1/sam-regression",
    load: async () => (await import("./sam_regression.ts")).samRegressionRoute,
  },
  {
    path: "/v1/sam-kernel-regression",
    load: async () => (await import("./sam_kernel_regression.ts")).samKernelRegressionRoute,
  },
  {
    path: "/v1/train-classifier",
    load: async () => (await import("./train_classifier.ts")).trainClassifierRoute,
  },
];
