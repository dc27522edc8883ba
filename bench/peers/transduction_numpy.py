"""MC-1 of Goldberg and others (2010): features and labels completed by the nuclear norm, with NumPy."""

import time

import numpy
from serve import serve


def mc1(features, labels, items, width, count, held, decay, least, tolerance, inner):
    """Fixed-point continuation; the price is the one with the least error at the held-out features."""
    x = numpy.fromfile(features).reshape(items, width)
    y = numpy.fromfile(labels).reshape(items, count)
    out = numpy.fromfile(held).reshape(items, width) > 0
    started = time.process_time()
    # Held-out features choose the price; the same schedule then runs on all of them.
    chosen = path(numpy.where(out, numpy.nan, x), y, decay, least, tolerance, inner, x, out)[1]
    scores = path(x, y, decay, chosen, tolerance, inner)[0]
    return {"seconds": time.process_time() - started, "scores": scores.ravel().tolist()}


def path(x, y, decay, least, tolerance, inner, truth=None, out=None):
    items, width = x.shape
    seen_x, seen_y = ~numpy.isnan(x), ~numpy.isnan(y)
    target, sign = numpy.where(seen_x, x, 0.0), numpy.where(seen_y, y, 0.0)
    z = numpy.hstack([target, sign, numpy.ones((items, 1))])
    first = numpy.linalg.norm(z, 2)
    # As in published implementations: a step of 3.8 observed labels, or the observed features where that is less.
    step = min(3.8 * seen_y.sum(), seen_x.sum())
    price, best = first / step, (numpy.inf, least)
    while True:
        price = max(price * decay, least)
        for _ in range(inner):
            gradient = numpy.zeros_like(z)
            gradient[:, :width] = numpy.where(seen_x, z[:, :width] - target, 0.0) / seen_x.sum()
            scores = z[:, width:-1]
            gradient[:, width:-1] = -sign / (1 + numpy.exp(numpy.clip(sign * scores, -700, 700))) / seen_y.sum()
            u, s, vt = numpy.linalg.svd(z - step * gradient, full_matrices=False)
            after = (u * numpy.maximum(s - step * price, 0.0)) @ vt
            after[:, -1] = 1.0
            change = numpy.linalg.norm(after - z) / max(1.0, numpy.linalg.norm(z))
            z = after
            if change < tolerance:
                break
        if out is not None:
            error = numpy.sqrt(numpy.mean((z[:, :width] - truth)[out] ** 2))
            if error < best[0]:
                best = (error, price)
            elif price < 0.2 * best[1]:
                break
        if price <= least:
            break
    return z[:, width:-1], best[1]


def ridge(features, labels, items, width, count, penalty):
    """Ridge regression on features filled with zeros, each label by the items that have it."""
    x = numpy.nan_to_num(numpy.fromfile(features).reshape(items, width))
    y = numpy.fromfile(labels).reshape(items, count)
    started = time.process_time()
    scores = numpy.zeros((items, count))
    for l in range(count):
        seen = ~numpy.isnan(y[:, l])
        if not seen.any():
            continue
        mean = y[seen, l].mean()
        centre = x[seen].mean(axis=0)
        a = x[seen] - centre
        weights = numpy.linalg.solve(a.T @ a + penalty * numpy.eye(width), a.T @ (y[seen, l] - mean))
        scores[:, l] = (x - centre) @ weights + mean
    return {"seconds": time.process_time() - started, "scores": scores.ravel().tolist()}


serve({"library": lambda: {"version": numpy.__version__}, "mc1": mc1, "ridge": ridge})
