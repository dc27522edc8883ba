import { fitsPattern } from "../solvers/core/names.ts";

/** The names that a pattern means: "all", a name, or a name in which `*` stands for any part. */
export function matchNames(names: readonly string[], pattern: string): string[] {
  return pattern === "all" ? [...names] : names.filter((name) => fitsPattern(pattern, name));
}

/** The name under which a layer's Gram matrix or activations stand: the layer's own, or one with another ending. */
export function statisticsName(layer: string, names: readonly string[]): string | undefined {
  const stem = layer.replace(/\.weight$/, "");
  const endings = [".gram", ".activations", ".inputs"];
  return [layer, ...endings.map((ending) => stem + ending), ...endings.map((ending) => layer + ending), stem]
    .find((name) => names.includes(name));
}
