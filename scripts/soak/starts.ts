/**
 * `deno task soak starts [ANSWERS]`: solves on threads of which one in five does not start, until there are as many right
 * answers as asked for (1000), on Deno, Node and Bun. None may be wrong.
 */

import type { Outcomes } from "../../tests/support/failed_starts.ts";
import { execute } from "../test/runner.ts";
import { findProgram, processRuntimes } from "./programs.ts";

/** Whether no answer is wrong, on any runtime. */
export async function starts([answers = "1000"]: readonly string[]): Promise<boolean> {
  const wanted = Number(answers);
  let good = true;
  console.log(`runtime  right  wrong  refused  starts that failed  workers left`);
  for (const runtime of processRuntimes) {
    const program = await findProgram(runtime, "scripts/soak/failing_starts.ts");
    const total = { right: 0, wrong: 0, refused: 0, failedStarts: 0, left: 0 };
    while (total.right + total.wrong < wanted && good) {
      const { success, output } = await execute(program.command, [...program.args, "50"]);
      const line = output.trim().split("\n").findLast((text) => text.startsWith("{"));
      if (!success || !line) {
        console.error(`${runtime} ended with an error:\n${output}`);
        return false;
      }
      const found = JSON.parse(line) as Outcomes;
      for (const name of Object.keys(total) as (keyof Outcomes)[]) total[name] += found[name];
      good &&= found.wrong === 0 && found.left === 0;
    }
    const { right, wrong, refused, failedStarts, left } = total;
    console.log(
      `${runtime.padEnd(7)} ${[right, wrong, refused, failedStarts, left].map((n) => String(n).padStart(6)).join(" ")}`,
    );
  }
  return good;
}
