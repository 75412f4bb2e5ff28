//! What outlives the agents of a round: the repository and its bare remote, the clouds, GitHub.

use super::{Store, clouds::Clouds, jobs, wiretap::Wiretap};
use crate::{
    github::{Fake, KEY, TOKEN},
    serve::{GITHUB, SECRET},
    world::World,
};
use relevo::rehearsal::Rehearsal;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What is trained is not judged: that takes no cloud. The command says so if another of its run still lives.
const PIPELINE: &str = "\
version: 1
name: mammography-severity
environments:
  dev:  { branch: develop }
  prod: { branch: main, after: dev }
stages:
  validate:         { uses: validate }
  train-test:       { uses: train-test, needs: [validate], in: dev, with: { pipeline: train } }
  gate:             { uses: gate, needs: [train-test], when: environment == 'dev', with: { metric: auc, at-least: 0.80, not-worse-than-baseline-by: 0.02 } }
  check:            { run: sh check.sh, needs: [validate], env: { MARKS: @MARKS@ } }
  job:              { run: sh job.sh, needs: [validate], in: dev, env: { MARKS: @MARKS@ }, runs-on: { sagemaker: { files: [job.sh] } } }
  assume-role:      { uses: assume-role, needs: [check, train-test, job] }
  plan:             { uses: plan, needs: [assume-role] }
  deploy-pipelines: { uses: deploy-pipelines, needs: [plan] }
  schedule-rules:   { uses: schedule-rules, needs: [deploy-pipelines] }
";
const CHECK: &str = r#"
exec 9>"$MARKS/$RELEVO_RUN"
flock --nonblock 9 || echo "two at once: $RELEVO_RUN" >>"$MARKS/overlaps"
test -f pipeline.yaml -a -f data/mammographic.csv || echo "half a checkout: $RELEVO_RUN" >>"$MARKS/overlaps"
i=0
while [ $i -lt 40 ]; do echo "line $i of the check"; i=$((i + 1)); done
sleep 0.2
echo checked
"#;
const JOB: &str = r#"
echo "$RELEVO_RUN" >>"$MARKS/jobs"
i=0
while [ $i -lt @LINES@ ]; do echo "line $i of the job"; i=$((i + 1)); done
sleep 0.2
"#;
const SCRIPTS: [&str; 3] = ["batch_preprocess.py", "evaluate.py", "preprocess.py"];

/// Who is told about runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// GitHub, one saying a second, by the bearer of a token.
    GitHub,
    /// The same by an App, whose stages are check runs.
    App,
    /// Nobody.
    Nobody,
}

pub(super) struct Ground {
    /// The repository that is pushed, whose environments are on a wire.
    pub(super) world: World,
    /// The repository whose clouds are served.
    pub(super) clouds: World,
    pub(super) github: Fake,
    pub(super) at_clouds: Wiretap,
    pub(super) at_github: Wiretap,
    _served: Clouds,
}

impl Ground {
    pub(super) async fn new(store: &Store, audience: Audience) -> Self {
        let clouds = World::new();
        let served = Clouds::of(&clouds).await;
        let github = Fake::start().await;
        let at_clouds = Wiretap::before(served.port).await;
        let at_github = Wiretap::before(port_of(&github.address())).await;
        let world = match store {
            Store::File => World::new(),
            Store::Postgres(address) => World::with_store(address),
        };
        let ground = Self { world, clouds, github, at_clouds, at_github, _served: served };
        ground.lay(audience);
        ground
    }

    fn lay(&self, audience: Audience) {
        let world = &self.world;
        for name in ["environments/dev.yaml", "environments/prod.yaml"] {
            let wire =
                format!("endpoint_url: http://127.0.0.1:{}\ncloud: aws", self.at_clouds.port);
            world.edit(name, "cloud: rehearsal", &wire);
        }
        fs::create_dir_all(self.marks()).unwrap();
        let marks = self.marks().display().to_string();
        world.write("pipeline.yaml", &PIPELINE.replace("@MARKS@", &marks));
        world.write("check.sh", CHECK);
        world.write("job.sh", &JOB.replace("@LINES@", &jobs::LINES.to_string()));
        world.write("../token", TOKEN);
        world.write("../key.pem", KEY);
        world.git(&["init", "--quiet", "--bare", "--initial-branch=main", &self.bare()]);
        world.git(&["remote", "add", "origin", &self.bare()]);
        let of = |identity: &str| {
            let api = format!("http://127.0.0.1:{}/api/v3", self.at_github.port);
            format!("github: {{ api: '{api}', {identity} }}\n")
        };
        let github = match audience {
            Audience::Nobody => String::new(),
            Audience::GitHub => of("token: { file: token }"),
            Audience::App => of("app: { id: 7, key: { file: key.pem } }"),
        };
        world.write(
            "../agent.yaml",
            &format!(
                "version: 1\nlisten: 127.0.0.1:0\nrepositories:\n  mammography: {{ source: {}, github: {GITHUB}, poll: 1s }}\n\
                 webhooks: {{ secrets: [{{ env: HOOK_SECRET }}] }}\ndrain: {{ within: 20s }}\n{github}",
                self.bare()
            ),
        );
    }

    /// The folder that all of it is in, but the clouds.
    pub(super) fn folder(&self) -> PathBuf {
        self.world.repository().parent().unwrap().to_owned()
    }

    /// Where commands leave what they noticed.
    pub(super) fn marks(&self) -> PathBuf {
        self.folder().join("marks")
    }

    fn bare(&self) -> String {
        self.folder().join("bare.git").display().to_string()
    }

    /// The settings of every agent.
    pub(super) fn settings(&self) -> String {
        self.folder().join("agent.yaml").display().to_string()
    }

    /// A command of the agent with this state.
    pub(super) fn command(&self, state: &Path, arguments: &[&str]) -> Command {
        let state = state.display().to_string();
        let keys = Rehearsal::base_credentials();
        let mut command = self.world.command(&[&["--state", &state], arguments].concat());
        command
            .env("HOOK_SECRET", SECRET)
            .env("AWS_ACCESS_KEY_ID", keys.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("AWS_PROFILE");
        command
    }

    /// Pushes another change of what is deployed, and answers its commit. Environments stay: a run that was interrupted
    /// goes on with those that the default branch has by then, and refuses a plan that was made for others.
    pub(super) fn push(&self, number: usize) -> String {
        for script in SCRIPTS {
            let name = format!("templates/scripts/{script}");
            let text = self.world.read(&name);
            let text = text.split("\n# change ").next().unwrap_or_default().trim_end();
            self.world.write(&name, &format!("{text}\n# change {number}\n"));
        }
        let commit = self.world.commit(&format!("Change {number}"));
        self.world.git(&["push", "--quiet", "--force", "origin", "HEAD:main"]);
        self.github.see(|memory| memory.heads = vec![("main".to_owned(), commit.clone())]);
        commit
    }
}

/// The port in `http://127.0.0.1:PORT/…`.
fn port_of(address: &str) -> u16 {
    let port = address.rsplit_once("127.0.0.1:").unwrap().1;
    port.split('/').next().unwrap().parse().unwrap()
}
