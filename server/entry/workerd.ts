import { modules } from "../../kernels/dist/modules.js";
import { init } from "../../solvers/core/mod.ts";
import { type App, createService } from "../app.ts";
import { routes } from "../routes/mod.ts";

await init({ modules });
// Without the page: its assets are as large as all else together, and Cloudflare serves such files by itself.
const app: App = createService({ routes });
export default app;
