//! Which variables a command sees, and which program its name means.

use super::ExecError;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// What a command may know of the agent's own environment.
/// `HOME` is none of it: what the agent's user keeps there (`.aws`, `.ssh`, `.netrc`, `.gitconfig`) is not for commands.
const ALLOWED: &[&str] = &["PATH", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ"];

/// Variables that make a shell, a loader or an interpreter run code of the setter's choice.
const FORBIDDEN: &[&str] = &[
    "BASH_ENV",
    "BASHOPTS",
    "ENV",
    "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PERL5LIB",
    "PERL5OPT",
    "PROMPT_COMMAND",
    "PS4",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RUBYLIB",
    "RUBYOPT",
    "SHELLOPTS",
];
/// The same, by prefix.
const FORBIDDEN_PREFIXES: &[&str] = &["LD_", "DYLD_", "BASH_FUNC_"];

/// Where programs are looked for if the agent itself has no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The part of the agent's environment that commands inherit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inherited(BTreeMap<String, String>);

impl Inherited {
    /// Keeps what commands may know of `variables`.
    #[must_use]
    pub fn from(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let allowed = |(name, _): &(String, String)| ALLOWED.contains(&name.as_str());
        let mut kept: BTreeMap<_, _> = variables.into_iter().filter(allowed).collect();
        kept.entry("PATH".to_owned()).or_insert_with(|| DEFAULT_PATH.to_owned());
        Self(kept)
    }

    /// The whole environment of a command with these `variables` of its own.
    pub(super) fn with(
        &self,
        variables: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, ExecError> {
        let mut all = self.0.clone();
        for (name, value) in variables {
            if !is_settable(name) || value.contains('\0') {
                return Err(ExecError::ForbiddenVariable(name.clone()));
            }
            all.insert(name.clone(), value.clone());
        }
        Ok(all)
    }
}

fn is_settable(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !FORBIDDEN.contains(&name)
        && !FORBIDDEN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The file a program's name means: by `PATH`, whose relative entries do not count, or from the work folder.
pub(super) fn find_program(
    program: &str,
    path: &str,
    directory: &Path,
) -> Result<PathBuf, ExecError> {
    let missing = |searched: String| ExecError::NoProgram { program: program.to_owned(), searched };
    if program.contains('/') {
        let file = directory.join(program);
        return if file.is_file() {
            Ok(file)
        } else {
            Err(missing(directory.display().to_string()))
        };
    }
    path.split(':')
        .map(Path::new)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .ok_or_else(|| missing(format!("PATH={path}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn only_what_is_on_the_list_is_inherited() {
        let ours = [
            pair("TZ", "UTC"),
            pair("HOME", "/root"),
            pair("TMPDIR", "/tmp"),
            pair("AWS_SECRET_ACCESS_KEY", "s"),
            pair("AWS_PROFILE", "prod"),
            pair("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2"),
            pair("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254"),
            pair("SSH_AUTH_SOCK", "/run/agent"),
        ];
        let seen = Inherited::from(ours).with(&BTreeMap::from([pair("BRANCH", "$(rm)")])).unwrap();
        let expected = [pair("BRANCH", "$(rm)"), pair("PATH", DEFAULT_PATH), pair("TZ", "UTC")];
        assert_eq!(seen, BTreeMap::from(expected));
    }

    #[test]
    fn variables_that_run_code_are_refused() {
        for name in ["LD_PRELOAD", "BASH_ENV", "NODE_OPTIONS", "", "A=B", "1A", "BASH_FUNC_x%%"] {
            let set = Inherited::default().with(&BTreeMap::from([pair(name, "x")]));
            assert!(matches!(set, Err(ExecError::ForbiddenVariable(_))), "{name}");
        }
    }

    #[test]
    fn programs_are_never_found_through_a_relative_path() {
        let here = Path::new("/bin");
        assert!(find_program("sh", ".:bin::", here).is_err());
        assert_eq!(find_program("sh", ".:/bin", here).unwrap(), Path::new("/bin/sh"));
        assert_eq!(find_program("./sh", "", here).unwrap(), Path::new("/bin/./sh"));
    }
}
