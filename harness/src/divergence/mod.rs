//! Divergences: wrong answers of a candidate that are known and pinned, with a reason and a day to look again.

mod day;
mod file;

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::case::{CaseId, SparkMinor};
use crate::compare::{self, Comparison, Reason, Verdict};
use crate::observation::Observation;

pub use day::{Day, DayError};

/// Whose fault a divergence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
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

/// One pinned divergence.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    /// The case.
    pub case: CaseId,
    /// The Spark versions compared with.
    pub versions: BTreeSet<SparkMinor>,
    /// What the candidate answers.
    pub actual: Actual,
    /// Whose fault it is.
    pub kind: Kind,
    /// Why, in a sentence.
    pub reason: String,
    /// When to look again.
    pub review_by: Day,
}

/// What was pinned.
#[derive(Debug, Clone, PartialEq)]
pub enum Actual {
    /// A wrong answer.
    Answer {
        /// In what it differs from the reference.
        reasons: BTreeSet<Reason>,
        /// The answer.
        observation: Box<Observation>,
    },
    /// The candidate says that it cannot do this.
    Unsupported {
        /// In its words.
        reason: String,
    },
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
    /// The candidate answers now and could not before, or the other way round.
    Other,
    /// The day to look again is past.
    Overdue(Day),
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ours, Self::Upstream, Self::Extension, Self::Wont];

    /// What it says of a pinned divergence, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ours => "A divergence of the candidate that is to be mended.",
            Self::Upstream => "A divergence that a library brings along, or in which Spark itself is wrong.",
            Self::Extension => "The candidate accepts more than Spark does, on purpose.",
            Self::Wont => "A divergence that is known and will stay.",
        }
    }

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
    /// The entry for a case and version.
    pub fn lookup(&self, version: SparkMinor, case: &CaseId) -> Option<&Divergence> {
        self.entries.iter().find(|entry| &entry.case == case && entry.versions.contains(&version))
    }

    /// All entries, sorted by case and version.
    pub fn entries(&self) -> &[Divergence] {
        &self.entries
    }

    /// Adds an entry; its versions leave the entries for the same case that were there.
    pub fn pin(&mut self, entry: Divergence) {
        for other in self.entries.iter_mut().filter(|other| other.case == entry.case) {
            other.versions.retain(|version| !entry.versions.contains(version));
        }
        self.entries.push(entry);
        self.sort();
    }

    /// Removes the entry for a case and version; what it says of other versions stays.
    pub fn unpin(&mut self, version: SparkMinor, case: &CaseId) {
        for entry in self.entries.iter_mut().filter(|entry| &entry.case == case) {
            entry.versions.remove(&version);
        }
        self.sort();
    }

    /// Puts the entries in order, joins those that say the same of several versions, and drops those of no version.
    fn sort(&mut self) {
        let mut joined: Vec<Divergence> = Vec::new();
        for entry in std::mem::take(&mut self.entries) {
            if entry.versions.is_empty() {
                continue;
            }
            let same = |other: &&mut Divergence| {
                let other: &Divergence = other;
                Divergence { versions: entry.versions.clone(), ..other.clone() } == entry
            };
            match joined.iter_mut().find(same) {
                Some(other) => other.versions.extend(entry.versions),
                None => joined.push(entry),
            }
        }
        joined.sort_by(|left, right| (&left.case, &left.versions).cmp(&(&right.case, &right.versions)));
        self.entries = joined;
    }
}

impl Divergence {
    /// Judges what the candidate answered now.
    ///
    /// `comparison` is that of the candidate with the reference; `ordered` is the case's; a case that conforms or changed
    /// is reported as such even when the day is past.
    pub fn judge(&self, comparison: &Comparison, actual: &Observation, ordered: bool, today: Day) -> Judgement {
        if comparison.verdict != Verdict::Divergent {
            return Judgement::Needless;
        }
        let Actual::Answer { observation, .. } = &self.actual else { return Judgement::Other };
        let from_pinned = compare::compare(observation, actual, compare::Options { ordered });
        if from_pinned.verdict != Verdict::Exact {
            return Judgement::Changed(from_pinned);
        }
        self.in_time(today)
    }

    /// Judges that the candidate says, for this reason, that it cannot do this.
    pub fn judge_unsupported(&self, now: &str, today: Day) -> Judgement {
        match &self.actual {
            Actual::Unsupported { reason } if reason == now => self.in_time(today),
            _ => Judgement::Other,
        }
    }

    fn in_time(&self, today: Day) -> Judgement {
        if today > self.review_by { Judgement::Overdue(self.review_by) } else { Judgement::Holds }
    }
}

#[cfg(test)]
mod tests;
