//! `approxQuantile`. The quantiles are exact, whichever error is allowed.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType as ArrowType, Field, Float64Type};
use arrow::record_batch::RecordBatch;
use seatrial_engine::error::SparkError;
use seatrial_engine::types::arrow::to_table_schema;
use seatrial_engine::types::values::java_number;
use seatrial_engine::types::{DataType, StructField, StructType};
use spark_connect_proto::StatApproxQuantile;

use super::super::super::requirement;
use super::super::super::syntax::cast;
use super::super::super::{Planned, Planner};
use super::super::na::is_numeric;
use super::{column_and_type, whole};
use crate::deferred;

impl Planner<'_> {
    pub(in super::super) async fn approx_quantile(&self, asked: &StatApproxQuantile) -> Result<Planned, SparkError> {
        let input = self.input(asked.input.as_deref()).await?;
        if asked.probabilities.iter().any(|share| !(0.0..=1.0).contains(share)) {
            return Err(requirement("percentile should be in the range [0.0, 1.0]"));
        }
        if asked.relative_error < 0.0 || asked.relative_error.is_nan() {
            let error = java_number::text(asked.relative_error, false);
            return Err(requirement(&format!("Relative Error must be non-negative but got {error}")));
        }
        let mut items = Vec::with_capacity(asked.cols.len());
        for name in &asked.cols {
            let (resolved, data_type) = column_and_type(&input, name)?;
            if !is_numeric(&data_type) {
                let message = format!(
                    "Quantile calculation for column {} with data type {} is not supported.",
                    resolved.name,
                    class_of(&data_type)
                );
                return Err(requirement(&message));
            }
            items.push(cast(resolved.sql, &DataType::Double, false));
        }
        let columns = items.len();
        let values = self.computed(&input, items)?;
        let inner = DataType::Array { element: Box::new(DataType::Double), contains_null: false };
        let outer = DataType::Array { element: Box::new(inner), contains_null: false };
        let field = StructField { nullable: false, ..StructField::new("approx_quantile", outer) };
        let schema = Arc::new(to_table_schema(&StructType { fields: vec![field] })?);
        let (output, shares) = (Arc::clone(&schema), asked.probabilities.clone());
        let frame = deferred::frame(&self.session.engine, schema, move || {
            let (values, output, shares) = (values.clone(), Arc::clone(&output), shares.clone());
            Box::pin(async move {
                let batches = values.collect().await?;
                let mut found = Vec::with_capacity(columns);
                for index in 0..columns {
                    let column = whole(&batches, index, &ArrowType::Float64)?;
                    let mut numbers: Vec<f64> = column
                        .as_primitive::<Float64Type>()
                        .iter()
                        .flatten()
                        .filter(|number| !number.is_nan())
                        .collect();
                    numbers.sort_by(f64::total_cmp);
                    let quantile = |share: &f64| numbers.get(place(*share, numbers.len())?).copied();
                    found.push(shares.iter().filter_map(quantile).collect::<Vec<_>>());
                }
                let array = nested(&found, output.field(0))?;
                Ok(vec![RecordBatch::try_new(output, vec![array]).map_err(SparkError::internal)?])
            })
        })?;
        self.leaf(&frame, &[])
    }
}

/// Where the value stands, among so many in their order, that is not less than this share of them.
pub(super) fn place(share: f64, count: usize) -> Option<usize> {
    if count == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a rank that is off by less than the precision of a double")]
    let rank = (share * count as f64).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the count")]
    let rank = rank.max(1.0) as usize;
    Some(rank.min(count) - 1)
}

/// One row: a list of these lists.
fn nested(lists: &[Vec<f64>], field: &Field) -> Result<ArrayRef, SparkError> {
    let ArrowType::List(inner) = field.data_type() else {
        return Err(SparkError::internal("quantiles that are no list"));
    };
    let ArrowType::List(element) = inner.data_type() else {
        return Err(SparkError::internal("quantiles that are no lists of lists"));
    };
    let numbers: ArrayRef = Arc::new(arrow::array::Float64Array::from(lists.concat()));
    let lengths = OffsetBuffer::from_lengths(lists.iter().map(Vec::len));
    let rows = ListArray::try_new(Arc::clone(element), lengths, numbers, None).map_err(SparkError::internal)?;
    let whole = OffsetBuffer::from_lengths([rows.len()]);
    let list = ListArray::try_new(Arc::clone(inner), whole, Arc::new(rows), None).map_err(SparkError::internal)?;
    Ok(Arc::new(list))
}

/// The type as Scala shows it.
fn class_of(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "NullType".to_owned(),
        DataType::Array { .. } => "ArrayType".to_owned(),
        DataType::Map { .. } => "MapType".to_owned(),
        DataType::Struct(_) => "StructType".to_owned(),
        DataType::TimestampNtz => "TimestampNTZType".to_owned(),
        other => {
            let name = other.simple_string();
            let mut letters = name.split([' ', '(']).next().unwrap_or_default().chars();
            let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
            format!("{first}{}Type", letters.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    // As Spark's with no error allowed.
    #[rstest]
    #[case(0.0, 10, Some(0))]
    #[case(0.25, 10, Some(2))]
    #[case(0.5, 10, Some(4))]
    #[case(0.75, 10, Some(7))]
    #[case(1.0, 10, Some(9))]
    #[case(0.5, 0, None)]
    fn a_quantile_is_one_of_the_values(#[case] share: f64, #[case] count: usize, #[case] expected: Option<usize>) {
        assert_eq!(place(share, count), expected);
    }

    #[test]
    fn types_have_scalas_names() {
        let types = [DataType::String { collation: None }, DataType::Date, DataType::Boolean];
        assert_eq!(types.map(|data_type| class_of(&data_type)), ["StringType", "DateType", "BooleanType"]);
    }
}
