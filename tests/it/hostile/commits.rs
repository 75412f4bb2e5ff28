//! Commits that must not become a work folder, and commits that become a harmless one.

use super::forge::{FILE, FOLDER, Forge, LINK, SUBMODULE};
use git2::Oid;
use relevo::git::{GitError, LARGEST_FILE, MOST_FILES};
use std::fs;

type Row = (&'static str, fn(&Forge) -> Oid, fn(&GitError) -> bool);

const TABLE: [Row; 16] = [
    ("a link to a folder and a file beneath it", link_and_folder, is_refused),
    ("the same, leading out", link_out_and_folder, is_unsafe),
    ("one name twice", twice, is_refused),
    ("a link to an absolute path", |forge| link(forge, "/etc/passwd"), is_unsafe),
    ("a link that goes up in the middle", |forge| link(forge, "a/../../x"), is_unsafe),
    ("a link into git's own folder", |forge| link(forge, ".GIT/hooks/post-checkout"), is_unsafe),
    ("git's folder in a folder", |forge| forge.folded(one(forge, ".Git"), 1, &["d"]), is_unsafe),
    ("git's folder as NTFS has it", |forge| one(forge, ".git::$INDEX_ALLOCATION"), is_unsafe),
    ("its short name", |forge| one(forge, "GIT~1"), is_unsafe),
    ("git's folder as HFS+ has it", |forge| one(forge, ".gi\u{202e}t\u{feff}"), is_unsafe),
    ("a submodule in git's place", |forge| submodule(forge, ".git"), is_unsafe),
    ("a submodule above", |forge| submodule(forge, ".."), is_unsafe),
    ("folders in folders", |forge| forge.folded(one(forge, "x"), 100, &["d"]), is_too_large),
    ("a tree of itself", bomb, is_too_large),
    ("too many files", crowd, is_too_large),
    ("a file that would fill the memory", giant, is_too_large),
];

fn is_unsafe(error: &GitError) -> bool {
    matches!(error, GitError::Unsafe { .. })
}

fn is_too_large(error: &GitError) -> bool {
    matches!(error, GitError::TooLarge { .. })
}

fn is_refused(_: &GitError) -> bool {
    true
}

fn one(forge: &Forge, name: &str) -> Oid {
    forge.tree(&[(FILE, name, forge.blob("x"))])
}

fn link(forge: &Forge, target: &str) -> Oid {
    forge.tree(&[(LINK, "link", forge.blob(target))])
}

fn submodule(forge: &Forge, name: &str) -> Oid {
    forge.tree(&[(SUBMODULE, name, forge.blob("x"))])
}

fn link_and_folder(forge: &Forge) -> Oid {
    let inner = one(forge, "mark");
    forge.tree(&[(LINK, "a", forge.blob("b")), (FOLDER, "a", inner), (FOLDER, "b", inner)])
}

fn link_out_and_folder(forge: &Forge) -> Oid {
    forge.tree(&[(LINK, "a", forge.blob("../cage")), (FOLDER, "a", one(forge, "mark"))])
}

fn twice(forge: &Forge) -> Oid {
    forge.tree(&[(FILE, "a", forge.blob("shown")), (FILE, "a", forge.blob("run"))])
}

fn bomb(forge: &Forge) -> Oid {
    let ten = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    forge.folded(one(forge, "x"), 12, &ten)
}

fn crowd(forge: &Forge) -> Oid {
    let blob = forge.blob("x");
    let entries: Vec<_> = (0..=MOST_FILES).map(|n| (FILE, format!("{n:06}"), blob)).collect();
    forge.tree(&entries)
}

fn giant(forge: &Forge) -> Oid {
    forge.tree(&[(FILE, "data.csv", forge.boaster(LARGEST_FILE as u64 + 1))])
}

#[test]
fn none_of_these_becomes_a_work_folder() {
    let forge = Forge::empty();
    for (what, make, expected) in TABLE {
        let commit = forge.dangling(make(&forge), &[]);
        let folder = forge.world.path("../work");
        let refused = forge.open().checkout(&commit, &folder).unwrap_err();
        assert!(expected(&refused), "{what}: {refused:?}");
        assert!(!folder.exists(), "{what}");
        assert!(forge.marks().is_empty(), "{what}: {:?}", forge.marks());
    }
}

/// What changed is asked of every commit, before anybody checks it out.
#[test]
fn a_tree_of_itself_is_not_unfolded_to_compare_it() {
    let forge = Forge::empty();
    let plain = forge.dangling(one(&forge, "x"), &[]);
    let (bomb, deep) = (bomb(&forge), forge.folded(one(&forge, "x"), 5_000, &["d"]));
    for hostile in [bomb, deep].map(|tree| forge.dangling(tree, &[])) {
        let repository = forge.open();
        for (older, newer) in [(None, &hostile), (Some(&plain), &hostile), (Some(&hostile), &plain)]
        {
            let refused = repository.changed_paths(older, newer).unwrap_err();
            assert!(is_too_large(&refused), "{refused:?}");
        }
        assert!(repository.changed_paths(Some(&hostile), &hostile).unwrap().is_empty());
        forge.world.git(&["update-ref", "refs/heads/main", hostile.as_str()]);
        assert!(is_too_large(&forge.open().has_uncommitted_changes().unwrap_err()));
    }
}

#[test]
fn what_only_git_would_obey_is_written_as_the_data_it_is() {
    let forge = Forge::empty();
    let modules = format!(
        "[submodule \"a\"]\n\tpath = sub\n\turl = -u{0}\n\tupdate = !{0}\n[submodule \"b\"]\n\tpath = sub\n\turl = ext::{0}\n",
        forge.command("submodule")
    );
    let attributes = "* filter=evil diff=evil working-tree-encoding=UTF-16LE eol=crlf ident\n";
    let hook = forge.command("hook");
    let hooks = forge.tree(&[("100755", "post-checkout", forge.blob(&hook))]);
    let tree = forge.tree(&[
        (FILE, "--upload-pack=id", forge.blob("")),
        (FILE, ".gitattributes", forge.blob(attributes)),
        (FILE, ".gitmodules", forge.blob(&modules)),
        (FOLDER, "hooks", hooks),
        (FILE, "README", forge.blob("$Id$\n")),
        (FILE, "readme", forge.blob("small\n")),
        (SUBMODULE, "sub", forge.blob("x")),
    ]);
    let filter = forge.command("smudge");
    forge.world.git(&["config", "filter.evil.smudge", &filter]);
    forge.world.git(&["config", "core.hooksPath", "hooks"]);
    let commit = forge.dangling(tree, &[]);
    let folder = forge.world.path("../work");
    forge.open().checkout(&commit, &folder).unwrap();
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!((read("README"), read("readme")), ("$Id$\n".to_owned(), "small\n".to_owned()));
    assert_eq!(read(".gitmodules"), modules);
    assert_eq!(fs::read_dir(folder.join("sub")).unwrap().count(), 0, "no submodule is fetched");
    assert!(forge.marks().is_empty(), "{:?}", forge.marks());
}
