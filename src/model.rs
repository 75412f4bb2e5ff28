//! Data set, imputer, decision-tree baseline, metrics with intervals, gate verdict.
