//! Talking to a server: the `git` program does it, in a mirror of ours.
//!
//! Fetching is left to the program that everybody's proxies, keys and certificates are set up for already; it also keeps
//! a second TLS library out of this one. What a server sends is only stored. Reading and checking out stay with us, and
//! no hook, submodule, prompt or other protocol than the allowed ones comes into play.

use super::{
    Credentials, GitError,
    complaint::{self, Complaint, Shown},
    leftovers::AtWork,
    program::{self, Ended},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{io, path::Path, process::Command, time::Duration};

/// What must hold whatever the user's own configuration says.
const SETTINGS: [&str; 10] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "transfer.fsckObjects=true",
    // Nothing is taken from a third place that a server names.
    "transfer.bundleURI=false",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    // Tidied up before a fetch ends and not behind its back: nobody works on a mirror unseen.
    "gc.autoDetach=false",
    "maintenance.autoDetach=false",
    // A server that sends less than a byte a second for a minute is given up.
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=60",
];
/// The protocols, whatever address a configuration makes of the one that is asked for. Only this variable comes before
/// what a configuration says of single protocols, such as `protocol.ext.allow` (git's manual, `GIT_ALLOW_PROTOCOL`).
const PROTOCOLS: &str = "https:ssh:file";
/// Never a question that nobody is there to answer, and no endless wait for a host.
const SSH: &str = "ssh -oBatchMode=yes -oConnectTimeout=30 -oServerAliveInterval=15 -oControlMaster=no -oControlPath=none";
/// What is said where git or ssh asks all the same.
const ASKED: &str = "git or ssh asked something at the terminal, where nobody answers; -oBatchMode=yes in GIT_SSH_COMMAND \
    lets ssh say what it lacks";
/// How long a server may take to list its branches.
const LISTED_WITHIN: Duration = Duration::from_mins(2);
/// How long fetching may take: a repository of several gigabytes over a slow line.
const FETCHED_WITHIN: Duration = Duration::from_mins(30);
/// Variables of a surrounding git that would point this one elsewhere, allow it more, or let it write down what it sends.
const ELSEWHERE: [&str; 14] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CURL_VERBOSE",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE_CURL",
    "GIT_TRACE_PACKET",
    "GIT_TRACE_REDACT",
];

/// Fetches `refspec` from `url` into the bare repository at `mirror`; branches that are gone there go here.
pub(super) fn fetch(
    mirror: &Path,
    (url, refspec): (&str, &str),
    credentials: &Credentials,
    at_work: &AtWork,
) -> Result<(), GitError> {
    let arguments = [
        "fetch",
        "--quiet",
        "--no-tags",
        "--prune",
        "--no-write-fetch-head",
        "--no-recurse-submodules",
        "--",
        url,
        refspec,
    ];
    let asked = (&arguments[..], FETCHED_WITHIN);
    run((mirror, url), asked, credentials, at_work).map(drop)
}

/// The full name of the server's default branch; nothing for an empty repository.
pub(super) fn default_branch(
    mirror: &Path,
    url: &str,
    credentials: &Credentials,
) -> Result<Option<String>, GitError> {
    let arguments = ["ls-remote", "--symref", "--", url, "HEAD"];
    let told = run((mirror, url), (&arguments, LISTED_WITHIN), credentials, &AtWork::default())?;
    let text = String::from_utf8_lossy(&told);
    let named = |line: &str| Some(line.strip_prefix("ref: ")?.split_once('\t')?.0.to_owned());
    Ok(text.lines().find_map(named))
}

/// What `git ls-remote` tells of the server's branches and its default one.
pub(super) fn list(
    mirror: &Path,
    url: &str,
    credentials: &Credentials,
) -> Result<String, GitError> {
    let arguments = ["ls-remote", "--symref", "--", url, "HEAD", "refs/heads/*"];
    let told = run((mirror, url), (&arguments, LISTED_WITHIN), credentials, &AtWork::default())?;
    Ok(String::from_utf8_lossy(&told).into_owned())
}

