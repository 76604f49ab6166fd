//! Error conditions and SQLSTATEs, as the goldens show them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::{Sources, range};
use crate::case::{Case, SparkMinor};
use crate::observation::ErrorObservation;

/// How an error shows: condition, SQLSTATE, exception class, phase.
type Form = (String, String, String, String);

/// The errors of all goldens that a word is about.
struct Found<'a> {
    cases: Vec<&'a Case>,
    versions: BTreeSet<SparkMinor>,
    /// Each form with the versions that show it and the first message.
    forms: BTreeMap<Form, (BTreeSet<SparkMinor>, String)>,
}

impl Sources<'_> {
    /// All conditions that the goldens show.
    pub(super) fn conditions(&self) -> BTreeSet<String> {
        let errors = self.suite.cases.iter().flat_map(|case| self.answers(case));
        let errors = errors.filter_map(|(_, observation)| observation.error.as_ref());
        errors.flat_map(forms).map(|(condition, ..)| condition).filter(|condition| !condition.is_empty()).collect()
    }

    /// Explains a condition (with or without its subclass), if some golden shows it.
    pub(super) fn of_condition(&self, name: &str) -> Option<String> {
        let wanted = |(condition, ..): &Form| {
            condition.get(..name.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(name))
                && matches!(condition.as_bytes().get(name.len()), None | Some(b'.'))
        };
        let found = self.errors(wanted).filter(|_| !name.is_empty())?;
        // As Spark spells it, also where only subclasses of it are shown.
        let spelled =
            found.forms.keys().next().and_then(|(first, ..)| first.get(..name.len())).unwrap_or(name).to_owned();
        Some(self.shown(&format!("{spelled}  an error condition of Spark"), &found, Some(&spelled)))
    }

    /// Explains a SQLSTATE, if some golden shows it.
    pub(super) fn of_sqlstate(&self, state: &str) -> Option<String> {
        let found = self.errors(|(_, other, ..)| !state.is_empty() && other.eq_ignore_ascii_case(state))?;
        Some(self.shown(&format!("{}  a SQLSTATE", state.to_ascii_uppercase()), &found, None))
    }

    fn errors(&self, wanted: impl Fn(&Form) -> bool) -> Option<Found<'_>> {
        let mut found = Found { cases: Vec::new(), versions: BTreeSet::new(), forms: BTreeMap::new() };
        for case in &self.suite.cases {
            let mut shows = false;
            for (version, observation) in self.answers(case) {
                let Some(error) = &observation.error else { continue };
                for form in forms(error).into_iter().filter(&wanted) {
                    shows = true;
                    found.versions.insert(version);
                    let (versions, _) =
                        found.forms.entry(form).or_insert_with(|| (BTreeSet::new(), error.message.clone()));
                    versions.insert(version);
                }
            }
            if shows {
                found.cases.push(case);
            }
        }
        (!found.cases.is_empty()).then_some(found)
    }

    fn shown(&self, title: &str, found: &Found<'_>, mention: Option<&str>) -> String {
        let first = found.versions.first().map(ToString::to_string).unwrap_or_default();
        let mut text = format!("{title}, seen since Spark {first}\n");
        for ((condition, state, exception, phase), (versions, message)) in &found.forms {
            let state = if state.is_empty() { String::new() } else { format!(" / {state}") };
            let condition = if condition.is_empty() { "without a condition" } else { condition };
            let _ = writeln!(text, "\n  {condition}{state}: {exception} at {phase} (Spark {})", range(versions));
            let mut lines = message.trim().lines();
            for line in lines.by_ref().take(6) {
                let _ = writeln!(text, "    {line}");
            }
            if lines.next().is_some() {
                text += "    …\n";
            }
        }
        let mentioned: Vec<_> = self
            .suite
            .behaviours
            .iter()
            .filter(|behaviour| mention.is_some_and(|name| behaviour.text.contains(name)))
            .collect();
        if !mentioned.is_empty() {
            let _ = writeln!(text, "\nBehaviours that name it ({})", mentioned.len());
            for behaviour in mentioned {
                let _ = writeln!(text, "  {} (since {})  {}", behaviour.id, behaviour.since, behaviour.text);
            }
        }
        self.cases(&mut text, "Cases in which Spark answers so", &found.cases, false);
        self.pinned(&mut text, &found.cases);
        text
    }
}

/// The conditions that an error shows: its own, and that of the Python exception behind it, which PySpark wrote in brackets.
fn forms(error: &ErrorObservation) -> Vec<Form> {
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    let mut forms = vec![(text(&error.condition), text(&error.sqlstate), error.exception.clone(), error.phase.clone())];
    let behind = error.python.as_ref().and_then(|python| Some((bracketed(&python.message)?, &python.kind)));
    if let Some((condition, kind)) = behind.filter(|(condition, _)| error.condition.as_deref() != Some(condition)) {
        let exception = format!("{} over {kind}", error.exception);
        forms.push((condition.to_owned(), String::new(), exception, error.phase.clone()));
    }
    forms
}

/// The name in `[NAME] text`.
fn bracketed(message: &str) -> Option<&str> {
    let (name, _) = message.strip_prefix('[')?.split_once("] ")?;
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
    (name.contains('_') && name.chars().all(is_name)).then_some(name)
}
