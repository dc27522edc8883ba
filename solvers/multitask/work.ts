import type { Tasks } from "./data.ts";

/** Features of a middling support, and looks at all moves that a fit takes for each task. */
const middlingSupport = 10, looks = 100;

/** Operations that take the time of all fits, by rough count: Gram matrices, and looks at all moves. */
export function multiTaskWork(sets: readonly Tasks[], points: number): number {
  return sets.reduce((sum, { tasks, features }) => {
    const gram = tasks.reduce((part, { y }) => part + y.length * features ** 2, 0);
    return sum + gram + points * tasks.length * looks * 2 * features * middlingSupport ** 2;
  }, 0);
}
