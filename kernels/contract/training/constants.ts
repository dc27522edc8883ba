// Codes and layouts of the training family: read by the AssemblyScript kernels, their reference, their lowerings and the
// solvers alike.

/** Kinds of layers: a product with every input, with patches of 3 x 3 pixels, and the means of 2 x 2 pixels. */
export const DENSE = 0;
export const CONVOLUTION = 1;
export const POOLING = 2;

/** What is applied to the outputs of a layer. */
export const IDENTITY = 0;
export const TANH = 1;
export const RELU = 2;

/** Losses of a sample: cross-entropy of the softmax, of the logistic function, and half the squared error. */
export const SOFTMAX = 0;
export const LOGISTIC = 1;
export const SQUARED = 2;

/** Words of i32 of a layer. */
export const LAYER_KIND = 0;
export const LAYER_ACTIVATION = 1;
/** Pixels of its inputs: their rows and columns; 1 and 1 for dense layers. */
export const LAYER_HEIGHT = 2;
export const LAYER_WIDTH = 3;
/** Channels of its inputs and outputs, features of dense layers. */
export const LAYER_INPUTS = 4;
export const LAYER_OUTPUTS = 5;
/** Where its weights and biases begin among the parameters. */
export const LAYER_WEIGHTS = 6;
export const LAYER_BIASES = 7;
/** Elements of its inputs and outputs for a sample, and of all activations of a sample that come before them. */
export const LAYER_INPUT_SIZE = 8;
export const LAYER_INPUT_AT = 9;
export const LAYER_OUTPUT_SIZE = 10;
export const LAYER_OUTPUT_AT = 11;
export const LAYER_WORDS = 12;

/** Pixels of a patch. */
export const PATCH = 9;

/** Over which entries of a gradient its norm is taken: all, those of each segment; or the gradient is not scaled. */
export const GLOBAL = 0;
export const PER_SEGMENT = 1;
export const UNSCALED = 2;
