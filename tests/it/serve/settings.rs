//! `agent.yaml`: what is wrong with it is told with its place.

use super::Setup;
use std::fs;

fn check(setup: &Setup, text: &str) -> crate::world::Told {
    let file = setup.world.path("../agent.yaml");
    fs::write(&file, text).unwrap();
    setup.agent(&["serve", "--check", "--config", &file.display().to_string()])
}

#[test]
fn settings_that_are_in_order_are_said_to_be() {
    let setup = Setup::new();
    let settings = setup.settings().display().to_string();
    let mut command = setup.command(&["serve", "--check", "--config", &settings]);
    let told = command.output().unwrap();
    assert!(told.status.success(), "{told:?}");
    assert!(String::from_utf8_lossy(&told.stdout).contains("all in order"));
    let told = command.arg("--json").output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&told.stdout).split_whitespace().collect::<String>(),
        r#"{"repositories":1}"#
    );
    // The same without the variable that the secret is in.
    setup
        .agent(&["serve", "--check", "--config", &settings])
        .exits(2)
        .says("HOOK_SECRET is not set");
}

#[test]
fn every_secret_is_read_and_all_that_is_wrong_is_told_at_once() {
    let mut setup = Setup::new();
    setup.more = "github: { app: { id: 7, key: { file: app.pem } } }\n\
                  alerts: { webhook: { address: 'https://hooks.example.org/x', secret: { env: ALERT_SECRET } } }\n"
        .to_owned();
    fs::write(setup.world.path("../app.pem"), "no key at all").unwrap();
    let settings = setup.settings().display().to_string();
    for arguments in [vec!["serve", "--check"], vec!["serve"]] {
        let told = setup.agent(&[arguments, vec!["--config", &settings]].concat()).exits(2);
        told.says("HOOK_SECRET is not set").says("app.pem").says("ALERT_SECRET is not set");
        assert!(!told.stderr.contains("no key at all"), "{}", told.stderr);
    }
    setup.more = "github: { token: { file: no-token } }\n".to_owned();
    let settings = setup.settings().display().to_string();
    let check = ["serve", "--check", "--config", &settings];
    let told = setup.command(&check).output().unwrap();
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(said.contains("no-token") && !said.contains("HOOK_SECRET"), "{said}");
}

#[test]
fn an_address_that_no_settings_may_name_is_none_for_the_simple_case_either() {
    let setup = Setup::new();
    for (address, said) in [
        ("https://ada:hunter2@github.com/acme/x.git", "--repo is not written plainly"),
        ("https://github.com/acme/%2e%2e/x.git", "--repo is not written plainly"),
        (
            "http://github.com/acme/x.git",
            "--repo is neither a folder nor an https, ssh or file address",
        ),
    ] {
        let told = setup.agent(&["serve", "--repo", address, "--listen", "127.0.0.1:0"]).exits(2);
        told.says(said).says("https://HOST/OWNER/NAME.git");
        assert!(!told.stderr.contains("hunter2"), "{told:?}");
    }
}

#[test]
fn no_password_of_an_address_is_repeated_and_no_repository_named_twice() {
    let setup = Setup::new();
    let told = check(
        &setup,
        "version: 1\nrepositories:\n  a: { source: 'https://ada:hunter2@github.com/acme/x.git' }\n\
         \x20 b: { source: /srv/b.git, github: acme/b }\n  c: { source: /srv/./b.git/, github: ACME/b }\n\
         \x20 d: { source: 'https://github.com/acme/d' }\n  e: { source: 'https://github.com/acme/d.git' }\n",
    );
    let told = told.exits(2);
    told.says("is not written plainly").says("ada:*******@github.com");
    told.says("'b' has the same source").says("'b' has the same github");
    told.says("'d' has the same source");
    assert!(!told.stderr.contains("hunter2"), "{}", told.stderr);
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_to_write() {
    let setup = Setup::new();
    let told = check(
        &setup,
        "version: 2\nlisten: nowhere\nrepositorys: {}\nrepositories:\n  x: { source: git@github.com:acme/x.git, github: acme, pol: 1m }\n\
         allow: ['https://github.com/acme/']\nwebhooks: { secrets: [{ file: a, env: b }] }\ndrain: { within: soon }\n",
    );
    let told = told.exits(2);
    for needle in [
        "version 2 of this format is not known",
        "'nowhere' is not an address with a port",
        "'repositories'",
        "'poll'",
        "begins with nothing that 'allow' names",
        "OWNER/NAME",
        "in a file or in an environment variable, one of them",
        "'soon' is not a duration",
        "agent.yaml:1:",
    ] {
        told.says(needle);
    }
}

#[test]
fn addresses_are_what_they_look_like() {
    let setup = Setup::new();
    let of = |source: &str, allow: &str| {
        check(
            &setup,
            &format!(
                "version: 1\nrepositories: {{ x: {{ source: '{source}' }} }}\nallow: ['{allow}']\n"
            ),
        )
    };
    of("https://github.com/acme/x.git", "https://github.com/acme/").done();
    of("git@github.com:acme/x.git", "git@github.com:acme/").done();
    for source in [
        "https://github.com/acme-evil/x.git",
        "https://github.com/acme/../evil/x.git",
        "https://github.com/acme/%2e%2e/evil/x.git",
        "https://github.com:443@evil.example/acme/x.git",
        "http://github.com/acme/x.git",
        "ext::sh -c id",
        "--upload-pack=id",
        "-c/x",
    ] {
        of(source, "https://github.com/acme/").exits(2);
    }
    of("https://github.com/acme/x.git", "https://github.com/acme").exits(2).says("end it with '/'");
}

#[test]
fn a_short_secret_is_refused_without_showing_it() {
    let setup = Setup::new();
    let settings = setup.settings().display().to_string();
    let mut command = setup.command(&["serve", "--check", "--config", &settings]);
    let told = command.env("HOOK_SECRET", "hunter2hunter2").output().unwrap();
    assert_eq!(told.status.code(), Some(2));
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(said.contains("20 characters or more") && !said.contains("hunter2"), "{said}");
}
