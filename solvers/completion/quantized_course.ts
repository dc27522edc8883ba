/** The course of a quantized completion: its run, its certificates, and the best factors so far. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import { relativeGap } from "../core/certificate.ts";
import { createRandom } from "../core/random.ts";
import type { Run } from "../core/run.ts";
import { inSteps } from "../core/steps.ts";
import type { Factors, Penalties } from "./factored_likelihood.ts";
import type { Levels } from "./levels.ts";
import { timeIsUp } from "./time_limit.ts";
import { evaluate, type Evaluation } from "./quantized_certificate.ts";
import type { Link } from "./quantized_options.ts";
import {
  type EntryMatrix,
  frobeniusNorm,
  largestSingularTriples,
  type SingularTriples,
  spectralNormBound,
} from "./spectral_norm.ts";

/** What all methods share. */
export interface Course {
  readonly workspace: Workspace;
  readonly data: Levels;
  readonly link: Link;
  readonly penalties: Penalties;
  /** Relative gap to reach. */
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly seed: number;
  /** Whether factors are worth no more steps; asked where a certificate is due. @default they are */
  readonly losing?: (factors: Factors, boundaries: Float64Array) => boolean;
  /** Objective by iteration, as the kernels have it. */
  readonly trace: number[];
  /** Between kernels. @throws {typeof timeIsUp} at the time limit */
  pause(): Promise<void>;
  /** Judges factors: what is below is a valid bound where `proved`, and an estimate otherwise. */
  judge(factors: Factors, boundaries: Float64Array, proof: Proof): Promise<Judgement>;
}

/** How sure the bound is to be: an estimate, proved if it can be, or at once. */
export type Proof = "estimate" | "proved" | "at once";

/** Factors and what is known of them. */
export interface Judgement extends Evaluation {
  readonly factors: Factors;
  readonly bound: number;
  readonly gap: number;
  /** The bound holds; otherwise but for a small probability. */
  readonly proved: boolean;
  readonly gradient: EntryMatrix;
  readonly triples?: SingularTriples;
}

/** How a method ended. */
export interface Outcome {
  readonly status: "converged" | "iteration-limit" | "time-limit" | "precision-limit";
  readonly factors: Factors;
  readonly boundaries: Float64Array;
}

/** Singular triples of a gradient that are looked for. */
const tripleCount = 12;

/** Begins a course. */
export function startCourse(
  given: Omit<Course, "trace" | "pause" | "judge">,
  run: Run,
): Course {
  const { workspace, data, link, penalties, seed } = given,
    random = createRandom(seed ^ 0x7f4a7c15),
    trace: number[] = [];
  const late = () => {
    const objective = trace.at(-1), iteration = trace.length;
    const fraction = Math.min(1, iteration / given.maxIterations);
    return run.checkpoint({ stage: "quantized completion", fraction, iteration, objective });
  };
  const pause = async () => {
    if (await late()) throw timeIsUp;
  };
  return {
    ...given,
    trace,
    pause,
    async judge(factors, boundaries, proof) {
      const evaluation = await inSteps(evaluate(data, link, boundaries, factors, penalties), late);
      const { objective } = evaluation;
      const gradient: EntryMatrix = { ...data, values: evaluation.gradients };
      const judged = (norm: number, proved: boolean, triples?: SingularTriples): Judgement => {
        const bound = evaluation.lowerBound(norm);
        return { ...evaluation, factors, bound, gap: relativeGap(objective, bound), proved, gradient, triples };
      };
      if (proof === "at once") return judged(frobeniusNorm(gradient), true);
      await pause();
      const triples = await largestSingularTriples(workspace, gradient, tripleCount, random, pause);
      if (proof === "estimate") return judged(triples.values[0], false, triples);
      const { bound, proved } = await spectralNormBound(workspace, gradient, triples, penalties.lambda, random, pause);
      return judged(bound, proved, triples);
    },
  };
}

/** Iterations before the first certificate, and at least between two. */
export const firstCertificate = 10;

/** When to look at the certificate: after some iterations, and then ever more rarely. */
export function createSchedule(first = firstCertificate, growth = 1.3): (iteration: number) => boolean {
  let next = first;
  return (iteration) => {
    if (iteration < next) return false;
    next = Math.max(iteration + first, Math.ceil(iteration * growth));
    return true;
  };
}
