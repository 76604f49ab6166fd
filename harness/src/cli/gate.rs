//! `seatrial gate`: the candidate on all cases, compared with what was released.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::TempDir;

use super::arguments::{GateOptions, ProjectOptions, ReportOptions, SelectionOptions, VersionChoice};
use super::check::versions;
use super::context::{self, Loaded};
use super::exit::{Exit, UsageError};
use super::judging::{Judging, Start, rerun_command, root_option, target_option};
use super::output::Outputs;
use crate::case::{Case, SparkMinor};
use crate::gate::baseline::BaselineError;
use crate::gate::git::{GitError, Repository};
use crate::gate::markdown::Links;
use crate::gate::{Baseline, Candidate, Class, Gate, Now, Present, comparison, human, json, markdown};
use crate::golden::GoldenStore;
use crate::report::style::Style;
use crate::report::{CaseResult, Format, Run, Sides, baseline as counts, difference};
use crate::run::Project;
use crate::target::{Identity, TargetId};

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &GateOptions) -> anyhow::Result<Exit> {
    let start = Start::now();
    let report = ReportOptions { format: options.format.clone(), output: None, baseline: None };
    let mut outputs = Outputs::open(&report)?;
    let all = SelectionOptions { paths: Vec::new(), filter: None };
    let loaded = context::load(project, &all)?;
    let Loaded { project: place, suite, broken, .. } = &loaded;
    if *broken {
        return Ok(Exit::Usage);
    }
    let released = Released::find(place, options.baseline.as_deref())?;
    let goldens = GoldenStore::open_part(&place.golden(), options.target.mode(), |_| true)?;
    let asked = match options.spark.is_empty() {
        true => versions(&[VersionChoice::All], &goldens),
        false => versions(&options.spark, &goldens),
    };
    if suite.cases.is_empty() || asked.is_empty() {
        eprintln!("there is nothing to compare: no case, or no golden");
        return Ok(Exit::NothingSelected);
    }
    // Before minutes are spent on the candidate.
    let baseline = released.baseline(&context::identity(&options.target, asked[0])?)?;
    eprintln!("comparing {} with {}", options.target, baseline.name);
    let rerun = |case: &Case, spark: SparkMinor| {
        let (spark, target) = (Some(spark.to_string()), target_option(&options.target));
        rerun_command(case, [("--spark", spark), ("--target", target), ("--root", root_option(project))])
    };
    let judging = Judging::new(&loaded, &goldens, &options.target, options.jobs, &rerun);
    let runs = judging.versions(&asked, true)?;
    let candidate = Candidate {
        target: options.target.to_string(),
        versions: asked.iter().copied().collect(),
        recorded: goldens.versions(),
        cases: runs.results.iter().map(|result| present(result, &options.target)).collect(),
        covered: suite.cases.iter().flat_map(|case| case.covers.iter().cloned()).collect(),
        behaviours: suite.behaviours.iter().map(|behaviour| behaviour.id.clone()).collect(),
        pins_of_nothing: runs.stale_entries.iter().cloned().collect(),
        faults: runs.faults.clone(),
    };
    let gate = comparison::compare(&baseline, &candidate, options.allow_lost);
    let exit = exit_of(&gate);
    let problems = runs.faults.clone();
    let run = judging.report(start, runs, problems, exit);
    let links = links(place);
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

/// What was released: what the candidate is compared with.
enum Released {
    File(PathBuf),
    /// The files of a revision, and its name.
    Revision(TempDir, String),
}

impl Released {
    /// What is asked for, or what git says was released last.
    fn find(place: &Project, asked: Option<&str>) -> anyhow::Result<Self> {
        if let Some(file) = asked.map(Path::new).filter(|path| path.is_file()) {
            return Ok(Self::File(file.to_owned()));
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
        repository.extract(&commit, &["cases", "golden"], folder.path())?;
        Ok(Self::Revision(folder, format!("{} ({})", commit.name, commit.short())))
    }

    /// How the cases stood in it, for the target whose pins count.
    fn baseline(&self, identity: &Identity) -> Result<Baseline, BaselineError> {
        match self {
            Self::File(file) => Baseline::of_file(file, identity),
            Self::Revision(folder, name) => Baseline::of_project(name, folder.path(), identity),
        }
    }
}

/// A judged case as the gate needs it.
fn present(result: &CaseResult, target: &TargetId) -> Present {
    let now = Now::of(result);
    let difference = match &now {
        // What was pinned was looked at when it was pinned.
        Now::Stands(crate::gate::Standing::Pinned(..)) | Now::PinOverdue(_) | Now::PinNeedless(_) => String::new(),
        _ => {
            let sides = Sides::new(result.spark, target.mode(), target.to_string());
            difference::show(&result.differences, &sides, Style::PLAIN)
        }
    };
    Present {
        hash: result.hash.clone(),
        id: result.id.clone(),
        spark: result.spark,
        now,
        file: result.file.clone(),
        line: result.line,
        difference,
        rerun: result.rerun.clone(),
    }
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
