//! Runs by hand, and what is said about them.
