//! What git complained about, as a reason that says what to do about it.

/// As much of git's complaint as fits a message: the last lines say why.
const MOST_LINES: usize = 3;
/// How git says that a server wants to know who asks, or did not believe it. It asks for a name again after a refusal, and
/// nobody is there to answer.
const UNKNOWN: [&str; 3] =
    ["could not read Username", "could not read Password", "Authentication failed"];
/// How the libraries that git is built with say that they do not know who signed a certificate: GnuTLS, OpenSSL.
const UNTRUSTED: [&str; 3] = [
    "server certificate verification failed",
    "SSL certificate problem",
    "certificate verify failed",
];
/// How git says that it was sent elsewhere with a token in its hand.
const SENT_ELSEWHERE: [&str; 3] =
    ["returned error: 301", "returned error: 302", "returned error: 307"];

/// How git says that a server knows who asks and does not let them.
const FORBIDDEN: &str = "returned error: 403";

/// How ssh says that none of its keys opens, and that a host is not the one that it knows, or is none that it knows.
const NO_KEY_OPENS: &str = "Permission denied (";
const NOT_THE_HOST: &str = "Host key verification failed";

/// What git adds to whatever went wrong at the other end.
const ADDED: [&str; 2] =
    ["Please make sure you have the correct access rights", "and the repository exists."];

/// What the server was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// A token of ours.
    Token,
    /// Nothing of ours; git may have shown something of its own.
    Nothing,
}

/// Why there was no answer, in a line: what it means, where that is known, and what git said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Complaint {
    /// Nobody who is trusted vouches for the server.
    Untrusted(String),
    /// The token that was shown does not open.
    Refused(String),
    /// Anything else.
    Other(String),
}

/// What git's complaint means.
pub(super) fn of(told: &str, shown: Shown) -> Complaint {
    let tells = |line: &&str| !line.trim().is_empty() && !ADDED.contains(line);
    let lines: Vec<&str> = told.lines().filter(tells).collect();
    let said = lines[lines.len().saturating_sub(MOST_LINES)..].join("; ");
    let is = |words: &[&str]| words.iter().any(|word| told.contains(word));
    let other = |means: &str| Complaint::Other(format!("{means} ({said})"));
    let refused = |means: &str| Complaint::Refused(format!("{means} ({said})"));
    if is(&UNTRUSTED) {
        let means = "the server's certificate is signed by nobody who is trusted here";
        return Complaint::Untrusted(format!("{means} ({said})"));
    }
    match shown {
        Shown::Token if is(&UNKNOWN) => {
            refused("the server does not take the token that it was shown")
        }
        Shown::Token if told.contains(FORBIDDEN) => {
            refused("the server does not let the token that it was shown read this")
        }
        Shown::Nothing if is(&UNKNOWN) => {
            other("the server wants to know who asks, and there is no token for it")
        }
        Shown::Token if is(&SENT_ELSEWHERE) => {
            other("the server sends to another address, where no token is taken to; name that one")
        }
        Shown::Nothing if told.contains(NO_KEY_OPENS) => {
            other("the host takes none of the keys that ssh has here")
        }
        Shown::Nothing if told.contains(NOT_THE_HOST) => other(
            "ssh does not know the host by this key; add it to ~/.ssh/known_hosts if it is right",
        ),
        Shown::Token | Shown::Nothing => Complaint::Other(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of it, and is it about trust?
    fn reason(told: &str, shown: Shown) -> (String, bool) {
        match of(told, shown) {
            Complaint::Untrusted(reason) => (reason, true),
            Complaint::Refused(reason) | Complaint::Other(reason) => (reason, false),
        }
    }

    #[test]
    fn only_a_token_that_was_shown_is_refused() {
        let unknown =
            "fatal: could not read Username for 'https://a.b': terminal prompts disabled\n";
        let forbidden = "fatal: unable to access 'x': The requested URL returned error: 403\n";
        let broken = "fatal: unable to access 'x': The requested URL returned error: 503\n";
        let is = |told, shown| matches!(of(told, shown), Complaint::Refused(_));
        assert!(is(unknown, Shown::Token) && is(forbidden, Shown::Token));
        assert!(!is(unknown, Shown::Nothing) && !is(forbidden, Shown::Nothing));
        assert!(!is(broken, Shown::Token));
    }

    #[test]
    fn a_complaint_that_is_known_says_what_it_means() {
        let refused =
            "fatal: could not read Username for 'https://a.b': terminal prompts disabled\n";
        let (told, _) = reason(refused, Shown::Token);
        assert!(told.starts_with("the server does not take the token"), "{told}");
        let (told, _) = reason(refused, Shown::Nothing);
        assert!(told.contains("there is no token for it (fatal: could"), "{told}");
        let openssl =
            "fatal: unable to access 'https://a.b/': SSL certificate problem: self-signed\n";
        let (told, untrusted) = reason(openssl, Shown::Token);
        assert!(untrusted && told.starts_with("the server's certificate is signed by"), "{told}");
        let moved = "fatal: unable to access 'x': The requested URL returned error: 302\n";
        assert!(reason(moved, Shown::Token).0.contains("name that one"));
        assert_eq!(reason(moved, Shown::Nothing), (moved.trim().to_owned(), false));
        assert_eq!(reason("a\n\nb\nc\nd\n", Shown::Nothing).0, "b; c; d");
        let added =
            "\nPlease make sure you have the correct access rights\nand the repository exists.\n";
        let (told, _) =
            reason(&format!("a@b: Permission denied (publickey).\nc\n{added}"), Shown::Nothing);
        assert_eq!(
            told,
            "the host takes none of the keys that ssh has here (a@b: Permission denied (publickey).; c)"
        );
    }
}
