/** A binary heap that gives the element of least key first; of equal keys, the one that came first. */
export interface Heap<T> {
  readonly size: number;
  /** Least key, or Infinity when empty. */
  readonly least: number;
  /** Element of least key, or undefined when empty. */
  readonly first: T | undefined;
  push(key: number, element: T): void;
  /** Takes out the element of least key. */
  pop(): T | undefined;
}

/** An empty heap. */
export function createHeap<T>(): Heap<T> {
  const entries: { key: number; order: number; element: T }[] = [];
  let order = 0;
  const before = (i: number, j: number) =>
    entries[i].key < entries[j].key || (entries[i].key === entries[j].key && entries[i].order < entries[j].order);
  const swap = (i: number, j: number) => {
    [entries[i], entries[j]] = [entries[j], entries[i]];
  };
  return {
    get size() {
      return entries.length;
    },
    get least() {
      return entries[0]?.key ?? Infinity;
    },
    get first() {
      return entries[0]?.element;
    },
    push(key, element) {
      entries.push({ key, order: order++, element });
      for (let at = entries.length - 1; at > 0;) {
        const parent = (at - 1) >> 1;
        if (!before(at, parent)) break;
        swap(at, parent);
        at = parent;
      }
    },
    pop() {
      if (entries.length === 0) return undefined;
      swap(0, entries.length - 1);
      const { element } = entries.pop()!;
      for (let at = 0;;) {
        let least = at;
        for (const child of [2 * at + 1, 2 * at + 2]) {
          if (child < entries.length && before(child, least)) least = child;
        }
        if (least === at) return element;
        swap(at, least);
        at = least;
      }
    },
  };
}
