//! Record batches that cross from Python without a copy, and what has to hold of every batch that goes out.

use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType as ArrowType, Fields, TimeUnit};
use arrow::ffi::{FFI_ArrowArray, from_ffi_and_data_type};
use arrow_pyarrow::FromPyArrow;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;

use super::{ReadError, ReadSpec, legacy};

/// Whose types the columns of a batch have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The table's own, or what PySpark let through for them.
    Table,
    /// Those of the Arrow schema that the source described itself by.
    Declared,
}

/// A `pyarrow.RecordBatch` taken apart. Its buffers still belong to Python.
pub(crate) struct Imported(ArrayData);

impl Imported {
    /// Takes a batch through the Arrow C Data Interface.
    pub(crate) fn try_new(batch: &Bound<'_, PyAny>) -> PyResult<Self> {
        ArrayData::from_pyarrow_bound(batch).map(Self)
    }

    /// Takes a batch whose type, a struct of the columns, is known from one with an equal schema: pyarrow then need not
    /// describe it again, which costs more than all the rest.
    ///
    /// # Safety
    /// The schema of `batch` equals that of a batch of this type.
    pub(crate) unsafe fn with_type(batch: &Bound<'_, PyAny>, data_type: &ArrowType) -> PyResult<Self> {
        let mut array = FFI_ArrowArray::empty();
        batch.call_method1(intern!(batch.py(), "_export_to_c"), (&raw mut array as usize,))?;
        // SAFETY: pyarrow has filled the array, and the caller vouches for its type.
        let mut data = unsafe { from_ffi_and_data_type(array, data_type.clone()) }
            .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
        data.align_buffers();
        Ok(Self(data))
    }

    /// The type: a struct of the columns, with the names, types and nullability that the batch came with.
    pub(crate) fn data_type(&self) -> &ArrowType {
        self.0.data_type()
    }

    fn into_columns(self) -> (Vec<ArrayData>, usize) {
        let (offset, rows) = (self.0.offset(), self.0.len());
        let whole = |column: &ArrayData| offset == 0 && column.len() == rows;
        let cut = |column: &ArrayData| if whole(column) { column.clone() } else { column.slice(offset, rows) };
        (self.0.child_data().iter().map(cut).collect(), rows)
    }

    /// The batch with the columns' types and names of the table.
    ///
    /// `first_row` is the number of rows that the partition has given before.
    pub(crate) fn into_batch(self, spec: &ReadSpec, first_row: u64, layout: Layout) -> Result<RecordBatch, ReadError> {
        let schema = spec.table_schema();
        let (columns, rows) = self.into_columns();
        if columns.len() != schema.fields().len() {
            return Err(ReadError::spark(format!(
                "A record batch of the data source has {} columns, its schema {}.",
                columns.len(),
                schema.fields().len()
            )));
        }
        let columns = columns
            .into_iter()
            .zip(&spec.schema().fields)
            .zip(schema.fields())
            .map(|((column, spark), field)| match layout {
                Layout::Table => legacy::read_as(column, &spark.data_type, field.data_type()),
                Layout::Declared => declared(column, field.data_type()),
            })
            .collect::<Result<_, _>>()?;
        assemble(spec, columns, rows, first_row)
    }
}

/// A batch of these columns, if it is one that Spark could load.
pub(crate) fn assemble(
    spec: &ReadSpec,
    columns: Vec<ArrayRef>,
    rows: usize,
    first_row: u64,
) -> Result<RecordBatch, ReadError> {
    if let Some(name) = spec.duplicate() {
        return Err(ReadError::spark(format!(
            "The schema of the data source has two fields named `{name}` in the same struct, so that its rows cannot \
             be read. Give each field a name of its own."
        )));
    }
    for (column, field) in columns.iter().zip(spec.table_schema().fields()) {
        if !field.is_nullable() && column.null_count() > 0 {
            let row = (0..column.len()).find(|&row| column.is_null(row)).unwrap_or(0) as u64 + first_row + 1;
            return Err(ReadError::spark(format!(
                "Row {row} of a partition has a null in column `{}`, which the schema of the data source declares NOT \
                 NULL.",
                field.name()
            )));
        }
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(spec.table_schema()), columns, &options)
        .map_err(|error| ReadError::spark(format!("The data source gave a batch that is not valid: {error}")))
}

/// The column with the table's type, which holds all values of the declared one.
fn declared(column: ArrayData, to: &ArrowType) -> Result<ArrayRef, ReadError> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let cast = cast_with_options(&make_array(column), to, &options);
    cast.map_err(|error| ReadError::spark(format!("A record batch of the data source: {error}")))
}

/// The same buffers under a type that differs only in the names and the metadata of its parts, or in a time zone.
pub(super) fn relabel(data: ArrayData, to: &ArrowType) -> Option<ArrayData> {
    if data.data_type() == to {
        return Some(data);
    }
    let parts: Vec<&ArrowType> = match (data.data_type(), to) {
        (ArrowType::List(_), ArrowType::List(field)) => vec![field.data_type()],
        (ArrowType::Map(_, was), ArrowType::Map(field, is)) if was == is => vec![field.data_type()],
        (ArrowType::Struct(were), ArrowType::Struct(are)) if were.len() == are.len() => {
            are.iter().map(|field| field.data_type()).collect()
        }
        (ArrowType::Timestamp(TimeUnit::Microsecond, _), ArrowType::Timestamp(TimeUnit::Microsecond, _)) => Vec::new(),
        _ => return None,
    };
    let children = data
        .child_data()
        .iter()
        .zip(parts)
        .map(|(child, to)| relabel(child.clone(), to))
        .collect::<Option<Vec<_>>>()?;
    let builder = data.into_builder().data_type(to.clone()).child_data(children);
    // SAFETY: the buffers were valid for a type of the same layout.
    Some(unsafe { builder.build_unchecked() })
}

/// Whether a batch of this type has exactly the columns of these fields, metadata aside.
pub(crate) fn has_fields(batch: &ArrowType, fields: &Fields) -> bool {
    matches!(batch, ArrowType::Struct(columns) if same_fields(columns, fields))
}

fn same_fields(one: &Fields, other: &Fields) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| {
            one.name() == other.name()
                && one.is_nullable() == other.is_nullable()
                && same_type(one.data_type(), other.data_type())
        })
}

fn same_type(one: &ArrowType, other: &ArrowType) -> bool {
    match (one, other) {
        (ArrowType::List(one), ArrowType::List(other)) => {
            same_fields(&Fields::from(vec![Arc::clone(one)]), &Fields::from(vec![Arc::clone(other)]))
        }
        (ArrowType::Map(one, was), ArrowType::Map(other, is)) => {
            was == is && same_fields(&Fields::from(vec![Arc::clone(one)]), &Fields::from(vec![Arc::clone(other)]))
        }
        (ArrowType::Struct(one), ArrowType::Struct(other)) => same_fields(one, other),
        _ => one == other,
    }
}
