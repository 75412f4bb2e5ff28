//! From the text of `agent.yaml` to [`Settings`], or to everything that is wrong with it.

use super::{
    DEFAULT_DRAIN, DEFAULT_LISTEN, DEFAULT_RUNS_AT_ONCE, DEFAULT_WATCH, Drain, SecretSource,
    Settings, Written,
    raw::{RawDrain, RawRepository, RawSecret, RawSettings, RawWebhooks},
    sources,
};
use crate::{
    git,
    hearing::Repository,
    ids::RepositoryName,
    spec::{Findings, Reading, SourceFile, quoted},
};
use std::{
    collections::BTreeMap,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};
use url::Url;

/// The version of the format that this program reads.
const VERSION: u64 = 1;
/// Repositories of one agent: each is looked at in turn.
const MOST_REPOSITORIES: usize = 500;
/// Looks at a server more often than this are a nuisance to it …
const SHORTEST_POLL: Duration = Duration::from_secs(1);
/// … and less often than this are forgotten by people.
const LONGEST_POLL: Duration = Duration::from_hours(24);

/// Reads `agent.yaml`. Relative folders in it are meant from `folder`, the one it is in.
///
/// # Errors
/// Everything that is wrong with the file, in file order. Beside settings, findings are warnings.
pub fn read(file: &SourceFile, folder: &Path) -> Result<(Settings, Findings), Findings> {
    let (settings, findings) =
        Reading::of(file, |reading, raw: RawSettings| check(reading, raw, folder))?;
    let written = Written { file: file.clone(), folder: folder.to_owned() };
    Ok((Settings { written: Some(written), ..settings }, findings))
}

fn check(reading: &mut Reading<'_>, raw: RawSettings, folder: &Path) -> Option<Settings> {
    if let Some(version) = raw.version.filter(|version| *version != VERSION) {
        let message = format!("version {version} of this format is not known");
        reading.error(&["version"], "unknown-version", message).help(format!("write {VERSION}"));
    }
    let name = raw.name.as_deref().and_then(|name| reading.parse(&["name"], "bad-name", name));
    let labels = raw.labels.unwrap_or_default();
    let labels =
        labels.iter().filter_map(|label| reading.parse(&["labels"], "bad-name", label)).collect();
    let listen = match &raw.listen {
        None => Some(DEFAULT_LISTEN),
        Some(text) => listen(reading, text),
    };
    let public_url = raw.public_url.as_deref().and_then(|text| public_url(reading, text));
    allow(reading, raw.allow.as_deref().unwrap_or_default());
    let starts = raw.allow.as_deref();
    let repositories = repositories(reading, raw.repositories.unwrap_or_default(), starts, folder);
    let webhooks = webhooks(reading, raw.webhooks.unwrap_or_default(), folder);
    let drain = drain(reading, &raw.drain.unwrap_or_default());
    let github = raw.github.and_then(|github| github.check(reading, folder));
    let alerts = raw.alerts.unwrap_or_default().check(reading, folder);
    let watch = raw.watch.unwrap_or_default().every;
    let watch = reading.duration_up_to(LONGEST_POLL, &["watch", "every"], watch.as_deref());
    let runs = raw.limits.unwrap_or_default().runs_at_once.and_then(NonZeroU32::new);
    Some(Settings {
        written: None,
        name,
        labels,
        listen: listen?,
        public_url,
        repositories,
        webhooks,
        github,
        alerts,
        api: raw.api.unwrap_or_default().check(folder),
        runs_at_once: runs.unwrap_or(DEFAULT_RUNS_AT_ONCE),
        watch_every: watch.map_or(DEFAULT_WATCH, |every| every.max(SHORTEST_POLL)),
        drain,
    })
}

fn listen(reading: &mut Reading<'_>, text: &str) -> Option<std::net::SocketAddr> {
    let address = text.parse().ok();
    if address.is_none() {
        let message = format!("{} is not an address with a port", quoted(text));
        let help = "as in 127.0.0.1:8080, 0.0.0.0:8080 or '[::1]:8080'";
        reading.error(&["listen"], "bad-address", message).help(help);
    }
    address
}

fn public_url(reading: &mut Reading<'_>, text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
    if url.is_none() {
        let message = format!("{} is not an https or http address", quoted(text));
        let error = reading.error(&["public-url"], "bad-address", message);
        error.help("as in https://agent.example.org/");
    }
    url
}

fn repositories(
    reading: &mut Reading<'_>,
    raw: BTreeMap<String, RawRepository>,
    allow: Option<&[String]>,
    folder: &Path,
) -> Vec<Repository> {
    if raw.is_empty() && reading.has(&["repositories"]) {
        let message = "there is no repository to hear of";
        reading
            .key_error(&["repositories"], "no-repository", message)
            .help("repositories: { NAME: { source: https://HOST/OWNER/NAME.git } }");
    }
    if raw.len() > MOST_REPOSITORIES {
        let message = format!("more than {MOST_REPOSITORIES} repositories");
        reading.key_error(&["repositories"], "too-many", message);
        return Vec::new();
    }
    refuse_duplicates(reading, &raw, folder);
    let checked = raw.into_iter().filter_map(|(name, raw)| {
        let path = ["repositories", name.as_str()];
        let parsed = name.parse::<RepositoryName>();
        let parsed = parsed.map_err(|refusal| {
            reading.key_error(&path, "bad-name", refusal.to_string());
        });
        let at = |key| ["repositories", name.as_str(), key];
        let github =
            raw.github.and_then(|github| reading.parse(&at("github"), "bad-name", &github));
        let poll = reading.duration_up_to(LONGEST_POLL, &at("poll"), raw.poll.as_deref());
        let source = source(reading, &name, raw.source.as_deref()?, allow, folder);
        let usual = Repository::polled(parsed.ok()?, source?);
        let poll = poll.map_or(usual.poll, |poll| poll.max(SHORTEST_POLL));
        Some(Repository { github, poll, ..usual })
    });
    checked.collect()
}

