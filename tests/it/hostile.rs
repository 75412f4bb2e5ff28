//! Repositories made to harm whoever reads them. Every command in them would leave a file in a folder of its own, the
//! canary's cage; the agent may refuse such a repository or deploy it, but the cage stays empty.

mod branches;
mod commits;
pub(crate) mod forge;
mod history;
mod reading;
mod settings;
