"""Trains as the algorithm mode of SageMaker's XGBoost image does.

Hyper-parameters are checked as the image checks them, with its words. Channels are CSV without a header, the label
first. Early stopping looks at the last metric on the last channel; the model is the whole booster, which knows its
best iteration. Where the image would use every core, this uses one: the same files, the same model.
"""

import csv
import math
import re
import sys
from pathlib import Path

import _boundary

ANY = (-math.inf, math.inf)
SHARE = (0, 1)
POSITIVE = (0, math.inf)
# name: (type, lowest, highest), from the hyper-parameter table of the SageMaker developer guide
NUMBERS = {
    "alpha": (float, *ANY),
    "base_score": (float, *ANY),
    "colsample_bylevel": (float, *SHARE),
    "colsample_bynode": (float, *SHARE),
    "colsample_bytree": (float, *SHARE),
    "csv_weights": (int, *SHARE),
    "early_stopping_rounds": (int, 1, math.inf),
    "eta": (float, *SHARE),
    "gamma": (float, *POSITIVE),
    "lambda": (float, *POSITIVE),
    "lambda_bias": (float, *SHARE),
    "max_bin": (int, *POSITIVE),
    "max_delta_step": (float, *POSITIVE),
    "max_depth": (int, *POSITIVE),
    "max_leaves": (int, *POSITIVE),
    "min_child_weight": (float, *POSITIVE),
    "nthread": (int, 1, math.inf),
    "num_class": (int, 2, math.inf),
    "num_parallel_tree": (int, 1, math.inf),
    "num_round": (int, 1, math.inf),
    "one_drop": (int, *SHARE),
    "rate_drop": (float, *SHARE),
    "refresh_leaf": (int, *SHARE),
    "scale_pos_weight": (float, *POSITIVE),
    "seed": (int, -(2**31), 2**31 - 1),
    "sketch_eps": (float, *SHARE),
    "skip_drop": (float, *SHARE),
    "subsample": (float, *SHARE),
    "tweedie_variance_power": (float, 1, 2),
    "verbosity": (int, 0, 3),
}
NOT_ZERO = {"colsample_bylevel", "colsample_bynode", "colsample_bytree", "scale_pos_weight", "sketch_eps", "subsample"}
WORDS = {
    "booster": {"gbtree", "gblinear", "dart"},
    "deterministic_histogram": {"true", "false"},
    "grow_policy": {"depthwise", "lossguide"},
    "normalize_type": {"tree", "forest"},
    "process_type": {"default", "update"},
    "sample_type": {"uniform", "weighted"},
    "sampling_method": {"uniform", "gradient_based"},
    "tree_method": {"auto", "exact", "approx", "hist"},
}
FREE = {"eval_metric", "interaction_constraints", "monotone_constraints", "objective", "updater"}
WEIGHTS = "csv_weights"
# what XGBoost refuses for the sake of the data or the parameters; the image calls that the client's fault
CLIENT_FAULTS = re.compile(r"label must be .*|base_score must be .*|[Uu]nknown metric function .*|Unknown objective .*")


def read_parameters(given):
    """The hyper-parameters as XGBoost takes them; anything it does not know fails the job."""
    if "num_round" not in given:
        _boundary.client_fault("Missing required hyperparameter: num_round")
    parameters = {}
    for name, text in given.items():
        if name in NUMBERS:
            parameters[name] = number(name, text)
        elif name in WORDS and text not in WORDS[name]:
            _boundary.client_fault("Hyperparameter %s: invalid value %s" % (name, text))
        elif name in WORDS or name in FREE:
            parameters[name] = text
        else:
            _boundary.client_fault("Extraneous hyperparameter found: %s" % name)
    if "eval_metric" in parameters:
        parameters["eval_metric"] = [metric.strip() for metric in parameters["eval_metric"].split(",")]
    return parameters


def number(name, text):
    kind, low, high = NUMBERS[name]
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high or (value == 0 and name in NOT_ZERO):
        _boundary.client_fault("Hyperparameter %s: invalid value %s" % (name, text))
    return value


def read_channel(folder):
    """Every row of every file of the channel as numbers; a blank cell is a missing value."""
    rows = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with open(path, encoding="utf-8", newline="") as file:
            for record in csv.reader(file):
                try:
                    rows.append([float(cell) if cell.strip() else math.nan for cell in record])
                except ValueError:
                    _boundary.client_fault("a cell is not a number")
    if not rows:
        _boundary.client_fault("the channel '%s' is missing or has no data" % folder.name)
    return rows


def read_channels(folder, parameters):
    """The rows of the channels there are."""
    names = {channel.name for channel in folder.iterdir()} if folder.is_dir() else set()
    for extraneous in sorted(names - {"train", "validation"}):
        _boundary.client_fault("Extraneous channel found: %s" % extraneous)
    channels = {name: read_channel(folder / name) for name in sorted(names | {"train"})}
    rows = [row for channel in channels.values() for row in channel]
    fewest = 2 + parameters.get(WEIGHTS, 0)
    if len(rows[0]) < fewest or any(len(row) != len(rows[0]) for row in rows):
        _boundary.client_fault("the rows have no features, or not the same number")
    if parameters.get("objective", "").startswith("binary:") and any(not 0 <= row[0] <= 1 for row in rows):
        _boundary.client_fault("label must be in [0,1] for logistic regression")
    return channels


def matrix(rows, weighted):
    table = np.array(rows)
    weights, first = (table[:, 1], 2) if weighted else (None, 1)
    return xgboost.DMatrix(table[:, first:], table[:, 0], weight=weights)


def train(parameters, channels):
    weighted = bool(parameters.pop(WEIGHTS, 0))
    rounds, patience = parameters.pop("num_round"), parameters.pop("early_stopping_rounds", None)
    watched = [(matrix(rows, weighted), name) for name, rows in channels.items()]  # validation after train
    parameters.setdefault("nthread", 1)
    return xgboost.train(
        parameters, watched[0][0], rounds, evals=watched, early_stopping_rounds=patience, verbose_eval=False
    )


job = _boundary.begin()
parameters = read_parameters(job["hyper_parameters"])
channels = read_channels(Path(job["channels"]), parameters)

# Late: both take their time, and start threads that the limits must come before. XGBoost looks for scikit-learn, whose
# manner of calling is not used here and whose import takes longer than all the rest.
sys.modules["sklearn"] = None
import numpy as np  # noqa: E402
import xgboost  # noqa: E402

try:
    booster = train(parameters, channels)
except xgboost.core.XGBoostError as error:
    fault = CLIENT_FAULTS.search(str(error))
    if fault:
        _boundary.client_fault(fault.group())
    sys.exit("XGB train call failed with exception: %s" % str(error).splitlines()[0])
Path(job["model"]).write_bytes(bytes(booster.save_raw("ubj")))
