//! `seatrial pin`: writes the candidate's present wrong answer down as a known divergence.
//!
//! There is no skip: what is pinned is compared with every later answer.

use std::collections::BTreeSet;

use super::arguments::{PinOptions, ProjectOptions, SelectionOptions};
use super::context::{self, Loaded};
use super::exit::{Exit, UsageError};
use super::progress::Progress;
use crate::case::{Case, SparkMinor};
use crate::compare::{Options, Verdict, compare};
use crate::divergence::{Actual, Day, Divergence};
use crate::golden::{GoldenLookup, GoldenStore, Mode};
use crate::run::{Answer, Project, execute, today};

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &PinOptions) -> anyhow::Result<Exit> {
    let review_by: Day = options
        .review_by
        .parse()
        .map_err(|error| UsageError(format!("--review-by takes a day such as 2027-05-01: {error}")))?;
    if review_by < today() {
        return Err(UsageError(format!("--review-by {review_by} is past")).into());
    }
    if options.reason.trim().is_empty() {
        return Err(UsageError("--reason needs a sentence".to_owned()).into());
    }
    let selection = SelectionOptions { paths: options.cases.clone(), filter: None };
    let Loaded { project: place, suite, selection, broken } = context::load(project, &selection)?;
    let topics: BTreeSet<&str> = selection.pick_all(&suite).into_iter().map(|case| case.id.topic()).collect();
    let goldens = GoldenStore::open_part(&place.golden(), options.target.mode(), |topic| topics.contains(topic))?;
    let versions = options.versions.of(&goldens);
    let mut pinning = Pinning { place, goldens, options, review_by, exit: Exit::NothingSelected };
    for version in versions {
        let picked = selection.pick(&suite, version).cases;
        if !picked.is_empty() {
            pinning.pin(&picked, version)?;
        }
    }
    if pinning.exit == Exit::NothingSelected {
        eprintln!("no case is selected");
    }
    Ok(if broken { Exit::Usage } else { pinning.exit })
}

struct Pinning<'a> {
    place: Project,
    goldens: GoldenStore,
    options: &'a PinOptions,
    review_by: Day,
    exit: Exit,
}

impl Pinning<'_> {
    /// Asks the target as it follows `version`, and writes down what diverges from that version.
    fn pin(&mut self, cases: &[&Case], version: SparkMinor) -> anyhow::Result<()> {
        let mode = context::golden_mode(&self.goldens, &self.options.target, version);
        let pool = context::pool(&self.options.target, version, None)?;
        let identity = pool.identity()?;
        let real = || UsageError(format!("`{}` is real Spark: it cannot diverge from itself", self.options.target));
        let file = self.place.divergences(&identity).ok_or_else(real)?;
        let mut divergences = context::divergences(&self.place, &identity)?;
        let progress = Progress::new(cases.len());
        let observed = execute(&pool, cases, |index, _| progress.done(&cases[index].id.to_string(), false));
        progress.finish();
        pool.stop();
        if self.exit == Exit::NothingSelected {
            self.exit = Exit::Ok;
        }
        let mut pinned = Vec::new();
        for (case, observed) in cases.iter().zip(observed) {
            match self.diverging(case, (mode, version), observed.answer) {
                Ok(Some(actual)) => {
                    divergences.pin(Divergence {
                        case: case.id.clone(),
                        versions: BTreeSet::from([version]),
                        actual,
                        kind: self.options.kind.into(),
                        reason: self.options.reason.trim().to_owned(),
                        review_by: self.review_by,
                    });
                    pinned.push(&case.id);
                }
                Ok(None) => eprintln!("`{}` conforms to Spark {version}: there is nothing to pin", case.id),
                Err((problem, exit)) => {
                    eprintln!("error: {problem}");
                    self.exit = exit;
                }
            }
        }
        if !pinned.is_empty() {
            divergences.save(&file)?;
            let kind = crate::divergence::Kind::from(self.options.kind);
            for case in pinned {
                context::print(&format!("pinned {case} for {version} as {kind}\n"))?;
            }
            eprintln!("wrote {}", file.display());
        }
        Ok(())
    }

    /// What there is to pin, if anything; the error is a problem and the exit code for it.
    fn diverging(
        &self,
        case: &Case,
        (mode, version): (Mode, SparkMinor),
        answer: Answer,
    ) -> Result<Option<Actual>, (String, Exit)> {
        let GoldenLookup::Found { observation: reference, .. } = self.goldens.lookup_in(mode, version, case) else {
            let problem = format!("the golden of `{}` for Spark {version} is stale or missing", case.id);
            return Err((problem, Exit::GoldenStale));
        };
        match answer {
            Answer::Observation(actual) => {
                let comparison = compare(reference, &actual, Options { ordered: case.ordered });
                let diverges = comparison.verdict == Verdict::Divergent;
                let reasons = comparison.reasons();
                Ok(diverges.then(|| Actual::Answer { reasons, observation: actual }))
            }
            Answer::Unsupported(reason) => Ok(Some(Actual::Unsupported { reason })),
            Answer::Infrastructure(context) => {
                Err((format!("`{}` has no answer to pin: {context}", case.id), Exit::TargetFailed))
            }
        }
    }
}
