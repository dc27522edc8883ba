import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { FormatError, matrix, parseNpy, serializeNpy, ShapeError, type Tensor, toVector } from "../../mod.ts";

/** A file from a header text and elements, as the format's definition lays it out. */
function file(header: string, elements: ArrayBufferView, version = 1, claimedLength?: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const start = version === 1 ? 10 : 12;
  const result = new Uint8Array(start + text.length + elements.byteLength);
  result.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(result.buffer);
  if (version === 1) view.setUint16(8, claimedLength ?? text.length, true);
  else view.setUint32(8, claimedLength ?? text.length, true);
  result.set(text, start);
  result.set(new Uint8Array(elements.buffer), start + text.length);
  return result;
}

const dictionary = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

const types = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

const anyTensor: fc.Arbitrary<Tensor> = fc
  .tuple(
    fc.constantFrom(...Object.keys(types) as (keyof typeof types)[]),
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
    fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
  )
  .map(([dtype, shape, stream]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const raw = new Uint8Array(count * types[dtype].BYTES_PER_ELEMENT).map(() => stream.next().value);
    return { dtype, shape, data: new types[dtype](raw.buffer) };
  });
const rawBytes = ({ data }: Tensor) => [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];

describe("serializeNpy and parseNpy", () => {
  it("return every array bit by bit, in either order", () => {
    fc.assert(fc.property(anyTensor, fc.boolean(), (tensor, fortranOrder) => {
      const back = parseNpy(serializeNpy(tensor, { fortranOrder }));
      assert.equal(back.dtype, tensor.dtype);
      assert.deepEqual(back.shape, tensor.shape);
      assert.deepEqual(rawBytes(back), rawBytes(tensor));
    }));
  });

  it("keep the payload of a NaN in Fortran order", () => {
    const data = new Float32Array(Uint32Array.of(0x7fd64a49, 0x3f800000).buffer);
    const back = parseNpy(serializeNpy({ shape: [1, 2], data }, { fortranOrder: true }));
    assert.deepEqual(rawBytes(back), [0x49, 0x4a, 0xd6, 0x7f, 0, 0, 0x80, 0x3f]);
  });

  it("write the bytes that numpy.save writes", () => {
    // numpy.save pads with spaces and ends the header with a newline, so that 10 + length is a multiple of 64.
    const header = `${dictionary("<f4", "(2, 2)").padEnd(64 * 2 - 11)}\n`;
    const data = Float32Array.of(1, 2, 3, 4);
    assert.deepEqual(serializeNpy(matrix(2, 2, data)), file(header, data));
    const vector = `${dictionary("|u1", "(3,)").padEnd(64 * 2 - 11)}\n`;
    assert.deepEqual(serializeNpy({ shape: [3], data: Uint8Array.of(7, 8, 9) }), file(vector, Uint8Array.of(7, 8, 9)));
    const scalar = `${dictionary("<f8", "()").padEnd(64 * 2 - 11)}\n`;
    assert.deepEqual(serializeNpy({ shape: [], data: Float64Array.of(5) }), file(scalar, Float64Array.of(5)));
  });

  it("refuse to write what NumPy lacks or what does not fit", () => {
    assert.throws(() => serializeNpy({ dtype: "BF16", shape: [1], data: new Uint16Array(1) }), /BF16.*no such type/);
    assert.throws(() => serializeNpy({ shape: [2], data: new Float32Array(1) }), ShapeError);
    assert.throws(() => serializeNpy({ shape: Array(65).fill(1), data: new Float32Array(1) }), /65 axes.*at most 64/);
  });
});

