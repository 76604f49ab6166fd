//! What several commands need: the project's cases with their problems, a pool for a target, places to print to.

use std::io::{self, Write};

use anyhow::Context as _;

use super::arguments::{ProjectOptions, SelectionOptions};
use super::exit::UsageError;
use crate::case::{self, Diagnostic, SparkMinor, Suite};
use crate::divergence::Divergences;
use crate::golden::{GoldenStore, Mode};
use crate::run::{Project, Selection};
use crate::target::engine::OWN_SPARK;
use crate::target::pool::TargetPool;
use crate::target::{self, Identity, TargetId};

/// The project, its cases, and what of them the command is about.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) project: Project,
    pub(crate) suite: Suite,
    pub(crate) selection: Selection,
    /// Whether a selected case file is broken; its problems were printed.
    pub(crate) broken: bool,
}

/// Loads all cases and prints the problems of those that were selected.
pub(crate) fn load(options: &ProjectOptions, selection: &SelectionOptions) -> anyhow::Result<Loaded> {
    let project = Project::find(options.root.as_deref())?;
    let selection = Selection::resolve(&project, &selection.paths, selection.filter.clone())?;
    let suite = case::load(&project.cases());
    let concerned: Vec<&Diagnostic> =
        suite.diagnostics.iter().filter(|diagnostic| selection.concerns(diagnostic)).collect();
    print_diagnostics(concerned.iter().copied());
    let broken = !concerned.is_empty();
    Ok(Loaded { project, suite, selection, broken })
}

/// Prints problems of files to stderr.
pub(crate) fn print_diagnostics<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) {
    for diagnostic in diagnostics {
        eprintln!("{diagnostic}\n");
    }
}

/// The divergences of a target that are known.
pub(crate) fn divergences(project: &Project, identity: &Identity) -> anyhow::Result<Divergences> {
    let Some(file) = project.divergences(identity) else { return Ok(Divergences::default()) };
    Divergences::load(&file).map_err(|diagnostics| {
        print_diagnostics(&diagnostics);
        UsageError(format!("{} does not read as a list of divergences", file.display())).into()
    })
}

/// A pool of runners of a target; Ctrl-C ends them all from here on. `spark` is the version that the engine is to follow.
pub(crate) fn pool(id: &TargetId, spark: SparkMinor, jobs: Option<u16>) -> anyhow::Result<TargetPool> {
    target::end_sessions_on_signals().context("failed to watch for Ctrl-C")?;
    let default = match id {
        TargetId::Engine | TargetId::EngineConnect => {
            std::thread::available_parallelism().map_or(1, usize::from).min(4)
        }
        TargetId::Spark(_)
        | TargetId::SparkConnect(_)
        | TargetId::Docker(_)
        | TargetId::Connect(_)
        | TargetId::Command(_) => 1,
    };
    let id = id.clone();
    Ok(TargetPool::new(jobs.map_or(default, usize::from), move |surroundings| target::open(&id, spark, surroundings)))
}

/// Who a target says that it is, which only the target itself knows.
pub(crate) fn identity(id: &TargetId, spark: SparkMinor) -> anyhow::Result<Identity> {
    let pool = pool(id, spark, Some(1))?;
    let identity = pool.identity()?;
    pool.stop();
    Ok(identity)
}

/// The Spark version to compare a target with: what the user says, or the target's own, or the default.
pub(crate) fn spark_version(asked: Option<SparkMinor>, target: &TargetId) -> SparkMinor {
    let own = match target {
        TargetId::Spark(version) | TargetId::SparkConnect(version) | TargetId::Docker(version) => {
            version.minor().parse().ok()
        }
        TargetId::Engine | TargetId::EngineConnect | TargetId::Connect(_) | TargetId::Command(_) => None,
    };
    asked.or(own).unwrap_or(OWN_SPARK)
}

/// The mode whose goldens a target is compared with: its own, if the version was recorded in it.
pub(crate) fn golden_mode(goldens: &GoldenStore, target: &TargetId, spark: SparkMinor) -> Mode {
    match target.mode() {
        Mode::Connect if !goldens.has(Mode::Connect, spark) && goldens.has(Mode::Classic, spark) => {
            eprintln!(
                "Spark {spark} was not recorded over Spark Connect (`seatrial record --target spark:{spark}:connect`): \
                 {target} is compared with what classic mode answered, and some errors differ there"
            );
            Mode::Classic
        }
        mode => mode,
    }
}

/// Writes text to stdout. A reader that went away (`| head`) is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result.map_err(|error| UsageError(format!("failed to write to stdout: {error}")))?),
    }
}
