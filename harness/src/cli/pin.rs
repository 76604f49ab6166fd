//! `seatrial pin`: writes the candidate's present wrong answer down as a known divergence.
//!
//! There is no skip: what is pinned is compared with every later answer.

use std::collections::BTreeSet;

use super::arguments::{PinOptions, ProjectOptions, SelectionOptions};
use super::context::{self, Loaded};
use super::exit::{Exit, UsageError};
use super::progress::Progress;
use crate::compare::{Options, Verdict, compare};
use crate::divergence::{Day, Divergence};
use crate::golden::{GoldenLookup, GoldenStore};
use crate::run::{Answer, execute, today};

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
    let picked = selection.pick(&suite, options.spark).cases;
    if picked.is_empty() {
        eprintln!("no case is selected");
        return Ok(if broken { Exit::Usage } else { Exit::NothingSelected });
    }
    let goldens = GoldenStore::open(&place.golden())?;
    let pool = context::pool(&options.target, None)?;
    let identity = pool.identity()?;
    let file = place
        .divergences(&identity)
        .ok_or_else(|| UsageError(format!("`{}` is real Spark: it cannot diverge from itself", options.target)))?;
    let mut divergences = context::divergences(&place, &identity)?;
    let progress = Progress::new(picked.len());
    let observed = execute(&pool, &picked, |index, _| progress.done(&picked[index].id.to_string(), false));
    progress.finish();
    pool.stop();
    let mut exit = Exit::Ok;
    let mut pinned = 0;
    for (case, observed) in picked.iter().zip(observed) {
        let actual = match observed.answer {
            Answer::Observation(actual) => *actual,
            Answer::Unsupported(reason) => {
                eprintln!("error: `{}` has no answer to pin: unsupported: {reason}", case.id);
                exit = Exit::NotConformant;
                continue;
            }
            Answer::Infrastructure(context) => {
                eprintln!("error: `{}` has no answer to pin: {context}", case.id);
                exit = Exit::TargetFailed;
                continue;
            }
        };
        let GoldenLookup::Found { observation: reference, .. } = goldens.lookup(options.spark, case) else {
            eprintln!("error: the golden of `{}` for Spark {} is stale or missing", case.id, options.spark);
            exit = Exit::GoldenStale;
            continue;
        };
        let comparison = compare(reference, &actual, Options { ordered: case.ordered });
        if comparison.verdict != Verdict::Divergent {
            eprintln!("`{}` conforms: there is nothing to pin", case.id);
            continue;
        }
        divergences.pin(Divergence {
            case: case.id.clone(),
            versions: BTreeSet::from([options.spark]),
            verdict: comparison.verdict,
            reasons: comparison.reasons(),
            actual,
            kind: options.kind.into(),
            reason: options.reason.trim().to_owned(),
            review_by,
        });
        pinned += 1;
        context::print(&format!("pinned {} as {}\n", case.id, crate::divergence::Kind::from(options.kind)))?;
    }
    if pinned > 0 {
        divergences.save(&file)?;
        eprintln!("wrote {}", file.display());
    }
    Ok(if broken { Exit::Usage } else { exit })
}
