import assert from "node:assert/strict";
import type { Workspace } from "../../../kernels/engine/mod.ts";
import type { Kernels, L0Penalty, NodePrecision } from "../../../kernels/contract.ts";
import { GATHER_COST } from "../../../kernels/contract/l0/constants.ts";
import { nodeState, nodeStateWords, nodeStatus } from "../../../kernels/contract/l0/nodes.ts";
import { keptConjugate, relaxedConjugate } from "../../../kernels/contract/l0/penalty.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { conformance } from "../grid.ts";

const penalties: L0Penalty[] = [
  { lambda0: 0.03, lambda2: 0.02, bound: Infinity, threshold: 2 * Math.sqrt(0.0006), ratio: Math.sqrt(1.5) },
  { lambda0: 0.03, lambda2: 0.02, bound: 0.4, threshold: 0.03 / 0.4 + 0.02 * 0.4, ratio: Math.sqrt(1.5) },
  { lambda0: 0.02, lambda2: 0, bound: 0.5, threshold: 0.04, ratio: Infinity },
];
const precision: NodePrecision = { node: 1e-7, leaf: 1e-10, slack: 1e-7, finest: 1e-22 };
/** The same, whatever the upper bound. */
const exact = { ...precision, slack: 0 };
const nodes = 7;

/** `A^T A / rows` of a random `A` [rows, size]. */
function gramOf(size: number, rows: number, seed: number): Float64Array {
  const random = createRandom(seed), data = Float64Array.from({ length: rows * size }, () => random.normal());
  return Float64Array.from({ length: size * size }, (_, at) => {
    const i = Math.floor(at / size), j = at % size;
    let sum = 0;
    for (let k = 0; k < rows; k++) sum += data[k * size + i] * data[k * size + j];
    return sum / rows;
  });
}

/** A batch of nodes of random statuses, and the run of a kernel over them. */
function batchOf(workspace: Workspace, variables: number, seed: number) {
  const random = createRandom(seed);
  const statuses = workspace.allocate("u8", nodes * variables, "statuses");
  const given = Uint8Array.from(
    { length: nodes * variables },
    (_, at) => at < variables ? 0 : [0, 0, 1, 2][random.integer(4)],
  );
  const matrix = (columns: number) => ({
    array: workspace.allocate("f64", nodes * columns, "rows"),
    rows: nodes,
    columns,
  });
  const values = matrix(variables), states = matrix(nodeStateWords);
  return {
    given,
    operands: { nodes, variables, statuses, values, states, precision, work: 1e9 },
    async run(call: () => number | Promise<number>) {
      workspace.write(statuses, given);
      workspace.write(values.array, Float64Array.from({ length: nodes * variables }, (_, at) => at % 3 ? 0 : 0.01));
      // The last node but one is done already, and must be skipped.
      workspace.write(
        states.array,
        Array.from({ length: nodes }, (_, node) => [-Infinity, node === nodes - 2 ? -1 : 1e-3, 0, 0, 0]).flat(),
      );
      const sweeps = await call();
      return {
        sweeps,
        statuses: await workspace.read(statuses),
        values: await workspace.read(values.array),
        states: await workspace.read(states.array),
      };
    },
  };
}

type Solved = Awaited<ReturnType<ReturnType<typeof batchOf>["run"]>>;

function same(actual: Solved, expected: Solved): void {
  assert.deepEqual(actual.statuses, expected.statuses);
  actual.values.forEach((value, at) => {
    assert.ok(Math.abs(value - expected.values[at]) <= 2e-5, `value ${at}: ${value}, ${expected.values[at]}`);
  });
  actual.states.forEach((word, at) => {
    const other = expected.states[at];
    assert.ok(
      word === other || Math.abs(word - other) <= 1e-6 * (1 + Math.abs(other)),
      `state ${at}: ${word}, ${other}`,
    );
  });
  assert.ok(actual.states.every((word, at) => at % nodeStateWords !== nodeState.tolerance || word === -1));
}

