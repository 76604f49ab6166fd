//! `DataFrame.stat` and the descriptions of columns.

mod frequency;
mod quantile;
mod relation_of_two;
mod summary;

use arrow::array::{ArrayRef, new_empty_array};
use arrow::compute::concat;
use arrow::record_batch::RecordBatch;
use datafusion::sql::sqlparser::ast::Expr;
use seatrial_engine::error::SparkError;
use seatrial_engine::session::{Bindings, DataFrame};
use seatrial_engine::types::DataType;

use super::super::attribute::{Resolved, unresolved};
use super::super::syntax::{aliased, from, query_of, select};
use super::super::{Planned, Planner};

impl Planner<'_> {
    /// `SELECT items FROM input`, whose columns nobody names.
    fn computed(&self, input: &Planned, items: Vec<Expr>) -> Result<DataFrame, SparkError> {
        let mut bindings = Bindings::default();
        let from_name = bindings.relation(&input.frame)?;
        let items = items.into_iter().map(|item| aliased(item, &self.new_id("value"))).collect();
        self.session.engine.query_over(query_of(select(items, from(from_name))), &bindings)
    }
}

/// A column by the client's name for it, and its type.
fn column_and_type(input: &Planned, name: &str) -> Result<(Resolved, DataType), SparkError> {
    let resolved = input.scope().resolve(name, None)?;
    match &resolved.attribute {
        Some(attribute) => {
            let data_type = attribute.field.data_type.clone();
            Ok((resolved, data_type))
        }
        None => Err(unresolved(&[name.to_owned()], &input.columns)),
    }
}

/// A column of all batches as one.
fn whole(batches: &[RecordBatch], index: usize, empty: &arrow::datatypes::DataType) -> Result<ArrayRef, SparkError> {
    let parts: Vec<&dyn arrow::array::Array> =
        batches.iter().filter_map(|batch| batch.columns().get(index)).map(AsRef::as_ref).collect();
    if parts.is_empty() { Ok(new_empty_array(empty)) } else { concat(&parts).map_err(SparkError::internal) }
}
