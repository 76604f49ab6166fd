//! `seatrial list`: the cases, for people and for programs.

use serde_json::json;

use super::arguments::{Format, ListOptions, ProjectOptions};
use super::context::{self, Loaded};
use super::exit::Exit;
use crate::case::Case;

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &ListOptions) -> anyhow::Result<Exit> {
    let Loaded { suite, selection, broken, .. } = context::load(project, &options.selection)?;
    let cases = selection.pick_all(&suite);
    let text = match options.format {
        Format::Human => human(&cases),
        Format::Json => cases.iter().map(|case| format!("{}\n", line(case))).collect(),
    };
    context::print(&text)?;
    Ok(match (broken, cases.is_empty()) {
        (true, _) => Exit::Usage,
        (false, true) => Exit::NothingSelected,
        (false, false) => Exit::Ok,
    })
}

fn human(cases: &[&Case]) -> String {
    let mut text = String::new();
    let mut topic = "";
    for case in cases {
        if case.id.topic() != topic {
            if !topic.is_empty() {
                text.push('\n');
            }
            topic = case.id.topic();
            text += &format!("{topic}: {}\n", case.feature);
        }
        text += &format!("  {}", case.id.name());
        if case.since > crate::case::SparkMinor::new(4, 0) {
            text += &format!(" (since {})", case.since);
        }
        if !case.covers.is_empty() {
            text += &format!(" [{}]", case.covers.join(", "));
        }
        text.push('\n');
    }
    text
}

fn line(case: &Case) -> serde_json::Value {
    json!({
        "id": case.id.to_string(),
        "covers": case.covers,
        "since": case.since.to_string(),
        "feature": case.feature,
        "about": case.about,
        "form": if case.declarative { "source" } else { "python" },
        "file": case.location.file,
        "line": case.location.line,
    })
}
