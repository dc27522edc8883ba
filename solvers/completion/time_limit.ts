/** Thrown through the work of a solve whose time is up, and caught by it. */
export const timeIsUp = Symbol("time is up");

/** Does work that ends at the time limit at the latest. */
export async function withinTime(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error !== timeIsUp) throw error;
  }
}
