/** The tests' side in a page: `runFile` runs one bundled test file. */

import { runTests } from "./node_test.ts";

Object.assign(globalThis, { runFile: (url: string) => runTests(() => import(url)) });
