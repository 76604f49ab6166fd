//! The report for the summary of a CI job: counts, a table of areas, and each failure with its difference.
//!
//! GitHub takes at most 1 MiB; what does not fit is counted instead of shown.

use std::fmt::Write;

use crate::case::SparkMinor;
use crate::run::{Counts, PinState, Status};
use crate::scoreboard::percent;

use super::baseline::Baseline;
use super::human;
use super::model::{CaseResult, Run};
use super::style::Style;
use super::value::visible;

/// What a summary may hold, less some room for the end.
const LARGEST: usize = 1024 * 1024 - 4096;
/// The most lines of a difference.
const MOST_LINES: usize = 120;

/// The run as Markdown.
pub fn render(run: &Run, baseline: Option<&Baseline>) -> String {
    let mut text = String::new();
    let counts = run.counts();
    let fine = run.failures().next().is_none() && run.header.problems.is_empty();
    let _ = writeln!(
        text,
        "## {} {} against Spark {}\n",
        if fine { "✅" } else { "❌" },
        inline(&run.header.target),
        run.version_range()
    );
    let _ = writeln!(
        text,
        "**{}** of {} answers conform: {}.\n",
        percent(counts.conforming(), counts.total()),
        counts.total(),
        human::counted(&counts)
    );
    for problem in &run.header.problems {
        let _ = writeln!(text, "- ⚠️ {}", inline(problem));
    }
    if !run.header.problems.is_empty() {
        text.push('\n');
    }
    areas(&mut text, run, baseline);
    failures(&mut text, run);
    reviews(&mut text, run);
    let revision = run.header.revision.as_ref().map(|revision| format!(", revision `{revision}`")).unwrap_or_default();
    let _ = writeln!(text, "\n<sub>seatrial {}{revision}, {}</sub>", run.header.seatrial, run.header.started);
    text
}

/// Areas × versions: conforming of all, and the change.
fn areas(text: &mut String, run: &Run, baseline: Option<&Baseline>) {
    let versions: Vec<SparkMinor> = run.versions().collect();
    let heads: String = versions.iter().map(|version| format!(" Spark {version} |")).collect();
    let _ = writeln!(text, "| area |{heads}\n|---|{}", "---:|".repeat(versions.len()));
    for (area, counts) in run.areas() {
        let cell = |version: &SparkMinor| match counts.get(version) {
            None => " – |".to_owned(),
            Some(counts) => {
                let change = baseline.map(|baseline| baseline.change(area, *version, counts));
                format!(" {} |", standing(counts, change.map(|change| change.to_string())))
            }
        };
        let _ = writeln!(text, "| {} |{}", inline(area), versions.iter().map(cell).collect::<String>());
    }
    let total = |version: &SparkMinor| {
        let counts = Counts::of(run.of_version(*version).map(|case| case.status));
        let change = baseline.map(|baseline| baseline.total_change(*version, &counts).to_string());
        format!(" **{}** |", standing(&counts, change))
    };
    let _ = writeln!(text, "| **all** |{}", versions.iter().map(total).collect::<String>());
}

fn standing(counts: &Counts, change: Option<String>) -> String {
    let bad: usize = counts.iter().filter(|(status, _)| !status.is_fine()).map(|(_, count)| count).sum();
    let mark = if bad > 0 { format!(" ❌ {bad}") } else { String::new() };
    let change = change.map(|change| format!(" ({change})")).unwrap_or_default();
    format!("{}/{}{change}{mark}", counts.conforming(), counts.total())
}

fn failures(text: &mut String, run: &Run) {
    let failures: Vec<&CaseResult> = run.failures().collect();
    if failures.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n### Not as it should be\n");
    for (index, case) in failures.iter().enumerate() {
        let block = failure(case, run);
        if text.len() + block.len() > LARGEST {
            let _ = writeln!(text, "\n… and {} more, for which there is no room here.", failures.len() - index);
            break;
        }
        *text += &block;
    }
}

fn failure(case: &CaseResult, run: &Run) -> String {
    let sides = run.sides(case.spark);
    let version = if run.header.versions.len() > 1 { format!(" (Spark {})", case.spark) } else { String::new() };
    let shown = human::failure(case, &sides, Style::PLAIN);
    // A line that was taken away or added is coloured where its sign begins the line.
    let at_margin = |line: &'_ str| match line.strip_prefix("    ") {
        Some(change) if change.starts_with(['-', '+']) => change.to_owned(),
        _ => line.to_owned(),
    };
    let mut lines: Vec<String> = shown.lines().skip(1).take(MOST_LINES).map(at_margin).collect();
    if shown.lines().count() > MOST_LINES + 1 {
        lines.push("  …".to_owned());
    }
    let body = lines.join("\n");
    // A fence is longer than any in what it holds.
    let longest = body.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!(
        "<details><summary><b>{}</b> <code>{}</code>{version}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n",
        human::label(case),
        html(&case.id.to_string()),
    )
}

/// The pins, by the day on which they are to be looked at again.
fn reviews(text: &mut String, run: &Run) {
    let mut pins: Vec<_> = run
        .cases
        .iter()
        .filter(|case| case.status == Status::Pinned)
        .filter_map(|case| case.pin.as_ref().filter(|pin| pin.state == PinState::Holds).map(|pin| (pin, &case.id)))
        .map(|(pin, id)| (pin.review_by, pin.kind, pin.reason.as_str(), id))
        .collect();
    pins.sort();
    pins.dedup();
    if pins.is_empty() || text.len() > LARGEST / 2 {
        return;
    }
    let _ = writeln!(text, "\n<details><summary>{} known divergences</summary>\n", pins.len());
    let _ = writeln!(text, "| review by | kind | case | reason |\n|---|---|---|---|");
    for (index, (review_by, kind, reason, id)) in pins.iter().enumerate() {
        let row = format!("| {review_by} | {kind} | {} | {} |\n", inline(&id.to_string()), inline(reason));
        if text.len() + row.len() > LARGEST {
            let _ = writeln!(text, "\n… and {} more.", pins.len() - index);
            break;
        }
        *text += &row;
    }
    let _ = writeln!(text, "\n</details>");
}

/// A text in a line of Markdown, shown as it is.
fn inline(text: &str) -> String {
    let mut shown = String::new();
    for c in visible(&text.replace(['\n', '\r'], " ")).chars() {
        match c {
            '&' => shown += "&amp;",
            '<' => shown += "&lt;",
            '>' => shown += "&gt;",
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '$' | '@' => {
                shown.push('\\');
                shown.push(c);
            }
            c => shown.push(c),
        }
    }
    shown
}

/// A text inside an HTML element.
fn html(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing;

    #[test]
    fn a_summary_has_counts_areas_failures_and_reviews() {
        insta::assert_snapshot!(render(&testing::run(), None));
    }

    #[test]
    fn a_summary_fits_what_github_takes() {
        let mut run = testing::run();
        let failing: Vec<CaseResult> = run.failures().cloned().collect();
        let more = failing.iter().cycle().take(6000).cloned().map(|mut case| {
            case.message = Some("x".repeat(1000));
            case
        });
        run.cases.extend(more);
        let text = render(&run, None);
        assert!(text.len() < 1024 * 1024, "{}", text.len());
        assert!(text.contains("more, for which there is no room here."));
    }
}