/// One repository by two names would be heard twice, and one name at GitHub is one repository.
fn refuse_duplicates(
    reading: &mut Reading<'_>,
    raw: &BTreeMap<String, RawRepository>,
    folder: &Path,
) {
    let mut known = BTreeMap::new();
    for (name, repository) in raw {
        // GitHub takes upper case for lower case.
        let github = repository.github.as_ref().map(|name| name.to_lowercase());
        let place = repository.source.as_ref().map(|source| place(source, folder));
        for (key, text) in [("source", place), ("github", github)] {
            let Some(text) = text else { continue };
            let Some(first) = known.insert((key, text), name) else { continue };
            let message = format!("{} has the same {key}", quoted(first));
            let path = ["repositories", name, key];
            reading.error(&path, "same-repository", message).help("name each repository once");
        }
    }
}

/// Where a repository is, however that is written.
fn place(source: &str, folder: &Path) -> String {
    if git::is_url(source) {
        let whole = source.trim_end_matches('/');
        return whole.strip_suffix(".git").unwrap_or(whole).to_owned();
    }
    // Without what says nothing: `./`, a doubled `/`, one at the end.
    folder.join(source).components().collect::<PathBuf>().display().to_string()
}

fn source(
    reading: &mut Reading<'_>,
    name: &str,
    source: &str,
    allow: Option<&[String]>,
    folder: &Path,
) -> Option<String> {
    if let Err(flaw) = sources::check(source, allow) {
        let message = format!("{} {}", quoted(source), flaw.message);
        reading.error(&["repositories", name, "source"], "bad-source", message).help(flaw.help);
        return None;
    }
    if git::is_url(source) {
        return Some(source.to_owned());
    }
    Some(folder.join(source).display().to_string())
}

fn allow(reading: &mut Reading<'_>, starts: &[String]) {
    for start in starts {
        if let Err(flaw) = sources::check_start(start) {
            let message = format!("{} {}", quoted(start), flaw.message);
            reading.key_error(&["allow"], "bad-source", message).help(flaw.help);
        }
    }
}

fn webhooks(reading: &mut Reading<'_>, raw: RawWebhooks, folder: &Path) -> Vec<SecretSource> {
    let secrets = raw.secrets.unwrap_or_default().into_iter();
    secrets.filter_map(|raw| secret(reading, raw, folder)).collect()
}

fn secret(reading: &mut Reading<'_>, raw: RawSecret, folder: &Path) -> Option<SecretSource> {
    match (raw.file, raw.env) {
        (Some(file), None) => Some(SecretSource::File(folder.join(PathBuf::from(file)))),
        (None, Some(variable)) => Some(SecretSource::Variable(variable)),
        (Some(_), Some(_)) | (None, None) => {
            let message = "a secret is in a file or in an environment variable, one of them";
            reading
                .key_error(&["webhooks", "secrets"], "bad-secret", message)
                .help("write '- file: PATH' or '- env: NAME'; the secret itself never stands here");
            None
        }
    }
}

fn drain(reading: &mut Reading<'_>, raw: &RawDrain) -> Drain {
    let within = reading.duration(&["drain", "within"], raw.within.as_deref());
    match raw.park {
        Some(true) => Drain { within: Duration::ZERO },
        Some(false) | None => Drain { within: within.unwrap_or(DEFAULT_DRAIN) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Label;

    fn reads(head: &str) -> Result<(Settings, Findings), Findings> {
        let text = format!("version: 1\n{head}repositories: {{ app: {{ source: /srv/app }} }}\n");
        read(&SourceFile { name: "agent.yaml".to_owned(), text }, Path::new("/etc/agent"))
    }

    #[test]
    fn an_agent_has_the_name_and_the_labels_that_it_is_given() {
        let (settings, _) = reads("name: blue\nlabels: [vpc, gpu, vpc]\n").unwrap();
        let labels: Vec<&str> = settings.labels.iter().map(Label::as_str).collect();
        assert_eq!((settings.name.unwrap().as_str(), labels), ("blue", vec!["gpu", "vpc"]));
        let (settings, _) = reads("").unwrap();
        assert!(settings.name.is_none() && settings.labels.is_empty());
    }

    #[test]
    fn a_bad_name_and_bad_labels_are_all_told() {
        let findings = reads("name: a b\nlabels: [fine, 'not fine', '']\n").unwrap_err();
        let codes: Vec<&str> = findings.0.iter().map(|found| found.code).collect();
        assert_eq!(codes, ["bad-name"; 3]);
        let labels: Vec<String> = (0..33).map(|number| format!("l{number}")).collect();
        let findings = reads(&format!("labels: [{}]\n", labels.join(", "))).unwrap_err();
        assert_eq!(findings.0[0].code, "wrong-length");
    }
}
