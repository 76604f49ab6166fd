//! `describe` and `summary`: statistics of numbers and texts, as texts.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray, UInt64Array};
use arrow::compute::{SortOptions, sort_to_indices, take};
use arrow::record_batch::RecordBatch;
use datafusion::sql::sqlparser::ast::Expr;
use seatrial_engine::error::SparkError;
use seatrial_engine::error::condition::UNRECOGNIZED_STATISTIC;
use seatrial_engine::session::DataFrame;
use seatrial_engine::types::arrow::to_table_schema;
use seatrial_engine::types::{DataType, StructField, StructType};
use spark_connect_proto::{StatDescribe, StatSummary};

use super::super::super::attribute::Attribute;
use super::super::super::expression::{Item, Translator};
use super::super::super::requirement;
use super::super::super::syntax::{call, call_with, cast};
use super::super::super::{Planned, Planner};
use super::super::na::is_numeric;
use super::quantile::place;
use super::whole;
use crate::deferred;
use crate::shown::Shower;

/// What `describe` tells.
const DESCRIBED: [&str; 5] = ["count", "mean", "stddev", "min", "max"];
/// What `summary` tells unless it is asked for something else.
const SUMMARISED: [&str; 8] = ["count", "mean", "stddev", "min", "25%", "50%", "75%", "max"];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Statistic {
    Count,
    CountDistinct,
    Mean,
    Deviation,
    Least,
    Greatest,
    /// Of all values this share is not greater.
    Percentile(f64),
}

impl Statistic {
    fn of(name: &str) -> Result<Self, SparkError> {
        let unrecognized = || UNRECOGNIZED_STATISTIC.error([("stats", format!("'{name}'"))]);
        if let Some(share) = name.strip_suffix('%') {
            let share = share.trim().parse::<f64>().map_err(|_| unrecognized())? / 100.0;
            return match (0.0..=1.0).contains(&share) {
                true => Ok(Self::Percentile(share)),
                false => Err(requirement("Percentiles must be in the range [0, 1]")),
            };
        }
        match name.to_lowercase().as_str() {
            "count" => Ok(Self::Count),
            // Counting exactly is as near as can be.
            "count_distinct" | "approx_count_distinct" => Ok(Self::CountDistinct),
            "mean" => Ok(Self::Mean),
            "stddev" => Ok(Self::Deviation),
            "min" => Ok(Self::Least),
            "max" => Ok(Self::Greatest),
            _ => Err(unrecognized()),
        }
    }

    /// What computes it; nothing for what needs the values in their order.
    fn aggregate(self, column: &Attribute) -> Option<Expr> {
        let own = column.sql();
        Some(match self {
            Self::Count => call("count", vec![own]),
            Self::CountDistinct => call_with("count", vec![own], true),
            Self::Mean => call("avg", vec![as_number(column)]),
            Self::Deviation => call("stddev", vec![cast(as_number(column), &DataType::Double, false)]),
            Self::Least => call("min", vec![own]),
            Self::Greatest => call("max", vec![own]),
            Self::Percentile(_) => return None,
        })
    }
}

/// The column, of which a text counts as the number that it is, or as nothing.
fn as_number(column: &Attribute) -> Expr {
    match is_numeric(&column.field.data_type) {
        true => column.sql(),
        false => cast(column.sql(), &DataType::Double, true),
    }
}

impl Planner<'_> {
    pub(in super::super) async fn describe(&self, describe: &StatDescribe) -> Result<Planned, SparkError> {
        let mut input = self.input(describe.input.as_deref()).await?;
        if !describe.cols.is_empty() {
            let scope = input.scope();
            let items = describe.cols.iter().map(|name| scope.resolve(name, None).map(Item::from));
            let items = items.collect::<Result<Vec<_>, _>>()?;
            input = Arc::new(self.projected(input, items, Translator::new(self, scope))?);
        }
        self.summarised(&input, &DESCRIBED.map(str::to_owned)).await
    }

    pub(in super::super) async fn summary(&self, summary: &StatSummary) -> Result<Planned, SparkError> {
        let input = self.input(summary.input.as_deref()).await?;
        match summary.statistics.is_empty() {
            true => self.summarised(&input, &SUMMARISED.map(str::to_owned)).await,
            false => self.summarised(&input, &summary.statistics).await,
        }
    }

    async fn summarised(&self, input: &Planned, names: &[String]) -> Result<Planned, SparkError> {
        let statistics = names.iter().map(|name| Statistic::of(name)).collect::<Result<Vec<_>, _>>()?;
        let has_any = |column: &&Attribute| {
            is_numeric(&column.field.data_type) || matches!(column.field.data_type, DataType::String { .. })
        };
        let columns: Vec<&Attribute> = input.columns.iter().filter(has_any).collect();
        let text = |name: &str| StructField::new(name, DataType::String { collation: None });
        let fields = [text("summary")].into_iter().chain(columns.iter().map(|column| text(column.name()))).collect();
        let ids = StructType { fields: (0..=columns.len()).map(|index| text(&format!("column{index}"))).collect() };
        let schema = Arc::new(to_table_schema(&ids)?);
        let aggregates: Vec<Expr> = columns
            .iter()
            .flat_map(|column| statistics.iter().filter_map(|statistic| statistic.aggregate(column)))
            .collect();
        let aggregated = match aggregates.is_empty() {
            true => None,
            false => Some(self.computed(input, aggregates)?),
        };
        let ordered = statistics.iter().any(|statistic| matches!(statistic, Statistic::Percentile(_)));
        let values = match ordered && !columns.is_empty() {
            true => Some(self.computed(input, columns.iter().map(|column| as_number(column)).collect())?),
            false => None,
        };
        let described = Described { names: names.to_vec(), statistics, columns: columns.len(), aggregated, values };
        let (engine, output) = (self.session.engine.clone(), Arc::clone(&schema));
        let frame = deferred::frame(&self.session.engine, schema, move || {
            let (engine, output, described) = (engine.clone(), Arc::clone(&output), described.clone());
            Box::pin(async move {
                let texts = described.texts(&Shower::of_session(&engine)?).await?;
                let columns = texts.into_iter().map(|texts| Arc::new(StringArray::from(texts)) as ArrayRef);
                Ok(vec![RecordBatch::try_new(output, columns.collect()).map_err(SparkError::internal)?])
            })
        })?;
        self.leaf_of(&frame, StructType { fields }, &[])
    }
}