describe("parseNpy", () => {
  it("brings Fortran order into row-major order", () => {
    const columns = Int32Array.of(1, 4, 2, 5, 3, 6);
    const { shape, data } = parseNpy(file(dictionary("<i4", "(2, 3)", "True"), columns));
    assert.deepEqual([...shape], [2, 3]);
    assert.deepEqual([...data], [1, 2, 3, 4, 5, 6]);
  });

  it("swaps big-endian elements and leaves the file as it is", () => {
    const content = file(dictionary(">f8", "(1,)"), Uint8Array.of(0x3f, 0xf8, 0, 0, 0, 0, 0, 0));
    const before = content.slice();
    assert.deepEqual([...parseNpy(content).data], [1.5]);
    assert.deepEqual(content, before);
  });

  it("reads versions 2 and 3, other quotes and Python 2's long sizes", () => {
    for (const version of [2, 3]) {
      const content = file(
        `{"shape": (2L, ), "fortran_order": False, "descr": "<f4"}\n`,
        Float32Array.of(1, 2),
        version,
      );
      assert.deepEqual([...parseNpy(content).data], [1, 2]);
    }
  });

  it("reads 64 axes, sizes of nothing, and a type without an order", () => {
    assert.deepEqual([...parseNpy(file(dictionary("<f4", `(${"1, ".repeat(64)})`), Float32Array.of(7))).data], [7]);
    const huge = `(${"9007199254740991, ".repeat(63)}0)`;
    assert.equal(parseNpy(file(dictionary("<f4", huge, "True"), new Uint8Array())).data.length, 0);
    assert.deepEqual([...parseNpy(file(dictionary("u1", "(2,)"), Uint8Array.of(1, 2))).data], [1, 2]);
  });

  it("reads every byte of a boolean but 0 as true", () => {
    assert.deepEqual([...toVector(parseNpy(file(dictionary("|b1", "(3,)"), Uint8Array.of(0, 1, 255))))], [0, 1, 1]);
  });

  const empty = new Uint8Array();
  const hostile: [string, Uint8Array, RegExp][] = [
    ["nothing at all", empty, /does not start with/],
    ["another kind of file", new TextEncoder().encode("PK\x03\x04 zipped"), /does not start with/],
    ["an unknown version", file(dictionary("<f4", "(0,)"), empty, 9), /version is 9/],
    ["a file that ends in its magic", file("", empty).slice(0, 6), /version is missing/],
    ["a file that ends in its length", file("", empty).slice(0, 9), /header length needs 2 bytes: truncated/],
    ["a header longer than the file", file("{}", empty, 1, 60000), /60000 bytes long, but only 2 follow/],
    ["a header of 4 GB", file("{}", empty, 2, 0xffffffff), /at most 1000000/],
    ["code in place of a literal", file("__import__('os')", empty), /not a Python literal at character 0/],
    ["a header that stops", file("{'descr': '<f4'", empty), /its end where , was expected/],
    ["a header that goes on", file("{} {}", empty), /goes on with \{/],
    ["a deep nest", file("(".repeat(60000), empty), /nests deeper/],
    ["a key twice", file("{'descr': 1, 'descr': 2}", empty), /names 'descr' twice/],
    ["a list for a header", file("[]", empty), /must be a dictionary/],
    ["a missing type", file("{'fortran_order': False, 'shape': ()}", empty), /"descr" is missing/],
    ["65 axes", file(dictionary("<f4", `(${"1, ".repeat(65)})`), new Uint8Array(4)), /65 axes; at most 64/],
    ["a size in parentheses alone", file(dictionary("<f4", "(3)"), empty), /"shape" must be a tuple/],
    ["an entry that is not known", file(dictionary("<f4", "(0,), 'x': 1"), empty), /unknown entry "x"/],
    ["text", file(dictionary("<U3", "(1,)"), new Uint8Array(12)), /"descr" is "<U3", text/],
    ["a minor version", Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 1, 0, 0), /version is 1\.1; only 1\.0/],
    ["Python objects", file(dictionary("|O", "(1,)"), new Uint8Array(8)), /"descr" is "\|O"/],
    ["complex numbers", file(dictionary("<c16", "(1,)"), new Uint8Array(16)), /"descr" is "<c16"/],
    ["records", file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", empty), /named fields/],
    ["an order that is no boolean", file("{'descr': '<f4', 'fortran_order': 1, 'shape': ()}", empty), /True or False/],
    ["a shape that is a number", file(dictionary("<f4", "3"), empty), /"shape" must be a tuple/],
    ["a negative size", file(dictionary("<f4", "(-1,)"), empty), /not a Python literal/],
    ["a size of 2^53", file(dictionary("<f4", "(9007199254740992,)"), empty), /"shape" must be a tuple/],
    ["too few elements", file(dictionary("<f4", "(2,)"), new Uint8Array(7)), /has 7 bytes, but F32 \[2\] needs 8/],
    ["too many elements", file(dictionary("<f4", "(2,)"), new Uint8Array(9)), /has 9 bytes/],
  ];
  for (const [what, content, message] of hostile) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parseNpy(content), (error) => {
        assert.ok(error instanceof FormatError, `${error}`);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it("answers any header with an array or a FormatError", () => {
    const part = fc.constantFrom("{", "}", "(", ")", "'descr'", "'<f4'", ":", ",", "'shape'", "1", "True", " ", "'");
    fc.assert(fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      try {
        parseNpy(file(parts.join(""), empty));
      } catch (error) {
        assert.ok(error instanceof FormatError, `${error}`);
      }
    }));
  });
});
