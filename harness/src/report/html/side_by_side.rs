//! The golden and the candidate's answer beside each other: rows aligned, errors field by field, calls line by line, and
//! whatever the difference tree names marked.

use std::collections::BTreeMap;

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

use crate::compare::{ChangedRow, Difference, RowsDifference};
use crate::observation::{Call, ErrorObservation, Observation, Value};

use super::super::difference::{error_field, outcome, show_call};
use super::super::model::CaseResult;
use super::super::value::{show, show_pair};
use super::answer::{MOST_ROWS, class, column_heads, fields_of, observation, value_cell};
use super::cases::schema_place;
use super::{plural, text};

/// Both answers.
pub(super) fn answers(
    result: &CaseResult,
    golden: &Observation,
    answer: &Observation,
    reference: &str,
    candidate: &str,
) -> Markup {
    let body = match (&golden.error, &answer.error, &golden.rows, &answer.rows) {
        (Some(left), Some(right), ..) => errors(result, left, right, reference, candidate),
        (None, None, Some(left), Some(right)) => {
            let of_rows = result.differences.iter().find_map(|difference| match difference {
                Difference::Rows(rows) => Some(rows),
                _ => None,
            });
            html! {
                (schema(result, reference, candidate))
                (rows(of_rows, (golden, left), (answer, right), reference, candidate))
            }
        }
        _ => {
            // The calls are compared below; here is what came of it.
            let alone = |side: &Observation| Observation { calls: Vec::new(), ..side.clone() };
            html! {
                div.sides {
                    (observation(&alone(golden), &format!("{reference} answered")))
                    (observation(&alone(answer), &format!("{candidate} answered")))
                }
            }
        }
    };
    html! {
        (body)
        @if golden.partitions != answer.partitions { (pairs(&[("partitions".to_owned(), number(golden.partitions), number(answer.partitions))], reference, candidate)) }
        (calls(result, &golden.calls, &answer.calls, reference, candidate))
    }
}

/// Differences without the answers that they are of.
pub(super) fn differences(differences: &[Difference], reference: &str, candidate: &str) -> Markup {
    let mut fields: Vec<(String, Option<String>, Option<String>)> = Vec::new();
    for difference in differences {
        match difference {
            Difference::Outcome { reference, candidate } => {
                fields.push(("outcome".to_owned(), Some(outcome(reference)), Some(outcome(candidate))));
            }
            Difference::Schema(schema) => {
                fields.push((schema_place(schema), schema.reference.clone(), schema.candidate.clone()));
            }
            Difference::Error(error) => {
                fields.push((error_field(&error.field), error.reference.clone(), error.candidate.clone()));
            }
            Difference::Partitions { reference, candidate } => {
                fields.push(("partitions".to_owned(), number(*reference), number(*candidate)));
            }
            Difference::Calls(calls) => {
                let lines = |calls: &[Call]| Some(calls.iter().map(show_call).collect::<String>());
                let name = if calls.call.is_empty() {
                    "order of calls".to_owned()
                } else {
                    format!("calls of {}", calls.call)
                };
                fields.push((name, lines(&calls.reference), lines(&calls.candidate)));
            }
            Difference::Rows(rows) => {
                let row = |row: &[Value]| Some(super::super::value::show_row(row));
                for ChangedRow { reference, candidate, .. } in rows.changed.iter().take(MOST_ROWS) {
                    fields.push(("row".to_owned(), row(reference), row(candidate)));
                }
                fields
                    .extend(rows.missing.iter().take(MOST_ROWS).map(|missing| ("row".to_owned(), row(missing), None)));
                fields.extend(rows.unexpected.iter().take(MOST_ROWS).map(|more| ("row".to_owned(), None, row(more))));
                if rows.reordered_at.is_some() {
                    fields.push(("order of rows".to_owned(), None, Some("another".to_owned())));
                }
            }
        }
    }
    pairs(&fields, reference, candidate)
}

fn number(count: Option<u64>) -> Option<String> {
    count.map(|count| count.to_string())
}

/// A table of fields that differ.
fn pairs(fields: &[(String, Option<String>, Option<String>)], reference: &str, candidate: &str) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="What differs" {
            table.fields.pair {
                thead { tr { td {} th scope="col" { (text(reference)) } th scope="col" { (text(candidate)) } } }
                tbody { @for (name, left, right) in fields { (field(name, left.as_deref(), right.as_deref(), true)) } }
            }
        }
    }
}

