//! The command line's shape. What the options mean is the business of the commands.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::exit::TABLE;
use crate::case::{CaseId, Side, SparkMinor};
use crate::divergence::Kind;
use crate::golden::GoldenStore;
use crate::target::TargetId;

/// Decides whether a Spark-compatible engine answers Python Data Sources as PySpark does.
#[derive(Debug, Parser)]
#[command(name = "seatrial", version, after_help = TABLE, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) project: ProjectOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the project lies.
#[derive(Debug, Args)]
pub(crate) struct ProjectOptions {
    /// The folder that holds `cases/` and `golden/` [default: the nearest one from here upward]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) root: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run cases on a target and compare its answers with the goldens
    #[command(after_help = TABLE)]
    Check(CheckOptions),
    /// Ask real PySpark and store its answers as goldens
    Record(RecordOptions),
    /// Show what answers differ between two targets, such as two Spark versions
    Diff(DiffOptions),
    /// List cases
    List(ListOptions),
    /// List targets, whether they are ready, and what they lack
    Targets,
    /// Install the PySparks that the engine follows with --spark
    Prepare(PrepareOptions),
    /// Write docs/behaviours anew: what the cases show, with Spark's answers
    Docs(DocsOptions),
    /// Write golden/SCOREBOARD.md anew
    Scoreboard(ScoreboardOptions),
    /// Pin the present wrong answer to cases as a known divergence
    Pin(PinOptions),
    /// Remove pinned divergences that are no longer needed
    Unpin(UnpinOptions),
    /// Print the JSON Schema of case files
    Schema,
    /// Serve cases on the engine over stdin and stdout
    #[command(hide = true)]
    Runner,
}

/// What cases a command is about.
#[derive(Debug, Args, Clone)]
pub(crate) struct SelectionOptions {
    /// Case files, folders of them, or FILE::NAME where NAME is a case's name or a part of one [default: all]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<String>,
    /// Only cases whose id contains this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckOptions {
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    /// What to check: engine, spark:4.2.1, spark:4.2, cmd:PROGRAM
    #[arg(long, default_value = "engine", value_name = "TARGET")]
    pub(crate) target: TargetId,
    /// The Spark version to compare with [default: 4.2, or that of the target]
    #[arg(long, value_name = "VERSION")]
    pub(crate) spark: Option<SparkMinor>,
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// Write the report to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// How many runners work at the same time [default: up to 4 for the engine, 1 otherwise]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct RecordOptions {
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    /// The real PySpark to ask, such as spark:4.2.1
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: TargetId,
    /// How many runners, each with a JVM of its own, work at the same time
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: u16,
}

#[derive(Debug, Args)]
pub(crate) struct DiffOptions {
    /// The target that counts as the older one, such as spark:4.0
    pub(crate) from: TargetId,
    /// The target that counts as the newer one, such as spark:4.2 or engine
    pub(crate) to: TargetId,
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    /// List the behaviours of cases/BEHAVIOURS.md that no selected case covers
    #[arg(long)]
    pub(crate) uncovered: bool,
    /// Of which side [default: read]
    #[arg(long, value_enum, requires = "uncovered")]
    pub(crate) side: Option<SideOption>,
    /// How to list
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// A side of the index of behaviours, or all that cases can observe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SideOption {
    Read,
    Write,
    Stream,
    Connect,
    /// All but notes, which no case can observe
    All,
}

impl SideOption {
    /// Whether behaviours of the side are meant.
    pub(crate) fn holds(self, side: Side) -> bool {
        match self {
            Self::Read => side == Side::Read,
            Self::Write => side == Side::Write,
            Self::Stream => side == Side::Stream,
            Self::Connect => side == Side::Connect,
            Self::All => side != Side::Notes,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct DocsOptions {
    /// Change nothing; fail when the files are not what they should be
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PrepareOptions {
    /// The Spark versions [default: all that were recorded]
    #[arg(value_name = "VERSION")]
    pub(crate) versions: Vec<SparkMinor>,
}

#[derive(Debug, Args)]
pub(crate) struct ScoreboardOptions {
    /// The candidate
    #[arg(long, default_value = "engine", value_name = "TARGET")]
    pub(crate) target: TargetId,
    /// The Spark versions to compare with [default: all that were recorded]
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    pub(crate) spark: Vec<SparkMinor>,
    /// Change nothing; fail when the file is not what it should be
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PinOptions {
    /// The cases: FILE::NAME, or files and folders
    #[arg(value_name = "CASE", required = true)]
    pub(crate) cases: Vec<String>,
    /// Whose divergence it is
    #[arg(long, default_value = "engine", value_name = "TARGET")]
    pub(crate) target: TargetId,
    #[command(flatten)]
    pub(crate) versions: VersionOptions,
    /// ours: to be mended; upstream: of a library; extension: we accept more; wont: we will not follow Spark
    #[arg(long, value_enum)]
    pub(crate) kind: PinKind,
    /// Why it diverges, in a sentence
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// When to look at it again, as 2027-05-01
    #[arg(long, value_name = "DAY")]
    pub(crate) review_by: String,
}

#[derive(Debug, Args)]
pub(crate) struct UnpinOptions {
    /// The ids of the cases, whole, as reports show them
    #[arg(value_name = "CASE", required = true)]
    pub(crate) cases: Vec<CaseId>,
    /// Whose divergence it was
    #[arg(long, default_value = "engine", value_name = "TARGET")]
    pub(crate) target: TargetId,
    #[command(flatten)]
    pub(crate) versions: VersionOptions,
}

/// Which Spark versions a pin is about.
#[derive(Debug, Args)]
pub(crate) struct VersionOptions {
    /// The Spark versions, such as 4.1,4.2
    #[arg(long, default_value = "4.2", value_name = "VERSION", value_delimiter = ',')]
    spark: Vec<SparkMinor>,
    /// All versions that were recorded
    #[arg(long, conflicts_with = "spark")]
    all_versions: bool,
}

impl VersionOptions {
    /// The versions, without repetition.
    pub(crate) fn of(&self, goldens: &GoldenStore) -> BTreeSet<SparkMinor> {
        match self.all_versions {
            true => goldens.versions(),
            false => self.spark.iter().copied().collect(),
        }
    }
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// JSON lines
    Json,
}

/// Whose fault a divergence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PinKind {
    Ours,
    Upstream,
    Extension,
    Wont,
}

impl From<PinKind> for Kind {
    fn from(kind: PinKind) -> Self {
        match kind {
            PinKind::Ours => Self::Ours,
            PinKind::Upstream => Self::Upstream,
            PinKind::Extension => Self::Extension,
            PinKind::Wont => Self::Wont,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
