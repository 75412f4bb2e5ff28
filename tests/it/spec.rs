//! Tests of spec.