fn field(name: &str, left: Option<&str>, right: Option<&str>, differs: bool) -> Markup {
    let none = || html! { span.muted { "none" } };
    let (left, right) = match (left, right) {
        (Some(left), Some(right)) if differs => marked(left.trim_end(), right.trim_end()),
        (left, right) => {
            let side = |side: Option<&str>| match side {
                Some(side) if differs => html! { mark { (text(side.trim_end())) } },
                Some(side) => html! { (text(side.trim_end())) },
                None => none(),
            };
            (side(left), side(right))
        }
    };
    html! {
        tr class=[differs.then_some("differs")] {
            th scope="row" { @if differs { span.sign { "≠" } span.vh { " differs: " } } (text(name)) }
            td { (left) } td { (right) }
        }
    }
}

/// Both texts with the words marked that they do not share; all of them, where they share next to nothing.
fn marked(left: &str, right: &str) -> (Markup, Markup) {
    let diff = TextDiff::from_words(left, right);
    let changes: Vec<(ChangeTag, &str)> =
        diff.iter_all_changes().map(|change| (change.tag(), change.value())).collect();
    let shared: usize =
        changes.iter().filter(|(tag, _)| *tag == ChangeTag::Equal).map(|(_, word)| word.trim().len()).sum();
    if shared * 3 < left.len().max(right.len()) {
        return (html! { mark { (text(left)) } }, html! { mark { (text(right)) } });
    }
    let side = |own: ChangeTag| {
        // Neighbours are joined, so that a passage is one mark.
        let mut runs: Vec<(bool, String)> = Vec::new();
        for (tag, word) in changes.iter().filter(|(tag, _)| *tag == own || *tag == ChangeTag::Equal) {
            match runs.last_mut() {
                Some((changed, run)) if *changed == (*tag == own) => run.push_str(word),
                _ => runs.push((*tag == own, (*word).to_owned())),
            }
        }
        html! { @for (changed, run) in &runs { @if *changed { mark { (text(run)) } } @else { (text(run)) } } }
    };
    (side(ChangeTag::Delete), side(ChangeTag::Insert))
}

/// Both errors, field by field: those that the tree names are marked.
fn errors(
    result: &CaseResult,
    golden: &ErrorObservation,
    answer: &ErrorObservation,
    reference: &str,
    candidate: &str,
) -> Markup {
    let named: Vec<String> = result
        .differences
        .iter()
        .filter_map(|difference| match difference {
            Difference::Error(error) => Some(error_field(&error.field)),
            _ => None,
        })
        .collect();
    let (left, right) = (fields_of(golden), fields_of(answer));
    let mut names: Vec<&String> = left.iter().map(|(name, _)| name).collect();
    names.extend(right.iter().map(|(name, _)| name).filter(|name| !left.iter().any(|(other, _)| other == *name)));
    let find = |fields: &[(String, String)], name: &str| {
        fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    html! {
        (schema(result, reference, candidate))
        div.scroll tabindex="0" role="region" aria-label="Errors, field by field" {
            table.fields.pair {
                thead { tr { td {} th scope="col" { (text(reference)) } th scope="col" { (text(candidate)) } } }
                tbody {
                    @for name in names {
                        (field(name, find(&left, name).as_deref(), find(&right, name).as_deref(), named.contains(name)))
                    }
                }
            }
        }
    }
}

/// What differs in the schemas; nothing where they are the same.
fn schema(result: &CaseResult, reference: &str, candidate: &str) -> Markup {
    let fields: Vec<_> = result
        .differences
        .iter()
        .filter_map(|difference| match difference {
            Difference::Schema(schema) => {
                Some((schema_place(schema), schema.reference.clone(), schema.candidate.clone()))
            }
            _ => None,
        })
        .collect();
    html! { @if !fields.is_empty() { (pairs(&fields, reference, candidate)) } }
}

/// One line of the two tables of rows.
enum Line<'a> {
    Same(&'a [Value], &'a [Value]),
    Changed(&'a ChangedRow),
    Moved(&'a [Value], &'a [Value]),
    Missing(&'a [Value]),
    Unexpected(&'a [Value]),
}

/// Both sides' rows in lines: those that belong together stand in one.
fn lines<'a>(
    difference: Option<&'a RowsDifference>,
    golden: &'a [Vec<Value>],
    answer: &'a [Vec<Value>],
) -> Vec<Line<'a>> {
    let Some(difference) = difference else {
        return golden.iter().map(|row| Line::Same(row, row)).collect();
    };
    if let Some(from) = difference.reordered_at {
        let both = golden.iter().zip(answer).enumerate();
        return both.map(|(i, (l, r))| if i < from || l == r { Line::Same(l, r) } else { Line::Moved(l, r) }).collect();
    }
    // Of equal rows the last ones are those that the tree names, so the rows are gone through from the end.
    let mut changed: BTreeMap<&[Value], Vec<&ChangedRow>> = BTreeMap::new();
    for row in &difference.changed {
        changed.entry(&row.reference).or_default().push(row);
    }
    let mut missing: BTreeMap<&[Value], usize> = BTreeMap::new();
    for row in &difference.missing {
        *missing.entry(row).or_default() += 1;
    }
    let mut lines: Vec<Line<'_>> = golden
        .iter()
        .rev()
        .map(|row| {
            if let Some(pair) = changed.get_mut(row.as_slice()).and_then(Vec::pop) {
                return Line::Changed(pair);
            }
            match missing.get_mut(row.as_slice()) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    Line::Missing(row)
                }
                _ => Line::Same(row, row),
            }
        })
        .collect();
    lines.reverse();
    lines.extend(difference.unexpected.iter().map(|row| Line::Unexpected(row)));
    lines
}

