//! Annotations for GitHub Actions: a line on stdout for each case that is not as it should be, which GitHub shows at the
//! case's line in its file.
//!
//! GitHub shows ten errors a step, so the report for people stays the place to read.

use crate::run::Status;

use super::human;
use super::model::{CaseResult, Run};
use super::style::Style;
use super::value::visible;

/// The most lines of an explanation.
const MOST_LINES: usize = 30;

/// The annotations, each with its end; empty when all is well.
pub fn render(run: &Run) -> String {
    let problems = run.header.problems.iter().map(|problem| format!("::error title=seatrial::{}\n", data(problem)));
    problems.chain(run.failures().map(|case| annotation(case, run))).collect()
}

fn annotation(case: &CaseResult, run: &Run) -> String {
    let sides = run.sides(case.spark);
    // What says nothing about conformance is a warning: the job fails by its exit code.
    let level = if case.status == Status::Infrastructure { "warning" } else { "error" };
    let title = format!("{} {} (spark {})", human::label(case), case.id, case.spark);
    let explanation = human::explanation(case, &sides, Style::PLAIN);
    let mut lines: Vec<&str> = explanation.lines().take(MOST_LINES).collect();
    if explanation.lines().count() > MOST_LINES {
        lines.push("  …");
    }
    let rerun = format!("  rerun: {}", case.rerun);
    lines.push(&rerun);
    format!(
        "::{level} file={},line={},title={}::{}\n",
        property(&case.file),
        case.line,
        property(&title),
        data(&lines.join("\n"))
    )
}

/// A message: it may not end its line, and a percent sign begins an escape. What would not be seen is shown.
fn data(text: &str) -> String {
    text.replace('%', "%25").split('\n').map(visible).collect::<Vec<_>>().join("%0A")
}

/// A property: it may not end itself either.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::report::testing;

    #[rstest]
    #[case("a: 100 %, b\nc", "a: 100 %25, b%0Ac", "a%3A 100 %25%2C b%0Ac")]
    #[case("a\rb\u{202e}", "a\\rb\\u{202e}", "a\\rb\\u{202e}")]
    #[case("%0A", "%250A", "%250A")]
    fn texts_are_escaped(#[case] text: &str, #[case] as_data: &str, #[case] as_property: &str) {
        assert_eq!((data(text), property(text)), (as_data.to_owned(), as_property.to_owned()));
    }

    #[test]
    fn every_annotation_is_one_line_at_the_case() {
        let run = testing::run();
        let text = render(&run);
        assert_eq!(text.lines().count(), run.failures().count() + run.header.problems.len());
        insta::assert_snapshot!(text);
    }
}
