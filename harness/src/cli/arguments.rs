//! The command line's shape. What the options mean is the business of the commands.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::exit::table;
use crate::case::{CaseId, IdError, Side, SparkMinor};
use crate::divergence::Kind;
use crate::golden::GoldenStore;
use crate::report::Format;
use crate::target::TargetId;

/// Decides whether a Spark-compatible engine answers Python Data Sources as PySpark does.
#[derive(Debug, Parser)]
#[command(name = "seatrial", version, after_help = table(), propagate_version = true)]
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
    #[command(after_help = table())]
    Check(CheckOptions),
    /// Ask real PySpark and store its answers as goldens
    Record(RecordOptions),
    /// Compare with what was released, and fail when parity was lost
    #[command(after_help = table())]
    Gate(GateOptions),
    /// Tell what a word of a report means: a condition, verdict, exit code, behaviour or case
    Explain(ExplainOptions),
    /// Write a script that shows a case's behaviour on PySpark and on the engine
    Repro(ReproOptions),
    /// Show what answers differ between two targets, such as two Spark versions
    Diff(DiffOptions),
    /// List cases
    List(ListOptions),
    /// List targets, whether they are ready, and what they lack; build images
    Targets(TargetsOptions),
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
    /// Render the stored result of a run again
    Report(StoredReportOptions),
    /// Print a JSON Schema: of case files, of a run's result, or of what targets read and answer
    Schema(SchemaOptions),
    /// Serve Spark Connect: an unmodified PySpark client runs on the engine
    #[command(after_help = SERVER_HELP)]
    Server(ServerArguments),
    /// Serve cases on the engine over stdin and stdout
    #[command(hide = true)]
    Runner,
}

/// What a user must know before opening a port.
const SERVER_HELP: &str = "Whoever may connect can run Python code in this process: data sources are sent as pickles. So the \
                           server listens on loopback unless told otherwise, and then demands a token.\n\n\
                           SparkSession.builder.remote(\"sc://127.0.0.1:15002\").getOrCreate()";

#[derive(Debug, Args)]
pub(crate) struct ServerArguments {
    /// Where to listen; any address but loopback demands a token
    #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub(crate) host: IpAddr,
    /// The port; 0 takes a free one, which stderr tells
    #[arg(long, default_value_t = 15002, value_name = "PORT")]
    pub(crate) port: u16,
    /// What clients must send: sc://localhost:PORT/;token=TOKEN (to any other name, PySpark sends it by TLS only)
    #[arg(long, env = "SEATRIAL_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// The TLS certificate, in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The key of the TLS certificate, in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// The largest message that a client may send, in MiB
    #[arg(long, default_value_t = 128, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2047))]
    pub(crate) max_message_mib: u16,
    /// How many sessions there may be at once
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_sessions: u16,
    /// How long a session stays that nobody uses
    #[arg(long, default_value_t = 3600, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) session_idle_seconds: u32,
    /// How long a query goes on whose client is gone
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) detached_seconds: u32,
    /// Serve on this descriptor, for the process at the other end of stdin
    #[arg(long, hide = true, value_name = "DESCRIPTOR")]
    pub(crate) listener: Option<i32>,
    /// Whether the process before this one crashed
    #[arg(long, hide = true, requires = "listener")]
    pub(crate) replaces_crashed: bool,
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
    /// What to check: engine, engine:connect, spark:4.2.1, spark:4.2, docker:4.2.1, sc://HOST:PORT, cmd:PROGRAM
    #[arg(long, default_value = "engine", value_name = "TARGET")]
    pub(crate) target: TargetId,
    /// The Spark versions to compare with, such as 4.1,4.2, or `all` that were recorded [default: 4.2, or that of the target]
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    pub(crate) spark: Vec<VersionChoice>,
    #[command(flatten)]
    pub(crate) report: ReportOptions,
    /// How many runners work at the same time [default: up to 4 for the engine, 1 otherwise]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: Option<u16>,
}

/// How a run is reported, and where.
#[derive(Debug, Args, Clone)]
pub(crate) struct ReportOptions {
    /// How to report: human, json, junit, markdown, github, sarif, badge or html; FORMAT=FILE writes a file besides what
    /// stdout shows, and may be repeated [default: human]
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(crate) format: Vec<FormatChoice>,
    /// Write the one report that would go to stdout to a file instead
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// What html and markdown reports show the change to: a scoreboard, or a result of `--format json`
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
}

/// A format, and the file for it if one is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormatChoice {
    pub(crate) format: Format,
    pub(crate) file: Option<PathBuf>,
}

