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
use crate::golden::{GoldenLookup, GoldenStore};
use crate::observation::Observation;
use crate::report::style::Style;
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
    let sides = Sides { reference: options.from.to_string(), candidate: options.to.to_string() };
    let style = Style::for_terminal(&std::io::stdout());
    let mut notes = Notes::default();
    for case in &cases {
        match (&from[&case.id], &to[&case.id]) {
            (Some(Ok(old)), Some(Ok(new))) => {
                notes.compared += 1;
                let comparison = compare(old, new, Options { ordered: case.ordered });
                if comparison.verdict != Verdict::Exact {
                    notes.add(group(old, new, &comparison), case, difference::show(&comparison, &sides, style));
                }
            }
            (Some(Err(problem)), _) => notes.unknown.push((case.id.clone(), sides.reference.clone(), problem.clone())),
            (_, Some(Err(problem))) => notes.unknown.push((case.id.clone(), sides.candidate.clone(), problem.clone())),
            (None, Some(Ok(_))) => notes.add(Group::OnlyNew, case, String::new()),
            (Some(Ok(_)), None) => notes.add(Group::OnlyOld, case, String::new()),
            (None, None) => {}
        }
    }
    context::print(&notes.render(&sides, style))?;
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
    if matches!(target, TargetId::Spark(_)) && goldens.versions().contains(&spark) {
        for case in existing {
            answers.insert(case.id.clone(), Some(recorded(goldens, spark, case)));
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

fn recorded(goldens: &GoldenStore, spark: SparkMinor, case: &Case) -> Result<Observation, String> {
    match goldens.lookup(spark, case) {
        GoldenLookup::Found { observation, .. } => Ok(observation.clone()),
        GoldenLookup::Stale { .. } => Err("golden is stale: the case changed since it was recorded".to_owned()),
        GoldenLookup::Missing => Err("never recorded".to_owned()),
    }
}

/// The chapters of the notes, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    OnlyNew,
    OnlyOld,
    NowWorks,
    NowFails,
    Results,
    Errors,
    Messages,
    Calls,
}

impl Group {
    fn title(self) -> &'static str {
        match self {
            Self::OnlyNew => "New behaviour",
            Self::OnlyOld => "Behaviour that is gone",
            Self::NowWorks => "Failed before, works now",
            Self::NowFails => "Worked before, fails now",
            Self::Results => "Other results",
            Self::Errors => "Other errors",
            Self::Messages => "Errors that only say it in other words",
            Self::Calls => "Other calls to the source",
        }
    }
}

fn group(old: &Observation, new: &Observation, comparison: &Comparison) -> Group {
    let reasons = comparison.reasons();
    let wording = [Reason::ErrorMessage, Reason::ErrorParameters];
    match (&old.error, &new.error) {
        (Some(_), None) => Group::NowWorks,
        (None, Some(_)) => Group::NowFails,
        (Some(_), Some(_)) if !reasons.is_empty() && reasons.iter().all(|reason| wording.contains(reason)) => {
            Group::Messages
        }
        (Some(_), Some(_)) if reasons.iter().any(|reason| *reason != Reason::Calls) => Group::Errors,
        (Some(_), Some(_)) if reasons.is_empty() => Group::Errors,
        (None, None) if reasons.iter().any(|reason| !matches!(reason, Reason::Calls | Reason::Partitions)) => {
            Group::Results
        }
        _ => Group::Calls,
    }
}

#[derive(Debug, Default)]
struct Notes {
    compared: usize,
    groups: BTreeMap<Group, Vec<(CaseId, String, String)>>,
    unknown: Vec<(CaseId, String, String)>,
}

impl Notes {
    fn add(&mut self, group: Group, case: &Case, text: String) {
        let covers = if case.covers.is_empty() { String::new() } else { format!(" ({})", case.covers.join(", ")) };
        self.groups.entry(group).or_default().push((case.id.clone(), covers, text));
    }

    fn render(&self, sides: &Sides, style: Style) -> String {
        let Sides { reference, candidate } = sides;
        let differing: usize =
            self.groups.iter().filter(|(group, _)| **group > Group::OnlyOld).map(|(_, cases)| cases.len()).sum();
        let mut text = style.strong(&format!("From {reference} to {candidate}")) + "\n\n";
        text += &format!("{differing} of {} cases answer differently.\n", self.compared);
        for (group, cases) in &self.groups {
            text += &format!("\n{} ({})\n", style.strong(group.title()), cases.len());
            for (id, covers, difference) in cases {
                text += &format!("\n* {id}{covers}\n{difference}");
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
