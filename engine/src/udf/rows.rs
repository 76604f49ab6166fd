//! Batches of rows on their way to a worker and back.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::stream::BoxStream;
use futures::{StreamExt, stream};

use crate::error::SparkError;
use crate::types::arrow::layout::conform;

/// The first rows of some batches, as one batch each time.
#[derive(Debug)]
pub(super) struct Rows {
    schema: SchemaRef,
    waiting: VecDeque<RecordBatch>,
    count: usize,
}

impl Rows {
    pub(super) fn new(schema: SchemaRef) -> Self {
        Self { schema, waiting: VecDeque::new(), count: 0 }
    }

    pub(super) fn push(&mut self, batch: RecordBatch) {
        self.count += batch.num_rows();
        self.waiting.push_back(batch);
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The first `wanted` rows, or all if there are fewer.
    pub(super) fn take(&mut self, wanted: usize) -> Result<RecordBatch> {
        let mut taken = Vec::new();
        let mut missing = wanted.min(self.count);
        self.count -= missing;
        while missing > 0
            && let Some(batch) = self.waiting.pop_front()
        {
            let rows = batch.num_rows();
            if rows > missing {
                self.waiting.push_front(batch.slice(missing, rows - missing));
                taken.push(batch.slice(0, missing));
                missing = 0;
            } else {
                missing -= rows;
                taken.push(batch);
            }
        }
        match <[RecordBatch; 1]>::try_from(taken) {
            Ok([batch]) => Ok(batch),
            Err(taken) => Ok(concat_batches(&self.schema, &taken)?),
        }
    }
}

/// The rows in batches of that size, the last of which may be smaller.
pub(super) fn in_batches(input: SendableRecordBatchStream, size: usize) -> BoxStream<'static, Result<RecordBatch>> {
    let rows = Rows::new(input.schema());
    let state = Some((input, rows));
    stream::try_unfold(state, move |state| async move {
        let Some((mut input, mut rows)) = state else { return Ok(None) };
        while rows.len() < size {
            match input.next().await {
                Some(batch) => rows.push(batch?),
                None if rows.len() == 0 => return Ok(None),
                None => return Ok(Some((rows.take(size)?, None))),
            }
        }
        Ok(Some((rows.take(size)?, Some((input, rows)))))
    })
    .boxed()
}

/// The columns of a batch as a worker is given them.
pub(super) fn laid_out(batch: &RecordBatch, columns: &[usize], layout: &SchemaRef) -> Result<RecordBatch> {
    let columns = columns.iter().zip(layout.fields());
    let columns = columns.map(|(index, field)| match batch.columns().get(*index) {
        Some(column) => Ok(conform(column, field.data_type())?),
        None => Err(SparkError::internal("an argument that is no column of the input").into()),
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(layout), columns, &options)?)
}
