"""Scores lines of CSV features as the serving container of SageMaker's XGBoost image does: a prediction a line.

Where training stopped early, only the trees up to the best iteration count.
"""

import csv
import math
import sys
from pathlib import Path

import _boundary


def read_rows(path):
    """The cells of every line as numbers; a blank one is a missing value."""
    rows = []
    with open(path, encoding="utf-8", newline="") as file:
        for record in csv.reader(file):
            try:
                rows.append([float(cell) if cell.strip() else math.nan for cell in record or [""]])
            except ValueError:
                _boundary.client_fault("a cell is not a number")
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        _boundary.client_fault("the rows have no features, or not the same number")
    return rows


def score(model, rows):
    rows = np.array(rows)
    booster = xgboost.Booster({"nthread": 1})
    try:
        booster.load_model(bytearray(model))
    except xgboost.core.XGBoostError:
        _boundary.client_fault("the model is none of XGBoost's; train with the real scripts too")
    if booster.num_features() != rows.shape[1]:
        shapes = (booster.num_features(), rows.shape[1])
        _boundary.client_fault("Feature shape mismatch, expected: %d, got %d" % shapes)
    best = booster.attr("best_iteration")
    trees = (0, int(best) + 1) if best is not None else (0, 0)
    return booster.predict(xgboost.DMatrix(rows), iteration_range=trees)


job = _boundary.begin()
rows = read_rows(job["lines"])

# Late: both take their time, and start threads that the limits must come before. XGBoost looks for scikit-learn, whose
# manner of calling is not used here and whose import takes longer than all the rest.
sys.modules["sklearn"] = None
import numpy as np  # noqa: E402
import xgboost  # noqa: E402

scores = score(Path(job["model"]).read_bytes(), rows)
if scores.ndim == 1:
    scores = scores[:, None]
lines = (",".join(map(repr, row)) for row in scores.astype(float).tolist())
Path(job["scores"]).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
