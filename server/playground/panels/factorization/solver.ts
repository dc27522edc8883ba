import { serializeCsv } from "../../../../formats/mod.ts";
import { matrix } from "../../../../solvers/core/matrix.ts";
import {
  type ArchetypalNmf,
  archetypalNmf,
  type ArchetypalNmfOptions,
  type Nmf,
  nmf,
  type NmfStart,
} from "../../../../solvers/factorization/mod.ts";
import { completeRows, matrixOf, readTable, type TableContent, wordsOf } from "../../contents/table.ts";
import type { PanelSolver } from "../../solver.ts";
import { ranAs } from "../words.ts";
import type { FactorizationAnswer } from "./answer.ts";
import { mixedSpectra } from "./example.ts";
import type { models } from "./options.ts";

type Options = ArchetypalNmfOptions & {
  readonly model?: (typeof models)[number];
  readonly imageWidth?: number;
  readonly initialComponents?: NmfStart;
};

/** Writes rows as mixtures of archetypes, or as sums of components. */
export const solver: PanelSolver<TableContent, FactorizationAnswer, Options> = {
  read: readTable,
  examples: { spectra: mixedSpectra },
  async solve(given, { model = "archetypes", imageWidth, initialComponents, ...options }, run) {
    const began = performance.now();
    // Sums of components leave out what is missing, where no other rule was asked for; mixtures need whole rows.
    const needsAll = model === "archetypes" || (given.content.missing ?? "drop") !== "drop";
    const chosen = needsAll ? given : { ...given, roles: { groups: given.roles.groups } };
    const { data: { content }, settled } = completeRows(chosen, "columns"), data = { content, roles: given.roles };
    const { names: columns, matrix: X } = matrixOf(data, "columns"), groups = wordsOf(data, "groups");
    if (imageWidth !== undefined && columns.length % imageWidth !== 0) {
      throw new Error(`${columns.length} columns are no image ${imageWidth} wide.`);
    }
    const isMissing = X.data.some(Number.isNaN), isThere = (value: number) => Number(!Number.isNaN(value));
    const weights = isMissing ? Float64Array.from(X.data, isThere) : undefined;
    const { rank, tolerance, maxIterations, restarts, seed, backend, threads, timeLimitMs } = options;
    const shared = { rank, tolerance, maxIterations, restarts, seed, backend, threads, timeLimitMs, ...run.watch() };
    const asked = { ...shared, weights, ...initialComponents && { initial: initialComponents } };
    const found: ArchetypalNmf | Nmf = model === "archetypes"
      ? await archetypalNmf(X, { ...options, ...run.watch() })
      : await nmf(X, asked);
    const components = "components" in found ? found.components : found.archetypes;
    const what = model === "archetypes" ? "archetype" : "component";
    run.show({
      what,
      columns,
      rank,
      components: Float64Array.from(components.data),
      weights: Float64Array.from(found.weights.data),
      rows: X.shape[0],
      settled,
      missing: weights ? weights.filter((weight) => weight === 0).length : 0,
      bound: "archetypalBound" in found ? found.archetypalBound : undefined,
      groups,
      relativeError: found.relativeError,
      gap: "gap" in found ? found.gap : found.largestGain,
      nonzeros: components.data.filter((value) => value !== 0).length,
      trace: found.trace,
      image: imageWidth === undefined ? undefined : [columns.length / imageWidth, imageWidth],
      status: found.status,
      ran: ranAs(found, performance.now() - began),
    });
    const names = Array.from({ length: rank }, (_, t) => `${what} ${t + 1}`);
    return [
      {
        name: `${what}s.csv`,
        content: serializeCsv({ columns: [...columns], matrix: components, text: new Map([[what, names]]) }),
      },
      {
        name: "weights.csv",
        content: serializeCsv({ columns: names, matrix: matrix(X.shape[0], rank, found.weights.data) }),
      },
    ];
  },
};
