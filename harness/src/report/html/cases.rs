//! The cases: by area and feature, each one folded up to a line that says how it stands.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use crate::case::{CaseId, SparkMinor};
use crate::run::{PinState, Status};

use super::super::difference;
use super::super::human;
use super::super::model::{CaseResult, Run, versions_text};
use super::answer::answers;
use super::side_by_side::differences;
use super::{plural, text};

/// A case with what came of it in all versions.
pub(super) struct CasePage<'a> {
    pub(super) id: &'a CaseId,
    /// The case's place in the page.
    pub(super) anchor: String,
    /// Versions in which the same came of it stand together.
    pub(super) groups: Vec<Group<'a>>,
}

/// Versions in which the same came of a case.
pub(super) struct Group<'a> {
    pub(super) first: &'a CaseResult,
    pub(super) versions: Vec<SparkMinor>,
}

impl<'a> CasePage<'a> {
    /// The cases of a run, in the order of their ids.
    pub(super) fn of_run(run: &'a Run) -> Vec<Self> {
        let mut results: BTreeMap<&CaseId, Vec<&CaseResult>> = BTreeMap::new();
        for case in &run.cases {
            results.entry(&case.id).or_default().push(case);
        }
        let mut anchors = BTreeSet::new();
        let page = |(id, results): (&'a CaseId, Vec<&'a CaseResult>)| Self {
            id,
            anchor: anchor(id, &mut anchors),
            groups: groups(&results),
        };
        results.into_iter().map(page).collect()
    }

    /// How the case stands: versions in which it stands the same are together, whatever was answered.
    fn standings(&self) -> Vec<Group<'a>> {
        let mut standings: Vec<Group<'a>> = Vec::new();
        for group in &self.groups {
            let label = human::label(group.first);
            match standings.iter_mut().find(|other| human::label(other.first) == label) {
                Some(other) => other.versions.extend(&group.versions),
                None => standings.push(Group { first: group.first, versions: group.versions.clone() }),
            }
        }
        for standing in &mut standings {
            standing.versions.sort_unstable();
        }
        standings
    }

    /// The line of the case in its file.
    fn line(&self) -> usize {
        self.groups.first().map_or(0, |group| group.first.line)
    }

    /// All versions that the case was judged for.
    pub(super) fn versions(&self) -> Vec<SparkMinor> {
        let mut versions: Vec<SparkMinor> = self.groups.iter().flat_map(|group| group.versions.clone()).collect();
        versions.sort_unstable();
        versions
    }
}

fn groups<'a>(results: &[&'a CaseResult]) -> Vec<Group<'a>> {
    let same = |left: &CaseResult, right: &CaseResult| {
        (left.status, &left.golden, &left.actual, &left.pin, &left.message)
            == (right.status, &right.golden, &right.actual, &right.pin, &right.message)
    };
    let mut groups: Vec<Group<'_>> = Vec::new();
    for result in results.iter().copied() {
        match groups.iter_mut().find(|group| same(group.first, result)) {
            Some(group) => group.versions.push(result.spark),
            None => groups.push(Group { first: result, versions: vec![result.spark] }),
        }
    }
    groups
}

/// A name for a case that may stand in an address; unique among those that were taken.
fn anchor(id: &CaseId, taken: &mut BTreeSet<String>) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "/_.:-".contains(c) { c } else { '-' };
    let base: String = id.to_string().chars().map(plain).collect();
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    let free = std::iter::once(base.clone()).chain(numbered).find(|anchor| !taken.contains(anchor)).unwrap_or(base);
    taken.insert(free.clone());
    free
}

pub(super) fn status_text(status: Status) -> String {
    status.name().replace('_', " ")
}

/// The class that colours a status.
pub(super) fn status_class(status: Status) -> &'static str {
    match status {
        Status::Exact | Status::Equivalent => "good",
        Status::Pinned => "note",
        Status::Infrastructure => "grey",
        _ => "bad",
    }
}

