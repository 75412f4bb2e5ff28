//! Observe, plan, apply, verify.
