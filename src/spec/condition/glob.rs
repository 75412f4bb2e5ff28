//! File patterns of `changed(…)`: `?` and `*` stay inside a folder, `**` crosses folders.

/// Characters of a pattern: time grows with pattern times path.
const LONGEST_PATTERN: usize = 256;

/// A checked pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// This character.
    Exactly(char),
    /// One character, not `/`.
    One,
    /// Any characters, none of them `/`.
    InFolder,
    /// Any characters at all.
    Anything,
    /// `**/`: nothing, or anything up to and including a `/`.
    Folders,
}

impl Glob {
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.is_empty() || pattern.chars().count() > LONGEST_PATTERN {
            return Err(format!("a pattern has 1 to {LONGEST_PATTERN} characters"));
        }
        if pattern.starts_with('/') || pattern.starts_with("./") {
            return Err("a pattern begins with neither '/' nor './'".to_owned());
        }
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let Some(first) = rest.chars().next() {
            let (part, length) = match first {
                '*' if rest.starts_with("**/") => (Part::Folders, 3),
                '*' if rest.starts_with("**") => (Part::Anything, 2),
                '*' => (Part::InFolder, 1),
                '?' => (Part::One, 1),
                other => (Part::Exactly(other), other.len_utf8()),
            };
            parts.push(part);
            rest = &rest[length..];
        }
        Ok(Self(parts))
    }

    /// Tries all ways at once, character by character: no pattern makes it slow.
    pub(super) fn matches(&self, path: &str) -> bool {
        let mut reached = vec![false; self.0.len() + 1];
        self.arrive(0, &mut reached);
        for character in path.chars() {
            let mut next = vec![false; reached.len()];
            for (index, part) in self.0.iter().enumerate().filter(|(index, _)| reached[*index]) {
                match part {
                    Part::Exactly(wanted) if *wanted == character => {
                        self.arrive(index + 1, &mut next);
                    }
                    Part::One if character != '/' => self.arrive(index + 1, &mut next),
                    Part::InFolder if character != '/' => self.arrive(index, &mut next),
                    Part::Anything => self.arrive(index, &mut next),
                    Part::Folders if character == '/' => {
                        next[index] = true;
                        self.arrive(index + 1, &mut next);
                    }
                    // Inside a folder's name there is no way out before its '/'.
                    Part::Folders => next[index] = true,
                    Part::Exactly(_) | Part::One | Part::InFolder => {}
                }
            }
            reached = next;
        }
        reached[self.0.len()]
    }

    /// Marks the part at `index`, and those behind it as far as parts may stand for nothing.
    fn arrive(&self, mut index: usize, reached: &mut [bool]) {
        reached[index] = true;
        while let Some(Part::InFolder | Part::Anything | Part::Folders) = self.0.get(index) {
            index += 1;
            reached[index] = true;
        }
    }
}
