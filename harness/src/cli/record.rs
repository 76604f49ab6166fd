//! `seatrial record`: asks real PySpark, and stores what it answers as goldens.
//!
//! Architecture invariant: this is the only command that writes answers, and a [`ReferenceRecording`] is what it
//! writes with: only a target that is real Spark gets one.

use std::collections::BTreeSet;

use super::arguments::{ProjectOptions, RecordOptions};
use super::context::{self, Loaded};
use super::exit::{Exit, UsageError};
use super::progress::Progress;
use crate::case::{Case, CaseId};
use crate::golden::{GoldenLookup, GoldenStore, GoldenWriter, Mode, ReferenceRecording, Written};
use crate::observation::Observation;
use crate::run::{Answer, execute};
use crate::target::{Identity, TargetError, TargetId};

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &RecordOptions) -> anyhow::Result<Exit> {
    let (TargetId::Spark(version) | TargetId::SparkConnect(version) | TargetId::Docker(version)) = &options.target
    else {
        let message = format!(
            "goldens are what real PySpark answers, and `{}` is not it; name a target such as spark:4.2.1, \
             spark:4.2.1:connect or docker:4.2.1",
            options.target
        );
        return Err(UsageError(message).into());
    };
    let Loaded { project: place, suite, selection, broken } = context::load(project, &options.selection)?;
    if broken || !suite.diagnostics.is_empty() {
        // The goldens of cases that no longer exist are removed, and a broken file hides which ones exist.
        if !broken {
            context::print_diagnostics(&suite.diagnostics);
        }
        eprintln!("nothing was recorded: mend the case files first");
        return Ok(Exit::Usage);
    }
    let spark = context::spark_version(None, &options.target);
    let picked = selection.pick(&suite, spark);
    if picked.cases.is_empty() {
        eprintln!("no case is selected");
        return Ok(Exit::NothingSelected);
    }
    let before = GoldenStore::open(&place.golden())?;
    let pool = context::pool(&options.target, spark, Some(options.jobs))?;
    let identity = pool.identity()?;
    let writer = GoldenWriter::new(&place.golden(), reference(&identity, version.as_str(), options)?);
    // All cases, also those that this version does not have: the answers of later versions stay.
    let existing: BTreeSet<CaseId> = suite.cases.iter().map(|case| case.id.clone()).collect();
    // Before all are asked, which takes its time.
    writer.admit(&before, &picked.cases.iter().map(|case| &case.id).collect(), &existing)?;
    let progress = Progress::new(picked.cases.len());
    let mut changes = Changes::default();
    let observed = execute(&pool, &picked.cases, |index, observed| {
        let case = picked.cases[index];
        let golden = before.lookup_in(options.target.mode(), spark, case);
        let change = Change::of(&golden, &observed.answer);
        let line = format!("{:>9} {:5.1}s {}", change.name(), observed.duration.as_secs_f64(), case.id);
        progress.done(&line, change != Change::Unchanged);
        changes.add(change, case);
    });
    progress.finish();
    let mut failed = Vec::new();
    let mut answers: Vec<(&Case, Observation)> = Vec::new();
    for (case, observed) in picked.cases.iter().zip(observed) {
        match observed.answer {
            Answer::Observation(observation) => answers.push((case, *observation)),
            Answer::Unsupported(reason) => failed.push((case, format!("unsupported: {reason}"))),
            Answer::Infrastructure(context) => failed.push((case, context)),
        }
    }
    let faults = pool.stop();
    let written = match answers.is_empty() {
        true => Written::default(),
        false => writer.write(&answers, &existing)?,
    };
    context::print(&changes.report())?;
    for case in &written.removed {
        context::print(&format!("  removed {case}\n"))?;
    }
    for file in &written.files {
        context::print(&format!("  wrote {}\n", place.golden().join(file).display()))?;
    }
    context::print(&format!(
        "{} cases recorded on {}: {} kept, {} answer as {}\n",
        answers.len(),
        options.target,
        written.kept,
        written.pruned,
        match options.target.mode() {
            Mode::Classic => "the version before",
            Mode::Connect => "the version before or classic mode",
        }
    ))?;
    for (case, context) in &failed {
        eprintln!("error: `{}` was not recorded: {}", case.id, context.trim_end().replace('\n', "\n    "));
    }
    for fault in &faults {
        eprintln!("error: {fault}");
    }
    Ok(if failed.is_empty() && faults.is_empty() { Exit::Ok } else { Exit::TargetFailed })
}

/// The proof that the runner is the Spark that was asked for.
fn reference(identity: &Identity, version: &str, options: &RecordOptions) -> anyhow::Result<ReferenceRecording> {
    let recording = ReferenceRecording::try_new(&identity.target, &identity.versions, &identity.mode)?;
    if recording.spark().to_string() != version {
        let made = if let TargetId::Docker(_) = options.target { "image" } else { "environment" };
        let reason = format!("its runner is Spark {}; remove its {made} and try again", recording.spark());
        return Err(TargetError::Start { target: options.target.to_string(), reason }.into());
    }
    Ok(recording.from_image(identity.image.clone()))
}

/// What a new answer means for the goldens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    New,
    Changed,
    Unchanged,
    Failed,
}

impl Change {
    fn of(golden: &GoldenLookup<'_>, answer: &Answer) -> Self {
        let Answer::Observation(observation) = answer else { return Self::Failed };
        match golden {
            GoldenLookup::Found { observation: old, .. } if **old == **observation => Self::Unchanged,
            GoldenLookup::Found { .. } | GoldenLookup::Stale { .. } => Self::Changed,
            GoldenLookup::Missing => Self::New,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Failed => "FAILED",
        }
    }
}

#[derive(Debug, Default)]
struct Changes(Vec<(Change, CaseId)>);

impl Changes {
    fn add(&mut self, change: Change, case: &Case) {
        self.0.push((change, case.id.clone()));
    }

    fn report(&self) -> String {
        let mut report = String::new();
        for kind in [Change::New, Change::Changed] {
            let mut ids: Vec<&CaseId> = self.0.iter().filter(|(change, _)| *change == kind).map(|(_, id)| id).collect();
            ids.sort();
            report.extend(ids.iter().map(|id| format!("  {} {id}\n", kind.name())));
        }
        report
    }
}
