//! Goldens: what real PySpark answered, per Spark version.
//!
//! Everybody may read them; only a [`ReferenceRecording`] can write.

pub(crate) mod canonical;
mod header;
mod mode;
mod store;
pub(crate) mod stored;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::case::{CaseHash, CaseId, Diagnostic, SparkMinor};
use crate::observation::Observation;

pub use header::ReferenceRecording;
use mode::Edition;
pub use mode::Mode;
use store::VersionGoldens;

/// All goldens of a folder, in memory.
#[derive(Debug)]
pub struct GoldenStore {
    editions: BTreeMap<Edition, VersionGoldens>,
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
    /// Never recorded for the version in that mode.
    Missing,
}

/// What real PySpark a version's goldens are from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GoldenMaker {
    /// Versions by component: `spark`, `python`, `java`, `pyarrow`, `pandas`.
    pub versions: BTreeMap<String, String>,
    /// `classic` or `connect`.
    pub mode: String,
    /// The digest of the container image, where one answered.
    #[serde(default)]
    pub image: Option<String>,
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
    /// Some cases would keep answers of an installation that may answer otherwise.
    #[error("the answers of {kept} other cases were recorded by {recorded}; now {now} answers: record all cases")]
    OtherVersions {
        /// How many cases.
        kept: usize,
        /// What recorded them.
        recorded: String,
        /// What answers now.
        now: String,
    },
    /// A file would hold answers of two installations, and its header names one.
    #[error(
        "the answers of {kept} other cases of {topic}.yaml were recorded by {recorded}; now {now} answers: record the whole file"
    )]
    OtherPatchLevels {
        /// The file, such as `read/tuples`.
        topic: String,
        /// How many of its cases.
        kept: usize,
        /// What recorded them.
        recorded: String,
        /// What answers now.
        now: String,
    },
    /// The runner says a mode that is none of PySpark's.
    #[error("goldens are of classic mode or of Spark Connect, and the runner says its mode is '{mode}'")]
    UnknownMode {
        /// What it says.
        mode: String,
    },
    /// The runner did not say which Spark it is.
    #[error("the runner does not say its {name} version")]
    NoVersion {
        /// `spark`, `python`, …
        name: &'static str,
    },
}

/// Writes goldens of one version in one mode.
#[derive(Debug)]
pub struct GoldenWriter {
    dir: PathBuf,
    recording: ReferenceRecording,
}

/// What a recording changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// Files that were written or removed, relative to the golden folder.
    pub files: BTreeSet<PathBuf>,
    /// Cases recorded whose answer is kept in this edition's folder.
    pub kept: usize,
    /// Cases recorded whose answer counts without that: it equals the version before, or classic mode.
    pub pruned: usize,
    /// Cases that were removed since they no longer exist.
    pub removed: BTreeSet<CaseId>,
}

/// Replaces a file as a whole, or not at all: the text goes into a file beside it, which is then moved there.
pub(crate) fn replace_file(path: &Path, text: &str) -> Result<(), GoldenError> {
    let failed = |action, source| GoldenError::Io { action, path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|source| failed("create the folder of", source))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = folder.join(format!(".{name}.{}", std::process::id()));
    let result = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    if result.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    result.map_err(|source| failed("write", source))
}

#[cfg(test)]
mod tests;
