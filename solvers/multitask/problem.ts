/** The data of several fits where the kernels run: one run of tasks for each data set, such as the folds. @module */

import { taskBlock, taskBlockWords, taskFit, taskFitWords } from "../../kernels/contract/l0/tasks.ts";
import type { DeviceArray, MatrixOperand } from "../../kernels/contract.ts";
import { MemoryLimitError, type Workspace } from "../../kernels/engine/mod.ts";
import { distrust } from "../core/certificate.ts";
import type { Run } from "../core/run.ts";
import { type Penalties, rankingOf, type Supports } from "./objective.ts";
import { pool, type ScaledTask } from "./scaled_tasks.ts";

/** A search that is asked for. */
export interface FitRequest {
  /** Number of the data set. */
  readonly data: number;
  readonly penalties: Penalties;
  readonly start: readonly (readonly number[])[];
}

/** The tasks of a data set as they are solved. */
export interface DataSet {
  readonly scaled: readonly ScaledTask[];
  readonly nullLoss: number;
}

/** Data sets of the same number of tasks and features, and searches in them. */
export interface MultiTaskProblem {
  readonly tasks: number;
  readonly features: number;
  readonly sets: readonly DataSet[];
  /** The same data sets, the samples of all tasks as those of one; made when it is first asked for. */
  pooled(): Promise<MultiTaskProblem>;
  /** Local searches, each from its start, at once. A search that a limit ends gives what it has. */
  search(requests: readonly FitRequest[], limits: SearchLimits): Promise<Supports[]>;
}

/** Limits of a search, and what it has used. */
export interface SearchLimits {
  readonly run: Run;
  /** Least gain of a move, as a share of the loss without features. */
  readonly tolerance: number;
  readonly moveLimit: number;
  moves: number;
  /** Set once a limit has ended a search early. */
  ended?: "iteration-limit" | "time-limit";
}

/** Elements of Gram matrices that are held at most: beyond, their rows are summed when they are asked for. */
const mostGramElements = 1 << 26;

/** Multiply-adds of a call for each search: some 20 ms. */
const workTogether = 4e7;

/** Moves that a look follows before it is made anew; steps that fit coefficients whose values are shared, after a move. */
const looksFollowed = 12, jointSteps = 50;

/** Moves in which a search has gained, or is over: where supports fit exactly, moves follow rounding in circles. */
const mostWithoutGain = 200;

/** Multiply-adds of a part of a Gram matrix, and its least rows: fewer would mostly read and write the matrix. */
const gramWork = 2e8, leastGramRows = 32;

/** Room for Gram matrices; nothing where they are too large, or the memory has no room for them. */
function gramMatrices(workspace: Workspace, elements: number): DeviceArray<"f64"> | undefined {
  if (elements > mostGramElements) return undefined;
  try {
    return workspace.allocate("f64", elements, "Gram matrices of the tasks");
  } catch (error) {
    if (error instanceof MemoryLimitError) return undefined;
    throw error;
  }
}

/**
 * Puts data sets where the kernels run. O(samples x features^2) where the Gram matrices are held.
 *
 * @param pause Called between parts of the work, true once the time is up: then Gram matrices that are not there yet are
 * left out, and their rows summed when they are asked for.
 */
