/** The files that contents are read from, as the page offers them. */

/** For `readTable`. */
export const tableFiles = {
  about: "A table: .csv with names in its first line, .arff or .npy",
  accept: ".csv,.tsv,.txt,.data,.arff,.npy",
} as const;

/** For `readTensors`. */
export const tensorFiles = { about: "A .safetensors file", accept: ".safetensors" } as const;
