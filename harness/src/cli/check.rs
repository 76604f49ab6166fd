//! `seatrial check`: the cases on a target, its answers against the goldens.

use std::time::Duration;

use super::arguments::{CheckOptions, Format, ProjectOptions};
use super::context::{self, Loaded, Output};
use super::exit::Exit;
use super::progress::Progress;
use crate::case::{Case, SparkMinor};
use crate::divergence::Divergences;
use crate::golden::{GoldenLookup, GoldenStore};
use crate::report::{CaseResult, Sides, human, json, shell_word};
use crate::run::{Counts, Status, execute, judge, today};
use crate::target::pool::TargetPool;
use crate::target::{Identity, TargetId};

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &CheckOptions) -> anyhow::Result<Exit> {
    let mut output = Output::open(options.output.as_deref())?;
    let Loaded { project: place, suite, selection, broken } = context::load(project, &options.selection)?;
    let spark = context::spark_version(options.spark, &options.target);
    let picked = selection.pick(&suite, spark);
    if picked.cases.is_empty() {
        eprintln!(
            "no case is selected{}",
            if picked.later > 0 { format!(" that Spark {spark} has") } else { String::new() }
        );
        return Ok(if broken { Exit::Usage } else { Exit::NothingSelected });
    }
    let goldens = GoldenStore::open(&place.golden())?;
    let sides = Sides { reference: format!("spark {spark}"), candidate: options.target.to_string() };
    let rerun = |case: &Case| rerun_command(case, options, project);
    let mut results = Vec::new();
    let mut asked = Vec::new();
    for case in &picked.cases {
        let status = match goldens.lookup(spark, case) {
            GoldenLookup::Found { .. } => {
                asked.push(*case);
                continue;
            }
            GoldenLookup::Stale { .. } => Status::GoldenStale,
            GoldenLookup::Missing => Status::GoldenMissing,
        };
        results.push(CaseResult { case, status, duration: Duration::ZERO, rerun: rerun(case) });
    }
    let mut identity = None;
    let mut faults = Vec::new();
    let mut stale_entries = Vec::new();
    if !asked.is_empty() {
        let pool = context::pool(&options.target, spark, options.jobs)?;
        let who = pool.identity()?;
        let divergences = context::divergences(&place, &who)?;
        stale_entries = entries_without_case(&divergences, &suite.cases, broken);
        results.extend(answer_and_judge(&pool, &asked, &goldens, &divergences, spark, rerun)?);
        faults = pool.stop();
        identity = Some(who);
    }
    results.sort_by(|left, right| left.case.id.cmp(&right.case.id));
    for fault in &faults {
        eprintln!("error: {fault}");
    }
    for entry in &stale_entries {
        eprintln!(
            "error: a divergence is pinned for `{entry}`, and there is no such case; remove it with `seatrial unpin`"
        );
    }
    let exit = exit_of(&results, broken, !faults.is_empty(), !stale_entries.is_empty());
    let report = match options.format {
        Format::Human => human_report(&results, picked.later, &sides, &output),
        Format::Json => json_report(&results, picked.later, &sides, options, identity.as_ref(), spark, exit),
    };
    output.write(&report)?;
    Ok(exit)
}

/// Has the cases answered, shows progress, and judges every answer.
pub(crate) fn answer_and_judge<'a>(
    pool: &TargetPool,
    cases: &[&'a Case],
    goldens: &GoldenStore,
    divergences: &Divergences,
    spark: SparkMinor,
    rerun: impl Fn(&Case) -> String,
) -> anyhow::Result<Vec<CaseResult<'a>>> {
    let today = today();
    let progress = Progress::new(cases.len());
    let mut results: Vec<Option<CaseResult<'a>>> = vec![None; cases.len()];
    execute(pool, cases, |index, observed| {
        let case = cases[index];
        let status = match goldens.lookup(spark, case) {
            GoldenLookup::Found { observation, .. } => {
                judge(observation, &observed.answer, case, divergences.lookup(spark, &case.id), today)
            }
            GoldenLookup::Stale { .. } => Status::GoldenStale,
            GoldenLookup::Missing => Status::GoldenMissing,
        };
        let result = CaseResult { case, status, duration: observed.duration, rerun: rerun(case) };
        progress.done(&human::status_line(&result, progress.style()), !result.status.is_fine());
        results[index] = Some(result);
    });
    progress.finish();
    Ok(results.into_iter().flatten().collect())
}

fn human_report(results: &[CaseResult<'_>], later: usize, sides: &Sides, output: &Output) -> String {
    let mut report = String::new();
    for result in results {
        let block = human::failure(result, sides, output.style);
        if !block.is_empty() {
            report += &block;
            report.push('\n');
        }
    }
    report + &human::summary(results, later, sides, output.style)
}

fn json_report(
    results: &[CaseResult<'_>],
    later: usize,
    sides: &Sides,
    options: &CheckOptions,
    identity: Option<&Identity>,
    spark: SparkMinor,
    exit: Exit,
) -> String {
    let header = json::header(&options.target.to_string(), identity, &spark.to_string(), results.len(), later);
    let cases = results.iter().map(|result| json::case(result, sides));
    let lines = std::iter::once(header).chain(cases).chain(std::iter::once(json::footer(results, exit.code())));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The exit code of a run: what makes the run itself doubtful comes before what it found.
pub(crate) fn exit_of(results: &[CaseResult<'_>], broken: bool, faults: bool, stale_entries: bool) -> Exit {
    let counts = Counts::of(results.iter().map(|result| &result.status));
    let any = |names: &[&str]| names.iter().any(|name| counts.get(name) > 0);
    if broken {
        Exit::Usage
    } else if faults || any(&["infrastructure"]) {
        Exit::TargetFailed
    } else if any(&["stale_golden", "missing_golden"]) {
        Exit::GoldenStale
    } else if any(&["divergent", "unsupported"]) {
        Exit::NotConformant
    } else if stale_entries || any(&["stale_pin", "overdue_pin"]) {
        Exit::PinStale
    } else {
        Exit::Ok
    }
}

/// Pins of cases that do not exist. Nobody can tell while a case file is broken.
fn entries_without_case(divergences: &Divergences, cases: &[Case], broken: bool) -> Vec<String> {
    let exists = |entry: &crate::divergence::Divergence| cases.iter().any(|case| case.id == entry.case);
    let entries = divergences.entries().iter().filter(|entry| !broken && !exists(entry));
    entries.map(|entry| entry.case.to_string()).collect()
}

fn rerun_command(case: &Case, options: &CheckOptions, project: &ProjectOptions) -> String {
    let mut command = format!("seatrial check {}", shell_word(&case.id.to_string()));
    let mut add = |option: &str, value: String| command += &format!(" {option} {}", shell_word(&value));
    if options.target != TargetId::Engine {
        add("--target", options.target.to_string());
    }
    if let Some(spark) = options.spark {
        add("--spark", spark.to_string());
    }
    if let Some(root) = &project.root {
        add("--root", root.display().to_string());
    }
    command
}
