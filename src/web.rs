//! The agent's web face: where GitHub delivers, where people and programs ask, where machines look whether it lives.
