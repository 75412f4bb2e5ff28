//! Fetching and checking out a commit safely.
