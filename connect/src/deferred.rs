//! Relations that are computed from the whole result of another when they are read.

use std::fmt;
use std::sync::Arc;

use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use seatrial_engine::error::SparkError;
use seatrial_engine::session::{DataFrame, Session};

/// Makes the rows; each call anew.
type Make = dyn Fn() -> BoxStream<'static, Result<RecordBatch>> + Send + Sync;

struct Deferred {
    schema: SchemaRef,
    make: Box<Make>,
}

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deferred").field("schema", &self.schema).finish_non_exhaustive()
    }
}

impl PartitionStream for Deferred {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), (self.make)()))
    }
}

/// A DataFrame whose rows are made when they are asked for, one batch after the other.
///
/// # Errors
/// Never in practice; DataFusion's own.
pub(crate) fn stream(
    session: &Session,
    schema: SchemaRef,
    make: impl Fn() -> BoxStream<'static, Result<RecordBatch>> + Send + Sync + 'static,
) -> Result<DataFrame, SparkError> {
    partitions(session, &schema, [make])
}

/// A DataFrame of several partitions, each of which makes its rows when they are asked for.
///
/// # Errors
/// Never in practice; DataFusion's own.
pub(crate) fn partitions<M>(
    session: &Session,
    schema: &SchemaRef,
    makes: impl IntoIterator<Item = M>,
) -> Result<DataFrame, SparkError>
where
    M: Fn() -> BoxStream<'static, Result<RecordBatch>> + Send + Sync + 'static,
{
    let deferred = |make| Deferred { schema: Arc::clone(schema), make: Box::new(make) };
    let streams = makes.into_iter().map(|make| Arc::new(deferred(make)) as Arc<dyn PartitionStream>);
    session.read_table(Arc::new(StreamingTable::try_new(Arc::clone(schema), streams.collect())?))
}

/// A DataFrame whose rows are computed, all at once, when they are asked for.
///
/// # Errors
/// As [`stream`].
pub(crate) fn frame(
    session: &Session,
    schema: SchemaRef,
    compute: impl Fn() -> BoxFuture<'static, Result<Vec<RecordBatch>, SparkError>> + Send + Sync + 'static,
) -> Result<DataFrame, SparkError> {
    stream(session, schema, move || {
        let computed = compute();
        stream::once(async move { computed.await.map_err(DataFusionError::from) })
            .map_ok(|batches: Vec<RecordBatch>| stream::iter(batches.into_iter().map(Ok)))
            .try_flatten()
            .boxed()
    })
}

/// The rows of a DataFrame as they come, partition after partition.
pub(crate) fn rows_of(frame: DataFrame) -> BoxStream<'static, Result<RecordBatch>> {
    let partitions = async move {
        let plan = frame.plan().await?;
        // All are started, so that they are read side by side; each waits when its rows are not taken.
        let streams = (0..plan.partition_count()).map(|index| plan.execute(index)).collect::<Result<Vec<_>, _>>()?;
        Ok::<_, SparkError>(stream::iter(streams).map(Ok::<_, DataFusionError>).try_flatten())
    };
    stream::once(async move { partitions.await.map_err(DataFusionError::from) }).try_flatten().boxed()
}

/// All rows of a DataFrame as one batch, which may be empty.
///
/// # Errors
/// Those of the query.
pub(crate) async fn whole(frame: &DataFrame) -> Result<RecordBatch, SparkError> {
    let batches = frame.collect().await?;
    match batches.first() {
        Some(first) => concat_batches(&first.schema(), &batches).map_err(SparkError::internal),
        None => Ok(RecordBatch::new_empty(frame.arrow_schema()?)),
    }
}

/// The last rows of a DataFrame, of the same columns.
///
/// # Errors
/// As [`stream`].
pub(crate) fn last_rows(session: &Session, of: &DataFrame, rows: usize) -> Result<DataFrame, SparkError> {
    let schema = of.arrow_schema()?;
    let of = of.clone();
    let output = Arc::clone(&schema);
    frame(session, schema, move || {
        let (of, output) = (of.clone(), Arc::clone(&output));
        Box::pin(async move {
            let mut wanted = rows;
            let mut kept = Vec::new();
            for batch in of.collect().await?.into_iter().rev() {
                if wanted == 0 {
                    break;
                }
                let taken = wanted.min(batch.num_rows());
                let batch = batch.slice(batch.num_rows() - taken, taken);
                let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(taken));
                let batch = RecordBatch::try_new_with_options(Arc::clone(&output), batch.columns().to_vec(), &options);
                kept.push(batch.map_err(SparkError::internal)?);
                wanted -= taken;
            }
            kept.reverse();
            Ok(kept)
        })
    })
}
