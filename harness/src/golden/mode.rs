//! How real PySpark was used when it answered. What it answers depends on that: an exception of a task has no condition over
//! Spark Connect, for one.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::case::SparkMinor;

/// The folder of the answers over Spark Connect, below that of all goldens.
const CONNECT_FOLDER: &str = "connect";

/// How PySpark is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// Classic PySpark: the client has the JVM beside itself.
    Classic,
    /// Over Spark Connect.
    Connect,
}

impl Mode {
    /// Both; what the later one does not have is as in the earlier one.
    pub const ALL: [Self; 2] = [Self::Classic, Self::Connect];

    /// As runners and headers of goldens have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Connect => "connect",
        }
    }

    /// The mode of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// The folder that holds the folders of its versions.
    pub(super) fn folder(self, golden: &Path) -> PathBuf {
        match self {
            Self::Classic => golden.to_owned(),
            Self::Connect => golden.join(CONNECT_FOLDER),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is recorded as a whole: a version in a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edition {
    pub(super) mode: Mode,
    pub(super) spark: SparkMinor,
}

impl Edition {
    /// The edition and those of older versions in its mode, as a range.
    pub(super) fn and_older(self) -> std::ops::RangeInclusive<Self> {
        let first = Self { spark: SparkMinor::new(0, 0), ..self };
        first..=self
    }

    /// Its folder below that of all goldens.
    pub(super) fn folder(self) -> PathBuf {
        self.mode.folder(Path::new("")).join(self.spark.to_string())
    }
}
