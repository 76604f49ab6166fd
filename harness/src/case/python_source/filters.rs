//! A reader that keeps filters: its `pushFilters`, and the functions by which `read` applies what was kept.
//!
//! A filter means what the predicate of the query means to Spark: null is not true, NaN equals itself and is greater than all
//! other numbers, and fields are found inside of structs. Only what the accepted classes and the columns' types need is
//! written.

use seatrial_engine::types::{DataType, StructType};

use super::super::Callback;
use super::super::accepts::{Accepts, FilterClass};
use super::super::file::Yields;
use super::super::literal::{python_string, python_tuple};
use super::{SourceClass, Text};

/// Compares two values; a name of `operator`'s is not worth an import.
const COMPARISONS: [(FilterClass, &str); 5] = [
    (FilterClass::EqualTo, "=="),
    (FilterClass::GreaterThan, ">"),
    (FilterClass::GreaterThanOrEqual, ">="),
    (FilterClass::LessThan, "<"),
    (FilterClass::LessThanOrEqual, "<="),
];

/// What a declarative source does with the filters that it is offered.
pub(super) struct Filters<'a> {
    accepts: Option<&'a Accepts>,
    yields: Yields,
    shape: Shape,
}

/// What the columns' types ask of comparisons.
#[derive(Default)]
struct Shape {
    names: Vec<String>,
    /// Paths of columns and of fields inside of structs, with their positions.
    paths: Vec<(Vec<String>, Vec<usize>)>,
    nested: bool,
    /// Single precision: a literal arrives rounded, as the column's value will be.
    singles: Vec<Vec<String>>,
    /// A row's own value may lack the zone that a literal always has.
    timestamps: Vec<Vec<String>>,
    floats: bool,
    containers: bool,
}

impl<'a> Filters<'a> {
    pub(super) fn new(class: &SourceClass<'a>, columns: Option<&StructType>) -> Self {
        let raises = class.raise_in(Callback::PushFilters).is_some();
        let accepts = class.source.accepts.as_ref().map(|accepts| &accepts.value).filter(|_| !raises);
        let mut shape = Shape::default();
        if let Some(columns) = columns {
            shape.names = columns.fields.iter().map(|field| field.name.clone()).collect();
            shape.add(columns, &[], &[]);
        }
        Self { accepts, yields: class.source.yields.value, shape }
    }

    /// Whether the reader may keep a filter, so that `read` has to apply it.
    pub(super) fn keeps(&self) -> bool {
        self.accepts.is_some_and(|accepts| *accepts != Accepts::Classes(Vec::new()))
    }

    fn applies(&self, class: FilterClass) -> bool {
        self.accepts.is_some_and(|accepts| accepts.applies(class))
    }

    /// Whether values are compared, and not only looked at.
    fn compares(&self) -> bool {
        let comparisons = COMPARISONS.iter().map(|(class, _)| *class);
        comparisons.chain([FilterClass::EqualNullSafe, FilterClass::In]).any(|class| self.applies(class))
    }

    fn needs_key(&self) -> bool {
        self.compares() && (self.shape.floats || self.shape.containers)
    }

