import { describe, it } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Arena, arenaBase, createArena, elementBytes } from "../../kernels/engine/arena.ts";
import { MemoryLimitError } from "../../kernels/engine/mod.ts";
import type { Dtype, HostArray } from "../../kernels/contract.ts";

const page = 65536, limit = 8 * page;

function freshArena(): Arena {
  return createArena(new WebAssembly.Memory({ initial: 1, maximum: limit / page, shared: true }), limit);
}

function bytesOf({ dtype, length }: HostArray): number {
  return Math.ceil(Math.max(1, length * elementBytes[dtype]) / 64) * 64;
}

/**
 * What a caller may do: allocate so many elements, low or high, or free the array of this rank among those it holds.
 */
type Step = { readonly dtype: Dtype; readonly length: number; readonly high: boolean } | { readonly free: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    dtype: fc.constantFrom<Dtype>("f32", "f64", "u8", "u32", "i32"),
    length: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 12_000 })),
    high: fc.boolean(),
  }),
  fc.record({ free: fc.nat() }),
);

describe("arena", () => {
  it("hands out aligned, zeroed blocks that do not overlap, and keeps the count, whatever is asked", () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const arena = freshArena();
      const held: HostArray[] = [];
      let used = 0;
      for (const asked of steps) {
        if ("free" in asked) {
          if (held.length === 0) continue;
          const [array] = held.splice(asked.free % held.length, 1);
          used -= bytesOf(array);
          arena.free(array);
        } else {
          let array: HostArray;
          try {
            array = arena.allocate(asked.dtype, asked.length, "block", asked.high);
          } catch (error) {
            assert.ok(error instanceof MemoryLimitError);
            assert.equal(arena.usage().used, used, "a refusal changes nothing");
            continue;
          }
          assert.equal(array.address % 64, 0);
          assert.ok(array.address >= 1000, "the module's own bytes stay untouched");
          assert.equal(array.view.length, asked.length);
          assert.ok(array.view.every((x) => x === 0), "zeroed, also when the block was used before");
          for (const other of held) {
            const apart = array.address + bytesOf(array) <= other.address ||
              other.address + bytesOf(other) <= array.address;
            assert.ok(apart, `[${array.address}, ${bytesOf(array)}] overlaps [${other.address}, ${bytesOf(other)}]`);
          }
          array.view.fill(held.length + 1);
          used += bytesOf(array);
          held.push(array);
        }
        const usage = arena.usage();
        assert.equal(usage.used, used);
        assert.ok(usage.used <= usage.reserved && usage.reserved <= usage.limit);
      }
    }));
  });

  it("joins freed neighbours: after any order of freeing, everything fits in one block again", () => {
    const order = fc.shuffledSubarray(Array.from({ length: 12 }, (_, i) => i), { minLength: 12 });
    fc.assert(fc.property(order, (order) => {
      const arena = freshArena();
      const arrays = order.map((i) => arena.allocate("u8", 1000 * i + 1, `block ${i}`));
      for (const i of order) arena.free(arrays[i]);
      const { used, reserved } = arena.usage();
      assert.equal(used, 0);
      const whole = reserved - arenaBase;
      assert.equal(arena.allocate("u8", whole, "everything").address, arenaBase);
      assert.equal(arena.usage().reserved, reserved, "without growing");
    }));
  });

  it("keeps views valid and their contents in place while memory grows", () => {
    const arena = freshArena();
    const before = arena.allocate("f64", 100, "before");
    before.view.fill(7);
    arena.allocate("f64", 40_000, "large");
    assert.ok(before.view.every((x) => x === 7));
    before.view[3] = 8;
    assert.equal(new Float64Array(arena.memory.buffer, before.address, 100)[3], 8);
  });

  it("takes all that the limit leaves, and not a byte more", () => {
    const arena = freshArena();
    assert.throws(() => arena.allocate("u8", limit - arenaBase + 1, "too much"), {
      name: "MemoryLimitError",
      message: `Cannot allocate ${
        limit - arenaBase + 64
      } bytes for "too much": 0 of at most ${limit} bytes are in use.`,
    });
    assert.equal(arena.allocate("u8", limit - arenaBase, "all").length, limit - arenaBase);
    assert.throws(() => arena.allocate("u8", 1, "one more"), MemoryLimitError);
  });

  it("narrows an array in place, rounding, and takes half its bytes back", () => {
    const arena = freshArena();
    for (const length of [0, 1, 7, 8, 9, 1000]) {
      const wide = arena.allocate("f64", length, "wide"), { used } = arena.usage();
      for (let at = 0; at < length; at++) wide.view[at] = 1 / (at + 3);
      const narrowed = arena.narrow(wide);
      assert.deepEqual([...narrowed.view], Array.from({ length }, (_, at) => Math.fround(1 / (at + 3))));
      assert.equal(narrowed.address, wide.address);
      assert.equal(
        used - arena.usage().used,
        Math.max(64, Math.ceil(length / 8) * 64) - 64 * Math.max(1, Math.ceil(length / 16)),
      );
      arena.free(narrowed);
      assert.equal(arena.usage().used, 0);
    }
  });

  it("keeps what is placed high apart from what is not", () => {
    const arena = freshArena(), { reserved } = arena.usage();
    const lasting = arena.allocate("u8", 100, "lasting", true);
    assert.equal(lasting.address, reserved - 128);
    assert.equal(arena.allocate("u8", reserved - arenaBase - 128, "all the rest").address, arenaBase);
    assert.equal(arena.usage().reserved, reserved, "without growing");
  });

  it("refuses to free a block twice", () => {
    const arena = freshArena();
    const array = arena.allocate("f32", 5, "weights");
    arena.free(array);
    assert.throws(() => arena.free(array), { message: 'Cannot free "weights": it is not allocated.' });
  });
});