export async function createProblem(
  workspace: Workspace,
  scaled: readonly (readonly ScaledTask[])[],
  pause: () => Promise<boolean>,
): Promise<MultiTaskProblem> {
  const { kernels } = workspace, tasks = scaled[0].length, features = scaled[0][0].linear.length;
  const blocks: number[] = [], distinct: { X: Float64Array; samples: number; from: number }[] = [];
  const places = new Map<Float64Array, number>();
  let elements = 0;
  for (const { X, samples } of scaled.flat()) {
    let place = places.get(X);
    if (place === undefined) {
      place = distinct.push({ X, samples, from: elements }) - 1;
      places.set(X, place);
      elements += X.length;
    }
    blocks.push(distinct[place].from, samples, place);
  }
  const samples = workspace.allocate("f64", elements, "samples of the tasks");
  const held = gramMatrices(workspace, distinct.length * features ** 2);
  const complete = new Set<number>(), gram = held ?? workspace.allocate("f64", 0, "Gram matrices of the tasks");
  let timeIsUp = held === undefined;
  for (const { X, from } of distinct) {
    workspace.write(samples, X, from);
    timeIsUp = await pause() || timeIsUp;
  }
  for (const [place, { samples: rows, from }] of distinct.entries()) {
    const together = Math.max(leastGramRows, Math.floor(gramWork / features ** 2));
    const c = { array: gram, rows: features, columns: features, offset: place * features ** 2 };
    for (let begin = 0; begin < rows && !timeIsUp; begin += together) {
      const count = Math.min(together, rows - begin);
      const a = { array: samples, rows: count, columns: features, offset: from + begin * features };
      await kernels.syrk({ a, c, beta: begin > 0 ? 1 : 0 });
      if (begin + count === rows) complete.add(place);
      timeIsUp = await pause();
    }
  }
  const blockArray = workspace.allocate("u32", blocks.length, "blocks of the tasks");
  for (let at = 0; at < blocks.length; at += taskBlockWords) {
    const place = blocks[at + taskBlock.gram];
    blocks[at + taskBlock.gram] = complete.has(place) ? 1 + place * features ** 2 : 0;
  }
  workspace.write(blockArray, blocks);
  const rows = scaled.flat();
  const vectors = (label: string, of: (task: ScaledTask) => Float64Array): MatrixOperand => {
    const array = workspace.allocate("f64", rows.length * features, label);
    rows.forEach((task, at) => workspace.write(array, of(task), at * features));
    return { array, rows: rows.length, columns: features };
  };
  const linear = vectors("X^T y of the tasks", (task) => task.linear);
  const diagonal = vectors("squares of the tasks", (task) => task.squares);
  const sets = scaled.map((own): DataSet => ({
    scaled: own,
    nullLoss: own.reduce((sum, task) => sum + task.nullLoss, 0),
  }));
  let pooled: Promise<MultiTaskProblem> | undefined;

  /** Supports as the kernels should give them. A search that a limit has ended may have too many features. */
  function checked(supports: Supports, { support: size, common }: Penalties, ended: boolean): Supports {
    for (const own of supports.features) {
      if (new Set(own).size < own.length || own.some((feature) => feature >= features)) {
        throw distrust(`the features of a support are ${own.join(", ")}`);
      }
      if (own.length > size && !ended) throw distrust(`a support has ${own.length} features instead of ${size}`);
      if (common && own.join() !== supports.features[0].join()) {
        throw distrust("a common support differs between tasks");
      }
    }
    for (const own of supports.values) if (!own.every(Number.isFinite)) throw distrust("a coefficient is not finite");
    const short = <T extends { slice(from: number, to: number): T }>(own: T) => own.slice(0, size);
    return {
      features: supports.features.map((own) => short(own as number[])),
      values: supports.values.map((own) => short(own)),
    };
  }

  async function search(requests: readonly FitRequest[], limits: SearchLimits): Promise<Supports[]> {
    const fits = requests.length;
    if (fits === 0) return [];
    const widest = requests.flatMap(({ start, penalties }) => [...start.map((one) => one.length), penalties.support]);
    const capacity = Math.max(1, Math.min(features, Math.max(...widest)));
    const arrays: DeviceArray[] = [];
    const allocate = <D extends "f64" | "u32">(dtype: D, length: number, label: string) => {
      const array = workspace.allocate(dtype, length, label);
      arrays.push(array);
      return array;
    };
    const words = allocate("f64", fits * taskFitWords, "fits");
    const supports = allocate("u32", fits * tasks * capacity, "supports");
    const counts = allocate("u32", fits * tasks, "numbers of features");
    const coefficients = allocate("f64", fits * tasks * capacity, "coefficients");
    const given = requests.flatMap(({ data, penalties }) =>
      wordsOf(data, penalties, sets[data].nullLoss * limits.tolerance)
    );
    requests.forEach(({ start }, fit) => {
      start.forEach((one, k) => workspace.write(supports, one, (fit * tasks + k) * capacity));
    });
    workspace.write(counts, requests.flatMap(({ start }) => start.map((one) => one.length)));
    // A look at a task that was looked at before follows its moves, some of them; all tasks of a common support may be
    // looked at anew.
    const rowWork = Math.max(0, ...distinct.map(({ samples }, place) => complete.has(place) ? 0 : samples));
    const square = capacity * capacity, followed = (4 * capacity + rowWork) * features;
    const separately = followed + square * (capacity + features) / looksFollowed;
    const workOf = ({ penalties: { common, valueSharing } }: FitRequest) =>
      common ? square * features * tasks : separately + (valueSharing > 0 ? jointSteps * square * tasks : 0);
    const movesOf = requests.map((request) =>
      Math.max(1, Math.min(mostWithoutGain, Math.floor(workTogether / workOf(request))))
    );
    const each = Math.max(...movesOf);
    const open = new Set(requests.keys()), leastValues = new Float64Array(fits).fill(Infinity);
    const read = async () => {
      const [found, lengths, values] = [
        await workspace.read(supports),
        await workspace.read(counts),
        await workspace.read(coefficients),
      ];
      return (fit: number): Supports => {
        const places = Array.from({ length: tasks }, (_, k) => fit * tasks + k);
        const within = (at: number) => [at * capacity, at * capacity + lengths[at]] as const;
        return {
          features: places.map((at) => Array.from(found.subarray(...within(at)))),
          values: places.map((at) => values.slice(...within(at))),
        };
      };
    };
    /** Closes searches that are no better than at the last look. */
    const closeIdle = async () => {
      const supportsOf = await read();
      for (const fit of [...open]) {
        const now = supportsOf(fit), { data, penalties } = requests[fit];
        // What begins with too many features loses before it gains.
        if (now.features.some((own) => own.length > penalties.support)) continue;
        const value = rankingOf(now, penalties, sets[data]);
        if (!(value < leastValues[fit] - sets[data].nullLoss * limits.tolerance)) open.delete(fit);
        leastValues[fit] = Math.min(leastValues[fit], value);
      }
    };
    let unseen = 0;
    try {
      while (open.size > 0) {
        for (let fit = 0; fit < fits; fit++) {
          given[fit * taskFitWords + taskFit.moves] = open.has(fit) ? movesOf[fit] : 0;
        }
        workspace.write(words, given);
        const made = await kernels.taskMoves({
          tasks,
          features,
          fits: { array: words, rows: fits, columns: taskFitWords },
          blocks: blockArray,
          samples,
          gram,
          linear,
          diagonal,
          supports,
          counts,
          coefficients: { array: coefficients, rows: fits * tasks, columns: capacity },
        });
        limits.moves += made;
        const left = await workspace.read(words);
        for (const fit of [...open]) if (left[fit * taskFitWords + taskFit.moves] > 0) open.delete(fit);
        if (made === 0 && open.size > 0) throw distrust("a search goes on without a move");
        unseen += each;
        if (open.size > 0 && unseen >= mostWithoutGain) {
          unseen = 0;
          await closeIdle();
        }
        if (limits.moves >= limits.moveLimit && open.size > 0) limits.ended ??= "iteration-limit";
        if (await limits.run.checkpoint({ stage: "moves", fraction: 0, iteration: limits.moves })) {
          limits.ended = "time-limit";
        }
        if (limits.ended) break;
      }
      const supportsOf = await read();
      return requests.map(({ penalties }, fit) => checked(supportsOf(fit), penalties, limits.ended !== undefined));
    } finally {
      for (const array of arrays) workspace.free(array);
    }
  }

  return {
    tasks,
    features,
    sets,
    search,
    pooled: () => pooled ??= createProblem(workspace, scaled.map((own) => pool(own, features)), pause),
  };
}

function wordsOf(data: number, penalties: Penalties, leastGain: number): number[] {
  const words = new Array<number>(taskFitWords);
  words[taskFit.data] = data;
  words[taskFit.size] = penalties.support;
  words[taskFit.ridge] = penalties.ridge;
  words[taskFit.valueSharing] = penalties.valueSharing;
  words[taskFit.supportSharing] = penalties.supportSharing;
  words[taskFit.common] = penalties.common ? 1 : 0;
  words[taskFit.leastGain] = leastGain;
  words[taskFit.moves] = 0;
  return words;
}
