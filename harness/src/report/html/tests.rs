//! The page as a parser sees it: what is there, that names are unique, that links lead somewhere, that nothing breaks out.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;

use scraper::{ElementRef, Html, Selector};

use super::*;
use crate::report::json;
use crate::report::testing::{self, HOSTILE};
use crate::run::Status;

fn page(run: &Run) -> Html {
    Html::parse_document(&render(run, None))
}

fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    page.select(&Selector::parse(selector).unwrap()).collect()
}

fn text_of(element: &ElementRef<'_>) -> String {
    element.text().collect::<String>()
}

#[test]
fn the_page_is_well_formed_html() {
    let html = page(&testing::run());
    // Nonce-like noise aside, a parser has nothing to complain about.
    assert_eq!(html.errors, Vec::<std::borrow::Cow<'_, str>>::new());
}

#[test]
fn names_are_unique_and_links_lead_somewhere() {
    let html = page(&testing::run());
    let mut ids = BTreeSet::new();
    for element in all(&html, "[id]") {
        let id = element.attr("id").unwrap();
        assert!(!id.contains(char::is_whitespace), "{id}");
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
    }
    let links = all(&html, "a[href]");
    assert!(links.len() > 30);
    for link in links {
        let target = link.attr("href").unwrap().strip_prefix('#').unwrap();
        assert!(ids.contains(target), "nothing is named {target}");
    }
    for element in all(&html, "[aria-labelledby]") {
        assert!(ids.contains(element.attr("aria-labelledby").unwrap()));
    }
}

#[test]
fn nothing_is_fetched_and_nothing_breaks_out() {
    let run = testing::run();
    let text = render(&run, None);
    let html = Html::parse_document(&text);
    assert_eq!(all(&html, "script").len(), 1);
    assert_eq!(text_of(&all(&html, "script")[0]), SCRIPT);
    assert!(all(&html, "[src], link:not([rel=icon]), iframe, object, embed, img").is_empty());
    assert!(all(&html, "b").is_empty(), "a case's markup is shown, not obeyed");
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!text.contains(|c| control(c) || ('\u{202a}'..='\u{202e}').contains(&c)));
    let shown = HOSTILE.replace('\u{202e}', "\\u{202e}");
    assert!(all(&html, ".case .name").iter().any(|name| text_of(name) == shown));
    assert!(all(&html, "pre code").iter().any(|code| text_of(code).contains(&shown)));
}

#[test]
fn every_case_is_there_with_its_versions() {
    let run = testing::run();
    let html = page(&run);
    let ids: BTreeSet<_> = run.cases.iter().map(|case| &case.id).collect();
    assert_eq!(all(&html, "details.case").len(), ids.len());
    let results: usize =
        all(&html, "details.case").iter().map(|case| case.attr("data-r").unwrap().split(' ').count()).sum();
    assert_eq!(results, run.cases.len());
    // Each of the commands is there to be copied.
    let commands: Vec<String> = all(&html, ".command code").iter().map(text_of).collect();
    for case in &run.cases {
        assert!(commands.contains(&super::text(&case.repro)), "{}", case.repro);
    }
}

#[test]
fn the_matrix_has_a_note_for_what_is_known_and_a_link_for_what_is_not() {
    let run = testing::run();
    let html = page(&run);
    assert_eq!(all(&html, ".matrix thead th[scope=col]").len(), 3);
    let heads: Vec<String> = all(&html, ".matrix tbody th[scope=row]").iter().map(text_of).collect();
    assert_eq!(heads, ["read", "types"]);
    assert!(!all(&html, ".matrix .refs a[href='#note-1']").is_empty());
    assert!(!all(&html, ".matrix a.failing").is_empty());
    let days: Vec<_> =
        all(&html, ".notes > li time").iter().map(|time| time.attr("datetime").unwrap().to_owned()).collect();
    assert!(days.is_sorted() && days.len() == 2, "{days:?}");
    let failing = run.failures().map(|case| (&case.id, case.status)).collect::<BTreeSet<_>>().len();
    assert_eq!(all(&html, "ul.failures li").len(), failing);
}

#[test]
fn differing_cells_and_fields_are_marked() {
    let html = page(&testing::run());
    let marks: Vec<String> = all(&html, ".rows.pair td mark").iter().map(text_of).collect();
    assert!(marks.contains(&"\"b\"".to_owned()) && marks.contains(&"\"B\"".to_owned()), "{marks:?}");
    let differing: BTreeSet<String> = all(&html, ".fields.pair tr.differs > th").iter().map(text_of).collect();
    for field in ["≠ differs: exception", "≠ differs: condition", "≠ differs: message", "≠ differs: partitions"]
    {
        assert!(differing.contains(field), "{differing:?}");
    }
    assert!(!all(&html, "tr.missing").is_empty() && !all(&html, "tr.unexpected").is_empty());
}

#[test]
fn a_run_without_failures_says_so() {
    let mut run = testing::run();
    run.cases.retain(|case| case.status == Status::Exact);
    run.header.problems.clear();
    let html = page(&run);
    assert_eq!((all(&html, ".outcome.good").len(), all(&html, "#failures").len()), (1, 0));
}

#[test]
fn a_stored_run_makes_the_same_page() {
    let run = testing::run();
    let stored = json::read(&json::render(&run).unwrap()).unwrap();
    assert_eq!(stored, run);
    assert_eq!(render(&stored, None), render(&run, None));
}
