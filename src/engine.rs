//! Drives runs to their end.