impl FromStr for FormatChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err(format!("the file for `{text}` is missing")),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let format = Format::of_name(name).ok_or_else(|| {
            let names: Vec<&str> = Format::ALL.into_iter().map(Format::name).collect();
            format!("known formats: {}", names.join(", "))
        })?;
        Ok(Self { format, file })
    }
}

/// A Spark version, or all that were recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionChoice {
    One(SparkMinor),
    All,
}

impl FromStr for VersionChoice {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}

#[derive(Debug, Args)]
pub(crate) struct StoredReportOptions {
    /// The result of a run, as `seatrial check --format json` wrote it; `-` reads stdin
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) report: ReportOptions,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaOptions {
    /// What the schema is of
    #[arg(value_enum, default_value_t = SchemaOf::Case)]
    pub(crate) of: SchemaOf,
}

/// A format that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// Case files
    Case,
    /// A line of `check --format json`
    Report,
    /// What targets read
    Messages,
    /// What targets answer
    Answers,
}

#[derive(Debug, Args)]
pub(crate) struct RecordOptions {
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    /// The real PySpark to ask, such as spark:4.2.1 or docker:4.2.1
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: TargetId,
    /// How many runners, each with a JVM of its own, work at the same time
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: u16,
}

#[derive(Debug, Args)]
pub(crate) struct TargetsOptions {
    #[command(subcommand)]
    pub(crate) command: Option<TargetsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TargetsCommand {
    /// Build the images that the targets docker:VERSION start, and print their ids
    Build(BuildImagesOptions),
}

#[derive(Debug, Args)]
pub(crate) struct BuildImagesOptions {
    /// The targets, such as docker:4.3.0
    #[arg(value_name = "TARGET", required = true)]
    pub(crate) targets: Vec<TargetId>,
    /// The image to start from: with Python 3.11 and venv, and Java 17 or Debian's packages [default: SEATRIAL_BASE_IMAGE, or
    /// an official one]
    #[arg(long, value_name = "NAME")]
    pub(crate) base_image: Option<String>,
    /// Certificates (PEM) for pip to trust; they do not get into the image [default: SEATRIAL_CERTIFICATES]
    #[arg(long, value_name = "FILE")]
    pub(crate) certificates: Option<PathBuf>,
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
pub(crate) struct GateOptions {
    /// What was released: a git revision, a scoreboard, or a result of `check --format json` [default: on a branch, where
    /// it left the main branch; else the latest tag before this commit]
    #[arg(long, value_name = "REV|FILE")]
    pub(crate) baseline: Option<String>,
    /// The candidate
    #[arg(long, default_value = "engine", value_name = "TARGET")]
    pub(crate) target: TargetId,
    /// The Spark versions to compare with, such as 4.1,4.2, or `all` that were recorded [default: all]
    #[arg(long, value_name = "VERSION", value_delimiter = ',')]
    pub(crate) spark: Vec<VersionChoice>,
    /// Accept that cases, Spark versions or covered behaviours are gone
    #[arg(long)]
    pub(crate) allow_lost: bool,
    /// How to report: human, markdown or json, or the run as junit, github, sarif, badge or html; FORMAT=FILE writes a file
    /// besides what stdout shows, and may be repeated [default: human]
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub(crate) format: Vec<FormatChoice>,
    /// How many runners work at the same time [default: up to 4 for the engine, 1 otherwise]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainOptions {
    /// An error condition or SQLSTATE of Spark, a verdict or another word of a report, an exit code, the id of a behaviour
    /// or of a case [default: list the words]
    #[arg(value_name = "WHAT")]
    pub(crate) what: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ReproOptions {
    /// The case: its whole id, or FILE::NAME where NAME is a part of one case's name
    #[arg(value_name = "CASE")]
    pub(crate) case: String,
    /// The Spark version whose answer and PySpark the script names
    #[arg(long, default_value = "4.2", value_name = "VERSION")]
    pub(crate) spark: SparkMinor,
    /// Write the script to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
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
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub(crate) format: ListFormat,
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

/// How a listing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
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
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[rstest]
    #[case("json", Ok((Format::Json, None)))]
    #[case("junit=out/report.xml", Ok((Format::Junit, Some("out/report.xml"))))]
    #[case("html=a=b.html", Ok((Format::Html, Some("a=b.html"))))]
    #[case("html=", Err("the file for `html=` is missing"))]
    #[case("pdf", Err("known formats: human, json, junit, markdown, github, sarif, badge, html"))]
    fn a_format_may_name_its_file(#[case] text: &str, #[case] expected: Result<(Format, Option<&str>), &str>) {
        let choice = text.parse::<FormatChoice>();
        let expected = expected.map(|(format, file)| FormatChoice { format, file: file.map(PathBuf::from) });
        assert_eq!(choice, expected.map_err(str::to_owned));
    }
}
