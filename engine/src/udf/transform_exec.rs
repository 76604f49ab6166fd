//! The execution of [`Transform`](super::transform::Transform).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, StructArray};
use arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{Distribution, EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};

use super::WorkerSettings;
use super::exec::schema_of;
use super::grouping::{Groups, matched};
use super::rows::{Rows, in_batches, laid_out};
use super::transform::Transformation;
use super::windows::Windows;
use crate::executor::{Chunk, PythonExecutor, WorkerFunction, WorkerTask};

/// Gives relations to functions.
#[derive(Debug)]
pub(super) struct TransformExec {
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    transformation: Arc<Transformation>,
    settings: Arc<WorkerSettings>,
    executor: Arc<dyn PythonExecutor>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl TransformExec {
    /// A transformation whose rows are of this schema.
    pub(super) fn new(
        inputs: Vec<Arc<dyn ExecutionPlan>>,
        schema: SchemaRef,
        transformation: Arc<Transformation>,
        settings: Arc<WorkerSettings>,
        executor: Arc<dyn PythonExecutor>,
    ) -> Self {
        let partitions = match inputs.as_slice() {
            [input] if !transformation.is_grouped() => input.output_partitioning().partition_count(),
            _ => 1,
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        let metrics = ExecutionPlanMetricsSet::new();
        Self { inputs, transformation, settings, executor, properties: Arc::new(properties), metrics }
    }

    /// The schemas in which a worker is given the relations.
    fn layouts(&self) -> Result<Vec<SchemaRef>> {
        let layout = |given: &super::Given| {
            let shown = self.transformation.shown(given);
            let fields = shown.iter().filter_map(|index| given.columns.fields.get(*index));
            let fields = fields.map(|field| self.settings.field(&field.name, &field.data_type));
            let mut fields = fields.collect::<Result<Vec<_>, _>>()?;
            fields.extend(self.transformation.windows.iter().flat_map(Windows::fields));
            Ok(schema_of(fields))
        };
        self.transformation.given.iter().map(layout).collect()
    }

    fn task(&self, partition: usize, layouts: Vec<SchemaRef>) -> WorkerTask {
        let functions = self.transformation.functions.iter().map(|applied| WorkerFunction {
            commands: vec![applied.function.command.clone()],
            python_version: applied.function.python_version.clone(),
            arguments: applied.arguments.clone(),
        });
        let mut conf = self.settings.conf.clone();
        conf.extend(self.transformation.windows.iter().flat_map(Windows::conf));
        WorkerTask {
            eval_type: self.transformation.eval_type(),
            functions: functions.collect(),
            conf,
            input: self.transformation.given.first().map(|given| given.columns.clone()).unwrap_or_default(),
            layouts,
            output: self.transformation.output.clone(),
            index: partition,
            channel_capacity: self.settings.channel_capacity,
            traceback: self.settings.traceback,
        }
    }

    /// The rows of one partition, in tables of one column each.
    fn tables(&self, input: SendableRecordBatchStream, layout: &SchemaRef) -> (SchemaRef, Chunks) {
        let table = table_of(layout);
        let (layout, whole) = (Arc::clone(layout), Arc::clone(&table));
        let batches = in_batches(input, self.settings.max_records)
            .map(move |batch| Ok(Chunk::Rows(in_table(&laid_out(&batch?, &every(&layout), &layout)?, &whole)?)));
        (table, batches.boxed())
    }

    /// The groups of one relation. What is part of the result beside the functions' values is put aside.
    fn groups(&self, input: SendableRecordBatchStream, layout: &SchemaRef, aside: Arc<Mutex<Rows>>) -> Chunks {
        let (layout, size) = (Arc::clone(layout), self.settings.max_records);
        let table = self.transformation.takes_tables().then(|| table_of(&layout));
        let transformation = Arc::clone(&self.transformation);
        let kept = transformation.kept();
        let groups = async move {
            let Some(given) = transformation.given.first() else {
                return internal_err!("groups of a relation that is not described");
            };
            let shown = transformation.shown(given);
            let order = transformation.windows.as_ref().map(|windows| windows.order.as_slice()).unwrap_or_default();
            let groups = Groups::read(input, &given.keys, order).await?;
            let chunks = (0..groups.len()).filter_map(move |index| groups.group(index)).map(move |group| {
                if !kept.is_empty() {
                    // An aggregate has one value for a group, a window one for each row.
                    let rows = if transformation.windows.is_some() { group.num_rows() } else { 1 };
                    let rows = group.slice(0, rows).project(&kept)?;
                    aside.lock().unwrap_or_else(PoisonError::into_inner).push(rows);
                }
                let bounds = transformation.windows.as_ref().map(|windows| windows.bounds(&group)).transpose()?;
                let rows = with_columns(&group.project(&shown)?, bounds.unwrap_or_default())?;
                let batches = sliced(&rows, &layout, size)?;
                Ok(Chunk::Group(vec![match &table {
                    Some(table) => batches.iter().map(|batch| in_table(batch, table)).collect::<Result<_>>()?,
                    None => batches,
                }]))
            });
            Ok::<_, datafusion::error::DataFusionError>(stream::iter(chunks))
        };
        stream::once(groups).try_flatten().boxed()
    }

    /// The groups of two relations that have the same key.
    fn cogroups(&self, inputs: [SendableRecordBatchStream; 2], layouts: [SchemaRef; 2]) -> Chunks {
        let size = self.settings.max_records;
        let transformation = Arc::clone(&self.transformation);
        let groups = async move {
            let [left, right] = inputs;
            let keys =
                |index: usize| transformation.given.get(index).map(|given| given.keys.clone()).unwrap_or_default();
            let left = Groups::read(left, &keys(0), &[]).await?;
            let right = Groups::read(right, &keys(1), &[]).await?;
            let chunks = matched(&left, &right).into_iter().map(move |(of_left, of_right)| {
                let group = |groups: &Groups, index: Option<usize>| {
                    index.and_then(|index| groups.group(index)).unwrap_or_else(|| groups.none())
                };
                let [first, second] = &layouts;
                let left = sliced(&group(&left, of_left), first, size)?;
                Ok(Chunk::Group(vec![left, sliced(&group(&right, of_right), second, size)?]))
            });
            Ok::<_, datafusion::error::DataFusionError>(stream::iter(chunks))
        };
        stream::once(groups).try_flatten().boxed()
    }
}

type Chunks = BoxStream<'static, Result<Chunk>>;

/// The schema of rows in tables of one column each, whose fields are the columns.
fn table_of(layout: &SchemaRef) -> SchemaRef {
    schema_of(vec![Field::new("struct", ArrowType::Struct(layout.fields().clone()), false)])
}

/// The rows with these columns behind theirs.
fn with_columns(batch: &RecordBatch, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    if columns.is_empty() {
        return Ok(batch.clone());
    }
    let added = columns.iter().map(|column| Arc::new(Field::new("", column.data_type().clone(), false)));
    let fields: Vec<_> = batch.schema().fields().iter().cloned().chain(added).collect();
    let columns = batch.columns().iter().cloned().chain(columns).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn in_table(batch: &RecordBatch, table: &SchemaRef) -> Result<RecordBatch> {
    let (fields, columns) = (batch.schema().fields().clone(), batch.columns().to_vec());
    let column: ArrayRef = Arc::new(StructArray::try_new_with_length(fields, columns, None, batch.num_rows())?);
    Ok(RecordBatch::try_new(Arc::clone(table), vec![column])?)
}

fn every(layout: &SchemaRef) -> Vec<usize> {
    (0..layout.fields().len()).collect()
}

/// A group's rows as a worker is given them, in batches of that size: at least one, which may be empty.
fn sliced(group: &RecordBatch, layout: &SchemaRef, size: usize) -> Result<Vec<RecordBatch>> {
    let group = laid_out(group, &every(layout), layout)?;
    let rows = group.num_rows();
    let starts = (0..rows.max(1)).step_by(size);
    Ok(starts.map(|start| group.slice(start, size.min(rows - start))).collect())
}

impl DisplayAs for TransformExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransformPythonExec: {}", self.transformation)
    }
}

impl ExecutionPlan for TransformExec {
    fn name(&self) -> &'static str {
        "TransformPythonExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        let grouped = self.transformation.is_grouped();
        let one = |_| if grouped { Distribution::SinglePartition } else { Distribution::UnspecifiedDistribution };
        self.inputs.iter().map(one).collect()
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false; self.inputs.len()]
    }

    crate::without_expressions!();

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.len() != self.inputs.len() {
            return internal_err!("a transformation of {} relations got {}", self.inputs.len(), children.len());
        }
        let (transformation, settings) = (Arc::clone(&self.transformation), Arc::clone(&self.settings));
        Ok(Arc::new(Self::new(children, self.schema(), transformation, settings, Arc::clone(&self.executor))))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let streams = self.inputs.iter().map(|input| input.execute(partition, Arc::clone(&context)));
        let streams = streams.collect::<Result<Vec<_>>>()?;
        let layouts = self.layouts()?;
        let kept = self.transformation.kept();
        let aside = match streams.first() {
            Some(stream) => Rows::new(Arc::new(stream.schema().project(&kept)?)),
            None => return internal_err!("a transformation of no relation"),
        };
        let aside = Arc::new(Mutex::new(aside));
        let (layouts, chunks) = match (<[_; 1]>::try_from(streams), layouts.as_slice()) {
            (Ok([input]), [layout]) if !self.transformation.is_grouped() => {
                let (table, chunks) = self.tables(input, layout);
                (vec![table], chunks)
            }
            (Ok([input]), [layout]) => {
                let chunks = self.groups(input, layout, Arc::clone(&aside));
                let table = self.transformation.takes_tables().then(|| vec![table_of(layout)]);
                (table.unwrap_or(layouts), chunks)
            }
            (Err(inputs), [first, second]) => {
                let Ok(inputs) = <[_; 2]>::try_from(inputs) else {
                    return internal_err!("groups of more than two relations");
                };
                let chunks = self.cogroups(inputs, [Arc::clone(first), Arc::clone(second)]);
                (layouts, chunks)
            }
            _ => return internal_err!("relations that are not described"),
        };
        let results = self.executor.call(self.task(partition, layouts), chunks)?;
        let schema = self.schema();
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let rows = results.map(move |batch| {
            let batch = batch?;
            metrics.record_output(batch.num_rows());
            let mut columns = Vec::new();
            if !kept.is_empty() {
                let keys = aside.lock().unwrap_or_else(PoisonError::into_inner).take(batch.num_rows())?;
                columns.extend(keys.columns().iter().cloned());
            }
            columns.extend(batch.columns().iter().cloned());
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            Ok(RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)?)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
