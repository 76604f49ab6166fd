//! Rows as the client gets them: Arrow IPC streams, one for each response, in the types and under the names of Spark's schema.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, PrimitiveArray, RecordBatch, RecordBatchOptions, StructArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use prost::bytes::Bytes;
use seatrial_engine::session::SessionConf;
use seatrial_engine::types::StructType;
use seatrial_engine::types::arrow::to_table_schema;

use crate::failure::Failure;

/// How many bytes of rows a response should not exceed, as in Spark.
const BATCH_BYTES: usize = 4 << 20;

/// Writes the rows of one result.
#[derive(Debug)]
pub(crate) struct ArrowEncoder {
    schema: SchemaRef,
}

/// One response's rows.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) data: Bytes,
    pub(crate) rows: usize,
}

impl ArrowEncoder {
    /// An encoder for results of this schema in a session with these settings.
    ///
    /// # Errors
    /// When a type has no Arrow form.
    pub(crate) fn try_new(schema: &StructType, conf: &SessionConf) -> Result<Self, Failure> {
        let layout = Layout {
            zone: conf.shown("spark.sql.session.timeZone").unwrap_or("UTC").into(),
            large: conf.shown("spark.sql.execution.arrow.useLargeVarTypes") == Some("true"),
        };
        let table = to_table_schema(schema)?;
        let fields: Vec<FieldRef> = table
            .fields()
            .iter()
            .map(|field| Arc::new(Field::new(field.name(), layout.of(field.data_type()), field.is_nullable())))
            .collect();
        Ok(Self { schema: Arc::new(Schema::new(fields)) })
    }

    /// No rows: a result has at least one batch.
    ///
    /// # Errors
    /// None that is expected.
    pub(crate) fn empty(&self) -> Result<Encoded, Failure> {
        self.write(&RecordBatch::new_empty(Arc::clone(&self.schema)))
    }

    /// The rows of a batch, in pieces that are not too large.
    ///
    /// # Errors
    /// When a column is not of its type.
    pub(crate) fn encode(&self, batch: &RecordBatch) -> Result<Vec<Encoded>, Failure> {
        let rows = batch.num_rows();
        let bytes: usize = batch.columns().iter().map(sliced_size).sum();
        let per_piece = if bytes <= BATCH_BYTES { rows } else { (rows * BATCH_BYTES / bytes).max(1) };
        let batch = self.conformed(batch).map_err(Failure::internal)?;
        let starts = (0..rows).step_by(per_piece.max(1));
        starts.map(|start| self.write(&batch.slice(start, per_piece.min(rows - start)))).collect()
    }

    /// The rows of a batch in one piece.
    ///
    /// # Errors
    /// When a column is not of its type.
    pub(crate) fn encode_whole(&self, batch: &RecordBatch) -> Result<Encoded, Failure> {
        self.write(&self.conformed(batch).map_err(Failure::internal)?)
    }

    fn conformed(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        if batch.num_columns() != self.schema.fields().len() {
            let (given, wanted) = (batch.num_columns(), self.schema.fields().len());
            return Err(ArrowError::SchemaError(format!("{given} columns where {wanted} are expected")));
        }
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns =
            columns.map(|(column, field)| conform(column, field.data_type())).collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }

    fn write(&self, batch: &RecordBatch) -> Result<Encoded, Failure> {
        let write = || -> Result<Vec<u8>, ArrowError> {
            let mut writer = StreamWriter::try_new(
                Vec::with_capacity(1024 + batch.columns().iter().map(sliced_size).sum::<usize>()),
                &self.schema,
            )?;
            writer.write(batch)?;
            writer.finish()?;
            writer.into_inner()
        };
        let data = write().map_err(Failure::internal)?;
        Ok(Encoded { data: data.into(), rows: batch.num_rows() })
    }
}

/// The bytes that an array's rows take, of buffers that it may share with others.
fn sliced_size(array: &ArrayRef) -> usize {
    array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size())
}

/// What a session's settings say of the Arrow types.
#[derive(Debug)]
struct Layout {
    zone: Arc<str>,
    /// Whether offsets have 64 bits.
    large: bool,
}

impl Layout {
    fn of(&self, data_type: &DataType) -> DataType {
        match data_type {
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::clone(&self.zone)))
            }
            DataType::Utf8 if self.large => DataType::LargeUtf8,
            DataType::Binary if self.large => DataType::LargeBinary,
            DataType::List(field) => DataType::List(self.field(field)),
            DataType::Map(field, sorted) => DataType::Map(self.field(field), *sorted),
            DataType::Struct(fields) => {
                DataType::Struct(fields.iter().map(|field| self.field(field)).collect::<Fields>())
            }
            other => other.clone(),
        }
    }

    fn field(&self, field: &FieldRef) -> FieldRef {
        Arc::new(field.as_ref().clone().with_data_type(self.of(field.data_type())))
    }
}

/// The array as one of that type; what it is called inside does not matter.
fn conform(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == wanted {
        return Ok(Arc::clone(array));
    }
    Ok(match (array.data_type(), wanted) {
        (
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)),
            DataType::Timestamp(TimeUnit::Microsecond, Some(zone)),
        ) => {
            let instants: &PrimitiveArray<TimestampMicrosecondType> = array.as_primitive();
            Arc::new(instants.clone().with_timezone(Arc::clone(zone)))
        }
        (DataType::Struct(given), DataType::Struct(fields)) if given.len() == fields.len() => {
            let (_, columns, nulls) = array.as_struct().clone().into_parts();
            let rows = array.len();
            let columns = conform_all(&columns, fields)?;
            Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, rows)?)
        }
        (DataType::List(_), DataType::List(element)) => {
            let (_, offsets, values, nulls) = array.as_list::<i32>().clone().into_parts();
            Arc::new(ListArray::try_new(Arc::clone(element), offsets, conform(&values, element.data_type())?, nulls)?)
        }
        (DataType::LargeList(from) | DataType::FixedSizeList(from, _), DataType::List(_)) => {
            conform(&cast(array, &DataType::List(Arc::clone(from)))?, wanted)?
        }
        (DataType::Map(..), DataType::Map(entries, sorted)) => {
            let DataType::Struct(fields) = entries.data_type() else {
                return Err(ArrowError::SchemaError("a map without entries".to_owned()));
            };
            let (_, offsets, pairs, nulls, _) = array.as_map().clone().into_parts();
            let (_, columns, pair_nulls) = pairs.into_parts();
            let pairs = StructArray::try_new(fields.clone(), conform_all(&columns, fields)?, pair_nulls)?;
            Arc::new(MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, *sorted)?)
        }
        _ => cast(array, wanted)?,
    })
}

fn conform_all(columns: &[ArrayRef], fields: &Fields) -> Result<Vec<ArrayRef>, ArrowError> {
    columns.iter().zip(fields).map(|(column, field)| conform(column, field.data_type())).collect()
}
