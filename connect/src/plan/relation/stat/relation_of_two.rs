//! How two columns go together: covariance, correlation, and how often their values meet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::Float64Type;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use seatrial_engine::error::SparkError;
use seatrial_engine::error::condition::DIVIDE_BY_ZERO;
use seatrial_engine::session::Bindings;
use seatrial_engine::types::arrow::to_table_schema;
use seatrial_engine::types::{DataType, StructField, StructType};
use spark_connect_proto::{Relation, StatCorr, StatCov, StatCrosstab};

use super::super::super::requirement;
use super::super::super::syntax::{aliased, call, cast, from, number, query_of, select};
use super::super::super::{Planned, Planner, unsupported};
use super::super::aggregate::group_by;
use super::super::na::is_numeric;
use super::column_and_type;
use crate::deferred;
use crate::shown::Shower;

/// As many columns as a table of frequencies may have.
const MOST_VALUES: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Covariance,
    Correlation,
}

impl Planner<'_> {
    pub(in super::super) async fn covariance(&self, cov: &StatCov) -> Result<Planned, SparkError> {
        self.measured(cov.input.as_deref(), [&cov.col1, &cov.col2], Measure::Covariance).await
    }

    pub(in super::super) async fn correlation(&self, corr: &StatCorr) -> Result<Planned, SparkError> {
        if corr.method.as_deref().is_some_and(|method| method != "pearson") {
            return Err(requirement(
                "Currently only the calculation of the Pearson Correlation coefficient is supported.",
            ));
        }
        self.measured(corr.input.as_deref(), [&corr.col1, &corr.col2], Measure::Correlation).await
    }

    async fn measured(
        &self,
        input: Option<&Relation>,
        names: [&String; 2],
        measure: Measure,
    ) -> Result<Planned, SparkError> {
        let input = self.input(input).await?;
        let (name, word) = match measure {
            Measure::Covariance => ("cov", "covariance"),
            Measure::Correlation => ("corr", "correlation"),
        };
        let mut items = Vec::with_capacity(2);
        for column in names {
            let (resolved, data_type) = column_and_type(&input, column)?;
            if !is_numeric(&data_type) {
                let shown = data_type.simple_string();
                let message = format!("Currently {word} calculation for columns with dataType {shown} not supported.");
                return Err(requirement(&message));
            }
            // What is missing counts as nothing.
            let zero = cast(number(0), &DataType::Double, false);
            items.push(call("coalesce", vec![cast(resolved.sql, &DataType::Double, false), zero]));
        }
        let values = self.computed(&input, items)?;
        let field = StructField { nullable: false, ..StructField::new(name, DataType::Double) };
        let schema = Arc::new(to_table_schema(&StructType { fields: vec![field] })?);
        let output = Arc::clone(&schema);
        let frame = deferred::frame(&self.session.engine, schema, move || {
            let (values, output) = (values.clone(), Arc::clone(&output));
            Box::pin(async move {
                let mut moments = Moments::default();
                let mut batches = deferred::rows_of(values);
                while let Some(batch) = batches.try_next().await? {
                    if let [x, y] = batch.columns() {
                        let (x, y) = (x.as_primitive::<Float64Type>(), y.as_primitive::<Float64Type>());
                        x.iter().zip(y).for_each(|(x, y)| moments.add(x.unwrap_or_default(), y.unwrap_or_default()));
                    }
                }
                let found: ArrayRef = Arc::new(Float64Array::from(vec![moments.measure(measure)?]));
                Ok(vec![RecordBatch::try_new(output, vec![found]).map_err(SparkError::internal)?])
            })
        })?;
        self.leaf(&frame, &[])
    }

    /// How often the values of two columns meet. Its columns are values, so the input is read now, as in Spark.
    pub(in super::super) async fn crosstab(&self, asked: &StatCrosstab) -> Result<Planned, SparkError> {
        let input = self.input(asked.input.as_deref()).await?;
        let (first, first_type) = column_and_type(&input, &asked.col1)?;
        let (second, second_type) = column_and_type(&input, &asked.col2)?;
        let nullable = first.attribute.as_ref().is_none_or(|attribute| attribute.field.nullable);
        let mut bindings = Bindings::default();
        let from_name = bindings.relation(&input.frame)?;
        let keys = [first.sql, second.sql];
        let mut items: Vec<_> = keys.iter().map(|key| aliased(key.clone(), &self.new_id("key"))).collect();
        items.push(aliased(call("count", vec![number(1)]), &self.new_id("count")));
        let mut body = select(items, from(from_name));
        let mut distinct: Vec<_> = keys.to_vec();
        distinct.dedup();
        body.group_by = group_by(distinct);
        let grouped = self.session.engine.query_over(query_of(body), &bindings)?;
        let shower = Shower::of_session(&self.session.engine)?;
        let mut counts: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
        let mut names: BTreeSet<String> = BTreeSet::new();
        for batch in grouped.collect().await? {
            let [rows, columns, found] = batch.columns() else {
                return Err(SparkError::internal("a table of frequencies of other than two columns"));
            };
            let (rows, columns) = (shower.column(rows, &first_type)?, shower.column(columns, &second_type)?);
            let found = found.as_primitive::<arrow::datatypes::Int64Type>();
            for ((row, column), count) in rows.into_iter().zip(columns).zip(found) {
                let text = |text: Option<String>| text.unwrap_or_else(|| "null".to_owned());
                let (row, column) = (text(row), text(column));
                names.insert(column.clone());
                *counts.entry(row).or_default().entry(column).or_default() += count.unwrap_or_default();
            }
        }
        if names.len() >= MOST_VALUES {
            let (column, found) = (&asked.col2, names.len());
            let message = format!("The number of distinct values for {column}, can't exceed 1e4. Currently {found}");
            return Err(requirement(&message));
        }
        if nullable && counts.is_empty() && names.is_empty() && input.columns.is_empty() {
            return Err(unsupported("a table of frequencies of nothing"));
        }
        let corner = StructField {
            nullable,
            ..StructField::new(format!("{}_{}", asked.col1, asked.col2), DataType::String { collation: None })
        };
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(StringArray::from_iter_values(counts.keys()))];
        for name in &names {
            let column = counts.values().map(|row| row.get(name).copied().unwrap_or_default());
            arrays.push(Arc::new(Int64Array::from_iter_values(column)));
        }
        let count = |name: &String| StructField { nullable: false, ..StructField::new(name, DataType::Long) };
        let fields: Vec<StructField> = [corner].into_iter().chain(names.iter().map(count)).collect();
        self.computed_rows(&StructType { fields }, arrays)
    }
}

