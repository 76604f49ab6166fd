//! From what `reader.read(partition)` returned to Arrow record batches: the hot path of a scan.
//!
//! Rows are appended to column builders straight from the Python objects and dropped at once, so that CPython reuses
//! their memory for the next row. Only exact Python types that need no coercion are read here. Whatever else turns up
//! is handed, with the rows after it, to PySpark's own `records_to_arrow_batches`: the coerced value or the error is
//! then that of the installed PySpark version. Record batches cross through the Arrow C Data Interface without a copy.
//!
//! What this module does not do: call `read`, start threads, or wait. The caller holds the GIL.

mod batch;
mod column;
mod decimal;
mod legacy;
mod pyspark;
mod reader;
mod row;
mod value;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;

use arrow::datatypes::SchemaRef;
use pyo3::PyErr;

pub use self::reader::BatchReader;
use crate::error::{ExceptionClass, SparkError};
use crate::types::{DataType, StructType};

/// What the rows of a source become: fixed for a scan.
#[derive(Debug)]
pub struct ReadSpec {
    schema: StructType,
    table_schema: SchemaRef,
    batch_size: usize,
    duplicate: Option<String>,
}

impl ReadSpec {
    /// The rows of a source with this schema.
    ///
    /// `table_schema` is `types::arrow::to_table_schema(&schema)`; `batch_size` is the number of rows of a batch, of
    /// which Spark's counterpart is `spark.sql.execution.arrow.maxRecordsPerBatch`. Zero counts as one.
    pub fn new(schema: StructType, table_schema: SchemaRef, batch_size: usize) -> Self {
        let duplicate = duplicate_name(&schema);
        Self { schema, table_schema, batch_size: batch_size.max(1), duplicate }
    }

    /// The source's schema.
    pub fn schema(&self) -> &StructType {
        &self.schema
    }

    /// The Arrow schema of every batch that goes out.
    pub fn table_schema(&self) -> &SchemaRef {
        &self.table_schema
    }

    /// The most rows that a batch made from rows has.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// The first name that a struct has twice, in the order of the fields. Spark's JVM cannot load such batches
    /// (SCH-DUP, TY-STRUCT-DUP).
    pub(crate) fn duplicate(&self) -> Option<&str> {
        self.duplicate.as_deref()
    }
}

fn duplicate_name(schema: &StructType) -> Option<String> {
    let mut seen = HashSet::new();
    for field in &schema.fields {
        if !seen.insert(field.name.as_str()) {
            return Some(field.name.clone());
        }
    }
    schema.fields.iter().find_map(|field| nested_duplicate(&field.data_type))
}

fn nested_duplicate(data_type: &DataType) -> Option<String> {
    match data_type {
        DataType::Array { element, .. } => nested_duplicate(element),
        DataType::Map { key, value, .. } => nested_duplicate(key).or_else(|| nested_duplicate(value)),
        DataType::Struct(schema) => duplicate_name(schema),
        DataType::Udt { sql_type, .. } => nested_duplicate(sql_type),
        _ => None,
    }
}

/// Why reading a partition failed.
#[derive(Debug)]
pub enum ReadError {
    /// An exception of the user's code, of PySpark or of pyarrow: Spark reports it as the failure of a Python worker.
    Python(PyErr),
    /// Spark fails inside the JVM; a clear error of ours stands in for that.
    Spark(SparkError),
}

impl ReadError {
    /// An error that Spark raises in the JVM without a condition.
    pub(crate) fn spark(message: String) -> Self {
        Self::Spark(SparkError::plain(ExceptionClass::Spark, message))
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Python(error) => error.fmt(f),
            Self::Spark(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Python(error) => Some(error),
            Self::Spark(error) => Some(error),
        }
    }
}

impl From<PyErr> for ReadError {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<SparkError> for ReadError {
    fn from(error: SparkError) -> Self {
        Self::Spark(error)
    }
}
