//! The tasks that watch over environments: `agent watch`, without anybody asking.

use super::{Task, Tools};

/// One for each environment.
pub(super) fn tasks(_tools: &Tools) -> Vec<Task> {
    Vec::new()
}
