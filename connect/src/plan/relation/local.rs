//! `createDataFrame`: rows that came with the query.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::ipc::reader::StreamReader;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::MemTable;
use seatrial_engine::error::SparkError;
use seatrial_engine::types::arrow::{from_arrow_schema, to_table_schema};
use seatrial_engine::types::{DataType, StructField, StructType};
use spark_connect_proto::{ChunkedCachedLocalRelation, LocalRelation};

use super::super::{Planned, Planner};
use crate::types::malformed;

impl Planner<'_> {
    pub(super) fn local(&self, local: &LocalRelation) -> Result<Planned, SparkError> {
        let schema = local.schema.as_deref().filter(|schema| !schema.is_empty()).map(schema_of).transpose()?;
        self.local_rows(local.data.iter().map(AsRef::as_ref), schema)
    }

    /// Rows that were sent before, as the message that would hold them otherwise.
    pub(super) fn cached_local(&self, hash: &str) -> Result<Planned, SparkError> {
        let bytes = self.session.cached_artifact(hash).ok_or_else(|| missing(hash))?;
        let local = prost::Message::decode(bytes).map_err(|_| malformed("a cached relation that does not decode"))?;
        self.local(&local)
    }

    /// Rows that were sent before in pieces.
    pub(super) fn chunked_local(&self, cached: &ChunkedCachedLocalRelation) -> Result<Planned, SparkError> {
        let fetch = |hash: &String| self.session.cached_artifact(hash).ok_or_else(|| missing(hash));
        let chunks = cached.data_hashes.iter().map(fetch).collect::<Result<Vec<_>, _>>()?;
        let schema = match &cached.schema_hash {
            Some(hash) => {
                let bytes = fetch(hash)?;
                let text = std::str::from_utf8(&bytes).map_err(|_| malformed("a schema that is no text"))?;
                Some(schema_of(text)?)
            }
            None => None,
        };
        self.local_rows(chunks.iter().map(AsRef::as_ref), schema)
    }

    /// A relation of rows that the planner itself computed. Names of columns may repeat.
    ///
    /// # Errors
    /// When the columns do not fit the schema.
    pub(super) fn computed_rows(&self, schema: &StructType, columns: Vec<ArrayRef>) -> Result<Planned, SparkError> {
        let rows = columns.first().map_or(0, |column| column.len());
        let fields = schema.fields.iter().enumerate();
        let fields = fields.map(|(index, field)| StructField { name: format!("column{index}"), ..field.clone() });
        let arrow = Arc::new(to_table_schema(&StructType { fields: fields.collect() })?);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&arrow), columns, &options);
        let table = MemTable::try_new(arrow, vec![vec![batch.map_err(SparkError::internal)?]])?;
        self.leaf_of(&self.session.engine.read_table(Arc::new(table))?, schema.clone(), &[])
    }

    /// The rows of Arrow IPC streams; without a schema they have their own.
    fn local_rows<'b>(
        &self,
        streams: impl Iterator<Item = &'b [u8]>,
        schema: Option<StructType>,
    ) -> Result<Planned, SparkError> {
        let mut batches: Vec<RecordBatch> = Vec::new();
        let mut own: Option<SchemaRef> = None;
        for bytes in streams {
            let broken =
                |error: arrow::error::ArrowError| malformed(&format!("rows that are no Arrow stream ({error})"));
            let reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(broken)?;
            own.get_or_insert_with(|| reader.schema());
            for batch in reader {
                batches.push(batch.map_err(broken)?);
            }
        }
        let schema = match (schema, own) {
            (Some(schema), _) => schema,
            (None, Some(own)) => from_arrow_schema(&own)?,
            (None, None) => return Err(malformed("a local relation without rows and schema")),
        };
        let arrow = Arc::new(to_table_schema(&schema)?);
        let batches = batches.into_iter().map(|batch| conformed(&batch, &arrow)).collect::<Result<Vec<_>, _>>()?;
        let table = MemTable::try_new(arrow, vec![batches])?;
        self.leaf_of(&self.session.engine.read_table(Arc::new(table))?, schema, &[])
    }
}

/// The batch with the columns of that schema.
fn conformed(batch: &RecordBatch, schema: &Arc<Schema>) -> Result<RecordBatch, SparkError> {
    if batch.num_columns() != schema.fields().len() {
        return Err(malformed("rows with another number of columns than their schema"));
    }
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        if column.data_type() == field.data_type() {
            return Ok(Arc::clone(column));
        }
        cast(column, field.data_type())
            .map_err(|error| malformed(&format!("rows whose column `{}` is not of its type ({error})", field.name())))
    });
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns.collect::<Result<_, SparkError>>()?, &options)
        .map_err(|error| malformed(&format!("rows that do not fit their schema ({error})")))
}

/// The schema of a local relation: JSON or DDL.
fn schema_of(text: &str) -> Result<StructType, SparkError> {
    let data_type = match text.trim_start().starts_with('{') {
        true => DataType::from_json_text(text)?,
        false => match StructType::from_ddl(text) {
            Ok(schema) => DataType::Struct(schema),
            Err(error) => DataType::from_ddl(text).map_err(|_| error)?,
        },
    };
    Ok(match data_type {
        DataType::Struct(schema) => schema,
        // A single type is that of the only column.
        data_type => StructType { fields: vec![StructField::new("value", data_type)] },
    })
}

fn missing(hash: &str) -> SparkError {
    SparkError::plain(
        seatrial_engine::error::ExceptionClass::Spark,
        format!(
            "[CACHED_LOCAL_RELATION_NOT_FOUND] The session does not have the rows with the hash {hash}: they were not sent, or dropped. Create the DataFrame again."
        ),
    )
}
