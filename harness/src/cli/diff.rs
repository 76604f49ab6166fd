//! `seatrial diff A B`: what answers changed from one target to another, in the manner of release notes.
//!
//! A Spark version that was recorded is read from the goldens; any other target is asked.

use std::collections::BTreeMap;

use super::arguments::{DiffOptions, ProjectOptions};
use super::context::{self, Loaded};
use super::exit::Exit;
use super::progress::Progress;
use crate::case::{Case, CaseId, SparkMinor};
use crate::compare::{Comparison, Options, Reason, Verdict, compare};
use crate::docs::reading_order::ReadingOrder;
use crate::golden::{GoldenLookup, GoldenStore, Mode};
use crate::observation::Observation;
use crate::report::style::Style;
use crate::report::value::show_row;
use crate::report::{Sides, difference};
use crate::run::{Answer, execute};
use crate::target::TargetId;

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &DiffOptions) -> anyhow::Result<Exit> {
    let Loaded { project: place, suite, selection, broken } = context::load(project, &options.selection)?;
    let cases = selection.pick_all(&suite);
    if cases.is_empty() {
        eprintln!("no case is selected");
        return Ok(if broken { Exit::Usage } else { Exit::NothingSelected });
    }
    let goldens = GoldenStore::open(&place.golden())?;
    let from = answers(&options.from, &cases, &goldens)?;
    let to = answers(&options.to, &cases, &goldens)?;
    let (from_name, to_name) = (options.from.to_string(), options.to.to_string());
    let sides = Sides { reference: from_name.clone(), reference_target: from_name, candidate: to_name };
    let style = Style::for_terminal(&std::io::stdout());
    let mut notes = Notes::default();
    for case in &cases {
        match (&from[&case.id], &to[&case.id]) {
            (Some(Ok(old)), Some(Ok(new))) => {
                notes.compared += 1;
                let comparison = compare(old, new, Options { ordered: case.ordered });
                if comparison.verdict != Verdict::Exact {
                    let text = difference::show_without_legend(&comparison.differences, style);
                    notes.add(Change::of(old, new, &comparison), case, text);
                }
            }
            (Some(Err(problem)), _) => notes.unknown.push((case.id.clone(), sides.reference.clone(), problem.clone())),
            (_, Some(Err(problem))) => notes.unknown.push((case.id.clone(), sides.candidate.clone(), problem.clone())),
            (None, Some(Ok(new))) => {
                notes.add(Change::New, case, format!("    {}\n", style.good(&format!("+ {}", outcome(new)))));
            }
            (Some(Ok(old)), None) => {
                notes.add(Change::Gone, case, format!("    {}\n", style.bad(&format!("- {}", outcome(old)))));
            }
            (None, None) => {}
        }
    }
    let order = std::fs::read_to_string(place.cases().join("README.md")).unwrap_or_default();
    let order = ReadingOrder::of(&order, cases.iter().map(|case| case.id.topic()));
    context::print(&notes.render(&sides, &order, style))?;
    Ok(match (broken, notes.unknown.is_empty()) {
        (true, _) => Exit::Usage,
        (false, false) => Exit::GoldenStale,
        (false, true) => Exit::Ok,
    })
}

/// What a target answers to every case: nothing where its version does not have the behaviour, or why there is no answer.
type Answers = BTreeMap<CaseId, Option<Result<Observation, String>>>;

fn answers(target: &TargetId, cases: &[&Case], goldens: &GoldenStore) -> anyhow::Result<Answers> {
    let spark = context::spark_version(None, target);
    let has = |case: &Case| case.since <= spark;
    let mut answers: Answers = cases.iter().map(|case| (case.id.clone(), None)).collect();
    let existing: Vec<&Case> = cases.iter().copied().filter(|case| has(case)).collect();
    let mode = target.mode();
    if matches!(target, TargetId::Spark(_) | TargetId::SparkConnect(_)) && goldens.has(mode, spark) {
        for case in existing {
            answers.insert(case.id.clone(), Some(recorded(goldens, mode, spark, case)));
        }
        return Ok(answers);
    }
    eprintln!("asking {target}, since it is not recorded");
    let pool = context::pool(target, spark, None)?;
    pool.identity()?;
    let progress = Progress::new(existing.len());
    let observed = execute(&pool, &existing, |index, observed| {
        let line = format!("{:5.1}s {}", observed.duration.as_secs_f64(), existing[index].id);
        progress.done(&line, false);
    });
    progress.finish();
    for fault in pool.stop() {
        eprintln!("error: {fault}");
    }
    for (case, observed) in existing.iter().zip(observed) {
        let answer = match observed.answer {
            Answer::Observation(observation) => Ok(*observation),
            Answer::Unsupported(reason) => Err(format!("unsupported: {reason}")),
            Answer::Infrastructure(context) => Err(context),
        };
        answers.insert(case.id.clone(), Some(answer));
    }
    Ok(answers)
}

