//! Rows that a second query sees while they pass.
//!
//! The query runs beside the one that hands the rows on, and takes them from a channel. Whoever reads the rows first is who it
//! sees; a query that reads them twice is seen once.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::{Session as DataFusionSession, TableProvider};
use datafusion::common::internal_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, ReplaceChildrenOptions,
};
use futures::StreamExt;
use seatrial_engine::error::SparkError;
use seatrial_engine::session::{DataFrame, Session};
use seatrial_engine::types::StructType;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How many batches may wait to be seen.
const WAITING: usize = 4;

/// Where a query takes the rows from that it sees; there is something to take from the moment that they begin to pass.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows(Arc<Mutex<Option<mpsc::Receiver<RecordBatch>>>>);

impl Rows {
    /// The rows, for whoever asks first.
    pub(crate) fn take(&self) -> Option<mpsc::Receiver<RecordBatch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, rows: mpsc::Receiver<RecordBatch>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(rows);
    }
}

/// A query of rows that pass.
#[derive(Debug)]
pub(crate) struct Observer {
    query: DataFrame,
    rows: Rows,
    run: Mutex<Option<Run>>,
}

/// The query while it runs.
#[derive(Debug)]
struct Run {
    /// The operator whose rows it sees.
    of: u64,
    /// Keeps the query waiting for more rows until all partitions are through.
    rows: mpsc::Sender<RecordBatch>,
    result: JoinHandle<Result<Vec<RecordBatch>, SparkError>>,
}

impl Drop for Run {
    fn drop(&mut self) {
        self.result.abort();
    }
}

impl Observer {
    /// A query that takes its rows from there.
    pub(crate) fn new(query: DataFrame, rows: Rows) -> Self {
        Self { query, rows, run: Mutex::new(None) }
    }

    /// The columns of the query.
    ///
    /// # Errors
    /// When a column has a type that Spark does not know.
    pub(crate) fn schema(&self) -> Result<StructType, SparkError> {
        self.query.schema()
    }

    /// Where an operator sends its rows; nowhere, when those of another one are seen already.
    fn begin(&self, of: u64) -> Option<mpsc::Sender<RecordBatch>> {
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        let run = run.get_or_insert_with(|| {
            let (sender, receiver) = mpsc::channel(WAITING);
            self.rows.put(receiver);
            let query = self.query.clone();
            Run { of, rows: sender, result: tokio::spawn(async move { query.collect().await }) }
        });
        (run.of == of).then(|| run.rows.clone())
    }

    /// What the query made of the rows that passed; none if there was no run.
    ///
    /// # Errors
    /// Those of the query.
    pub(crate) async fn finish(&self) -> Result<Option<Vec<RecordBatch>>, SparkError> {
        let run = self.run.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut run) = run else { return Ok(None) };
        // Without a sender there are no more rows.
        run.rows = mpsc::channel(1).0;
        match (&mut run.result).await {
            Ok(batches) => batches.map(Some),
            Err(error) => Err(SparkError::internal(error)),
        }
    }
}

/// A DataFrame of the same rows, which an observer sees pass.
///
/// # Errors
/// Never in practice; DataFusion's own.
pub(crate) fn frame(session: &Session, of: &DataFrame, observer: Arc<Observer>) -> Result<DataFrame, SparkError> {
    session.read_table(Arc::new(Observed { schema: of.arrow_schema()?, of: of.clone(), observer }))
}

#[derive(Debug)]
struct Observed {
    schema: SchemaRef,
    of: DataFrame,
    observer: Arc<Observer>,
}

#[async_trait]
impl TableProvider for Observed {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _: &dyn DataFusionSession,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = self.of.plan().await.map_err(DataFusionError::from)?;
        let columns = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let schema = Arc::new(self.schema.project(&columns)?);
        Ok(Arc::new(ObservedExec::new(Arc::clone(input.physical_plan()), Arc::clone(&self.observer), columns, schema)))
    }
}

/// Hands rows on that an observer sees first.
struct ObservedExec {
    id: u64,
    input: Arc<dyn ExecutionPlan>,
    observer: Arc<Observer>,
    /// The columns that are handed on.
    columns: Vec<usize>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl ObservedExec {
    fn new(input: Arc<dyn ExecutionPlan>, observer: Arc<Observer>, columns: Vec<usize>, schema: SchemaRef) -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            input.properties().emission_type,
            input.properties().boundedness,
        );
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        Self { id, input, observer, columns, schema, properties: Arc::new(properties) }
    }
}

impl fmt::Debug for ObservedExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedExec").field("input", &self.input).finish_non_exhaustive()
    }
}

impl DisplayAs for ObservedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ObservedExec")
    }
}

impl ExecutionPlan for ObservedExec {
    fn name(&self) -> &'static str {
        "ObservedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    seatrial_engine::without_expressions!();

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match <[Arc<dyn ExecutionPlan>; 1]>::try_from(children) {
            Ok([input]) => {
                let (columns, schema) = (self.columns.clone(), Arc::clone(&self.schema));
                Ok(Arc::new(Self::new(input, Arc::clone(&self.observer), columns, schema)))
            }
            Err(children) => internal_err!("observed rows of {} inputs", children.len()),
        }
    }

    // All rows are to be seen: no operator above may keep some from being read, but by not taking them.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let (observer, columns) = (self.observer.begin(self.id), self.columns.clone());
        let rows = input.then(move |batch| {
            let (observer, columns) = (observer.clone(), columns.clone());
            async move {
                let batch = batch?;
                if let Some(observer) = observer {
                    // An observer that failed says so at the end.
                    let _ = observer.send(batch.clone()).await;
                }
                Ok(batch.project(&columns)?)
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), rows)))
    }
}
