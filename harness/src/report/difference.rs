//! Shows the difference tree: field by field, `-` what is right, `+` what was answered, nothing that is the same.

use similar::{ChangeTag, TextDiff};

use crate::compare::{
    CallsDifference, ChangedRow, Difference, ErrorDifference, ErrorField, Outcome, RowsDifference, SchemaDifference,
    SchemaDifferenceKind,
};
use crate::observation::{Call, Value};

use super::Sides;
use super::style::Style;
use super::value::{quoted, show_pair, show_row, visible};

/// How many rows of a kind are shown.
const SHOWN_ROWS: usize = 10;

/// The differences as lines, each with its indentation and its end. Empty when there are none.
pub fn show(differences: &[Difference], sides: &Sides, style: Style) -> String {
    if differences.is_empty() {
        return String::new();
    }
    format!("{}{}", legend(sides, style), show_without_legend(differences, style))
}

/// Says which side `-` and `+` are.
pub fn legend(sides: &Sides, style: Style) -> String {
    format!("  {} {}   {} {}\n", style.bad("-"), sides.reference, style.good("+"), sides.candidate)
}

/// The same as [`show`], where the sides were named before.
pub fn show_without_legend(differences: &[Difference], style: Style) -> String {
    let mut page = Page { text: String::new(), style };
    for difference in differences {
        match difference {
            Difference::Outcome { reference, candidate } => {
                page.pair("outcome", Some(&outcome(reference)), Some(&outcome(candidate)));
            }
            Difference::Schema(difference) => page.schema(difference),
            Difference::Rows(difference) => page.rows(difference),
            Difference::Error(difference) => page.error(difference),
            Difference::Calls(difference) => page.calls(difference),
            Difference::Partitions { reference, candidate } => {
                let text = |count: &Option<u64>| count.map(|count| count.to_string());
                page.pair("partitions", text(reference).as_deref(), text(candidate).as_deref());
            }
        }
    }
    page.text
}

struct Page {
    text: String,
    style: Style,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text += line.trim_end();
        self.text.push('\n');
    }

    fn heading(&mut self, heading: &str) {
        let heading = self.style.strong(heading);
        self.line(&format!("  {heading}"));
    }

    fn right(&mut self, line: &str) {
        let line = self.style.bad(&format!("- {line}"));
        self.line(&format!("    {line}"));
    }

    fn answered(&mut self, line: &str) {
        let line = self.style.good(&format!("+ {line}"));
        self.line(&format!("    {line}"));
    }

    fn same(&mut self, line: &str) {
        self.line(&format!("      {line}"));
    }

    fn pair(&mut self, heading: &str, reference: Option<&str>, candidate: Option<&str>) {
        self.heading(heading);
        self.right(&visible(reference.unwrap_or("(none)")));
        self.answered(&visible(candidate.unwrap_or("(none)")));
    }

    fn schema(&mut self, difference: &SchemaDifference) {
        let heading = schema_heading(difference);
        self.pair(&heading, difference.reference.as_deref(), difference.candidate.as_deref());
    }

    fn rows(&mut self, difference: &RowsDifference) {
        self.heading(&format!("rows ({})", difference.columns.join(", ")));
        if let Some(index) = difference.reordered_at {
            self.same(&format!("the same rows in another order, from row {} on", index + 1));
        }
        for ChangedRow { reference, candidate, cells } in difference.changed.iter().take(SHOWN_ROWS) {
            let (right, answered) = show_changed(reference, candidate, cells);
            self.right(&right);
            let names: Vec<&str> =
                cells.iter().filter_map(|cell| difference.columns.get(*cell)).map(String::as_str).collect();
            self.answered(&format!("{answered}   ← {}", names.join(", ")));
        }
        self.more(difference.changed.len(), "pairs of rows");
        for row in difference.missing.iter().take(SHOWN_ROWS) {
            self.right(&format!("{}   ← missing", show_row(row)));
        }
        self.more(difference.missing.len(), "missing rows");
        for row in difference.unexpected.iter().take(SHOWN_ROWS) {
            self.answered(&format!("{}   ← unexpected", show_row(row)));
        }
        self.more(difference.unexpected.len(), "unexpected rows");
    }

    fn more(&mut self, count: usize, what: &str) {
        if let Some(hidden) = count.checked_sub(SHOWN_ROWS).filter(|hidden| *hidden > 0) {
            self.same(&format!("… and {hidden} more {what}"));
        }
    }

    fn error(&mut self, difference: &ErrorDifference) {
        let heading = format!("error: {}", error_field(&difference.field));
        match (&difference.reference, &difference.candidate) {
            (Some(reference), Some(candidate)) if reference.contains('\n') || candidate.contains('\n') => {
                self.heading(&heading);
                self.lines(reference, candidate);
            }
            (reference, candidate) => self.pair(&heading, reference.as_deref(), candidate.as_deref()),
        }
    }

    fn calls(&mut self, difference: &CallsDifference) {
        match difference.call.as_str() {
            "" => self.heading("calls (order)"),
            call => self.heading(&format!("calls of {call}")),
        }
        let text = |calls: &[Call]| calls.iter().map(show_call).collect::<String>();
        self.lines(&text(&difference.reference), &text(&difference.candidate));
    }

    /// The lines that differ, with those around them.
    fn lines(&mut self, reference: &str, candidate: &str) {
        let diff = TextDiff::from_lines(reference, candidate);
        let groups = diff.grouped_ops(2);
        for (index, group) in groups.iter().enumerate() {
            if index > 0 {
                self.same("…");
            }
            for change in group.iter().flat_map(|operation| diff.iter_changes(operation)) {
                let line = visible(change.value().trim_end_matches('\n'));
                match change.tag() {
                    ChangeTag::Equal => self.same(&line),
                    ChangeTag::Delete => self.right(&line),
                    ChangeTag::Insert => self.answered(&line),
                }
            }
        }
    }
}

