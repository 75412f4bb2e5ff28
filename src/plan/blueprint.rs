//! What a commit brings: files as they are in the repository.

use crate::{
    ids::Sha,
    spec::{DataContract, Environment},
};
use std::collections::BTreeMap;

/// One commit on its way into one environment.
#[derive(Debug, Clone, Copy)]
pub struct Blueprint<'a> {
    /// Where it goes.
    pub environment: &'a Environment,
    /// The commit.
    pub commit: &'a Sha,
    /// Where the commit comes from, as people name the repository.
    pub repository: &'a str,
    /// The two definition templates.
    pub templates: Templates<'a>,
    /// Scripts: file name to text.
    pub scripts: &'a BTreeMap<String, String>,
    /// What the training data holds.
    pub contract: &'a DataContract,
    /// The training data.
    pub data: DataFile<'a>,
    /// The smallest AUC a model is registered with.
    pub auc_at_least: f64,
}

/// The definition templates, as text.
#[derive(Debug, Clone, Copy)]
pub struct Templates<'a> {
    /// Of the train pipeline.
    pub train: &'a str,
    /// Of the inference pipeline.
    pub inference: &'a str,
}

/// A data file.
#[derive(Clone, Copy)]
pub struct DataFile<'a> {
    /// Its name, without folders.
    pub name: &'a str,
    /// Its content.
    pub content: &'a [u8],
}

impl std::fmt::Debug for DataFile<'_> {
    /// Without the content, which may be patients' data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataFile({}, {} bytes)", self.name, self.content.len())
    }
}
