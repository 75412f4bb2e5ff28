//! A real Postgres for the tests of this process: made and started when first asked for, gone with the process.

use sqlx::{AnyConnection, Connection as _, Executor as _};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Makes a cluster in the folder `$2`, starts it with the programs in `$1`, and ends it when nobody writes to the
/// standard input any more: killed or not, the tests leave nothing behind. Who stops the tests from the keyboard stops
/// them, not this.
const SERVE: &str = r#"
trap '' HUP INT TERM
"$1/initdb" --pgdata="$2/data" --username=relevo --auth=trust --encoding=UTF8 --no-sync \
    --no-instructions >"$2/initdb.log" 2>&1 &&
  "$1/pg_ctl" --pgdata="$2/data" --log="$2/log" --wait --options="-c listen_addresses='' \
    -c unix_socket_directories='$2' -c fsync=off -c full_page_writes=off -c shared_buffers=32MB" \
    start >"$2/start.log" 2>&1 && echo ready
read -r _
"$1/pg_ctl" --pgdata="$2/data" --mode=immediate stop >/dev/null 2>&1
rm -rf "$2"
"#;

/// Where Debian keeps the programs of each version, most of which are in nobody's `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

struct Running {
    folder: PathBuf,
    _shell: Child,
}

static SERVER: OnceLock<Option<Running>> = OnceLock::new();
static DATABASES: AtomicUsize = AtomicUsize::new(1);

/// The address of a new, empty database; none, and a word about it, where there is no Postgres.
pub(crate) async fn fresh() -> Option<String> {
    let server = SERVER.get_or_init(start).as_ref();
    if server.is_none() {
        println!("skipped: no Postgres; scripts/setup installs Debian's `postgresql`");
    }
    let folder = server?.folder.display();
    let name = format!("t{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let address = |name: &str| format!("postgres:///{name}?host={folder}&user=relevo");
    sqlx::any::install_default_drivers();
    let mut postgres = AnyConnection::connect(&address("postgres")).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    postgres.execute(sqlx::raw_sql(create)).await.unwrap();
    Some(address(&name))
}

/// The same for tests that have no runtime.
pub(crate) fn fresh_blocking() -> Option<String> {
    tokio::runtime::Runtime::new().unwrap().block_on(fresh())
}

fn start() -> Option<Running> {
    let programs = programs()?;
    let folder = tempfile::Builder::new().prefix("relevo-pg-").tempdir().unwrap().keep();
    let mut shell = match unprivileged() {
        None => Command::new("sh"),
        Some((user, group)) => {
            chown(&folder, Some(user), Some(group)).unwrap();
            let mut become_user = Command::new("setpriv");
            become_user.args([format!("--reuid={user}"), format!("--regid={group}")]);
            become_user.args(["--clear-groups", "sh"]);
            become_user
        }
    };
    shell.arg("-c").arg(SERVE).arg("sh").arg(&programs).arg(&folder).current_dir("/");
    let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    // The other end stays open as long as the shell lives, so this returns with the first line or with its death.
    BufReader::new(shell.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "ready\n", "Postgres did not start, see {}", folder.display());
    Some(Running { folder, _shell: shell })
}

/// The folder of `initdb` and `pg_ctl`.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let mut folders = debian.chain(std::env::split_paths(&path));
    folders.find(|folder| ["initdb", "pg_ctl"].iter().all(|name| folder.join(name).exists()))
}

/// Postgres refuses to be run by root: who it is then run by.
fn unprivileged() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let passwd = fs::read_to_string(Path::new("/etc/passwd")).unwrap();
    let of = |wanted: &str| {
        let mut entries = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let entry = entries.find(|entry| entry.first() == Some(&wanted))?;
        Some((entry.get(2)?.parse().ok()?, entry.get(3)?.parse().ok()?))
    };
    of("postgres").or_else(|| of("nobody"))
}

#[tokio::test]
async fn every_database_is_new() {
    let (Some(one), Some(other)) = (fresh().await, fresh().await) else { return };
    assert_ne!(one, other);
    for address in [one, other] {
        let mut connection = AnyConnection::connect(&address).await.unwrap();
        connection.execute("CREATE TABLE t (x BIGINT)").await.unwrap();
    }
}
