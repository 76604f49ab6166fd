//! The report for people: a block for every case that is not as it should be, then counts, then their ids again.

use comfy_table::{CellAlignment, Table, presets};

use crate::case::SparkMinor;
use crate::golden::Mode;
use crate::run::{Counts, Pin, PinState, Status};

use super::model::{CaseResult, Run};
use super::style::Style;
use super::{Sides, difference, shell_word};

/// The widest status; all are padded to it, so that ids stand in one column.
const STATUS_WIDTH: usize = 14;

/// The whole report.
pub fn render(run: &Run, style: Style) -> String {
    let mut text = String::new();
    for version in run.versions() {
        for case in run.of_version(version) {
            let block = failure(case, &run.sides(version), style);
            if !block.is_empty() {
                text += &block;
                text.push('\n');
            }
        }
    }
    for version in run.versions() {
        text += &summary(run, version, style);
    }
    text
}

/// The status and the id of a case, on one line without an end.
pub fn status_line(result: &CaseResult, style: Style) -> String {
    let name = format!("{:>STATUS_WIDTH$}", label(result));
    let painted = match result.status {
        Status::Exact | Status::Equivalent => style.good(&name),
        Status::Pinned => style.note(&name),
        _ => style.bad(&name),
    };
    let time = match result.seconds {
        0.0 => "      ".to_owned(),
        seconds => format!("{seconds:5.1}s"),
    };
    format!("{painted} {time} {}", result.id)
}

/// The status in capitals, as lists and headings have it.
pub fn label(result: &CaseResult) -> &'static str {
    match result.status {
        Status::Exact => "EXACT",
        Status::Equivalent => "EQUIVALENT",
        Status::Divergent => "DIVERGENT",
        Status::Pinned => "PINNED",
        Status::StalePin if is_needless(result) => "PIN NEEDLESS",
        Status::StalePin => "PIN CHANGED",
        Status::OverduePin => "PIN OVERDUE",
        Status::Unsupported => "UNSUPPORTED",
        Status::Infrastructure => "INFRASTRUCTURE",
        Status::StaleGolden => "GOLDEN STALE",
        Status::MissingGolden => "GOLDEN MISSING",
    }
}

fn is_needless(result: &CaseResult) -> bool {
    result.pin.as_ref().is_some_and(|pin| pin.state == PinState::Needless)
}

/// What is wrong with a case, in a line; empty where nothing is.
pub fn headline(result: &CaseResult, sides: &Sides) -> String {
    let Sides { reference, candidate, .. } = sides;
    let message = result.message.as_deref().unwrap_or_default();
    match result.status {
        Status::Exact | Status::Equivalent | Status::Pinned => String::new(),
        Status::Divergent => format!("differs in: {}", result.reason_list()),
        Status::StalePin if is_needless(result) => {
            format!("{candidate} now answers as {reference} does: remove the pin (see `seatrial unpin --help`)")
        }
        Status::StalePin => {
            format!("{candidate} diverges in another way than was pinned; look at it, then pin it anew")
        }
        Status::OverduePin => {
            let day = result.pin.as_ref().map(|pin| pin.review_by.to_string()).unwrap_or_default();
            format!("this divergence was to be looked at again by {day}; mend it, or pin it anew")
        }
        Status::Unsupported => format!("{candidate} does not support this: {}", indented(message)),
        Status::Infrastructure => format!("no answer, which says nothing about conformance: {}", indented(message)),
        Status::StaleGolden => format!("golden is stale: the case changed since {reference} was asked"),
        Status::MissingGolden => format!("{reference} was never asked"),
    }
}

/// The command that records the case, where its golden is stale or missing.
pub fn record_command(result: &CaseResult, sides: &Sides) -> Option<String> {
    matches!(result.status, Status::StaleGolden | Status::MissingGolden).then(|| {
        let case = shell_word(&result.id.to_string());
        format!("seatrial record {case} --target {}", sides.reference_target)
    })
}