function regressionProblem(workspace: Workspace, features: number) {
  const random = createRandom(features), gram = gramOf(features, features + 3, features);
  const truth = Float64Array.from({ length: features }, (_, j) => j % 4 ? 0 : random.normal());
  // y = X truth + noise that is orthogonal to X: c = G truth, and ||y||^2 = truth^T c + ||noise||^2.
  const linear = truth.map((_, i) => truth.reduce((sum, b, j) => sum + gram[i * features + j] * b, 0));
  const nullLoss = 0.05 + linear.reduce((sum, c, j) => sum + c * truth[j], 0) / 2;
  const array = workspace.allocate("f64", features * features, "gram");
  workspace.write(array, gram);
  const c = { array: workspace.allocate("f64", features, "linear"), length: features };
  workspace.write(c.array, linear);
  const rowOf = workspace.allocate("i32", features, "row of"), wanted = workspace.allocate("u8", features, "wanted");
  workspace.write(rowOf, Array.from({ length: features }, (_, j) => j));
  return {
    gram,
    linear,
    operands: { nullLoss, linear: c, gram: { array, rows: features, columns: features }, rowOf, wanted },
  };
}

conformance(
  "regressionNodes",
  "solves the nodes as the reference does, by bounds that follow from what it leaves",
  async ({ workspace, kernel, reference }) => {
    for (const features of [1, 2, 5, 12, 40]) {
      for (const penalty of penalties) {
        const { operands: problem, gram, linear } = regressionProblem(workspace, features);
        const { operands, given, run } = batchOf(workspace, features, features);
        const solve = (kernels: Kernels, upperBound: number) =>
          run(() => kernels.regressionNodes({ ...operands, ...problem, penalty, upperBound }));
        for (const upperBound of [Infinity, problem.nullLoss, problem.nullLoss / 2]) {
          const actual = await solve(kernel, upperBound);
          same(actual, await solve(reference, upperBound));
          if (upperBound < Infinity) continue;
          for (let node = 0; node < nodes; node++) {
            if (node === nodes - 2) continue;
            const b = actual.values.subarray(node * features, (node + 1) * features);
            let dual = problem.nullLoss;
            b.forEach((_, i) => {
              const u = linear[i] - b.reduce((sum, x, j) => sum + gram[i * features + j] * x, 0);
              const status = given[node * features + i];
              dual -= (linear[i] - u) * b[i] / 2;
              if (status === nodeStatus.free) dual -= relaxedConjugate(u, penalty);
              if (status === nodeStatus.kept) dual -= keptConjugate(u, penalty);
              else if (status === nodeStatus.zero) assert.equal(b[i], 0);
            });
            const bound = actual.states[node * nodeStateWords + nodeState.bound];
            assert.ok(Math.abs(bound - dual) <= 1e-6, `node ${node}: bound ${bound}, dual ${dual}`);
          }
        }
      }
    }
  },
);

conformance("regressionNodes", "asks for the rows it lacks", async ({ workspace, kernel, reference }) => {
  const features = 12, { operands: problem } = regressionProblem(workspace, features);
  const { operands, run } = batchOf(workspace, features, 1);
  const outcomes = [];
  for (const kernels of [kernel, reference]) {
    workspace.write(problem.rowOf, new Int32Array(features).fill(-1));
    workspace.write(problem.wanted, new Uint8Array(features));
    const { states } = await run(() =>
      kernels.regressionNodes({ ...operands, ...problem, penalty: penalties[0], upperBound: Infinity })
    );
    const wanted = await workspace.read(problem.wanted);
    assert.ok(wanted.some((flag) => flag === 1));
    assert.ok(states[nodeState.tolerance] > 0, "a node that lacks a row is not solved");
    outcomes.push(wanted);
  }
  assert.deepEqual(outcomes[0], outcomes[1]);
});

