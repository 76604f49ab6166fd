//! Scalar subqueries of a row each: DataFusion plans those that depend on the query around them only where they aggregate.

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Subquery, Volatility,
};

use crate::error::condition::SCALAR_SUBQUERY_TOO_MANY_ROWS;

/// A subquery that depends on the query around it as the only one of all its rows, which are gathered for that; none where the
/// subquery makes one row anyway.
pub(super) fn only_row(subquery: &Subquery) -> Result<Option<Expr>> {
    if subquery.outer_ref_columns.is_empty() || aggregates(&subquery.subquery) {
        return Ok(None);
    }
    let plan = LogicalPlan::clone(&subquery.subquery);
    let [column] = <[_; 1]>::try_from(plan.schema().columns())
        .map_err(|_| datafusion::common::plan_datafusion_err!("a scalar subquery of several columns"))?;
    let all = AggregateFunction::new_udf(array_agg_udaf(), vec![Expr::Column(column)], false, None, Vec::new(), None);
    let gathered = LogicalPlanBuilder::from(plan)
        .aggregate(Vec::<Expr>::new(), vec![Expr::AggregateFunction(all).alias("__rows")])?
        .build()?;
    let gathered = Subquery { subquery: gathered.into(), ..subquery.clone() };
    let only = ScalarUDF::new_from_impl(Only { signature: Signature::any(1, Volatility::Immutable) });
    Ok(Some(only.call(vec![Expr::ScalarSubquery(gathered)])))
}

/// Whether a plan makes one row by aggregating all.
fn aggregates(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Aggregate(aggregate) => aggregate.group_expr.is_empty(),
        LogicalPlan::Projection(projection) => aggregates(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => aggregates(&alias.input),
        LogicalPlan::Filter(filter) => aggregates(&filter.input),
        LogicalPlan::Limit(_) => true,
        _ => false,
    }
}

/// The only element of an array.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Only {
    signature: Signature,
}

impl ScalarUDFImpl for Only {
    fn name(&self) -> &str {
        "only_row"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(match types {
            [DataType::List(element)] => element.data_type().clone(),
            _ => DataType::Null,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let [list] = args.args.as_slice() else { return datafusion::common::internal_err!("only_row of one array") };
        let list = list.to_array(rows)?;
        let list = list.as_list::<i32>();
        let mut places = Vec::with_capacity(list.len());
        for row in 0..list.len() {
            let length = if list.is_null(row) { 0 } else { list.value_length(row) };
            if length > 1 {
                return Err(SCALAR_SUBQUERY_TOO_MANY_ROWS.error([]).into());
            }
            places.push((length == 1).then(|| u32::try_from(list.value_offsets()[row]).unwrap_or(0)));
        }
        let places = arrow::array::UInt32Array::from(places);
        let values = arrow::compute::take(list.values(), &places, None)?;
        if values.len() == 1 && rows != 1 {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?));
        }
        Ok(ColumnarValue::Array(values))
    }
}
