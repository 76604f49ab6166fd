//! Functions on rows whose values go by pickles in Spark (`SQL_BATCHED_UDF`): what they are given, and what the JVM makes of what
//! they return. It takes a value only where it has the form of the column's type; any other value is null, except that
//! everything has a text.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanArray, Float32Array, Float64Array, ListArray, MapArray, PrimitiveArray,
    StringBuilder, StructArray, make_array, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Date32Type, DurationMicrosecondType, Field, Int8Type, Int16Type,
    Int32Type, Int64Type, TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use arrow_pyarrow::{FromPyArrow, ToPyArrow};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyModule, PyString, PyTuple};
use tokio::sync::mpsc;

use super::pipe::Results;
use super::{Chunk, Failure, Given, WorkerTask};
use crate::error::condition::STRUCT_ARRAY_LENGTH_MISMATCH;
use crate::error::{ExceptionClass, SparkError};
use crate::python::cancel::QueryCancelled;
use crate::types::DataType;
use crate::types::values::java_number;

/// Calls the function on the rows that are given, batch after batch.
pub(super) fn work(
    module: &Bound<'_, PyModule>,
    function: &Bound<'_, PyAny>,
    task: &WorkerTask,
    mut given: mpsc::Receiver<Given>,
    results: &Results,
) -> Result<(), Failure> {
    let py = module.py();
    let arguments = Arguments::try_new(module, task)?;
    let [zip, list] = [py.import("builtins")?.getattr("zip")?, py.import("builtins")?.getattr("list")?];
    loop {
        let batch = match py.detach(|| given.blocking_recv()) {
            Some(Given::Chunk(Chunk::Rows(batch))) => batch,
            Some(Given::Chunk(Chunk::Group(_))) => {
                return Err(Failure::Spark(SparkError::internal("groups for a function on rows")));
            }
            Some(Given::End) => return Ok(()),
            None => return Err(QueryCancelled::new_err("the query no longer needs this data").into()),
        };
        let rows = if batch.num_columns() == 0 {
            PyList::new(py, std::iter::repeat_n(PyTuple::empty(py), batch.num_rows()))?.into_any()
        } else {
            zip.call1(PyTuple::new(py, arguments.columns(&batch)?)?)?
        };
        let values = list.call1((function.call1((task.index, rows))?,))?.cast_into::<PyList>().map_err(PyErr::from)?;
        let columns =
            columns(module, &values, &task.output.fields.iter().map(|field| &field.data_type).collect::<Vec<_>>())?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let conformed = columns.iter().zip(results.schema.fields());
        let conformed = conformed
            .map(|(column, field)| crate::types::arrow::layout::conform(column, field.data_type()))
            .collect::<Result<Vec<_>, _>>()
            .and_then(|columns| RecordBatch::try_new_with_options(Arc::clone(&results.schema), columns, &options));
        results.send(py, conformed.map_err(|error| Failure::Spark(SparkError::internal(error)))?)?;
    }
}

/// The columns of the results: one by itself, several as tuples.
fn columns(
    module: &Bound<'_, PyModule>,
    values: &Bound<'_, PyList>,
    types: &[&DataType],
) -> Result<Vec<ArrayRef>, Failure> {
    let converter = Converter { module };
    match types {
        [data_type] => Ok(vec![converter.array(values.iter().collect(), data_type)?]),
        types => {
            let mut columns: Vec<Vec<Bound<'_, PyAny>>> =
                types.iter().map(|_| Vec::with_capacity(values.len())).collect();
            for row in values.iter() {
                let row = row.cast_into::<PyTuple>().map_err(PyErr::from)?;
                for (column, value) in columns.iter_mut().zip(row.iter()) {
                    column.push(value);
                }
            }
            columns.into_iter().zip(types).map(|(values, data_type)| converter.array(values, data_type)).collect()
        }
    }
}

/// Makes the arguments of rows.
struct Arguments<'py> {
    module: Bound<'py, PyModule>,
    /// PySpark's types of the columns.
    types: Vec<Bound<'py, PyAny>>,
    /// Whether binary values are `bytes`, and no `bytearray`.
    binary_as_bytes: bool,
}

impl<'py> Arguments<'py> {
    fn try_new(module: &Bound<'py, PyModule>, task: &WorkerTask) -> PyResult<Self> {
        let schema = module.call_method1("schema", (task.input.to_json().to_string(),))?;
        let fields = schema.getattr("fields")?;
        let types = fields.try_iter()?.map(|field| field?.getattr("dataType")).collect::<PyResult<_>>()?;
        // The setting came with Spark 4.1.
        let binary_as_bytes =
            task.conf.get("spark.sql.execution.pyspark.binaryAsBytes").is_some_and(|set| set == "true");
        Ok(Self { module: module.clone(), types, binary_as_bytes })
    }

    /// The values of each column.
    fn columns(&self, batch: &RecordBatch) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let py = self.module.py();
        let columns = batch.columns().iter().zip(&self.types);
        columns
            .map(|(column, data_type)| {
                let column = column.to_data().to_pyarrow(py)?;
                self.module.call_method1("values", (column, data_type, self.binary_as_bytes))
            })
            .collect()
    }
}

