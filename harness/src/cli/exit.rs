//! Exit codes, in one table.

use std::process::ExitCode;

use crate::gate::baseline::BaselineError;
use crate::gate::git::GitError;
use crate::golden::GoldenError;
use crate::run::project::ProjectError;
use crate::run::selection::SelectionError;
use crate::target::{TargetError, TargetIdError};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything is as it should be.
    Ok,
    /// The command line, or a case file, is wrong.
    Usage,
    /// The selection is empty.
    NothingSelected,
    /// A case diverges, or is not supported.
    NotConformant,
    /// A pinned divergence is stale or overdue.
    PinStale,
    /// A golden is stale or missing.
    GoldenStale,
    /// A target, or the infrastructure below it, failed.
    TargetFailed,
    /// A mistake of this program.
    Internal,
}

/// What the numbers mean when several would apply to one run.
const PRECEDENCE: &str = "When several apply to one run: 2, then 20, then 12, then 10, then 11.";

/// The table for `--help`.
pub(crate) fn table() -> String {
    let rows = Exit::ALL.map(|exit| format!("  {:>2}  {}\n", exit.code(), exit.meaning()));
    format!("Exit codes:\n{}{PRECEDENCE}", rows.concat())
}

/// A command line that clap accepts but that makes no sense, or that names a place where nothing can be written.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

impl Exit {
    /// All of them, by number.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Usage,
        Self::NothingSelected,
        Self::NotConformant,
        Self::PinStale,
        Self::GoldenStale,
        Self::TargetFailed,
        Self::Internal,
    ];

    /// What it means, in a line.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Usage => {
                "usage: a wrong command line, a broken case file (the others are run nevertheless), or a report that cannot \
                 be written"
            }
            Self::NothingSelected => "nothing selected",
            Self::NotConformant => "not conformant: a case diverges or is not supported; at the gate: parity was lost",
            Self::PinStale => "a pinned divergence is stale or overdue",
            Self::GoldenStale => "a golden (or the scoreboard) is stale or missing",
            Self::TargetFailed => "a target failed: it could not be started, crashed, hung, or broke the protocol",
            Self::Internal => "internal: a mistake of seatrial",
        }
    }

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Usage => 2,
            Self::NothingSelected => 4,
            Self::NotConformant => 10,
            Self::PinStale => 11,
            Self::GoldenStale => 12,
            Self::TargetFailed => 20,
            Self::Internal => 70,
        }
    }

    /// The exit for an error that ended a command.
    pub(crate) fn of_error(error: &anyhow::Error) -> Self {
        let is = |exit: Self, applies: bool| applies.then_some(exit);
        is(Self::Usage, error.is::<UsageError>() || error.is::<TargetIdError>())
            .or(is(Self::Usage, error.is::<ProjectError>() || error.is::<SelectionError>()))
            .or(is(Self::Usage, error.is::<GitError>() || error.is::<BaselineError>()))
            .or(is(Self::TargetFailed, error.is::<TargetError>()))
            .or_else(|| error.downcast_ref::<GoldenError>().map(Self::of_golden_error))
            .unwrap_or(Self::Internal)
    }

    fn of_golden_error(error: &GoldenError) -> Self {
        match error {
            GoldenError::Broken(_) => Self::GoldenStale,
            GoldenError::NotAReference { .. } => Self::Usage,
            GoldenError::NoVersion { .. } => Self::TargetFailed,
            _ => Self::Internal,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_code_once_and_in_order() {
        let codes = Exit::ALL.map(Exit::code);
        assert!(codes.is_sorted_by(|left, right| left < right));
        insta::assert_snapshot!(table());
    }
}
