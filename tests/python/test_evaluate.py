"""The evaluation step with real XGBoost models and with archives that must be refused."""

import contextlib
import hashlib
import io
import json
import pickle
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import xgboost
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "templates/scripts"))

import evaluate  # noqa: E402


def train(rows, objective="binary:logistic"):
    parameters = {"objective": objective, "max_depth": 3, "seed": 1, "nthread": 1}
    return xgboost.train(parameters, xgboost.DMatrix(rows[:, 1:], rows[:, 0]), 20)


class Evaluate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = Path(folder.name)
        random = np.random.default_rng(5)
        features = random.integers(1, 9, size=(300, 3)).astype(float)
        labels = (features.sum(axis=1) + random.normal(0, 4, 300) > 13).astype(float)
        self.rows = np.column_stack([labels, features])
        self.write_test(self.rows[200:])

    def write_test(self, rows):
        (self.base / "test").mkdir(exist_ok=True)
        np.savetxt(self.base / "test/test.csv", rows, fmt="%g", delimiter=",")

    def archive(self, content, name="xgboost-model", kind=tarfile.REGTYPE, folder="model"):
        (self.base / folder).mkdir(exist_ok=True)
        with tarfile.open(self.base / folder / "model.tar.gz", "w:gz") as tar:
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(content), kind, "/etc/hostname"
            tar.addfile(member, io.BytesIO(content))

    def run_script(self):
        printed = io.StringIO()
        arguments = ["evaluate.py", "--base-dir", str(self.base)]
        with mock.patch.object(sys, "argv", arguments), contextlib.redirect_stdout(printed):
            evaluate.main()
        return printed.getvalue()

    def refused(self, text):
        with self.assertRaises(SystemExit) as stopped:
            self.run_script()
        self.assertIn(text, str(stopped.exception.code))
        self.assertFalse((self.base / "evaluation").exists())

    def test_auc_is_of_probabilities_and_equals_scikit_learn(self):
        model = train(self.rows[:200])
        for form in ("ubj", "json"):
            self.archive(bytes(model.save_raw(form)))
            self.run_script()
            report = json.loads((self.base / "evaluation/evaluation.json").read_text())
            expected = roc_auc_score(self.rows[200:, 0], model.predict(xgboost.DMatrix(self.rows[200:, 1:])))
            auc = report["classification_metrics"]["auc"]
            self.assertAlmostEqual(auc["value"], expected, delta=1e-12)
            self.assertGreater(auc["standard_deviation"], 0.0)
            self.assertEqual((report["rows"], report["positives"]), (100, int(self.rows[200:, 0].sum())))

    def test_scores_stand_in_the_order_of_the_test_rows(self):
        model = train(self.rows[:200])
        self.archive(bytes(model.save_raw("ubj")))
        self.run_script()
        header, *lines = (self.base / "evaluation/scores.csv").read_text().splitlines()
        self.assertEqual(header, "label,score")
        scores = model.predict(xgboost.DMatrix(self.rows[200:, 1:])).astype(float)
        self.assertEqual(lines, ["%d,%r" % (y, float(s)) for y, s in zip(self.rows[200:, 0], scores)])

    def test_nothing_of_a_row_is_printed(self):
        self.archive(bytes(train(self.rows[:200]).save_raw("ubj")))
        printed = self.run_script()
        self.assertRegex(printed, r"^AUC 0\.\d{4}, standard deviation 0\.\d{4}, 100 rows\n$")

    def report(self):
        return json.loads((self.base / "evaluation/evaluation.json").read_text())

    def scored(self, name="scores.csv"):
        return (self.base / "evaluation" / name).read_text()

    def test_the_champion_is_scored_on_the_same_rows(self):
        self.archive(bytes(train(self.rows[:200]).save_raw("ubj")))
        self.archive(bytes(train(self.rows[:40]).save_raw("ubj")), folder="champion")
        printed = self.run_script()
        self.assertRegex(printed, r"\nchampion: AUC 0\.\d{4}\n$")
        labels = [line.split(",")[0] for line in self.scored().splitlines()]
        self.assertEqual([line.split(",")[0] for line in self.scored("champion_scores.csv").splitlines()], labels)
        self.assertNotEqual(self.scored(), self.scored("champion_scores.csv"))
        report = self.report()
        archive = (self.base / "champion/model.tar.gz").read_bytes()
        self.assertEqual(report["champion"]["model_digest"], hashlib.sha256(archive).hexdigest())
        self.assertNotEqual(report["champion"]["auc"], report["classification_metrics"]["auc"])
        evidence = self.scored() + self.scored("champion_scores.csv")
        self.assertEqual(report["evidence_digest"], hashlib.sha256(evidence.encode()).hexdigest())

    def test_without_a_champion_nothing_is_said_of_one(self):
        self.archive(bytes(train(self.rows[:200]).save_raw("ubj")))
        (self.base / "champion").mkdir()
        (self.base / "champion/contract.json").write_text("{}")
        self.run_script()
        self.assertNotIn("champion", self.report())
        self.assertEqual(self.report()["evidence_digest"], hashlib.sha256(self.scored().encode()).hexdigest())
        self.assertFalse((self.base / "evaluation/champion_scores.csv").exists())

    def test_a_champion_that_cannot_score_these_rows_stops_nothing(self):
        self.archive(bytes(train(self.rows[:200]).save_raw("ubj")))
        for content, problem in [
            (bytes(train(self.rows[:200, :3]).save_raw("ubj")), "the model takes 2 features, the rows have 3"),
            (b"not a model", "it is not a model that can be read"),
        ]:
            self.archive(content, folder="champion")
            self.run_script()
            self.assertEqual(self.report()["champion"]["problem"], problem)
            self.assertFalse((self.base / "evaluation/champion_scores.csv").exists())

    def test_a_pickle_is_never_loaded(self):
        self.archive(pickle.dumps(train(self.rows[:200])))
        self.refused("pickle")

    def test_an_archive_with_other_members_only_is_refused(self):
        self.archive(b"x", name="../../xgboost-model")
        self.refused("no member 'xgboost-model'")

    def test_a_link_in_place_of_the_model_is_refused(self):
        self.archive(b"", kind=tarfile.SYMTYPE)
        self.refused("not a regular file")

    def test_a_model_of_numbers_instead_of_probabilities_is_refused(self):
        rows = self.rows.copy()
        rows[:, 0] *= 9
        self.archive(bytes(train(rows, "reg:squarederror").save_raw("ubj")))
        self.refused("probabilities")

    def test_one_class_is_refused(self):
        self.archive(bytes(train(self.rows[:200]).save_raw("ubj")))
        self.write_test(self.rows[self.rows[:, 0] == 1.0])
        self.refused("too few")


if __name__ == "__main__":
    unittest.main()
