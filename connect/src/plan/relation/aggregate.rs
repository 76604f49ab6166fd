//! Grouping: `groupBy`, `rollup`, `cube`, grouping sets and pivots.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::sql::sqlparser::ast::{BinaryOperator, Distinct, Expr, GroupByExpr, SelectItem};
use seatrial_engine::error::condition::PANDAS_UDAF_IN_PIVOT;
use seatrial_engine::error::{ExceptionClass, SparkError};
use seatrial_engine::types::{DataType, StructField};
use spark_connect_proto::Aggregate;
use spark_connect_proto::aggregate::{GroupType, Pivot};

use super::super::attribute::Attribute;
use super::super::expression::{Item, Translator};
use super::super::literal::{Typed, value_of};
use super::super::syntax::{
    aliased, binary, call_with, case, column, from, limit, number, order_by, query_of, select, sort_key,
};
use super::super::{Planned, Planner, unsupported};
use super::project::typed;
use crate::types::malformed;

/// How many columns a pivot may find by itself, as Spark's `spark.sql.pivotMaxValues`.
const PIVOT_VALUES: usize = 10_000;

impl Planner<'_> {
    pub(super) async fn aggregate(&self, aggregate: &Aggregate) -> Result<Planned, SparkError> {
        let input = self.input(aggregate.input.as_deref()).await?;
        let mut translator = Translator::new(self, input.scope());
        let mut keys = Vec::new();
        for expression in &aggregate.grouping_expressions {
            keys.extend(translator.items(expression)?);
        }
        let mut results = Vec::new();
        for expression in &aggregate.aggregate_expressions {
            results.extend(translator.items(expression)?);
        }
        let key_expressions: Vec<Expr> = keys.iter().map(|key| grouped(key.sql.clone())).collect();
        let single = |expr: &Expr| vec![expr.clone()];
        let group_by = match aggregate.group_type() {
            GroupType::Groupby | GroupType::Unspecified => group_by(key_expressions),
            GroupType::Rollup => group_by(vec![Expr::Rollup(key_expressions.iter().map(single).collect())]),
            GroupType::Cube => group_by(vec![Expr::Cube(key_expressions.iter().map(single).collect())]),
            GroupType::GroupingSets => {
                let mut sets = Vec::new();
                for set in &aggregate.grouping_sets {
                    sets.push(translator.expressions(&set.grouping_set)?);
                }
                group_by(vec![Expr::GroupingSets(sets)])
            }
            GroupType::Pivot => {
                let pivot = aggregate.pivot.as_ref().ok_or_else(|| malformed("a pivot without a column"))?;
                results = self.pivoted(&input, pivot, results, &mut translator).await?;
                group_by(key_expressions)
            }
        };
        let simple = matches!(aggregate.group_type(), GroupType::Groupby | GroupType::Unspecified | GroupType::Pivot);
        self.grouped(input, keys, results, group_by, simple, translator)
    }

    /// `SELECT keys, results FROM input GROUP BY …`. The keys of a plain grouping stay the columns that they are.
    fn grouped(
        &self,
        input: Arc<Planned>,
        keys: Vec<Item>,
        results: Vec<Item>,
        group_by: GroupByExpr,
        keeps_keys: bool,
        mut translator: Translator<'_>,
    ) -> Result<Planned, SparkError> {
        let from_name = translator.bindings.relation(&input.frame)?;
        let mut columns: Vec<Attribute> = Vec::new();
        let mut items: Vec<SelectItem> = Vec::new();
        for item in keys.into_iter().chain(results) {
            let name = item.name().to_owned();
            let known = |attribute: &Attribute| columns.iter().any(|column| column.id == attribute.id);
            let attribute = match item.attribute {
                Some(attribute) if keeps_keys && !known(&attribute) => attribute,
                attribute => Attribute {
                    id: self.new_id(&name),
                    qualifier: Vec::new(),
                    field: StructField {
                        metadata: item
                            .metadata
                            .or(attribute.map(|attribute| attribute.field.metadata))
                            .unwrap_or_default(),
                        ..StructField::new(&name, DataType::Null)
                    },
                },
            };
            items.push(aliased(item.sql, &attribute.id));
            columns.push(attribute);
        }
        let mut body = select(items, from(from_name));
        body.group_by = group_by;
        let frame = self.session.engine.query_over(query_of(body), &translator.bindings)?;
        let columns = typed(columns, &frame.schema()?)?;
        Ok(Planned::over(frame, columns, input.origins.clone()))
    }

    /// The aggregates once for each value of the pivot's column.
    async fn pivoted(
        &self,
        input: &Arc<Planned>,
        pivot: &Pivot,
        results: Vec<Item>,
        translator: &mut Translator<'_>,
    ) -> Result<Vec<Item>, SparkError> {
        if results.iter().any(|result| translator.bindings.is_python_aggregate(&result.sql)) {
            return Err(PANDAS_UDAF_IN_PIVOT.error([]));
        }
        let by = pivot.col.as_ref().ok_or_else(|| malformed("a pivot without a column"))?;
        let by = translator.expression(by)?;
        let values = match pivot.values.is_empty() {
            true => self.values_of(input, &by, translator).await?,
            false => pivot.values.iter().map(value_of).collect::<Result<Vec<_>, _>>()?,
        };
        let single = results.len() == 1;
        let mut items = Vec::with_capacity(values.len() * results.len());
        for value in values {
            let shown = if value.value.is_null() { "null".to_owned() } else { value.value.to_string() };
            let value = translator.value(value)?;
            let here = binary(by.clone(), BinaryOperator::Spaceship, value);
            for result in &results {
                let Expr::Function(mut function) = result.sql.clone() else {
                    return Err(unsupported("a pivot's aggregate that is no call of a function"));
                };
                function.filter = Some(Box::new(here.clone()));
                let mut any = call_with("count", vec![number(1)], false);
                if let Expr::Function(any) = &mut any {
                    any.filter = Some(Box::new(here.clone()));
                }
                // Where no row has the value there is no result, not even a count of 0.
                let exists = binary(any, BinaryOperator::Gt, number(0));
                let sql = case(vec![(exists, Expr::Function(function))], None);
                let name = if single { shown.clone() } else { format!("{shown}_{}", result.name()) };
                items.push(Item::named(sql, &name));
            }
        }
        Ok(items)
    }

    /// The distinct values of an expression, in order.
    async fn values_of(
        &self,
        input: &Arc<Planned>,
        by: &Expr,
        translator: &mut Translator<'_>,
    ) -> Result<Vec<Typed>, SparkError> {
        let from_name = translator.bindings.relation(&input.frame)?;
        let mut body = select(vec![aliased(by.clone(), "value")], from(from_name));
        body.distinct = Some(Distinct::Distinct);
        let mut query = query_of(body);
        query.order_by = order_by(vec![sort_key(column("value"), true, true)]);
        query.limit_clause = limit(i64::try_from(PIVOT_VALUES + 1).ok(), 0);
        let frame = self.session.engine.query_over(query, &translator.bindings)?;
        let data_type = frame.schema()?.fields.into_iter().next().map(|field| field.data_type);
        let data_type = data_type.ok_or_else(|| malformed("a pivot without a column"))?;
        let mut values = Vec::new();
        for batch in frame.collect().await? {
            let column = batch.column(0);
            for row in 0..batch.num_rows() {
                let value = ScalarValue::try_from_array(column, row)?;
                values.push(Typed { value, data_type: data_type.clone() });
            }
        }
        if values.len() > PIVOT_VALUES {
            return Err(SparkError::plain(
                ExceptionClass::Analysis,
                format!("The pivot column has more than {PIVOT_VALUES} distinct values: name those that are wanted."),
            ));
        }
        Ok(values)
    }
}

/// `GROUP BY`.
pub(super) fn group_by(keys: Vec<Expr>) -> GroupByExpr {
    GroupByExpr::Expressions(keys, Vec::new())
}

/// A number would be taken for the place of a column.
fn grouped(key: Expr) -> Expr {
    match key {
        Expr::Value(_) => Expr::Nested(Box::new(key)),
        key => key,
    }
}
