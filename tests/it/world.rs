//! The small world every test lives in: a repository in a temporary folder, its environments, a rehearsed cloud, an
//! agent, and a clock that stands still.

mod inside;

pub use inside::{Fate, Inside, administrator};

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};
use tempfile::TempDir;

/// What the checkout itself promotes, copied into every world.
const EXAMPLE: [&str; 4] = ["pipeline.yaml", "environments", "templates", "data"];

/// A repository with the worked example on `main` and `develop`.
pub struct World {
    folder: TempDir,
}

impl World {
    /// The example, committed.
    pub fn new() -> Self {
        let world = Self::empty();
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in EXAMPLE {
            copy(&checkout.join(name), &world.path(name));
        }
        world.commit("The example");
        world.git(&["branch", "develop"]);
        world
    }

    /// A repository without a commit.
    pub fn empty() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(world.repository()).unwrap();
        world.git(&["init", "--quiet", "--initial-branch=main"]);
        world.git(&["config", "user.name", "Ada"]);
        world.git(&["config", "user.email", "ada@example.org"]);
        world
    }

    /// The repository's folder.
    pub fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// A file of the repository.
    pub fn path(&self, name: &str) -> PathBuf {
        self.repository().join(name)
    }

    /// What a file of the repository says now.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a file of the repository, not committing it.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces one passage of a file, which must be there.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} does not contain {from:?}");
        self.write(name, &text.replacen(from, to, 1));
    }

    /// Commits everything and answers the commit.
    pub fn commit(&self, message: &str) -> String {
        fs::write(self.path(".gitignore"), "/.agent\n").unwrap();
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs git in the repository.
    pub fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.repository()).args(arguments).env("GIT_CONFIG_NOSYSTEM", "1");
        let output = git.output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", text(&output.stderr));
        text(&output.stdout).trim().to_owned()
    }

    /// The agent, ready to be started in the repository.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut agent = Command::new(env!("CARGO_BIN_EXE_agent"));
        agent
            .args(arguments)
            .current_dir(self.repository())
            .env_remove("AGENT_STATE")
            .stdin(Stdio::null());
        agent
    }

    /// Runs the agent to its end.
    pub fn agent<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Told {
        Told::of(&self.command(arguments).output().unwrap())
    }
}

/// What the agent said, and how it ended.
#[derive(Debug)]
pub struct Told {
    /// Exit code.
    pub code: i32,
    /// Data.
    pub stdout: String,
    /// Talk.
    pub stderr: String,
}

impl Told {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// The same, if the agent was content.
    pub fn done(self) -> Self {
        self.exits(0)
    }

    /// The same, if the agent ended with `code`.
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard output as one JSON document.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    /// Everything that was said contains `needle`.
    pub fn says(&self, needle: &str) -> &Self {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(all.contains(needle), "does not say {needle:?}:\n{all}");
        self
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