conformance("graphNodes", "solves the nodes as the reference does", async ({ workspace, kernel, reference }) => {
  for (const vertices of [1, 2, 3, 6, 11]) {
    for (const penalty of penalties) {
      const gram = { array: workspace.allocate("f64", vertices ** 2, "gram"), rows: vertices, columns: vertices };
      const entries = gramOf(vertices, vertices + 5, vertices);
      workspace.write(gram.array, entries);
      const empty = Array.from({ length: vertices }, (_, i) => 1 + Math.log(entries[i * (vertices + 1)]))
        .reduce((sum, term) => sum + term, 0);
      const diagonals = {
        array: workspace.allocate("f64", nodes * vertices, "diagonals"),
        rows: nodes,
        columns: vertices,
      };
      const { operands, run } = batchOf(workspace, vertices * (vertices - 1) / 2, vertices);
      const solve = async (kernels: Kernels, upperBound: number) => {
        workspace.write(diagonals.array, new Float64Array(nodes * vertices).fill(1));
        const solved = await run(() => kernels.graphNodes({ ...operands, gram, diagonals, penalty, upperBound }));
        return { solved, diagonals: await workspace.read(diagonals.array) };
      };
      for (const upperBound of [Infinity, empty, empty - 0.3]) {
        const actual = await solve(kernel, upperBound), expected = await solve(reference, upperBound);
        same(actual.solved, expected.solved);
        actual.diagonals.forEach((t, at) => assert.ok(Math.abs(t - expected.diagonals[at]) <= 1e-5));
      }
    }
  }
});

conformance("graphNodes", "reaches the known optima of relaxations", async ({ workspace, kernel }) => {
  // Seed 1 of the congruential generator, 30 samples of 5 variables, each with 0.6 of its left neighbour in it,
  // centred.
  let word = 1;
  const uniform = () => ((word = (Math.imul(1664525, word) + 1013904223) >>> 0) + 0.5) / 2 ** 32;
  const noise: number[] = [];
  while (noise.length < 150) {
    const radius = Math.sqrt(-2 * Math.log(uniform())), angle = 2 * Math.PI * uniform();
    noise.push(radius * Math.cos(angle), radius * Math.sin(angle));
  }
  const samples = noise.map((z, at) => at % 5 ? z + 0.6 * noise[at - 1] : z);
  const means = [0, 1, 2, 3, 4].map((j) => samples.reduce((sum, x, at) => at % 5 === j ? sum + x / 30 : sum, 0));
  const entries = Array.from({ length: 25 }, (_, at) => {
    const i = Math.floor(at / 5), j = at % 5;
    let sum = 0;
    for (let k = 0; k < 30; k++) sum += (samples[5 * k + i] - means[i]) * (samples[5 * k + j] - means[j]) / 30;
    return sum;
  });
  assert.ok(Math.abs(entries[0] - 1.03387485) < 1e-8 && Math.abs(entries[1] - 0.59693221) < 1e-8);
  const matrix = (values: ArrayLike<number>, rows: number) => {
    const array = workspace.allocate("f64", values.length, "operand");
    workspace.write(array, values);
    return { array, rows, columns: values.length / rows };
  };
  for (
    const [lambda0, lambda2, bound, value] of [
      [0.3, 0.05, 1000, 3.72376646],
      [0.2, 0.2, 1000, 4.35238737],
      [0.05, 0.05, 1.5, 2.84044597],
    ]
  ) {
    const ratio = Math.sqrt(lambda0 / lambda2);
    const states = matrix([-Infinity, 1e-4, 0, 0, 0], 1);
    await kernel.graphNodes({
      nodes: 1,
      variables: 10,
      statuses: workspace.allocate("u8", 10, "statuses"),
      values: matrix(new Float64Array(10), 1),
      states,
      gram: matrix(entries, 5),
      diagonals: matrix([1, 1, 1, 1, 1], 1),
      upperBound: value + 1,
      work: 1e9,
      penalty: { lambda0, lambda2, bound, ratio, threshold: 2 * Math.sqrt(lambda0 * lambda2) },
      precision: { node: 1e-11, leaf: 1e-11, slack: 0, finest: 1e-26 },
    });
    const [reached] = await workspace.read(states.array);
    assert.ok(Math.abs(reached - value) <= 1e-8, `${reached}, ${value}`);
  }
});

/**
 * Calls a node batch again and again, each call allowed so much work, until all nodes are solved: every call makes a sweep of
 * each unsolved node at the least, and no more sweeps than the work allows.
 */
