//! How to reach a repository.

/// How to reach a repository by URL. Over ssh the user's agent is asked.
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

impl Credentials {
    /// Answers a server's question for credentials, each kind once: a server that asks again has refused them.
    pub(super) fn callbacks(&self) -> git2::RemoteCallbacks<'_> {
        let mut asked = git2::CredentialType::empty();
        let mut callbacks = git2::RemoteCallbacks::new();
        callbacks.credentials(move |_, user, allowed| {
            let user = user.unwrap_or("git");
            let fresh = allowed - asked;
            if fresh.contains(git2::CredentialType::SSH_KEY) {
                asked |= git2::CredentialType::SSH_KEY;
                return git2::Cred::ssh_key_from_agent(user);
            }
            if fresh.contains(git2::CredentialType::USERNAME) {
                asked |= git2::CredentialType::USERNAME;
                return git2::Cred::username(user);
            }
            match &self.token {
                Some(token) if fresh.contains(git2::CredentialType::USER_PASS_PLAINTEXT) => {
                    asked |= git2::CredentialType::USER_PASS_PLAINTEXT;
                    git2::Cred::userpass_plaintext("x-access-token", token)
                }
                Some(_) | None => {
                    Err(git2::Error::from_str("no credentials that the server takes"))
                }
            }
        });
        callbacks
    }
}
