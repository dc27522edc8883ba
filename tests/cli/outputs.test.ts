import assert from "node:assert/strict";
import { chmod, link, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { commands } from "../../cli/commands/mod.ts";
import { checkOutputs, writeWhole } from "../../cli/outputs.ts";
import { minima, temporaryFolder } from "./minima.ts";

const folder = await temporaryFolder();
const path = (name: string) => join(folder, name);
const content = "a,b\n1,2\n2,5\n3,1\n4,4\n";
await writeFile(path("data.csv"), content);
const check = (out: string, force = true) => checkOutputs([path("data.csv")], [{ flag: "out", path: out }], force);

describe("files that a command writes", () => {
  it("are never its inputs, whatever their path", async () => {
    await mkdir(path("inner"));
    await symlink(path("data.csv"), path("linked.csv"));
    await symlink(path("linked.csv"), path("twice.csv"));
    await link(path("data.csv"), path("hard.csv"));
    await symlink(folder, path("folder"));
    const spellings = [
      "data.csv",
      "./data.csv",
      "inner/../data.csv",
      "linked.csv",
      "twice.csv",
      "hard.csv",
      "folder/data.csv",
    ];
    for (const name of spellings) {
      await assert.rejects(check(`${folder}/${name}`), { name: "UsageError", message: /--out would overwrite/ }, name);
    }
    assert.equal(await readFile(path("data.csv"), "utf8"), content);
  });

  it("are not each other", async () => {
    const outputs = [{ flag: "out", path: path("new.csv") }, { flag: "picture", path: `${folder}/inner/../new.csv` }];
    await assert.rejects(
      checkOutputs([], outputs, true),
      /--picture would overwrite .*, by another name .*new\.csv: it is/,
    );
  });

  it("are there already only with --force", async () => {
    await writeFile(path("there.csv"), "old");
    await assert.rejects(check(path("there.csv"), false), {
      name: "FileError",
      message: /there already; --force overwrites it/,
    });
    await check(path("there.csv"));
    await check(path("fresh.csv"), false);
  });

  it("need a folder that is there, and are none", async () => {
    await assert.rejects(check(path("absent/out.csv")), /Cannot open .*absent: no such file or folder/);
    await assert.rejects(check(path("inner")), /it is a folder/);
    await assert.rejects(check("-"), /--out needs a file/);
  });

  it("are written whole, keep their mode, and leave links links", async () => {
    await writeFile(path("kept.csv"), "old");
    await chmod(path("kept.csv"), 0o640);
    await symlink(path("kept.csv"), path("to_kept.csv"));
    await writeWhole(path("to_kept.csv"), "new", { force: true });
    assert.equal(await readFile(path("kept.csv"), "utf8"), "new");
    assert.ok((await lstat(path("to_kept.csv"))).isSymbolicLink());
    if (process.platform !== "win32") assert.equal((await stat(path("kept.csv"))).mode & 0o777, 0o640);
    assert.ok(!(await readdir(folder)).some((name) => name.endsWith(".partial")));
  });

  it("do not replace what came to be there meanwhile", async () => {
    await writeFile(path("late.csv"), "of another");
    await assert.rejects(writeWhole(path("late.csv"), "mine"), /there already/);
    assert.equal(await readFile(path("late.csv"), "utf8"), "of another");
    assert.ok(!(await readdir(folder)).some((name) => name.endsWith(".partial")));
  });

  it("may be devices", { skip: process.platform === "win32" }, async () => {
    await check("/dev/null", false);
    await writeWhole("/dev/null", "gone");
    assert.ok((await stat("/dev/null")).isCharacterDevice());
  });

  it("are declared as such by every command", () => {
    const undeclared = commands.flatMap(({ name, options }) =>
      Object.entries(options)
        .filter(([flag, { kind, about, ...rest }]) =>
          kind !== "output" && !("value" in rest && rest.value === "FOLDER") &&
          (/^(?:out|save|picture)/.test(flag) || /^(?:where to )?(?:write|draw) /.test(about))
        )
        .map(([flag]) => `${name} --${flag}`)
    );
    assert.deepEqual(undeclared, []);
  });
});

describe("minima", () => {
  it("overwrites no input, and what is there only with --force", async () => {
    const fit = ["regress", path("data.csv"), "--target", "b", "--lambda0", "1"];
    const own = await minima([...fit, "--out", path("data.csv"), "--force"]);
    assert.equal(own.code, 2);
    assert.match(own.stderr, /--out would overwrite .*data\.csv: it is an input/);
    const out = path("coefficients.csv");
    assert.equal((await minima([...fit, "--out", out])).code, 0);
    const before = await stat(out);
    const again = await minima([...fit, "--out", out]);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /coefficients\.csv: it is there already; --force overwrites it/);
    assert.equal((await stat(out)).mtimeMs, before.mtimeMs);
    assert.equal((await minima([...fit, "--out", out, "--force"])).code, 0);
    assert.equal(await readFile(path("data.csv"), "utf8"), content);
  });

  it("takes no flag for a value, and no flag twice", async () => {
    const forgotten = await minima(["regress", path("data.csv"), "--target", "--json"]);
    assert.equal(forgotten.code, 2);
    assert.match(forgotten.stderr, /Option --target needs a value, but --json follows/);
    const twice = await minima(["regress", path("data.csv"), "--target", "a", "--target", "b"]);
    assert.match(twice.stderr, /Option --target is given twice, as a and b/);
  });
});
