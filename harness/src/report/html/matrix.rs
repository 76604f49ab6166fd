//! Areas × Spark versions: how much conforms, what it changed to the baseline, and the notes on what does not.

use maud::{Markup, html};

use crate::case::SparkMinor;
use crate::run::{Counts, Status};
use crate::scoreboard::percent;

use super::super::baseline::{Baseline, Change};
use super::super::model::Run;
use super::cases::{sign, status_class, status_text};
use super::divergences::Notes;
use super::text;

/// The section with the counts and the table.
pub(super) fn section(run: &Run, notes: &Notes<'_>, baseline: Option<&Baseline>) -> Markup {
    let versions: Vec<SparkMinor> = run.versions().collect();
    let areas = run.areas();
    html! {
        section #conformance aria-labelledby="conformance-heading" {
            h2 #conformance-heading { "Conformance" }
            ul.tiles {
                @for (status, count) in run.counts().iter().filter(|(_, count)| *count > 0) {
                    li class=(status_class(status)) {
                        a href="#cases" data-verdict=(status.name()) {
                            span.count { (count) }
                            span.label { span.sign aria-hidden="true" { (sign(status)) } (status_text(status)) }
                        }
                    }
                }
            }
            div.scroll tabindex="0" role="region" aria-labelledby="matrix-caption" {
                table.matrix {
                    caption #matrix-caption {
                        "Answers that conform, of those asked for, by area and Spark version. "
                        @if baseline.is_some() { "± is the change to the baseline. " }
                        "Small numbers lead to the known divergences below."
                    }
                    thead { tr {
                        th scope="col" { "Area" }
                        @for version in &versions { th scope="col" { "Spark " (version) } }
                    } }
                    tbody {
                        @for (area, counts) in &areas {
                            tr {
                                th scope="row" { a href=(format!("#area-{area}")) data-area=(area) { (text(area)) } }
                                @for version in &versions {
                                    @match counts.get(version) {
                                        Some(counts) => {
                                            @let change = baseline.map(|baseline| baseline.change(area, *version, counts));
                                            (cell(counts, Some((area, *version, notes)), change))
                                        }
                                        None => td.none { span.muted { "–" } },
                                    }
                                }
                            }
                        }
                    }
                    @if areas.len() > 1 {
                        tfoot { tr {
                            th scope="row" { "All" }
                            @for version in &versions {
                                @let counts = Counts::of(run.of_version(*version).map(|case| case.status));
                                @let change = baseline.map(|baseline| baseline.total_change(*version, &counts));
                                (cell(&counts, None, change))
                            }
                        } }
                    }
                }
            }
        }
    }
}

/// What is to be said of a part of a run in a word.
fn standing(counts: &Counts) -> (&'static str, &'static str, &'static str) {
    let bad = counts.iter().any(|(status, count)| count > 0 && !status.is_fine());
    if bad {
        ("bad", "✗", "something is not as it should be")
    } else if counts.conforming() == counts.total() {
        ("good", "✓", "all conform")
    } else {
        ("note", "≠", "known divergences")
    }
}

fn cell(counts: &Counts, place: Option<(&str, SparkMinor, &Notes<'_>)>, change: Option<Change>) -> Markup {
    let (class, sign, meaning) = standing(counts);
    let share = percent(counts.conforming(), counts.total());
    let failing: usize = counts.iter().filter(|(status, _)| !status.is_fine()).map(|(_, count)| count).sum();
    let fraction = html! {
        span.sign aria-hidden="true" { (sign) } (counts.conforming()) span.of { " / " (counts.total()) }
        span.vh { " conform, " (meaning) }
    };
    html! {
        td class=(class) {
            div.figures {
                @match place {
                    Some((area, version, _)) => a.fraction href=(format!("#area-{area}")) data-area=(area) data-spark=(version) { (fraction) },
                    None => span.fraction { (fraction) },
                }
                @if let Some((area, version, notes)) = place {
                    @let numbers = notes.numbers(area, version);
                    @if !numbers.is_empty() {
                        sup.refs { @for (index, (label, first)) in ranges(&numbers).into_iter().enumerate() {
                            @if index > 0 { " " }
                            a href=(format!("#note-{first}")) aria-label=(format!("note {label}")) { (label) }
                        } }
                    }
                }
            }
            div.bar aria-hidden="true" {
                @for (class, part) in [("conform", counts.conforming()), ("pinned", counts.get(Status::Pinned)), ("failing", failing)] {
                    @if part > 0 { span class=(class) style=(width(part, counts.total())) {} }
                }
            }
            div.below {
                span { (share) }
                @if failing > 0 { a.failing href="#failures" { (failing) " failing" } }
                @if let Some(change) = change { span class=(change_class(change)) { (change) } }
            }
        }
    }
}

fn width(part: usize, whole: usize) -> String {
    // A part that is there is seen, however small.
    let share = (part * 1000).checked_div(whole).unwrap_or(0);
    format!("min-width:2px;width:{}.{}%", share / 10, share % 10)
}

fn change_class(change: Change) -> &'static str {
    match change {
        Change::New | Change::Conforming(0) => "change",
        Change::Conforming(more) if more > 0 => "change better",
        Change::Conforming(_) => "change worse",
    }
}

/// Numbers in a row as a range, with its first number: 1, 2, 3, 7 are `1–3` and `7`.
fn ranges(numbers: &[usize]) -> Vec<(String, usize)> {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let show = |(first, last): (usize, usize)| match last - first {
        0 => vec![(first.to_string(), first)],
        1 => vec![(first.to_string(), first), (last.to_string(), last)],
        _ => vec![(format!("{first}–{last}"), first)],
    };
    ranges.into_iter().flat_map(show).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_in_a_row_are_a_range() {
        let labels: Vec<String> = super::ranges(&[1, 2, 3, 7, 9, 10]).into_iter().map(|(label, _)| label).collect();
        assert_eq!(labels, ["1–3", "7", "9", "10"]);
    }
}