type Values<'py> = Vec<Bound<'py, PyAny>>;

struct Converter<'a, 'py> {
    module: &'a Bound<'py, PyModule>,
}

impl<'py> Converter<'_, 'py> {
    /// The values as the JVM reads them from pickles.
    fn array(&self, values: Values<'py>, data_type: &DataType) -> Result<ArrayRef, Failure> {
        for value in &values {
            refuse_numpy(value)?;
        }
        Ok(match data_type {
            DataType::Boolean => {
                let flag = |value: &Bound<'py, PyAny>| value.cast::<PyBool>().ok().map(|flag| flag.is_true());
                Arc::new(values.iter().map(flag).collect::<BooleanArray>())
            }
            DataType::Byte => integers::<Int8Type>(&values, |value| value.to_le_bytes()[0].cast_signed()),
            DataType::Short => integers::<Int16Type>(&values, |value| {
                let [low, high, ..] = value.to_le_bytes();
                i16::from_le_bytes([low, high])
            }),
            DataType::Integer => integers::<Int32Type>(&values, low_half),
            DataType::Date => integers::<Date32Type>(&values, low_half),
            DataType::Long => integers::<Int64Type>(&values, |value| value),
            DataType::Timestamp => {
                let instants: PrimitiveArray<TimestampMicrosecondType> = primitive(&values, |value| value);
                Arc::new(instants.with_timezone("UTC"))
            }
            DataType::TimestampNtz => integers::<TimestampMicrosecondType>(&values, |value| value),
            DataType::DayTimeInterval { .. } => integers::<DurationMicrosecondType>(&values, |value| value),
            DataType::Float => {
                #[expect(clippy::cast_possible_truncation, reason = "as Java's `toFloat`")]
                let narrow = |value: &Bound<'py, PyAny>| float(value).map(|value| value as f32);
                Arc::new(values.iter().map(narrow).collect::<Float32Array>())
            }
            DataType::Double => Arc::new(values.iter().map(float).collect::<Float64Array>()),
            DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_) => {
                let mut texts = StringBuilder::new();
                for value in &values {
                    texts.append_option(if value.is_none() { None } else { Some(java_text(value)?) });
                }
                Arc::new(texts.finish())
            }
            DataType::Binary => {
                let mut binaries = BinaryBuilder::new();
                for value in &values {
                    binaries.append_option(binary(value)?);
                }
                Arc::new(binaries.finish())
            }
            DataType::Decimal { precision, scale } => {
                let decimals = self.module.call_method1("decimals", (values, *precision, *scale))?;
                make_array(arrow::array::ArrayData::from_pyarrow_bound(&decimals)?)
            }
            DataType::Array { element, contains_null } => self.lists(&values, element, *contains_null)?,
            DataType::Map { key, value, value_contains_null } => {
                self.maps(&values, key, value, *value_contains_null)?
            }
            DataType::Struct(schema) => {
                let width = schema.fields.len();
                let mut columns: Vec<Values<'py>> = (0..width).map(|_| Vec::with_capacity(values.len())).collect();
                let none = self.module.py().None().into_bound(self.module.py());
                let mut valid = Vec::with_capacity(values.len());
                for value in &values {
                    let row = value.cast::<PyTuple>().ok();
                    valid.push(row.is_some());
                    if let Some(row) = row
                        && row.len() != width
                    {
                        return Err(Failure::Spark(of_another_width(width, row.len())));
                    }
                    for (index, column) in columns.iter_mut().enumerate() {
                        column.push(match row {
                            Some(row) => row.get_item(index)?,
                            None => none.clone(),
                        });
                    }
                }
                let fields = schema.fields.iter().zip(columns);
                let arrays = fields.map(|(field, values)| self.array(values, &field.data_type));
                let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
                let fields = schema.fields.iter().zip(&arrays);
                let fields = fields.map(|(field, array)| Field::new(&field.name, array.data_type().clone(), true));
                let nulls = Some(NullBuffer::from(valid));
                let rows = values.len();
                Arc::new(StructArray::try_new_with_length(fields.collect(), arrays, nulls, rows).map_err(unfit)?)
            }
            DataType::Udt { sql_type, .. } => self.array(values, sql_type)?,
            DataType::Null => new_null_array(&ArrowType::Null, values.len()),
            other => {
                let message = format!("A function on rows cannot return values of type {}.", other.simple_string());
                return Err(Failure::Spark(SparkError::plain(ExceptionClass::UnsupportedOperation, message)));
            }
        })
    }

    fn lists(&self, values: &[Bound<'py, PyAny>], element: &DataType, nullable: bool) -> Result<ArrayRef, Failure> {
        let mut elements: Values<'py> = Vec::new();
        let (mut lengths, mut valid) = (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
        for value in values {
            let before = elements.len();
            let is_list = match (value.cast::<PyList>(), value.cast::<PyTuple>()) {
                (Ok(list), _) => {
                    elements.extend(list.iter());
                    true
                }
                (_, Ok(tuple)) => {
                    elements.extend(tuple.iter());
                    true
                }
                _ if is_array_of_numbers(value) => {
                    for element in value.try_iter()? {
                        elements.push(element?);
                    }
                    true
                }
                _ => false,
            };
            lengths.push(elements.len() - before);
            valid.push(is_list);
        }
        let elements = self.array(elements, element)?;
        let field =
            Arc::new(Field::new("element", elements.data_type().clone(), nullable || elements.null_count() > 0));
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(field, offsets, elements, Some(NullBuffer::from(valid))).map_err(unfit)?))
    }

    fn maps(
        &self,
        values: &[Bound<'py, PyAny>],
        key: &DataType,
        value: &DataType,
        nullable: bool,
    ) -> Result<ArrayRef, Failure> {
        let (mut keys, mut items): (Values<'py>, Values<'py>) = (Vec::new(), Vec::new());
        let (mut lengths, mut valid) = (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
        for value in values {
            let before = keys.len();
            let dict = value.cast::<PyDict>().ok();
            valid.push(dict.is_some());
            for (key, item) in dict.into_iter().flatten() {
                keys.push(key);
                items.push(item);
            }
            lengths.push(keys.len() - before);
        }
        let (keys, items) = (self.array(keys, key)?, self.array(items, value)?);
        let fields = vec![
            Field::new("key", keys.data_type().clone(), false),
            Field::new("value", items.data_type().clone(), nullable || items.null_count() > 0),
        ];
        let entries = StructArray::try_new(fields.into(), vec![keys, items], None).map_err(unfit)?;
        let field = Arc::new(Field::new("entries", entries.data_type().clone(), false));
        let offsets = OffsetBuffer::from_lengths(lengths);
        let nulls = Some(NullBuffer::from(valid));
        Ok(Arc::new(MapArray::try_new(field, offsets, entries, nulls, false).map_err(unfit)?))
    }
}

fn unfit(error: ArrowError) -> Failure {
    Failure::Spark(SparkError::internal(error))
}

fn of_another_width(expected: usize, actual: usize) -> SparkError {
    STRUCT_ARRAY_LENGTH_MISMATCH.error([("expected", expected.to_string()), ("actual", actual.to_string())])
}

/// The JVM cannot make the scalars of NumPy out of their pickles.
fn refuse_numpy(value: &Bound<'_, PyAny>) -> Result<(), Failure> {
    let class = value.get_type();
    if class.module()?.to_str()? != "numpy" {
        return Ok(());
    }
    let message = "net.razorvine.pickle.PickleException: expected zero arguments for construction of ClassDict (for \
                   numpy.dtype). This happens when an unsupported/unregistered class is being unpickled that requires \
                   construction arguments. Fix it by registering a custom IObjectConstructor for this class.";
    Err(Failure::Spark(SparkError::plain(ExceptionClass::Spark, message)))
}

/// An integer that is no boolean and has 64 bits.
fn long(value: &Bound<'_, PyAny>) -> Option<i64> {
    if value.is_instance_of::<PyBool>() {
        return None;
    }
    value.cast::<PyInt>().ok()?.extract().ok()
}

fn float(value: &Bound<'_, PyAny>) -> Option<f64> {
    value.cast::<PyFloat>().ok().map(PyFloatMethods::value)
}

fn low_half(value: i64) -> i32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

fn primitive<T: ArrowPrimitiveType>(
    values: &[Bound<'_, PyAny>],
    narrow: impl Fn(i64) -> T::Native,
) -> PrimitiveArray<T> {
    values.iter().map(|value| long(value).map(&narrow)).collect()
}

fn integers<T: ArrowPrimitiveType>(values: &[Bound<'_, PyAny>], narrow: impl Fn(i64) -> T::Native) -> ArrayRef {
    Arc::new(primitive::<T>(values, narrow))
}

fn binary(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Some(bytes.as_bytes().to_vec()));
    }
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        return Ok(Some(bytes.to_vec()));
    }
    match value.cast::<PyString>() {
        Ok(text) => Ok(Some(text.to_str()?.as_bytes().to_vec())),
        Err(_) => Ok(None),
    }
}

fn is_array_of_numbers(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyByteArray>()
        || crate::python::exception::type_name(value) == "array"
}

/// What `toString` says of the object that the JVM makes of the value.
fn java_text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let joined =
        |values: Vec<PyResult<String>>| values.into_iter().collect::<PyResult<Vec<_>>>().map(|all| all.join(", "));
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_str()?.to_owned());
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(flag.is_true().to_string());
    }
    if let Some(value) = float(value) {
        return Ok(java_number::text(value, false));
    }
    if value.is_none() {
        return Ok("null".to_owned());
    }
    if let Ok(list) = value.cast::<PyList>() {
        return Ok(format!("[{}]", joined(list.iter().map(|value| java_text(&value)).collect())?));
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        let pair = |(key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            Ok(format!("{}={}", java_text(&key)?, java_text(&value)?))
        };
        return Ok(format!("{{{}}}", joined(dict.iter().map(pair).collect())?));
    }
    Ok(value.str()?.to_str()?.to_owned())
}
