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
    close() {},
  };
}