async function inShortCalls(
  workspace: Workspace,
  { operands: { statuses, values, states }, given }: ReturnType<typeof batchOf>,
  /** Multiply-adds of a sweep of a node over its kept variables: no node has fewer active. */
  leastSweep: (kept: number) => number,
  call: (work: number) => number | Promise<number>,
  /** Writes what else a node starts from. */
  restart = () => {},
): Promise<void> {
  const variables = given.length / nodes,
    kept = Array.from(
      { length: nodes },
      (_, node) =>
        given.subarray(node * variables, (node + 1) * variables).reduce(
          (sum, status) => sum + Number(status === nodeStatus.kept),
          0,
        ),
    );
  const reset = () => {
    workspace.write(statuses, given);
    workspace.write(values.array, new Float64Array(given.length));
    workspace.write(states.array, Array.from({ length: nodes }, () => [-Infinity, 1e-3, 0, 0, 0]).flat());
    restart();
  };
  const unsolved = async () => {
    const words = await workspace.read(states.array);
    return kept.map((_, node) => node).filter((node) => words[node * nodeStateWords + nodeState.tolerance] >= 0);
  };
  reset();
  const whole = await call(Infinity);
  assert.deepEqual(await unsolved(), []);
  const boundsOf = async () =>
    (await workspace.read(states.array)).filter((_, at) => at % nodeStateWords === nodeState.bound);
  const bounds = await boundsOf();
  reset();
  const sweep = Math.max(...kept.map(leastSweep)), work = 3 * sweep;
  let made = 0, calls = 0;
  for (let open = await unsolved(); open.length > 0; open = await unsolved(), calls++) {
    const sweeps = await call(work);
    // A descent on the support follows a solved relaxation, with as much work again; the last sweep may exceed each.
    const most = open.reduce((sum, node) => sum + 2 * (Math.floor(work / leastSweep(kept[node])) + 1), 0);
    assert.ok(
      sweeps >= open.length && sweeps <= most,
      `call ${calls}: ${sweeps} sweeps of ${open.length} nodes, ${most} allowed`,
    );
    made += sweeps;
    assert.ok(calls < 1e4, "no end");
  }
  assert.ok(calls > 2, `${made} sweeps in ${calls} calls, ${whole} in one`);
  // Where a call ends is no reason to take a relaxation for solved.
  (await boundsOf()).forEach((bound, node) => {
    const off = Math.abs(bound - bounds[node]) / Math.abs(bounds[node]);
    assert.ok(off <= 2 * precision.node, `node ${node}: bound ${bound} in short calls, ${bounds[node]} in one`);
  });
}

/** Variables that are alike, so that descents take many sweeps. */
function alike(size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, at) => at % (size + 1) === 0 ? 1 : 0.97);
}

conformance("regressionNodes", "keeps to the work that it is allowed", async ({ workspace, kernel }) => {
  const features = 24, { operands: problem } = regressionProblem(workspace, features);
  workspace.write(problem.gram.array, alike(features));
  const batch = batchOf(workspace, features, 3);
  batch.given.forEach((_, at) => batch.given[at] = at % 3 === 0 ? nodeStatus.free : nodeStatus.kept);
  await inShortCalls(
    workspace,
    batch,
    (kept) => kept * Math.min(features, GATHER_COST * kept),
    (work) =>
      kernel.regressionNodes({
        ...batch.operands,
        ...problem,
        work,
        penalty: penalties[0],
        upperBound: 1000,
        precision: exact,
      }),
  );
});

conformance("graphNodes", "keeps to the work that it is allowed", async ({ workspace, kernel }) => {
  const vertices = 9, edges = vertices * (vertices - 1) / 2;
  const gram = { array: workspace.allocate("f64", vertices ** 2, "gram"), rows: vertices, columns: vertices };
  workspace.write(gram.array, alike(vertices));
  const diagonals = { array: workspace.allocate("f64", nodes * vertices, "diagonals"), rows: nodes, columns: vertices };
  const batch = batchOf(workspace, edges, 3);
  batch.given.forEach((_, at) => batch.given[at] = at % 3 === 0 ? nodeStatus.free : nodeStatus.kept);
  await inShortCalls(
    workspace,
    batch,
    (kept) => (2 * kept + 1) * vertices,
    (work) =>
      kernel.graphNodes({
        ...batch.operands,
        gram,
        diagonals,
        work,
        penalty: penalties[0],
        upperBound: 1000,
        precision: exact,
      }),
    () => workspace.write(diagonals.array, new Float64Array(nodes * vertices).fill(1)),
  );
});
