//! `seatrial check`: the cases on a target, its answers against the goldens.

use std::time::Instant;

use super::arguments::{CheckOptions, ProjectOptions, VersionChoice};
use super::context::{self, Loaded};
use super::exit::Exit;
use super::judging::{Judging, revision};
use super::output::Outputs;
use crate::case::{Case, SparkMinor};
use crate::golden::GoldenStore;
use crate::report::model::{CaseResult, FORMAT, Footer, Header};
use crate::report::{Run, shell_word};
use crate::run::{Counts, Status, now};
use crate::target::TargetId;

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &CheckOptions) -> anyhow::Result<Exit> {
    let (started, begin) = (now(), Instant::now());
    let mut outputs = Outputs::open(&options.report)?;
    let Loaded { project: place, suite, selection, broken } = context::load(project, &options.selection)?;
    let goldens = GoldenStore::open(&place.golden())?;
    let asked = match options.spark.is_empty() {
        true => vec![context::spark_version(None, &options.target)],
        false => versions(&options.spark, &goldens),
    };
    // What no case can be asked of is left out; were it all, that is told instead of a report.
    let some: Vec<SparkMinor> =
        asked.iter().copied().filter(|spark| !selection.pick(&suite, *spark).cases.is_empty()).collect();
    if some.is_empty() {
        let later = asked.last().filter(|spark| selection.pick(&suite, **spark).later > 0);
        eprintln!("no case is selected{}", later.map(|spark| format!(" that Spark {spark} has")).unwrap_or_default());
        return Ok(if broken { Exit::Usage } else { Exit::NothingSelected });
    }
    let rerun = |case: &Case, spark: SparkMinor| rerun_command(case, spark, options, project);
    let judging = Judging {
        place: &place,
        suite: &suite,
        selection: &selection,
        goldens: &goldens,
        target: &options.target,
        jobs: options.jobs,
        broken,
        rerun: &rerun,
    };
    let (mut cases, mut judged, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    let (mut faults, mut stale_entries) = (false, false);
    for spark in &some {
        if some.len() > 1 {
            eprintln!("Spark {spark}");
        }
        let version = judging.version(*spark)?;
        faults |= !version.faults.is_empty();
        stale_entries |= !version.stale_entries.is_empty();
        problems.extend(version.faults);
        problems.extend(version.stale_entries.iter().map(|entry| {
            format!("a divergence is pinned for `{entry}`, and there is no such case; remove it with `seatrial unpin`")
        }));
        cases.extend(version.results);
        judged.push(version.version);
    }
    // The pins of all versions stand in one file.
    problems.sort();
    problems.dedup();
    for problem in &problems {
        eprintln!("error: {problem}");
    }
    if broken {
        problems.push("a case file is broken: its cases are left out".to_owned());
    }
    let exit = exit_of(&cases, broken, faults, stale_entries);
    let header = Header {
        format: FORMAT,
        seatrial: env!("CARGO_PKG_VERSION").to_owned(),
        revision: revision(&place.cases()),
        target: options.target.to_string(),
        spark: some.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        versions: judged,
        started,
        seconds: (begin.elapsed().as_secs_f64() * 1e3).round() / 1e3,
        cases: cases.len(),
        problems,
    };
    let footer = Footer::of(&cases, exit.code());
    outputs.write(&Run { header, cases, footer })?;
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

fn rerun_command(case: &Case, spark: SparkMinor, options: &CheckOptions, project: &ProjectOptions) -> String {
    let mut command = format!("seatrial check {}", shell_word(&case.id.to_string()));
    let mut add = |option: &str, value: String| command += &format!(" {option} {}", shell_word(&value));
    if options.target != TargetId::Engine {
        add("--target", options.target.to_string());
    }
    if !options.spark.is_empty() {
        add("--spark", spark.to_string());
    }
    if let Some(root) = &project.root {
        add("--root", root.display().to_string());
    }
    command
}
