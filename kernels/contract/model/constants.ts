// Codes of the model family: read by the AssemblyScript kernels, their reference and their lowerings alike.

/** `x / (1 + exp(-x))`. */
export const SILU = 0;
/** `x Phi(x)` with the normal distribution function. */
export const GELU = 1;
/** `x / (1 + exp(-2u))`, `u = sqrt(2 / pi) (x + 0.044715 x^3)`: the approximation of GELU by tanh. */
export const GELU_TANH = 2;
/** `max(x, 0)`. */
export const RELU = 3;
