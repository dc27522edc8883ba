import type { DualPoint } from "../l0/node_certificate.ts";

/**
 * The dual points `nu_i = 2 r_i / t_ii` of nodes of small graphs from the rows of `S`, in plain f64: O((2 edges + vertices)
 * vertices) each, for the nonzero edges of the node.
 *
 * @param gram `S` [vertices, vertices], checked against the samples.
 */
export function createDualPoints(
  gram: Float64Array,
  vertices: number,
): (edges: Uint32Array, values: Float64Array, diagonal: Float64Array) => DualPoint {
  const edgeCount = vertices * (vertices - 1) / 2;
  const first = new Uint32Array(edgeCount), second = new Uint32Array(edgeCount);
  for (let i = 0, edge = 0; i < vertices; i++) {
    for (let j = i + 1; j < vertices; j++, edge++) [first[edge], second[edge]] = [i, j];
  }
  const gradient = new Float64Array(edgeCount), inverses = new Float64Array(vertices);
  // The rows of `T` one after the other, each with its diagonal first; and `T S`.
  const starts = new Uint32Array(vertices + 1), next = new Uint32Array(vertices);
  const columns = new Uint32Array(vertices * vertices), factors = new Float64Array(vertices * vertices);
  const products = new Float64Array(vertices * vertices);

  function gather(edges: Uint32Array, values: Float64Array, diagonal: Float64Array): void {
    starts.fill(1);
    starts[0] = 0;
    for (let k = 0; k < edges.length; k++) {
      starts[first[edges[k]] + 1]++;
      starts[second[edges[k]] + 1]++;
    }
    for (let i = 0; i < vertices; i++) {
      const at = starts[i];
      columns[at] = i;
      factors[at] = diagonal[i];
      next[i] = at + 1;
      starts[i + 1] += at;
    }
    for (let k = 0; k < edges.length; k++) {
      const i = first[edges[k]], j = second[edges[k]], forward = next[i]++, back = next[j]++;
      columns[forward] = j;
      columns[back] = i;
      factors[forward] = factors[back] = values[k];
    }
  }

  return (edges, values, diagonal) => {
    gather(edges, values, diagonal);
    let value = vertices, size = vertices, dataTerm = 0;
    for (let i = 0; i < vertices; i++) {
      const begin = starts[i], end = starts[i + 1], row = i * vertices;
      mixRows(products, row, gram, vertices, columns, factors, begin, end);
      let norm = 0;
      for (let at = begin; at < end; at++) norm += factors[at] * products[row + columns[at]];
      const inverse = 1 / diagonal[i];
      const argument = inverse * (2 * products[row + i] - norm * inverse);
      const term = argument > 0 ? Math.log(argument) : -Infinity;
      value += term;
      dataTerm += norm * inverse - Math.log(diagonal[i]);
      size += Math.abs(term);
      inverses[i] = 2 * inverse;
    }
    for (let i = 0, edge = 0; i < vertices; i++) {
      const factor = inverses[i], row = i * vertices;
      for (let j = i + 1; j < vertices; j++, edge++) {
        gradient[edge] = factor * products[row + j] + inverses[j] * products[j * vertices + i];
      }
    }
    return { value, size, dataTerm, gradient };
  };
}

/** Row `at` of `T S` from the row of `T` in `[begin, end)`, four terms at a time, so that the sums are read less. */
function mixRows(
  products: Float64Array,
  at: number,
  gram: Float64Array,
  vertices: number,
  columns: Uint32Array,
  factors: Float64Array,
  begin: number,
  end: number,
): void {
  const whole = begin + ((end - begin) & ~3), last = at + vertices;
  products.fill(0, at, last);
  for (let k = begin; k < whole; k += 4) {
    const s = factors[k], t = factors[k + 1], u = factors[k + 2], v = factors[k + 3];
    let a = columns[k] * vertices, b = columns[k + 1] * vertices;
    let c = columns[k + 2] * vertices, d = columns[k + 3] * vertices;
    for (let i = at; i < last; i++) {
      products[i] += s * gram[a++] + t * gram[b++] + (u * gram[c++] + v * gram[d++]);
    }
  }
  for (let k = whole; k < end; k++) {
    const factor = factors[k];
    let a = columns[k] * vertices;
    for (let i = at; i < last; i++) products[i] += factor * gram[a++];
  }
}
