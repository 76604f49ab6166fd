//! The first rows of a query: those of its first partitions, one after the other, as Spark takes them. DataFusion takes them from
//! whichever partition is first to have any.

use std::fmt;
use std::sync::Arc;

use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::limit::{GlobalLimitExec, LimitStream};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt, stream};

/// The plan in which the operators that take only some rows take them from the partitions in order.
///
/// # Errors
/// When an operator does not take its input replaced.
pub(super) fn in_order(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    replaced(plan, false)
}

fn replaced(plan: Arc<dyn ExecutionPlan>, limited: bool) -> Result<Arc<dyn ExecutionPlan>> {
    let limits = plan.downcast_ref::<GlobalLimitExec>().is_some();
    let old: Vec<Arc<dyn ExecutionPlan>> = plan.children().into_iter().cloned().collect();
    let new = old.iter().cloned().map(|child| replaced(child, limits)).collect::<Result<Vec<_>>>()?;
    let changed = old.iter().zip(&new).any(|(old, new)| !Arc::ptr_eq(old, new));
    let fetch = plan.fetch();
    if plan.downcast_ref::<CoalescePartitionsExec>().is_some()
        && (limited || fetch.is_some())
        && let [input] = new.as_slice()
    {
        return Ok(Arc::new(PartitionsInOrderExec::new(Arc::clone(input), fetch)));
    }
    if !changed {
        return Ok(plan);
    }
    plan.replace_children(new, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
}

/// One partition of all rows of the input, partition after partition. One is started when the rows before it are taken.
#[derive(Debug)]
struct PartitionsInOrderExec {
    input: Arc<dyn ExecutionPlan>,
    fetch: Option<usize>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl PartitionsInOrderExec {
    fn new(input: Arc<dyn ExecutionPlan>, fetch: Option<usize>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            Partitioning::UnknownPartitioning(1),
            input.properties().emission_type,
            input.properties().boundedness,
        );
        Self { input, fetch, properties: Arc::new(properties), metrics: ExecutionPlanMetricsSet::new() }
    }
}

impl DisplayAs for PartitionsInOrderExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartitionsInOrderExec")?;
        self.fetch.map_or(Ok(()), |fetch| write!(f, ": fetch={fetch}"))
    }
}

impl ExecutionPlan for PartitionsInOrderExec {
    fn name(&self) -> &'static str {
        "PartitionsInOrderExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    crate::without_expressions!();

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match <[Arc<dyn ExecutionPlan>; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Self::new(input, self.fetch))),
            Err(children) => internal_err!("partitions in order of {} inputs", children.len()),
        }
    }

    fn fetch(&self) -> Option<usize> {
        self.fetch
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("partition {partition} of one");
        }
        let (input, schema) = (Arc::clone(&self.input), self.input.schema());
        let partitions = input.properties().output_partitioning().partition_count();
        let rows =
            stream::iter(0..partitions).map(move |index| input.execute(index, Arc::clone(&context))).try_flatten();
        let rows: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
        match self.fetch {
            None => Ok(rows),
            fetch => {
                let metrics = BaselineMetrics::new(&self.metrics, partition);
                Ok(Box::pin(LimitStream::new(rows, 0, fetch, metrics)))
            }
        }
    }
}
