//! What made a golden: the header of its file, and the proof that real PySpark answered.

use std::collections::BTreeMap;

use super::canonical::{Canonical, quoted};
use super::{GoldenError, Mode};
use crate::case::SparkVersion;

/// The format of golden files and of the index.
pub(super) const FORMAT: u32 = 1;

/// The components whose versions a header names, in its order.
pub(super) const COMPONENTS: [&str; 5] = ["spark", "python", "java", "pyarrow", "pandas"];

/// Versions and mode: all that a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// By component; only those of [`COMPONENTS`].
    pub(super) versions: BTreeMap<String, String>,
    pub(super) mode: Mode,
    /// The digest of the container image that the answers come from; none where no container was used.
    pub(super) image: Option<String>,
}

impl Header {
    pub(super) fn write(&self, out: &mut Canonical) {
        out.line(0, &format!("format: {FORMAT}"));
        for component in COMPONENTS {
            if let Some(version) = self.versions.get(component) {
                out.line(0, &format!("{component}: {}", quoted(version)));
            }
        }
        out.line(0, &format!("mode: {}", quoted(self.mode.name())));
        if let Some(image) = &self.image {
            out.line(0, &format!("image: {}", quoted(image)));
        }
    }

    /// Whether two installations may answer for one version: what decides answers is the same. Patch levels of Python and
    /// Java tell where an answer comes from, and so does the image; they do not decide it.
    pub(super) fn answers_as(&self, other: &Self) -> bool {
        let decides = |header: &Self, component: &str| {
            let version = header.versions.get(component)?;
            let parts = match component {
                "python" => 2,
                "java" => 1,
                _ => usize::MAX,
            };
            Some(version.split('.').take(parts).collect::<Vec<_>>().join("."))
        };
        self.mode == other.mode && COMPONENTS.iter().all(|name| decides(self, name) == decides(other, name))
    }

    /// In a message: `spark 4.0.5, python 3.11.7, …, classic`, and the image if there is one.
    pub(super) fn describe(&self) -> String {
        let known =
            COMPONENTS.iter().filter_map(|name| self.versions.get(*name).map(|version| format!("{name} {version}")));
        let image = self.image.as_ref().map(|image| format!("image {image}"));
        known.chain([self.mode.to_string()]).chain(image).collect::<Vec<_>>().join(", ")
    }
}

/// Proof that a real PySpark answered: what the golden's header says. The writer demands one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceRecording {
    spark: SparkVersion,
    header: Header,
}

impl ReferenceRecording {
    /// From what a runner reported in `started`; refused unless its target is `spark`.
    ///
    /// # Errors
    ///
    /// [`GoldenError::NotAReference`] for any other target, [`GoldenError::NoVersion`] if it does not say which Spark it is,
    /// [`GoldenError::UnknownMode`] if it was used in a way that has no goldens.
    pub fn try_new(target: &str, versions: &BTreeMap<String, String>, mode: &str) -> Result<Self, GoldenError> {
        if target != "spark" {
            return Err(GoldenError::NotAReference { target: target.to_owned() });
        }
        let spark =
            versions.get("spark").and_then(|text| text.parse().ok()).ok_or(GoldenError::NoVersion { name: "spark" })?;
        let mode = Mode::named(mode).ok_or_else(|| GoldenError::UnknownMode { mode: mode.to_owned() })?;
        let known = versions.iter().filter(|(name, _)| COMPONENTS.contains(&name.as_str()));
        let versions = known.map(|(name, version)| (name.clone(), version.clone())).collect();
        Ok(Self { spark, header: Header { versions, mode, image: None } })
    }

    /// The same, told by a Spark in a container: with the digest of its image.
    #[must_use]
    pub fn from_image(mut self, image: Option<String>) -> Self {
        self.header.image = image;
        self
    }

    /// The version of Spark that answered.
    pub fn spark(&self) -> &SparkVersion {
        &self.spark
    }

    /// How it was used.
    pub fn mode(&self) -> Mode {
        self.header.mode
    }

    /// The digest of the container image that answered, if one did.
    pub fn image(&self) -> Option<&str> {
        self.header.image.as_deref()
    }

    /// All versions, by component.
    pub fn versions(&self) -> &BTreeMap<String, String> {
        &self.header.versions
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }
}
