//! The release gate: compares how a candidate stands now with how it stood when it was released.
//!
//! [`baseline`] tells what was, from a project at a git revision, a scoreboard or a stored run; [`comparison`] finds what changed;
//! [`human`], [`markdown`] and [`json`] show it. Nothing here asks a target or judges an answer: what stands how is
//! handed over. What keeps a release from being made is said once, by [`Change::exit_class`].

pub mod baseline;
mod change;
pub mod comparison;
pub mod git;
pub mod human;
pub mod json;
pub mod markdown;
mod project;

use std::collections::BTreeSet;

use crate::case::{CaseHash, CaseId, SparkMinor};
use crate::divergence::Kind;
use crate::report::CaseResult;
use crate::run::{PinState, Status};

pub use baseline::Baseline;
pub use change::{Change, Class};
pub use comparison::{Finding, Gate, LostBehaviour, Tally, VersionRow};

/// How a case stands against the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// As the reference.
    Exact,
    /// The reference failed inside the JVM, the candidate failed clearly.
    Equivalent,
    /// Recorded and not pinned, and no scoreboard that tells more: as the reference, if the release was checked.
    Unpinned,
    /// A known divergence: whose fault, and why.
    Pinned(Kind, String),
    /// An unknown divergence: in what.
    Divergent(String),
    /// The candidate says that it cannot: why.
    Unsupported(String),
}

/// How a case stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Now {
    /// As its answer says.
    Stands(Standing),
    /// It is pinned and conforms.
    PinNeedless(Standing),
    /// It diverges in another way than was pinned.
    PinChanged(Standing),
    /// It is pinned, and the day to look again is past.
    PinOverdue(Standing),
    /// The case changed since the reference was asked.
    GoldenStale,
    /// The reference was never asked.
    GoldenMissing,
    /// There is no answer: why.
    NoAnswer(String),
}

/// One case for one Spark version, now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// The case.
    pub id: CaseId,
    /// The Spark version that is right.
    pub spark: SparkMinor,
    /// What changes its behaviour, if that is known.
    pub hash: Option<CaseHash>,
    /// How it stands.
    pub now: Now,
    /// The case file, as messages show it.
    pub file: String,
    /// The case's line in it.
    pub line: usize,
    /// What differs, as lines; empty where nothing does.
    pub difference: String,
    /// The command that runs this case alone.
    pub rerun: String,
}

/// What stands how, now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Candidate {
    /// As `--target` names it.
    pub target: String,
    /// The versions that were compared with.
    pub versions: BTreeSet<SparkMinor>,
    /// The versions that there are goldens of.
    pub recorded: BTreeSet<SparkMinor>,
    /// All cases.
    pub cases: Vec<Present>,
    /// All behaviours that some case covers.
    pub covered: BTreeSet<String>,
    /// All behaviours of the index.
    pub behaviours: BTreeSet<String>,
    /// Pins of cases that there are not.
    pub pins_of_nothing: Vec<String>,
    /// Targets that did not end as they should.
    pub faults: Vec<String>,
}

impl Standing {
    /// Whether it is as the reference.
    pub fn conforms(&self) -> bool {
        matches!(self, Self::Exact | Self::Equivalent | Self::Unpinned)
    }

    /// As reports say it, in a word or two.
    pub fn name(&self) -> String {
        match self {
            Self::Exact => "exact".to_owned(),
            Self::Equivalent => "equivalent".to_owned(),
            Self::Unpinned => "not pinned".to_owned(),
            Self::Pinned(kind, _) => format!("pinned as {kind}"),
            Self::Divergent(_) => "divergent".to_owned(),
            Self::Unsupported(_) => "unsupported".to_owned(),
        }
    }

    /// Why it is not as the reference; empty where it is.
    pub fn reason(&self) -> &str {
        match self {
            Self::Exact | Self::Equivalent | Self::Unpinned => "",
            Self::Pinned(_, reason) | Self::Divergent(reason) | Self::Unsupported(reason) => reason,
        }
    }
}

impl Now {
    /// How a judged case stands.
    pub fn of(result: &CaseResult) -> Self {
        let message = || result.message.clone().unwrap_or_default();
        let divergent = || Standing::Divergent(result.reason_list());
        let pinned = || match &result.pin {
            Some(pin) => Standing::Pinned(pin.kind, pin.reason.clone()),
            None => divergent(),
        };
        let needless = || result.pin.as_ref().is_some_and(|pin| pin.state == PinState::Needless);
        match result.status {
            Status::Exact => Self::Stands(Standing::Exact),
            Status::Equivalent => Self::Stands(Standing::Equivalent),
            Status::Pinned => Self::Stands(pinned()),
            Status::Divergent => Self::Stands(divergent()),
            Status::Unsupported => Self::Stands(Standing::Unsupported(message())),
            Status::Infrastructure => Self::NoAnswer(message()),
            Status::StalePin if needless() => Self::PinNeedless(Standing::Exact),
            Status::StalePin => Self::PinChanged(divergent()),
            Status::OverduePin => Self::PinOverdue(pinned()),
            Status::StaleGolden => Self::GoldenStale,
            Status::MissingGolden => Self::GoldenMissing,
        }
    }

    /// The standing, where there is an answer.
    pub fn standing(&self) -> Option<&Standing> {
        match self {
            Self::Stands(standing)
            | Self::PinNeedless(standing)
            | Self::PinChanged(standing)
            | Self::PinOverdue(standing) => Some(standing),
            Self::GoldenStale | Self::GoldenMissing | Self::NoAnswer(_) => None,
        }
    }

    /// As reports say it.
    pub fn name(&self) -> String {
        match self {
            Self::Stands(standing) | Self::PinNeedless(standing) => standing.name(),
            Self::PinChanged(standing) => format!("{}, and not as pinned", standing.name()),
            Self::PinOverdue(standing) => format!("{}, and overdue", standing.name()),
            Self::GoldenStale => "golden stale".to_owned(),
            Self::GoldenMissing => "golden missing".to_owned(),
            Self::NoAnswer(_) => "no answer".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
