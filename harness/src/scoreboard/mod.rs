//! The scoreboard: counts per area and Spark version, and the list of all that is not exact. Text only, no dates.

use std::collections::BTreeSet;

use crate::case::{CaseId, SparkMinor};
use crate::compare::Reason;
use crate::divergence::Kind;

/// How one case stands for one Spark version.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The case.
    pub case: CaseId,
    /// The version compared with.
    pub version: SparkMinor,
    /// How it stands.
    pub standing: Standing,
}

/// How a case stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// As the reference.
    Exact,
    /// Failed as the JVM did, more clearly.
    Equivalent,
    /// A known divergence.
    Pinned {
        /// Whose fault.
        kind: Kind,
        /// Why.
        reason: String,
    },
    /// An unknown divergence.
    Divergent {
        /// Why.
        reasons: BTreeSet<Reason>,
    },
    /// The target cannot run the case.
    Unsupported {
        /// Why.
        reason: String,
    },
}

/// The text of `golden/SCOREBOARD.md`. The order of `scores` does not matter.
pub fn render(_scores: &[Score]) -> String {
    String::new()
}
