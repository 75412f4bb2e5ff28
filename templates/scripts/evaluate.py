"""Evaluation step of the train pipeline: a trained XGBoost model and the test part in, its AUC out.

Reads model/model.tar.gz and test/test.csv (label first, no header) under --base-dir and writes

    evaluation/evaluation.json   AUC with its DeLong standard deviation, and on how many rows
    evaluation/scores.csv        label and predicted probability of each test row, in the file's order

The AUC is of the probabilities, not of labels cut at one half. The archive is read, never extracted, and the model
is XGBoost's own JSON or UBJSON: nothing is unpickled. No row is printed: the rows are health data.
"""

import argparse
import json
import math
import sys
import tarfile
from pathlib import Path

import numpy as np

MODEL_MEMBER = "xgboost-model"  # the name that the XGBoost container gives its model
MAX_MODEL_BYTES = 1 << 30  # larger than any model of this pipeline; keeps a bad archive from filling memory
MIN_ROWS_PER_CLASS = 2  # a variance between rows needs two


class EvaluationError(Exception):
    """The model or the test part cannot be used."""


def read_model(archive):
    """The bytes of the model in the archive."""
    with tarfile.open(archive, "r:*") as tar:
        for member in tar:
            if member.name in (MODEL_MEMBER, "./" + MODEL_MEMBER):
                if not member.isreg() or member.size > MAX_MODEL_BYTES:
                    raise EvaluationError("'%s' is not a regular file of at most 1 GiB" % MODEL_MEMBER)
                content = tar.extractfile(member).read()
                if content[:1] == b"\x80":
                    raise EvaluationError("the model is a pickle; save it as JSON or UBJSON")
                return content
    raise EvaluationError("the archive has no member '%s'" % MODEL_MEMBER)


def predict(model, features):
    """The probability of each row, by as many trees as the serving container uses."""
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(model))
    best = booster.attr("best_iteration")
    trees = (0, int(best) + 1) if best is not None else (0, 0)
    scores = booster.predict(xgboost.DMatrix(features), iteration_range=trees)
    if scores.ndim != 1 or not ((scores >= 0.0) & (scores <= 1.0)).all():
        raise EvaluationError("the model does not predict probabilities of one class")
    return scores.astype(np.float64)


def auc_with_deviation(labels, scores):
    """Area under the ROC curve as the Mann-Whitney statistic (ties one half) and DeLong's standard deviation
    (Biometrics 44, 1988, pp. 837-845)."""
    positives, negatives = np.sort(scores[labels]), np.sort(scores[~labels])
    if min(len(positives), len(negatives)) < MIN_ROWS_PER_CLASS:
        text = "%d positive and %d negative rows are too few: each class needs %d"
        raise EvaluationError(text % (len(positives), len(negatives), MIN_ROWS_PER_CLASS))

    def share_below(others, values):
        below = np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")
        return below / (2.0 * len(others))

    above = share_below(negatives, positives)
    under = 1.0 - share_below(positives, negatives)
    variance = above.var(ddof=1) / len(above) + under.var(ddof=1) / len(under)
    return float(above.mean()), math.sqrt(variance)


def evaluate(model, test):
    """evaluation.json and scores.csv for the test rows."""
    labels, features = test[:, 0] == 1.0, test[:, 1:]
    if not np.isfinite(test).all() or not np.isin(test[:, 0], (0.0, 1.0)).all():
        raise EvaluationError("test.csv is not labels 0 or 1 with finite features")
    scores = predict(model, features)
    value, deviation = auc_with_deviation(labels, scores)
    report = {
        "classification_metrics": {"auc": {"value": value, "standard_deviation": deviation}},
        "rows": len(labels),
        "positives": int(labels.sum()),
    }
    lines = ["%d,%r\n" % (label, float(score)) for label, score in zip(labels, scores)]
    return report, "label,score\n" + "".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-dir", type=Path, default=Path("/opt/ml/processing"))
    base = parser.parse_args().base_dir
    try:
        test = np.loadtxt(base / "test/test.csv", delimiter=",", ndmin=2)
        if test.size == 0:
            raise EvaluationError("test.csv has no row")
        report, scores = evaluate(read_model(base / "model/model.tar.gz"), test)
    except EvaluationError as error:
        sys.exit("evaluate: %s" % error)
    (base / "evaluation").mkdir(parents=True, exist_ok=True)
    (base / "evaluation/evaluation.json").write_text(json.dumps(report) + "\n", encoding="utf-8")
    (base / "evaluation/scores.csv").write_text(scores, encoding="utf-8")
    auc = report["classification_metrics"]["auc"]
    print("AUC %.4f, standard deviation %.4f, %d rows" % (auc["value"], auc["standard_deviation"], report["rows"]))


if __name__ == "__main__":
    main()
