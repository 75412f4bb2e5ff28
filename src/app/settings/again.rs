//! Another look at `agent.yaml` while an agent works by it: what is otherwise by now, in a sentence.
//!
//! The settings that an agent began with are those it ends with, so that each of its tasks goes by the same ones. To take
//! new ones it is started anew, which loses nothing: runs go on where they were.

use super::Settings;
use crate::{clock::Clock, spec::SourceFile};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc};

/// The file that settings were read from.
#[derive(Debug, Clone)]
pub struct Written {
    /// Where it is, and what it said.
    pub file: SourceFile,
    /// The folder it is in.
    pub folder: PathBuf,
}

/// The sections of a file, by name.
type Sections = BTreeMap<String, Value>;

impl Settings {
    /// Reads the file again, checks it and every secret that it names, and says what a start would make of it. Nothing in
    /// the simple case. Must be called within a runtime.
    #[must_use]
    pub fn look_again(
        &self,
        clock: &Arc<dyn Clock>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let written = self.written.as_ref()?;
        let name = &written.file.name;
        let text = match fs::read_to_string(name) {
            Ok(text) => text,
            Err(error) => return Some(format!("{name} cannot be read: {error}; {STAY}")),
        };
        let now = SourceFile { name: name.clone(), text };
        let settings = match super::read(&now, &written.folder) {
            Ok((settings, _warnings)) => settings,
            Err(findings) => {
                let first = findings.0.first();
                let place = first.map(|one| format!("{}:{}: {}", name, one.line, one.message));
                let more = match findings.0.len() {
                    0 | 1 => String::new(),
                    several => format!(", and {} more", several - 1),
                };
                let place = place.unwrap_or_else(|| name.clone());
                return Some(format!("{place}{more}; no agent would start with this; {STAY}"));
            }
        };
        if let Some(trouble) = settings.secret_troubles(clock, variable).first() {
            return Some(format!("{name}: {trouble:#}; no agent would start with this; {STAY}"));
        }
        let (before, after) = (sections(&written.file.text), sections(&now.text));
        Some(match changed(&before, &after).as_slice() {
            [] => format!("{name} says what it said at the start."),
            changed => format!(
                "{name} is in order, and otherwise in {}; {STAY} until the agent is started anew.",
                changed.join(", ")
            ),
        })
    }
}

/// What holds in the meantime.
const STAY: &str = "the settings of the start stay in force";

/// The sections of a text that is known to be in order.
fn sections(text: &str) -> Sections {
    serde_yaml::from_str(text.trim_start_matches('\u{feff}')).unwrap_or_default()
}

/// The names of those that came, went, or say something else.
fn changed<'s>(before: &'s Sections, now: &'s Sections) -> Vec<&'s str> {
    let gone = before.keys().filter(|name| !now.contains_key(*name));
    let other = now.iter().filter(|(name, said)| before.get(*name) != Some(said));
    let mut names: Vec<&str> =
        gone.chain(other.map(|(name, _)| name)).map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use std::path::Path;

    const HEAD: &str = "version: 1\nrepositories: { app: { source: /srv/app } }\n";

    /// What an agent that began with this says about that.
    fn said(before: &str, now: Option<&str>) -> (String, String) {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("agent.yaml").display().to_string();
        let file = SourceFile { name: name.clone(), text: format!("{HEAD}{before}") };
        let (settings, _) = super::super::read(&file, folder.path()).unwrap();
        if let Some(now) = now {
            fs::write(Path::new(&name), now.replace("HEAD\n", HEAD)).unwrap();
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        (settings.look_again(&clock, &|_| None).unwrap(), name)
    }

    #[test]
    fn it_says_which_sections_are_otherwise_however_they_are_written() {
        let before = "limits: { runs-at-once: 2 }\nname: blue\n";
        let (same, name) = said(before, Some("HEAD\nname: 'blue'\nlimits:\n  runs-at-once: 2\n"));
        assert_eq!(same, format!("{name} says what it said at the start."));
        let (other, _) = said(before, Some("HEAD\nlimits: { runs-at-once: 3 }\nlabels: [gpu]\n"));
        assert!(other.contains("otherwise in labels, limits, name; "), "{other}");
        assert!(other.ends_with("until the agent is started anew."), "{other}");
    }

    #[test]
    fn what_no_agent_would_start_with_is_told_in_one_line() {
        let (bad, name) = said("", Some("HEAD\nlimit: {}\nlisten: here\n"));
        assert!(bad.starts_with(&format!("{name}:3: ")) && bad.contains(", and 1 more"), "{bad}");
        assert!(!bad.contains('\n') && bad.ends_with(STAY), "{bad}");
        let (unset, _) = said("", Some("HEAD\nwebhooks: { secrets: [{ env: NOWHERE }] }\n"));
        assert!(unset.contains("NOWHERE is not set") && unset.ends_with(STAY), "{unset}");
        let (gone, _) = said("", None);
        assert!(gone.contains("cannot be read") && gone.ends_with(STAY), "{gone}");
    }
}
