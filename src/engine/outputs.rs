//! What a command leaves for later stages: files, named in pipeline.yaml, with their digests.

use super::context::agent_error;
use crate::flow::Failure;
use crate::ids::Digest;
use crate::spec::FailureClass;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// `{"files": {PATH: {"sha256": …, "bytes": …}}}` of the named files.
pub(super) async fn record(workspace: &Path, names: &[String]) -> Result<Value, Failure> {
    if names.is_empty() {
        return Ok(json!({}));
    }
    let (workspace, names) = (workspace.to_owned(), names.to_vec());
    tokio::task::spawn_blocking(move || {
        let mut files = Map::new();
        for name in names {
            let file = inside(&workspace, &name).and_then(|path| digest(&path));
            let (sha256, bytes) = file.map_err(|error| missing(&name, &error))?;
            files.insert(name, json!({ "sha256": sha256, "bytes": bytes }));
        }
        Ok(json!({ "files": files }))
    })
    .await
    .map_err(|error| agent_error("cannot record the outputs", &error))?
}

fn missing(name: &str, error: &io::Error) -> Failure {
    let message = format!("the command succeeded but its output '{name}' cannot be taken: {error}");
    Failure::new(FailureClass::UserError, message)
        .with_hint("`outputs` lists files that the command leaves, relative to the work folder")
}

/// The file that a name leads to, links resolved, if that is in the work folder.
fn inside(workspace: &Path, name: &str) -> io::Result<PathBuf> {
    let path = workspace.join(name).canonicalize()?;
    if !path.starts_with(workspace.canonicalize()?) {
        return Err(io::Error::other("it is outside the work folder"));
    }
    if !path.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    Ok(path)
}

fn digest(path: &Path) -> io::Result<(Digest, u64)> {
    let mut file = File::open(path)?;
    let (mut hash, mut bytes, mut chunk) = (Sha256::new(), 0, vec![0; CHUNK]);
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        hash.update(&chunk[..read]);
        bytes += read as u64;
    }
    let digest = hex::encode(hash.finalize()).parse().map_err(io::Error::other)?;
    Ok((digest, bytes))
}
