/** Chromium and Firefox, headless; a page that is isolated, so that threads and shared memory are there. */

import process from "node:process";
import { chromium as playwright } from "playwright-core";
import puppeteer from "puppeteer-core";
import { bundleProgram, type ProgramSettings } from "./bundle.ts";
import type { Runtime } from "./runtimes.ts";

/** Runs an expression in a page of a fresh browser. */
type Evaluate = (url: string, expression: string) => Promise<unknown>;

/** Chromium at `CHROMIUM` or `/usr/bin/chromium`; or, in words, why it is not there. */
export async function chromium(): Promise<Runtime | string> {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!await exists(executablePath)) return `Chromium: there is no ${executablePath}.`;
  const launch = () => playwright.launch({ executablePath, args: ["--no-sandbox"] });
  const probe = await launch();
  const name = `Chromium ${probe.version().split(".")[0]}`;
  await probe.close();
  return browserRuntime(name, inPageOf(launch));
}

/** Firefox at `FIREFOX` or `/usr/bin/firefox-esr`; or, in words, why it is not there. */
export async function firefox(): Promise<Runtime | string> {
  const executablePath = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
  if (!await exists(executablePath)) return `Firefox: there is no ${executablePath}.`;
  const launch = () =>
    puppeteer.launch({ browser: "firefox", executablePath, headless: true, protocolTimeout: 600_000 });
  const probe = await launch();
  const name = `Firefox ${/\d+/.exec(await probe.version())?.[0]}`;
  await probe.close();
  return browserRuntime(name, inPageOf(launch));
}

/** What both drivers have of a browser. */
interface Browser {
  newPage(): Promise<{ goto(url: string): Promise<unknown>; evaluate(expression: string): Promise<unknown> }>;
  close(): Promise<void>;
}

/** Evaluates in a page of a browser that is started for it. */
function inPageOf(launch: () => Promise<Browser>): Evaluate {
  return async (url, expression) => {
    const browser = await launch();
    try {
      const page = await browser.newPage();
      await page.goto(url);
      return await page.evaluate(expression);
    } finally {
      await browser.close();
    }
  };
}

function browserRuntime(name: string, evaluate: Evaluate): Runtime {
  return {
    name,
    async run<Answer>(program: string, settings: ProgramSettings) {
      const { code } = await bundleProgram(program, { settings, ending: "export { start };" });
      const headers = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
      const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
        const text = code.get(new URL(request.url).pathname.slice(1));
        return text === undefined
          ? new Response("<!doctype html><title>Bench</title>", {
            headers: { ...headers, "content-type": "text/html" },
          })
          : new Response(text, { headers: { ...headers, "content-type": "text/javascript" } });
      });
      try {
        const url = `http://127.0.0.1:${server.addr.port}/`;
        return await evaluate(url, `import("/program.js").then(({ start }) => start())`) as Answer;
      } finally {
        await server.shutdown();
      }
    },
  };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
