import { init } from "../../mod.ts";
import { modules } from "../../kernels/dist/modules.js";
import { type App, createApp } from "../mod.ts";

await init({ modules });
const app: App = createApp();
export default app;
