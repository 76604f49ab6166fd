//! The known divergences: the notes that the matrix refers to, by the day on which they are to be looked at again.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::case::SparkMinor;
use crate::divergence::{Day, Kind};
use crate::run::Pin;

use super::super::model::versions_text;
use super::cases::CasePage;
use super::{plural, text};

/// A case, and the versions in which it diverges.
struct Noted<'a> {
    page: &'a CasePage<'a>,
    versions: Vec<SparkMinor>,
}

/// One reason why cases diverge, with the cases.
pub(super) struct Note<'a> {
    pub(super) number: usize,
    pub(super) pin: &'a Pin,
    cases: Vec<Noted<'a>>,
}

/// All notes, numbered in the order of their days.
pub(super) struct Notes<'a>(Vec<Note<'a>>);

impl<'a> Notes<'a> {
    /// The notes for all cases that have a pin, whether it holds or not.
    pub(super) fn of(pages: &'a [CasePage<'a>]) -> Self {
        let mut notes: BTreeMap<(Day, Kind, &str), (&Pin, Vec<Noted<'a>>)> = BTreeMap::new();
        for page in pages {
            for (group, pin) in page.groups.iter().filter_map(|group| Some((group, group.first.pin.as_ref()?))) {
                let key = (pin.review_by, pin.kind, pin.reason.as_str());
                let (_, cases) = notes.entry(key).or_insert((pin, Vec::new()));
                match cases.last_mut().filter(|noted| noted.page.id == page.id) {
                    Some(noted) => noted.versions.extend(&group.versions),
                    None => cases.push(Noted { page, versions: group.versions.clone() }),
                }
            }
        }
        let numbered = notes.into_values().enumerate();
        Self(numbered.map(|(index, (pin, cases))| Note { number: index + 1, pin, cases }).collect())
    }

    /// The numbers of the notes that concern an area and a version.
    pub(super) fn numbers(&self, area: &str, version: SparkMinor) -> Vec<usize> {
        let concerns = |note: &&Note<'_>| {
            note.cases.iter().any(|noted| noted.page.id.area() == area && noted.versions.contains(&version))
        };
        self.0.iter().filter(concerns).map(|note| note.number).collect()
    }
}

/// What a kind means.
fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Ours => "the candidate's own, to be mended",
        Kind::Upstream => "of a library that it stands on",
        Kind::Extension => "it accepts more than Spark does",
        Kind::Wont => "it will not follow Spark here",
    }
}

/// The section.
pub(super) fn section(notes: &Notes<'_>) -> Markup {
    html! {
        section #divergences aria-labelledby="divergences-heading" {
            h2 #divergences-heading { "Known divergences" }
            @if notes.0.is_empty() {
                p { "None: whatever is not exact or equivalent is listed above as a failure." }
            } @else {
                p.lead { "By the day on which each is to be looked at again. The numbers are those of the table above." }
                ol.notes {
                    @for note in &notes.0 {
                        li #(format!("note-{}", note.number)) value=(note.number) {
                            p.due {
                                span.number aria-hidden="true" { (note.number) }
                                time datetime=(note.pin.review_by) { "Review by " (note.pin.review_by) }
                                span.kind title=(meaning(note.pin.kind)) { (note.pin.kind) }
                                span.muted { (meaning(note.pin.kind)) }
                            }
                            p.reason { (text(&note.pin.reason)) }
                            details {
                                summary { (plural(note.cases.len(), "case", "cases")) }
                                ul {
                                    @for Noted { page, versions } in &note.cases {
                                        li {
                                            a href=(format!("#{}", page.anchor)) { (text(&page.id.to_string())) }
                                            " " span.muted { "Spark " (versions_text(versions)) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
