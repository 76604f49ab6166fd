//! The gate's report for people at a terminal.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Change, Class, Finding, Gate, Tally};
use crate::case::SparkMinor;
use crate::report::style::Style;
use crate::scoreboard::percent;

/// How many cases of a kind that keeps no release are listed.
const LISTED: usize = 20;

/// The report.
pub fn render(gate: &Gate, style: Style) -> String {
    let mut text = format!("{} compared with {}\n\n", gate.target, gate.baseline);
    text += &table(gate);
    for caveat in &gate.caveats {
        let _ = writeln!(text, "{} of the baseline: {caveat}", style.note("note"));
    }
    for change in Change::ALL {
        section(&mut text, gate, change, style);
    }
    for spark in &gate.lost_versions {
        heading(&mut text, &format!("Spark {spark} is not recorded any more"), gate.allow_lost, style);
        text += "  The baseline has this version and there are no goldens of it now.\n";
    }
    if !gate.shrunken.is_empty() {
        heading(&mut text, "Fewer cases", gate.allow_lost, style);
        for (area, spark, then, now) in &gate.shrunken {
            let _ = writeln!(text, "  {area} (Spark {spark}): {then} → {now}");
        }
    }
    if !gate.lost_behaviours.is_empty() {
        let title = format!("Behaviours uncovered ({})", gate.lost_behaviours.len());
        heading(&mut text, &title, gate.allow_lost, style);
        text += "  A case covered them at the baseline and none does now.\n";
        for behaviour in &gate.lost_behaviours {
            let gone = if behaviour.indexed { "" } else { ", which is no longer in cases/BEHAVIOURS.md" };
            let _ = writeln!(text, "  {}{gone}", behaviour.id);
        }
    }
    if !gate.pins_of_nothing.is_empty() {
        heading(&mut text, "Pins of no case", false, style);
        for id in &gate.pins_of_nothing {
            let _ = writeln!(text, "  {id}: there is no such case; remove the pin with `seatrial unpin`");
        }
    }
    for fault in &gate.faults {
        let _ = writeln!(text, "\n{} {fault}", style.bad("target failed:"));
    }
    if !gate.gained_behaviours.is_empty() {
        let _ =
            writeln!(text, "\n{}", style.good(&format!("Behaviours newly covered ({})", gate.gained_behaviours.len())));
        let _ = writeln!(text, "  {}", gate.gained_behaviours.join(", "));
    }
    let verdict = if gate.passes() { style.good("GATE PASSED") } else { style.bad("GATE FAILED") };
    let _ = writeln!(text, "\n{verdict}: {}", gate.headline());
    text
}

fn heading(text: &mut String, title: &str, accepted: bool, style: Style) {
    let accepted_note = if accepted { " (accepted by --allow-lost)" } else { "" };
    let painted = if accepted { style.note(title) } else { style.bad(title) };
    let _ = writeln!(text, "\n{painted}{accepted_note}");
}

fn section(text: &mut String, gate: &Gate, change: Change, style: Style) {
    let findings: Vec<&Finding> = gate.of_change(change).collect();
    let Some(first) = findings.first() else { return };
    let title = format!("{} ({})", change.title(), findings.len());
    if change.class() == Class::Note {
        let painted =
            if matches!(change, Change::Improved | Change::New) { style.good(&title) } else { style.note(&title) };
        let _ = writeln!(text, "\n{painted}");
    } else {
        heading(text, &title, !gate.fails(first), style);
    }
    let _ = writeln!(text, "  {}", change.meaning());
    let most = if change.class() == Class::Note { LISTED } else { usize::MAX };
    for finding in findings.iter().take(most) {
        case(text, finding, style);
    }
    if findings.len() > most {
        let _ = writeln!(text, "  … and {} more; --format json lists all", findings.len() - most);
    }
}

fn case(text: &mut String, finding: &Finding, style: Style) {
    let note = finding.change.class() == Class::Note;
    let _ = writeln!(text, "  {} ({})", style.strong(&finding.id.to_string()), versions(&finding.versions));
    if let Some(old) = &finding.renamed_from {
        let _ = writeln!(text, "    was: {old}");
    }
    if note && matches!(finding.change, Change::New | Change::Renamed) {
        return;
    }
    let course = course(finding);
    if !course.is_empty() {
        let _ = writeln!(text, "    {course}");
    }
    if !finding.reason.is_empty() {
        let _ = writeln!(text, "    {}", indented(&finding.reason));
    }
    if finding.edited {
        text.push_str("    the case itself was changed since the baseline\n");
    }
    if note {
        return;
    }
    for line in finding.difference.lines() {
        let _ = writeln!(text, "  {line}");
    }
    if let Some((file, line)) = &finding.place {
        let _ = writeln!(text, "    {file}:{line}");
    }
    if !finding.rerun.is_empty() {
        let _ = writeln!(text, "    rerun: {}", finding.rerun);
    }
}

/// `exact → divergent`.
pub(super) fn course(finding: &Finding) -> String {
    match (&finding.then, &finding.now) {
        (Some(then), Some(now)) if then == now => now.clone(),
        (Some(then), Some(now)) => format!("{then} → {now}"),
        (None, Some(now)) => now.clone(),
        (Some(then), None) => format!("{then} → gone"),
        (None, None) => String::new(),
    }
}

/// `4.0, 4.1`.
pub(super) fn versions(versions: &BTreeSet<SparkMinor>) -> String {
    versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn indented(text: &str) -> String {
    text.trim_end().lines().collect::<Vec<_>>().join("\n      ")
}

/// `+3`, `−2`, or nothing.
pub(super) fn signed(then: usize, now: usize) -> String {
    match now.checked_sub(then) {
        Some(0) => "±0".to_owned(),
        Some(more) => format!("+{more}"),
        None => format!("−{}", then - now),
    }
}

/// A row a version; a cell is the count now and its change.
pub(super) fn cells(gate: &Gate) -> Vec<[String; 5]> {
    let row = |row: &super::VersionRow| {
        let count = |of: fn(&Tally) -> usize| match &row.then {
            None => format!("{} (new)", of(&row.now)),
            Some(then) => format!("{} ({})", of(&row.now), signed(of(then), of(&row.now))),
        };
        let rate = percent(row.now.conforming, row.now.cases);
        [
            row.spark.to_string(),
            count(|tally| tally.cases),
            count(|tally| tally.conforming),
            rate,
            count(|tally| tally.pinned),
        ]
    };
    gate.versions.iter().map(row).collect()
}

fn table(gate: &Gate) -> String {
    let head = ["Spark", "cases", "conform", "", "pinned"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(cells(gate)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let padded: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "  {}", padded.join("  ").trim_end());
    }
    text
}
