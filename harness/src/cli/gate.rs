//! `seatrial gate`: the candidate on all cases, compared with what was released.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;

use super::arguments::{GateOptions, ProjectOptions, ReportOptions, SelectionOptions, VersionChoice};
use super::check::versions;
use super::context::{self, Loaded};
use super::exit::{Exit, UsageError};
use super::judging::{Judging, revision};
use super::output::Outputs;
use crate::case::{Case, CaseHash, CaseId, SparkMinor};
use crate::gate::git::{GitError, Repository};
use crate::gate::markdown::Links;
use crate::gate::{Baseline, Candidate, Class, Gate, Now, Present, comparison, human, json, markdown};
use crate::golden::GoldenStore;
use crate::report::model::{FORMAT, Footer, Header};
use crate::report::style::Style;
use crate::report::{CaseResult, Format, Run, baseline as counts, difference, shell_word};
use crate::run::{Project, now};
use crate::target::TargetId;

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &GateOptions) -> anyhow::Result<Exit> {
    let (started, begin) = (now(), Instant::now());
    let report = ReportOptions { format: options.format.clone(), output: None, baseline: None };
    let mut outputs = Outputs::open(&report)?;
    let all = SelectionOptions { paths: Vec::new(), filter: None };
    let Loaded { project: place, suite, selection, broken } = context::load(project, &all)?;
    if broken {
        return Ok(Exit::Usage);
    }
    // Before minutes are spent on the candidate.
    let baseline = baseline(&place, options.baseline.as_deref())?;
    eprintln!("comparing {} with {}", options.target, baseline.name);
    let goldens = GoldenStore::open(&place.golden())?;
    let asked = match options.spark.is_empty() {
        true => versions(&[VersionChoice::All], &goldens),
        false => versions(&options.spark, &goldens),
    };
    if suite.cases.is_empty() || asked.is_empty() {
        eprintln!("there is nothing to compare: no case, or no golden");
        return Ok(Exit::NothingSelected);
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
    let (mut cases, mut judged, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    let mut pins_of_nothing = BTreeSet::new();
    for spark in &asked {
        eprintln!("Spark {spark}");
        let version = judging.version(*spark)?;
        faults.extend(version.faults);
        pins_of_nothing.extend(version.stale_entries);
        cases.extend(version.results);
        judged.push(version.version);
    }
    let hashes = suite.cases.iter().map(|case| (&case.id, case.hash())).collect();
    let candidate = Candidate {
        target: options.target.to_string(),
        versions: asked.iter().copied().collect(),
        recorded: goldens.versions(),
        cases: cases.iter().map(|result| present(result, &hashes, &options.target)).collect(),
        covered: suite.cases.iter().flat_map(|case| case.covers.iter().cloned()).collect(),
        behaviours: suite.behaviours.iter().map(|behaviour| behaviour.id.clone()).collect(),
        pins_of_nothing: pins_of_nothing.into_iter().collect(),
        faults: faults.clone(),
    };
    let gate = comparison::compare(&baseline, &candidate, options.allow_lost);
    let exit = exit_of(&gate);
    let header = Header {
        format: FORMAT,
        seatrial: env!("CARGO_PKG_VERSION").to_owned(),
        revision: revision(&place.cases()),
        target: options.target.to_string(),
        spark: asked.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        versions: judged,
        started,
        seconds: (begin.elapsed().as_secs_f64() * 1e3).round() / 1e3,
        cases: cases.len(),
        problems: faults,
    };
    let footer = Footer::of(&cases, exit.code());
    let run = Run { header, cases, footer };
    let links = links(&place);
    let counts = counts::Baseline::read(&baseline.text).ok();
    outputs.write_as(|format, style| render(format, style, &gate, &links, exit, &run, counts.as_ref()))?;
    Ok(exit)
}

/// The comparison in the formats that tell of one; the run itself in the others.
fn render(
    format: Format,
    style: Style,
    gate: &Gate,
    links: &Links,
    exit: Exit,
    run: &Run,
    counts: Option<&counts::Baseline>,
) -> anyhow::Result<String> {
    Ok(match format {
        Format::Human => human::render(gate, style),
        Format::Markdown => markdown::render(gate, links),
        Format::Json => serde_json::to_string_pretty(&json::render(gate, exit.code()))? + "\n",
        format => format.render(run, style, counts)?,
    })
}

/// The exit code: what makes the comparison itself doubtful comes before what it found.
fn exit_of(gate: &Gate) -> Exit {
    let exits = [
        (Class::Target, Exit::TargetFailed),
        (Class::Golden, Exit::GoldenStale),
        (Class::Parity, Exit::NotConformant),
        (Class::Pin, Exit::PinStale),
    ];
    exits.into_iter().find(|(class, _)| gate.fails_by(*class)).map_or(Exit::Ok, |(_, exit)| exit)
}

/// What the candidate is compared with.
fn baseline(place: &Project, asked: Option<&str>) -> anyhow::Result<Baseline> {
    if let Some(file) = asked.map(Path::new).filter(|path| path.is_file()) {
        return Ok(Baseline::of_file(file)?);
    }
    let repository = Repository::of(&place.join("")).map_err(|error| match (error, asked) {
        // Outside of a repository only a file can be meant.
        (GitError::NoRepository(_), Some(file)) => {
            UsageError(format!("there is no file {file}, and no git repository")).into()
        }
        (error, _) => anyhow::Error::from(error),
    })?;
    let commit = match asked {
        Some(revision) => repository.commit(revision)?,
        None => repository.released()?,
    };
    let folder = tempfile::tempdir().context("failed to make a folder for the baseline")?;
    repository.extract(&commit, &["cases", "golden/SCOREBOARD.md"], folder.path())?;
    Ok(Baseline::of_project(format!("{} ({})", commit.name, commit.short()), folder.path())?)
}

/// A judged case as the gate needs it.
fn present(result: &CaseResult, hashes: &Hashes<'_>, target: &TargetId) -> Present {
    let now = Now::of(result);
    let difference = match &now {
        // What was pinned was looked at when it was pinned.
        Now::Stands(crate::gate::Standing::Pinned(..)) | Now::PinOverdue(_) | Now::PinNeedless(_) => String::new(),
        _ => {
            let sides =
                crate::report::Sides { reference: format!("spark {}", result.spark), candidate: target.to_string() };
            difference::show(&result.differences, &sides, Style::PLAIN)
        }
    };
    Present {
        hash: hashes.get(&result.id).cloned().unwrap_or_else(|| CaseHash::of(&[])),
        id: result.id.clone(),
        spark: result.spark,
        now,
        file: result.file.clone(),
        line: result.line,
        difference,
        rerun: result.rerun.clone(),
    }
}

/// What changes the behaviour of each case.
type Hashes<'a> = std::collections::BTreeMap<&'a CaseId, CaseHash>;

fn rerun_command(case: &Case, spark: SparkMinor, options: &GateOptions, project: &ProjectOptions) -> String {
    let mut command = format!("seatrial check {} --spark {spark}", shell_word(&case.id.to_string()));
    let mut add = |option: &str, value: String| command += &format!(" {option} {}", shell_word(&value));
    if options.target != TargetId::Engine {
        add("--target", options.target.to_string());
    }
    if let Some(root) = &project.root {
        add("--root", root.display().to_string());
    }
    command
}

/// Links to the case files on GitHub, where its CI says which commit of which repository this is.
fn links(place: &Project) -> Links {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let base = || {
        let (server, repository) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
        let prefix = Repository::of(&place.join("")).ok()?.prefix().to_owned();
        Some(format!("{server}/{repository}/blob/{}/{prefix}", variable("GITHUB_SHA")?))
    };
    Links { base: base() }
}
