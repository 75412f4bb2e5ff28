"""Evaluation step of the train pipeline: a trained XGBoost model and the test part in, its AUC out.

Reads model/model.tar.gz and test/test.csv (label first, no header) under --base-dir and writes

    evaluation/evaluation.json   AUC with its DeLong standard deviation, and on how many rows
    evaluation/scores.csv        label and predicted probability of each test row, in the file's order

Where champion/model.tar.gz is there, the model in use until now is judged by the same rows:

    evaluation/champion_scores.csv   what scores.csv is, by the champion

and evaluation.json has its AUC and the digest of its archive. A champion that cannot score these rows stops nothing:
evaluation.json says so. `evidence_digest` is the SHA-256 of scores.csv followed by champion_scores.csv; registered
with the model, it shows later whether the scores are still those.

The AUC is of the probabilities, not of labels cut at one half. The archive is read, never extracted, and the model
is XGBoost's own JSON or UBJSON: nothing is unpickled. No row is printed: the rows are health data.
"""

import argparse
import hashlib
import json
import math
import sys
import tarfile
from pathlib import Path

import numpy as np

MODEL_MEMBER = "xgboost-model"  # the name that the XGBoost container gives its model
MAX_MODEL_BYTES = 1 << 30  # larger than any model of this pipeline; keeps a bad archive from filling memory
MIN_ROWS_PER_CLASS = 2  # a variance between rows needs two
CHUNK = 1 << 20  # bytes that are read at once for a digest


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
    if booster.num_features() != features.shape[1]:
        text = "the model takes %d features, the rows have %d"
        raise EvaluationError(text % (booster.num_features(), features.shape[1]))
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


def evaluate(archive, test):
    """The AUC of the archive's model on the test rows, and its scores as CSV."""
    labels, features = test[:, 0] == 1.0, test[:, 1:]
    scores = predict(read_model(archive), features)
    value, deviation = auc_with_deviation(labels, scores)
    lines = ["%d,%r\n" % (label, float(score)) for label, score in zip(labels, scores)]
    return {"value": value, "standard_deviation": deviation}, "label,score\n" + "".join(lines)


def evaluate_champion(archive, test):
    """The champion's part of evaluation.json, and its scores as CSV: empty if it cannot score these rows."""
    section = {"model_digest": digest_of(archive)}
    try:
        section["auc"], scores = evaluate(archive, test)
    except EvaluationError as error:
        section["problem"], scores = str(error), ""
    except (ValueError, tarfile.TarError, EOFError, OSError):
        # XGBoost's own complaints are ValueErrors; their texts are long and not ours
        section["problem"], scores = "it is not a model that can be read", ""
    return section, scores


def digest_of(path):
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def read_test(path):
    """The complete labelled rows of the test part."""
    test = np.loadtxt(path, delimiter=",", ndmin=2)
    if test.size == 0:
        raise EvaluationError("test.csv has no row")
    if not np.isfinite(test).all() or not np.isin(test[:, 0], (0.0, 1.0)).all():
        raise EvaluationError("test.csv is not labels 0 or 1 with finite features")
    return test


def report_on(base):
    """Everything that is written, by file name; evaluation.json not yet as text."""
    test = read_test(base / "test/test.csv")
    auc, scores = evaluate(base / "model/model.tar.gz", test)
    report = {
        "classification_metrics": {"auc": auc},
        "rows": len(test),
        "positives": int((test[:, 0] == 1.0).sum()),
    }
    files, champion = {"scores.csv": scores}, base / "champion/model.tar.gz"
    if champion.exists():
        report["champion"], scores = evaluate_champion(champion, test)
        if scores:
            files["champion_scores.csv"] = scores
    evidence = files["scores.csv"] + files.get("champion_scores.csv", "")
    report["evidence_digest"] = hashlib.sha256(evidence.encode("utf-8")).hexdigest()
    return report, files


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-dir", type=Path, default=Path("/opt/ml/processing"))
    base = parser.parse_args().base_dir
    try:
        report, files = report_on(base)
    except EvaluationError as error:
        sys.exit("evaluate: %s" % error)
    files["evaluation.json"] = json.dumps(report) + "\n"
    (base / "evaluation").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (base / "evaluation" / name).write_text(text, encoding="utf-8")
    auc = report["classification_metrics"]["auc"]
    print("AUC %.4f, standard deviation %.4f, %d rows" % (auc["value"], auc["standard_deviation"], report["rows"]))
    champion = report.get("champion")
    if champion:
        print("champion: " + ("AUC %.4f" % champion["auc"]["value"] if "auc" in champion else champion["problem"]))


if __name__ == "__main__":
    main()
