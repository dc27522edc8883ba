import { Problem } from "./problem.ts";

/** Deepest nesting of what requests hold, with room. */
const mostDepth = 16;
/** Objects of a request: tasks, matrices, options. */
const mostObjects = 20_000;

/**
 * Looks at JSON before it is parsed: what is nested without end, or holds objects without number, costs a parser memory
 * out of proportion to its bytes.
 *
 * @throws {Problem} 400
 */
export function checkJsonText(bytes: Uint8Array, what: string): void {
  let depth = 0, objects = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === 0x22) {
      at = endOfString(bytes, at);
    } else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > mostDepth) throw new Problem(400, `The ${what} is nested deeper than ${mostDepth} levels.`);
      if (byte === 0x7b && ++objects > mostObjects) {
        throw new Problem(400, `The ${what} has more than ${mostObjects} objects.`);
      }
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--;
    }
  }
}

/** Position of the quote that ends a string. */
function endOfString(bytes: Uint8Array, start: number): number {
  let end = bytes.indexOf(0x22, start + 1);
  while (end >= 0) {
    let backslashes = 0;
    while (bytes[end - 1 - backslashes] === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
    end = bytes.indexOf(0x22, end + 1);
  }
  return bytes.length;
}
