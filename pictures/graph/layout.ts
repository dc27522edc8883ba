/** Where to draw the vertices of a graph: components by stress majorization, boxes apart, isolated vertices below. */

import { createRandom } from "../../solvers/core/random.ts";

/** A box with its centre. */
export interface Box {
  x: number;
  y: number;
  readonly width: number;
  readonly height: number;
}

/** An edge to draw: its ends and the distance that they should have. */
export interface Link {
  readonly ends: readonly [number, number];
  readonly length: number;
}

/** Places of all vertices, and the size of the whole. */
export interface Layout {
  readonly boxes: readonly Box[];
  readonly width: number;
  readonly height: number;
}

/** Space between boxes, and between components. */
const gap = 8, componentGap = 40;
const starts = 4, sweeps = 300;

/**
 * Places boxes of given sizes. The same input gives the same places. O(vertices^2) a sweep of each component.
 *
 * @param components Vertices of each connected component.
 */
export function layoutGraph(
  sizes: readonly { readonly width: number; readonly height: number }[],
  links: readonly Link[],
  components: readonly (readonly number[])[],
): Layout {
  const boxes: Box[] = sizes.map((size) => ({ x: 0, y: 0, ...size }));
  const neighbours: { to: number; length: number }[][] = sizes.map(() => []);
  for (const { ends: [i, j], length } of links) {
    neighbours[i].push({ to: j, length });
    neighbours[j].push({ to: i, length });
  }
  const joined = components.filter(({ length }) => length > 1);
  for (const component of joined) {
    placeComponent(component, neighbours).forEach(([x, y], at) => Object.assign(boxes[component[at]], { x, y }));
    separate(component.map((i) => boxes[i]));
  }
  const blocks = joined.map((component) => component.map((i) => boxes[i]));
  const area = blocks.reduce((sum, block) => sum + extent(block).width * extent(block).height, 0);
  const widest = Math.max(0, ...blocks.map((block) => extent(block).width));
  const limit = Math.max(widest, 1.3 * Math.sqrt(area), 480);
  blocks.sort((a, b) => extent(b).height - extent(a).height);
  const bottom = shelve(blocks, limit, componentGap, 0);
  const alone = components.filter(({ length }) => length === 1).map(([i]) => [boxes[i]]);
  const below = blocks.length > 0 && alone.length > 0 ? bottom + componentGap : bottom;
  const height = shelve(alone, limit, gap, below);
  const width = Math.max(0, ...boxes.map(({ x, width }) => x + width / 2));
  return { boxes, width, height };
}

/** Rows of blocks from `top` down, none wider than `limit`; the bottom of the last. */
function shelve(blocks: readonly (readonly Box[])[], limit: number, space: number, top: number): number {
  let x = 0, y = top, bottom = top;
  for (const block of blocks) {
    const { left, top: upper, width, height } = extent(block);
    if (x > 0 && x + width > limit) [x, y] = [0, bottom + space];
    for (const box of block) {
      box.x += x - left;
      box.y += y - upper;
    }
    x += width + space;
    bottom = Math.max(bottom, y + height);
  }
  return bottom;
}

function extent(boxes: readonly Box[]): { left: number; top: number; width: number; height: number } {
  const left = Math.min(...boxes.map(({ x, width }) => x - width / 2));
  const top = Math.min(...boxes.map(({ y, height }) => y - height / 2));
  return {
    left,
    top,
    width: Math.max(...boxes.map(({ x, width }) => x + width / 2)) - left,
    height: Math.max(...boxes.map(({ y, height }) => y + height / 2)) - top,
  };
}

type Point = [x: number, y: number];

/** The start of least stress, turned so that it is wider than high. */
function placeComponent(
  component: readonly number[],
  neighbours: readonly { to: number; length: number }[][],
): Point[] {
  const distances = component.map((from) => distancesFrom(from, neighbours));
  const between = (a: number, b: number) => distances[a].get(component[b])!;
  const size = component.length;
  let best: { points: Point[]; stress: number } | undefined;
  for (let seed = 0; seed < (size > 150 ? 1 : starts); seed++) {
    const random = createRandom(seed), spread = 60 * Math.sqrt(size);
    const points = component.map((): Point => [spread * random.uniform(), spread * random.uniform()]);
    const stress = majorize(points, between);
    if (best === undefined || stress < best.stress) best = { points, stress };
  }
  return turned(best!.points);
}

