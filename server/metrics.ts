/** What the service counts of itself, as Prometheus reads it; nothing of what clients send. @module */

import type { SolverUsage } from "./job.ts";
import type { Settings } from "./options.ts";
import type { Slots } from "./slots.ts";
import type { Uploads } from "./body.ts";

/** Counts of a service. */
export interface Metrics {
  /** A request was answered. `route` is one of those that the service knows, or `other`. */
  answered(route: string, method: string, status: number): void;
  /** A solve ended, also one that answered by a stream of events. */
  solved(route: string, status: number, seconds: number): void;
  /** All counts and gauges, in Prometheus' text format. */
  text(parts: Parts): string;
}

/** Where the gauges are read. */
export interface Parts {
  readonly slots: Slots;
  readonly uploads: Uploads;
  /** Nothing before the first solve. */
  readonly solver?: SolverUsage;
  readonly settings: Settings;
}

/** Media type of the text. */
export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

/** Upper ends of the histogram, in seconds. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;
const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

type Labels = Readonly<Record<string, string>>;

interface Histogram {
  /** Solves by bucket, not cumulated. */
  readonly counts: number[];
  count: number;
  sum: number;
}

/** Counts that begin at zero. */
export function createMetrics(): Metrics {
  const requests = new Map<string, number>(), solves = new Map<string, number>();
  const seconds = new Map<string, Histogram>();
  return {
    answered(route, method, status) {
      // A client may call its methods as it likes; names without number would fill the memory.
      add(requests, { route, method: methods.includes(method) ? method : "other", status: String(status) });
    },
    solved(route, status, duration) {
      add(solves, { route, status: String(status) });
      const name = labelsText({ route });
      const histogram = seconds.get(name) ?? { counts: buckets.map(() => 0), count: 0, sum: 0 };
      seconds.set(name, histogram);
      const bucket = buckets.findIndex((end) => duration <= end);
      if (bucket >= 0) histogram.counts[bucket]++;
      histogram.count++;
      histogram.sum += duration;
    },
    text({ slots, uploads, solver, settings }) {
      const { solving, waiting, refused } = slots.usage(), arriving = uploads.usage();
      const gauge = (name: string, help: string, value: number) => family(name, "gauge", help, [[name, value]]);
      const counter = (name: string, help: string, values: ReadonlyMap<string, number>) =>
        family(name, "counter", help, Array.from(values, ([labels, value]) => [name + labels, value]));
      const reasons = { ...refused, uploads: arriving.refused };
      return [
        counter("minima_http_requests_total", "Requests answered.", requests),
        counter("minima_solves_total", "Solves that ended, by the status of their answer.", solves),
        family(
          "minima_solve_seconds",
          "histogram",
          "Duration of solves, without the wait.",
          [...seconds].flatMap(histogramLines),
        ),
        gauge("minima_places", "Requests that may solve at once.", settings.concurrency),
        gauge("minima_places_taken", "Requests that solve.", solving),
        gauge("minima_queue_length", "Requests that wait for a place.", waiting),
        gauge("minima_queue_limit", "Requests that may wait for a place.", settings.queue),
        counter("minima_refused_total", "Requests refused for want of room.", counts("reason", reasons)),
        gauge("minima_uploads", "Bodies that arrive.", arriving.arriving),
        gauge("minima_upload_bytes", "Bytes of bodies that are held, beyond a mebibyte each.", arriving.heldBytes),
        gauge("minima_workers", "Worker threads that solve or wait for work.", solver?.workers ?? 0),
        counter("minima_workers_ended_total", "Worker threads that ended.", counts("reason", solver?.ended ?? {})),
        gauge("minima_wasm_memory_bytes", "Working memory of the compiled kernels.", solver?.memoryBytes ?? 0),
      ].join("");
    },
  };
}

function add(counts: Map<string, number>, labels: Labels): void {
  const name = labelsText(labels);
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function counts(label: string, values: Readonly<Record<string, number>>): Map<string, number> {
  return new Map(Object.entries(values).map(([name, value]) => [labelsText({ [label]: name }), value]));
}

function labelsText(labels: Labels): string {
  return `{${Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(",")}}`;
}

function histogramLines([labels, { counts, count, sum }]: [string, Histogram]): [string, number][] {
  const name = "minima_solve_seconds", inside = labels.slice(1, -1);
  let below = 0;
  return [
    ...buckets.map((end, i): [string, number] => [`${name}_bucket{${inside},le="${end}"}`, below += counts[i]]),
    [`${name}_bucket{${inside},le="+Inf"}`, count],
    [`${name}_sum${labels}`, sum],
    [`${name}_count${labels}`, count],
  ];
}

function family(name: string, type: string, help: string, samples: readonly (readonly [string, number])[]): string {
  const lines = samples.map(([sample, value]) => `${sample} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}
