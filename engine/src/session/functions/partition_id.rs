//! `spark_partition_id()`, the number of the partition that a row is in, and `monotonically_increasing_id()`, which counts the rows
//! of each.
//!
//! A function of DataFusion does not know where it runs. So each operator of a plan that asks is wrapped, and tells the number of
//! its partition to the thread as long as it is polled. What runs below has a wrapper of its own.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use arrow::array::Int64Array;
use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties, ReplaceChildrenOptions,
};
use futures::Stream;

use super::random;

const NAME: &str = "spark_partition_id";

/// The function that counts rows.
pub(crate) const ROW_ID: &str = "monotonically_increasing_id";

thread_local! {
    static PARTITION: Cell<i32> = const { Cell::new(0) };
    /// The stream of rows that is polled. Each has a number of its own.
    static STREAM: Cell<u64> = const { Cell::new(0) };
}

/// The number of the partition that the thread works for.
pub(super) fn partition() -> i32 {
    PARTITION.get()
}

/// The stream of rows that is polled; no other has its number.
pub(super) fn stream() -> u64 {
    STREAM.get()
}

/// The function that numbers the rows of each partition. Each call in a query counts by itself.
#[derive(Debug)]
pub(crate) struct RowId {
    signature: Signature,
    /// Tells one call from another.
    id: u64,
    /// How many rows of a stream were numbered.
    counts: Mutex<HashMap<u64, i64>>,
}

impl RowId {
    pub(crate) fn new() -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        Self { signature: Signature::nullary(Volatility::Volatile), id, counts: Mutex::default() }
    }
}

impl PartialEq for RowId {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for RowId {}

impl Hash for RowId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl ScalarUDFImpl for RowId {
    fn name(&self) -> &str {
        ROW_ID
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(ROW_ID, DataType::Int64, false)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = i64::try_from(args.number_rows).unwrap_or(i64::MAX);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(STREAM.get()).or_default();
        let first = (i64::from(PARTITION.get()) << 33) + *count;
        *count += rows;
        Ok(ColumnarValue::Array(Arc::new((first..first + rows).collect::<Int64Array>())))
    }
}

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct PartitionId {
    signature: Signature,
}

impl PartitionId {
    pub(crate) fn new() -> Self {
        Self { signature: Signature::nullary(Volatility::Volatile) }
    }
}

impl ScalarUDFImpl for PartitionId {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int32)
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(NAME, DataType::Int32, false)))
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar(ScalarValue::Int32(Some(PARTITION.get()))))
    }
}

/// The physical plan in which the function knows its partition, if the query asks for it.
///
/// # Errors
/// When an operator does not take its input wrapped.
pub(crate) fn known(plan: Arc<dyn ExecutionPlan>, query: &LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
    let mut asked = false;
    query.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            asked |=
                expr.exists(|expr| Ok(matches!(expr, Expr::ScalarFunction(call) if is_by_partition(call.name()))))?;
            Ok(TreeNodeRecursion::Continue)
        })
    })?;
    if asked { wrapped(plan) } else { Ok(plan) }
}

fn is_by_partition(name: &str) -> bool {
    name == NAME || name == ROW_ID || random::Distribution::ALL.iter().any(|distribution| distribution.name() == name)
}

fn wrapped(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let children = plan.children().into_iter().cloned().map(wrapped).collect::<Result<Vec<_>>>()?;
    let plan = if children.is_empty() {
        plan
    } else {
        plan.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))?
    };
    Ok(Arc::new(PartitionScopeExec { input: plan }))
}

/// An operator that tells the thread which of its partitions is polled.
#[derive(Debug)]
struct PartitionScopeExec {
    input: Arc<dyn ExecutionPlan>,
}

impl DisplayAs for PartitionScopeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartitionScopeExec")
    }
}

impl ExecutionPlan for PartitionScopeExec {
    fn name(&self) -> &'static str {
        "PartitionScopeExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
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
            Ok([input]) => Ok(Arc::new(Self { input })),
            Err(children) => datafusion::common::internal_err!("a partition's scope with {} inputs", children.len()),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        static STREAMS: AtomicU64 = AtomicU64::new(1);
        let id = STREAMS.fetch_add(1, Ordering::Relaxed);
        Ok(Box::pin(Scope { id, number, stream: self.input.execute(partition, context)? }))
    }
}

struct Scope {
    id: u64,
    number: i32,
    stream: SendableRecordBatchStream,
}

impl Stream for Scope {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let outer = (PARTITION.replace(self.number), STREAM.replace(self.id));
        let polled = self.stream.as_mut().poll_next(context);
        PARTITION.set(outer.0);
        STREAM.set(outer.1);
        polled
    }
}

impl RecordBatchStream for Scope {
    fn schema(&self) -> SchemaRef {
        self.stream.schema()
    }
}
