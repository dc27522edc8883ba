/** The files that contents are read from, as the page offers them. */

import { tableReading } from "./reading.ts";

/** For `readTable`. */
export const tableFiles = {
  about: "A table: .csv with names in its first line, .arff or .npy",
  accept: ".csv,.tsv,.txt,.data,.arff,.npy",
  reading: tableReading,
};

/** The same where blanks are what is asked for. */
export const tableWithBlanks = {
  ...tableFiles,
  reading: { ...tableReading, shown: tableReading.shown.filter((name) => name !== "missing"), without: ["missing"] },
};

/** For `readTensors`. */
export const tensorFiles = { about: "A .safetensors file", accept: ".safetensors" } as const;
