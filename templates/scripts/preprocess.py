"""Processing step of the train pipeline: data files in, train, validation and test parts out.

Reads input/*.csv (each with the contract's header) and input/contract/contract.json under --base-dir and writes

    train/train.csv, validation/validation.csv, test/test.csv   label first, no header, blanks imputed
    baseline/baseline.csv                                       raw features of the training part, blanks kept
    imputer/imputer.json                                        medians of the training part

The agent writes the same bytes (`relevo::model::preprocess`); a test compares the two. Rows with equal features
stay on one side of the split, only the training part is seen by the imputer, and no message repeats a cell:
the rows are health data.
"""

import argparse
import csv
import hashlib
import json
import re
import sys
from decimal import Decimal
from pathlib import Path

SHARES = (70, 15, 15)  # percent of the rows in train, validation and test
PARTS = ("train", "validation", "test")


# --- cells: the same in batch_preprocess.py ---
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


def read_labelled(paths, contract):
    """(features, label) of every row. The header is the contract's names, or the column numbers from 0."""
    columns = contract["columns"]
    names = [column["name"] for column in columns]
    features = [column["name"] for column in columns if column["role"] == "feature"]
    labels = [column["name"] for column in columns if column["role"] == "label"]
    if not labels:
        raise DataError("the data contract has no column with the role label")
    rows, flaws = [], Flaws()
    for path in paths:
        lines = records(path)
        _, header = next(lines, (0, None))
        if header not in (names, [str(n) for n in range(len(names))]):
            raise DataError("%s: the first line is not the header '%s'" % (path.name, ",".join(names)))
        for line, record in lines:
            row = read_row(columns, record, contract["missing"], "%s:%d" % (path.name, line), flaws)
            if row is not None and not flaws.count:
                rows.append(([row[name] for name in features], int(row[labels[0]])))
    flaws.refuse()
    if not rows:
        raise DataError("there is no data row")
    return features, rows


def split(rows, seed):
    """The three parts. Groups of rows with equal features go, in the order of SHA-256(seed, features), where
    they bring both classes closest to their share in the sense of least squares."""
    groups = {}
    for features, label in rows:
        text = "%d\n%s" % (seed, ",".join(map(number_text, features)))
        group = groups.setdefault(hashlib.sha256(text.encode()).digest(), (features, [0, 0]))
        group[1][label] += 1
    totals = [sum(label == value for _, label in rows) for value in (0, 1)]
    have = [[0, 0] for _ in PARTS]
    parts = [[] for _ in PARTS]
    for _, (features, counts) in sorted(groups.items(), key=lambda item: item[0]):
        gains = [
            sum(counts[c] * (share * totals[c] - 100 * have[part][c]) for c in (0, 1))
            for part, share in enumerate(SHARES)
        ]
        part = gains.index(max(gains))  # of equal gains the first part wins
        for label in (0, 1):
            have[part][label] += counts[label]
            parts[part].extend([(features, label)] * counts[label])
    for name, counts in zip(PARTS, have):
        for label in (1, 0):
            if counts[label] == 0:
                raise DataError(
                    "the %s part has no row with label %d: the data set is too small to split" % (name, label)
                )
    return parts


def fit_imputer(columns, train):
    """The median of each feature over the rows that have it."""
    medians = {}
    for index, name in enumerate(columns):
        values = sorted(features[index] for features, _ in train if features[index] is not None)
        if not values:
            raise DataError("column '%s' has no value in the training part" % name)
        middle = len(values) // 2
        odd = len(values) % 2 == 1
        medians[name] = values[middle] if odd else (values[middle - 1] + values[middle]) / 2.0
    return medians


def imputer_json(columns, medians):
    """Written by hand, because json would write 57.0 where the agent writes 57."""
    quoted = [json.dumps(name, ensure_ascii=False) for name in columns]
    entries = ["%s:%s" % (name, number_text(medians[key])) for name, key in zip(quoted, columns)]
    return '{"columns":[%s],"medians":{%s}}\n' % (",".join(quoted), ",".join(entries))


def preprocess(paths, contract, seed):
    """Relative path and text of each output file."""
    columns, rows = read_labelled(paths, contract)
    parts = split(rows, seed)
    medians = fit_imputer(columns, parts[0])

    def labelled(part):
        for features, label in part:
            filled = [medians[name] if value is None else value for name, value in zip(columns, features)]
            yield "%d,%s\n" % (label, ",".join(map(number_text, filled)))

    for name, part in zip(PARTS, parts):
        print("%s: %d rows, %d positive" % (name, len(part), sum(label for _, label in part)))
        yield "%s/%s.csv" % (name, name), "".join(labelled(part))
    raw = (",".join(map(number_text, features)) + "\n" for features, _ in parts[0])
    yield "baseline/baseline.csv", "".join(raw)
    yield "imputer/imputer.json", imputer_json(columns, medians)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base-dir", type=Path, default=Path("/opt/ml/processing"))
    parser.add_argument("--seed", type=int, required=True, help="of the split; the same seed, the same files")
    arguments = parser.parse_args()
    base = arguments.base_dir
    contract = json.loads((base / "input/contract/contract.json").read_text(encoding="utf-8"))
    try:
        paths = sorted((base / "input").glob("*.csv"))
        for path, text in list(preprocess(paths, contract, arguments.seed)):
            (base / path).parent.mkdir(parents=True, exist_ok=True)
            (base / path).write_bytes(text.encode("utf-8"))
    except DataError as error:
        sys.exit("preprocess: %s" % error)


if __name__ == "__main__":
    main()
