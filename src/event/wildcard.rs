//! Wildcards: `*` stands for any number of characters.
//!
//! Matching looks for the texts between the stars one after the other, so its time grows with the text and
//! not with the number of ways to split it.

/// A text with stars, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wildcard {
    /// What must stand before the first star, or be the whole text if there is none.
    first: String,
    /// What must follow, each after a star; the last one ends the text.
    rest: Vec<String>,
}

impl Wildcard {
    /// Reads `*`, and `\*` and `\\` for a star and a backslash themselves.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = vec![String::new()];
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let literal = match character {
                '*' if characters.peek() == Some(&'*') => {
                    return Err(format!("two '*' in a row in wildcard '{text}'"));
                }
                '*' => {
                    pieces.push(String::new());
                    continue;
                }
                '\\' => characters.next_if(|escaped| matches!(escaped, '*' | '\\')).ok_or_else(
                    || format!("'\\' in wildcard '{text}' escapes only '*' and '\\'"),
                )?,
                other => other,
            };
            if let Some(piece) = pieces.last_mut() {
                piece.push(literal);
            }
        }
        let mut pieces = pieces.into_iter();
        Ok(Self { first: pieces.next().unwrap_or_default(), rest: pieces.collect() })
    }

    /// Is the whole of `text` like this?
    pub(super) fn fits(&self, text: &str) -> bool {
        let Some((last, between)) = self.rest.split_last() else { return text == self.first };
        let Some(mut left) = text.strip_prefix(self.first.as_str()) else { return false };
        for piece in between {
            let Some((_, after)) = left.split_once(piece.as_str()) else { return false };
            left = after;
        }
        left.ends_with(last.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Wildcard;
    use proptest::prelude::*;

    /// The definition, tried in every way.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|start| naive(rest, &text[start..])),
            Some(('\\', rest)) => {
                text.split_first().is_some_and(|(c, left)| *c == rest[0] && naive(&rest[1..], left))
            }
            Some((first, rest)) => {
                text.split_first().is_some_and(|(c, left)| c == first && naive(rest, left))
            }
        }
    }

    #[test]
    fn stars_stand_for_any_text_and_escapes_for_themselves() {
        for (pattern, text, expected) in [
            ("*.png", "dir/a.png", true),
            ("*.png", "dir/a.png.txt", false),
            ("dir/*.png", "dir/.png", true),
            ("a*a", "a", false),
            ("a*b*c", "a-c-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
            (r"\\*", r"\x", true),
            ("é*ü", "éaü", true),
        ] {
            assert_eq!(Wildcard::parse(pattern).unwrap().fits(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn two_stars_in_a_row_and_lone_backslashes_are_refused() {
        for bad in ["**", "a**b", r"\", r"\a", r"a*\"] {
            assert!(Wildcard::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn many_stars_take_no_longer() {
        let pattern = Wildcard::parse(&"a*".repeat(2000)).unwrap();
        assert!(!pattern.fits(&"a".repeat(1999)));
        assert!(pattern.fits(&"a".repeat(200_000)));
    }

    proptest! {
        #[test]
        fn a_wildcard_matches_what_its_definition_matches(
            pattern in "([ab]|\\\\\\*|\\\\\\\\){0,3}(\\*([ab]|\\\\\\*){1,3}){0,3}\\*?",
            text in "[ab*\\\\]{0,8}",
        ) {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = naive(&characters(&pattern), &characters(&text));
            prop_assert_eq!(Wildcard::parse(&pattern).unwrap().fits(&text), expected);
        }
    }
}