/// Means and squares of two columns, updated value by value.
#[derive(Debug, Default)]
struct Moments {
    count: f64,
    mean_x: f64,
    mean_y: f64,
    /// The sums of the products of the distances to the means.
    xy: f64,
    xx: f64,
    yy: f64,
}

impl Moments {
    fn add(&mut self, x: f64, y: f64) {
        self.count += 1.0;
        let (from_x, from_y) = (x - self.mean_x, y - self.mean_y);
        self.mean_x += from_x / self.count;
        self.mean_y += from_y / self.count;
        self.xy += from_x * (y - self.mean_y);
        self.xx += from_x * (x - self.mean_x);
        self.yy += from_y * (y - self.mean_y);
    }

    fn measure(&self, measure: Measure) -> Result<f64, SparkError> {
        let is_single = self.count < 1.5;
        match measure {
            Measure::Covariance if is_single => Ok(0.0),
            Measure::Covariance => Ok(self.xy / (self.count - 1.0)),
            Measure::Correlation if is_single => Ok(f64::NAN),
            Measure::Correlation if self.xx * self.yy == 0.0 => {
                Err(DIVIDE_BY_ZERO.error([("config", "\"spark.sql.ansi.enabled\"".to_owned())]))
            }
            Measure::Correlation => Ok(self.xy / (self.xx * self.yy).sqrt()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[(f64, f64)]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|(x, y)| moments.add(*x, *y));
        moments
    }

    // Expected values are Spark's.

    #[test]
    fn what_is_missing_counts_as_nothing() {
        let found = moments(&[(1.0, 2.0), (2.0, 0.0), (0.0, 3.0), (4.0, 8.5)]);
        assert_eq!(found.measure(Measure::Covariance), Ok(4.125));
        assert!(found.measure(Measure::Correlation).is_ok_and(|found| (found - 0.664_070_686_196_482_4).abs() < 1e-15));
    }

    #[test]
    fn a_single_row_goes_with_nothing() {
        for values in [&[][..], &[(0.0, 0.0)]] {
            assert_eq!(moments(values).measure(Measure::Covariance), Ok(0.0));
            assert!(moments(values).measure(Measure::Correlation).is_ok_and(f64::is_nan));
        }
    }

    #[test]
    fn what_never_changes_has_no_correlation() {
        let found = moments(&[(1.0, 0.0), (1.0, 1.0), (1.0, 2.0)]).measure(Measure::Correlation);
        assert_eq!(found.map_err(|error| error.condition), Err(Some("DIVIDE_BY_ZERO".to_owned())));
    }
}
