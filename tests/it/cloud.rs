//! What the rehearsed cloud of a world holds, read from its file: no agent and no adapter stands in between.

use crate::world::World;
use relevo::ids::Digest;
use sqlx::{
    Connection as _, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const DEV: &str = "111111111111";
pub(crate) const PROD: &str = "222222222222";
pub(crate) const REGISTRY: &str = "333333333333";

/// The file of one world's cloud.
pub(crate) struct Cloud<'w>(&'w World);

impl World {
    /// The rehearsed cloud, as the last command left it.
    pub(crate) fn cloud(&self) -> Cloud<'_> {
        Cloud(self)
    }
}

impl Cloud<'_> {
    /// Everything that was made in `account`, as `kind name`, beside sessions and log streams.
    pub(crate) fn holds(&self, account: &str) -> BTreeSet<String> {
        let made = self.read(
            "SELECT kind || ' ' || name FROM items WHERE account = $1
             AND kind NOT IN ('session', 'log-group', 'log-stream') ORDER BY kind, name",
            account,
            |row| row.get(0),
        );
        made.into_iter().collect()
    }

    /// How many items of `kind` there are in `account`.
    pub(crate) fn count(&self, account: &str, kind: &str) -> usize {
        let kinds = self.read("SELECT kind FROM items WHERE account = $1", account, |row| {
            row.get::<String, _>(0)
        });
        kinds.iter().filter(|found| *found == kind).count()
    }

    /// The items of `kind` in `account`, as they are kept.
    pub(crate) fn bodies(&self, account: &str, kind: &'static str) -> Vec<serde_json::Value> {
        let rows = self.read(
            "SELECT kind, body FROM items WHERE account = $1 ORDER BY name",
            account,
            |row| (row.get::<String, _>(0), row.get::<String, _>(1)),
        );
        let wanted = rows.into_iter().filter(|(found, _)| found == kind);
        wanted.map(|(_, body)| serde_json::from_str(&body).unwrap()).collect()
    }

    /// Keys of the objects in `bucket`.
    pub(crate) fn keys(&self, bucket: &str) -> Vec<String> {
        let space = format!("s3:{bucket}");
        self.read("SELECT key FROM blobs WHERE space = $1 ORDER BY key", &space, |row| row.get(0))
    }

    /// One digest of all that is neither a session nor a log line: the same as long as nothing is written.
    pub(crate) fn digest(&self) -> Digest {
        let mut all = self.read(
            "SELECT account || region || kind || name || body FROM items
             WHERE kind NOT IN ('session', 'log-stream', $1) ORDER BY account, region, kind, name",
            "",
            |row| row.get::<String, _>(0).into_bytes(),
        );
        all.extend(self.read(
            "SELECT space || key || head, content FROM blobs WHERE space <> $1 ORDER BY space, key",
            "",
            |row| [row.get::<String, _>(0).into_bytes(), row.get(1)].concat(),
        ));
        Digest::of(all.concat())
    }

    /// The lines of a run in `jenkins-log` by stage, in the order in which they arrived.
    pub(crate) fn lines(&self, run: &str) -> BTreeMap<String, Vec<String>> {
        let events = self.read(
            "SELECT stream, message FROM log_events WHERE log_group = 'jenkins-log' AND stream LIKE $1 ORDER BY id",
            &format!("%/{run}/%"),
            |row| (row.get::<String, _>(0), row.get(1)),
        );
        let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (stream, message) in events {
            let stage = stream.rsplit('/').next().unwrap().to_owned();
            lines.entry(stage).or_default().push(message);
        }
        lines
    }

    /// Lets the first execution follow the definition of the second, as if that had been put in place before it began.
    pub(crate) fn mix_up_the_first_two_executions(&self) {
        self.read(
            "UPDATE items SET body = json_set(body, '$.definition',
               (SELECT json_extract(body, '$.definition') FROM items
                WHERE kind = $1 AND json_extract(body, '$.number') = 2))
             WHERE kind = $1 AND json_extract(body, '$.number') = 1",
            "pipeline execution",
            |_| (),
        );
    }

    fn read<T>(
        &self,
        question: &'static str,
        about: &str,
        answer: impl Fn(&SqliteRow) -> T,
    ) -> Vec<T> {
        let file = self.0.path(".agent/rehearsal.sqlite");
        if !file.exists() {
            return Vec::new();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let rows = runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(file);
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            let rows = sqlx::query(question).bind(about).fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            rows
        });
        rows.iter().map(answer).collect()
    }
}
