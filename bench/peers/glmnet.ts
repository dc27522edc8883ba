/** The lasso of Friedman, Hastie and Tibshirani (2010): the authors' R package. */

import type { RegressionDesign } from "../designs.ts";
import { withArrayFiles } from "./python.ts";
import { openPeer } from "./peer.ts";
import { runR } from "./r.ts";

/** The peer. */
export interface Glmnet {
  readonly name: string;
  /** CPU seconds of a path up to `maxSupport` features, and the support at each of its penalties. */
  path(design: RegressionDesign, maxSupport: number): Promise<{ seconds: number; supports: readonly number[][] }>;
}

/** Opens the peer; the reason where it is missing. */
export function openGlmnet(): Promise<Glmnet | string> {
  return openPeer("the lasso (R package glmnet)", async () => {
    const version = await runR("glmnet.R", "-", "0", "0", "0");
    return {
      name: `glmnet ${version} (R)`,
      async path({ X: { data, shape: [samples, features] }, y }, maxSupport) {
        const columns = new Float64Array(samples * features + samples);
        for (let j = 0; j < features; j++) {
          for (let i = 0; i < samples; i++) columns[j * samples + i] = data[i * features + j];
        }
        columns.set(y, samples * features);
        const sizes = [samples, features, maxSupport].map(String);
        const answer = await withArrayFiles({ columns }, (paths) => runR("glmnet.R", paths.columns, ...sizes));
        const [seconds, ...supports] = answer.split("\n");
        return {
          seconds: Number(seconds),
          supports: supports.map((line) => line.trim().split(/\s+/).filter(Boolean).map(Number)),
        };
      },
    };
  });
}
