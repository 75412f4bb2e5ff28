"""Answers the Rust tests' questions with scikit-learn, scipy and a plain reading of DeLong's paper.

stdin: {"cases": [{"labels": [0, 1, ...], "a": [...], "b": [...]}, ...]}
stdout: a list of {"auc", "standard_error", "difference", "difference_error", "p_value"} of the same length
"""

import json
import sys

import numpy as np
from scipy.stats import norm
from sklearn.metrics import roc_auc_score


def components(labels, scores):
    """DeLong's structural components by comparing every pair: V10 per positive row, V01 per negative row."""
    x, y = scores[labels == 1], scores[labels == 0]
    psi = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    return psi.mean(axis=1), psi.mean(axis=0)


def answer(case):
    labels = np.array(case["labels"])
    models = [components(labels, np.array(case[name])) for name in "ab"]
    ten = np.cov(np.array([v10 for v10, _ in models]))
    one = np.cov(np.array([v01 for _, v01 in models]))
    covariance = ten / (labels == 1).sum() + one / (labels == 0).sum()
    aucs = [roc_auc_score(labels, case[name]) for name in "ab"]
    contrast = np.array([1.0, -1.0])
    error = float(np.sqrt(max(contrast @ covariance @ contrast, 0.0)))
    return {
        "auc": aucs[0],
        "standard_error": float(np.sqrt(covariance[0, 0])),
        "difference": aucs[0] - aucs[1],
        "difference_error": error,
        "p_value": float(2.0 * norm.sf(abs(aucs[0] - aucs[1]) / error)),
    }


json.dump([answer(case) for case in json.load(sys.stdin)["cases"]], sys.stdout)