fn recorded(goldens: &GoldenStore, mode: Mode, spark: SparkMinor, case: &Case) -> Result<Observation, String> {
    match goldens.lookup_in(mode, spark, case) {
        GoldenLookup::Found { observation, .. } => Ok(observation.clone()),
        GoldenLookup::Stale { .. } => Err("golden is stale: the case changed since it was recorded".to_owned()),
        GoldenLookup::Missing => Err("never recorded".to_owned()),
    }
}

/// What became of a behaviour, in the order in which the summary counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    New,
    Gone,
    NowWorks,
    NowFails,
    Results,
    Errors,
    Messages,
    Calls,
}

impl Change {
    /// As a note says it behind the case's name.
    fn phrase(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Gone => "gone",
            Self::NowWorks => "failed before, works now",
            Self::NowFails => "worked before, fails now",
            Self::Results => "another result",
            Self::Errors => "another error",
            Self::Messages => "the same error in other words",
            Self::Calls => "other calls to the source",
        }
    }

    fn of(old: &Observation, new: &Observation, comparison: &Comparison) -> Self {
        let reasons = comparison.reasons();
        let python = |observation: &Observation| {
            let error = observation.error.as_ref()?;
            error.python.as_ref().map(|python| python.kind.clone())
        };
        let wording = [Reason::ErrorMessage, Reason::ErrorParameters];
        match (&old.error, &new.error) {
            (Some(_), None) => Self::NowWorks,
            (None, Some(_)) => Self::NowFails,
            (Some(_), Some(_))
                if !reasons.is_empty()
                    && reasons.iter().all(|reason| wording.contains(reason))
                    && python(old) == python(new) =>
            {
                Self::Messages
            }
            (Some(_), Some(_)) if reasons.iter().any(|reason| *reason != Reason::Calls) => Self::Errors,
            (Some(_), Some(_)) if reasons.is_empty() => Self::Errors,
            (None, None) if reasons.iter().any(|reason| !matches!(reason, Reason::Calls | Reason::Partitions)) => {
                Self::Results
            }
            _ => Self::Calls,
        }
    }
}

/// One case that changed.
#[derive(Debug)]
struct Note<'a> {
    case: &'a Case,
    change: Change,
    /// What was and what is.
    text: String,
}

#[derive(Debug, Default)]
struct Notes<'a> {
    compared: usize,
    notes: Vec<Note<'a>>,
    unknown: Vec<(CaseId, String, String)>,
}

impl<'a> Notes<'a> {
    fn add(&mut self, change: Change, case: &'a Case, text: String) {
        self.notes.push(Note { case, change, text });
    }

    fn summary(&self, sides: &Sides) -> String {
        let count = |change: Change| self.notes.iter().filter(|note| note.change == change).count();
        let (new, gone) = (count(Change::New), count(Change::Gone));
        let differing = self.notes.len() - new - gone;
        let mut text = format!(
            "From {} to {}: {differing} of {} cases {} answered differently",
            sides.reference,
            sides.candidate,
            self.compared,
            if differing == 1 { "is" } else { "are" }
        );
        for (count, what) in [(new, "new"), (gone, "gone")] {
            if count > 0 {
                text += &format!(", {count} {} {what}", if count == 1 { "is" } else { "are" });
            }
        }
        text.push_str(".\n");
        let changes =
            [Change::NowWorks, Change::NowFails, Change::Results, Change::Errors, Change::Messages, Change::Calls];
        for change in changes {
            if count(change) > 0 {
                text += &format!("{:>6}  {}\n", count(change), change.phrase());
            }
        }
        text
    }

    fn render(&self, sides: &Sides, order: &ReadingOrder, style: Style) -> String {
        let mut text = self.summary(sides);
        if self.notes.iter().any(|note| !note.text.is_empty()) {
            text += &format!("\n{}", difference::legend(sides, style));
        }
        for topic in order.topics() {
            let notes: Vec<&Note<'_>> = self.notes.iter().filter(|note| note.case.id.topic() == topic).collect();
            let Some(first) = notes.first() else { continue };
            text += &format!("\n{}\n", style.strong(&format!("{topic}: {}", first.case.feature)));
            for Note { case, change, text: difference } in notes {
                let covers = match case.covers.is_empty() {
                    true => String::new(),
                    false => format!(" [{}]", case.covers.join(", ")),
                };
                text += &format!("\n* {}: {}{covers}\n{difference}", case.id.name(), change.phrase());
            }
        }
        if !self.unknown.is_empty() {
            text += &format!("\n{} ({})\n\n", style.strong("Not compared"), self.unknown.len());
            for (id, target, problem) in &self.unknown {
                text += &format!("* {id}: {target}: {}\n", problem.trim_end().replace('\n', "\n    "));
            }
        }
        text
    }
}

/// What a version that has the behaviour answers, in a line.
fn outcome(observation: &Observation) -> String {
    match (&observation.error, &observation.rows) {
        (Some(error), _) => format!("{} at {}: {}", error.exception, error.phase, error.headline()),
        (None, Some(rows)) if rows.len() == 1 => format!("1 row: {}", show_row(&rows[0])),
        (None, Some(rows)) => format!("{} rows", rows.len()),
        (None, None) => "nothing".to_owned(),
    }
}
