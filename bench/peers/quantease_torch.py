"""QuantEase in PyTorch: the accelerated coordinate descent of the paper (its Algorithm 2), written from the mathematics.

For weights W (q x p) and the Gram matrix S of the inputs (p x p), with N the matrix S whose column j is divided by
S[j, j], a pass visits the columns in turn; the best value of column j with the others fixed is

    (W N)[:, j] - sum over k != j of What[:, k] N[k, j],

which is rounded to the grid of its row, or in relaxed passes kept as it is. One product at the head of the pass stands
for the sum over the old columns; what earlier columns of the pass have changed since enters by a product of their
changes with the head of column j. All matrices are held transposed, so that columns are contiguous and this is a
matrix-vector product over contiguous memory.
"""

import time

import numpy as np
import torch

from serve import serve

torch.set_num_threads(1)
layers = []


def grid(weights, bits):
    """Asymmetric minimum-maximum grid of each row, which always holds zero."""
    low = weights.min(dim=1).values.clamp(max=0)
    high = weights.max(dim=1).values.clamp(min=0)
    empty = (low == 0) & (high == 0)
    low[empty], high[empty] = -1, 1
    scale = (high - low) / (2**bits - 1)
    return scale, torch.round(-low / scale)


def quantease(weights, gram, bits, passes):
    """The quantised weights after `passes` passes; every third is relaxed, the last one never."""
    scale, zero = grid(weights, bits)
    top = 2**bits - 1

    def rounded(column):
        return scale * (torch.clamp(torch.round(column / scale) + zero, 0, top) - zero)

    normalized = gram / gram.diagonal()
    target = (weights @ normalized).T.contiguous()
    normalized.fill_diagonal_(0)
    normalized = normalized.T.contiguous()
    current = weights.T.contiguous()
    for t in range(passes):
        relaxed = t % 3 == 1 and t != passes - 1
        changes = current.clone()
        residual = target - normalized @ changes
        for j in range(gram.shape[0]):
            column = residual[j]
            if j > 0:
                column = column + normalized[j, :j] @ changes[:j]
            if not relaxed:
                column = rounded(column)
            current[j] = column
            changes[j] -= column
    return current.T


def prepare(weights, gram, rows, columns, device="cpu"):
    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("PyTorch has no CUDA device")
    layers.append((
        torch.from_numpy(np.fromfile(weights, dtype="float32").reshape(rows, columns)).to(device),
        torch.from_numpy(np.fromfile(gram, dtype="float32").reshape(columns, columns)).to(device),
    ))
    name = torch.cuda.get_device_name() if device == "cuda" else "1 thread"
    return {"index": len(layers) - 1, "version": torch.__version__, "device": name}


def clock(device):
    """CPU time where the work is the process's own; on a device, wall-clock time once it is idle."""
    if device.type == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def run(index, bits, passes):
    weights, gram = layers[index]
    begin = clock(weights.device)
    quantized = quantease(weights, gram, bits, passes)
    elapsed = clock(weights.device) - begin
    W, S, What = (matrix.double() for matrix in (weights, gram, quantized))
    error = (((What - W) @ S) * (What - W)).sum() / ((W @ S) * W).sum()
    return {"seconds": elapsed, "relativeError": float(error)}


if __name__ == "__main__":
    serve({"prepare": prepare, "run": run})
