/** Data to train on, made here: images of 32 x 32, and characters of this project's documents. */

import { createRandom, type Matrix, matrix } from "../../mod.ts";

/** Samples with labels, to train on and to test with. */
export interface Split {
  readonly training: { readonly X: Matrix; readonly labels: Uint32Array };
  readonly test: { readonly X: Matrix; readonly labels: Uint32Array };
}

const side = 32;

/**
 * Gratings of ten directions under a window somewhere in the image, of any phase and contrast, with noise: what tells them
 * apart is local and may be anywhere, as convolutions want it. A share of the labels to train on is wrong.
 */
export function gratings(counts: readonly [training: number, test: number], wrong: number, seed: number): Split {
  const random = createRandom(seed);
  const some = (count: number, wrong: number) => {
    const X = matrix(count, side * side, new Float32Array(count * side * side)), labels = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const kind = random.integer(10), angle = Math.PI * kind / 10, phase = 2 * Math.PI * random.uniform();
      const middle = [10 + 12 * random.uniform(), 10 + 12 * random.uniform()], contrast = 0.5 + random.uniform();
      for (let v = 0; v < side; v++) {
        for (let u = 0; u < side; u++) {
          const along = u * Math.cos(angle) + v * Math.sin(angle);
          const window = Math.exp(-((u - middle[0]) ** 2 + (v - middle[1]) ** 2) / 72);
          X.data[(i * side + v) * side + u] = contrast * window * Math.sin(1.1 * along + phase) + 0.4 * random.normal();
        }
      }
      labels[i] = random.uniform() < wrong ? (kind + 1 + random.integer(9)) % 10 : kind;
    }
    return { X, labels };
  };
  return { training: some(counts[0], wrong), test: some(counts[1], 0) };
}

/** Characters that are told apart; others are the last of them. */
const alphabet = "abcdefghijklmnopqrstuvwxyz .,`-\n";

/** The next character of a text after some others, each of these one of 33 inputs: places at random, apart from those of the test. */
export function characters(
  text: string,
  counts: readonly [training: number, test: number],
  before: number,
  seed: number,
): Split {
  const random = createRandom(seed), width = alphabet.length + 1;
  const codes = Uint32Array.from(text.toLowerCase(), (letter) => {
    const code = alphabet.indexOf(letter);
    return code < 0 ? alphabet.length : code;
  });
  // The last quarter of the text is for the test.
  const border = Math.floor(0.75 * codes.length);
  const some = (count: number, from: number, to: number) => {
    const X = matrix(count, before * width, new Float32Array(count * before * width)), labels = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const place = from + before + random.integer(to - from - before);
      for (let k = 0; k < before; k++) X.data[i * before * width + k * width + codes[place - before + k]] = 1;
      labels[i] = codes[place];
    }
    return { X, labels };
  };
  return { training: some(counts[0], 0, border), test: some(counts[1], border, codes.length) };
}
