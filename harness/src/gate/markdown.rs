//! The gate's report for a pull request or the summary of a CI job: the verdict first, then what regressed, details folded.
//!
//! GitHub takes 65,536 characters for a comment; what does not fit is counted instead of shown.

use std::fmt::Write;

use super::human::{cells, course, versions};
use super::{Change, Class, Finding, Gate};

/// What a report may hold in bytes, less some room for its end.
const LARGEST: usize = 60_000;
/// The longest difference of one case.
const LONGEST_DIFFERENCE: usize = 4_000;

/// How case files are linked to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Links {
    /// `https://github.com/owner/name/blob/<commit>/`, and the project's folder in the repository; nothing without links.
    pub base: Option<String>,
}

impl Links {
    /// A case's id, linked to its line where that can be.
    fn case(&self, finding: &Finding) -> String {
        let id = code(&finding.id.to_string());
        match (&self.base, &finding.place) {
            (Some(base), Some((_, line))) => {
                format!("[{id}]({base}cases/{}.yaml#L{line})", escaped_path(finding.id.topic()))
            }
            _ => id,
        }
    }
}

/// The report.
pub fn render(gate: &Gate, links: &Links) -> String {
    let mut page = Page { text: String::new(), left_out: 0 };
    let passes = gate.passes();
    let verdict = if passes { "✅ Gate passed" } else { "❌ Gate failed" };
    page.always(&format!("## {verdict}: {}\n\n", inline(&gate.headline())));
    page.always(&format!("{} compared with {}.\n\n", code(&gate.target), inline(&gate.baseline)));
    page.always("| Spark | cases | conform | | pinned |\n|---|---:|---:|---:|---:|\n");
    for row in cells(gate) {
        page.always(&format!("| {} |\n", row.join(" | ")));
    }
    for caveat in &gate.caveats {
        page.always(&format!("\n> ⚠️ Of the baseline: {}\n", inline(caveat)));
    }
    for change in Change::ALL.into_iter().filter(|change| change.class() != Class::Note) {
        failing(&mut page, gate, change, links);
    }
    losses(&mut page, gate);
    for change in Change::ALL.into_iter().filter(|change| change.class() == Class::Note) {
        let findings: Vec<&Finding> = gate.of_change(change).collect();
        folded(&mut page, change.title(), change.meaning(), &findings, |finding| line(finding, links));
    }
    folded(
        &mut page,
        "Behaviours newly covered",
        "A case shows them now, and none did at the baseline.",
        &gate.gained_behaviours.iter().collect::<Vec<_>>(),
        |id| code(id),
    );
    if page.left_out > 0 {
        let more = format!("\n… and {} lines more, which `seatrial gate` prints.\n", page.left_out);
        page.always(&more);
    }
    page.text
}

struct Page {
    text: String,
    left_out: usize,
}

impl Page {
    fn always(&mut self, text: &str) {
        self.text += text;
    }

    /// Adds what fits; false if it was left out.
    fn fits(&mut self, text: &str) -> bool {
        let fits = self.text.len() + text.len() <= LARGEST;
        if fits {
            self.text += text;
        } else {
            self.left_out += 1;
        }
        fits
    }
}

fn failing(page: &mut Page, gate: &Gate, change: Change, links: &Links) {
    let findings: Vec<&Finding> = gate.of_change(change).collect();
    let Some(first) = findings.first() else { return };
    let accepted = if gate.fails(first) { "" } else { ", accepted by `--allow-lost`" };
    page.always(&format!("\n### {} ({}{accepted})\n\n{}\n\n", change.title(), findings.len(), change.meaning()));
    for finding in findings {
        page.fits(&format!("- {}\n{}", line(finding, links), details(finding)));
    }
}

