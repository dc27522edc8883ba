import type { SparseOperand, SparsePattern, VectorOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { atOnce, inRanges, type Steps } from "../core/steps.ts";

/** Where entries stand, as sorted lists: those of `checkObservations`, or of a CSR matrix. */
export interface EntryLists {
  readonly shape: readonly [rows: number, columns: number];
  /** Start of each row. */
  readonly indptr: Uint32Array;
  /** Column of each entry, rising within a row. */
  readonly columns: Uint32Array;
}

/** The entries of a matrix in both orders, over one list of values in the order of rows. */
export interface SparseEntries {
  /** Compressed rows. */
  readonly rows: SparsePattern;
  /** Compressed columns; `positions` leads to the entry in the order of rows. */
  readonly columns: SparsePattern & Required<Pick<SparseOperand, "positions">>;
}

/** Puts a pattern where the kernels run, in JavaScript's memory, by rows and by columns. O(entries). */
export function sparseEntries(workspace: Workspace, lists: EntryLists): SparseEntries {
  return atOnce(sparseEntriesInSteps(workspace, lists));
}

/** {@linkcode sparseEntries} of many entries. */
export function* sparseEntriesInSteps(
  workspace: Workspace,
  { shape, indptr, columns }: EntryLists,
): Steps<SparseEntries> {
  const count = columns.length, [height, width] = shape;
  const starts = new Uint32Array(width + 1);
  countInto(starts, columns);
  for (let j = 0; j < width; j++) starts[j + 1] += starts[j];
  const place = (length: number, label: string) => workspace.allocate("u32", length, label);
  const next = starts.slice(0, width), rows = place(count, "rows of entries");
  const positions = place(count, "positions of entries");
  const rowsOf = workspace.view(rows), positionsOf = workspace.view(positions);
  yield* inRanges(height, 1 + 4 * count / height, (begin, end) => {
    placeByColumn(indptr, columns, next, rowsOf, positionsOf, begin, end);
  });
  const put = (values: Uint32Array, label: string) => {
    const array = place(values.length, label);
    workspace.write(array, values);
    return array;
  };
  return {
    rows: { indptr: put(indptr, "starts of rows"), indices: put(columns, "columns of entries") },
    columns: {
      indptr: put(starts, "starts of columns"),
      indices: rows,
      positions,
    },
  };
}

/** Counts how often there is each index, one place on. */
function countInto(counts: Uint32Array, indices: Uint32Array): void {
  for (let e = 0; e < indices.length; e++) counts[indices[e] + 1]++;
}

/** Puts the entries of some rows to their columns. */
function placeByColumn(
  indptr: Uint32Array,
  columns: Uint32Array,
  next: Uint32Array,
  rows: Uint32Array,
  positions: Uint32Array,
  begin: number,
  end: number,
): void {
  for (let i = begin; i < end; i++) {
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const at = next[columns[e]]++;
      rows[at] = i;
      positions[at] = e;
    }
  }
}

/** The sparse matrix with these entries, and its transpose. */
export function sparseOperands(
  entries: SparseEntries,
  values: VectorOperand,
): { readonly matrix: SparseOperand; readonly transpose: SparseOperand } {
  return { matrix: { ...entries.rows, values }, transpose: { ...entries.columns, values } };
}
