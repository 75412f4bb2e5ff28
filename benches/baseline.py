"""Times scikit-learn's tree for benches/baseline.rs: FILE COLUMNS MAX_DEPTH MIN_LEAF REPEATS -> seconds."""

import sys
import time

import numpy as np
from sklearn.tree import DecisionTreeClassifier

columns, max_depth, min_leaf, repeats = map(int, sys.argv[2:])
rows = np.fromfile(sys.argv[1], dtype="<f8").reshape(-1, columns + 1)
features, labels = np.ascontiguousarray(rows[:, :-1]), rows[:, -1]


def fit():
    start = time.perf_counter()
    DecisionTreeClassifier(max_depth=max_depth, min_samples_leaf=min_leaf, random_state=0).fit(features, labels)
    return time.perf_counter() - start


print(min(fit() for _ in range(repeats)))
