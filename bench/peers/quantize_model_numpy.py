"""Other ways to quantise a Llama block by block, each written in NumPy from its mathematics.

All walk through the model with two streams of activations, the original X and the quantised X~ [tokens, inputs], and see
a layer's weights W [outputs, inputs], H = X~'X~, C = (X - X~)'X~, and where the layer adds to the residual stream
R = (r - r~)'X~ of that stream before it. Weights are rounded in the order of falling diagonals of H, each error spread
over the columns to come by the inverse of H (Frantar et al. 2023), on grids of min-max ranges or of ranges searched below
them. They differ in what they aim at:

- gptaq (Li et al. 2025): columns move by a term in C as they are rounded, share 1, or the 0.25 of the authors' programs;
- qronos (Zhang et al. 2025): the first column makes up for everything, the others are the least squares solution, and
  from there on errors are spread; hardly damped;
- loaq (Lin & Wan 2025): the least squares weights for the original's output, as far as share says, and for the residual
  stream behind the layer, tokens weighted as the norm behind it does;
- coreq (Cha et al. 2026): a share for each layer, the part of the mismatch X - X~ that lies in the span of X~, as its
  description has it (a geometric decomposition; the formula itself was not at hand), and a beam of 8 roundings a row.
"""

import json

import numpy as np

from serve import serve

beam = 8


def read_model(folder):
    """Configuration and tensors in f64."""
    with open(f"{folder}/config.json") as file:
        config = json.load(file)
    with open(f"{folder}/model.safetensors", "rb") as file:
        raw = file.read()
    start = 8 + int.from_bytes(raw[:8], "little")
    tensors = {}
    for name, entry in json.loads(raw[8:start]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            assert entry["dtype"] == "F32"
            tensors[name] = np.frombuffer(raw[start + begin : start + end], "<f4").reshape(entry["shape"]).astype("f8")
    return config, tensors


def normalize(x, gain, config):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + config["rms_norm_eps"]) * gain