/// The sign that says the same without colour.
pub(super) fn sign(status: Status) -> &'static str {
    match status {
        Status::Exact => "✓",
        Status::Equivalent => "≈",
        Status::Pinned => "≠",
        Status::Infrastructure => "?",
        _ => "✗",
    }
}

/// How a case stands in some versions, small.
pub(super) fn badge(group: &Group<'_>, all: &[SparkMinor], run: &Run) -> Markup {
    let status = group.first.status;
    let label = human::label(group.first).to_lowercase();
    html! {
        span class=(format!("badge {}", status_class(status))) {
            span.sign aria-hidden="true" { (sign(status)) } (label)
            @if run.header.versions.len() > 1 && group.versions != all {
                " " small { (versions_text(&group.versions)) }
            }
        }
    }
}

/// The section with the filters and all cases.
pub(super) fn section(pages: &[CasePage<'_>], run: &Run) -> Markup {
    let mut areas: BTreeMap<&str, BTreeMap<&str, Vec<&CasePage<'_>>>> = BTreeMap::new();
    for page in pages {
        areas.entry(page.id.area()).or_default().entry(page.id.topic()).or_default().push(page);
    }
    // As they stand in their file, which is how they are to be read.
    for pages in areas.values_mut().flat_map(BTreeMap::values_mut) {
        pages.sort_by_key(|page| page.line());
    }
    html! {
        section #cases aria-labelledby="cases-heading" {
            h2 #cases-heading { "Cases" }
            (filters(&areas.keys().copied().collect::<Vec<_>>(), run, pages.len()))
            @for (area, topics) in &areas {
                section.area #(format!("area-{area}")) data-area=(area) {
                    h3 { (text(area)) " " small.muted { (plural(topics.values().map(Vec::len).sum(), "case", "cases")) } }
                    @for (topic, pages) in topics {
                        div.topic {
                            @let feature = pages.iter().find_map(|page| page.groups.first()).map(|group| group.first.feature.as_str());
                            h4 { (text(feature.unwrap_or_default())) " " code.muted { (text(topic)) } }
                            @for page in pages { (case(page, run)) }
                        }
                    }
                }
            }
            p #nothing hidden { "No case is as the filters say." }
        }
    }
}

/// The filters; they need the script, which shows them.
fn filters(areas: &[&str], run: &Run, count: usize) -> Markup {
    let statuses = run.counts();
    let kinds: BTreeSet<&str> =
        run.cases.iter().filter_map(|case| case.pin.as_ref()).map(|pin| pin.kind.name()).collect();
    html! {
        form #filters role="search" aria-label="Filter the cases" hidden {
            label.wide { span { "Search" } input #q type="search" name="q" placeholder="name, feature, behaviour, query …" autocomplete="off" spellcheck="false"; }
            label { span { "Area" } select name="area" {
                option value="" { "all" }
                @for area in areas { option value=(area) { (text(area)) } }
            } }
            label { span { "Spark" } select name="spark" {
                option value="" { "all" }
                @for version in run.versions() { option value=(version) { (version) } }
            } }
            label { span { "Verdict" } select name="verdict" {
                option value="" { "all" }
                option value="not-exact" { "not exact" }
                option value="failing" { "failing" }
                @for (status, _) in statuses.iter().filter(|(_, count)| *count > 0) {
                    option value=(status.name()) { (status_text(status)) }
                }
            } }
            @if !kinds.is_empty() {
                label { span { "Kind" } select name="kind" {
                    option value="" { "all" }
                    @for kind in kinds { option value=(kind) { (kind) } }
                } }
            }
            div.actions {
                button type="button" #unfold { "Unfold" }
                button type="button" #reset { "Reset" }
            }
            output #shown aria-live="polite" { (plural(count, "case", "cases")) }
        }
    }
}

