//! From what was asked to what it is, or to what may have been meant.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::{Sources, words};
use crate::case::read_error::edit_distance;
use crate::case::{Case, Suite};
use crate::golden::{GoldenError, GoldenStore};

/// How many names are suggested.
const SUGGESTED: usize = 5;

/// Nothing has that name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nothing is called `{asked}`{}", did_you_mean(nearest))]
pub struct Unknown {
    /// What was asked.
    pub asked: String,
    /// The nearest names.
    pub nearest: Vec<String>,
}

fn did_you_mean(nearest: &[String]) -> String {
    match nearest {
        [] => "; `seatrial explain` lists the words, `seatrial list` the cases".to_owned(),
        nearest => format!("; did you mean\n  {}", nearest.join("\n  ")),
    }
}

/// Explains a word of reports or an exit code, for which no case and no golden is needed; all that it may mean, where that
/// is several things.
pub fn of_word(asked: &str, exits: &[(u8, &'static str)]) -> Option<String> {
    let mut texts = Vec::new();
    for (code, meaning) in exits {
        if asked.trim().parse() == Ok(*code) {
            texts.push(format!("{code}  an exit code\n  {meaning}\n"));
        }
    }
    for word in words::all().iter().filter(|word| words::is_meant(&word.name, asked)) {
        texts.push(format!("{}  {}\n  {}\n", word.name, word.what, word.meaning));
    }
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// Explains whatever has a name.
///
/// # Errors
///
/// Nothing is called so.
pub fn explain(asked: &str, sources: &Sources<'_>) -> Result<String, Unknown> {
    let asked = asked.trim();
    let of_case =
        || sources.suite.cases.iter().find(|case| case.id.to_string() == asked).map(|case| sources.of_case(case));
    of_word(asked, sources.exits)
        .or_else(|| sources.behaviour(asked).map(|behaviour| sources.of_behaviour(behaviour)))
        .or_else(of_case)
        .or_else(|| sources.of_condition(asked))
        .or_else(|| sources.of_sqlstate(asked))
        .ok_or_else(|| Unknown { asked: asked.to_owned(), nearest: nearest(asked, sources) })
}

/// The topics of all goldens that explaining a name takes; nothing where that may be all of them.
///
/// # Errors
///
/// The goldens cannot be read.
pub fn topics(asked: &str, suite: &Suite, goldens: &Path) -> Result<Option<BTreeSet<String>>, GoldenError> {
    let asked = asked.trim();
    let is_meant = |case: &&Case| {
        case.id.to_string() == asked || case.covers.iter().any(|behaviour| behaviour.eq_ignore_ascii_case(asked))
    };
    let topics: BTreeSet<String> = suite.cases.iter().filter(is_meant).map(|case| case.id.topic().to_owned()).collect();
    if !topics.is_empty() {
        return Ok(Some(topics));
    }
    // Only an error condition or a SQLSTATE is left, and where one is shown its name stands.
    Ok(Some(GoldenStore::topics_with(goldens, asked)?).filter(|topics| !topics.is_empty()))
}

/// All words, and where the other names are listed.
pub fn overview(sources: &Sources<'_>) -> String {
    let mut text = String::new();
    let mut heading = "";
    for word in &words::all() {
        if word.what != heading {
            let (noun, of) = word.what.trim_start_matches("a ").split_once(' ').unwrap_or((word.what, ""));
            let _ = writeln!(text, "{}{noun}s {of}:", if heading.is_empty() { "" } else { "\n" });
            heading = word.what;
        }
        let first = word.meaning.split_inclusive(". ").next().unwrap_or_default().trim_end();
        let _ = writeln!(text, "  {:<17} {first}", word.name);
    }
    text += "\nexit codes:\n";
    for (code, meaning) in sources.exits {
        let _ = writeln!(text, "  {code:<17} {meaning}");
    }
    let conditions = sources.conditions();
    let _ = writeln!(text, "\nerror conditions that Spark's answers show ({}):", conditions.len());
    for condition in &conditions {
        let _ = writeln!(text, "  {condition}");
    }
    let _ = writeln!(
        text,
        "\n{} behaviours stand in cases/BEHAVIOURS.md; `seatrial list` has the {} cases.",
        sources.suite.behaviours.len(),
        sources.suite.cases.len()
    );
    text
}

/// The names that may have been meant: those that hold what was asked, then those with few letters changed, then those that
/// share most of its parts.
fn nearest(asked: &str, sources: &Sources<'_>) -> Vec<String> {
    let mut names: Vec<String> = sources.exits.iter().map(|(code, _)| code.to_string()).collect();
    names.extend(words::all().into_iter().map(|word| word.name));
    names.extend(sources.suite.behaviours.iter().map(|behaviour| behaviour.id.clone()));
    names.extend(sources.conditions());
    names.extend(sources.suite.cases.iter().map(|case| case.id.to_string()));
    let wanted = words::plain(asked);
    if wanted.is_empty() {
        return Vec::new();
    }
    let parts: Vec<&str> = wanted.split('_').filter(|part| part.len() > 1).collect();
    let rank = |name: String| {
        let plain = words::plain(&name);
        let length = plain.chars().count();
        if wanted.chars().count() > 2 && plain.contains(&wanted) {
            return Some((0, length, name));
        }
        let distance = edit_distance(&wanted, &plain);
        if distance <= 1 + length / 4 {
            return Some((1, distance, name));
        }
        let missing = parts.iter().filter(|part| !plain.split('_').any(|other| other == **part)).count();
        (parts.len() > 1 && missing * 2 < parts.len()).then_some((2, missing * 100 + length, name))
    };
    let mut ranked: Vec<(usize, usize, String)> = names.into_iter().filter_map(rank).collect();
    ranked.sort();
    ranked.dedup();
    ranked.into_iter().map(|(.., name)| name).take(SUGGESTED).collect()
}