/// What of the schema differs, and where.
pub fn schema_heading(difference: &SchemaDifference) -> String {
    let what = match difference.kind {
        SchemaDifferenceKind::Presence | SchemaDifferenceKind::Field => "",
        SchemaDifferenceKind::Name => " (name)",
        SchemaDifferenceKind::Type => " (type)",
        SchemaDifferenceKind::Nullability => " (nullability)",
        SchemaDifferenceKind::Metadata => " (metadata)",
    };
    let place = if difference.path.is_empty() { String::new() } else { format!(" of {}", difference.path) };
    format!("schema{place}{what}")
}

/// The name of a field of an error.
pub fn error_field(field: &ErrorField) -> String {
    match field {
        ErrorField::Phase => "phase".to_owned(),
        ErrorField::Exception => "exception".to_owned(),
        ErrorField::Condition => "condition".to_owned(),
        ErrorField::Sqlstate => "SQLSTATE".to_owned(),
        ErrorField::Parameter(name) => format!("parameter {}", quoted(name)),
        ErrorField::Message => "message".to_owned(),
        ErrorField::PythonType => "Python exception".to_owned(),
        ErrorField::PythonMessage => "Python exception's text".to_owned(),
    }
}

/// Both rows; cells that differ but look the same carry their types.
fn show_changed(reference: &[Value], candidate: &[Value], cells: &[usize]) -> (String, String) {
    let mut sides = (Vec::new(), Vec::new());
    for index in 0..reference.len().max(candidate.len()) {
        match (reference.get(index), candidate.get(index)) {
            (Some(left), Some(right)) if cells.contains(&index) => {
                let (left, right) = show_pair(left, right);
                sides.0.push(left);
                sides.1.push(right);
            }
            (left, right) => {
                sides.0.extend(left.map(super::value::show));
                sides.1.extend(right.map(super::value::show));
            }
        }
    }
    (format!("({})", sides.0.join(", ")), format!("({})", sides.1.join(", ")))
}

/// How a case ended, in short.
pub fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Rows(1) => "1 row".to_owned(),
        Outcome::Rows(count) => format!("{count} rows"),
        Outcome::Error { phase, exception, message } => format!("{exception} at {phase}: {message}"),
        Outcome::Nothing => "neither rows nor an error".to_owned(),
    }
}

/// A call as a line, with its end.
pub fn show_call(call: &Call) -> String {
    let details: Vec<String> = call.details.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}({})\n", call.call, details.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::SparkMinor;
    use crate::golden::Mode;

    fn shown(differences: Vec<Difference>) -> String {
        let sides = Sides::new(SparkMinor::new(4, 2), Mode::Classic, "engine".into());
        show(&differences, &sides, Style::PLAIN)
    }

    #[test]
    fn rows_are_shown_side_by_side() {
        let row = |id: i32, name: &str| vec![Value::Integer(id), Value::String(name.into())];
        let difference = RowsDifference {
            columns: vec!["id".into(), "name".into()],
            changed: vec![ChangedRow { reference: row(1, "a"), candidate: row(1, "b"), cells: vec![1] }],
            missing: (0..12).map(|id| row(id, "m")).collect(),
            unexpected: vec![vec![Value::Long(9), Value::Null]],
            reordered_at: None,
        };
        insta::assert_snapshot!(shown(vec![Difference::Rows(difference)]));
    }

    #[test]
    fn a_schema_is_shown_by_the_fields_that_differ() {
        let field = |path: &str, kind, reference: Option<&str>, candidate: Option<&str>| {
            Difference::Schema(SchemaDifference {
                path: path.into(),
                kind,
                reference: reference.map(str::to_owned),
                candidate: candidate.map(str::to_owned),
            })
        };
        insta::assert_snapshot!(shown(vec![
            field("id", SchemaDifferenceKind::Type, Some("int"), Some("bigint")),
            field("tags.element", SchemaDifferenceKind::Nullability, Some("nullable"), Some("not null")),
            field("name", SchemaDifferenceKind::Field, Some("string"), None),
        ]));
    }

    #[test]
    fn an_error_is_shown_field_by_field() {
        let field = |field, reference: Option<&str>, candidate: Option<&str>| {
            Difference::Error(ErrorDifference {
                field,
                reference: reference.map(str::to_owned),
                candidate: candidate.map(str::to_owned),
            })
        };
        insta::assert_snapshot!(shown(vec![
            Difference::Outcome {
                reference: Outcome::Error {
                    phase: "load".into(),
                    exception: "AnalysisException".into(),
                    message: "boom".into()
                },
                candidate: Outcome::Rows(3),
            },
            field(ErrorField::Condition, Some("PYTHON_EXCEPTION"), None),
            field(ErrorField::Parameter("msg".into()), Some("a\u{a0}b"), Some("a b")),
            field(
                ErrorField::Message,
                Some("one\ntwo\nthree\nfour\nfive\nsix"),
                Some("one\ntwo\nthree\nfour\nfive\nSIX")
            ),
        ]));
    }

    #[test]
    fn calls_and_partitions_are_shown() {
        let call = |partition: u64| Call {
            call: "read".into(),
            details: [("partition".to_owned(), serde_json::json!(partition))].into(),
        };
        insta::assert_snapshot!(shown(vec![
            Difference::Calls(CallsDifference {
                call: "read".into(),
                reference: vec![call(0), call(1)],
                candidate: vec![call(0)],
            }),
            Difference::Partitions { reference: Some(2), candidate: Some(1) },
        ]));
    }
}