/** Shortest paths along the links (Dijkstra 1959), over an unsorted frontier: components are small. */
function distancesFrom(from: number, neighbours: readonly { to: number; length: number }[][]): Map<number, number> {
  const done = new Map<number, number>(), open = new Map([[from, 0]]);
  while (open.size > 0) {
    let nearest = -1, least = Infinity;
    for (const [vertex, distance] of open) if (distance < least) [nearest, least] = [vertex, distance];
    open.delete(nearest);
    done.set(nearest, least);
    for (const { to, length } of neighbours[nearest]) {
      if (!done.has(to)) open.set(to, Math.min(open.get(to) ?? Infinity, least + length));
    }
  }
  return done;
}

/**
 * Moves each point in turn to the minimum of a majorant of the stress `sum (|p_i - p_j| - d_ij)^2 / d_ij^2`, which
 * never rises (Gansner, Koren & North 2004).
 */
function majorize(points: Point[], between: (i: number, j: number) => number): number {
  const stress = () => {
    let sum = 0;
    for (let i = 0; i < points.length; i++) {
      for (let j = 0; j < i; j++) sum += (lengthOf(points[i], points[j]) / between(i, j) - 1) ** 2;
    }
    return sum;
  };
  let previous = stress();
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (let i = 0; i < points.length; i++) {
      let x = 0, y = 0, weights = 0;
      for (let j = 0; j < points.length; j++) {
        if (i === j) continue;
        const wanted = between(i, j), weight = 1 / (wanted * wanted);
        const scale = wanted / Math.max(lengthOf(points[i], points[j]), 1e-9);
        x += weight * (points[j][0] + scale * (points[i][0] - points[j][0]));
        y += weight * (points[j][1] + scale * (points[i][1] - points[j][1]));
        weights += weight;
      }
      points[i] = [x / weights, y / weights];
    }
    const now = stress();
    if (previous - now <= 1e-5 * previous) return now;
    previous = now;
  }
  return previous;
}

function lengthOf([a, b]: Point, [c, d]: Point): number {
  return Math.sqrt((a - c) ** 2 + (b - d) ** 2);
}

/** The points with their principal axis level. */
function turned(points: readonly Point[]): Point[] {
  const middle = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  let xx = 0, xy = 0, yy = 0;
  for (const [x, y] of points) {
    xx += (x - middle[0]) ** 2;
    xy += (x - middle[0]) * (y - middle[1]);
    yy += (y - middle[1]) ** 2;
  }
  const angle = Math.atan2(2 * xy, xx - yy) / 2, cosine = Math.cos(angle), sine = Math.sin(angle);
  return points.map(([x, y]) => [
    cosine * (x - middle[0]) + sine * (y - middle[1]),
    cosine * (y - middle[1]) - sine * (x - middle[0]),
  ]);
}

/** Pushes boxes that overlap apart, along the axis on which they overlap less. */
function separate(boxes: readonly Box[]): void {
  for (let pass = 0; pass < 200; pass++) {
    let moved = false;
    for (let i = 0; i < boxes.length; i++) {
      for (let j = 0; j < i; j++) {
        const a = boxes[i], b = boxes[j];
        const across = (a.width + b.width) / 2 + gap - Math.abs(a.x - b.x);
        const down = (a.height + b.height) / 2 + gap - Math.abs(a.y - b.y);
        if (across <= 0.1 || down <= 0.1) continue;
        moved = true;
        const axis = across < down ? "x" : "y", push = Math.min(across, down) / 2;
        const sign = a[axis] < b[axis] ? -1 : 1;
        a[axis] += sign * push;
        b[axis] -= sign * push;
      }
    }
    if (!moved) return;
  }
}
