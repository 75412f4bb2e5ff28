//! Where repositories may be: addresses that are what they look like, and begin as the settings allow.

use crate::git;
use url::Url;

/// What is wrong with an address or a folder, and what to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flaw {
    /// What is wrong, to stand behind the address.
    pub message: &'static str,
    /// What to write.
    pub help: &'static str,
}

const NOT_PLAIN: Flaw = Flaw {
    message: "is not written plainly",
    help: "write it as it is meant, without '..', '%' escapes or a password: https://HOST/OWNER/NAME.git",
};
const NO_SUCH_WAY: Flaw = Flaw {
    message: "is neither a folder nor an https, ssh or file address",
    help: "as in https://HOST/OWNER/NAME.git, ssh://git@HOST/NAME.git or git@HOST:OWNER/NAME.git",
};
const NOT_ALLOWED: Flaw = Flaw {
    message: "begins with nothing that 'allow' names",
    help: "add its beginning, up to and with a '/', to 'allow'",
};
const OPEN_END: Flaw = Flaw {
    message: "would allow everything that merely begins so",
    help: "end it with '/', or write one whole address that ends with '.git'",
};

/// Is `source` an address that may be reached, or a folder?
pub(super) fn check(source: &str, allow: Option<&[String]>) -> Result<(), Flaw> {
    if source.starts_with('-') || source.contains("::") || source.chars().any(char::is_control) {
        return Err(NO_SUCH_WAY);
    }
    if !git::is_url(source) {
        return Ok(());
    }
    is_plain(source)?;
    let allows =
        |start: &String| source == start || (start.ends_with('/') && source.starts_with(start));
    if allow.is_none_or(|allow| allow.iter().any(allows)) { Ok(()) } else { Err(NOT_ALLOWED) }
}

/// May this stand in `allow`?
pub(super) fn check_start(start: &str) -> Result<(), Flaw> {
    is_plain(start)?;
    let is_closed = start.ends_with('/') || start.ends_with(".git");
    if is_closed { Ok(()) } else { Err(OPEN_END) }
}

/// An address whose every reader sees the same host and path in it.
fn is_plain(address: &str) -> Result<(), Flaw> {
    let Some((scheme, rest)) = address.split_once("://") else {
        // user@host:path
        let is_way = git::is_url(address) && !address.starts_with('-');
        return if !is_way {
            Err(NO_SUCH_WAY)
        } else if address.contains("..") || address.contains('%') {
            Err(NOT_PLAIN)
        } else {
            Ok(())
        };
    };
    if !["https", "ssh", "file"].contains(&scheme) {
        return Err(NO_SUCH_WAY);
    }
    let parsed = Url::parse(address).map_err(|_| NO_SUCH_WAY)?;
    let is_same = parsed.as_str().trim_end_matches('/') == address.trim_end_matches('/');
    let has_user = scheme != "ssh" && !parsed.username().is_empty();
    if !is_same || has_user || parsed.password().is_some() || rest.contains(['%', '?', '#', '\\']) {
        return Err(NOT_PLAIN);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_begin_as_allowed_or_not_at_all() {
        let allow = ["https://github.com/acme/".to_owned(), "git@github.com:acme/x.git".to_owned()];
        let of = |source: &str| check(source, Some(&allow));
        for source in [
            "https://github.com/acme/x.git",
            "git@github.com:acme/x.git",
            "folder",
            "../x.git",
            "/srv/x",
        ] {
            assert_eq!(of(source), Ok(()), "{source}");
        }
        for (source, flaw) in [
            ("https://github.com/acme-evil/x.git", NOT_ALLOWED),
            ("https://evil.example/https://github.com/acme/", NOT_ALLOWED),
            ("git@github.com:acme/x.git.evil", NOT_ALLOWED),
            ("file:///srv/x.git", NOT_ALLOWED),
            ("https://github.com/acme/../evil/x.git", NOT_PLAIN),
            ("https://github.com/acme/%2e%2e/x.git", NOT_PLAIN),
            ("https://github.com/acme/x.git?y", NOT_PLAIN),
            ("https://user@github.com/acme/x.git", NOT_PLAIN),
            ("https://GitHub.com/acme/x.git", NOT_PLAIN),
            ("git@github.com:acme/../x.git", NOT_PLAIN),
            ("http://github.com/acme/x.git", NO_SUCH_WAY),
            ("ext::sh -c id", NO_SUCH_WAY),
            ("--upload-pack=id", NO_SUCH_WAY),
            ("ext://x", NO_SUCH_WAY),
        ] {
            assert_eq!(of(source), Err(flaw), "{source}");
        }
        assert_eq!(check("https://git.example/x.git", None), Ok(()), "what is named is allowed");
        assert_eq!(check_start("https://github.com/acme"), Err(OPEN_END));
    }
}
