import { memoryUsage } from "../solvers/core/mod.ts";
import type { Solver } from "./job.ts";
import { loadRoute, type ServiceRoute } from "./route.ts";
import { runJob } from "./run_job.ts";

/** Solves on the thread that listens: where there are no workers, and routes are not known to a module of their own. */
export function createInlineSolver(
  routes: readonly ServiceRoute[],
  onFailure: (error: unknown) => void,
): Solver {
  return {
    async solve(job, hold) {
      return await runJob(await loadRoute(routes.find(({ path }) => path === job.path)!), job, hold, onFailure);
    },
    usage: () => ({
      workers: 0,
      ended: { idle: 0, lost: 0, late: 0, left: 0, closed: 0 },
      memoryBytes: memoryUsage().reserved,
    }),
    close() {},
  };
}
