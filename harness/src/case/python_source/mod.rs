//! The declarative form of a source as the text of a Python module: what a connector's author would have written.
//!
//! Runners know only Python text, so every target builds the very same class. The text is also what `repro` shows.

mod arrow_type;
mod filters;
mod rows;

use std::collections::BTreeSet;

use super::Callback;
use super::cell::CellWriter;
use super::columns;
use super::diagnostic::Problems;
use super::file::{FileSource, Raises, Yields};
use super::literal::python_string;
use super::yaml::{Located, Span};

use filters::Filters;
use rows::Rows;

/// The module's text. Problems of cells are reported; then the text is not to be used.
///
/// `read_schema` is the user's schema: it gives the columns of a source that has no schema of its own.
pub(crate) fn module(
    source: &FileSource,
    span: Span,
    read_schema: Option<&str>,
    calls: &[Callback],
    problems: &mut Problems<'_>,
) -> String {
    check(source, span, problems);
    let ddl = source.schema.as_ref().map(|schema| schema.value.as_str()).or(read_schema);
    let columns = ddl.and_then(columns::of_ddl);
    if let (Some(accepts), None) = (&source.accepts, &columns) {
        let help = Some("give the source a schema, or write it under `python:`".to_owned());
        problems.push(accepts.span, "`accepts` needs a schema that names the columns", help);
    }
    let mut writer = CellWriter::new(problems);
    let rows = Rows::new(source, columns.as_ref(), &mut writer);
    let raises = source.raises.as_ref().map(|raises| &raises.value);
    let class = SourceClass { source, calls, raises };
    let filters = Filters::new(&class, columns.as_ref());
    let mut imported = writer.imports();
    imported.extend(filters.imports());

    let mut module = Text::default();
    for import in &imports(&class, imported) {
        module.line(0, import);
    }
    if let Some(schema) = rows.arrow_schema() {
        module.line(0, "");
        module.lines(0, schema);
    }
    if class.has_reader() {
        filters.positions(&mut module);
    }
    class.data_source(&mut module);
    if class.has_reader() {
        class.data_source_reader(&rows, &filters, &mut module);
        filters.functions(&mut module);
    }
    module.0
}

/// Checks what the types of the file format cannot.
fn check(source: &FileSource, span: Span, problems: &mut Problems<'_>) {
    if let (Some(_), Some(partitions)) = (&source.rows, &source.partitions) {
        let help = Some("keep one of them: `rows` are those of a single default partition".to_owned());
        problems.push(partitions.span, "the source has both `rows` and `partitions`", help);
    }
    if let Some(batch_rows) = &source.batch_rows {
        if source.yields.value != Yields::Batches {
            problems.push(batch_rows.span, "`batch_rows` is for `yields: batches`", None);
        } else if batch_rows.value == 0 {
            problems.push(batch_rows.span, "a batch has at least one row", None);
        }
    }
    if let Some(name) = &source.name
        && name.chars().any(|c| c.is_control())
    {
        problems.push(span, "the source's name must be one line", None);
    }
    let Some(raises) = &source.raises else { return };
    let raises = &raises.value;
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    if !raises.class.value.split('.').all(word) {
        let help = Some(
            "a builtin's name such as `ValueError`, or one with its module, `decimal.InvalidOperation`".to_owned(),
        );
        problems.push(raises.class.span, format!("`{}` is not the name of an exception", raises.class.value), help);
    }
    if raises.callback.value != Callback::Read {
        for misplaced in [&raises.after_rows, &raises.partition].into_iter().flatten() {
            let help = Some("`after_rows` and `partition` are for `in: read`".to_owned());
            problems.push(misplaced.span, format!("`{}` has no rows", raises.callback.value.name()), help);
        }
    }
    if let Some(partition) = &raises.partition {
        let count = source.partitions.as_ref().map_or(1, |partitions| partitions.value.len());
        if usize::try_from(partition.value).map_or(true, |index| index >= count) {
            let help = Some("partitions are counted from 0".to_owned());
            problems.push(partition.span, format!("the source has no partition {}", partition.value), help);
        }
    }
}

struct SourceClass<'a> {
    source: &'a FileSource,
    calls: &'a [Callback],
    raises: Option<&'a Raises>,
}

