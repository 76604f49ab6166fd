//! The execution of [`Evaluate`](super::evaluate::Evaluate): a worker for each partition, and its values beside the input's rows.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{StreamExt, stream};

use super::rows::{Rows, in_batches, laid_out};
use super::{EvalType, WorkerSettings};
use crate::error::SparkError;
use crate::executor::{Chunk, PythonExecutor, WorkerFunction, WorkerTask};
use crate::types::StructType;

/// What is evaluated, and on which columns.
#[derive(Debug, Clone)]
pub(super) struct Evaluation {
    pub(super) eval_type: EvalType,
    /// The functions; their arguments are numbers of `columns`.
    pub(super) functions: Vec<WorkerFunction>,
    /// The columns of the input that the worker is given.
    pub(super) columns: Vec<usize>,
    /// Their types.
    pub(super) input: StructType,
    pub(super) layout: SchemaRef,
    /// What the functions give.
    pub(super) output: StructType,
    /// How all this is shown.
    pub(super) shown: String,
}

/// Evaluates functions for each row.
#[derive(Debug)]
pub(super) struct EvaluateExec {
    input: Arc<dyn ExecutionPlan>,
    evaluation: Arc<Evaluation>,
    settings: Arc<WorkerSettings>,
    executor: Arc<dyn PythonExecutor>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl EvaluateExec {
    /// An evaluation whose rows are of this schema: the input's columns, and those of the functions.
    pub(super) fn new(
        input: Arc<dyn ExecutionPlan>,
        schema: SchemaRef,
        evaluation: Arc<Evaluation>,
        settings: Arc<WorkerSettings>,
        executor: Arc<dyn PythonExecutor>,
    ) -> Self {
        // The input's columns come first, so what is known of them is known of these.
        let orderings = input.output_ordering().cloned();
        let equivalence = EquivalenceProperties::new_with_orderings(schema, orderings);
        let properties = PlanProperties::new(
            equivalence,
            input.output_partitioning().clone(),
            EmissionType::Incremental,
            input.boundedness(),
        );
        let metrics = ExecutionPlanMetricsSet::new();
        Self { input, evaluation, settings, executor, properties: Arc::new(properties), metrics }
    }
}

impl DisplayAs for EvaluateExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EvaluatePythonExec: {}", self.evaluation.shown)
    }
}

impl ExecutionPlan for EvaluateExec {
    fn name(&self) -> &'static str {
        "EvaluatePythonExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    crate::without_expressions!();

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[Arc<dyn ExecutionPlan>; 1]>::try_from(children) else {
            return internal_err!("an evaluation of functions has one input");
        };
        let (evaluation, settings) = (Arc::clone(&self.evaluation), Arc::clone(&self.settings));
        Ok(Arc::new(Self::new(input, self.schema(), evaluation, settings, Arc::clone(&self.executor))))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let evaluation = Arc::clone(&self.evaluation);
        // Rows wait here for their values.
        let waiting = Arc::new(Mutex::new(Rows::new(input.schema())));
        let given = {
            let (evaluation, waiting) = (Arc::clone(&evaluation), Arc::clone(&waiting));
            in_batches(input, self.settings.max_records).map(move |batch| {
                let batch = batch?;
                let arguments = laid_out(&batch, &evaluation.columns, &evaluation.layout)?;
                waiting.lock().unwrap_or_else(PoisonError::into_inner).push(batch);
                Ok(Chunk::Rows(arguments))
            })
        };
        let task = WorkerTask {
            eval_type: evaluation.eval_type,
            functions: evaluation.functions.clone(),
            conf: self.settings.conf.clone(),
            input: evaluation.input.clone(),
            layouts: vec![Arc::clone(&evaluation.layout)],
            output: evaluation.output.clone(),
            index: partition,
            channel_capacity: self.settings.channel_capacity,
            traceback: self.settings.traceback,
        };
        let values = self.executor.call(task, given.boxed())?;
        let schema = self.schema();
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let of_batches = Arc::clone(&waiting);
        let rows = values.map(move |values| {
            let rows = beside(&values?, &mut of_batches.lock().unwrap_or_else(PoisonError::into_inner), &schema)?;
            metrics.record_output(rows.num_rows());
            Ok(rows)
        });
        let unanswered = stream::once(async move {
            match waiting.lock().unwrap_or_else(PoisonError::into_inner).len() {
                0 => None,
                left => Some(Err(SparkError::internal(format!("a function gave {left} values too few")).into())),
            }
        });
        let rows = rows.chain(unanswered.filter_map(std::future::ready));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// The rows that the values are of, with the values.
fn beside(values: &RecordBatch, waiting: &mut Rows, schema: &SchemaRef) -> Result<RecordBatch> {
    if waiting.len() < values.num_rows() {
        return Err(SparkError::internal("a function gave more values than there are rows").into());
    }
    let rows = waiting.take(values.num_rows())?;
    let columns = rows.columns().iter().chain(values.columns()).cloned().collect();
    let options = RecordBatchOptions::new().with_row_count(Some(values.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?)
}

/// The schema of some fields.
pub(super) fn schema_of(fields: Vec<arrow::datatypes::Field>) -> SchemaRef {
    Arc::new(Schema::new(fields))
}
