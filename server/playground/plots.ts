/** Small plots in SVG; what they show is also said in words, for those who do not see them. */

const namespace = "http://www.w3.org/2000/svg";

/** A series of one plot; one of them is drawn in the accent colour. */
export interface Series {
  readonly name: string;
  readonly values: ArrayLike<number>;
  readonly best: boolean;
}

type Attributes = Readonly<Record<string, string | number>>;

function element(name: string, attributes: Attributes, ...children: (Node | string)[]): SVGElement {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

function figure(width: number, height: number, label: string, children: Node[]): SVGElement {
  return element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, ...children);
}

/** One horizontal bar of a table row. */
export function bar(share: number, best: boolean): SVGElement {
  const rect = element("rect", { class: best ? "best" : "bar", width: `${100 * share}%`, height: "100%", rx: 3 });
  return element("svg", { "aria-hidden": "true" }, rect);
}

/** Counts of the codes 0, 1, 2 and so on as columns. */
export function columns(counts: ArrayLike<number>): SVGElement {
  const width = 320, height = 160, base = height - 18, most = Math.max(...Array.from(counts));
  const step = width / counts.length, total = Array.from(counts).reduce((sum, count) => sum + count, 0);
  const bars = Array.from(counts, (count, code) => {
    const size = base * count / most;
    const title = element("title", {}, `code ${code}: ${(100 * count / total).toFixed(1)} %`);
    return element(
      "rect",
      { class: "best", x: code * step + step * 0.1, y: base - size, width: step * 0.8, height: size },
      title,
    );
  });
  const every = Math.max(1, counts.length / 16);
  const labels = Array.from(counts, (_, code) => code).filter((code) => code % every === 0).map((code) =>
    element("text", { x: (code + 0.5) * step, y: height - 4, "text-anchor": "middle" }, String(code))
  );
  const mostUsed = Array.from(counts).indexOf(most);
  return figure(width, height, `${counts.length} codes; ${mostUsed} is used most often`, [...bars, ...labels]);
}

/** Lines over a common, logarithmic vertical axis; `step` names what the horizontal one counts. */
export function lines(series: readonly Series[], step: string): SVGElement {
  const width = 320, height = 160, left = 52, base = height - 18;
  const logs = series.map(({ values }) => Array.from(values, (value) => Math.log10(value)));
  const all = logs.flat().filter(Number.isFinite);
  const low = Math.min(...all), high = Math.max(...all, low + 1e-6);
  const longest = Math.max(...series.map(({ values }) => values.length), 2);
  const x = (i: number) => left + (width - left - 4) * i / (longest - 1);
  const y = (value: number) => 20 + (base - 28) * (high - value) / (high - low);
  const drawn = series.map(({ name, best }, at) => {
    const points = logs[at].map((value, i) => Number.isFinite(value) ? `${x(i)},${y(value)}` : "").filter(Boolean);
    return element(
      "polyline",
      { class: best ? "line best" : "line", points: points.join(" ") },
      element("title", {}, name),
    );
  });
  // What is plotted falls: the upper right is free for the legend.
  const legend = series.flatMap(({ name, values, best }, at) => [
    element("line", {
      class: best ? "line best" : "line",
      x1: width - 18,
      x2: width - 4,
      y1: 8 + 14 * at,
      y2: 8 + 14 * at,
    }),
    element(
      "text",
      { x: width - 24, y: 12 + 14 * at, "text-anchor": "end" },
      `${name} ${values[values.length - 1]?.toExponential(2) ?? ""}`,
    ),
  ]);
  const axis = [
    element("line", { class: "axis", x1: left, x2: left, y1: 4, y2: base }),
    element("line", { class: "axis", x1: left, x2: width, y1: base, y2: base }),
    element("text", { x: left - 4, y: y(high) + 4, "text-anchor": "end" }, (10 ** high).toExponential(1)),
    element("text", { x: left - 4, y: y(low) + 4, "text-anchor": "end" }, (10 ** low).toExponential(1)),
    element("text", { x: width - 4, y: height - 4, "text-anchor": "end" }, `${step} ${longest}`),
  ];
  const words = series.map(({ name, values }) => `${name} ends at ${values[values.length - 1]?.toPrecision(4)}`);
  return figure(width, height, words.join(", "), [...axis, ...drawn, ...legend]);
}
