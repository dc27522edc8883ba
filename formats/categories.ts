/** Words as numbers: a column of ones and zeros for each. */

/** A column of numbers. */
export interface NumericColumn {
  /** Its name. */
  readonly name: string;
  /** One number a row. */
  readonly values: Float64Array;
}

/** More columns than this from one are rather names of rows than categories. */
const mostCategories = 1000;

/**
 * A column for each category, named `column=category`, in the order of the categories: 1 where a row has it, 0 where it
 * has another, NaN where it has none.
 *
 * @param codes Index of each row's category; negative or NaN where it is missing.
 * @param refuse Makes the error for too many categories.
 */
export function indicatorColumns(
  name: string,
  categories: readonly string[],
  codes: ArrayLike<number>,
  refuse: (problem: string) => Error,
): NumericColumn[] {
  if (categories.length > mostCategories) {
    throw refuse(`has ${categories.length} different values; at most ${mostCategories} become columns`);
  }
  return categories.map((category, k) => ({
    name: `${name}=${category}`,
    values: Float64Array.from(codes, (code) => code >= 0 ? Number(code === k) : NaN),
  }));
}

/** The different words of cells in ascending order, and the index of each cell's; -1 where it is missing. */
export function classesOf(
  cells: readonly string[],
  isMissing: (cell: string) => boolean = () => false,
): { readonly classes: string[]; readonly codes: Int32Array } {
  const classes = [...new Set(cells.map((cell) => cell.trim()))].filter((cell) => !isMissing(cell)).sort();
  const places = new Map(classes.map((word, place) => [word, place]));
  return { classes, codes: Int32Array.from(cells, (cell) => places.get(cell.trim()) ?? -1) };
}
