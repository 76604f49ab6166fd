//! The report for people: a block for every case that is not as it should be, then counts, then their ids again.

use crate::run::{Counts, Pin, Status};

use super::style::Style;
use super::{CaseResult, Sides, difference, shell_word};

/// The widest status; all are padded to it, so that ids stand in one column.
const STATUS_WIDTH: usize = 14;

/// The status and the id of a case, on one line without an end.
pub fn status_line(result: &CaseResult<'_>, style: Style) -> String {
    let name = format!("{:>STATUS_WIDTH$}", label(&result.status));
    let painted = match &result.status {
        Status::Exact | Status::Equivalent => style.good(&name),
        Status::Pinned(_) => style.note(&name),
        _ => style.bad(&name),
    };
    let time = match result.duration {
        zero if zero.is_zero() => "      ".to_owned(),
        duration => format!("{:5.1}s", duration.as_secs_f64()),
    };
    format!("{painted} {time} {}", result.case.id)
}

fn label(status: &Status) -> &'static str {
    match status {
        Status::Exact => "EXACT",
        Status::Equivalent => "EQUIVALENT",
        Status::Divergent(_) => "DIVERGENT",
        Status::Pinned(_) => "PINNED",
        Status::PinNeedless(_) => "PIN NEEDLESS",
        Status::PinChanged { .. } => "PIN CHANGED",
        Status::PinOverdue(_) => "PIN OVERDUE",
        Status::Unsupported(_) => "UNSUPPORTED",
        Status::Infrastructure(_) => "INFRASTRUCTURE",
        Status::GoldenStale => "GOLDEN STALE",
        Status::GoldenMissing => "GOLDEN MISSING",
    }
}

/// Everything a reader needs about a case that is not as it should be; empty for the others.
pub fn failure(result: &CaseResult<'_>, sides: &Sides, style: Style) -> String {
    let body = match explanation(result, sides, style) {
        Some(body) => body,
        None => return String::new(),
    };
    let location = &result.case.location;
    format!(
        "{} {}\n  {}:{}\n{}  {} {}\n",
        style.bad(label(&result.status)),
        style.strong(&result.case.id.to_string()),
        location.file.display(),
        location.line,
        body,
        "rerun:",
        result.rerun,
    )
}

/// What is wrong, as indented lines.
fn explanation(result: &CaseResult<'_>, sides: &Sides, style: Style) -> Option<String> {
    let Sides { reference, candidate } = sides;
    let record = || {
        let case = shell_word(&result.case.id.to_string());
        format!("seatrial record {case} --target {}", reference.replace(' ', ":"))
    };
    Some(match &result.status {
        Status::Exact | Status::Equivalent | Status::Pinned(_) => return None,
        Status::Divergent(comparison) => {
            let reasons: Vec<&str> = comparison.reasons().into_iter().map(|reason| reason.name()).collect();
            format!("  differs in: {}\n{}", reasons.join(", "), difference::show(comparison, sides, style))
        }
        Status::PinNeedless(pin) => format!(
            "  {candidate} now answers as {reference} does: remove the pin (see `seatrial unpin --help`)\n{}",
            pinned(pin)
        ),
        Status::PinChanged { pin, from_pinned, from_reference } => {
            let from = Sides { reference: "as pinned".to_owned(), candidate: format!("{candidate} now") };
            format!(
                "  {candidate} diverges in another way than was pinned; look at it, then pin it anew\n{}{}  and from {reference}:\n{}",
                pinned(pin),
                difference::show(from_pinned, &from, style),
                difference::show(from_reference, sides, style)
            )
        }
        Status::PinOverdue(pin) => {
            format!(
                "  this divergence was to be looked at again by {}; mend it, or pin it anew\n{}",
                pin.review_by,
                pinned(pin)
            )
        }
        Status::Unsupported(reason) => format!("  {candidate} does not support this: {}\n", indented(reason)),
        Status::Infrastructure(context) => {
            format!("  no answer, which says nothing about conformance: {}\n", indented(context))
        }
        Status::GoldenStale => {
            format!("  golden is stale: the case changed since {reference} was asked\n  record: {}\n", record())
        }
        Status::GoldenMissing => format!("  {reference} was never asked\n  record: {}\n", record()),
    })
}

fn pinned(pin: &Pin) -> String {
    format!("  pinned as {}: {} (review by {})\n", pin.kind, indented(&pin.reason), pin.review_by)
}

/// A text of several lines, the later ones indented below the first.
fn indented(text: &str) -> String {
    text.trim_end().lines().collect::<Vec<_>>().join("\n    ")
}

/// The end of a report: counts that add up, and every case that is not as it should be, once more.
pub fn summary(results: &[CaseResult<'_>], later: usize, sides: &Sides, style: Style) -> String {
    let counts = Counts::of(results.iter().map(|result| &result.status));
    let parts: Vec<String> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{count} {}", name.replace('_', " ")))
        .collect();
    let cases = if counts.total() == 1 { "case" } else { "cases" };
    let mut text = format!(
        "{} {cases} on {} against {}: {}\n",
        counts.total(),
        sides.candidate,
        sides.reference,
        style.strong(&parts.join(", "))
    );
    if later > 0 {
        text += &format!("{later} more need a later Spark and were left out\n");
    }
    for result in results.iter().filter(|result| !result.status.is_fine()) {
        text += &status_line(result, style);
        text.push('\n');
    }
    text
}
