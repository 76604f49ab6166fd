//! The body of `read()`: what each partition yields.

use seatrial_engine::types::StructType;

use super::super::cell::CellWriter;
use super::super::file::{FileSource, Raises, Yields};
use super::super::literal::{python_string, python_tuple};
use super::super::yaml::{Content, Node};
use super::{arrow_type, partitions_of, raise};

/// How long a statement may be before it is broken into lines.
const LINE_WIDTH: usize = 92;

/// The statements of all partitions.
pub(super) struct Rows {
    partitions: Vec<Vec<Step>>,
    arrow_schema: Option<Vec<String>>,
}

/// A statement that yields, and how many rows were yielded before it.
struct Step {
    rows_before: usize,
    lines: Vec<String>,
}

impl Rows {
    pub(super) fn new(source: &FileSource, columns: Option<&StructType>, writer: &mut CellWriter<'_, '_>) -> Self {
        let partitions = partitions_of(source);
        if source.yields.value != Yields::Batches {
            let mut each = Vec::new();
            for rows in partitions {
                let step = |(rows_before, row)| Step {
                    rows_before,
                    lines: yield_row(row, source.yields.value, columns, writer),
                };
                each.push(rows.iter().enumerate().map(step).collect());
            }
            return Self { partitions: each, arrow_schema: None };
        }
        let fields: Option<Vec<String>> =
            columns.and_then(|columns| columns.fields.iter().map(arrow_type::field).collect());
        let (Some(fields), Some(columns)) = (fields, columns) else {
            let help = Some("write the source under `python:`".to_owned());
            let message = "`yields: batches` needs a schema whose types record batches can carry";
            writer.problems().push(source.yields.span, message, help);
            return Self { partitions: Vec::new(), arrow_schema: None };
        };
        let mut schema = vec!["ARROW_SCHEMA = pa.schema(".to_owned(), "    [".to_owned()];
        schema.extend(fields.into_iter().map(|field| format!("        {field},")));
        schema.extend(["    ]".to_owned(), ")".to_owned()]);
        writer.need("pa");
        let size = source.batch_rows.as_ref().and_then(|rows| usize::try_from(rows.value).ok()).unwrap_or(usize::MAX);
        let each = partitions.into_iter().map(|rows| batches(rows, size.max(1), columns, writer)).collect();
        Self { partitions: each, arrow_schema: Some(schema) }
    }

    /// The statement that defines `ARROW_SCHEMA`, where batches need it.
    pub(super) fn arrow_schema(&self) -> Option<impl Iterator<Item = &str>> {
        self.arrow_schema.as_ref().map(|lines| lines.iter().map(String::as_str))
    }

    /// The body of `read(self, partition)`, without the call that records it.
    pub(super) fn read_body(&self, raises: Option<&Raises>, source: &FileSource) -> Vec<String> {
        let at_once = raises.filter(|r| r.partition.is_none() && r.after_rows.as_ref().is_none_or(|n| n.value == 0));
        if let Some(raises) = at_once {
            return vec![raise(raises)];
        }
        let branches: Vec<Vec<String>> = self
            .partitions
            .iter()
            .enumerate()
            .map(|(index, steps)| {
                let here = |r: &&Raises| r.partition.as_ref().is_none_or(|p| usize::try_from(p.value) == Ok(index));
                branch(steps, raises.filter(here))
            })
            .collect();
        let mut body = Vec::new();
        if source.partitions.is_none() {
            body.extend(branches.into_iter().flatten());
        } else {
            let filled = branches.into_iter().enumerate().filter(|(_, lines)| !lines.is_empty());
            for (nth, (index, lines)) in filled.enumerate() {
                let keyword = if nth == 0 { "if" } else { "elif" };
                body.push(format!("{keyword} partition.value == {index}:"));
                body.extend(lines.into_iter().map(|line| format!("    {line}")));
            }
        }
        if body.is_empty() {
            body.push("yield from ()".to_owned());
        }
        body
    }
}

/// What one partition yields until it raises.
fn branch(steps: &[Step], raises: Option<&Raises>) -> Vec<String> {
    let limit = raises.map(|raises| {
        let rows = raises.after_rows.as_ref().map_or(0, |rows| rows.value);
        usize::try_from(rows).unwrap_or(usize::MAX)
    });
    let before = |step: &&Step| limit.is_none_or(|limit| step.rows_before < limit);
    let mut lines: Vec<String> = steps.iter().take_while(before).flat_map(|step| step.lines.iter().cloned()).collect();
    lines.extend(raises.map(raise));
    lines
}

