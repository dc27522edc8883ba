/** The program that `starts` runs in every runtime; its one argument is the number of rounds. */

import process from "node:process";
import { askWhileStartsFail } from "../../tests/support/failed_starts.ts";

console.log(JSON.stringify(await askWhileStartsFail(Number(process.argv[2]))));
