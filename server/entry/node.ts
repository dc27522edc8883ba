import { serve } from "@hono/node-server";
import process from "node:process";
import { createApp } from "../mod.ts";

const port = Number(process.env.PORT ?? 8000);
serve({ fetch: createApp().fetch, port }, () => console.log(`Minima is at http://localhost:${port}/`));
