//! What one side answered, and both sides where they answered the same.

use maud::{Markup, html};
use seatrial_engine::types::DataType;

use crate::observation::{ErrorObservation, Observation, Value};

use super::super::difference::show_call;
use super::super::model::CaseResult;
use super::super::value;
use super::side_by_side;
use super::{plural, text};

/// How many rows are shown.
pub(super) const MOST_ROWS: usize = 60;

/// The golden and what the candidate answered: together where they are the same, else side by side.
pub(super) fn answers(result: &CaseResult, reference: &str, candidate: &str) -> Markup {
    match (&result.golden, result.answer()) {
        (Some(golden), Some(answer)) if result.differences.is_empty() => html! {
            (observation(golden, "Both answered"))
            // The same, but not to the letter: rows without an order may come in any.
            @if answer.rows != golden.rows { p.muted { "The rows came in another order, which does not count here." } }
        },
        (Some(golden), Some(answer)) => side_by_side::answers(result, golden, answer, reference, candidate),
        (Some(golden), None) => observation(golden, &format!("{reference} answered")),
        (None, Some(answer)) => observation(answer, &format!("{candidate} answered")),
        (None, None) => html! {},
    }
}

/// An answer as a whole.
pub(super) fn observation(observation: &Observation, caption: &str) -> Markup {
    html! {
        figure.observation {
            figcaption { (text(caption)) }
            @match (&observation.error, &observation.rows) {
                (Some(error), _) => (error_fields(error)),
                (None, Some(rows)) => (rows_table(observation, rows)),
                (None, None) => p.muted { "Neither rows nor an error." },
            }
            @if let Some(partitions) = observation.partitions { p.extra { (plural(usize::try_from(partitions).unwrap_or(usize::MAX), "partition", "partitions")) } }
            @if !observation.calls.is_empty() {
                p.extra { "The source saw these calls:" }
                ol.calls { @for call in &observation.calls { li { code { (text(show_call(call).trim_end())) } } } }
            }
        }
    }
}

/// The heads of an answer's columns.
pub(super) fn column_heads(observation: &Observation) -> Markup {
    let fields = observation.schema.as_ref().map(|schema| schema.fields.as_slice()).unwrap_or_default();
    html! {
        @for field in fields {
            th scope="col" class=[is_number(&field.data_type).then_some("num")] {
                (text(&field.name)) " "
                small { (text(&field.data_type.simple_string())) @if !field.nullable { " not null" } }
            }
        }
    }
}

fn rows_table(observation: &Observation, rows: &[Vec<Value>]) -> Markup {
    let columns = observation.schema.as_ref().map_or(0, |schema| schema.fields.len());
    html! {
        @if columns == 0 {
            p.extra { (plural(rows.len(), "row", "rows")) " without columns" }
        } @else {
            div.scroll tabindex="0" role="region" aria-label="Rows" {
                table.rows {
                    thead { tr { (column_heads(observation)) } }
                    tbody {
                        @for row in rows.iter().take(MOST_ROWS) { tr { @for cell in row { (value_cell(cell)) } } }
                        @if rows.is_empty() { tr { td.muted colspan=(columns) { "no rows" } } }
                    }
                }
            }
            @if let Some(more) = rows.len().checked_sub(MOST_ROWS).filter(|more| *more > 0) {
                p.extra { "… and " (plural(more, "more row", "more rows")) }
            }
        }
    }
}

/// Whether values of the type stand at the right.
fn is_number(data_type: &DataType) -> bool {
    use DataType::{Byte, Decimal, Double, Float, Integer, Long, Short};
    matches!(data_type, Byte | Short | Integer | Long | Float | Double | Decimal { .. })
}

/// A cell, aligned as its type asks.
pub(super) fn value_cell(cell: &Value) -> Markup {
    html! { td class=[class(cell)] { (text(&value::show(cell))) } }
}

/// Numbers stand at the right, and null is told from a text that says NULL.
pub(super) fn class(cell: &Value) -> Option<&'static str> {
    match cell {
        Value::Null => Some("null"),
        Value::Byte(_)
        | Value::Short(_)
        | Value::Integer(_)
        | Value::Long(_)
        | Value::Float(_)
        | Value::Double(_)
        | Value::Decimal { .. } => Some("num"),
        _ => None,
    }
}

/// An error's fields, those that it has.
pub(super) fn fields_of(error: &ErrorObservation) -> Vec<(String, String)> {
    let mut fields = vec![("exception".to_owned(), error.exception.clone()), ("phase".to_owned(), error.phase.clone())];
    let mut add = |name: String, text: Option<&String>| fields.extend(text.map(|text| (name, text.clone())));
    add("condition".to_owned(), error.condition.as_ref());
    add("SQLSTATE".to_owned(), error.sqlstate.as_ref());
    for (name, value) in &error.parameters {
        add(format!("parameter {}", value::quoted(name)), Some(value));
    }
    add("message".to_owned(), Some(&error.message));
    add("Python exception".to_owned(), error.python.as_ref().map(|python| &python.kind));
    add("Python exception's text".to_owned(), error.python.as_ref().map(|python| &python.message));
    add("inside the JVM".to_owned(), error.jvm.as_ref().map(|jvm| &jvm.root));
    fields
}

fn error_fields(error: &ErrorObservation) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Error" {
            table.fields { tbody {
                @for (name, value) in fields_of(error) { tr { th scope="row" { (text(&name)) } td { (text(value.trim_end())) } } }
            } }
        }
    }
}
