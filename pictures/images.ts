/** Images in a grid. @module */

import { ShapeError } from "../solvers/core/errors.ts";
import type { Matrix } from "../solvers/core/matrix.ts";
import { checkShading, checkSizes } from "./checks.ts";
import { type Colour, element, fontSize, heading, label, margin, shortened, svgDocument, tooltip } from "./svg.ts";

/** How {@linkcode drawImages} draws. */
export interface ImagesOptions {
  /** Title above the picture, and its name for screen readers. */
  readonly title: string;
  /** Rows and columns of each image, whose pixels are those of a row of the matrix. */
  readonly shape: readonly [rows: number, columns: number];
  /** A name below each image. @default none */
  readonly names?: readonly string[];
  /** `sequential` darkens with the value from 0 on; `diverging` colours the sign. @default "sequential" */
  readonly scale?: "sequential" | "diverging";
  /** Value of the full colour, > 0, for all images alike. @default the largest magnitude of each image */
  readonly limit?: number;
  /** Width of the picture, >= 240; images are made smaller and put in rows to fit. @default 640 */
  readonly width?: number;
}

/** Steps of the colour, and widths that an image has. */
const levels = 24, mostSide = 112, gap = 12;

/**
 * Images in a grid as a standalone SVG document, for light and dark: a pixel is the darker (in the dark, the lighter) the
 * larger its value. Values that are not finite stay empty. O(pixels).
 *
 * @param images Pixels of an image in each row, row by row [images, rows * columns].
 * @throws {ShapeError} when there is no image, or rows have another number of pixels, or names are more or fewer
 * @throws {OptionError} for a scale that is not known, a limit that is not positive, and a picture too narrow
 *
 * @example
 * ```ts
 * import { matrix } from "@minima/minima";
 * import { drawImages } from "@minima/minima/pictures";
 * const images = matrix(1, 4, Float64Array.of(0, 1, 1, 0));
 * const picture = drawImages(images, { title: "Archetypes", shape: [2, 2], names: ["cross"] });
 * if (!picture.includes("cross")) throw new Error("a name");
 * ```
 */
export function drawImages(images: Matrix, options: ImagesOptions): string {
  const { shape: [rows, columns], names, scale = "sequential", width = 640 } = options;
  check(images, options);
  const count = images.shape[0], inner = width - 2 * margin;
  const title = heading(options.title, margin, inner);
  // Few images stand in one row, more in several, none so small that its name says nothing.
  const wanted = names ? 84 : 64, most = Math.max(1, Math.floor((inner + gap) / (wanted + gap)));
  const fitting = Math.floor((inner + gap) / Math.min(count, most)) - gap;
  const side = Math.max(24, Math.min(mostSide, fitting)), pixel = side / Math.max(rows, columns);
  const perRow = Math.max(1, Math.floor((inner + gap) / (side + gap)));
  const cellHeight = pixel * rows + (names ? 1.7 * fontSize : 0) + gap, top = title.height + 10;

  const drawn: string[] = [];
  for (let k = 0; k < count; k++) {
    const x = margin + (k % perRow) * (side + gap), y = top + Math.floor(k / perRow) * cellHeight;
    const pixels = images.data.subarray(k * rows * columns, (k + 1) * rows * columns);
    const frame = { x, y, width: pixel * columns, height: pixel * rows };
    const transform = `translate(${round(x)} ${round(y)}) scale(${round(pixel)})`;
    const name = names?.[k] ?? String(k), short = shortened(name, side);
    drawn.push(
      element(
        "g",
        { transform, "shape-rendering": "crispEdges" },
        tooltip(name),
        ...layers(pixels, columns, scale, options.limit),
      ),
      element("rect", { class: "grid", fill: "none", stroke: "currentColor", ...frame }),
      ...names
        ? [
          label(
            short,
            x + frame.width / 2,
            y + frame.height + 0.9 * fontSize,
            { "text-anchor": "middle" },
            short === name ? undefined : name,
          ),
        ]
        : [],
    );
  }
  return svgDocument({
    width,
    height: top + Math.ceil(count / perRow) * cellHeight - gap + margin,
    title: options.title,
    description: `${count} images of ${rows} x ${columns} pixels`,
  }, [...title.items, ...drawn]);
}

/** Pixels of one strength are one path of runs: what is drawn most is smallest. */
function layers(
  pixels: ArrayLike<number>,
  columns: number,
  scale: "sequential" | "diverging",
  limit = Array.from(pixels).reduce(
    (most, value) => Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most,
    0,
  ),
): string[] {
  const levelOf = (value: number) => {
    if (!Number.isFinite(value) || limit === 0) return 0;
    const level = Math.round(levels * Math.max(-1, Math.min(1, value / limit)));
    return scale === "sequential" ? Math.max(0, level) : level;
  };
  const paths = new Map<number, string>();
  for (let i = 0; i < pixels.length;) {
    const level = levelOf(pixels[i]), column = i % columns;
    let run = 1;
    while (column + run < columns && levelOf(pixels[i + run]) === level) run++;
    if (level !== 0) {
      paths.set(level, `${paths.get(level) ?? ""}M${column} ${Math.floor(i / columns)}h${run}v1h-${run}z`);
    }
    i += run;
  }
  const colourOf = (level: number): Colour => scale === "sequential" ? "ink" : level < 0 ? "negative" : "positive";
  return [...paths].sort(([a], [b]) => a - b).map(([level, d]) =>
    element("path", { class: colourOf(level), "fill-opacity": String(round(Math.abs(level) / levels)), d })
  );
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function check(
  { data, shape: [count, pixels] }: Matrix,
  { shape: [rows, columns], names, scale, limit, width }: ImagesOptions,
) {
  if (!(count > 0 && pixels > 0) || pixels !== rows * columns || data.length !== count * pixels) {
    throw new ShapeError(
      "images",
      `Cannot draw "images": expected rows of ${rows} x ${columns} pixels, received ${count} x ${pixels}.`,
    );
  }
  if (names && names.length !== count) {
    throw new ShapeError("names", `Cannot draw "images": there are ${count}, but "names" has ${names.length}.`);
  }
  checkShading(scale, limit);
  checkSizes({ width });
}