fn rows(
    difference: Option<&RowsDifference>,
    (golden, left): (&Observation, &[Vec<Value>]),
    (answer, right): (&Observation, &[Vec<Value>]),
    reference: &str,
    candidate: &str,
) -> Markup {
    let width = |side: &Observation| side.schema.as_ref().map_or(0, |schema| schema.fields.len());
    let (left_width, right_width) = (width(golden), width(answer));
    let lines = lines(difference, left, right);
    if left_width == 0 || right_width == 0 {
        return html! { p.extra { (plural(left.len(), "row", "rows")) " and " (plural(right.len(), "row", "rows")) } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Rows of both sides" {
            table.rows.pair {
                thead {
                    tr {
                        td {}
                        th.side scope="colgroup" colspan=(left_width) { (text(reference)) }
                        th.side.right scope="colgroup" colspan=(right_width) { (text(candidate)) }
                    }
                    tr { td {} (column_heads(golden)) (column_heads(answer)) }
                }
                tbody {
                    @for line in lines.iter().take(MOST_ROWS) {
                        @match line {
                            Line::Same(left, right) => tr { (note("", "the same")) (cells(left)) (cells(right)) },
                            Line::Moved(left, right) => tr.differs { (note("↕", "another order")) (cells(left)) (cells(right)) },
                            Line::Missing(row) => tr.missing { (note("−", "missing")) (cells(row)) (absent(right_width, "missing")) },
                            Line::Unexpected(row) => tr.unexpected { (note("+", "unexpected")) (absent(left_width, "")) (cells(row)) },
                            Line::Changed(row) => tr.differs { (note("≠", "differs")) (changed_cells(row)) },
                        }
                    }
                }
            }
        }
        @if let Some(more) = lines.len().checked_sub(MOST_ROWS).filter(|more| *more > 0) {
            p.extra { "… and " (plural(more, "more row", "more rows")) }
        }
    }
}

fn note(sign: &str, meaning: &str) -> Markup {
    html! { th.sign scope="row" { span aria-hidden="true" { (sign) } span.vh { (meaning) } } }
}

fn cells(row: &[Value]) -> Markup {
    html! { @for cell in row { (value_cell(cell)) } }
}

fn absent(width: usize, what: &str) -> Markup {
    html! { td.absent colspan=(width) { (what) } }
}

fn changed_cells(row: &ChangedRow) -> Markup {
    let side = |own: &[Value], other: &[Value], is_left: bool| {
        html! {
            @for (index, cell) in own.iter().enumerate() {
                @match other.get(index).filter(|_| row.cells.contains(&index)) {
                    Some(other) => {
                        @let (left, right) = if is_left { show_pair(cell, other) } else { show_pair(other, cell) };
                        td class=[class(cell)] { mark { (text(if is_left { &left } else { &right })) } }
                    }
                    None => td class=[class(cell)] { (text(&show(cell))) },
                }
            }
        }
    };
    html! { (side(&row.reference, &row.candidate, true)) (side(&row.candidate, &row.reference, false)) }
}

