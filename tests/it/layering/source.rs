//! Reads Rust source far enough to know which modules of this crate it names: comments, texts and test
//! code are dropped, then every path is followed to the crate's root.

/// One file of `src/`, named relative to the repository.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) text: String,
}

/// A path from the crate's root, at the place that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) line: usize,
    /// Segments behind the root; the first is a top-level module, or `*`.
    pub(super) target: String,
}

/// An identifier or a piece of punctuation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) line: usize,
    pub(super) text: String,
}

impl Source {
    /// The module the file holds, from the root: `src/flow/state.rs` is `["flow", "state"]`.
    pub(super) fn module(&self) -> Vec<&str> {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let mut segments: Vec<&str> = inside.trim_end_matches(".rs").split('/').collect();
        if matches!(segments.last(), Some(&("lib" | "mod"))) {
            segments.pop();
        }
        segments
    }

    /// Lines in front of the first test module.
    pub(super) fn lines_before_tests(&self) -> usize {
        self.text.lines().take_while(|line| !line.contains("#[cfg(test)]")).count()
    }

    /// What the code outside tests names at the crate's root.
    pub(super) fn uses(&self) -> Vec<Use> {
        let (tokens, _) = without_tests(&tokens(&self.text));
        Walk { tokens: &tokens, found: Vec::new() }.through(self.module().len())
    }

    /// Modules that the file declares for tests only: `#[cfg(test)] mod tests;`.
    pub(super) fn test_modules(&self) -> Vec<String> {
        without_tests(&tokens(&self.text)).1
    }

    /// Paths of code that is not tests, such as `tokio::fs`, each as written, with its line.
    pub(super) fn paths(&self) -> Vec<(usize, String)> {
        let (tokens, _) = without_tests(&tokens(&self.text));
        let mut paths: Vec<(usize, String)> = Vec::new();
        let mut glued = false;
        for token in &tokens {
            match (paths.last_mut(), glued || token.text == "::") {
                (Some((_, path)), true) => path.push_str(&token.text),
                _ => paths.push((token.line, token.text.clone())),
            }
            glued = token.text == "::";
        }
        paths
    }
}

struct Walk<'a> {
    tokens: &'a [Token],
    found: Vec<Use>,
}

impl Walk<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }

    /// Goes through a whole file whose module lies `depth` below the root.
    fn through(mut self, depth: usize) -> Vec<Use> {
        let mut braces = 0;
        let mut inline = Vec::new();
        for at in 0..self.tokens.len() {
            let begins = at == 0 || self.text(at - 1) != "::";
            match self.text(at) {
                "{" => braces += 1,
                "}" => {
                    inline.pop_if(|opened| *opened == braces);
                    braces -= 1;
                }
                "mod" if self.text(at + 2) == "{" => inline.push(braces + 1),
                "crate" | "relevo" if begins && self.text(at + 1) == "::" => self.follow(at + 2, 0),
                "super" if begins => self.follow(at, depth + inline.len()),
                _ => {}
            }
        }
        self.found
    }

    /// Follows a path, or a tree of paths in braces, from `at`, `depth` modules below the root.
    fn follow(&mut self, mut at: usize, mut depth: usize) {
        loop {
            match self.text(at) {
                "super" if self.text(at + 1) == "::" => {
                    depth = depth.saturating_sub(1);
                    at += 2;
                }
                "self" if self.text(at + 1) == "::" => at += 2,
                "{" => return self.follow_each(at + 1, depth),
                "super" | "self" | "" => return,
                _ if depth > 0 => return,
                name => {
                    let (line, target) = (self.tokens[at].line, name.to_owned());
                    return self.found.push(Use { line, target });
                }
            }
        }
    }

    /// Follows the members of a brace group whose first member stands at `at`.
    fn follow_each(&mut self, mut at: usize, depth: usize) {
        let mut nested = 0;
        self.follow(at, depth);
        while at < self.tokens.len() {
            match self.text(at) {
                "{" => nested += 1,
                "}" if nested == 0 => return,
                "}" => nested -= 1,
                "," if nested == 0 && self.text(at + 1) != "}" => self.follow(at + 1, depth),
                _ => {}
            }
            at += 1;
        }
    }
}

