"""Factorisations: scikit-learn's NMF, and two algorithms for sparse NMF with archetypal regularisation in NumPy.

`authors` is Algorithm 1 of Behdin and Mazumder (2024) with the steps 1 / L of their code: block proximal gradients, one
step a block; spectral norms come from small Gram matrices. `same` is the algorithm of this library, written again.
"""

import time

import numpy as np
from sklearn import __version__ as version
from sklearn.decomposition import NMF
from sklearn.decomposition._nmf import _initialize_nmf

from serve import serve


def load(path, rows, dtype):
    return np.fromfile(path, dtype=dtype).reshape(rows, -1)


def start(X, rows, dtype, rank, W, H):
    """The start of scikit-learn, written to the files `W` and `H`."""
    left, right = _initialize_nmf(load(X, rows, dtype), rank, init="nndsvda", random_state=0)
    left.astype(dtype).tofile(W)
    right.astype(dtype).tofile(H)
    return {"version": version}


def nmf(X, rows, dtype, rank, W, H, iterations, rounds):
    X, W, H = load(X, rows, dtype), load(W, rows, dtype), load(H, rank, dtype)
    times = []
    for _ in range(rounds):
        model = NMF(rank, init="custom", solver="cd", tol=0, max_iter=iterations)
        begin = time.process_time()
        weights = model.fit_transform(X, W=W.copy(), H=H.copy())
        times.append(time.process_time() - begin)
    rest = X.astype(np.float64) - weights.astype(np.float64) @ model.components_.astype(np.float64)
    return {"seconds": min(times), "relativeError": float(np.linalg.norm(rest) / np.linalg.norm(X.astype(np.float64)))}


def onto_simplex(X):
    """Rows onto the simplex, by sorting."""
    n = X.shape[1]
    ordered = -np.sort(-X, axis=1)
    sums = np.cumsum(ordered, axis=1) - 1
    count = np.sum(ordered * np.arange(1, n + 1) > sums, axis=1)
    return np.maximum(X - (sums[np.arange(len(X)), count - 1] / count)[:, None], 0)


def largest_entries(H, keep):
    """Of equal entries the first ones."""
    if keep >= H.size:
        return H
    flat = H.ravel().copy()
    if keep < H.size:
        flat[np.argsort(-flat, kind="stable")[keep:]] = 0
    return flat.reshape(H.shape)


def objective(X, H, W, V, price):
    return float(np.sum((X - W @ H) ** 2) + price * np.sum((H - V @ X) ** 2))


def authors(X, rows, rank, price, keep, iterations):
    X = load(X, rows, np.float64)
    H, W, V = largest_entries(X[:rank].copy(), keep), np.full((rows, rank), 1 / rank), np.eye(rank, rows)
    begin = time.process_time()
    square = np.linalg.eigvalsh(X @ X.T)[-1]
    trace, times = [objective(X, H, W, V, price)], [0]
    for _ in range(iterations):
        length = 2 * (price + np.linalg.eigvalsh(W.T @ W)[-1])
        gradient = -W.T @ (X - W @ H) + price * (H - V @ X)
        H = largest_entries(np.maximum(H - 2 / length * gradient, 0), keep)
        length = 2 * max(np.linalg.eigvalsh(H @ H.T)[-1], 1e-8)
        W = onto_simplex(W - 2 / length * ((W @ H - X) @ H.T))
        V = onto_simplex(V - 1 / square * ((V @ X - H) @ X.T))
        trace.append(objective(X, H, W, V, price))
        times.append(time.process_time() - begin)
    return {"trace": trace, "seconds": times}


def centred_eigenvalue(M):
    n = len(M)
    P = np.eye(n) - 1 / n
    return np.linalg.eigvalsh(P @ M @ P)[-1]


def accelerated(x, M, p, length, steps):
    """Projected gradients on rows, each with its momentum, which begins again where a step does not improve."""
    q = x @ M
    before, image_before, t = x, q, np.ones(len(x))
    for _ in range(steps):
        following = (1 + np.sqrt(1 + 4 * t * t)) / 2
        beta = ((t - 1) / following)[:, None]
        z = onto_simplex(x + beta * (x - before) - (q + beta * (q - image_before) - p) / length)
        image = z @ M
        slope = image - p + (q - p)
        change = np.sum((z - x) * (slope - np.sum(x * slope, axis=1)[:, None]), axis=1)
        better = (change <= 0)[:, None]
        before, image_before = x, q
        x, q = np.where(better, z, x), np.where(better, image, q)
        t = np.where(better[:, 0], following, 1)
    return x


def same(X, rows, rank, price, keep, iterations, steps):
    X = load(X, rows, np.float64)
    K = X @ X.T
    H, W, V = largest_entries(X[:rank].copy(), keep), np.full((rows, rank), 1 / rank), np.eye(rank, rows)
    of_samples = 1.05 * centred_eigenvalue(K)
    V = accelerated(V, K, H @ X.T, of_samples, 200)
    trace = [objective(X, H, W, V, price)]
    for _ in range(iterations):
        S, R = W.T @ W + price * np.eye(rank), (W.T + price * V) @ X
        if keep < H.size:
            H = largest_entries(np.maximum(H + (R - S @ H) / np.linalg.eigvalsh(S)[-1], 0), keep)
        support = H > 0 if keep < H.size else np.ones(H.shape, bool)
        for _ in range(steps):
            for j in range(rank):
                H[j] = np.where(support[j], np.maximum(0, H[j] + (R[j] - S[j] @ H) / S[j, j]), 0)
                support[j] &= (H[j] > 0) | (keep >= H.size)
        P, G = X @ H.T, H @ H.T
        W = accelerated(W, G, P, 1.01 * centred_eigenvalue(G), steps)
        V = accelerated(V, K, P.T, of_samples, steps)
        trace.append(objective(X, H, W, V, price))
    return {"trace": trace}


if __name__ == "__main__":
    serve({"start": start, "nmf": nmf, "authors": authors, "same": same})
