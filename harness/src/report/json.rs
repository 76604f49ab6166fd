//! The report for programs: JSON lines, a `header`, a `case` for each, a `footer`. Format 1.

use serde_json::{Value, json};

use crate::run::{Counts, Pin, Status};
use crate::target::Identity;

use super::style::Style;
use super::{CaseResult, Sides, difference};

/// The version of this format.
pub const FORMAT: u32 = 1;

/// The first line.
pub fn header(target: &str, identity: Option<&Identity>, spark: &str, cases: usize, later: usize) -> Value {
    json!({
        "kind": "header",
        "format": FORMAT,
        "target": target,
        "identity": identity,
        "spark": spark,
        "cases": cases,
        "later": later,
    })
}

/// A line for a case.
pub fn case(result: &CaseResult<'_>, sides: &Sides) -> Value {
    let comparison = match &result.status {
        Status::Divergent(comparison) | Status::PinChanged { from_reference: comparison, .. } => Some(comparison),
        _ => None,
    };
    let reasons: Vec<&str> = comparison
        .map(|comparison| comparison.reasons().into_iter().map(|reason| reason.name()).collect())
        .unwrap_or_default();
    let message = match &result.status {
        Status::Unsupported(reason) => Some(reason.clone()),
        Status::Infrastructure(context) => Some(context.clone()),
        _ => comparison.map(|comparison| difference::show(comparison, sides, Style::PLAIN)),
    };
    let pin = match &result.status {
        Status::Pinned(pin) => Some((pin, "holds")),
        Status::PinNeedless(pin) => Some((pin, "needless")),
        Status::PinChanged { pin, .. } => Some((pin, "changed")),
        Status::PinOverdue(pin) => Some((pin, "overdue")),
        _ => None,
    };
    json!({
        "kind": "case",
        "id": result.case.id.to_string(),
        "verdict": result.status.name(),
        "reasons": reasons,
        "pin": pin.map(|(pin, state)| pin_value(pin, state)),
        "message": message,
        "file": result.case.location.file,
        "line": result.case.location.line,
        "seconds": result.duration.as_secs_f64(),
        "rerun": result.rerun,
    })
}

fn pin_value(pin: &Pin, state: &str) -> Value {
    json!({"kind": pin.kind.name(), "reason": pin.reason, "review_by": pin.review_by.to_string(), "state": state})
}

/// The last line: every case counts under exactly one verdict.
pub fn footer(results: &[CaseResult<'_>], exit_code: u8) -> Value {
    let counts = Counts::of(results.iter().map(|result| &result.status));
    let mut footer = json!({"kind": "footer", "cases": counts.total()});
    for (name, count) in counts.iter() {
        footer[name] = count.into();
    }
    footer["exit_code"] = exit_code.into();
    footer
}
