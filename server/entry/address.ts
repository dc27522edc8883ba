import process from "node:process";
import type { Address } from "./listen.ts";

/**
 * Where the environment says to listen: `HOST`, or this machine alone, and `PORT`, or 8000.
 *
 * @throws {RangeError} for a port that is none
 */
export function addressFromEnvironment(): Address {
  const { HOST: host = "127.0.0.1", PORT } = process.env;
  const port = PORT === undefined || PORT === "" ? 8000 : Number(PORT);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return { host, port };
  throw new RangeError(`Cannot use PORT: expected a whole number from 0 to 65535, received ${PORT}.`);
}

/** Calls `end` at the first signal to end, and exits when it has; at the second, at once. */
export function endBySignal(end: () => Promise<void>): void {
  let asked = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (asked) process.exit(1);
      asked = true;
      end().then(() => process.exit(0), () => process.exit(1));
    });
  }
}
