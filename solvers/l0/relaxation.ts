/** What relaxations of nodes keep to, whether a kernel solves many of them or a solver one after another. @module */

import type { L0Penalty, NodePrecision } from "../../kernels/contract.ts";
import { FREE, KEPT } from "../../kernels/contract/l0/constants.ts";
import { indicatorAt } from "./penalty.ts";

export { ROUND_SWEEPS, ROUNDING_MARGIN } from "../../kernels/contract/l0/constants.ts";
export { canScreen, finer, isRelaxed, nodePenaltyAt, screened } from "../../kernels/contract/l0/relaxation.ts";

/** How exactly relaxations are solved; `finest` is a share of the problem's scale. */
export const nodePrecision: NodePrecision = { node: 1e-6, leaf: 1e-10, slack: 0.001, finest: 1e-28 };

/** Chooses the variables to branch on. */
export interface BranchingCandidates {
  /** Offers a nonzero variable of the relaxation, by its status after screening. */
  offer(variable: number, value: number, status: number): void;
  /** The variables chosen, the most fractional first, of equal ones the first; the next choice begins. */
  take(): number[];
}

/** The `most` variables whose relaxed indicators are nearest to one half; none that is kept, zero or fully in the support. */
export function createCandidates(most: number, penalty: L0Penalty): BranchingCandidates {
  let chosen: number[] = [], distances: number[] = [];
  return {
    offer(variable, value, status) {
      const indicator = indicatorAt(value, penalty);
      if (status === KEPT || !(indicator > 0 && indicator < 1)) return;
      // Of a variable that is screened one child alone is left: those come last.
      const distance = Math.abs(indicator - 0.5) + (status === FREE ? 0 : 1);
      if (chosen.length === most && distance > distances[most - 1]) return;
      const isBefore = (place: number) =>
        distance < distances[place] || (distance === distances[place] && variable < chosen[place]);
      let place = chosen.length;
      while (place > 0 && isBefore(place - 1)) place--;
      if (place >= most) return;
      chosen.splice(place, 0, variable);
      distances.splice(place, 0, distance);
      if (chosen.length <= most) return;
      chosen.pop();
      distances.pop();
    },
    take() {
      const taken = chosen;
      chosen = [];
      distances = [];
      return taken;
    },
  };
}
