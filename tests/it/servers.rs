//! Servers that others wrote, started once for all tests of this process and gone with it.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

/// A server of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emulator {
    /// moto: every service that is used here, few checks.
    Moto,
    /// ministack with `AUTH=true`: trust, policies and accounts are checked; it has no SageMaker.
    Ministack,
}

/// Ends when its standard input does, which this process holds: killed or not, none is left behind.
#[derive(Debug)]
struct Running {
    port: u16,
    _child: Child,
}

static MOTO: OnceLock<Option<Running>> = OnceLock::new();
static MINISTACK: OnceLock<Option<Running>> = OnceLock::new();

impl Emulator {
    /// The server's port; none, and a word about it, where there is no Python with the packages.
    pub(crate) fn port(self) -> Option<u16> {
        let place = match self {
            Self::Moto => &MOTO,
            Self::Ministack => &MINISTACK,
        };
        let running = place.get_or_init(|| Some(self.start(&Self::python()?)));
        if running.is_none() {
            println!(
                "skipped: no Python with the packages of tests/python/emulators.txt; scripts/test makes one, or set RELEVO_EMULATORS"
            );
        }
        running.as_ref().map(|running| running.port)
    }

    /// The Python with moto, ministack and boto3.
    pub(crate) fn python() -> Option<PathBuf> {
        let built = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .map(|target| target.join("emulators/bin/python"));
        let given = std::env::var_os("RELEVO_EMULATORS").map(PathBuf::from);
        given.or(built).filter(|python| python.exists())
    }

    fn start(self, python: &Path) -> Running {
        let name = match self {
            Self::Moto => "moto",
            Self::Ministack => "ministack",
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/servers/serve.py");
        let mut serve = Command::new(python);
        serve.arg("-B").arg(script).arg(name).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = serve.stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| line.unwrap().strip_prefix("ready ")?.parse().ok());
        let port = port.unwrap_or_else(|| panic!("{name} ended before it answered"));
        Running { port, _child: child }
    }
}

#[test]
fn a_server_is_started_once() {
    for emulator in [Emulator::Moto, Emulator::Ministack] {
        let Some(port) = emulator.port() else { return };
        assert_eq!(emulator.port(), Some(port));
        drop(std::net::TcpStream::connect(("127.0.0.1", port)).unwrap());
    }
}
