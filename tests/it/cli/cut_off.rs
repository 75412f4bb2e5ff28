//! An agent of a fleet that reaches its store no longer, and a command that does not know of it.

use super::{
    fleet::MOST_PATIENCE,
    stages::{has_stages, messages},
    stopping::Watched,
};
use crate::{postgres, world::World};
use sqlx::{AnyConnection, Connection as _};
use std::{
    fs::{self, File},
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};
use tempfile::TempDir;

/// What Postgres calls its socket in a folder.
const SOCKET: &str = ".s.PGSQL.5432";

/// A way to Postgres that can be cut: then nothing comes through, and neither end is told.
struct Wire {
    folder: TempDir,
    is_cut: Arc<AtomicBool>,
}

impl Wire {
    fn to(server: PathBuf) -> Self {
        let (folder, is_cut) = (tempfile::tempdir().unwrap(), Arc::<AtomicBool>::default());
        let (doors, cut) =
            (UnixListener::bind(folder.path().join(SOCKET)).unwrap(), Arc::clone(&is_cut));
        thread::spawn(move || {
            for client in doors.incoming() {
                let (client, server) = (client.unwrap(), UnixStream::connect(&server).unwrap());
                let ends = (client.try_clone().unwrap(), server.try_clone().unwrap());
                for (from, to) in [(client, server), (ends.1, ends.0)] {
                    let cut = Arc::clone(&cut);
                    thread::spawn(move || carry(from, to, &cut));
                }
            }
        });
        Self { folder, is_cut }
    }

    fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }
}

fn carry(mut from: UnixStream, mut to: UnixStream, is_cut: &AtomicBool) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        while is_cut.load(Ordering::SeqCst) {
            thread::park();
        }
        if to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// Milliseconds until the lease ends that is held, by the database's clock.
fn left_of_the_lease(store: &str) -> i64 {
    let ask = async {
        let mut database = AnyConnection::connect(store).await.unwrap();
        let left =
            "SELECT MAX(expires_at) - CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)
             FROM leases WHERE owner IS NOT NULL";
        sqlx::query_scalar(left).fetch_one(&mut database).await.unwrap()
    };
    tokio::runtime::Runtime::new().unwrap().block_on(ask)
}

#[test]
fn an_agent_cut_off_from_its_store_kills_its_command_before_another_can_have_the_run() {
    let Some(store) = postgres::fresh_blocking() else { return };
    let host = store.split(['?', '&']).find_map(|part| part.strip_prefix("host=")).unwrap();
    let wire = Wire::to(PathBuf::from(host).join(SOCKET));
    let world = World::with_store(&store);
    let [end, lent] = ["end", "lent"].map(|name| wire.folder.path().join(name));
    Command::new("mkfifo").arg(&end).status().unwrap();
    // The reader hears the end of the last process that has it open, of the command's group or not.
    has_stages(
        &world,
        &format!(
            "  deploy:
    credentials: read
    run: |
      echo ${{AWS_CONTAINER_CREDENTIALS_FULL_URI}} > {1}
      echo attempt $RELEVO_ATTEMPT
      [ $RELEVO_ATTEMPT = 1 ] || exit 0
      exec 3> {0}
      setsid sleep 60 >/dev/null 2>&1 &
      sleep 60
",
            end.display(),
            lent.display()
        ),
    );
    let mut agent = world.command(&["run", "--branch", "main"]);
    agent.env("AGENT_STORE", store.replace(host, wire.folder.path().to_str().unwrap()));
    let mut agent = Watched::of(agent);
    agent.hears("deploy | attempt 1");
    let mut ended = File::open(&end).unwrap();
    wire.cut();
    ended.read_to_end(&mut Vec::new()).unwrap();
    let lent = fs::read_to_string(&lent).unwrap();
    let address = lent.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap();
    while TcpStream::connect(address).is_ok() {}
    let left = left_of_the_lease(&store);
    assert!(left > 0, "another agent might have begun {} ms ago", -left);
    let until = Instant::now() + MOST_PATIENCE;
    while world.agent(&["resume"]).code != 0 {
        assert!(Instant::now() < until, "nobody can go on with it");
    }
    let mut said = messages(&world, "deploy");
    said.retain(|line| line.starts_with("attempt"));
    assert_eq!(said, ["attempt 1", "attempt 2"]);
    let told = agent.ends();
    assert_ne!(told.code, 0, "{told:?}");
    told.says("could not be renewed in time");
}
