//! The report for browsers: one page, without network, that opens from a CI artefact.
//!
//! The matrix, the divergences and every case are plain HTML and can be read without JavaScript; the script adds filters,
//! which it keeps in the address, search, copying and the choice of colours.

mod answer;
mod cases;
mod divergences;
mod matrix;
mod policy;
mod side_by_side;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::scoreboard::percent;

use super::baseline::Baseline;
use super::human;
use super::model::Run;
use super::value::visible;

use cases::CasePage;
use divergences::Notes;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The page.
pub fn render(run: &Run, baseline: Option<&Baseline>) -> String {
    let pages = CasePage::of_run(run);
    let notes = Notes::of(&pages);
    let title = format!("{} against PySpark {}", run.header.target, run.version_range());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(policy::of_script(SCRIPT));
                title { (visible(&title)) " – Seatrial" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#cases" { "Skip to the cases" }
                (head(run, &title))
                main {
                    (matrix::section(run, &notes, baseline))
                    (failures(&pages, run))
                    (divergences::section(&notes))
                    (asked(run))
                    (cases::section(&pages, run))
                }
                footer {
                    p {
                        "Made by seatrial " (run.header.seatrial) ". What is right was answered by real PySpark; "
                        "exact and equivalent answers conform."
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string() + "\n"
}

/// A text as it is; what a browser would obey or not show is written as an escape.
fn text(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

fn head(run: &Run, title: &str) -> Markup {
    let counts = run.counts();
    let failing = run.failures().count();
    let problems = run.header.problems.len();
    html! {
        header.top {
            div.brand {
                (mark())
                span { "Seatrial" }
                button.theme #theme type="button" hidden { "Colours: automatic" }
            }
            h1 { (text(title)) }
            @if failing + problems == 0 {
                p.outcome.good { span.sign aria-hidden="true" { "✓" } "As it should be: nothing diverges that is not known." }
            } @else {
                p.outcome.bad {
                    span.sign aria-hidden="true" { "✗" }
                    @if failing > 0 { (plural(failing, "answer is", "answers are")) " not as they should be." }
                    @if problems > 0 { " " (plural(problems, "problem", "problems")) " besides." }
                }
            }
            @if problems > 0 {
                ul.problems { @for problem in &run.header.problems { li { (text(problem)) } } }
            }
            dl.facts {
                div { dt { "Conform" } dd { strong { (percent(counts.conforming(), counts.total())) } } }
                div { dt { "Answers" } dd { (counts.total()) } }
                @if let Some(revision) = &run.header.revision {
                    div { dt { "Revision" } dd { code { (text(revision)) } } }
                }
                div { dt { "Run" } dd { time datetime=(run.header.started) { (readable_time(&run.header.started)) } } }
                div { dt { "Took" } dd { (readable_seconds(run.header.seconds)) } }
            }
            nav aria-label="Sections" {
                a href="#conformance" { "Conformance" }
                @if failing > 0 { a href="#failures" { "Failures" } }
                a href="#divergences" { "Known divergences" }
                a href="#asked" { "Versions" }
                a href="#cases" { "Cases" }
            }
        }
    }
}

/// A buoy, so that the page has a face.
fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false" {
            path d="M12 6h8l4 15H8z" fill="currentColor" {}
            path d="M10.6 11.5h10.8l1.3 5H9.3z" fill="var(--surface)" {}
            path d="M2 24c3 0 3 2.5 7 2.5S13 24 16 24s3 2.5 7 2.5S27 24 30 24" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round" {}
        }
    }
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn readable_time(time: &str) -> String {
    format!("{} UTC", text(time).trim_end_matches('Z').replacen('T', " ", 1))
}

fn readable_seconds(seconds: f64) -> String {
    if seconds < 60.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{:.0} min {:.0} s", (seconds / 60.0).floor(), seconds % 60.0)
    }
}

/// The cases that are not as they should be, with links to them.
fn failures(pages: &[CasePage<'_>], run: &Run) -> Markup {
    let failing: Vec<_> = pages
        .iter()
        .flat_map(|page| page.groups.iter().filter(|group| !group.first.status.is_fine()).map(move |g| (page, g)))
        .collect();
    html! {
        @if !failing.is_empty() {
            section #failures aria-labelledby="failures-heading" {
                h2 #failures-heading { "Not as it should be" }
                ul.failures {
                    @for (page, group) in &failing {
                        li {
                            (cases::badge(group, &page.versions(), run))
                            " " a href=(format!("#{}", page.anchor)) { (text(&page.id.to_string())) }
                            @let line = human::headline(group.first, &run.sides(group.first.spark));
                            p { (text(line.lines().next().unwrap_or_default())) }
                        }
                    }
                }
            }
        }
    }
}

/// The versions: what recorded the goldens, and who answered.
fn asked(run: &Run) -> Markup {
    let components = |versions: &std::collections::BTreeMap<String, String>, first: &str| {
        let mut names: Vec<&String> = versions.keys().collect();
        names.sort_by_key(|name| (name.as_str() != first, name.as_str()));
        names
            .iter()
            .filter_map(|name| versions.get(*name).map(|version| format!("{name} {version}")))
            .collect::<Vec<_>>()
    };
    let parts = |parts: &[String], mode: &str| {
        html! {
            ul.parts { @for part in parts { li { (text(part)) } } li { (text(mode)) } }
        }
    };
    html! {
        section #asked aria-labelledby="asked-heading" {
            h2 #asked-heading { "Who was asked" }
            div.scroll tabindex="0" role="region" aria-label="Versions" {
                table.plain {
                    thead { tr {
                        th scope="col" { "Spark" }
                        th scope="col" { "What is right was answered by" }
                        th scope="col" { "What is judged was answered by" }
                        th.number scope="col" { "Cases" }
                    } }
                    tbody {
                        @for version in &run.header.versions {
                            tr {
                                th scope="row" { (version.spark) }
                                td {
                                    @match &version.golden {
                                        Some(golden) => {
                                            (parts(&components(&golden.versions, "spark"), &golden.mode))
                                            @if let Some(image) = &golden.image { code.digest { (text(image)) } }
                                        }
                                        None => "nobody yet",
                                    }
                                }
                                td {
                                    @match &version.candidate {
                                        Some(candidate) => (parts(&components(&candidate.versions, &candidate.target), &candidate.mode)),
                                        None => "nobody: no case could be asked",
                                    }
                                }
                                td.number {
                                    (run.of_version(version.spark).count())
                                    @if version.later > 0 { small.muted { " and " (version.later) " that need a later Spark" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
