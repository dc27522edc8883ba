/** Runs tests on the page, in every browser that is found, and answers for its policy. */

import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { serve, type ServerType } from "@hono/node-server";
import { findChromium, findFirefox, type OpenPage, type Page } from "../../scripts/test/browsers.ts";
import { createApp } from "../../server/mod.ts";
import { allRequired } from "../support/required.ts";

/** A panel in a browser. */
export interface PanelPage {
  evaluate<T>(expression: string): Promise<T>;
  /** Sets an option or a field of an example, as a user would. */
  set(name: string, value: number | string | boolean): Promise<void>;
  /** Waits for an expression in the page to hold; fails with what the page says where it does not. */
  until(expression: string): Promise<void>;
  /** Presses a button of the panel, by its class. */
  click(name: string): Promise<void>;
  /** Waits for the data to be read, solves, and waits for the end. */
  solve(): Promise<void>;
  /** Gives a file; `content` is text, or numbers of bytes. */
  upload(name: string, content: FileContent): Promise<void>;
  /** Gives several files together. */
  uploadAll(files: Readonly<Record<string, FileContent>>): Promise<void>;
  /** Opens a page elsewhere, in another browser of the same kind. */
  open: OpenPage;
  /** Text of the first element that a selector finds. */
  text(selector: string): Promise<string>;
  /** Texts of all of them. */
  texts(selector: string): Promise<string[]>;
}

/** Text, or numbers of bytes. */
type FileContent = string | readonly number[];

/** Holds while no solve is running and every picture that has a place is drawn, which the layout after an answer does. */
export const idle = `!document.querySelector(".run").disabled &&
  [...document.querySelectorAll(".picture")].every((frame) => frame.clientWidth === 0 || frame.firstElementChild)`;
/** Holds as soon as the source has been looked into. */
export const opened = `document.querySelector(".roles")`;

/** Tests of one panel. */
export type PanelTests = (page: PanelPage) => void;

const browsers = [["Chromium", findChromium], ["Firefox", findFirefox]] as const;

/** Registers tests for every browser that is found; they share a page of it, which starting takes seconds. */
export async function inEachBrowser(what: string, tests: (page: () => Page, open: OpenPage) => void): Promise<void> {
  for (const [browser, find] of browsers) {
    const found = await find();
    const missing = typeof found === "string" ? found : undefined;
    if (missing !== undefined && allRequired()) throw new Error(`${browser} is missing: ${missing}`);

    describe(`${what} in ${browser}`, { skip: missing }, () => {
      let page: Page;
      before(async () => {
        if (typeof found !== "string") page = await found.open();
      });
      after(async () => await page?.close());
      tests(() => page, () => (found as Exclude<typeof found, string>).open());
    });
  }
}

/** Longest wait for what a page is to show: a panel's solve takes seconds, and many of them on a busy machine. */
const patienceMs = 120_000;

/** Tests of panels, by their names in the address: each begins with a page of its own. */
export function panelTests(
  browserPage: () => Page,
  open: OpenPage,
  panels: Readonly<Record<string, PanelTests>>,
): void {
  let server: ServerType, port: number;
  before(async () => {
    port = await new Promise<number>((resolve) => {
      server = serve({ fetch: createApp().fetch, port: 0, hostname: "127.0.0.1" }, (info: AddressInfo) => {
        resolve(info.port);
      });
    });
  });
  after(() => server?.close());

  const evaluate = <T>(expression: string) => browserPage().evaluate(expression) as Promise<T>;
  const until = async (expression: string) => {
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      if (await evaluate<boolean>(`Boolean(${expression})`)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`${expression} never came true; the page says: ${await evaluate("document.body.innerText")}`);
  };
  const click = async (name: string) => void await evaluate(`document.querySelector(".${name}").click()`);
  const texts = (selector: string) =>
    evaluate<string[]>(`[...document.querySelectorAll(${JSON.stringify(selector)})].map((part) => part.textContent)`);

  for (const [panel, tests] of Object.entries(panels)) {
    describe(`the panel ${panel}`, () => {
      before(async () => {
        // An address that differs in its fragment alone loads nothing.
        await browserPage().goto("about:blank");
        await browserPage().goto(`http://127.0.0.1:${port}/#${panel}`);
        await evaluate(`(globalThis.breaches = [], addEventListener("securitypolicyviolation", (event) =>
          breaches.push(event.violatedDirective + " " + event.blockedURI)), undefined)`);
        await until(`document.getElementById("panel-${panel}")`);
      });

      tests({
        evaluate,
        until,
        click,
        texts,
        text: async (selector) => (await texts(selector))[0] ?? "",
        async set(name, value) {
          await evaluate(`(() => {
            const field = document.querySelector('[name="${name}"]:not([type=radio])');
            if (field.type === "checkbox") field.checked = ${JSON.stringify(value)};
            else field.value = ${JSON.stringify(value)};
            for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
          })()`);
        },
        async solve() {
          await until(opened);
          await click("run");
          await until(idle);
        },
        open,
        upload: (name, content) => uploadAll({ [name]: content }),
        uploadAll,
      });

      async function uploadAll(given: Readonly<Record<string, FileContent>>): Promise<void> {
        const made = Object.entries(given).map(([name, content]) => {
          const part = JSON.stringify(content);
          return `new File([${typeof content === "string" ? part : `new Uint8Array(${part})`}], ${
            JSON.stringify(name)
          })`;
        });
        await evaluate(`(() => {
            const files = new DataTransfer();
            for (const file of [${made}]) files.items.add(file);
            document.querySelector("[type=radio][value=file]").click();
            const upload = document.querySelector("[name=upload]");
            upload.files = files.files;
            upload.dispatchEvent(new Event("change", { bubbles: true }));
          })()`);
      }

      it("has kept to the policy of the page", async () => {
        assert.deepEqual(await evaluate("breaches"), []);
      });
    });
  }
}