    /// The modules that are needed besides those of the rows.
    pub(super) fn imports(&self) -> Vec<&'static str> {
        let mut imports = Vec::new();
        if self.keeps() {
            imports.push("from pyspark.sql import datasource");
        }
        if self.keeps() && self.compares() && !self.shape.timestamps.is_empty() {
            imports.push("import datetime");
        }
        if self.keeps() && self.compares() && !self.shape.singles.is_empty() {
            imports.push("import struct");
        }
        imports
    }

    /// `COLUMNS` or `FIELDS`: where a row holds what a filter names.
    pub(super) fn positions(&self, text: &mut Text) {
        if !self.keeps() {
            return;
        }
        if self.shape.nested {
            text.lines(0, ["", "FIELDS = {"]);
            for (path, positions) in &self.shape.paths {
                let mut steps: Vec<String> = positions.iter().map(usize::to_string).collect();
                if let (Yields::Rows, Some(first)) = (self.yields, steps.first_mut()) {
                    *first = python_string(&path[0]);
                }
                text.line(1, &format!("{}: [{}],", path_literal(path), steps.join(", ")));
            }
            text.line(0, "}");
        } else if self.yields != Yields::Rows {
            let names: Vec<String> = self.shape.names.iter().map(|name| python_string(name)).collect();
            text.lines(0, ["", &format!("COLUMNS = [{}]", names.join(", "))]);
        }
    }

    /// `__init__` and `pushFilters`, with a blank line behind.
    pub(super) fn push_filters(&self, class: &SourceClass<'_>, text: &mut Text) {
        let raise = class.raise_in(Callback::PushFilters);
        if self.accepts.is_none() && raise.is_none() {
            return;
        }
        if self.keeps() {
            text.lines(1, ["def __init__(self):", "    self.filters = []", ""]);
        }
        text.line(1, "def pushFilters(self, filters):");
        if class.records(Callback::PushFilters) {
            text.line(2, "record_call(\"push_filters\", filters=[repr(f) for f in filters])");
        }
        match (raise, self.accepts) {
            (Some(raise), _) => text.line(2, &raise),
            (None, Some(Accepts::All)) => text.lines(2, ["self.filters = list(filters)", "return []"]),
            (None, Some(Accepts::Classes(classes))) if !classes.is_empty() => {
                let names: Vec<String> = classes.iter().map(|class| format!("datasource.{class:?}")).collect();
                let kept = match names.as_slice() {
                    [only] => format!("    if isinstance(f, {only}):"),
                    _ => format!("    if isinstance(f, ({})):", names.join(", ")),
                };
                text.line(2, "for f in filters:");
                text.lines(2, [&kept, "        self.filters.append(f)", "    else:", "        yield f"]);
            }
            _ => text.line(2, "return filters"),
        }
        text.line(0, "");
    }

    /// The body of `read` where filters may be kept, and the head of the method that yields all rows.
    pub(super) fn read(&self, text: &mut Text) {
        if self.yields == Yields::Batches {
            text.lines(
                2,
                [
                    "for batch in self.batches(partition):",
                    "    rows = zip(*(column.to_pylist() for column in batch.columns))",
                    "    kept = [all(holds(f, row) for f in self.filters) for row in rows]",
                    "    yield batch.filter(pa.array(kept, type=pa.bool_()))",
                ],
            );
            text.lines(1, ["", "def batches(self, partition):"]);
        } else {
            text.lines(
                2,
                [
                    "for row in self.rows(partition):",
                    "    if all(holds(f, row) for f in self.filters):",
                    "        yield row",
                ],
            );
            text.lines(1, ["", "def rows(self, partition):"]);
        }
    }

    /// The functions that say whether a filter is true of a row.
    pub(super) fn functions(&self, text: &mut Text) {
        if !self.keeps() {
            return;
        }
        self.holds(text);
        if self.shape.nested {
            text.lines(0, ["", "", "def value_of(row, attribute):"]);
            text.line(1, "\"\"\"Find the value of a column, or of a field inside of it.\"\"\"");
            text.lines(1, ["value = row", "for position in FIELDS[attribute]:"]);
            text.lines(2, ["if isinstance(value, dict):", "    value = list(value.values())"]);
            text.lines(2, ["value = None if value is None else value[position]"]);
            text.line(1, "return value");
        }
        if self.needs_key() {
            self.key(text);
        }
    }

    fn holds(&self, text: &mut Text) {
        let class =
            |class: FilterClass| self.applies(class).then(|| format!("if isinstance(f, datasource.{class:?}):"));
        text.lines(0, ["", "", "def holds(f, row):"]);
        text.line(1, "\"\"\"Tell whether a filter holds for a row: True, False, or None where SQL has null.\"\"\"");
        if let Some(test) = class(FilterClass::Not) {
            text.lines(1, [&test, "    held = holds(f.child, row)", "    return None if held is None else not held"]);
        }
        let value = match (self.shape.nested, self.yields) {
            (true, _) => "value_of(row, f.attribute)",
            (false, Yields::Rows) => "row[f.attribute[0]]",
            (false, _) => "row[COLUMNS.index(f.attribute[0])]",
        };
        text.line(1, &format!("value = {value}"));
        for (test, result) in [(FilterClass::IsNull, "is None"), (FilterClass::IsNotNull, "is not None")] {
            if let Some(test) = class(test) {
                branch(text, &test, &format!("return value {result}"));
            }
        }
        if self.compares() {
            self.conversions(text);
        }
        let (mine, theirs, each) = match self.needs_key() {
            true => ("key(value)", "key(f.value)", "[key(item) for item in f.value]"),
            false => ("value", "f.value", "f.value"),
        };
        if let Some(test) = class(FilterClass::EqualNullSafe) {
            branch(text, &test, &format!("return {mine} == {theirs}"));
        }
        let unknown = FilterClass::OF_COLUMNS[3..].iter().any(|class| self.applies(*class));
        if unknown {
            text.lines(1, ["if value is None:", "    return None"]);
        }
        for (comparison, operator) in COMPARISONS {
            if let Some(test) = class(comparison) {
                branch(text, &test, &format!("return {mine} {operator} {theirs}"));
            }
        }
        if let Some(test) = class(FilterClass::In) {
            // `1 IN (2, NULL)` is null.
            branch(text, &test, &format!("if {mine} in {each}:"));
            text.lines(2, ["    return True", "return None if None in f.value else False"]);
        }
        for (test, result) in [
            (FilterClass::StringStartsWith, "value.startswith(f.value)"),
            (FilterClass::StringEndsWith, "value.endswith(f.value)"),
            (FilterClass::StringContains, "f.value in value"),
        ] {
            if let Some(test) = class(test) {
                branch(text, &test, &format!("return {result}"));
            }
        }
        text.line(1, "raise TypeError(f\"this source does not know {f!r}\")");
    }

    /// Brings a row's value into the form that a literal of the column's type has.
    fn conversions(&self, text: &mut Text) {
        for (paths, converted) in [
            (&self.shape.timestamps, "value.astimezone(datetime.timezone.utc)"),
            (&self.shape.singles, "struct.unpack(\"f\", struct.pack(\"f\", value))[0]"),
        ] {
            if paths.is_empty() {
                continue;
            }
            let paths: Vec<String> = paths.iter().map(|path| path_literal(path)).collect();
            text.line(1, &format!("if f.attribute in [{}] and value is not None:", paths.join(", ")));
            text.line(2, &format!("value = {converted}"));
        }
    }

    fn key(&self, text: &mut Text) {
        text.lines(0, ["", "", "def key(value):"]);
        if self.shape.floats {
            text.line(1, "\"\"\"Make values compare as in SQL, where NaN equals itself and is the greatest.\"\"\"");
            text.line(1, "if isinstance(value, float):");
            text.line(2, "return (True, 0.0) if value != value else (False, value)");
        } else {
            text.line(1, "\"\"\"Make structs and arrays compare, whatever Python type they have.\"\"\"");
        }
        if self.shape.containers {
            text.lines(1, ["if isinstance(value, dict):", "    value = list(value.values())"]);
            text.lines(1, ["if isinstance(value, (list, tuple)):", "    return [key(item) for item in value]"]);
        }
        text.line(1, "return value");
    }
}

