//! The rules of the house: the table of layers that `src/lib.rs` draws, and what breaks it.

use super::source::{Source, tokens};
use std::collections::BTreeSet;

/// Lines a file may have before its tests. Above [`LONG`] it is named, above this it fails.
const TOO_LONG: usize = 400;
/// Lines above which a file should be split soon.
const LONG: usize = 300;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 9] =
    ["util", "utils", "common", "helper", "helpers", "manager", "managers", "misc", "shared"];
/// What a pure module must not name: each reaches outside the program.
const IMPURE: [&str; 12] = [
    "tokio",
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "std::time::SystemTime",
    "std::time::Instant",
    "sqlx",
    "git2",
    "aws_config",
    "axum",
];
/// Crates whose types stop at one module.
const FOREIGN: [(&str, &[&str]); 10] = [
    ("aws_sdk_", &["aws"]),
    ("aws_config", &["aws"]),
    ("git2", &["git"]),
    ("linfa", &["model"]),
    ("forust", &["rehearsal"]),
    ("octocrab", &["github"]),
    ("sqlx", &["store", "rehearsal"]),
    // `engine` lends commands their keys over a loopback address, `app` serves what `web` answers
    ("axum", &["web", "rehearsal", "engine", "app"]),
    ("opentelemetry", &["app"]),
    ("prometheus_client", &["web"]),
];

/// Where a module stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    Pure,
    Adapter,
    Driver,
    Face,
    Beside,
}

/// The modules of `src/lib.rs` in order, each with its layer.
#[derive(Debug)]
pub(super) struct Table(Vec<(String, Layer)>);

impl Table {
    /// Reads the table from the text of `src/lib.rs`: a comment such as `// L1: …` opens a layer, and each
    /// `pub mod` line below it is a module in it.
    pub(super) fn read(lib: &str) -> Self {
        let mut layer = None;
        let mut modules = Vec::new();
        for line in lib.lines().map(str::trim) {
            layer = match line.get(..5) {
                Some("// L0") => Some(Layer::Pure),
                Some("// L1") => Some(Layer::Adapter),
                Some("// L2") => Some(Layer::Driver),
                Some("// L3") => Some(Layer::Face),
                Some("// Be") => Some(Layer::Beside),
                _ => layer,
            };
            let name = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';'));
            modules.extend(name.map(str::to_owned).zip(layer));
        }
        Self(modules)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    fn layer(&self, module: &str) -> Option<Layer> {
        self.0.iter().find(|(name, _)| name == module).map(|(_, layer)| *layer)
    }

    /// The modules that `user` may use.
    pub(super) fn allowed(&self, user: &str) -> Vec<&str> {
        if user == "main" {
            return vec!["cli"];
        }
        let Some(layer) = self.layer(user) else { return Vec::new() };
        let above = self.0.iter().take_while(|(name, _)| name != user);
        let allowed = above.filter(|(name, other)| match layer {
            Layer::Pure | Layer::Beside => *other == Layer::Pure,
            Layer::Adapter => *other == Layer::Pure || name == "clock",
            Layer::Driver | Layer::Face => *other != Layer::Beside,
        });
        let beside = self.0.iter().filter(|(_, other)| user == "app" && *other == Layer::Beside);
        allowed.chain(beside).map(|(name, _)| name.as_str()).collect()
    }

    /// Every place where a file names a module that it may not.
    pub(super) fn bad_edges(&self, sources: &[Source]) -> Vec<String> {
        let mut offences = Vec::new();
        for source in sources {
            let Some(user) = source.module().first().copied() else { continue };
            let allowed = self.allowed(user);
            for used in source.uses() {
                if used.target != user && !allowed.contains(&used.target.as_str()) {
                    let (path, line, target) = (&source.path, used.line, &used.target);
                    let list = allowed.join(", ");
                    offences.push(format!("{path}:{line} uses `{target}`, allowed: {list}"));
                }
            }
        }
        offences
    }

    /// Pure modules that reach outside, and outside types in a module that is not theirs.
    pub(super) fn foreign_names(&self, sources: &[Source]) -> Vec<String> {
        let mut offences = Vec::new();
        for source in sources {
            let Some(user) = source.module().first().copied() else { continue };
            let pure = self.layer(user) == Some(Layer::Pure);
            for (line, path) in source.paths() {
                let begins = |name: &&str| {
                    path.strip_prefix(name)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
                };
                if let Some(name) = IMPURE.iter().find(|name| pure && begins(name)) {
                    let file = &source.path;
                    offences.push(format!("{file}:{line} names `{name}`, but `{user}` is pure"));
                }
                let owned = FOREIGN.iter().find(|(prefix, _)| path.starts_with(prefix));
                if let Some((_, owners)) = owned.filter(|(_, owners)| !owners.contains(&user)) {
                    let (file, owners) = (&source.path, owners.join(", "));
                    offences.push(format!("{file}:{line} names `{path}`, allowed in: {owners}"));
                }
            }
        }
        offences
    }
}

/// Drops the files that some `#[cfg(test)] mod name;` declares, and all below them.
pub(super) fn without_test_files(sources: Vec<Source>) -> Vec<Source> {
    let declared: BTreeSet<String> = sources
        .iter()
        .flat_map(|source| {
            let folder = match source.path.as_str() {
                "src/lib.rs" | "src/main.rs" => "src",
                path => path.trim_end_matches(".rs"),
            };
            source.test_modules().into_iter().map(move |name| format!("{folder}/{name}"))
        })
        .collect();
    let is_test = |path: &str| {
        declared.iter().any(|test| {
            path.strip_prefix(test.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        })
    };
    sources.into_iter().filter(|source| !is_test(&source.path)).collect()
}

/// Files over the hard budget, and files over the soft one.
pub(super) fn long_files(sources: &[Source]) -> (Vec<String>, Vec<String>) {
    let over = |budget: usize, limit: usize| {
        sources
            .iter()
            .map(|source| (source, source.lines_before_tests()))
            .filter(|(_, lines)| *lines > budget && *lines <= limit)
            .map(|(source, lines)| format!("{}: {lines} lines, budget {budget}", source.path))
            .collect()
    };
    (over(TOO_LONG, usize::MAX), over(LONG, TOO_LONG))
}

/// Modules that do not begin by saying what they are.
pub(super) fn undocumented(sources: &[Source]) -> Vec<String> {
    let silent = sources.iter().filter(|source| !source.text.starts_with("//! "));
    silent.map(|source| format!("{}: begins without `//!` docs", source.path)).collect()
}

/// Files, folders and inline modules whose name says nothing.
pub(super) fn empty_names(sources: &[Source]) -> Vec<String> {
    let mut offences = Vec::new();
    for source in sources {
        let tokens = tokens(&source.text);
        let inline = tokens.windows(2).filter(|pair| pair[0].text == "mod");
        let names = source.module().into_iter().chain(inline.map(|pair| pair[1].text.as_str()));
        for name in names {
            if let Some(word) = name.split('_').find(|word| EMPTY_NAMES.contains(word)) {
                offences.push(format!("{}: `{name}` has `{word}` in it", source.path));
            }
        }
    }
    offences
}
