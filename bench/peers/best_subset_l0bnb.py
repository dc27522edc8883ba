"""Best-subset regression by l0bnb (Hazimeh, Mazumder and Saab 2022), the authors' package."""

import time

import numpy as np

# The package says `np.Inf`, which NumPy 2 no longer has.
np.Inf = np.inf

from importlib.metadata import version

from l0bnb.tree import BNBTree

from serve import serve

designs = []


def prepare(X, y, samples, features):
    designs.append((np.fromfile(X).reshape(samples, features), np.fromfile(y)))
    return {"index": len(designs) - 1, "version": version("l0bnb")}


def solve(index, lambda0, lambda2, bigM, gap, seconds, start=None):
    X, y = designs[index]
    coefficients = None
    if start is not None:
        coefficients = np.zeros(X.shape[1])
        coefficients[start["support"]] = start["values"]
    begin = time.process_time()
    tree = BNBTree(X, y)
    solution = tree.solve(lambda0, lambda2, bigM, gap_tol=gap, time_limit=seconds, warm_start=coefficients)
    elapsed = time.process_time() - begin
    beta = solution.beta
    rest = y - X @ beta
    support = np.flatnonzero(np.abs(beta) > 1e-6)
    objective = rest @ rest / 2 + lambda0 * len(support) + lambda2 * beta @ beta
    return {
        "seconds": elapsed,
        "objective": float(objective),
        "gap": float(solution.gap),
        "nodes": int(tree.number_of_nodes),
        "support": support.tolist(),
    }


if __name__ == "__main__":
    serve({"prepare": prepare, "solve": solve})
