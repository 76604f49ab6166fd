//! The core guarantee: what comes out of a [`BatchReader`] is what PySpark's own conversion makes of the same elements,
//! or the same exception.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod batches;
mod differential;
mod random;
mod rows;

use std::ffi::CString;
use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow_pyarrow::{FromPyArrow, ToPyArrow};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use serde_json::Value;

use super::{BatchReader, ReadError, ReadSpec};
use crate::python::interpreter::PythonRuntime;
use crate::types::{DataType, StructField, StructType};

/// Runs with the GIL held.
fn with_python<T>(body: impl FnOnce(Python<'_>) -> T) -> T {
    PythonRuntime::get().unwrap();
    Python::attach(body)
}

/// A Python namespace: `oracle.py`, then `setup`.
struct Scene<'py> {
    py: Python<'py>,
    globals: Bound<'py, PyDict>,
}

impl<'py> Scene<'py> {
    fn new(py: Python<'py>, setup: &str) -> Self {
        let scene = Self { py, globals: PyDict::new(py) };
        scene.run(include_str!("tests/oracle.py"));
        scene.run(setup);
        scene
    }

    fn run(&self, code: &str) {
        let code = CString::new(code).unwrap();
        self.py.run(&code, Some(&self.globals), None).unwrap_or_else(|error| panic!("{error}"));
    }

    fn eval(&self, expression: &str) -> Bound<'py, PyAny> {
        let code = CString::new(expression).unwrap();
        self.py.eval(&code, Some(&self.globals), None).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// A reader of `rows` (an expression that gives an iterator) with a PySpark `StructType` (an expression too).
    fn reader(&self, schema: &str, rows: &str, batch_size: usize) -> PyResult<BatchReader> {
        let py_schema = self.eval(schema);
        let spec = Arc::new(read_spec(&py_schema, batch_size));
        BatchReader::try_new(self.py, self.eval(rows), spec, self.eval("source"), py_schema)
    }

    /// What a reader gives: `("table", …)` or `("error", type, text)` as `oracle.py` has it.
    fn ours(&self, schema: &str, rows: &str, batch_size: usize) -> Bound<'py, PyAny> {
        let batches = PyList::empty(self.py);
        let read = || -> Result<(), ReadError> {
            let mut reader = self.reader(schema, rows, batch_size)?;
            while let Some(batch) = reader.next_batch(self.py)? {
                assert!(batch.num_rows() <= batch_size, "a batch of {} rows", batch.num_rows());
                batches.append(batch.to_pyarrow(self.py)?)?;
            }
            Ok(())
        };
        match read() {
            Ok(()) => self.eval("answer_of_batches").call1((batches, self.eval(schema))).unwrap(),
            Err(ReadError::Python(error)) => self.eval("answer_of_error").call1((error.value(self.py),)).unwrap(),
            Err(ReadError::Spark(error)) => self.eval("answer_of_spark").call1((error.message,)).unwrap(),
        }
    }

    /// Demands that ours is PySpark's own answer. `rows` is evaluated twice. Returns the answer as text.
    fn check(&self, schema: &str, rows: &str, batch_size: usize) -> String {
        let expected = self.eval("oracle").call1((self.eval(rows), batch_size, self.eval(schema))).unwrap();
        let actual = self.ours(schema, rows, batch_size);
        let same: bool = self.eval("same").call1((&expected, &actual)).unwrap().extract().unwrap();
        let show = self.eval("show");
        let (expected, actual) =
            (show.call1((expected,)).unwrap().to_string(), show.call1((actual,)).unwrap().to_string());
        assert!(same, "schema {schema}\nrows {rows}\nbatch size {batch_size}\nexpected {expected}\nactual   {actual}");
        actual
    }
}

/// The specification of a PySpark `StructType`.
fn read_spec(py_schema: &Bound<'_, PyAny>, batch_size: usize) -> ReadSpec {
    let py = py_schema.py();
    let kwargs = PyDict::new(py);
    kwargs.set_item("timezone", "UTC").unwrap();
    let arrow = py
        .import("pyspark.sql.pandas.types")
        .and_then(|module| module.getattr("to_arrow_schema"))
        .and_then(|function| function.call((py_schema,), Some(&kwargs)))
        .and_then(|schema| Schema::from_pyarrow_bound(&schema))
        .unwrap_or_else(|_| Schema::empty());
    let json: String = py_schema.call_method0("json").unwrap().extract().unwrap();
    ReadSpec::new(struct_type(&serde_json::from_str(&json).unwrap()), Arc::new(arrow), batch_size)
}

fn struct_type(json: &Value) -> StructType {
    let fields = json["fields"].as_array().unwrap();
    StructType { fields: fields.iter().map(struct_field).collect() }
}

fn struct_field(json: &Value) -> StructField {
    let mut field = StructField::new(json["name"].as_str().unwrap(), data_type(&json["type"]));
    field.nullable = json["nullable"].as_bool().unwrap();
    field
}

fn data_type(json: &Value) -> DataType {
    match json {
        Value::String(name) => named_type(name),
        _ => match json["type"].as_str().unwrap() {
            "struct" => DataType::Struct(struct_type(json)),
            "array" => DataType::Array {
                element: Box::new(data_type(&json["elementType"])),
                contains_null: json["containsNull"].as_bool().unwrap(),
            },
            "map" => DataType::Map {
                key: Box::new(data_type(&json["keyType"])),
                value: Box::new(data_type(&json["valueType"])),
                value_contains_null: json["valueContainsNull"].as_bool().unwrap(),
            },
            "udt" => DataType::Udt { json: json.clone(), sql_type: Box::new(data_type(&json["sqlType"])) },
            other => panic!("{other}"),
        },
    }
}

fn named_type(name: &str) -> DataType {
    match name {
        "void" => DataType::Null,
        "boolean" => DataType::Boolean,
        "byte" => DataType::Byte,
        "short" => DataType::Short,
        "integer" => DataType::Integer,
        "long" => DataType::Long,
        "float" => DataType::Float,
        "double" => DataType::Double,
        "string" => DataType::String { collation: None },
        "binary" => DataType::Binary,
        "date" => DataType::Date,
        "timestamp" => DataType::Timestamp,
        "timestamp_ntz" => DataType::TimestampNtz,
        "variant" => DataType::Variant,
        "interval" => DataType::CalendarInterval,
        _ if name.starts_with("time(") => DataType::Time(6),
        _ if name.starts_with("interval year") => DataType::YearMonthInterval { start: 0, end: 1 },
        _ if name.starts_with("interval day") => DataType::DayTimeInterval { start: 0, end: 3 },
        _ if name.starts_with("char(") => DataType::Char(3),
        _ => {
            let digits = name.strip_prefix("decimal(").and_then(|rest| rest.strip_suffix(')'));
            let (precision, scale) = digits.and_then(|digits| digits.split_once(',')).expect(name);
            DataType::Decimal { precision: precision.parse().unwrap(), scale: scale.parse().unwrap() }
        }
    }
}
