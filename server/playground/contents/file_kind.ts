/** What a file is, told by its first bytes, so that a wrong one can be named. */

/** Kinds of files by how they begin. */
const beginnings: readonly (readonly [begin: string, kind: string])[] = [
  ["\u0093NUMPY", "a NumPy array"],
  ["PK\u0003\u0004", "a zip archive: a spreadsheet, an .npz or a PyTorch file"],
  ["GGUF", "a GGUF model"],
  ["\u0080\u0002", "a Python pickle"],
  ["\u0080\u0004", "a Python pickle"],
  ["\u0080\u0005", "a Python pickle"],
  ["\u0089PNG", "a PNG image"],
  ["\u00ff\u00d8\u00ff", "a JPEG image"],
  ["\u001f\u008b", "a gzip file, to be unpacked first"],
  ["%PDF", "a PDF document"],
  ["\u0089HDF", "an HDF5 file"],
  ["PAR1", "a Parquet file"],
  ["ARROW1", "an Arrow file"],
  ["\u00d0\u00cf\u0011\u00e0", "an old Excel or Word file"],
  ["SQLite format 3", "a SQLite database"],
];

/** What a file is, in words after "is"; undefined for plain text. */
export function fileKind(file: { readonly name: string; readonly size: number }, head: Uint8Array): string | undefined {
  if (file.size === 0) return "empty";
  const begin = String.fromCharCode(...head.subarray(0, 64));
  const known = beginnings.find(([magic]) => begin.startsWith(magic));
  if (known) return known[1];
  if (isSafetensors(file.size, head)) return "a safetensors file";
  if (/^\s*<(?:!doctype|html|\?xml|svg)/i.test(begin)) return "a web page or XML";
  if (/^\s*[{[]/.test(begin)) return "JSON";
  if (/^version https:\/\/git-lfs/.test(begin)) return "a pointer of Git LFS, not the file itself";
  return head.subarray(0, 4096).includes(0) && !hasByteOrderMark(head)
    ? "binary data of a kind that is not known here"
    : undefined;
}

/** A safetensors file begins with the length of its header, which is JSON. */
export function isSafetensors(size: number, head: Uint8Array): boolean {
  if (head.length < 9) return false;
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  return length >= 2n && length <= BigInt(size - 8) && head[8] === 0x7b;
}

function hasByteOrderMark(head: Uint8Array): boolean {
  return head[0] === 0xff && head[1] === 0xfe || head[0] === 0xfe && head[1] === 0xff;
}

/** The first bytes of a file. */
export async function headOf(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(0, 4096).arrayBuffer());
}
