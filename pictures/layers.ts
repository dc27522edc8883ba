/** The layers of a quantised model. @module */

import { DataError } from "../solvers/core/errors.ts";
import { numberFormat } from "./axes.ts";
import { checkLengths, checkSizes } from "./checks.ts";
import {
  element,
  fontSize,
  heading,
  label,
  lineHeight,
  margin,
  shortened,
  svgDocument,
  textWidth,
  tooltip,
} from "./svg.ts";

/** What is drawn of a layer; the layers of a report are such. */
export interface DrawnLayer {
  /** Name of the layer: what follows its block in it, such as `mlp.down_proj`, is its kind. */
  readonly name: string;
  /** The block it belongs to, from 0. */
  readonly block: number;
  /** Bits of a code. */
  readonly bits: number;
  /** Relative error of its output, >= 0. */
  readonly relativeError: number;
}

/** How {@linkcode drawLayers} draws. */
export interface LayersOptions {
  /** Title above the picture, and its name for screen readers. @default "Relative error of each layer, by block" */
  readonly title?: string;
  /** Width of the picture, >= 240. @default 640 */
  readonly width?: number;
}

const stripHeight = 44, stripGap = 10, kindWidth = 180;

/**
 * Relative errors of the layers of a model as columns: a strip for each kind of layer, a column for each block, all on one
 * scale from zero, as a standalone SVG document for light and dark. Where layers have several widths, each column tells
 * its bits; at the end of a strip stands its mean. Layers whose error is not finite have no column. O(layers).
 *
 * @throws {ShapeError} when there are no layers
 * @throws {OptionError} when the picture is too narrow
 * @throws {DataError} for a block that is no whole number from 0
 *
 * @example
 * ```ts
 * import { drawLayers } from "@minima/minima/pictures";
 * const picture = drawLayers([
 *   { name: "model.layers.0.mlp.up_proj", block: 0, bits: 3, relativeError: 0.02 },
 *   { name: "model.layers.1.mlp.up_proj", block: 1, bits: 4, relativeError: 0.005 },
 * ]);
 * if (!picture.includes("model.layers.1.mlp.up_proj: 0.005, 4 bits")) throw new Error("a layer");
 * ```
 */
export function drawLayers(layers: readonly DrawnLayer[], options: LayersOptions = {}): string {
  const { title = "Relative error of each layer, by block", width = 640 } = options;
  checkLengths("layers", layers, {});
  checkSizes({ width });
  for (const { name, block } of layers) {
    if (Number.isSafeInteger(block) && block >= 0) continue;
    throw new DataError(
      "layers",
      `Cannot draw "layers": ${name} is of block ${block}; expected a whole number from 0.`,
    );
  }
  const kinds = new Map<string, DrawnLayer[]>();
  for (const layer of layers) kinds.set(kindOf(layer), [...kinds.get(kindOf(layer)) ?? [], layer]);
  const blocks = layers.reduce((most, { block }) => Math.max(most, block), 0) + 1;
  const most = finiteErrors(layers).reduce((most, error) => Math.max(most, error), 0) || 1;
  const mixed = new Set(layers.map(({ bits }) => bits)).size > 1;
  const write = (value: number) => numberFormat([value])(Number(value.toPrecision(3)));

  const nameWidth = Math.min(Math.max(...[...kinds.keys()].map(textWidth)), kindWidth, 0.35 * width);
  const means = new Map([...kinds].map(([kind, members]) => [kind, write(meanOf(members))]));
  const left = margin + nameWidth + 8;
  const right = width - margin - Math.max(textWidth("mean"), ...[...means.values()].map(textWidth)) - 8;
  const step = Math.max(right - left, 40) / blocks, head = heading(title, margin, width - 2 * margin);
  const top = head.height + lineHeight, height = stripHeight + stripGap + (mixed ? fontSize : 0);
  const strips = [...kinds].map(([kind, members], row) => {
    const base = top + (row + 1) * height, short = shortened(kind, nameWidth);
    const columns = members.map(({ name, block, bits, relativeError }) => {
      if (!(relativeError >= 0 && relativeError < Infinity)) return "";
      const x = left + (block + 0.1) * step, tall = Math.max(1, stripHeight * relativeError / most);
      const column = element(
        "rect",
        { class: "positive", x, y: base - tall, width: Math.max(0.8 * step, 1), height: tall },
        tooltip(`${name}: ${write(relativeError)}, ${bits} bits`),
      );
      if (!mixed || step < textWidth(String(bits))) return column;
      return column + label(String(bits), left + (block + 0.5) * step, base - tall - 0.6 * fontSize, {
        class: "muted",
        "text-anchor": "middle",
        "font-size": 10,
      });
    });
    return [
      label(short, left - 8, base - stripHeight / 2, { "text-anchor": "end" }, short === kind ? undefined : kind),
      element("line", { class: "grid", stroke: "currentColor", x1: left, x2: right, y1: base, y2: base }),
      ...columns,
      label(means.get(kind)!, width - margin, base - stripHeight / 2, { class: "muted", "text-anchor": "end" }),
    ].join("");
  });
  const bottom = top + kinds.size * height;
  let free = -Infinity;
  const numbers = Array.from({ length: blocks }, (_, block) => {
    const x = left + (block + 0.5) * step, half = textWidth(String(block)) / 2;
    if (x - half < free) return "";
    free = x + half + 6;
    return label(String(block), x, bottom + fontSize, { class: "muted", "text-anchor": "middle" });
  });
  const worst = layers.find(({ relativeError }) => relativeError === most);
  return svgDocument({
    width,
    height: bottom + 2 * lineHeight + margin / 2,
    title,
    description: `${layers.length} layers of ${blocks} blocks` +
      (worst ? `; the largest is ${worst.name}, ${write(most)}` : ""),
  }, [
    ...head.items,
    label("mean", width - margin, head.height + 0.6 * lineHeight, { class: "muted", "text-anchor": "end" }),
    ...strips,
    ...numbers,
    label("block", (left + right) / 2, bottom + fontSize + lineHeight, { "text-anchor": "middle" }),
  ]);
}

/** What follows the number of the block in a name. */
function kindOf({ name, block }: DrawnLayer): string {
  const at = name.indexOf(`.${block}.`);
  return at < 0 ? name : name.slice(at + String(block).length + 2);
}

function finiteErrors(layers: readonly DrawnLayer[]): number[] {
  return layers.map(({ relativeError }) => relativeError).filter((error) => error >= 0 && error < Infinity);
}

function meanOf(layers: readonly DrawnLayer[]): number {
  const errors = finiteErrors(layers);
  return errors.reduce((sum, error) => sum + error, 0) / Math.max(1, errors.length);
}