impl SourceClass<'_> {
    fn records(&self, callback: Callback) -> bool {
        self.calls.contains(&callback)
    }

    fn raise_in(&self, callback: Callback) -> Option<String> {
        self.raises.filter(|raises| raises.callback.value == callback).map(raise)
    }

    /// A source whose `reader()` only raises needs no reader class.
    fn has_reader(&self) -> bool {
        self.raise_in(Callback::Reader).is_none()
    }

    fn overrides_partitions(&self) -> bool {
        self.source.partitions.is_some() || self.raise_in(Callback::Partitions).is_some()
    }

    fn data_source(&self, text: &mut Text) {
        text.lines(0, ["", "", "class Source(DataSource):", "    @classmethod", "    def name(cls):"]);
        text.line(2, &format!("return {}", python_string(self.source.name.as_deref().unwrap_or("source"))));
        if self.records(Callback::Init) || self.raise_in(Callback::Init).is_some() {
            text.lines(1, ["", "def __init__(self, options):"]);
            if self.records(Callback::Init) {
                text.line(2, "record_call(\"init\")");
            }
            match self.raise_in(Callback::Init) {
                Some(raise) => text.line(2, &raise),
                None => text.line(2, "super().__init__(options)"),
            }
        }
        let schema_raises = self.raise_in(Callback::Schema);
        if self.source.schema.is_some() || schema_raises.is_some() {
            text.lines(1, ["", "def schema(self):"]);
            if self.records(Callback::Schema) {
                text.line(2, "record_call(\"schema\")");
            }
            let schema = self.source.schema.as_ref().map(|schema| schema.value.as_str()).unwrap_or_default();
            text.line(2, &schema_raises.unwrap_or_else(|| format!("return {}", python_string(schema))));
        }
        text.lines(1, ["", "def reader(self, schema):"]);
        if self.records(Callback::Reader) {
            text.line(2, "record_call(\"reader\", schema=schema.fieldNames())");
        }
        text.line(2, &self.raise_in(Callback::Reader).unwrap_or_else(|| "return SourceReader()".to_owned()));
    }

    fn data_source_reader(&self, rows: &Rows, filters: &Filters<'_>, text: &mut Text) {
        text.lines(0, ["", "", "class SourceReader(DataSourceReader):"]);
        filters.push_filters(self, text);
        if self.overrides_partitions() {
            text.line(1, "def partitions(self):");
            let count = self.source.partitions.as_ref().map_or(1, |partitions| partitions.value.len());
            if self.records(Callback::Partitions) {
                text.line(2, &format!("record_call(\"partitions\", count={count})"));
            }
            let partitions = match count {
                0..=4 => {
                    let each: Vec<String> = (0..count).map(|index| format!("InputPartition({index})")).collect();
                    format!("[{}]", each.join(", "))
                }
                _ => format!("[InputPartition(index) for index in range({count})]"),
            };
            let body = self.raise_in(Callback::Partitions).unwrap_or_else(|| format!("return {partitions}"));
            text.line(2, &body);
            text.line(0, "");
        }
        text.line(1, "def read(self, partition):");
        if self.records(Callback::Read) {
            text.line(2, "record_call(\"read\", partition=getattr(partition, \"value\", None))");
        }
        if filters.keeps() {
            filters.read(text);
        }
        let body = rows.read_body(self.raises.filter(|raises| raises.callback.value == Callback::Read), self.source);
        text.lines(2, body.iter().map(String::as_str));
    }
}

/// `raise ValueError("boom")`.
fn raise(raises: &Raises) -> String {
    let message = raises.message.as_deref().map(python_string).unwrap_or_default();
    format!("raise {}({message})", raises.class.value)
}

fn imports(class: &SourceClass<'_>, cells: BTreeSet<&'static str>) -> Vec<String> {
    let mut modules: BTreeSet<String> = BTreeSet::new();
    if let Some((module, _)) = class.raises.and_then(|raises| raises.class.value.rsplit_once('.')) {
        modules.insert(format!("import {module}"));
    }
    let mut standard: BTreeSet<String> = BTreeSet::new();
    let mut third_party: BTreeSet<String> = BTreeSet::new();
    for statement in cells.iter().map(|statement| (*statement).to_owned()).chain(modules) {
        let standard_library = ["import datetime", "import decimal", "import struct"].contains(&statement.as_str());
        if standard_library {
            standard.insert(statement)
        } else {
            third_party.insert(statement)
        };
    }
    let mut names = vec!["DataSource"];
    if class.has_reader() {
        names.push("DataSourceReader");
    }
    if class.overrides_partitions() && class.source.partitions.as_ref().is_some_and(|p| !p.value.is_empty()) {
        names.push("InputPartition");
    }
    let mut statements: Vec<String> = standard.into_iter().collect();
    if !statements.is_empty() {
        statements.push(String::new());
    }
    statements.extend(third_party);
    statements.push(format!("from pyspark.sql.datasource import {}", names.join(", ")));
    statements
}

/// Lines of Python.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, indent: usize, line: &str) {
        if !line.is_empty() {
            self.0.push_str(&"    ".repeat(indent));
            self.0.push_str(line);
        }
        self.0.push('\n');
    }

    fn lines<'l>(&mut self, indent: usize, lines: impl IntoIterator<Item = &'l str>) {
        for line in lines {
            self.line(indent, line);
        }
    }
}

/// The rows of each partition, as the file has them.
fn partitions_of(source: &FileSource) -> Vec<&[super::yaml::Node]> {
    match (&source.partitions, &source.rows) {
        (Some(Located { value: partitions, .. }), _) => {
            partitions.iter().map(|partition| partition.value.as_slice()).collect()
        }
        (None, Some(rows)) => vec![rows.value.as_slice()],
        (None, None) => vec![&[]],
    }
}

#[cfg(test)]
mod tests;
