//! The part of a page that is about one file of cases: each case, and what Spark answered to it.

use std::fmt::Write;

use crate::case::{Case, SparkMinor};
use crate::golden::{GoldenLookup, GoldenStore};
use crate::observation::{ErrorObservation, Observation};
use crate::report::value::show;

use super::source::Sources;

/// How many rows, calls and lines of a message are shown.
const SHOWN: usize = 12;
/// The longest line of a message.
const LONGEST_LINE: usize = 300;

/// The place of a heading in a page, as Git forges name it.
pub(super) fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
        .collect::<String>();
    kept.replace(' ', "-")
}

/// Appends all cases of a file.
pub(super) fn topic(text: &mut String, cases: &[&Case], sources: &Sources<'_>, goldens: &GoldenStore) {
    let Some(first) = cases.first() else { return };
    let _ = writeln!(text, "\n## {}", first.feature);
    if let Some(about) = &first.feature_about {
        let _ = writeln!(text, "\n{}", about.trim());
    }
    // As they stand in the file.
    let mut cases = cases.to_vec();
    cases.sort_by_key(|case| case.location.line);
    for case in cases {
        let _ = writeln!(text, "\n### {}\n", case.id.name());
        if let Some(about) = &case.about {
            let _ = writeln!(text, "{}\n", about.trim());
        }
        let mut notes: Vec<String> = Vec::new();
        if !case.covers.is_empty() {
            let ids: Vec<String> = case.covers.iter().map(|id| format!("`{id}`")).collect();
            notes.push(format!("Shows {}.", ids.join(", ")));
        }
        if case.since > SparkMinor::new(4, 0) {
            notes.push(format!("Since Spark {}.", case.since));
        }
        if !notes.is_empty() {
            let _ = writeln!(text, "{}\n", notes.join(" "));
        }
        let source = sources.of(case);
        fenced(text, "python", &source.python);
        fenced(text, "yaml", &source.yaml);
        answers(text, case, goldens);
    }
}

fn fenced(text: &mut String, language: &str, content: &str) {
    if content.is_empty() {
        return;
    }
    // A fence is longer than any in the content.
    let longest = content.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _ = writeln!(text, "{fence}{language}\n{content}\n{fence}\n");
}

/// The answer of the newest version, and those of the versions that answered otherwise.
fn answers(text: &mut String, case: &Case, goldens: &GoldenStore) {
    let mut groups: Vec<(Vec<SparkMinor>, &Observation)> = Vec::new();
    for version in goldens.versions().into_iter().rev().filter(|version| *version >= case.since) {
        if let GoldenLookup::Found { observation, .. } = goldens.lookup(version, case) {
            match groups.iter_mut().find(|(_, other)| *other == observation) {
                Some((versions, _)) => versions.push(version),
                None => groups.push((vec![version], observation)),
            }
        }
    }
    if groups.is_empty() {
        text.push_str("Spark was not asked yet.\n");
    }
    let alone = groups.len() == 1;
    for (versions, observation) in groups {
        let mut names: Vec<String> = versions.iter().rev().map(ToString::to_string).collect();
        let last = names.pop().unwrap_or_default();
        let who = match (alone, names.is_empty()) {
            (true, _) => "Spark".to_owned(),
            (false, true) => format!("Spark {last}"),
            (false, false) => format!("Spark {} and {last}", names.join(", ")),
        };
        answer(text, &who, observation);
    }
}

fn answer(text: &mut String, who: &str, observation: &Observation) {
    match (&observation.error, &observation.rows) {
        (Some(error), _) => failure(text, who, error),
        (None, Some(rows)) => table(text, who, observation, rows),
        (None, None) => {
            let _ = writeln!(text, "{who} answers nothing.");
        }
    }
    if let Some(partitions) = observation.partitions {
        let _ = writeln!(text, "\nPartitions: {partitions}.");
    }
    if !observation.calls.is_empty() {
        text.push_str("\nThe source saw these calls:\n\n");
        for call in observation.calls.iter().take(SHOWN) {
            let details: Vec<String> = call.details.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = writeln!(text, "- `{}({})`", call.call, details.join(", ").replace('`', "'"));
        }
        more(text, observation.calls.len(), "calls");
    }
}

fn table(text: &mut String, who: &str, observation: &Observation, rows: &[Vec<crate::observation::Value>]) {
    let fields = observation.schema.as_ref().map(|schema| schema.fields.as_slice()).unwrap_or_default();
    if fields.is_empty() {
        let _ = writeln!(text, "{who} answers {} rows without columns.", rows.len());
        return;
    }
    let _ = writeln!(text, "{who} answers{}:\n", if rows.is_empty() { " no rows" } else { "" });
    let head: Vec<String> = fields
        .iter()
        .map(|field| {
            let required = if field.nullable { "" } else { " not null" };
            cell(&format!("{} {}{required}", field.name, field.data_type.simple_string()))
        })
        .collect();
    let _ = writeln!(text, "| {} |\n|{}", head.join(" | "), "---|".repeat(head.len()));
    for row in rows.iter().take(SHOWN) {
        let cells: Vec<String> = row.iter().map(|value| cell(&show(value))).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    more(text, rows.len(), "rows");
}

fn failure(text: &mut String, who: &str, error: &ErrorObservation) {
    let phase = match error.phase.as_str() {
        "register" => "while registering",
        "load" => "while loading",
        "plan" => "while planning",
        "read" => "while reading",
        other => other,
    };
    let condition = match (&error.condition, &error.sqlstate) {
        (Some(condition), Some(state)) => format!(" with `{condition}` ({state})"),
        (Some(condition), None) => format!(" with `{condition}`"),
        _ => String::new(),
    };
    let _ = writeln!(text, "{who} fails {phase}: `{}`{condition}.\n", error.exception);
    let message = match &error.jvm {
        Some(jvm) => &jvm.root,
        None => &error.message,
    };
    let mut lines: Vec<String> = message.trim().lines().take(SHOWN).map(|line| shortened(line.trim_end())).collect();
    if message.trim().lines().count() > SHOWN {
        lines.push("…".to_owned());
    }
    fenced(text, "text", &lines.join("\n"));
    text.truncate(text.trim_end().len());
    text.push('\n');
}

fn more(text: &mut String, count: usize, what: &str) {
    if count > SHOWN {
        let _ = writeln!(text, "\n… and {} more {what}.", count - SHOWN);
    }
}

/// A text as the cell of a Markdown table, shown as it is.
fn cell(text: &str) -> String {
    let text = text.replace('|', "\\|").replace('\n', " ");
    if text.contains('`') || text.is_empty() { text.replace('`', "'") } else { format!("`{text}`") }
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
