import { capabilities, memoryUsage } from "../mod.ts";
import { command } from "./command.ts";
import { formatBytes, formatDuration, table } from "./layout.ts";
import { type Examination, examine } from "./self_test.ts";
import type { Style } from "./terminal.ts";

/** `minima doctor`: what this runtime offers, and whether the kernels compute right on it. */
export const doctor = command({
  name: "doctor",
  summary: "show what this runtime offers, and test the kernels on it",
  usage: "[--json]",
  details: `
Lists what the runtime offers to the kernels, then quantises a small layer on every backend and checks each answer
against plain f64 arithmetic. Exit code 1 when a backend fails.`,
  operands: [0, 0],
  options: { json: { kind: "flag", about: "report as JSON" } },
  async run({ options, terminal, signal }) {
    const found = await capabilities();
    const { limit } = memoryUsage();
    const examinations = await examine(signal);
    const failed = examinations.filter(({ outcome }) => outcome === "failed").map(({ backend }) => backend);

    if (options.json) {
      terminal.print(JSON.stringify({ capabilities: found, memoryLimitBytes: limit, backends: examinations }, null, 2));
    } else {
      const yes = (value: boolean) => value ? "yes" : "no";
      terminal.facts([
        ["runtime", `${found.runtime} ${found.runtimeVersion}`],
        ["WASM SIMD", yes(found.simd)],
        ["relaxed SIMD", relaxedSimd[found.relaxedSimd]],
        ["shared memory", yes(found.sharedMemory)],
        ["threads", found.threadsReason ? `1: ${found.threadsReason}` : String(found.threads)],
        ["WebGPU", found.webgpu || `no: ${found.webgpuReason}`],
        ["kernels", found.build === "none" ? "reference only" : `${found.build} build`],
        ["memory limit", formatBytes(limit)],
      ]);
      terminal.print(`\n${examinationTable(examinations, terminal.style)}`);
    }
    if (failed.length > 0) throw new Error(`Wrong answers from ${failed.join(" and ")}.`);
  },
});

const relaxedSimd = {
  fused: "yes, multiply-add is fused",
  unfused: "yes, but multiply-add is not fused, so it is not used",
  absent: "no",
} as const;

function examinationTable(examinations: readonly Examination[], style: Style): string {
  const [heading, ...lines] = table([
    ["backend", "gram", "layer error", "recomputed", "time"],
    ...examinations.map((examination) =>
      examination.outcome === "left out" ? [examination.backend, "", "", "", ""] : [
        examination.backend,
        examination.gramExact ? "exact" : "wrong",
        examination.relativeError.toPrecision(6),
        examination.recomputedError.toPrecision(6),
        formatDuration(examination.elapsedMs),
      ]
    ),
  ]);
  const verdicts = examinations.map(({ outcome, remark }) => {
    const mark = outcome === "passed" ? style.green("ok") : outcome === "failed" ? style.red("failed") : "left out";
    return `${mark}${style.dim(`, ${remark}`)}`;
  });
  const width = Math.max(...[heading, ...lines].map(({ length }) => length));
  return [style.dim(heading), ...lines.map((line, i) => `${line.padEnd(width)}  ${verdicts[i]}`)].join("\n");
}
