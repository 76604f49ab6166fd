//! `seatrial scoreboard`: how the engine stands, as a file whose history is the trend.

use similar::TextDiff;

use super::arguments::{ProjectOptions, ScoreboardOptions, SelectionOptions};
use super::check::exit_of;
use super::context::{self, Loaded};
use super::exit::Exit;
use super::judging::Judging;
use crate::case::{Case, Side, SparkMinor};
use crate::golden::{GoldenLookup, GoldenStore};
use crate::report::CaseResult;
use crate::run::{Pin, PinState, Status};
use crate::scoreboard::{Coverage, Score, Standing, render};

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &ScoreboardOptions) -> anyhow::Result<Exit> {
    let all = SelectionOptions { paths: Vec::new(), filter: None };
    let loaded = context::load(project, &all)?;
    let Loaded { project: place, suite, selection, broken } = &loaded;
    if *broken {
        return Ok(Exit::Usage);
    }
    let goldens = GoldenStore::open_part(&place.golden(), options.target.mode(), |_| true)?;
    let versions = match options.spark.is_empty() {
        true => goldens.versions(),
        false => options.spark.iter().copied().collect(),
    };
    let judging = Judging::new(&loaded, &goldens, &options.target, None, &|_, _| String::new());
    let mut scores = Vec::new();
    for version in versions {
        let cases = selection.pick(suite, version).cases;
        if let Some(exit) = unrecorded(&goldens, version, &cases) {
            return Ok(exit);
        }
        eprintln!("Spark {version}");
        let run = judging.version(version)?;
        for fault in &run.faults {
            eprintln!("error: {fault}");
        }
        for result in &run.results {
            match standing(result) {
                Some(standing) => scores.push(Score { case: result.id.clone(), version, standing }),
                None => {
                    eprintln!(
                        "error: `{}` has no standing ({}); see `seatrial check --spark {version}`",
                        result.id,
                        result.status.name()
                    );
                    return Ok(exit_of(&run.results, false, false, false));
                }
            }
        }
    }
    let file = place.scoreboard();
    let coverage = Coverage::of(&suite.behaviours, &suite.cases, |side| side == Side::Read);
    let text = render(&scores, coverage);
    let old = std::fs::read_to_string(&file).unwrap_or_default();
    if old == text {
        eprintln!("{} is as it should be", file.display());
        return Ok(Exit::Ok);
    }
    if options.check {
        context::print(
            &TextDiff::from_lines(&old, &text).unified_diff().header("as it is", "as it should be").to_string(),
        )?;
        eprintln!("{} is stale: write it anew with `seatrial scoreboard`", file.display());
        return Ok(Exit::GoldenStale);
    }
    std::fs::create_dir_all(place.golden())?;
    std::fs::write(&file, text)?;
    eprintln!("wrote {}", file.display());
    Ok(Exit::Ok)
}

/// Says which cases real Spark was not asked in their present form.
fn unrecorded(goldens: &GoldenStore, version: SparkMinor, cases: &[&Case]) -> Option<Exit> {
    let mut exit = None;
    for case in cases {
        let problem = match goldens.lookup(version, case) {
            GoldenLookup::Found { .. } => continue,
            GoldenLookup::Stale { .. } => "stale",
            GoldenLookup::Missing => "missing",
        };
        eprintln!("error: the golden of `{}` for Spark {version} is {problem}", case.id);
        exit = Some(Exit::GoldenStale);
    }
    exit
}

/// How a case stands; nothing for what says nothing about conformance.
fn standing(result: &CaseResult) -> Option<Standing> {
    let pin = result.pin.as_ref();
    let pinned = |pin: &Pin| Standing::Pinned { kind: pin.kind, reason: pin.reason.clone() };
    match result.status {
        Status::Exact => Some(Standing::Exact),
        Status::Equivalent => Some(Standing::Equivalent),
        Status::Pinned | Status::OverduePin => pin.map(pinned),
        Status::StalePin if pin.is_some_and(|pin| pin.state == PinState::Needless) => Some(Standing::Exact),
        Status::Divergent | Status::StalePin => Some(Standing::Divergent { reasons: result.reasons.clone() }),
        Status::Unsupported => Some(Standing::Unsupported { reason: result.message.clone().unwrap_or_default() }),
        Status::Infrastructure | Status::StaleGolden | Status::MissingGolden => None,
    }
}
