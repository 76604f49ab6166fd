//! `seatrial list`: the cases, for people and for programs.

use serde_json::json;

use super::arguments::{ListFormat, ListOptions, ProjectOptions, SideOption};
use super::context::{self, Loaded};
use super::exit::Exit;
use crate::case::{Behaviour, Case, Suite};
use crate::scoreboard::Coverage;

/// Runs the command.
pub(crate) fn run(project: &ProjectOptions, options: &ListOptions) -> anyhow::Result<Exit> {
    let Loaded { suite, selection, broken, .. } = context::load(project, &options.selection)?;
    let cases = selection.pick_all(&suite);
    if options.uncovered {
        let uncovered = Uncovered::of(&suite, &cases, options.side.unwrap_or(SideOption::Read));
        context::print(&uncovered.text(options.format))?;
        eprintln!("{}", uncovered.coverage);
        return Ok(if broken { Exit::Usage } else { Exit::Ok });
    }
    let text = match options.format {
        ListFormat::Human => human(&cases),
        ListFormat::Json => cases.iter().map(|case| format!("{}\n", line(case))).collect(),
    };
    context::print(&text)?;
    Ok(match (broken, cases.is_empty()) {
        (true, _) => Exit::Usage,
        (false, true) => Exit::NothingSelected,
        (false, false) => Exit::Ok,
    })
}

/// The behaviours without a case.
struct Uncovered<'a> {
    behaviours: Vec<&'a Behaviour>,
    coverage: Coverage,
}

impl<'a> Uncovered<'a> {
    fn of(suite: &'a Suite, cases: &[&Case], side: SideOption) -> Self {
        let coverage = Coverage::of(&suite.behaviours, cases.iter().copied(), |other| side.holds(other));
        let covered = |id: &String| cases.iter().any(|case| case.covers.contains(id));
        let of_side = suite.behaviours.iter().filter(|behaviour| side.holds(behaviour.side));
        Self { behaviours: of_side.filter(|behaviour| !covered(&behaviour.id)).collect(), coverage }
    }

    fn text(&self, format: ListFormat) -> String {
        let width = self.behaviours.iter().map(|behaviour| behaviour.id.len()).max().unwrap_or(0);
        let line = |behaviour: &&Behaviour| match format {
            ListFormat::Human => format!("{:width$}  {}\n", behaviour.id, behaviour.text),
            ListFormat::Json => {
                let value = json!({
                    "id": behaviour.id,
                    "side": behaviour.side.name(),
                    "chapter": behaviour.chapter,
                    "since": behaviour.since.to_string(),
                    "behaviour": behaviour.text,
                });
                format!("{value}\n")
            }
        };
        self.behaviours.iter().map(line).collect()
    }
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
