import { Problem } from "./problem.ts";

/** Places for requests that hold data and solve. */
export interface Slots {
  /**
   * Takes a place, and returns what gives it back; giving back twice does nothing.
   *
   * @throws {Problem} 503 when all are taken
   */
  take(): () => void;
}

/** A fixed number of places, without a queue: a client that may try again later is better off than one that hangs. */
export function createSlots(count: number): Slots {
  let taken = 0;
  return {
    take() {
      if (taken >= count) {
        throw new Problem(503, `All ${count} solves that may run at once are running; try again.`, {
          headers: { "retry-after": "1" },
        });
      }
      taken++;
      let held = true;
      return () => {
        if (held) taken--;
        held = false;
      };
    },
  };
}
