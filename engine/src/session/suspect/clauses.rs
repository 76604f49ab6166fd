//! What is wrong with a query's clauses, sub-queries and set operations.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{self, Distinct, Expr, LimitClause, OrderByKind, Query, SetExpr};

use super::places::{Place, SetOperation, in_reach};
use super::rules::are_alike;
use super::{Suspect, ordinal, shown_type};
use crate::error::SparkError;
use crate::error::condition::{
    FILTER_NOT_BOOLEAN, IN_SUBQUERY_LENGTH_MISMATCH, INCOMPATIBLE_COLUMN_TYPE, LIMIT_DATA_TYPE, NEGATIVE_LIMIT,
    NUM_COLUMNS_MISMATCH, SET_OPERATION_ON_MAP_TYPE,
};
use crate::error::relation::quoted;
use crate::session::{Shown, names};
use crate::types::DataType;

impl Suspect<'_> {
    /// What `WHERE`, `ORDER BY`, `LIMIT` and `DISTINCT` do not take.
    pub(super) fn fault_of_clauses(&self, place: &Place) -> Option<SparkError> {
        let (select, query) = (place.select.as_deref()?, place.within.as_deref()?);
        if let Some(condition) = &select.selection
            && self.type_of(condition, place) == Some(DataType::Null)
        {
            let shown = self.written.shown(condition);
            let parameters = [("sqlExpr", shown.clone()), ("filter", shown), ("type", shown_type(&DataType::Null))];
            return Some(FILTER_NOT_BOOLEAN.error(parameters));
        }
        if matches!(select.distinct, Some(Distinct::Distinct)) {
            let (names, types) = self.columns_of(query.clone(), &place.with)?;
            if let Some(index) = types.iter().position(DataType::has_map) {
                let name = self.written.column_name(&names[index]);
                let parameters = [("colName", quoted(&[name])), ("dataType", shown_type(&types[index]))];
                return Some(SET_OPERATION_ON_MAP_TYPE.error(parameters));
            }
        }
        if let Some(OrderByKind::Expressions(keys)) = query.order_by.as_ref().map(|order| &order.kind) {
            let key =
                keys.iter().find_map(|key| Some((key, self.type_of(&key.expr, place).filter(DataType::has_map)?)));
            if let Some((key, given)) = key {
                return Some(self.unordered(&format!("\"{}\"", self.written.sort_key(key)), "sortorder", &given));
            }
        }
        let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause else { return None };
        let clauses = [("limit", limit.as_ref()), ("offset", offset.as_ref().map(|offset| &offset.value))];
        clauses.into_iter().find_map(|(name, number)| {
            let number = number?;
            let shown = self.written.name(number);
            if shown.parse::<i64>().is_ok_and(|count| count < 0) {
                let parameters = [("name", name.to_owned()), ("expr", format!("\"{shown}\"")), ("v", shown)];
                return Some(NEGATIVE_LIMIT.error(parameters));
            }
            let given = self.type_of(number, place).filter(|given| *given != DataType::Integer)?;
            Some(LIMIT_DATA_TYPE.error([
                ("name", name.to_owned()),
                ("expr", self.written.shown(number)),
                ("dataType", shown_type(&given)),
            ]))
        })
    }

    /// A row of `IN` that has other columns than the sub-query.
    pub(super) fn fault_of_membership(&self, value: &Expr, subquery: &Query, place: &Place) -> Option<SparkError> {
        let left: Vec<String> = match value {
            Expr::Tuple(values) => values.iter().map(|value| self.written.shown(value)).collect(),
            value => vec![self.written.shown(value)],
        };
        let with = in_reach(place.with.clone(), subquery.with.as_ref());
        let mut named = Statement::Statement(Box::new(ast::Statement::Query(Box::new(subquery.clone()))));
        if let Statement::Statement(statement) = &mut named {
            names::write_out(statement, &Shown::default());
        }
        let Statement::Statement(statement) = named else { return None };
        let ast::Statement::Query(named) = *statement else { return None };
        let (right, _) = self.columns_of(*named, &with)?;
        if left.len() == right.len() {
            return None;
        }
        let right: Vec<String> = right.iter().map(|name| format!("\"{name}\"")).collect();
        Some(IN_SUBQUERY_LENGTH_MISMATCH.error([
            ("sqlExpr", format!("\"({} IN (listquery()))\"", self.written.name(value))),
            ("leftLength", left.len().to_string()),
            ("leftColumns", left.join(", ")),
            ("rightLength", right.len().to_string()),
            ("rightColumns", right.join(", ")),
        ]))
    }

    /// Sides with other numbers of columns, or of other types.
    pub(super) fn fault_of_sides(&self, operation: &SetOperation) -> Option<SparkError> {
        let columns = |side: &SetExpr| {
            let mut query = operation.within.as_ref().clone();
            query.body = Box::new(side.clone());
            self.columns_of(query, &operation.with).map(|(_, types)| types)
        };
        let (left, right) = (columns(&operation.left)?, columns(&operation.right)?);
        if left.len() != right.len() {
            return Some(NUM_COLUMNS_MISMATCH.error([
                ("operator", operation.name.clone()),
                ("firstNumColumns", left.len().to_string()),
                ("invalidOrdinalNum", "second".to_owned()),
                ("invalidNumColumns", right.len().to_string()),
            ]));
        }
        let mut pairs = left.iter().zip(&right).enumerate();
        let (index, (left, right)) = pairs.find(|(_, (left, right))| !are_alike(left, right))?;
        Some(INCOMPATIBLE_COLUMN_TYPE.error([
            ("operator", operation.name.clone()),
            ("columnOrdinalNumber", ordinal(index)?),
            ("tableOrdinalNumber", "second".to_owned()),
            ("dataType1", shown_type(right)),
            ("dataType2", shown_type(left)),
            ("hint", String::new()),
        ]))
    }
}
