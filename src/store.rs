//! The agent's memory in SQLite.