fn yield_row(row: &Node, yields: Yields, columns: Option<&StructType>, writer: &mut CellWriter<'_, '_>) -> Vec<String> {
    if let Some(expression) = writer.escape(row) {
        return vec![format!("yield {expression}")];
    }
    match (&row.content, yields) {
        (Content::Sequence(nodes), Yields::Rows) => {
            let fields = columns.map(|columns| columns.fields.as_slice()).unwrap_or_default();
            if nodes.len() > fields.len() {
                let help = "name the cells, `{id: 1, name: a}`, or write `{py: 'Row(…)'}`".to_owned();
                let message =
                    format!("this row has {} cells, and only {} columns name them", nodes.len(), fields.len());
                writer.problems().push(row.span, message, Some(help));
            }
            let cells = nodes.iter().zip(fields);
            let cells = cells.map(|(node, field)| (field.name.as_str(), writer.cell(node, Some(&field.data_type))));
            let cells: Vec<(&str, String)> = cells.collect();
            writer.need("Row");
            keyword_row(&cells)
        }
        (Content::Mapping(entries), Yields::Rows) => {
            let mut cells = Vec::new();
            for (key, value) in entries {
                let Content::String(name) = &key.content else {
                    writer.problems().push(key.span, "the name of a cell is a string", Some("quote it".to_owned()));
                    continue;
                };
                let field = columns.and_then(|columns| columns.fields.iter().find(|field| &field.name == name));
                cells.push((name.as_str(), writer.cell(value, field.map(|field| &field.data_type))));
            }
            writer.need("Row");
            keyword_row(&cells)
        }
        (Content::Sequence(nodes), _) => {
            let cells = cells_by_position(nodes, columns, writer);
            match yields {
                Yields::Lists => yield_statement("[", cells, "]"),
                Yields::PositionalRows => {
                    writer.need("Row");
                    yield_statement("Row(", cells, ")")
                }
                _ if cells.len() == 1 => vec![format!("yield {}", python_tuple(&cells))],
                _ => yield_statement("(", cells, ")"),
            }
        }
        _ => {
            let help = "to yield something else than a row, write `{py: …}`".to_owned();
            let message = format!("a row is a list of cells, found {}", row.describe());
            writer.problems().push(row.span, message, Some(help));
            Vec::new()
        }
    }
}

/// The statement in one line, or with one cell a line where that would be too long to read.
fn yield_statement(open: &str, cells: Vec<String>, close: &str) -> Vec<String> {
    let line = format!("yield {open}{}{close}", cells.join(", "));
    if line.chars().count() <= LINE_WIDTH {
        return vec![line];
    }
    let mut lines = vec![format!("yield {open}")];
    lines.extend(cells.into_iter().map(|cell| format!("    {cell},")));
    lines.push(close.to_owned());
    lines
}

/// Surplus cells have no type: they stay what YAML says.
fn cells_by_position(nodes: &[Node], columns: Option<&StructType>, writer: &mut CellWriter<'_, '_>) -> Vec<String> {
    let types = columns.map(|columns| columns.fields.as_slice()).unwrap_or_default();
    let types = types.iter().map(|field| Some(&field.data_type)).chain(std::iter::repeat(None));
    nodes.iter().zip(types).map(|(node, data_type)| writer.cell(node, data_type)).collect()
}

fn keyword_row(cells: &[(&str, String)]) -> Vec<String> {
    let distinct = cells.iter().enumerate().all(|(i, (name, _))| cells[..i].iter().all(|(other, _)| other != name));
    if distinct && cells.iter().all(|(name, _)| is_identifier(name)) {
        return yield_statement("Row(", cells.iter().map(|(name, value)| format!("{name}={value}")).collect(), ")");
    }
    let entries = cells.iter().map(|(name, value)| format!("{}: {value}", python_string(name))).collect();
    yield_statement("Row(**{", entries, "})")
}

fn is_identifier(name: &str) -> bool {
    const KEYWORDS: &[&str] = &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
        "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
        "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !KEYWORDS.contains(&name)
}

/// Record batches of at most `size` rows; a `{py: …}` row is yielded as it is, between the batches.
fn batches(rows: &[Node], size: usize, columns: &StructType, writer: &mut CellWriter<'_, '_>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut batch: Vec<&[Node]> = Vec::new();
    let mut done = 0;
    for row in rows {
        if let Some(expression) = writer.escape(row) {
            flush(&mut batch, &mut done, columns, writer, &mut steps);
            steps.push(Step { rows_before: done, lines: vec![format!("yield {expression}")] });
            done += 1;
            continue;
        }
        match &row.content {
            Content::Sequence(nodes) if nodes.len() == columns.fields.len() => batch.push(nodes),
            _ => {
                let help = "to yield something else, write `{py: …}` in place of the row".to_owned();
                let message = format!("a row of a batch is a list of {} cells", columns.fields.len());
                writer.problems().push(row.span, message, Some(help));
            }
        }
        if batch.len() == size {
            flush(&mut batch, &mut done, columns, writer, &mut steps);
        }
    }
    flush(&mut batch, &mut done, columns, writer, &mut steps);
    steps
}

fn flush(
    batch: &mut Vec<&[Node]>,
    done: &mut usize,
    columns: &StructType,
    writer: &mut CellWriter<'_, '_>,
    steps: &mut Vec<Step>,
) {
    if batch.is_empty() {
        return;
    }
    let mut lines = vec!["yield pa.RecordBatch.from_arrays(".to_owned(), "    [".to_owned()];
    for (index, field) in columns.fields.iter().enumerate() {
        let cells: Vec<String> = batch
            .iter()
            .filter_map(|row| row.get(index))
            .map(|node| writer.cell(node, Some(&field.data_type)))
            .collect();
        let data_type = arrow_type::expression(&field.data_type).unwrap_or_default();
        lines.push(format!("        pa.array([{}], type={data_type}),", cells.join(", ")));
    }
    lines.extend(["    ],".to_owned(), "    schema=ARROW_SCHEMA,".to_owned(), ")".to_owned()]);
    steps.push(Step { rows_before: *done, lines });
    *done += batch.len();
    batch.clear();
}
