"""Smoothed rank completion by a full SVD each step, with NumPy."""

import time

import numpy
from serve import serve


def solve(whole, mask, rows, columns, widths, steps):
    matrix = numpy.fromfile(whole).reshape(rows, columns)
    seen = numpy.fromfile(mask).reshape(rows, columns) > 0
    started = time.process_time()
    x = numpy.where(seen, matrix, 0.0)
    y = numpy.zeros_like(x)
    largest = widths[0] / 4
    for width, count in zip(widths, steps):
        for _ in range(count):
            u, s, vt = numpy.linalg.svd(x, full_matrices=False)
            before, y = y, (u * (s * -numpy.expm1(-(s * s) / (2 * width * width)))) @ vt
            momentum = 0.7 if width < largest else 0.0
            x = numpy.where(seen, matrix, y + momentum * (y - before))
    seconds = time.process_time() - started
    return {"seconds": seconds, "relative": float(numpy.linalg.norm(y - matrix) / numpy.linalg.norm(matrix))}


def als(rows, columns, values, test_rows, test_columns, test_values, shape, middle, rank, ridge, sweeps, offsets):
    """Alternating ridge regressions; weights of the ridge by the entries of each row and column."""
    i = numpy.fromfile(rows).astype(int)
    j = numpy.fromfile(columns).astype(int)
    v = numpy.fromfile(values)
    m, n = shape
    generator = numpy.random.default_rng(0)
    mean = v.mean() if offsets else 0.0
    left = 0.1 * generator.standard_normal((m, rank + 1))
    right = 0.1 * generator.standard_normal((n, rank + 1))
    if offsets:
        left[:, -1] = right[:, -1] = 0
    row_offsets, column_offsets = numpy.zeros(m), numpy.zeros(n)
    started = time.process_time()
    for _ in range(sweeps):
        for own, other, mine, theirs, a, b in (
            (i, j, left, right, row_offsets, column_offsets),
            (j, i, right, left, column_offsets, row_offsets),
        ):
            order = numpy.argsort(own, kind="stable")
            ends = numpy.searchsorted(own[order], numpy.arange(len(mine) + 1))
            for k in range(len(mine)):
                at = order[ends[k]:ends[k + 1]]
                if len(at) == 0:
                    continue
                design = theirs[other[at], :rank]
                target = v[at] - mean - b[other[at]]
                if offsets:
                    design = numpy.column_stack([design, numpy.ones(len(at))])
                form = design.T @ design + ridge * numpy.eye(design.shape[1])
                found = numpy.linalg.solve(form, design.T @ target)
                mine[k, :rank] = found[:rank]
                if offsets:
                    a[k] = found[rank]
    seconds = time.process_time() - started
    ti = numpy.fromfile(test_rows).astype(int)
    tj = numpy.fromfile(test_columns).astype(int)
    tv = numpy.fromfile(test_values)
    predicted = mean + row_offsets[ti] + column_offsets[tj] + (left[ti, :rank] * right[tj, :rank]).sum(1)
    return {
        "seconds": seconds,
        "rmse": float(numpy.sqrt(((predicted - tv) ** 2).mean())),
        "accuracy": float(((predicted > middle) == (tv > middle)).mean()),
    }


serve({"library": lambda: {"version": numpy.__version__}, "solve": solve, "als": als})