/// What is gone besides cases, and what failed besides answers.
fn losses(page: &mut Page, gate: &Gate) {
    let accepted = if gate.allow_lost { ", accepted by `--allow-lost`" } else { "" };
    for spark in &gate.lost_versions {
        page.always(&format!("\n### Spark {spark} is not recorded any more{accepted}\n"));
    }
    if !gate.shrunken.is_empty() {
        page.always(&format!("\n### Fewer cases{accepted}\n\n"));
        for (area, spark, then, now) in &gate.shrunken {
            page.fits(&format!("- {} on Spark {spark}: {then} → {now}\n", code(area)));
        }
    }
    if !gate.lost_behaviours.is_empty() {
        page.always(&format!("\n### Behaviours uncovered ({}{accepted})\n\n", gate.lost_behaviours.len()));
        for behaviour in &gate.lost_behaviours {
            let gone = if behaviour.indexed { "" } else { ", no longer in `cases/BEHAVIOURS.md`" };
            page.fits(&format!("- {}{gone}\n", code(&behaviour.id)));
        }
    }
    if !gate.pins_of_nothing.is_empty() {
        page.always("\n### Pins of no case\n\n");
        for id in &gate.pins_of_nothing {
            page.fits(&format!("- {}: remove the pin with `seatrial unpin`\n", code(id)));
        }
    }
    for fault in &gate.faults {
        page.always(&format!("\n> ❌ {}\n", inline(fault)));
    }
}

fn folded<T>(page: &mut Page, title: &str, meaning: &str, items: &[T], line: impl Fn(&T) -> String) {
    if items.is_empty() {
        return;
    }
    page.always(&format!("\n<details><summary>{title} ({})</summary>\n\n{meaning}\n\n", items.len()));
    for item in items {
        page.fits(&format!("- {}\n", line(item)));
    }
    page.always("\n</details>\n");
}

fn line(finding: &Finding, links: &Links) -> String {
    let mut line = format!("{} ({})", links.case(finding), versions(&finding.versions));
    if let Some(old) = &finding.renamed_from {
        let _ = write!(line, ", was {}", code(&old.to_string()));
    }
    if !matches!(finding.change, Change::New | Change::Renamed) {
        let _ = write!(line, ": {}", course(finding));
    }
    if finding.edited {
        line += ", the case itself was changed";
    }
    if !finding.reason.is_empty() {
        let _ = write!(line, ": {}", inline(&finding.reason));
    }
    line
}

/// What differs and how to see it again, folded below the case's line.
fn details(finding: &Finding) -> String {
    let rerun = if finding.rerun.is_empty() { String::new() } else { format!("  {}\n", code(&finding.rerun)) };
    if finding.difference.is_empty() {
        return rerun;
    }
    let mut shown = String::new();
    let mut lines = finding.difference.lines();
    for line in lines.by_ref() {
        if shown.len() + line.len() > LONGEST_DIFFERENCE {
            break;
        }
        // GitHub colours lines by their first character.
        let unindented = line.trim_start();
        let marked = if unindented.starts_with(['-', '+']) { unindented } else { line };
        let _ = writeln!(shown, "  {marked}");
    }
    let more = lines.count();
    if more > 0 {
        let _ = writeln!(shown, "  … {} lines more", more + 1);
    }
    let fence = fence_for(&shown);
    format!("{rerun}  <details><summary>what differs</summary>\n\n  {fence}diff\n{shown}  {fence}\n  </details>\n\n")
}

/// More backticks than the text has in a row.
fn fence_for(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

/// Text as code.
fn code(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let fence = "`".repeat(text.split(|c| c != '`').map(str::len).max().unwrap_or(0) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Prose of others on one line, in which nothing is markup but code.
fn inline(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown = String::new();
    let mut in_code = false;
    for c in text.chars() {
        match c {
            '`' => {
                in_code = !in_code;
                shown.push(c);
            }
            c if in_code => shown.push(c),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '*' | '_' | '[' | ']' | '|' | '#' | '\\' | '~' => {
                shown.push('\\');
                shown.push(c);
            }
            c => shown.push(c),
        }
    }
    shown
}

/// A path as a part of an address.
fn escaped_path(path: &str) -> String {
    let mut escaped = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte))
            }
            byte => {
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
    }
    escaped
}
