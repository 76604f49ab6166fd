//! `seatrial explain`: what a word of a report means, from where that is defined: the statuses, the goldens, the index of
//! behaviours, the pins. Nothing is said here that stands elsewhere.

mod condition;
mod lookup;
mod words;

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::case::{Behaviour, Case, SparkMinor, Suite};
use crate::divergence::{Divergence, Divergences};
use crate::golden::{GoldenLookup, GoldenStore};
use crate::observation::Observation;
use crate::report::shell_word;
use crate::report::value::show_row;

pub use lookup::{Unknown, explain, of_word, overview, topics};

/// How many cases a text lists.
const LISTED: usize = 25;

/// Where explanations are taken from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The cases and the index of behaviours.
    pub suite: &'a Suite,
    /// What real Spark answered.
    pub goldens: &'a GoldenStore,
    /// The engine's pinned divergences.
    pub divergences: &'a Divergences,
    /// Exit codes with their meanings.
    pub exits: &'a [(u8, &'static str)],
}

impl Sources<'_> {
    /// What real Spark answered to a case, for each version.
    fn answers(&self, case: &Case) -> Vec<(SparkMinor, &Observation)> {
        let versions = self.goldens.versions().into_iter().filter(|version| case.since <= *version);
        let answer = |version| match self.goldens.lookup(version, case) {
            GoldenLookup::Found { observation, .. } => Some((version, observation)),
            GoldenLookup::Stale { .. } | GoldenLookup::Missing => None,
        };
        versions.filter_map(answer).collect()
    }

    /// The pins of a case.
    fn pins(&self, case: &Case) -> impl Iterator<Item = &Divergence> {
        self.divergences.entries().iter().filter(move |entry| entry.case == case.id)
    }

    fn behaviour(&self, id: &str) -> Option<&Behaviour> {
        self.suite.behaviours.iter().find(|behaviour| behaviour.id.eq_ignore_ascii_case(id))
    }

    /// A behaviour of the index: what is claimed, who covers it, what Spark answers there.
    fn of_behaviour(&self, behaviour: &Behaviour) -> String {
        let mut text = format!(
            "{}  a behaviour ({}: {}), since Spark {}\n  {}\n",
            behaviour.id,
            behaviour.side.name(),
            behaviour.chapter,
            behaviour.since,
            behaviour.text
        );
        let cases: Vec<&Case> = self.suite.cases.iter().filter(|case| case.covers.contains(&behaviour.id)).collect();
        if cases.is_empty() {
            text += "\nNo case covers it yet.\n";
            return text;
        }
        self.cases(&mut text, "Cases that cover it, with what Spark answers", &cases, true);
        self.pinned(&mut text, &cases);
        text
    }

    /// A case: what it shows, what Spark answers, how the engine stands.
    fn of_case(&self, case: &Case) -> String {
        let mut text = format!("{}  a case, since Spark {}\n  {}\n", case.id, case.since, case.feature);
        if let Some(about) = case.about.as_ref().or(case.feature_about.as_ref()) {
            let _ = writeln!(text, "  {}", about.trim_end().replace('\n', "\n  "));
        }
        let _ = writeln!(text, "  {}:{}", case.location.file.display(), case.location.line);
        if !case.covers.is_empty() {
            text += "\nBehaviours that it covers\n";
            for id in &case.covers {
                let claim = self.behaviour(id).map(|behaviour| format!("  {}", behaviour.text)).unwrap_or_default();
                let _ = writeln!(text, "  {id}{claim}");
            }
        }
        text += "\nSpark answers\n";
        let answers = self.grouped(case);
        if answers.is_empty() {
            text += "  nothing that is recorded: `seatrial record` asks it\n";
        }
        for (versions, outcome) in answers {
            let _ = writeln!(text, "  {}: {}", range(&versions), outcome.replace('\n', "\n    "));
        }
        self.pinned(&mut text, &[case]);
        let id = shell_word(&case.id.to_string());
        let _ = write!(text, "\nRun it: seatrial check {id}\nSee it: seatrial repro {id}\n");
        text
    }

    /// What Spark answers, versions with the same answer together.
    fn grouped(&self, case: &Case) -> Vec<(BTreeSet<SparkMinor>, String)> {
        let mut groups: Vec<(BTreeSet<SparkMinor>, String)> = Vec::new();
        for (version, observation) in self.answers(case) {
            let outcome = outcome(observation);
            match groups.iter_mut().find(|(_, other)| *other == outcome) {
                Some((versions, _)) => {
                    versions.insert(version);
                }
                None => groups.push(([version].into(), outcome)),
            }
        }
        groups
    }

    fn cases(&self, text: &mut String, title: &str, cases: &[&Case], with_answers: bool) {
        let _ = writeln!(text, "\n{title} ({})", cases.len());
        for case in cases.iter().take(LISTED) {
            let _ = writeln!(text, "  {}", case.id);
            for (versions, outcome) in self.grouped(case).into_iter().filter(|_| with_answers) {
                let _ = writeln!(text, "    {}: {}", range(&versions), outcome.lines().next().unwrap_or_default());
            }
        }
        if cases.len() > LISTED {
            let _ = writeln!(text, "  … and {} more", cases.len() - LISTED);
        }
    }

    /// The pinned divergences of cases.
    fn pinned(&self, text: &mut String, cases: &[&Case]) {
        let pins: Vec<&Divergence> = cases.iter().flat_map(|case| self.pins(case)).collect();
        if pins.is_empty() {
            text.push_str("\nThe engine has no pinned divergence here.\n");
            return;
        }
        let _ = writeln!(text, "\nThe engine's pinned divergences ({})", pins.len());
        for pin in pins.iter().take(LISTED) {
            let (kind, versions, day) = (pin.kind, range(&pin.versions), pin.review_by);
            let _ = writeln!(text, "  {} ({versions}): {kind}, review by {day}\n    {}", pin.case, pin.reason);
        }
        if pins.len() > LISTED {
            let _ = writeln!(text, "  … and {} more", pins.len() - LISTED);
        }
    }
}

/// What Spark answered, in a line or a few.
fn outcome(observation: &Observation) -> String {
    match (&observation.error, &observation.rows) {
        (Some(error), _) => {
            let condition = error.condition.as_ref().map(|condition| format!(" {condition}")).unwrap_or_default();
            let state = error.sqlstate.as_ref().map(|state| format!(" / {state}")).unwrap_or_default();
            format!("{} at {}{condition}{state}\n{}", error.exception, error.phase, error.headline())
        }
        (None, Some(rows)) if rows.len() == 1 => format!("1 row: {}", show_row(&rows[0])),
        (None, Some(rows)) => format!("{} rows", rows.len()),
        (None, None) => "nothing".to_owned(),
    }
}

/// `4.0, 4.1`.
fn range(versions: &BTreeSet<SparkMinor>) -> String {
    versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