/// Asks, and asks once more with another token where the server does not take the one that it was shown: one may be taken
/// back before its time.
fn run(
    at: (&Path, &str),
    (arguments, within): (&[&str], Duration),
    credentials: &Credentials,
    at_work: &AtWork,
) -> Result<Vec<u8>, GitError> {
    let token = credentials.token(at.1);
    let ask = |token: Option<&str>| {
        let mut command = command(at, token, credentials);
        command.args(arguments).stdin(at_work.handed_on());
        let shown = if token.is_some() { Shown::Token } else { Shown::Nothing };
        answer((command, at.1), shown, within)
    };
    let asked = ask(token.as_deref());
    let Err(refused @ GitError::Refused { .. }) = asked else { return asked };
    match token.and_then(|token| credentials.instead_of(at.1, &token)) {
        Some(other) => ask(Some(&other)),
        None => Err(refused),
    }
}

fn answer(
    (command, url): (Command, &str),
    shown: Shown,
    within: Duration,
) -> Result<Vec<u8>, GitError> {
    let unreachable = |reason: String| GitError::Unreachable { url: url.to_owned(), reason };
    let ended = program::run(command, within).map_err(|error| {
        unreachable(match error.kind() {
            io::ErrorKind::NotFound => "the program `git` is not installed".to_owned(),
            _ => error.to_string(),
        })
    })?;
    match ended {
        Ended::Itself { status, output, .. } if status.success() => Ok(output),
        Ended::Itself { complaints, .. } => {
            let complaint = complaint::of(&String::from_utf8_lossy(&complaints), shown);
            Err(match complaint {
                Complaint::Untrusted(reason) => GitError::Untrusted { url: url.to_owned(), reason },
                Complaint::Refused(reason) => GitError::Refused { url: url.to_owned(), reason },
                Complaint::Other(reason) => unreachable(reason),
            })
        }
        Ended::Asking => Err(unreachable(ASKED.to_owned())),
        Ended::TooMuch => Err(unreachable("it lists more branches than anybody reads".to_owned())),
        Ended::TooLate => {
            let minutes = within.as_secs() / 60;
            Err(unreachable(format!("it took longer than {minutes} minutes and was stopped")))
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one program that this adapter is about")]
fn command(
    (mirror, url): (&Path, &str),
    token: Option<&str>,
    credentials: &Credentials,
) -> Command {
    let mut git = Command::new("git");
    git.arg("--git-dir").arg(mirror);
    for setting in SETTINGS {
        git.args(["-c", setting]);
    }
    for variable in ELSEWHERE {
        git.env_remove(variable);
    }
    git.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "");
    git.env("GIT_SSH_COMMAND", credentials.ssh().unwrap_or(SSH));
    git.env("GIT_ALLOW_PROTOCOL", PROTOCOLS).env("LC_ALL", "C");
    let mut settings = Vec::new();
    if let Some(token) = token {
        let basic = STANDARD.encode(format!("x-access-token:{token}"));
        settings.push(("extraHeader", format!("Authorization: Basic {basic}")));
        // To the server that was named, and that is known to be it: a redirect would carry the header along.
        settings.push(("followRedirects", "false".to_owned()));
        settings.push(("sslVerify", "true".to_owned()));
        git.env_remove("GIT_SSL_NO_VERIFY");
    }
    if let Some(authority) = credentials.authority(url) {
        settings.push(("sslCAInfo", authority.display().to_string()));
        git.env_remove("GIT_SSL_CAINFO");
    }
    // Through the environment: arguments are for everybody on the machine to see. For this address, which goes before what
    // a configuration says of its server.
    if !settings.is_empty() {
        git.env("GIT_CONFIG_COUNT", settings.len().to_string());
    }
    for (number, (key, value)) in settings.into_iter().enumerate() {
        git.env(format!("GIT_CONFIG_KEY_{number}"), format!("http.{url}.{key}"))
            .env(format!("GIT_CONFIG_VALUE_{number}"), value);
    }
    git
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_in_no_argument_and_is_meant_for_one_repository() {
        let url = "https://github.com/acme/model.git";
        let at = (Path::new("/srv/mirror"), url);
        let credentials = Credentials::default();
        credentials.trust(url, "/etc/authority.pem".into());
        let command = command(at, Some("ghs_hunter2"), &credentials);
        let arguments: Vec<_> = command.get_args().map(|a| a.to_string_lossy()).collect();
        assert!(!arguments.join(" ").contains("hunter2"));
        let variables: Vec<_> = command.get_envs().collect();
        let of = |name: &str| variables.iter().find(|(key, _)| *key == name).and_then(|one| one.1);
        let key = of("GIT_CONFIG_KEY_0").unwrap();
        assert_eq!(key, "http.https://github.com/acme/model.git.extraHeader");
        let value = |key: &str| {
            let number = (0..4).find(|number| {
                of(&format!("GIT_CONFIG_KEY_{number}"))
                    .is_some_and(|k| k == &*format!("http.{url}.{key}"))
            });
            of(&format!("GIT_CONFIG_VALUE_{}", number.unwrap())).unwrap().to_str().unwrap()
        };
        assert_eq!((value("followRedirects"), value("sslVerify")), ("false", "true"));
        assert_eq!(value("sslCAInfo"), "/etc/authority.pem");
        assert_eq!(of("GIT_CONFIG_COUNT").unwrap(), "4");
        let without = super::command(at, None, &Credentials::default());
        let is_count = |key: &std::ffi::OsStr| key == "GIT_CONFIG_COUNT";
        assert!(!without.get_envs().any(|(key, _)| is_count(key)), "what the user sets stays");
        assert_eq!(of("GIT_TRACE_CURL"), None);
    }

    /// What becomes of a list that is asked for where a configuration turns its address into a command.
    fn armed(user: &str, repository: &str, disarm: fn(&mut Command)) -> (bool, String) {
        let folder = tempfile::tempdir().unwrap();
        let (mirror, mark) = (folder.path().join("mirror.git"), folder.path().join("mark-"));
        git2::Repository::init_bare(&mirror).unwrap();
        let turned = format!(
            "[protocol \"ext\"]\n\tallow = always\n[url \"ext::touch {}\"]\n\tinsteadOf = https://relevo.invalid/\n",
            mark.display()
        );
        let (global, own) = (folder.path().join("user"), mirror.join("config"));
        let before = std::fs::read_to_string(&own).unwrap();
        std::fs::write(&global, user.replace("TURNED", &turned)).unwrap();
        std::fs::write(&own, before + &repository.replace("TURNED", &turned)).unwrap();
        let url = "https://relevo.invalid/ran";
        let mut command = command((&mirror, url), None, &Credentials::default());
        command.env("GIT_CONFIG_GLOBAL", &global).args(["ls-remote", "--", url]);
        disarm(&mut command);
        command.stdin(AtWork::default().handed_on());
        let ended = program::run(command, LISTED_WITHIN).unwrap();
        let Ended::Itself { complaints, .. } = ended else { panic!("{ended:?}") };
        let ran = folder.path().join("mark-ran").exists();
        (ran, String::from_utf8_lossy(&complaints).into_owned())
    }

    #[test]
    fn no_configuration_makes_a_command_of_an_address() {
        for (user, repository) in [("TURNED", ""), ("", "TURNED")] {
            let (ran, told) = armed(user, repository, |_| {});
            assert!(!ran && told.contains("transport 'ext' not allowed"), "{ran} {told}");
            // git by itself would have run it
            let (ran, told) = armed(user, repository, |command| {
                command.env_remove("GIT_ALLOW_PROTOCOL");
            });
            assert!(ran, "{told}");
        }
    }

    #[test]
    fn a_git_that_works_on_a_mirror_holds_its_lock() {
        let mirror = tempfile::tempdir().unwrap();
        let at_work = crate::git::leftovers::begin(mirror.path());
        let held = |at_work: &AtWork| {
            let (alias, at) = ("alias.held=!readlink /proc/self/fd/0", (mirror.path(), "file:///"));
            let asked = (&["-c", alias, "held"][..], LISTED_WITHIN);
            let told = run(at, asked, &Credentials::default(), at_work).unwrap();
            String::from_utf8(told).unwrap()
        };
        assert!(held(&at_work).ends_with("/at-work\n"));
        assert_eq!(held(&AtWork::default()), "/dev/null\n");
    }

    #[test]
    fn a_git_that_finds_no_server_says_so_in_its_own_words() {
        let folder = tempfile::tempdir().unwrap();
        let told = list(folder.path(), "file:///nowhere", &Credentials::default()).unwrap_err();
        assert!(told.to_string().starts_with("cannot fetch file:///nowhere: "), "{told}");
    }
}
