//! TLS for tests: an authority of their own, keys made by `openssl`, and a server like an enterprise's GitHub.

mod private;

use crate::python::equipped_python;
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// Runs it; does it say yes? A word, and nothing, where there is none.
pub(crate) fn openssl(arguments: &[&str]) -> Option<bool> {
    let mut command = Command::new("openssl");
    let ran = command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if ran.is_err() {
        println!("skipped: there is no openssl");
    }
    Some(ran.ok()?.success())
}

/// A server like an enterprise's GitHub, whose certificate is signed by an authority that nobody knows. Ends when it is
/// dropped.
pub(crate) struct Enterprise {
    folder: TempDir,
    pub(crate) port: u16,
    server: Child,
}

impl Enterprise {
    /// Starts it before the REST interface on this machine at `upstream`. A word, and nothing, where a program is missing.
    pub(crate) fn start(upstream: u16) -> Option<Self> {
        let python = equipped_python()?;
        let programs = Command::new("git").arg("--exec-path").output().unwrap().stdout;
        let programs = String::from_utf8(programs).unwrap();
        if !Path::new(programs.trim()).join("git-http-backend").exists() {
            println!("skipped: this git has no http-backend");
            return None;
        }
        let folder = TempDir::new().unwrap();
        certify(folder.path())?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls/server.py");
        let mut serve = Command::new(python);
        serve.arg("-B").arg(script).arg(folder.path()).arg(upstream.to_string());
        let mut server = serve.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| line.unwrap().strip_prefix("ready ")?.parse().ok());
        Some(Self { folder, port: port.expect("a port"), server })
    }

    /// The address of a repository.
    pub(crate) fn source(&self, name: &str) -> String {
        format!("https://127.0.0.1:{}/{name}.git", self.port)
    }

    /// Where its bare repository is to be.
    pub(crate) fn bare(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.git"))
    }

    /// The certificate of the authority.
    pub(crate) fn authority(&self) -> String {
        self.folder.path().join("authority.pem").display().to_string()
    }

    /// Which passwords open repositories from now on.
    pub(crate) fn let_in(&self, tokens: &str) {
        fs::write(self.folder.path().join("tokens"), tokens).unwrap();
    }

    /// Each request for a repository so far: where, which path, which password.
    pub(crate) fn asked(&self) -> Vec<[String; 3]> {
        let text = fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default();
        let fields = |line: &str| {
            let mut fields = line.splitn(3, ' ').map(str::to_owned);
            std::array::from_fn(|_| fields.next().unwrap_or_default())
        };
        text.lines().map(fields).collect()
    }
}

impl Drop for Enterprise {
    fn drop(&mut self) {
        let _ended = self.server.kill();
        let _ended = self.server.wait();
    }
}

/// Makes an authority, and a key and a certificate of 127.0.0.1 signed by it.
fn certify(folder: &Path) -> Option<()> {
    let at = |name: &str| folder.join(name).display().to_string();
    let new = ["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt"];
    let new = [&new[..], &["ec_paramgen_curve:prime256v1"]].concat();
    let (authority, its_key) = (at("authority.pem"), at("authority.key"));
    let made = openssl(
        &[
            &new[..],
            &["-subj", "/CN=Acme's own authority", "-keyout", &its_key, "-out", &authority],
            &["-addext", "basicConstraints=critical,CA:TRUE"],
        ]
        .concat(),
    )?;
    assert!(made, "an authority");
    let signed = openssl(
        &[
            &new[..],
            &["-subj", "/CN=127.0.0.1", "-keyout", &at("key.pem"), "-out", &at("chain.pem")],
            &["-CA", &authority, "-CAkey", &its_key],
            &["-addext", "basicConstraints=critical,CA:FALSE"],
            &["-addext", "subjectAltName=IP:127.0.0.1"],
        ]
        .concat(),
    )?;
    assert!(signed, "a certificate");
    Some(())
}
