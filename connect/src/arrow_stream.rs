//! Rows as the client gets them: Arrow IPC streams, one for each response, in the types and under the names of Spark's schema.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use prost::bytes::Bytes;
use seatrial_engine::session::SessionConf;
use seatrial_engine::types::StructType;
use seatrial_engine::types::arrow::layout::{Layout, conform};
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
        let layout = Layout::of_session(conf);
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
