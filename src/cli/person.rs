//! Who sits at this command line.

use crate::dispatch::{Person, Via};

/// Where the name of the user stands, in the order of trust.
const NAMES: [&str; 3] = ["AGENT_USER", "USER", "LOGNAME"];

/// The user of this machine, as their session names them; AGENT_USER where that is not what their colleagues call them.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(super) fn person() -> Person {
    let names = NAMES.iter().filter_map(|name| std::env::var(name).ok());
    let name = names.map(|name| name.trim().to_owned()).find(|name| !name.is_empty());
    Person { name: name.unwrap_or_else(|| "somebody".to_owned()), via: Via::Cli }
}