impl Shape {
    fn add(&mut self, fields: &StructType, path: &[String], position: &[usize]) {
        for (index, field) in fields.fields.iter().enumerate() {
            let path = [path, std::slice::from_ref(&field.name)].concat();
            let position = [position, &[index]].concat();
            self.paths.push((path.clone(), position.clone()));
            match &field.data_type {
                DataType::Float => self.singles.push(path),
                DataType::Timestamp => self.timestamps.push(path),
                DataType::Struct(inner) => {
                    self.nested = true;
                    self.add(inner, &path, &position);
                }
                _ => {}
            }
            self.look_into(&field.data_type);
        }
    }

    fn look_into(&mut self, data_type: &DataType) {
        match data_type {
            DataType::Float | DataType::Double => self.floats = true,
            DataType::Array { element, .. } => {
                self.containers = true;
                self.look_into(element);
            }
            // Its fields were seen already.
            DataType::Struct(_) => self.containers = true,
            _ => {}
        }
    }
}

/// A test of the filter's class and what follows from it.
fn branch(text: &mut Text, test: &str, statement: &str) {
    text.line(1, test);
    text.line(2, statement);
}

/// `("st", "x")`.
fn path_literal(path: &[String]) -> String {
    let parts: Vec<String> = path.iter().map(|part| python_string(part)).collect();
    python_tuple(&parts)
}
