"""Multi-task lasso of scikit-learn: one X, many responses, one support, tuned by cross-validation."""

import time

import numpy as np
import sklearn
from sklearn.linear_model import LassoCV, MultiTaskLassoCV

from serve import serve


def prepare():
    return {"version": sklearn.__version__}


def fit(model, X, Y, samples, features, tasks, folds):
    X = np.fromfile(X).reshape(samples, features)
    Y = np.fromfile(Y).reshape(samples, tasks)
    mean, scale = X.mean(axis=0), X.std(axis=0)
    scale[scale == 0] = 1
    Z = (X - mean) / scale
    begin = time.process_time()
    if model == "multi-task lasso":
        fitted = MultiTaskLassoCV(cv=folds, max_iter=20000).fit(Z, Y)
        coefficients, intercepts = fitted.coef_, fitted.intercept_
    else:
        each = [LassoCV(cv=folds, max_iter=20000).fit(Z, Y[:, k]) for k in range(tasks)]
        coefficients = np.array([one.coef_ for one in each])
        intercepts = np.array([one.intercept_ for one in each])
    seconds = time.process_time() - begin
    coefficients = coefficients / scale
    return {
        "seconds": seconds,
        "coefficients": coefficients.T.tolist(),
        "intercepts": (intercepts - coefficients @ mean).tolist(),
    }


if __name__ == "__main__":
    serve({"prepare": prepare, "fit": fit})
