//! Has the cases answered and judged, for one Spark version after the other: what `check`, `gate` and `scoreboard` do.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::arguments::ProjectOptions;
use super::context::{self, Loaded};
use super::exit::Exit;
use super::progress::Progress;
use crate::case::{Case, SparkMinor};
use crate::divergence::Divergences;
use crate::docs::source::Sources;
use crate::golden::{GoldenLookup, GoldenStore, Mode};
use crate::report::model::{Candidate, CaseResult, FORMAT, Footer, Header, JudgedVersion, Scenario};
use crate::report::{Run, human, shell_word};
use crate::run::{Answer, Judged, Status, execute, judge, now, today};
use crate::target::TargetId;
use crate::target::pool::TargetPool;

/// What is judged, and by what.
pub(crate) struct Judging<'a> {
    loaded: &'a Loaded,
    goldens: &'a GoldenStore,
    target: &'a TargetId,
    jobs: Option<u16>,
    /// The command that runs a case alone.
    rerun: &'a dyn Fn(&Case, SparkMinor) -> String,
    sources: Sources<'a>,
}

/// When a command began.
pub(crate) struct Start {
    time: String,
    instant: Instant,
}

impl Start {
    /// It begins.
    pub(crate) fn now() -> Self {
        Self { time: now(), instant: Instant::now() }
    }
}

/// What came of one version.
pub(crate) struct VersionRun {
    pub(crate) version: JudgedVersion,
    /// Sorted by id.
    pub(crate) results: Vec<CaseResult>,
    /// Targets that said something unasked or did not exit.
    pub(crate) faults: Vec<String>,
    /// Pins of cases that do not exist.
    pub(crate) stale_entries: Vec<String>,
}

/// What came of several versions together.
pub(crate) struct VersionRuns {
    pub(crate) versions: Vec<JudgedVersion>,
    /// Sorted by id within a version.
    pub(crate) results: Vec<CaseResult>,
    pub(crate) faults: Vec<String>,
    pub(crate) stale_entries: BTreeSet<String>,
}

impl<'a> Judging<'a> {
    /// Reads the case files' lines, once for all versions.
    pub(crate) fn new(
        loaded: &'a Loaded,
        goldens: &'a GoldenStore,
        target: &'a TargetId,
        jobs: Option<u16>,
        rerun: &'a dyn Fn(&Case, SparkMinor) -> String,
    ) -> Self {
        let sources = Sources::read(&loaded.suite.cases);
        Self { loaded, goldens, target, jobs, rerun, sources }
    }