def attend(queries, keys, values, segments, config):
    """Causal attention over each segment of rows, heads of the queries sharing those of keys and values in runs."""
    heads, shared = config["num_attention_heads"], config["num_key_value_heads"]
    size = queries.shape[1] // heads
    out = np.empty_like(queries)
    for begin, end in segments:
        count = end - begin
        angles = np.arange(count)[:, None] * config["rope_theta"] ** (-2 * np.arange(size // 2) / size)
        cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]

        def rotate(x, number):
            x = x[begin:end].reshape(count, number, size)
            left, right = x[..., : size // 2], x[..., size // 2 :]
            return np.concatenate([left * cos - right * sin, right * cos + left * sin], -1)

        q = rotate(queries, heads).transpose(1, 0, 2)
        k = np.repeat(rotate(keys, shared), heads // shared, 1).transpose(1, 2, 0)
        v = np.repeat(values[begin:end].reshape(count, shared, size), heads // shared, 1).transpose(1, 0, 2)
        scores = np.where(np.tri(count, dtype=bool), q @ k / np.sqrt(size), -np.inf)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        out[begin:end] = (scores / scores.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(count, -1)
    return out


def gated(gate, up):
    return gate / (1 + np.exp(-gate)) * up


def walk(model, sequences, solve=None):
    """The last states of the model, or with `solve` its new weights by name."""
    config, tensors = model
    ends = np.cumsum([0] + [len(tokens) for tokens in sequences])
    segments = list(zip(ends[:-1], ends[1:]))
    new = {}
    states = [tensors["model.embed_tokens.weight"][np.concatenate(sequences)].copy()] * (2 if solve else 1)

    def apply(names, inputs, residuals=None):
        """What the layers make of the inputs of each stream; the last stream is that of the new weights."""
        if solve:
            for name in names:
                new[name] = solve(tensors[name], *inputs, residuals)
        streams = [tensors] if not solve else [tensors, new]
        return [[x @ weights[name].T for name in names] for x, weights in zip(inputs, streams)]

    for block in range(config["num_hidden_layers"]):
        name = lambda part: f"model.layers.{block}.{part}.weight"
        norms = lambda part: [normalize(x, tensors[name(part)], config) for x in states]
        heads = apply([name(f"self_attn.{part}_proj") for part in "qkv"], norms("input_layernorm"))
        attended = [attend(*parts, segments, config) for parts in heads]
        added = apply([name("self_attn.o_proj")], attended, states)
        states = [x + more for x, (more,) in zip(states, added)]
        wide = apply([name("mlp.gate_proj"), name("mlp.up_proj")], norms("post_attention_layernorm"))
        added = apply([name("mlp.down_proj")], [gated(*parts) for parts in wide], states)
        states = [x + more for x, (more,) in zip(states, added)]
    return new if solve else states[0]


def perplexity(model, sequences):
    config, tensors = model
    states = normalize(walk(model, sequences), tensors["model.norm.weight"], config)
    logits = states @ tensors.get("lm_head.weight", tensors["model.embed_tokens.weight"]).T
    logits -= logits.max(-1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    ends = np.cumsum([len(tokens) for tokens in sequences])
    places = np.setdiff1d(np.arange(ends[-1]), ends - 1)
    return float(np.exp(-logits[places, np.concatenate(sequences)[places + 1]].mean()))


class Grid:
    """Asymmetric grids of the rows, which hold zero: of their range, or of the share of it that rounds best by H."""

    def __init__(self, weights, bits, diagonal=None):
        self.top = 2**bits - 1
        low, high = np.minimum(weights.min(1), 0), np.maximum(weights.max(1), 0)
        widest = (high - low) / self.top
        widest[widest == 0] = 1
        self.zero, self.scale = np.round(-low / widest), widest.copy()
        if diagonal is None:
            return
        least = np.full(len(weights), np.inf)
        best = self.scale.copy()
        for share in np.linspace(1, 0.4, 25):
            self.scale = share * widest
            loss = ((weights - self.round(weights.T).T) ** 2 * diagonal).sum(1)
            better = loss < least
            least[better], best[better] = loss[better], self.scale[better]
        self.scale = best

    def level(self, code):
        return self.scale * (np.clip(code, 0, self.top) - self.zero)

    def round(self, column):
        return self.level(np.round(column / self.scale) + self.zero)


def damped(h, damping):
    return h + damping * h.diagonal().mean() * np.eye(len(h))


def spread(weights, h, grid, damping, move=None):
    """Rounds columns in turn, largest diagonal first; `move(factor, order)` adds to columns that are rounded."""
    order = np.argsort(-h.diagonal(), kind="stable")
    factor = np.linalg.cholesky(np.linalg.inv(damped(h, damping)[np.ix_(order, order)])).T
    left, rounded = weights[:, order].copy(), np.empty_like(weights)
    moves = None if move is None else move(factor, order)
    for j in range(len(h)):
        column = left[:, j].copy()
        rounded[:, order[j]] = value = grid.round(column)
        left[:, j:] -= np.outer((column - value) / factor[j, j], factor[j, j:])
        if moves is not None:
            left[:, j:] += np.outer(column, moves[j, j:])
    return rounded


def spread_beam(weights, h, grid, damping):
    """The same, of each row the best of a beam of partial roundings, two values a column."""
    order = np.argsort(-h.diagonal(), kind="stable")
    factor = np.linalg.cholesky(np.linalg.inv(damped(h, damping)[np.ix_(order, order)])).T
    rows, columns = weights.shape
    left, chosen = weights[:, None, order].copy(), np.empty((rows, 1, columns))
    cost = np.zeros((rows, 1))
    scale, zero = grid.scale[:, None], grid.zero[:, None]
    for j in range(columns):
        real = left[:, :, j] / scale + zero
        near = np.clip(np.round(real), 0, grid.top)
        other = np.clip(near + np.where(real > near, 1, -1), 0, grid.top)
        values = scale[..., None] * (np.stack([near, other], -1) - zero[..., None])
        errors = (left[:, :, j, None] - values) / factor[j, j]
        total = cost[..., None] + errors**2
        total[..., 1][near == other] = np.inf
        total = total.reshape(rows, -1)
        best = np.argsort(total, 1, kind="stable")[:, :beam]
        pick = lambda array: np.take_along_axis(array.reshape(rows, -1), best, 1)
        parents = best // 2
        cost = np.take_along_axis(total, best, 1)
        left = np.take_along_axis(left, parents[..., None], 1)
        chosen = np.take_along_axis(chosen, parents[..., None], 1)
        chosen[:, :, j] = pick(values)
        left[:, :, j:] -= pick(errors)[..., None] * factor[j, j:]
    winner = np.argmin(cost, 1)
    rounded = np.empty_like(weights)
    rounded[:, order] = chosen[np.arange(rows), winner]
    return rounded


def solver(method, bits, searched, share):
    """What makes new weights of a layer, its inputs in both streams, and the residual streams where it adds to them."""

    def solve(weights, original, quantized, residuals):
        h, c = quantized.T @ quantized, (original - quantized).T @ quantized
        grid = Grid(weights, bits, h.diagonal() if searched else None)
        if method == "gptaq":

            def move(factor, order):
                return share * np.triu(c[np.ix_(order, order)] @ factor.T, 1) @ factor

            return spread(weights, h, grid, 0.01, move)
        if method == "qronos":
            return qronos(weights, h, c, grid)
        if method == "loaq":
            target = share * weights @ c
            if residuals:
                tokens = 1 / np.sqrt((residuals[1] ** 2).mean(1, keepdims=True))
                near, apart = quantized * tokens, (original - quantized) * tokens
                h = near.T @ near
                target = share * (weights @ (apart.T @ near) + ((residuals[0] - residuals[1]) * tokens).T @ near)
            return spread(weights + np.linalg.solve(damped(h, 0.01), target.T).T, h, grid, 0.01)
        apart = ((original - quantized) ** 2).sum()
        part = np.trace(c @ np.linalg.solve(damped(h, 0.01), c.T)) / apart if apart > 0 else 0
        target = part * weights @ c
        return spread_beam(weights + np.linalg.solve(damped(h, 0.01), target.T).T, h, grid, 0.01)

    return solve


def qronos(weights, h, c, grid):
    order = np.argsort(-h.diagonal(), kind="stable")
    first, rest = order[0], order[1:]
    wanted = weights @ (h + c)
    others = weights[:, rest] @ h[rest, first]
    rounded = np.empty_like(weights)
    rounded[:, first] = grid.round((wanted[:, first] - others) / h[first, first])
    remaining = h[np.ix_(rest, rest)]
    small = 1e-6 * np.linalg.eigvalsh(h)[-1]
    target = wanted[:, rest] - np.outer(rounded[:, first], h[first, rest]) + small * weights[:, rest]
    solution = np.linalg.solve(remaining + small * np.eye(len(rest)), target.T).T
    rounded[:, rest] = spread(solution, remaining, grid, small / remaining.diagonal().mean())
    return rounded


def run(folder, calibration, evaluation, method, bits, searched, share):
    """The perplexity on the evaluation after the model was quantised on the calibration, both lists of tokens."""
    config, tensors = read_model(folder)
    if method == "none":
        return {"perplexity": perplexity((config, tensors), evaluation)}
    new = walk((config, tensors), calibration, solver(method, bits, searched, share))
    return {"perplexity": perplexity((config, {**tensors, **new}), evaluation)}


if __name__ == "__main__":
    serve({"run": run})
