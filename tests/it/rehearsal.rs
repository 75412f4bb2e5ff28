//! Tests of rehearsal.
