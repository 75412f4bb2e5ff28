//! Makes what no well-behaved git would.

use crate::world::World;
use flate2::{Compression, write::ZlibEncoder};
use git2::{ObjectType, Oid, Signature, Time};
use relevo::{
    git::{GitError, Repository},
    ids::Sha,
};
use std::{fs, io::Write as _, path::PathBuf};

pub const FILE: &str = "100644";
pub const LINK: &str = "120000";
pub const FOLDER: &str = "40000";
pub const SUBMODULE: &str = "160000";

/// A world, its objects, and a cage that stays empty as long as nothing runs.
pub struct Forge {
    pub world: World,
    pub git: git2::Repository,
}

impl Forge {
    /// Around the worked example.
    pub fn new() -> Self {
        Self::of(World::new())
    }

    /// Around nothing.
    pub fn empty() -> Self {
        Self::of(World::empty())
    }

    fn of(world: World) -> Self {
        let git = git2::Repository::open(world.repository()).unwrap();
        let forge = Self { world, git };
        fs::create_dir(forge.cage()).unwrap();
        forge
    }

    /// Where hostile commands leave their mark.
    pub fn cage(&self) -> PathBuf {
        self.world.path("../cage")
    }

    /// A command that leaves one.
    pub fn command(&self, mark: &str) -> String {
        format!(
            "touch {}/{mark}",
            self.world.path("..").canonicalize().unwrap().join("cage").display()
        )
    }

    /// What ran.
    pub fn marks(&self) -> Vec<String> {
        let entries = fs::read_dir(self.cage()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    pub fn blob(&self, text: &str) -> Oid {
        self.git.blob(text.as_bytes()).unwrap()
    }

    /// A blob that says of itself that it has so many bytes.
    pub fn boaster(&self, bytes: u64) -> Oid {
        let id = "b0".repeat(20);
        let folder = self.world.path(".git/objects/b0");
        fs::create_dir_all(&folder).unwrap();
        let mut file = ZlibEncoder::new(Vec::new(), Compression::fast());
        file.write_all(format!("blob {bytes}\0not that many").as_bytes()).unwrap();
        fs::write(folder.join(&id[2..]), file.finish().unwrap()).unwrap();
        Oid::from_str(&id).unwrap()
    }

    /// A tree of exactly these entries, in this order.
    pub fn tree<N: AsRef<[u8]>>(&self, entries: &[(&str, N, Oid)]) -> Oid {
        tree(&self.git, entries)
    }

    /// `tree` inside so many folders, each of which stands under all of `names`.
    pub fn folded(&self, tree: Oid, depth: usize, names: &[&str]) -> Oid {
        (0..depth).fold(tree, |inner, _| {
            let entries: Vec<_> = names.iter().map(|name| (FOLDER, *name, inner)).collect();
            self.tree(&entries)
        })
    }

    /// A commit that no branch leads to.
    pub fn dangling(&self, tree: Oid, parents: &[&str]) -> Sha {
        dangling(&self.git, tree, parents)
    }

    /// The repository as the agent takes it: in place, or by an address.
    pub fn open(&self) -> Repository {
        self.try_open().unwrap()
    }

    pub fn try_open(&self) -> Result<Repository, GitError> {
        self.open_as(&self.world.repository().display().to_string())
    }

    pub fn mirror(&self) -> Repository {
        self.open_as(&format!("file://{}", self.world.repository().display())).unwrap()
    }

    fn open_as(&self, source: &str) -> Result<Repository, GitError> {
        Repository::open(source, &self.world.path("../mirrors"), &Default::default())
    }
}

/// A tree of exactly these entries, in this order.
pub fn tree<N: AsRef<[u8]>>(git: &git2::Repository, entries: &[(&str, N, Oid)]) -> Oid {
    let mut raw = Vec::new();
    for (mode, name, id) in entries {
        raw.extend_from_slice(format!("{mode} ").as_bytes());
        raw.extend_from_slice(name.as_ref());
        raw.push(0);
        raw.extend_from_slice(id.as_bytes());
    }
    git.odb().unwrap().write(ObjectType::Tree, &raw).unwrap()
}

/// A commit that no branch leads to.
pub fn dangling(git: &git2::Repository, tree: Oid, parents: &[&str]) -> Sha {
    let who = Signature::new("Eve", "eve@example.org", &Time::new(0, 0)).unwrap();
    let tree = git.find_tree(tree).unwrap();
    let found = |id: &&str| git.find_commit(Oid::from_str(id).unwrap()).unwrap();
    let parents: Vec<_> = parents.iter().map(found).collect();
    let parents: Vec<_> = parents.iter().collect();
    git.commit(None, &who, &who, "c", &tree, &parents).unwrap().to_string().parse().unwrap()
}
