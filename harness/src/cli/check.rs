//! `seatrial check`: the cases on a target, its answers against the goldens.

use std::collections::BTreeSet;

use super::arguments::{CheckOptions, ProjectOptions, VersionChoice};
use super::context::{self, Loaded};
use super::exit::Exit;
use super::judging::{Judging, Start, rerun_command, root_option, target_option};
use super::output::Outputs;
use crate::case::{Case, SparkMinor};
use crate::golden::GoldenStore;
use crate::report::CaseResult;
use crate::run::{Counts, Status};

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &CheckOptions) -> anyhow::Result<Exit> {
    let start = Start::now();
    let mut outputs = Outputs::open(&options.report)?;
    let loaded = context::load(project, &options.selection)?;
    let Loaded { project: place, suite, selection, broken } = &loaded;
    let topics: BTreeSet<&str> = selection.pick_all(suite).into_iter().map(|case| case.id.topic()).collect();
    let goldens = GoldenStore::open_part(&place.golden(), options.target.mode(), |topic| topics.contains(topic))?;
    let asked = match options.spark.is_empty() {
        true => vec![context::spark_version(None, &options.target)],
        false => versions(&options.spark, &goldens),
    };
    // What no case can be asked of is left out; were it all, that is told instead of a report.
    let some: Vec<SparkMinor> =
        asked.iter().copied().filter(|spark| !selection.pick(suite, *spark).cases.is_empty()).collect();
    if some.is_empty() {
        let later = asked.last().filter(|spark| selection.pick(suite, **spark).later > 0);
        eprintln!("no case is selected{}", later.map(|spark| format!(" that Spark {spark} has")).unwrap_or_default());
        return Ok(if *broken { Exit::Usage } else { Exit::NothingSelected });
    }
    let rerun = |case: &Case, spark: SparkMinor| {
        let spark = (!options.spark.is_empty()).then(|| spark.to_string());
        let target = target_option(&options.target);
        rerun_command(case, [("--target", target), ("--spark", spark), ("--root", root_option(project))])
    };
    let judging = Judging::new(&loaded, &goldens, &options.target, options.jobs, &rerun);
    let runs = judging.versions(&some, some.len() > 1)?;
    let mut problems = runs.faults.clone();
    problems.extend(runs.stale_entries.iter().map(|entry| {
        format!("a divergence is pinned for `{entry}`, and there is no such case; remove it with `seatrial unpin`")
    }));
    problems.sort();
    problems.dedup();
    for problem in &problems {
        eprintln!("error: {problem}");
    }
    if *broken {
        problems.push("a case file is broken: its cases are left out".to_owned());
    }
    let exit = exit_of(&runs.results, *broken, !runs.faults.is_empty(), !runs.stale_entries.is_empty());
    outputs.write(&judging.report(start, runs, problems, exit))?;
    Ok(exit)
}

/// The versions that are chosen, in order.
pub(crate) fn versions(choices: &[VersionChoice], goldens: &GoldenStore) -> Vec<SparkMinor> {
    let all = || goldens.versions().into_iter().collect();
    let chosen = choices.iter().flat_map(|choice| match choice {
        VersionChoice::One(version) => vec![*version],
        VersionChoice::All => all(),
    });
    let mut versions: Vec<SparkMinor> = chosen.collect();
    versions.sort_unstable();
    versions.dedup();
    versions
}

/// The exit code of a run: what makes the run itself doubtful comes before what it found.
pub(crate) fn exit_of(results: &[CaseResult], broken: bool, faults: bool, stale_entries: bool) -> Exit {
    let counts = Counts::of(results.iter().map(|result| result.status));
    let any = |statuses: &[Status]| statuses.iter().any(|status| counts.get(*status) > 0);
    if broken {
        Exit::Usage
    } else if faults || any(&[Status::Infrastructure]) {
        Exit::TargetFailed
    } else if any(&[Status::StaleGolden, Status::MissingGolden]) {
        Exit::GoldenStale
    } else if any(&[Status::Divergent, Status::Unsupported]) {
        Exit::NotConformant
    } else if stale_entries || any(&[Status::StalePin, Status::OverduePin]) {
        Exit::PinStale
    } else {
        Exit::Ok
    }
}