/// What the statistics are made of.
#[derive(Debug, Clone)]
struct Described {
    names: Vec<String>,
    statistics: Vec<Statistic>,
    columns: usize,
    /// One row: for each column its aggregates.
    aggregated: Option<DataFrame>,
    /// The columns as numbers, if percentiles are asked for.
    values: Option<DataFrame>,
}

impl Described {
    /// The columns of the result.
    async fn texts(&self, shower: &Shower) -> Result<Vec<Vec<Option<String>>>, SparkError> {
        let mut aggregates = Vec::new();
        if let Some(frame) = &self.aggregated {
            let schema = frame.schema()?;
            let batches = frame.collect().await?;
            let row = batches.iter().find(|batch| batch.num_rows() > 0);
            for (index, field) in schema.fields.iter().enumerate() {
                let column = row.and_then(|batch| batch.columns().get(index));
                let texts = column.map(|column| shower.column(column, &field.data_type)).transpose()?;
                aggregates.push(texts.and_then(|texts| texts.into_iter().next()).flatten());
            }
        }
        let mut aggregates = aggregates.into_iter();
        let values = match &self.values {
            Some(frame) => Some((frame.schema()?, frame.arrow_schema()?, frame.collect().await?)),
            None => None,
        };
        let mut columns = vec![self.names.iter().cloned().map(Some).collect::<Vec<_>>()];
        for index in 0..self.columns {
            let sorted = match &values {
                Some((schema, arrow, batches)) => {
                    let column = whole(batches, index, arrow.field(index).data_type())?;
                    let data_type = schema.fields.get(index).map(|field| field.data_type.clone());
                    data_type.map(|data_type| Ok::<_, SparkError>((sorted(&column)?, data_type))).transpose()?
                }
                None => None,
            };
            let mut texts = Vec::with_capacity(self.statistics.len());
            for statistic in &self.statistics {
                texts.push(match (statistic, &sorted) {
                    (Statistic::Percentile(share), Some((sorted, data_type))) => match place(*share, sorted.len()) {
                        Some(place) => shower.column(&sorted.slice(place, 1), data_type)?.into_iter().next().flatten(),
                        None => None,
                    },
                    (Statistic::Percentile(_), None) => None,
                    _ => aggregates.next().flatten(),
                });
            }
            columns.push(texts);
        }
        Ok(columns)
    }
}

/// The values in their order, without nulls.
fn sorted(column: &ArrayRef) -> Result<ArrayRef, SparkError> {
    let options = SortOptions { descending: false, nulls_first: false };
    let there = column.len() - column.logical_null_count();
    let order = sort_to_indices(column, Some(options), Some(there)).map_err(SparkError::internal)?;
    let order: UInt64Array = order.values().iter().map(|index| u64::from(*index)).collect();
    take(column, &order, None).map_err(SparkError::internal)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Count", Statistic::Count)]
    #[case("MEAN", Statistic::Mean)]
    #[case("33.3%", Statistic::Percentile(0.333))]
    #[case("approx_count_distinct", Statistic::CountDistinct)]
    fn a_statistic_has_a_name(#[case] name: &str, #[case] expected: Statistic) {
        let found = Statistic::of(name);
        match (found, expected) {
            (Ok(Statistic::Percentile(found)), Statistic::Percentile(expected)) => {
                assert!((found - expected).abs() < 1e-12);
            }
            (found, expected) => assert_eq!(found, Ok(expected)),
        }
    }

    #[rstest]
    #[case("foo", Some("UNRECOGNIZED_STATISTIC"))]
    #[case("x%", Some("UNRECOGNIZED_STATISTIC"))]
    #[case("101%", None)]
    fn what_is_no_statistic_is_refused(#[case] name: &str, #[case] condition: Option<&str>) {
        assert_eq!(Statistic::of(name).map_err(|error| error.condition), Err(condition.map(str::to_owned)));
    }
}