    /// Judges the cases that each version has; `announce` says before each which it is.
    pub(crate) fn versions(&self, versions: &[SparkMinor], announce: bool) -> anyhow::Result<VersionRuns> {
        let (mut judged, mut results, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        let mut stale_entries = BTreeSet::new();
        for spark in versions {
            if announce {
                eprintln!("Spark {spark}");
            }
            let run = self.version(*spark)?;
            faults.extend(run.faults);
            stale_entries.extend(run.stale_entries);
            results.extend(run.results);
            judged.push(run.version);
        }
        Ok(VersionRuns { versions: judged, results, faults, stale_entries })
    }

    /// The run for reports, which began at `start` and has come to its end with `exit`.
    pub(crate) fn report(&self, start: Start, runs: VersionRuns, problems: Vec<String>, exit: Exit) -> Run {
        let footer = Footer::of(&runs.results, exit.code());
        let header = Header {
            format: FORMAT,
            seatrial: env!("CARGO_PKG_VERSION").to_owned(),
            revision: revision(&self.loaded.project.cases()),
            target: self.target.to_string(),
            spark: runs.versions.iter().map(|version| version.spark.to_string()).collect::<Vec<_>>().join(","),
            versions: runs.versions,
            started: start.time,
            seconds: (start.instant.elapsed().as_secs_f64() * 1e3).round() / 1e3,
            cases: runs.results.len(),
            problems,
        };
        Run { header, cases: runs.results, footer }
    }

    /// Judges the cases that `spark` has. Of each version a pool of its own: the engine follows the PySpark that it runs with.
    pub(crate) fn version(&self, spark: SparkMinor) -> anyhow::Result<VersionRun> {
        let Loaded { project, suite, selection, broken } = self.loaded;
        let mode = context::golden_mode(self.goldens, self.target, spark);
        let picked = selection.pick(suite, spark);
        let complete = |result: CaseResult, case: &Case| {
            let source = self.sources.of(case);
            let scenario = Scenario { python: source.python, yaml: source.yaml };
            CaseResult { scenario, rerun: (self.rerun)(case, spark), ..result }
        };
        let mut results = Vec::new();
        let mut asked = Vec::new();
        for case in picked.cases {
            match self.without_asking(case, mode, spark) {
                None => asked.push(case),
                Some(status) => {
                    results.push(complete(CaseResult::new(case, spark, Judged::plain(status)), case));
                }
            }
        }
        let mut run = VersionRun {
            version: JudgedVersion {
                spark,
                later: picked.later,
                candidate: None,
                golden: self.goldens.made_by(mode, spark),
            },
            results,
            faults: Vec::new(),
            stale_entries: Vec::new(),
        };
        if !asked.is_empty() {
            let pool = context::pool(self.target, spark, self.jobs)?;
            let identity = pool.identity()?;
            let divergences = context::divergences(project, &identity)?;
            // Where a case file is broken, nobody can tell which cases exist.
            if !broken {
                run.stale_entries = entries_without_case(&divergences, &suite.cases);
            }
            let answered = self.ask(&pool, &asked, &divergences, (mode, spark));
            run.results.extend(answered.into_iter().zip(asked).map(|(result, case)| complete(result, case)));
            run.faults = pool.stop().iter().map(ToString::to_string).collect();
            let (target, versions, mode) = (identity.target, identity.versions, identity.mode);
            run.version.candidate = Some(Candidate { target, versions, mode });
        }
        run.results.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(run)
    }

    /// How a case stands that there is no use to ask about.
    fn without_asking(&self, case: &Case, mode: Mode, spark: SparkMinor) -> Option<Status> {
        match self.goldens.lookup_in(mode, spark, case) {
            GoldenLookup::Found { .. } => None,
            GoldenLookup::Stale { .. } => Some(Status::StaleGolden),
            GoldenLookup::Missing => Some(Status::MissingGolden),
        }
    }

    /// Has the cases answered, shows progress, and judges every answer. The results are in the order of the cases.
    fn ask(
        &self,
        pool: &TargetPool,
        cases: &[&Case],
        pins: &Divergences,
        (mode, spark): (Mode, SparkMinor),
    ) -> Vec<CaseResult> {
        let today = today();
        let progress = Progress::new(cases.len());
        let mut results: Vec<Option<CaseResult>> = vec![None; cases.len()];
        execute(pool, cases, |index, observed| {
            let case = cases[index];
            let found = self.goldens.lookup_in(mode, spark, case);
            let GoldenLookup::Found { observation: golden, recorded } = found else {
                return;
            };
            let judged = judge(golden, &observed.answer, case, pins.lookup(spark, &case.id), today);
            let mut result = CaseResult::new(case, spark, judged).took(observed.duration);
            result.recorded = Some(recorded);
            result.golden = Some(golden.clone());
            if let Answer::Observation(actual) = &observed.answer
                && !(result.status == Status::Exact && **actual == *golden)
            {
                result.actual = Some((**actual).clone());
            }
            progress.done(&human::status_line(&result, progress.style()), !result.status.is_fine());
            results[index] = Some(result);
        });
        progress.finish();
        results.into_iter().flatten().collect()
    }
}

/// Pins of cases that do not exist.
fn entries_without_case(divergences: &Divergences, cases: &[Case]) -> Vec<String> {
    let exists = |entry: &crate::divergence::Divergence| cases.iter().any(|case| case.id == entry.case);
    divergences.entries().iter().filter(|entry| !exists(entry)).map(|entry| entry.case.to_string()).collect()
}

/// The command that checks a case alone, with those options that are needed.
pub(crate) fn rerun_command(case: &Case, options: [(&str, Option<String>); 3]) -> String {
    let command = format!("seatrial check {}", shell_word(&case.id.to_string()));
    let needed = options.into_iter().filter_map(|(option, value)| Some((option, value?)));
    needed.fold(command, |command, (option, value)| format!("{command} {option} {}", shell_word(&value)))
}

/// The value of `--target`, where it is needed.
pub(crate) fn target_option(target: &TargetId) -> Option<String> {
    (*target != TargetId::Engine).then(|| target.to_string())
}

/// The value of `--root`, where it is needed.
pub(crate) fn root_option(project: &ProjectOptions) -> Option<String> {
    project.root.as_ref().map(|root| root.display().to_string())
}

/// What `git describe` says of a folder; nothing where there is no git, or no repository.
fn revision(folder: &Path) -> Option<String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(["describe", "--always", "--tags", "--dirty"]);
    let output = git.stdin(std::process::Stdio::null()).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|revision| !revision.is_empty())
}
