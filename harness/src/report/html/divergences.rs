//! The known divergences: the notes that the matrix refers to, by the day on which they are to be looked at again.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::case::SparkMinor;
use crate::divergence::{Day, Kind};
use crate::run::Pin;

use super::cases::{CasePage, Group, versions_text};
use super::{plural, text};

/// A case, and the versions in which it diverges.
type Noted<'a> = (&'a CasePage<'a>, &'a Group<'a>);

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
        let mut notes: BTreeMap<(Day, Kind, &str), Vec<Noted<'a>>> = BTreeMap::new();
        for page in pages {
            for group in &page.groups {
                if let Some(pin) = &group.first.pin {
                    notes.entry((pin.review_by, pin.kind, &pin.reason)).or_default().push((page, group));
                }
            }
        }
        let note = |(index, cases): (usize, Vec<Noted<'a>>)| {
            let pin = cases.first().and_then(|(_, group)| group.first.pin.as_ref())?;
            Some(Note { number: index + 1, pin, cases })
        };
        Self(notes.into_values().enumerate().filter_map(note).collect())
    }

    /// The numbers of the notes that concern an area and a version.
    pub(super) fn numbers(&self, area: &str, version: SparkMinor) -> Vec<usize> {
        let concerns = |note: &&Note<'_>| {
            note.cases.iter().any(|(page, group)| page.id.area() == area && group.versions.contains(&version))
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
                                    @for (page, group) in &note.cases {
                                        li {
                                            a href=(format!("#{}", page.anchor)) { (text(&page.id.to_string())) }
                                            " " span.muted { (versions_text(&group.versions)) }
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