/// One case.
fn case(page: &CasePage<'_>, run: &Run) -> Markup {
    let Some(first) = page.groups.first().map(|group| group.first) else { return html! {} };
    let versions = page.versions();
    // For the script: each version with its verdict, and the kind of its pin.
    let standings: Vec<String> = page
        .groups
        .iter()
        .flat_map(|group| group.versions.iter().map(move |version| (version, group.first)))
        .map(|(version, result)| {
            let kind = result.pin.as_ref().map(|pin| pin.kind.name()).unwrap_or_default();
            format!("{version}={}={kind}", result.status.name())
        })
        .collect();
    html! {
        details.case #(page.anchor) data-r=(standings.join(" ")) data-covers=[(!first.covers.is_empty()).then(|| first.covers.join(" "))] {
            summary {
                span.name { (text(page.id.name())) }
                span.badges { @for group in &page.standings() { (badge(group, &versions, run)) } }
            }
            div.body {
                @if let Some(about) = &first.about { p.about { (text(about.trim())) } }
                p.meta {
                    code { (text(&first.file)) ":" (first.line) }
                    @if first.since > SparkMinor::new(4, 0) { span { "since Spark " (first.since) } }
                    @for behaviour in &first.covers { span.chip { (text(behaviour)) } }
                }
                (scenario(first))
                @for group in &page.groups { (came_of(group, run)) }
                (command("Reproduce on plain PySpark", &first.repro))
            }
        }
    }
}

fn scenario(case: &CaseResult) -> Markup {
    html! {
        @if !case.scenario.python.is_empty() { pre.code data-lang="python" tabindex="0" { code { (text(&case.scenario.python)) } } }
        @if !case.scenario.yaml.is_empty() { pre.code data-lang="yaml" tabindex="0" { code { (text(&case.scenario.yaml)) } } }
    }
}

/// A command; the script adds a button that copies it when the case is unfolded.
fn command(what: &str, command: &str) -> Markup {
    html! {
        @if !command.is_empty() {
            div.command {
                span { (what) }
                code { (text(command)) }
            }
        }
    }
}

/// What came of a case in some versions.
fn came_of(group: &Group<'_>, run: &Run) -> Markup {
    let result = group.first;
    let sides = run.sides(result.spark);
    let reference = format!("Spark {}", versions_text(&group.versions));
    html! {
        section.answer {
            h5 { (reference) " " (badge(group, &group.versions, run)) }
            // What a divergent answer differs in stands below, for pinned ones too.
            @if !result.status.is_fine() && result.status != Status::Divergent {
                p.wrong { (text(&human::headline(result, &sides))) }
            }
            @if result.status == Status::Equivalent {
                p.muted { "Spark fails inside its JVM without saying what is wrong; the candidate fails too, with a clear error." }
            }
            @if let Some(pin) = &result.pin {
                p.pin {
                    strong { "Pinned as " (pin.kind) ":" } " " (text(&pin.reason)) " "
                    span.muted { "Review by " time datetime=(pin.review_by) { (pin.review_by) } "." }
                }
                @if pin.state == PinState::Changed && !pin.from_pinned.is_empty() {
                    details.from-pinned {
                        summary { "What differs from the pinned answer" }
                        (differences(&pin.from_pinned, "as pinned", "now"))
                    }
                }
            }
            @if !result.reasons.is_empty() {
                p.reasons {
                    @if result.status == Status::Equivalent { "Disregarded: " } @else { "Differs in: " }
                    @for (index, reason) in result.reasons.iter().enumerate() {
                        @if index > 0 { ", " } strong { (reason) }
                    }
                }
            }
            (answers(result, &reference, &run.header.target))
            @if let Some(record) = human::record_command(result, &sides) { (command("Record", &record)) }
            (command("Run again", &result.rerun))
        }
    }
}

/// A heading of the difference tree, for the tables beside it.
pub(super) fn schema_place(difference: &crate::compare::SchemaDifference) -> String {
    difference::schema_heading(difference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_plain_and_unique() {
        let mut taken = BTreeSet::new();
        let names = ["a <b>", "a (b)", "a-b-"];
        let anchors = names.map(|name| anchor(&CaseId::new("read/x", name), &mut taken));
        assert_eq!(anchors, ["read/x::a--b-", "read/x::a--b--2", "read/x::a-b-"]);
    }
}
