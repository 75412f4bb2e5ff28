"""Fits scikit-learn's tree to the Rust tests' rows.

stdin: {"features": [[...], ...], "labels": [0, 1, ...], "max_depth": n, "min_leaf": n}
stdout: {"leaves": n, "scores": [probability of each row]}
"""

import json
import sys

import numpy as np
from sklearn.tree import DecisionTreeClassifier

question = json.load(sys.stdin)
features, labels = np.array(question["features"]), np.array(question["labels"])
tree = DecisionTreeClassifier(
    max_depth=question["max_depth"], min_samples_leaf=question["min_leaf"], random_state=0
).fit(features, labels)
json.dump({"leaves": int(tree.get_n_leaves()), "scores": tree.predict_proba(features)[:, 1].tolist()}, sys.stdout)
