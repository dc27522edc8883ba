/** Nodes that a search of middling difficulty solves, at most. */
const mostNodes = 1e4;

/**
 * Nodes that a branch and bound is planned for: twice as many for every three variables more, as far as a middling search
 * and its limit go. A search that is found out to be easy has then started workers in vain, which takes less than a tenth
 * of a second; one on a single thread that is hard wastes minutes.
 */
export function foreseenNodes(size: number, nodeLimit: number): number {
  return Math.min(nodeLimit, mostNodes, 2 ** (size / 3));
}