/// Drops every item under `#[cfg(test)]`; also returns the names of modules so declared in other files.
pub(super) fn without_tests(tokens: &[Token]) -> (Vec<Token>, Vec<String>) {
    let text = |at: usize| tokens.get(at).map_or("", |token: &Token| token.text.as_str());
    let (mut kept, mut modules) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
        if !attribute.iter().enumerate().all(|(offset, part)| text(at + offset) == *part) {
            kept.push(tokens[at].clone());
            at += 1;
            continue;
        }
        at += attribute.len();
        while text(at) == "#" {
            at = closing(tokens, at + 1) + 1;
        }
        let name = (at..at + 4).find(|&at| text(at) == "mod" && text(at + 2) == ";");
        modules.extend(name.map(|at| text(at + 1).to_owned()));
        while at < tokens.len() && !matches!(text(at), "{" | ";") {
            at = if matches!(text(at), "(" | "[") { closing(tokens, at) + 1 } else { at + 1 };
        }
        at = if text(at) == "{" { closing(tokens, at) + 1 } else { at + 1 };
    }
    (kept, modules)
}

/// Index of the bracket that closes the one at `at`; the end of the file if none does.
fn closing(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    tokens.len()
}

/// Identifiers and punctuation with their lines; comments, texts, characters and lifetimes are dropped.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut rest = text;
    let mut line = 1;
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (length, kept) = lexeme(rest, first);
        let (lexeme, after) = rest.split_at(length);
        if kept {
            tokens.push(Token { line, text: lexeme.to_owned() });
        }
        line += lexeme.matches('\n').count();
        rest = after;
    }
    tokens
}

/// Bytes of the lexeme that `rest` begins with, and whether it is worth a token.
fn lexeme(rest: &str, first: char) -> (usize, bool) {
    let until = |end: Option<usize>| end.unwrap_or(rest.len());
    if first.is_whitespace() {
        (first.len_utf8(), false)
    } else if rest.starts_with("//") {
        (until(rest.find('\n')), false)
    } else if rest.starts_with("/*") {
        (block_comment(rest), false)
    } else if let Some(length) = raw_text(rest).or_else(|| plain_text(rest)) {
        (length, false)
    } else if first == '\'' {
        (character_or_lifetime(rest), false)
    } else if first.is_alphanumeric() || first == '_' {
        (until(rest.find(|c: char| !c.is_alphanumeric() && c != '_')), true)
    } else if rest.starts_with("::") {
        (2, true)
    } else {
        (first.len_utf8(), true)
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let step = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// Length of `r"…"`, `r#"…"#`, `br"…"` or `cr"…"`, if one begins here.
fn raw_text(rest: &str) -> Option<usize> {
    let prefix = ["r", "br", "cr"].into_iter().find(|prefix| {
        rest.strip_prefix(prefix).is_some_and(|rest| rest.trim_start_matches('#').starts_with('"'))
    })?;
    let hashes = rest[prefix.len()..].bytes().take_while(|byte| *byte == b'#').count();
    let opened = prefix.len() + hashes + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(rest[opened..].find(&end).map_or(rest.len(), |at| opened + at + end.len()))
}

/// Length of `"…"`, `b"…"` or `c"…"`, if one begins here.
fn plain_text(rest: &str) -> Option<usize> {
    let opened = ["\"", "b\"", "c\""].into_iter().find(|opening| rest.starts_with(opening))?.len();
    Some(unescaped(rest, opened, '"'))
}

/// A lifetime gives way to the identifier behind it; a character does not.
fn character_or_lifetime(rest: &str) -> usize {
    let mut characters = rest.chars().skip(1);
    match (characters.next(), characters.next()) {
        (Some('\\'), _) | (_, Some('\'')) => unescaped(rest, 1, '\''),
        _ => 1,
    }
}

/// Index behind the first `end` from `from` on that no backslash stands in front of.
fn unescaped(rest: &str, from: usize, end: char) -> usize {
    let mut escaped = false;
    for (at, character) in rest[from..].char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == end => return from + at + 1,
            _ => {}
        }
    }
    rest.len()
}
