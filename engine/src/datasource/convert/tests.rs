//! The core guarantee: what comes out of a [`BatchReader`] is what PySpark's own conversion makes of the same elements,
//! or the same exception.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod batches;
mod differential;
mod random;
mod rows;

use std::ffi::CString;
use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow_pyarrow::ToPyArrow;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::{BatchReader, ReadError, ReadSpec};
use crate::python::interpreter::PythonRuntime;
use crate::types::StructType;
use crate::types::arrow::to_table_schema;

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

/// The specification of a PySpark `StructType`. Some types have no Arrow counterpart: PySpark says so at the first batch.
fn read_spec(py_schema: &Bound<'_, PyAny>, batch_size: usize) -> ReadSpec {
    let json: String = py_schema.call_method0("json").unwrap().extract().unwrap();
    let schema = StructType::from_json(&json).unwrap();
    let table_schema = to_table_schema(&schema).unwrap_or_else(|_| Schema::empty());
    ReadSpec::new(schema, Arc::new(table_schema), batch_size)
}
