//! Time and sleep as things that are passed in.
