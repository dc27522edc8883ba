/** The service as a process: what it does when it is the first of a machine, and what is left when its parents end. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findCommand } from "../../scripts/test/runner.ts";

const root = new URL("../..", import.meta.url).pathname;
const entry = ["run", "--quiet", "--allow-net", "--allow-env", "--allow-read", "--allow-sys", "server/entry/deno.ts"];

/** Starts a command, waits for the address that it prints, and has what it says. */
async function started(command: string, args: readonly string[]) {
  const child = new Deno.Command(command, {
    args: [...args],
    cwd: root,
    env: { PORT: "0", HOST: "127.0.0.1" },
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "", address: string | undefined;
  while (address === undefined) {
    const { value, done } = await reader.read();
    assert.ok(!done, `no address: ${said}`);
    address = /http:\S+/.exec(said += value)?.[0];
  }
  await reader.cancel();
  return { child, address };
}

/** Whether the service at an address answers. */
const answers = (address: string) =>
  fetch(new URL("healthz", address), { headers: { connection: "close" } }).then((response) =>
    response.json().then(() => true)
  )
    .catch(() => false);

async function gone(address: string): Promise<boolean> {
  for (let turn = 0; turn < 100; turn++) {
    if (!await answers(address)) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/** Whether this system lets a process be the first of its own. */
async function canUnshare(): Promise<boolean> {
  if (!await findCommand("unshare")) return false;
  const { success } = await new Deno.Command("unshare", { args: ["-r", "--pid", "--fork", "true"], stderr: "null" })
    .output();
  return success;
}

describe("the service as a process", () => {
  it("ends well at SIGTERM where it is process 1", async (context) => {
    if (!await canUnshare()) return context.skip("unshare --pid is not allowed here");
    const { child, address } = await started("unshare", ["-r", "--pid", "--fork", Deno.execPath(), ...entry]);
    try {
      assert.ok(await answers(address));
      const [inner] = (await Deno.readTextFile(`/proc/${child.pid}/task/${child.pid}/children`)).trim().split(" ");
      const status = await Deno.readTextFile(`/proc/${inner}/status`);
      assert.match(status, /^NSpid:\s+\d+\s+1$/m);
      Deno.kill(Number(inner), "SIGTERM");
      assert.ok(await gone(address), "the service is still there");
      assert.equal((await child.status).code, 0);
    } finally {
      stop(child);
    }
  });

  it("does not stay behind when what npm starts it by ends", async () => {
    // npm has a shell run the script; the shell ends at a signal, and passes none on.
    const { child, address } = await started("sh", ["-c", "node scripts/serve.mjs; exit $?"]);
    try {
      assert.ok(await answers(address));
      child.kill("SIGKILL");
      await child.status;
      assert.ok(await gone(address), "the service is still there");
    } finally {
      stop(child);
    }
  });
});

function stop(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
}
