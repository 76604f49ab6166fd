//! Goldens: what real PySpark answered, per Spark version.
//!
//! Everybody may read them; only a [`ReferenceRecording`] can write.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::case::{Case, CaseHash, CaseId, Diagnostic, SparkMinor, SparkVersion};
use crate::observation::Observation;

/// All goldens of a folder, in memory.
#[derive(Debug)]
pub struct GoldenStore {
    _dir: PathBuf,
}

/// What the store knows of a case for a version.
#[derive(Debug, Clone, PartialEq)]
pub enum GoldenLookup<'a> {
    /// The reference's answer.
    Found {
        /// The answer.
        observation: &'a Observation,
        /// The version whose file holds it; an older one where the answer did not change since.
        recorded: SparkMinor,
    },
    /// The case changed since it was recorded.
    Stale {
        /// The hash the case had then.
        recorded_hash: CaseHash,
    },
    /// Never recorded for the version.
    Missing,
}

/// Why goldens could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum GoldenError {
    /// The file system said no.
    #[error("failed to {action} {path}: {source}")]
    Io {
        /// `read`, `write`, …
        action: &'static str,
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A golden file does not read as one.
    #[error("{0}")]
    Broken(Box<Diagnostic>),
    /// A target that is no reference tried to write.
    #[error("goldens are written by real PySpark alone, and target '{target}' is not it")]
    NotAReference {
        /// The target as it named itself.
        target: String,
    },
    /// The runner did not say which Spark it is.
    #[error("the runner does not say its {name} version")]
    NoVersion {
        /// `spark`, `python`, …
        name: &'static str,
    },
}

/// Proof that a real PySpark answered: what the golden's header says. The writer demands one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceRecording {
    spark: SparkVersion,
    versions: BTreeMap<String, String>,
    mode: String,
}

impl ReferenceRecording {
    /// From what a runner reported in `started`; refused unless its target is `spark`.
    pub fn try_new(
        target: &str,
        versions: &BTreeMap<String, String>,
        mode: &str,
    ) -> Result<Self, GoldenError> {
        if target != "spark" {
            return Err(GoldenError::NotAReference {
                target: target.to_owned(),
            });
        }
        let spark = versions
            .get("spark")
            .and_then(|text| text.parse().ok())
            .ok_or(GoldenError::NoVersion { name: "spark" })?;
        Ok(Self {
            spark,
            versions: versions.clone(),
            mode: mode.to_owned(),
        })
    }

    /// The version of Spark that answered.
    pub fn spark(&self) -> &SparkVersion {
        &self.spark
    }

    /// `classic` or `connect`.
    pub fn mode(&self) -> &str {
        &self.mode
    }

    /// All versions, by component.
    pub fn versions(&self) -> &BTreeMap<String, String> {
        &self.versions
    }
}

/// Writes goldens of one version.
#[derive(Debug)]
pub struct GoldenWriter {
    _dir: PathBuf,
    _recording: ReferenceRecording,
}

/// What a recording changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// Files that were written or removed, relative to the golden folder.
    pub files: BTreeSet<PathBuf>,
    /// Cases recorded whose answer is kept in this version's folder.
    pub kept: usize,
    /// Cases recorded whose answer equals the version before.
    pub pruned: usize,
    /// Cases that were removed since they no longer exist.
    pub removed: BTreeSet<CaseId>,
}

impl GoldenStore {
    /// Reads all goldens below `dir` (the folder `golden`); a folder that does not exist is an empty store.
    pub fn open(dir: &Path) -> Result<Self, GoldenError> {
        Ok(Self {
            _dir: dir.to_owned(),
        })
    }

    /// The versions that were recorded.
    pub fn versions(&self) -> BTreeSet<SparkMinor> {
        BTreeSet::new()
    }

    /// What real Spark of that version answered.
    pub fn lookup(&self, _version: SparkMinor, _case: &Case) -> GoldenLookup<'_> {
        GoldenLookup::Missing
    }
}

impl GoldenWriter {
    /// A writer into `dir` (the folder `golden`).
    pub fn new(dir: &Path, recording: ReferenceRecording) -> Self {
        Self {
            _dir: dir.to_owned(),
            _recording: recording,
        }
    }

    /// Stores the answers, keeps those of cases not recorded this time, and drops cases that are not in `existing`.
    pub fn write(
        &self,
        _answers: &[(&Case, Observation)],
        _existing: &BTreeSet<CaseId>,
    ) -> Result<Written, GoldenError> {
        Ok(Written::default())
    }
}
