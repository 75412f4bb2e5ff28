//! The shape of the code, checked: who may use whom, how long a file may be, which names are too empty, and
//! that ARCHITECTURE.md and the test binary leave nothing out.
//!
//! `src/lib.rs` is the one table of layers. Every edge goes up in it, so a cycle cannot stand.

mod rules;
mod source;

use rules::Table;
use source::{Source, Use};
use std::{fs, io, path::Path};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Every Rust file below `folder`, in order of name.
fn rust_files(folder: &str) -> io::Result<Vec<Source>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(ROOT).join(&folder))? {
            let entry = entry?;
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if path.ends_with(".rs") {
                found.push(Source { text: fs::read_to_string(entry.path())?, path });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn read(path: &str) -> io::Result<String> {
    fs::read_to_string(Path::new(ROOT).join(path))
}

fn product() -> io::Result<(Table, Vec<Source>)> {
    Ok((Table::read(&read("src/lib.rs")?), rules::without_test_files(rust_files("src")?)))
}

fn report(what: &str, offences: &[String]) {
    assert!(offences.is_empty(), "{what}:\n  {}\n", offences.join("\n  "));
}

#[test]
fn modules_use_only_what_stands_above_them() -> io::Result<()> {
    let (table, sources) = product()?;
    report("uses against the order of src/lib.rs", &table.bad_edges(&sources));
    Ok(())
}

#[test]
fn outside_types_stay_in_their_module_and_pure_code_reaches_nowhere() -> io::Result<()> {
    let (table, sources) = product()?;
    report("names from outside in the wrong module", &table.foreign_names(&sources));
    Ok(())
}

#[test]
fn files_are_short_and_say_what_they_are() -> io::Result<()> {
    let (_, sources) = product()?;
    let (too_long, long) = rules::long_files(&sources);
    println!("over the soft budget: {long:#?}");
    report("files too long before their tests", &too_long);
    report("modules without a first word", &rules::undocumented(&sources));
    report("names that say nothing", &rules::empty_names(&sources));
    report("names that say nothing", &rules::empty_names(&rust_files("tests")?));
    Ok(())
}

#[test]
fn architecture_names_every_module() -> io::Result<()> {
    let (table, _) = product()?;
    let text = read("ARCHITECTURE.md")?;
    let missing = table.names().filter(|name| !text.contains(&format!("`{name}`")));
    let missing: Vec<String> = missing.map(str::to_owned).collect();
    report("modules that ARCHITECTURE.md does not name in backquotes", &missing);
    Ok(())
}

#[test]
fn every_test_file_runs() -> io::Result<()> {
    let main = read("tests/it/main.rs")?;
    let areas = rust_files("tests/it")?;
    let areas = areas.iter().filter_map(|file| file.path.strip_prefix("tests/it/"));
    let forgotten: Vec<String> = areas
        .filter(|path| *path != "main.rs" && !path.contains('/'))
        .map(|path| path.trim_end_matches(".rs"))
        .filter(|area| !main.lines().any(|line| line.trim() == format!("mod {area};")))
        .map(|area| format!("tests/it/{area}.rs: add `mod {area};` to tests/it/main.rs"))
        .collect();
    report("test files that no run includes", &forgotten);
    Ok(())
}

// The checker itself, on small made-up crates.

const LIB: &str = "
// L0: pure.
pub mod ids;
pub mod spec;
// L1: adapters.
pub mod clock;
pub mod git;
pub mod store;
// L2: drivers.
pub mod engine;
// L3: faces.
pub mod app;
pub mod cli;
// Beside them.
pub mod rehearsal;
";

fn file(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

fn edges(path: &str, text: &str) -> Vec<String> {
    Table::read(LIB).bad_edges(&[file(path, text)])
}

#[test]
fn an_edge_down_is_named_with_its_place_and_what_would_be_allowed() {
    let text = "use crate::ids::Sha;\n\nfn f() {\n    crate::engine::drive();\n}\n";
    assert_eq!(
        edges("src/spec/check.rs", text),
        ["src/spec/check.rs:4 uses `engine`, allowed: ids"]
    );
}

#[test]
fn each_layer_may_use_what_stands_above_it() {
    let table = Table::read(LIB);
    assert_eq!(table.allowed("ids"), [""; 0]);
    assert_eq!(table.allowed("spec"), ["ids"]);
    assert_eq!(table.allowed("store"), ["ids", "spec", "clock"]);
    assert_eq!(table.allowed("engine"), ["ids", "spec", "clock", "git", "store"]);
    assert_eq!(
        table.allowed("app"),
        ["ids", "spec", "clock", "git", "store", "engine", "rehearsal"]
    );
    assert_eq!(table.allowed("cli"), ["ids", "spec", "clock", "git", "store", "engine", "app"]);
    assert_eq!(table.allowed("rehearsal"), ["ids", "spec"]);
    assert_eq!(table.allowed("main"), ["cli"]);
}

#[test]
fn good_edges_pass() {
    assert_eq!(edges("src/app.rs", "use crate::{engine::Engine, rehearsal::Rehearsal};"), [""; 0]);
    assert_eq!(
        edges("src/engine/run.rs", "use super::drive;\nuse super::super::store::Store;"),
        [""; 0]
    );
    assert_eq!(edges("src/git.rs", "use crate::clock::Clock; use crate::git::Checkout;"), [""; 0]);
    assert_eq!(edges("src/main.rs", "fn main() { relevo::cli::main() }"), [""; 0]);
}

#[test]
fn bad_edges_are_found_however_they_are_written() {
    for (path, text) in [
        ("src/spec.rs", "use crate::store::Store;"),
        ("src/spec.rs", "use crate::{ids::{Sha, RunId}, store};"),
        ("src/spec.rs", "use super::store;"),
        ("src/spec/check.rs", "use super::super::store;"),
        ("src/spec/check.rs", "use super::{super::store::Store, Pipeline};"),
        ("src/spec.rs", "mod inner { use super::super::store::Store; }"),
        ("src/spec.rs", "pub use crate::*;"),
        ("src/spec.rs", "macro_rules! m { () => { $crate::store::open() } }"),
        ("src/spec.rs", "fn f<'a>(x: &'a str) -> char { crate::store::f(); 'a' }"),
        ("src/git.rs", "use crate::store::Store;"),
        ("src/cli/run.rs", "use crate::rehearsal::Rehearsal;"),
        ("src/rehearsal/s3.rs", "use crate::clock::Clock;"),
        ("src/main.rs", "use relevo::app::App;"),
    ] {
        assert_eq!(edges(path, text).len(), 1, "{path}: {text}");
    }
}

#[test]
fn two_modules_that_use_each_other_break_the_order() {
    let cycle = [
        file("src/git.rs", "use crate::engine::Engine;"),
        file("src/engine.rs", "use crate::git::Checkout;"),
    ];
    assert_eq!(Table::read(LIB).bad_edges(&cycle).len(), 1);
}

#[test]
fn comments_texts_and_tests_name_nothing() {
    let text = r##"
// use crate::store::A;
/* crate::store /* nested */ crate::store::B */
const TEXT: &str = "crate::store::C \" crate::store::D";
const RAW: &str = r#"crate::store::E " crate::store::F"#;
const QUOTE: char = '"';
pub(crate) fn f() {}
#[cfg(test)]
use crate::store::G;
#[cfg(test)]
#[path = "x.rs"]
mod tests { use crate::store::H; fn g() { { crate::store::i() } } }
fn after() -> crate::ids::Sha { todo() }
"##;
    let found = file("src/spec.rs", text).uses();
    assert_eq!(found, [Use { line: 13, target: "ids".to_owned() }]);
}

#[test]
fn files_declared_for_tests_are_left_out() {
    let kept = rules::without_test_files(vec![
        file("src/spec.rs", "mod check;\n#[cfg(test)]\nmod tests;"),
        file("src/spec/tests.rs", "use crate::store::Store;"),
        file("src/spec/tests/yaml.rs", "use crate::store::Store;"),
        file("src/spec/check.rs", ""),
    ]);
    assert_eq!(
        kept.iter().map(|file| &file.path).collect::<Vec<_>>(),
        ["src/spec.rs", "src/spec/check.rs"]
    );
}

#[test]
fn pure_code_and_outside_types_are_told_apart() {
    let names = |path: &str, text: &str| Table::read(LIB).foreign_names(&[file(path, text)]);
    assert_eq!(
        names("src/spec.rs", "use std::fs;"),
        ["src/spec.rs:1 names `std::fs`, but `spec` is pure"]
    );
    assert_eq!(names("src/spec.rs", "use std::fmt;\nfn f() { tokio::spawn(x) }").len(), 1);
    assert_eq!(names("src/spec.rs", "fn tokio_like() {}"), [""; 0]);
    assert_eq!(names("src/store.rs", "use std::fs; use sqlx::Row;"), [""; 0]);
    assert_eq!(names("src/engine.rs", "use aws_sdk_s3::Client;").len(), 1);
}

#[test]
fn long_silent_and_empty_names_are_found() {
    let long = |lines: usize| file("src/spec.rs", &"fn f() {}\n".repeat(lines));
    assert_eq!(rules::long_files(&[long(401)]).0, ["src/spec.rs: 401 lines, budget 400"]);
    assert_eq!(rules::long_files(&[long(301)]).1, ["src/spec.rs: 301 lines, budget 300"]);
    let tested = file("src/spec.rs", &format!("fn f() {{}}\n#[cfg(test)]\n{}", "\n".repeat(500)));
    assert_eq!(rules::long_files(&[tested]), (vec![], vec![]));
    assert_eq!(rules::undocumented(&[long(1)]).len(), 1);
    assert_eq!(rules::undocumented(&[file("src/spec.rs", "//! What it is.\n")]), [""; 0]);
    let names = [file("src/path_utils.rs", ""), file("src/spec.rs", "mod common { }")];
    assert_eq!(rules::empty_names(&names).len(), 2);
}
