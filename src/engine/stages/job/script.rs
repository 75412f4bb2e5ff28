//! What the container runs: a fixed guard, which runs nothing but the script whose digest it was given, and the script.
//!
//! Nothing of the user's stands in the guard. In the script it stands between quotes, whatever it is.

use crate::{ids::Digest, spec::Command};
use std::{fmt::Write as _, path::Path};

/// Where everything of a Processing job lies in its container.
pub(super) const BASE: &str = "/opt/ml/processing";

/// Runs `begin.sh` if it is the one that was sent. The words behind it are the folder and the digest.
const GUARD: &str = "cd \"$0/input/script\"; echo \"$1  begin.sh\" | sha256sum -c - >/dev/null; \
                     exec /bin/sh -eu begin.sh \"$0\"";

/// Runs the command and hands a SIGTERM on to it, so that a job which is stopped need not be killed.
const RUN: &str = r#"child=$!
trap 'kill "$child" 2>/dev/null || true' TERM
status=0
wait "$child" || status=$?
while kill -0 "$child" 2>/dev/null; do
  status=0
  wait "$child" || status=$?
done
if [ "$status" != 0 ]; then
  last_word "the command exited with code $status"
  exit "$status"
fi
"#;

/// What the script says last of a command that failed; its code follows.
const EXITED: &str = "the command exited with code ";
/// What it says of one that did not leave an output; the output's name follows.
const LEFT_NO: &str = "the command succeeded but left no file ";

/// Whether the script said `word` last, and not its command, which may write anything where the last word is read.
pub(super) fn is_last_word(word: &str, outputs: &[String]) -> bool {
    let is_code = |code: &str| code.parse::<u8>().is_ok();
    word.strip_prefix(EXITED).is_some_and(is_code)
        || word.strip_prefix(LEFT_NO).is_some_and(|left| outputs.iter().any(|name| name == left))
}

/// The container's entry point for the script with this digest.
pub(super) fn entry_point(script: &Digest) -> Vec<String> {
    ["/bin/sh", "-euc", GUARD, BASE, script.as_str()].map(str::to_owned).to_vec()
}

/// The script: unpacks the files, runs the command among them, and puts aside what it leaves.
pub(super) fn begin(command: &Command, outputs: &[String], files: &Digest) -> String {
    let mut script = format!(
        "base=$1\nlast_word() {{\n  echo \"$1\" >&2\n  mkdir -p \"$base/../output\"\n  printf '%s' \"$1\" \
         >\"$base/../output/message\"\n}}\nmkdir -p \"$base/work\"\ncd \"$base/input/files\"\n\
         echo '{files}  files.tar' | sha256sum -c - >/dev/null\ncd \"$base/work\"\n\
         tar -xf \"$base/input/files/files.tar\"\n"
    );
    let words: Vec<String> = match command {
        Command::Argv(words) => words.iter().map(|word| quoted(word)).collect(),
        Command::Script(text) => vec!["/bin/sh".into(), "-eu".into(), "-c".into(), quoted(text)],
    };
    let _ = writeln!(script, "{} &\n{RUN}", words.join(" "));
    for output in outputs {
        let folder = Path::new(output).parent().unwrap_or(Path::new("")).display().to_string();
        let (name, folder) = (quoted(output), quoted(&folder));
        let _ = writeln!(
            script,
            "if [ ! -f {name} ]; then\n  last_word '{LEFT_NO}'{name}\n  exit 1\nfi\n\
             mkdir -p \"$base/output/files/\"{folder}\ncp {name} \"$base/output/files/\"{name}"
        );
    }
    script
}

/// One word of a shell, whatever stands in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AppSpecification, `ContainerEntrypoint`: each word up to 256 characters, none with a line break.
    #[test]
    fn the_entry_point_fits() {
        let words = entry_point(&Digest::of("x"));
        assert!(words.iter().all(|word| word.len() <= 256 && !word.contains('\n')), "{words:?}");
    }

    #[test]
    fn its_last_words_are_known() {
        assert!(RUN.contains(&format!("last_word \"{EXITED}$status\"")), "{RUN}");
        let outputs = ["it's.csv".to_owned()];
        for word in
            ["the command exited with code 255", "the command succeeded but left no file it's.csv"]
        {
            assert!(is_last_word(word, &outputs), "{word}");
        }
        for word in [
            "",
            "61",
            "the command exited with code 6 1",
            "the command succeeded but left no file 61",
        ] {
            assert!(!is_last_word(word, &outputs), "{word}");
        }
    }

    #[test]
    fn whatever_a_command_holds_is_one_word_of_the_script() {
        let argv = Command::Argv(vec!["echo".into(), "it's $(rm -rf /) `x` \"y\" \\".into()]);
        let script = begin(&argv, &["out/it's.csv".into()], &Digest::of(""));
        assert!(script.contains(r#"'echo' 'it'\''s $(rm -rf /) `x` "y" \' &"#), "{script}");
        assert!(script.contains(r"cp 'out/it'\''s.csv'"), "{script}");
        let script = begin(&Command::Script("a\nb".into()), &[], &Digest::of(""));
        assert!(script.contains("/bin/sh -eu -c 'a\nb' &\n"), "{script}");
    }
}
