//! What is said of a request to people.

use crate::flow::Request;

/// How many people its approval takes, as the end of a clause; nothing where one is enough.
#[must_use]
pub fn by_several(request: &Request) -> String {
    if request.required > 1 { format!(" by {} people", request.required) } else { String::new() }
}
