//! Has the cases of one Spark version answered and judged: what `check` and `scoreboard` both do for each version.

use std::path::Path;
use std::process::Command;

use super::context;
use super::progress::Progress;
use crate::case::{Case, SparkMinor, Suite};
use crate::divergence::Divergences;
use crate::docs::source::Sources;
use crate::golden::{GoldenLookup, GoldenStore};
use crate::report::human;
use crate::report::model::{Candidate, CaseResult, JudgedVersion, Scenario};
use crate::run::{Answer, Judged, Project, Selection, Status, execute, judge, today};
use crate::target::TargetId;
use crate::target::pool::TargetPool;

/// What is judged, and by what.
pub(crate) struct Judging<'a> {
    pub(crate) place: &'a Project,
    pub(crate) suite: &'a Suite,
    pub(crate) selection: &'a Selection,
    pub(crate) goldens: &'a GoldenStore,
    pub(crate) target: &'a TargetId,
    pub(crate) jobs: Option<u16>,
    /// Whether a case file is broken: then nobody can tell which cases exist.
    pub(crate) broken: bool,
    /// The command that runs a case alone.
    pub(crate) rerun: &'a dyn Fn(&Case, SparkMinor) -> String,
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

impl Judging<'_> {
    /// Judges the cases that `spark` has. Of each version a pool of its own: the engine follows the PySpark that it runs with.
    pub(crate) fn version(&self, spark: SparkMinor) -> anyhow::Result<VersionRun> {
        let picked = self.selection.pick(self.suite, spark);
        let sources = Sources::read(&self.suite.cases);
        let complete = |result: CaseResult, case: &Case| {
            let source = sources.of(case);
            let scenario = Scenario { python: source.python, yaml: source.yaml };
            CaseResult { scenario, rerun: (self.rerun)(case, spark), ..result }
        };
        let mut results = Vec::new();
        let mut asked = Vec::new();
        for case in picked.cases {
            match self.without_asking(case, spark) {
                None => asked.push(case),
                Some(status) => {
                    results.push(complete(CaseResult::new(case, spark, Judged::plain(status)), case));
                }
            }
        }
        let mut run = VersionRun {
            version: JudgedVersion { spark, later: picked.later, candidate: None, golden: self.goldens.made_by(spark) },
            results,
            faults: Vec::new(),
            stale_entries: Vec::new(),
        };
        if !asked.is_empty() {
            let pool = context::pool(self.target, spark, self.jobs)?;
            let identity = pool.identity()?;
            let divergences = context::divergences(self.place, &identity)?;
            if !self.broken {
                run.stale_entries = entries_without_case(&divergences, &self.suite.cases);
            }
            let answered = self.ask(&pool, &asked, &divergences, spark);
            run.results.extend(answered.into_iter().zip(asked).map(|(result, case)| complete(result, case)));
            run.faults = pool.stop().iter().map(ToString::to_string).collect();
            let (target, versions, mode) = (identity.target, identity.versions, identity.mode);
            run.version.candidate = Some(Candidate { target, versions, mode });
        }
        run.results.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(run)
    }

    /// How a case stands that there is no use to ask about.
    fn without_asking(&self, case: &Case, spark: SparkMinor) -> Option<Status> {
        match self.goldens.lookup(spark, case) {
            GoldenLookup::Found { .. } => None,
            GoldenLookup::Stale { .. } => Some(Status::StaleGolden),
            GoldenLookup::Missing => Some(Status::MissingGolden),
        }
    }

    /// Has the cases answered, shows progress, and judges every answer. The results are in the order of the cases.
    fn ask(&self, pool: &TargetPool, cases: &[&Case], pins: &Divergences, spark: SparkMinor) -> Vec<CaseResult> {
        let today = today();
        let progress = Progress::new(cases.len());
        let mut results: Vec<Option<CaseResult>> = vec![None; cases.len()];
        execute(pool, cases, |index, observed| {
            let case = cases[index];
            let GoldenLookup::Found { observation: golden, recorded } = self.goldens.lookup(spark, case) else {
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

/// What `git describe` says of a folder; nothing where there is no git, or no repository.
pub(crate) fn revision(folder: &Path) -> Option<String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(["describe", "--always", "--tags", "--dirty"]);
    let output = git.stdin(std::process::Stdio::null()).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|revision| !revision.is_empty())
}
