import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countWork } from "../support/counted_work.ts";
import { subjects } from "../support/subjects.ts";

/** Checkpoints of a call that are looked at: loading, searches and the first nodes. */
const mostCheckpoints = 30;

/** Blocks of JavaScript, and multiply-adds of kernels, between two checkpoints, where a subject promises no less. */
const usualBlocks = 1e8, usualOperations = 1e9;

describe("between two checkpoints", () => {
  for (const [solver, subject] of Object.entries(subjects)) {
    const { stops, mostBlocks = usualBlocks, mostOperations = usualOperations } = subject;
    it(`${solver} does a bounded amount of work, whatever there is to do`, async () => {
      for (const { name, sizes, prepare } of stops) {
        const [rows, columns] = sizes[Math.min(1, sizes.length - 1)], what = `${name}, ${rows} x ${columns}`;
        const { blocks, operations, checkpoints, ...at } = await countWork(prepare(rows, columns), mostCheckpoints);
        assert.ok(checkpoints > 2 && blocks > 1e3, `${what}: ${checkpoints} checkpoints, ${blocks} blocks`);
        assert.ok(blocks <= mostBlocks, `${what}: ${blocks} blocks of JavaScript from ${at.blocksAt}`);
        assert.ok(operations <= mostOperations, `${what}: ${operations} operations of kernels from ${at.operationsAt}`);
      }
    });
  }
});
