//! How to reach a repository.

/// How to reach a repository by URL, beside what git itself is set up with (ssh keys, credential helpers).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Token for https, such as a GitHub App's.
    pub token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let token = if self.token.is_some() { "a token" } else { "no token" };
        write!(f, "Credentials({token})")
    }
}
