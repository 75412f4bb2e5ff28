"""Processing step of the inference pipeline: a batch of rows in; out come its features, as they are and imputed.

Reads input/*.csv (no header: all columns but the label, or the features alone), input/contract/contract.json and
input/imputer/imputer.json (the medians that training used) under --base-dir. Writes features/features.csv, the
features in contract order with blanks left blank, one line per input row in the same order: what the monitor holds
against the baseline, which has the same columns. And batch/batch.csv, the same with the medians for blanks: what the
model scores. No message repeats a cell: the rows are health data.
"""

import argparse
import csv
import json
import re
import sys
from decimal import Decimal
from pathlib import Path


# --- cells: the same in preprocess.py ---
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
MAX_LISTED = 20  # flaws listed one by one; the rest are counted


class DataError(Exception):
    """The data breaks its contract; the text names rows and columns, never what they hold."""


class Flaws:
    """The first flaws of a reading, and how many there were."""

    def __init__(self):
        self.listed, self.count = [], 0

    def add(self, flaw):
        self.count += 1
        if self.count <= MAX_LISTED:
            self.listed.append(flaw)

    def refuse(self):
        """Raises what was found, if anything."""
        if self.count:
            more = self.count - len(self.listed)
            rest = "; and %d more" % more if more else ""
            raise DataError("the data breaks its contract: " + "; ".join(self.listed) + rest)


def number_text(value):
    """The shortest text that reads back as the value, without exponent, `.0` or `-0`."""
    if value is None:
        return ""
    text = format(Decimal(repr(value + 0.0)), "f")
    return text[:-2] if text.endswith(".0") else text


def check(column, cell, missing):
    """The cell's value, None for a missing one; ValueError says what the contract wants instead."""
    is_label = column["role"] == "label"
    if cell in ("", missing):
        if is_label:
            raise ValueError("is the label and must not be missing")
        return None
    if not NUMBER.fullmatch(cell):
        raise ValueError("is not a number")
    value = float(cell)
    low, high = column["range"]
    if not low <= value <= high:
        raise ValueError("is outside %s to %s" % (number_text(float(low)), number_text(float(high))))
    if column["kind"] in ("integer", "category") and value != int(value):
        raise ValueError("is not a whole number")
    if is_label and value not in (0.0, 1.0):
        raise ValueError("is the label and must be 0 or 1")
    return value


def read_row(columns, record, missing, place, flaws):
    """The values of one record by column name; what is wrong goes to flaws."""
    if len(record) != len(columns):
        flaws.add("%s: a row has %d cells, this one %d" % (place, len(columns), len(record)))
        return None
    row = {}
    for column, cell in zip(columns, record):
        try:
            row[column["name"]] = check(column, cell, missing)
        except ValueError as problem:
            flaws.add("%s: column '%s' %s" % (place, column["name"], problem))
    return row


def records(path):
    """Line number and trimmed cells of each line that is not blank."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        for record in reader:
            if record:
                yield reader.line_num, [cell.strip() for cell in record]


# --- end of cells ---


def read_batch(paths, contract):
    """The features of every row in file order."""
    unlabelled = [column for column in contract["columns"] if column["role"] != "label"]
    features = [column for column in unlabelled if column["role"] == "feature"]
    rows, flaws = [], Flaws()
    for path in paths:
        for line, record in records(path):
            columns = features if len(record) == len(features) else unlabelled
            row = read_row(columns, record, contract["missing"], "%s:%d" % (path.name, line), flaws)
            if row is not None and not flaws.count:
                rows.append([row[column["name"]] for column in features])
    flaws.refuse()
    if not rows:
        raise DataError("there is no data row")
    return rows


def impute(rows, contract, imputer):
    """The rows with the training part's medians for blanks; the imputer must be of the same features."""
    names = [column["name"] for column in contract["columns"] if column["role"] == "feature"]
    if imputer["columns"] != names:
        raise DataError("the imputer was fitted on other columns than the contract's features")
    medians = [float(imputer["medians"][name]) for name in names]
    return [[m if value is None else value for value, m in zip(row, medians)] for row in rows]


def write(path, rows):
    """The rows as headerless CSV; None is a blank."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(",".join(map(number_text, row)) + "\n" for row in rows).encode("utf-8"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-dir", type=Path, default=Path("/opt/ml/processing"))
    base = parser.parse_args().base_dir
    contract = json.loads((base / "input/contract/contract.json").read_text(encoding="utf-8"))
    imputer = json.loads((base / "input/imputer/imputer.json").read_text(encoding="utf-8"))
    try:
        rows = read_batch(sorted((base / "input").glob("*.csv")), contract)
        imputed = impute(rows, contract, imputer)
    except DataError as error:
        sys.exit("batch_preprocess: %s" % error)
    write(base / "features/features.csv", rows)
    write(base / "batch/batch.csv", imputed)
    blanks = sum(value is None for row in rows for value in row)
    print("batch: %d rows, %d blanks imputed" % (len(rows), blanks))


if __name__ == "__main__":
    main()