/// Everything a reader needs about a case that is not as it should be; empty for the others.
pub fn failure(result: &CaseResult, sides: &Sides, style: Style) -> String {
    if result.status.is_fine() {
        return String::new();
    }
    format!(
        "{} {}\n  {}:{}\n{}  rerun: {}\n",
        style.bad(label(result)),
        style.strong(&result.id.to_string()),
        result.file,
        result.line,
        explanation(result, sides, style),
        result.rerun,
    )
}

/// What is wrong, as indented lines.
pub fn explanation(result: &CaseResult, sides: &Sides, style: Style) -> String {
    let mut text = format!("  {}\n", headline(result, sides));
    if let Some(pin) = &result.pin {
        text += &pinned(pin);
        if pin.state == PinState::Changed {
            let candidate = format!("{} now", sides.candidate);
            let from = Sides { reference: "as pinned".to_owned(), candidate, ..sides.clone() };
            text += &difference::show(&pin.from_pinned, &from, style);
            text += &format!("  and from {}:\n", sides.reference);
        }
    }
    let answers_as_pinned = result.pin.as_ref().is_some_and(|pin| pin.state == PinState::Overdue);
    if !answers_as_pinned && !is_needless(result) {
        text += &difference::show(&result.differences, sides, style);
    }
    if let Some(command) = record_command(result, sides) {
        text += &format!("  record: {command}\n");
    }
    text
}

fn pinned(pin: &Pin) -> String {
    format!("  pinned as {}: {} (review by {})\n", pin.kind, indented(&pin.reason), pin.review_by)
}

/// A text of several lines, the later ones indented below the first.
fn indented(text: &str) -> String {
    text.trim_end().lines().collect::<Vec<_>>().join("\n    ")
}

/// The end of a report on one version: counts that add up, and every case that is not as it should be, once more.
pub fn summary(run: &Run, version: SparkMinor, style: Style) -> String {
    let counts = Counts::of(run.of_version(version).map(|case| case.status));
    let sides = run.sides(version);
    let cases = if counts.total() == 1 { "case" } else { "cases" };
    let mut text = format!(
        "{} {cases} on {} against {}: {}\n",
        counts.total(),
        sides.candidate,
        sides.reference,
        style.strong(&counted(&counts))
    );
    let later = run.header.versions.iter().find(|judged| judged.spark == version).map_or(0, |judged| judged.later);
    if later > 0 {
        text += &format!("{later} more need a later Spark and were left out\n");
    }
    if run.mode(version) == Mode::Connect {
        text += &parity(run, version);
    }
    for result in run.of_version(version).filter(|result| !result.status.is_fine()) {
        text += &status_line(result, style);
        text.push('\n');
    }
    text
}

/// How much of every area conforms, for those who ask somebody's Spark Connect server; empty where all is one area.
fn parity(run: &Run, version: SparkMinor) -> String {
    let areas = run.areas();
    let areas: Vec<(&str, &Counts)> =
        areas.iter().filter_map(|(area, versions)| Some((*area, versions.get(&version)?))).collect();
    if areas.len() < 2 {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["area", "cases", "conform", "parity", "others"]);
    for (area, counts) in areas {
        let others = Counts::of(
            run.of_version(version)
                .filter(|case| case.id.area() == area && !case.status.conforms())
                .map(|case| case.status),
        );
        // Rounded down: 100 % is said of all alone.
        let percent = counts.conforming() * 100 / counts.total().max(1);
        let cells = [counts.total(), counts.conforming()].map(|count| count.to_string());
        let [cases, conforming] = cells;
        table.add_row([area.to_owned(), cases, conforming, format!("{percent} %"), counted(&others)]);
    }
    for column in 1..=3 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The counts that are not zero: `3 exact, 1 stale pin`.
pub fn counted(counts: &Counts) -> String {
    let some = counts.iter().filter(|(_, count)| *count > 0);
    some.map(|(status, count)| format!("{count} {}", status.name().replace('_', " "))).collect::<Vec<_>>().join(", ")
}
