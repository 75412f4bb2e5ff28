//! Who may ask for what: bearer tokens with roles, and a table that gives every route what it needs.
//!
//! Nothing is open by omission: a route that [`routes::NEEDS`] does not name answers nobody. There are no cookies, so no
//! other site can make a browser ask in somebody's name. A token is kept as its hash only; guessing is slowed down for
//! each address, and whoever has a good token is never kept waiting by somebody else's guesses.

mod attempts;
mod denials;
mod gate;
mod role;
mod routes;
mod secret;
mod token_file;
mod tokens;

pub use attempts::Attempts;
pub use gate::{Caller, Gate, Scrape, admit};
pub use role::{Right, Role};
pub use routes::{NEEDS, Need, need};
pub use secret::Secret;
pub use token_file::TokenFile;
pub use tokens::{TokenError, TokenRecord, Tokens};
