import type { ProgressEvent } from "../mod.ts";
import { formatDuration, shorten } from "./layout.ts";

/** The part of Node's output streams that is used. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
  on(event: "error", listener: (error: Error & { code?: string }) => void): unknown;
}

/** Colours, where the terminal has them. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
}

/** Shows how far a solve is. */
export interface Progress {
  /** @param task What is being solved, before the stage. */
  show(task: string, event: ProgressEvent): void;
  /** Takes the line away before something else is written. */
  clear(): void;
}

/** Where a command writes: answers to the standard output, everything else to the standard error. */
export interface Terminal {
  readonly style: Style;
  readonly progress: Progress;
  /** Columns of the standard output; 100 where it is not a terminal. */
  readonly width: number;
  print(text: string): void;
  /** Writes a part of a line. */
  write(text: string): void;
  /** Prints facts below one another, each after its name. */
  facts(facts: readonly (readonly [name: string, fact: string])[]): void;
  note(text: string): void;
  error(text: string): void;
}

/** Writes to the two streams of a process. */
export function createTerminal(stdout: Output, stderr: Output): Terminal {
  // A reader that has seen enough (`minima help | head -1`) is no failure.
  for (const stream of [stdout, stderr]) {
    stream.on("error", (error) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  const style = createStyle(stdout);
  const errorStyle = createStyle(stderr);
  return {
    style,
    progress: stderr.isTTY ? progressLine(stderr, errorStyle) : progressLog(stderr),
    width: stdout.isTTY && stdout.columns ? stdout.columns : 100,
    print: (text) => void stdout.write(`${text}\n`),
    write: (text) => void stdout.write(text),
    facts(facts) {
      const width = 2 + Math.max(10, ...facts.map(([name]) => name.length));
      for (const [name, fact] of facts) stdout.write(`${style.dim(name.padEnd(width))}${fact}\n`);
    },
    note: (text) => void stderr.write(`${errorStyle.dim(text)}\n`),
    error: (text) => void stderr.write(`${errorStyle.red("error")}  ${text}\n`),
  };
}

function createStyle({ isTTY }: Output): Style {
  const { NO_COLOR, TERM } = environment();
  const colours = isTTY && !NO_COLOR && TERM !== "dumb";
  const paint = (code: number, end: number) => (text: string) => colours ? `\x1b[${code}m${text}\x1b[${end}m` : text;
  return { bold: paint(1, 22), dim: paint(2, 22), red: paint(31, 39), green: paint(32, 39) };
}

function environment(): Record<string, string | undefined> {
  return (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env ?? {};
}

/** Drawing more often than this only costs time. */
const redrawMs = 100;

/** One line that is drawn again and again. */
function progressLine(stream: Output, style: Style): Progress {
  let drawn = false, last = -Infinity;
  return {
    show(task, event) {
      const now = performance.now();
      if (now - last < redrawMs) return;
      last = now;
      drawn = true;
      const share = ` ${String(Math.floor(event.fraction * 100)).padStart(3)} %`;
      const full = Math.round(event.fraction * barWidth);
      const bar = style.green("━".repeat(full)) + style.dim("━".repeat(barWidth - full));
      // One column stays free: writing into the last one would wrap the line.
      const available = (stream.columns ?? 80) - 1 - barWidth - share.length - 2;
      stream.write(`\r\x1b[K${bar}${share}  ${shorten(describe(task, event), available)}`);
    },
    clear() {
      if (drawn) stream.write("\r\x1b[K");
      drawn = false;
    },
  };
}

const barWidth = 24;

/** Lines in a log, at the start and then every few seconds. */
function progressLog(stream: Output): Progress {
  let last = -Infinity;
  return {
    show(task, event) {
      const now = performance.now();
      if (now - last < logMs) return;
      last = now;
      stream.write(`${String(Math.floor(event.fraction * 100)).padStart(3)} %  ${describe(task, event)}\n`);
    },
    clear() {},
  };
}

const logMs = 5000;

function describe(task: string, { stage, iteration, fraction, objective, elapsedMs }: ProgressEvent): string {
  const parts = [task, iteration > 0 ? `${stage} ${iteration}` : stage];
  if (objective !== undefined) parts.push(`objective ${objective.toPrecision(5)}`);
  // An estimate from the first instants would jump about.
  if (fraction > 0.02 && fraction < 1 && elapsedMs > 500) {
    parts.push(`${formatDuration(elapsedMs * (1 - fraction) / fraction)} left`);
  }
  return parts.filter((part) => part !== "").join(", ");
}
