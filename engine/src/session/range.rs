//! `range`: equally distant whole numbers in a column `id`, as a relation.

use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::stream;

use super::{DataFrame, Session};
use crate::error::condition::{FAILED_FUNCTION_CALL, UNEXPECTED_INPUT_TYPE, WRONG_NUM_ARGS};
use crate::error::{ExceptionClass, SparkError};

/// How many rows a batch has.
const BATCH: i128 = 8192;

/// Equally distant whole numbers. Wider than a long, since an end may lie beyond one step of it.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    start: i128,
    step: i128,
    count: i128,
}

impl Numbers {
    fn new(start: i64, end: i64, step: i64) -> Self {
        let (start, end, step) = (i128::from(start), i128::from(end), i128::from(step));
        let distance = if step > 0 { end - start } else { start - end };
        let count = if distance > 0 { (distance - 1) / step.abs() + 1 } else { 0 };
        Self { start, step, count }
    }

    /// One of so many parts of about the same size.
    fn part(self, index: i128, parts: i128) -> Self {
        let (from, to) = (self.count * index / parts, self.count * (index + 1) / parts);
        Self { start: self.start + from * self.step, count: to - from, ..self }
    }

    /// The numbers in their order.
    fn batches(self, schema: SchemaRef) -> impl Iterator<Item = Result<RecordBatch>> {
        let mut done: i128 = 0;
        std::iter::from_fn(move || {
            let size = (self.count - done).min(BATCH);
            if size <= 0 {
                return None;
            }
            let first = self.start + done * self.step;
            // Every number of the range lies between its start and its end, which are longs.
            let values = (0..size).map(|index| i64::try_from(first + index * self.step).unwrap_or_default());
            done += size;
            let column = Arc::new(values.collect::<Int64Array>());
            Some(RecordBatch::try_new(Arc::clone(&schema), vec![column]).map_err(DataFusionError::from))
        })
    }
}

/// A part of a range that a partition has.
#[derive(Debug)]
struct Part {
    numbers: Numbers,
    schema: SchemaRef,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = stream::iter(self.numbers.batches(Arc::clone(&self.schema)));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches))
    }
}

fn table(start: i64, end: i64, step: i64, partitions: Option<i32>) -> Result<Arc<dyn TableProvider>> {
    if step == 0 {
        let message = "requirement failed: step (0) cannot be 0";
        return Err(SparkError::plain(ExceptionClass::IllegalArgument, message).into());
    }
    let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]));
    let numbers = Numbers::new(start, end, step);
    let parts = i128::from(partitions.filter(|count| *count > 0).unwrap_or(1));
    let parts = (0..parts).map(|index| {
        Arc::new(Part { numbers: numbers.part(index, parts), schema: Arc::clone(&schema) }) as Arc<dyn PartitionStream>
    });
    Ok(Arc::new(StreamingTable::try_new(Arc::clone(&schema), parts.collect())?))
}

impl Session {
    /// The whole numbers from a start to before an end (`spark.range`), in so many partitions.
    ///
    /// # Errors
    /// When the step is 0.
    pub fn range(&self, start: i64, end: i64, step: i64, partitions: Option<i32>) -> Result<DataFrame, SparkError> {
        self.read_table(table(start, end, step, partitions)?)
    }
}

/// The function in a `FROM` clause.
#[derive(Debug)]
pub(super) struct RangeFunction;

impl TableFunctionImpl for RangeFunction {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let exprs = args.exprs();
        let numbers = exprs.iter().enumerate().map(|(index, expr)| number(index, expr)).collect::<Result<Vec<_>>>()?;
        match numbers.as_slice() {
            [end] => table(0, *end, 1, None),
            [start, end] => table(*start, *end, 1, None),
            [_, _, 0, ..] => Err(FAILED_FUNCTION_CALL.error([("funcName", "`range`".to_owned())]).into()),
            [start, end, step] => table(*start, *end, *step, None),
            [start, end, step, partitions] => {
                table(*start, *end, *step, Some(i32::try_from(*partitions).unwrap_or(i32::MAX)))
            }
            numbers => Err(WRONG_NUM_ARGS
                .error([
                    ("functionName", "`range`".to_owned()),
                    ("expectedNum", "[1, 2, 3, 4]".to_owned()),
                    ("actualNum", numbers.len().to_string()),
                    ("docroot", "https://spark.apache.org/docs/latest".to_owned()),
                ])
                .into()),
        }
    }
}

/// A constant argument, which may be a text.
fn number(index: usize, expr: &Expr) -> Result<i64> {
    if let Expr::Literal(value, _) = expr
        && !value.is_null()
        && let Ok(ScalarValue::Int64(Some(number))) = value.cast_to(&DataType::Int64)
    {
        return Ok(number);
    }
    let ordinal = ["first", "second", "third", "fourth"].get(index).copied().unwrap_or("next");
    Err(UNEXPECTED_INPUT_TYPE
        .error([
            ("sqlExpr", "\"range\"".to_owned()),
            ("paramIndex", ordinal.to_owned()),
            ("requiredType", "\"BIGINT\"".to_owned()),
            ("inputSql", format!("\"{expr}\"")),
            ("inputType", "\"VOID\"".to_owned()),
        ])
        .into())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, 10, 3, 4)]
    #[case(0, 9, 3, 3)]
    #[case(10, 0, -3, 4)]
    #[case(0, 10, -1, 0)]
    #[case(5, 5, 1, 0)]
    #[case(i64::MIN, i64::MAX, i64::MAX, 3)]
    fn a_range_ends_before_its_end(#[case] start: i64, #[case] end: i64, #[case] step: i64, #[case] count: i128) {
        assert_eq!(Numbers::new(start, end, step).count, count);
    }
}
