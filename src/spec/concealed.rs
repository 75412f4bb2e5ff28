//! What a message never shows of a file: passwords that stand in addresses, where they do not belong.

use std::borrow::Cow;

/// What ends the part of an address that may hold a password.
const ENDS: [char; 9] = ['/', '?', '#', '"', '\'', ',', '}', ']', '`'];

/// `text` with a star for each byte of a password in an address (`https://USER:PASSWORD@HOST`), or of what stands alone
/// before the host, which for https is a token.
pub(super) fn concealed(text: &str) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(text);
    for (at, separator) in text.match_indices("://") {
        let start = at + separator.len();
        let rest = &text[start..];
        let end = rest.find(|c: char| c.is_whitespace() || ENDS.contains(&c)).unwrap_or(rest.len());
        let Some(user) = rest[..end].rfind('@') else { continue };
        let secret = match rest[..user].find(':') {
            Some(colon) => colon + 1,
            None if text[..at].ends_with("http") || text[..at].ends_with("https") => 0,
            None => continue,
        };
        let stars = "*".repeat(user - secret);
        shown.to_mut().replace_range(start + secret..start + user, &stars);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_tokens_are_starred_out_and_nothing_else() {
        for (text, expected) in [
            ("source: https://u:pÄss@h/x.git # a@b", "source: https://u:*****@h/x.git # a@b"),
            ("'https://ghp_x@h/x', 'ssh://git:pw@h/y'", "'https://*****@h/x', 'ssh://git:**@h/y'"),
            ("ssh://git@h/x.git", "ssh://git@h/x.git"),
            ("https://h:8080/x@y", "https://h:8080/x@y"),
            ("git@h:x.git", "git@h:x.git"),
            ("https://u:p:w@", "https://u:***@"),
        ] {
            assert_eq!(concealed(text), expected);
            assert_eq!(concealed(text).len(), text.len(), "places stay");
        }
    }
}