/// Both sides' calls, line by line; nothing where there are none.
fn calls(result: &CaseResult, golden: &[Call], answer: &[Call], reference: &str, candidate: &str) -> Markup {
    if golden.is_empty() && answer.is_empty() {
        return html! {};
    }
    let differs = result.differences.iter().any(|difference| matches!(difference, Difference::Calls(_)));
    let text_of = |calls: &[Call]| calls.iter().map(show_call).collect::<String>();
    let (left, right) = (text_of(golden), text_of(answer));
    if !differs {
        return html! {
            p.extra { "On both sides the source saw these calls:" }
            ol.calls { @for call in golden { li { code { (text(show_call(call).trim_end())) } } } }
        };
    }
    let (left, right): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
    html! {
        div.scroll tabindex="0" role="region" aria-label="Calls that the sources saw" {
            table.rows.pair.calls-pair {
                caption { "The calls that the source saw" }
                thead { tr { td {} th scope="col" { (text(reference)) } th scope="col" { (text(candidate)) } } }
                tbody { @for (left, right) in aligned(&left, &right) { (call_line(left, right)) } }
            }
        }
    }
}

/// Lines that belong together: the same ones, and those that stand in each other's place.
fn aligned<'a>(left: &[&'a str], right: &[&'a str]) -> Vec<(Option<&'a str>, Option<&'a str>)> {
    let diff = TextDiff::from_slices(left, right);
    let mut lines = Vec::new();
    for operation in diff.ops() {
        let (old, new) = (operation.old_range(), operation.new_range());
        for index in 0..old.len().max(new.len()) {
            let own = |lines: &[&'a str], range: &std::ops::Range<usize>| {
                range.clone().nth(index).and_then(|line| lines.get(line).copied())
            };
            lines.push((own(left, &old), own(right, &new)));
        }
    }
    lines
}

fn call_line(left: Option<&str>, right: Option<&str>) -> Markup {
    match (left, right) {
        (Some(left), Some(right)) if left == right => {
            html! { tr { (note("", "the same")) td { (text(left)) } td { (text(right)) } } }
        }
        (Some(left), Some(right)) => {
            let (left, right) = marked(left, right);
            html! { tr.differs { (note("≠", "differs")) td { (left) } td { (right) } } }
        }
        (Some(left), None) => {
            html! { tr.missing { (note("−", "missing")) td { mark { (text(left)) } } td.absent { "missing" } } }
        }
        (None, Some(right)) => {
            html! { tr.unexpected { (note("+", "unexpected")) td.absent {} td { mark { (text(right)) } } } }
        }
        (None, None) => html! {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_beside_what_they_replace() {
        let lines = aligned(&["a", "b", "c", "e"], &["a", "B", "c", "d", "e"]);
        let expected = [
            (Some("a"), Some("a")),
            (Some("b"), Some("B")),
            (Some("c"), Some("c")),
            (None, Some("d")),
            (Some("e"), Some("e")),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn words_that_differ_are_marked() {
        let (left, right) = marked("the answer is <one>", "the answer is <two>");
        assert_eq!(left.into_string(), "the answer is <mark>&lt;one&gt;</mark>");
        assert_eq!(right.into_string(), "the answer is <mark>&lt;two&gt;</mark>");
    }

    #[test]
    fn of_equal_rows_one_may_be_missing() {
        let row = |id: i32| vec![Value::Integer(id)];
        let golden = [row(1), row(1), row(2)];
        let difference =
            RowsDifference { missing: vec![row(1)], unexpected: vec![row(3)], ..RowsDifference::default() };
        let answer = [row(1), row(2), row(3)];
        let shown: String = lines(Some(&difference), &golden, &answer)
            .iter()
            .map(|line| match line {
                Line::Same(..) => '=',
                Line::Changed(_) => '~',
                Line::Moved(..) => 'm',
                Line::Missing(_) => '-',
                Line::Unexpected(_) => '+',
            })
            .collect();
        assert_eq!(shown, "=-=+");
    }
}
