/** Chromium through Playwright and Firefox through WebDriver BiDi, both headless, on a server of static files. */

import { chromium } from "playwright-core";
import puppeteer from "puppeteer-core";
import { bundleForPages } from "./bundle.ts";
import type { TestOutcome } from "./report.ts";
import { failure, findCommand, logOf, type Run, runLimitMs, type Runtime } from "./runner.ts";
import { serveFiles } from "./static_server.ts";

const harness = "scripts/test/portable/page.ts";

/** A page of either driver. */
export interface Page {
  goto(url: string): Promise<unknown>;
  /** Evaluates an expression in the page; its value must survive JSON. */
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Opens a page in a browser of its own. */
export type OpenPage = () => Promise<Page>;

/** Chromium from the path. */
export async function findChromium(): Promise<{ version: string; open: OpenPage } | string> {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const found = await findCommand(...names);
  if (!found) return `none of ${names.join(", ")} on the path`;
  return {
    version: found.version,
    async open() {
      const browser = await chromium.launch({
        executablePath: found.command,
        args: ["--no-sandbox", "--enable-unsafe-webgpu"],
      });
      const page = await browser.newPage();
      return {
        goto: (url) => page.goto(url),
        evaluate: (expression) => page.evaluate(expression),
        close: () => browser.close(),
      };
    },
  };
}

/** Firefox from the path; Playwright would want its own build of it. */
export async function findFirefox(): Promise<{ version: string; open: OpenPage } | string> {
  const names = ["firefox-esr", "firefox"];
  const found = await findCommand(...names);
  if (!found) return `none of ${names.join(", ")} on the path`;
  return {
    version: found.version,
    async open() {
      const browser = await puppeteer.launch({
        browser: "firefox",
        executablePath: found.command,
        protocolTimeout: runLimitMs,
        // WebGPU is still an experiment there, and software adapters are on its blocklist.
        extraPrefsFirefox: { "dom.webgpu.enabled": true, "gfx.webgpu.ignore-blocklist": true },
      });
      const page = await browser.newPage();
      return {
        goto: (url) => page.goto(url),
        evaluate: (expression) => page.evaluate(expression),
        close: () => browser.close(),
      };
    },
  };
}

/** The tests in one page of a browser; `name` is that of a folder for them alone. */
export function inPage(
  name: string,
  { version, open }: { version: string; open: OpenPage },
  isolated: boolean,
): Runtime {
  return {
    version,
    async run(files): Promise<Run> {
      const { directory, outputs } = await bundleForPages(name, harness, files);
      await Deno.writeTextFile(
        `${directory}/index.html`,
        `<!doctype html><meta charset="utf-8"><script type="module" src="/${outputs.get(harness)}"></script>`,
      );
      await using server = serveFiles(directory, isolated);
      const page = await open();
      const outcomes: TestOutcome[] = [];
      try {
        await page.goto(server.url);
        await page.evaluate(
          `globalThis.MINIMA_REQUIRE_ALL = ${JSON.stringify(Deno.env.get("MINIMA_REQUIRE_ALL") ?? "")}`,
        );
        for (const file of files) {
          try {
            outcomes.push(...await page.evaluate(`runFile("/${outputs.get(file)}")`) as TestOutcome[]);
          } catch (error) {
            outcomes.push(failure(file, String(error)));
          }
        }
        outcomes.push(isolationOutcome(await page.evaluate("crossOriginIsolated"), isolated));
      } finally {
        await page.close();
      }
      return { outcomes, log: logOf(outcomes) };
    },
  };
}

function isolationOutcome(found: unknown, expected: boolean): TestOutcome {
  const name = `the page is ${expected ? "" : "not "}cross-origin isolated`;
  return {
    name,
    status: found === expected ? "passed" : "failed",
    seconds: 0,
    detail: `crossOriginIsolated: ${found}`,
  };
}
