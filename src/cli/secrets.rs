//! What must never be shown, as far as the environment of this process tells.

use crate::logs::Masker;

/// A masker that knows the values of the environment that are secret by the name of their variable, and those of the
/// command line.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(super) fn masker(given: Vec<String>) -> Masker {
    const TELLING: [&str; 9] = [
        "SECRET",
        "TOKEN",
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "CREDENTIAL",
        "PRIVATE_KEY",
        "API_KEY",
        "ACCESS_KEY",
    ];
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let is_telling =
        |name: &str| TELLING.iter().any(|word| name.to_ascii_uppercase().contains(word));
    Masker::of(variables.filter(|(name, _)| is_telling(name)).map(|(_, value)| value).chain(given))
}
