/**
 * Work in place of time. Where the clock stands still during computation (Cloudflare Workers, against attacks by timing),
 * what kernels have done is all that tells how long a solve has run.
 *
 * @module
 */

import type { KernelName, Kernels, MatrixOperand } from "../contract.ts";

let operations = 0;

/** Operations of the kernels so far, by rough count; kernels are only counted while the clock does not move. */
export function operationsDone(): number {
  return operations;
}

/** Whether the clock stands still while something is computed, or is too coarse to tell. */
export function clockStandsStill(): boolean {
  const now = performance.now();
  for (let look = 0; look < 200; look++) if (performance.now() !== now) return false;
  return true;
}

/** The same kernels, counted; those of `sweeping` by how often they say that they went over their operands. */
export function countedKernels(kernels: Kernels, sweeping: readonly KernelName[]): Kernels {
  return new Proxy(kernels, {
    get(table, name) {
      const kernel = table[name as keyof Kernels] as unknown;
      if (typeof kernel !== "function") return kernel;
      const sweeps = sweeping.includes(name as KernelName);
      return (operands: object) => {
        const once = operationsOf(operands), result = kernel(operands);
        if (!sweeps) operations += once;
        else if (typeof result === "number") operations += result * once;
        else result.then((count: number) => void (operations += count * once), () => {});
        return result;
      };
    },
  });
}

/**
 * From the sizes of the operands: each element once, or for products of matrices `rows columns depth`, which is the root
 * of the product of three sizes.
 */
function operationsOf(operands: object): number {
  const matrices: MatrixOperand[] = [];
  let elements = 0;
  for (const operand of Object.values(operands) as unknown[]) {
    if (typeof operand !== "object" || operand === null) continue;
    const { rows, columns, length } = operand as Partial<MatrixOperand> & { length?: number };
    if (rows !== undefined && columns !== undefined) matrices.push(operand as MatrixOperand);
    else elements += length ?? 0;
  }
  const sizes = matrices.map(({ rows, columns }) => rows * columns).sort((a, b) => b - a);
  const [first = 0, second = 0, third = 0] = sizes;
  // A batch says what all its nodes do, and each goes over its own.
  const { nodes = 1 } = operands as { nodes?: number };
  if (third > 0) return (elements + 2 * Math.sqrt(first * second * third)) / Math.max(1, nodes);
  if (second === 0) return elements + 2 * first;
  // A product of a matrix with itself: every element meets a row of the other operand.
  const depth = Math.min(...matrices.map(({ rows, columns }) => Math.min(rows, columns)));
  return elements + 2 * (first + second) * depth;
}
