//! `freqItems`: the values that make up a share of a column, and maybe others. One pass, with as many counters as there can be such
//! values (Karp, Schenker and Papadimitriou). Spark promises no order; here a value stands where it was seen first.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType as ArrowType, Field};
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use futures::TryStreamExt;
use seatrial_engine::error::SparkError;
use seatrial_engine::types::arrow::to_table_schema;
use seatrial_engine::types::values::java_number;
use seatrial_engine::types::{DataType, StructField, StructType};
use spark_connect_proto::StatFreqItems;

use super::super::super::requirement;
use super::super::super::{Planned, Planner};
use super::column_and_type;
use crate::deferred;

/// The share that is meant without one.
const SUPPORT: f64 = 0.01;

impl Planner<'_> {
    pub(in super::super) async fn frequent_items(&self, asked: &StatFreqItems) -> Result<Planned, SparkError> {
        let input = self.input(asked.input.as_deref()).await?;
        let support = asked.support.unwrap_or(SUPPORT);
        if !(1e-4..=1.0).contains(&support) {
            let shown = java_number::text(support, false);
            return Err(requirement(&format!("Support must be in [1e-4, 1], but got {shown}.")));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 10000")]
        let size = (1.0 / support) as usize;
        let (mut items, mut fields) = (Vec::new(), Vec::new());
        for name in &asked.cols {
            let (resolved, data_type) = column_and_type(&input, name)?;
            let found = DataType::Array { element: Box::new(data_type), contains_null: true };
            let name = format!("{}_freqItems", resolved.name);
            fields.push(StructField { nullable: false, ..StructField::new(name, found) });
            items.push(resolved.sql);
        }
        if items.is_empty() {
            return Err(super::super::super::unsupported("frequent items of no columns"));
        }
        let values = self.computed(&input, items)?;
        let schema = Arc::new(to_table_schema(&StructType { fields })?);
        let output = Arc::clone(&schema);
        let frame = deferred::frame(&self.session.engine, schema, move || {
            let (values, output) = (values.clone(), Arc::clone(&output));
            Box::pin(async move {
                let mut counters: Vec<Counters> = output.fields().iter().map(|_| Counters::of(size)).collect();
                let mut batches = deferred::rows_of(values);
                while let Some(batch) = batches.try_next().await? {
                    for (counters, column) in counters.iter_mut().zip(batch.columns()) {
                        for row in 0..batch.num_rows() {
                            counters.add(ScalarValue::try_from_array(column, row)?);
                        }
                    }
                }
                let columns = counters.into_iter().zip(output.fields()).map(|(found, field)| list(found, field));
                let columns = columns.collect::<Result<Vec<_>, _>>()?;
                Ok(vec![RecordBatch::try_new(Arc::clone(&output), columns).map_err(SparkError::internal)?])
            })
        })?;
        self.leaf(&frame, &[])
    }
}

/// So many values with their counts, less what others took away, and when they came.
#[derive(Debug)]
struct Counters {
    size: usize,
    seen: u64,
    counts: HashMap<ScalarValue, (u64, u64)>,
}

impl Counters {
    fn of(size: usize) -> Self {
        Self { size, seen: 0, counts: HashMap::new() }
    }

    fn add(&mut self, value: ScalarValue) {
        self.seen += 1;
        if let Some((count, _)) = self.counts.get_mut(&value) {
            *count += 1;
        } else if self.counts.len() < self.size {
            self.counts.insert(value, (1, self.seen));
        } else {
            // The value and one of each of the others go together.
            for (count, _) in self.counts.values_mut() {
                *count -= 1;
            }
            self.counts.retain(|_, (count, _)| *count > 0);
        }
    }

    fn values(self) -> Vec<ScalarValue> {
        let mut values: Vec<(u64, ScalarValue)> =
            self.counts.into_iter().map(|(value, (_, first))| (first, value)).collect();
        values.sort_by_key(|(first, _)| *first);
        values.into_iter().map(|(_, value)| value).collect()
    }
}

/// One row: a list of the values.
fn list(found: Counters, field: &Field) -> Result<ArrayRef, SparkError> {
    let ArrowType::List(element) = field.data_type() else {
        return Err(SparkError::internal("items that are no list"));
    };
    let values = found.values();
    let lengths = OffsetBuffer::from_lengths([values.len()]);
    let values = match values.is_empty() {
        true => new_empty_array(element.data_type()),
        false => {
            let values = ScalarValue::iter_to_array(values)?;
            arrow::compute::cast(&values, element.data_type()).map_err(SparkError::internal)?
        }
    };
    Ok(Arc::new(ListArray::try_new(Arc::clone(element), lengths, values, None).map_err(SparkError::internal)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frequent(values: &[i32], size: usize) -> Vec<ScalarValue> {
        let mut counters = Counters::of(size);
        values.iter().for_each(|value| counters.add(ScalarValue::Int32(Some(*value))));
        counters.values()
    }

    #[test]
    fn what_is_frequent_stays() {
        assert!(frequent(&[1, 1, 1, 2, 3, 4], 2).contains(&ScalarValue::Int32(Some(1))));
        assert_eq!(frequent(&[3, 1, 3, 2], 100), [3, 1, 2].map(|value| ScalarValue::Int32(Some(value))));
    }
}
