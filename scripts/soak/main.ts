/**
 * `deno task soak [limits | starts | requests | flagship] [options]`: what takes minutes to show. `limits`, the default, asks every
 * solver to stop; `starts` makes workers fail to start under load; `requests` sends the service many of them,
 * and `flagship` a large layer.
 */

const [first = "", ...rest] = Deno.args;
const kinds = {
  limits: (args: string[]) => import("./limits.ts").then(({ limits }) => limits(args)),
  starts: (args: string[]) => import("./starts.ts").then(({ starts }) => starts(args)),
  requests: (args: string[]) => import("./requests.ts").then(({ requests }) => requests(args)),
  flagship: (args: string[]) => import("./flagship.ts").then(({ flagship }) => flagship(args)),
} as const;

const kind = first in kinds ? first as keyof typeof kinds : "limits";
Deno.exit(await kinds[kind](kind === first ? rest : Deno.args) ? 0 : 1);
