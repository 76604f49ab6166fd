//! What is wrong with a query, as Spark's analyser reports it where DataFusion's planner has words of its own.
//!
//! DataFusion's message tells what is wrong, and of which types; the query tells of which expression. Where several could be meant
//! the message stays as it is: no condition is better than one with wrong parameters.

use std::ops::ControlFlow;

use arrow::datatypes::DataType as ArrowType;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, GroupByExpr, JoinConstraint, JoinOperator, OrderByExpr, Select, SelectItem, UnaryOperator,
    Value, Visit, Visitor,
};

use super::Shown;
use super::names::{name_of, name_of_id, sort_key_of};
use crate::error::SparkError;
use crate::error::condition::{
    BINARY_OP_DIFF_TYPES, BINARY_OP_WRONG_TYPE, FILTER_NOT_BOOLEAN, GROUP_BY_POS_OUT_OF_RANGE, INVALID_ESC,
    INVALID_WHERE_CONDITION, JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE, MISSING_AGGREGATION, MISSING_GROUP_BY, NEGATIVE_LIMIT,
    ORDER_BY_POS_OUT_OF_RANGE, UNEXPECTED_INPUT_TYPE, UNRESOLVED_COLUMN_WITH_SUGGESTION,
};
use crate::error::relation::{quoted, suggestions};
use crate::types::arrow::from_arrow_type;

/// A query as it was written, before it was put into DataFusion's words.
pub(super) struct Written {
    pub(super) statement: Statement,
    /// Whether names of columns are a planner's.
    pub(super) with_ids: bool,
}

impl Written {
    /// The error as Spark reports it, if it is known. `is_aggregate` tells the names of aggregate functions.
    pub(super) fn explain(&self, error: SparkError, is_aggregate: impl Fn(&str) -> bool) -> SparkError {
        if error.condition.is_some() {
            return error;
        }
        self.operands(&error.message)
            .or_else(|| self.of_clauses(&error.message, is_aggregate))
            .or_else(|| limit(&error.message))
            .or_else(|| escape(&error.message))
            .unwrap_or(error)
    }

    pub(super) fn name(&self, expr: &Expr) -> String {
        name_of(expr, &Shown::default(), self.with_ids)
    }

    /// The name that a column of the plan has for people.
    pub(super) fn column_name<'n>(&self, name: &'n str) -> &'n str {
        if self.with_ids { name_of_id(name) } else { name }
    }

    /// A key of an order.
    pub(super) fn sort_key(&self, key: &OrderByExpr) -> String {
        sort_key_of(key, &Shown::default(), self.with_ids)
    }

    /// The expression as a parameter.
    pub(super) fn shown(&self, expr: &Expr) -> String {
        format!("\"{}\"", self.name(expr))
    }

    /// The query's only expression that fits.
    fn only(&self, fits: impl Fn(&Expr) -> bool) -> Option<Expr> {
        <[Expr; 1]>::try_from(self.search(fits).found).ok().map(|[expr]| expr)
    }

    fn search<F: Fn(&Expr) -> bool>(&self, fits: F) -> Search<F> {
        match &self.statement {
            Statement::Statement(statement) => Search::of(statement.as_ref(), fits),
            _ => Search { fits, found: Vec::new(), selects: Vec::new() },
        }
    }

    /// Operators between types that they do not take.
    fn operands(&self, message: &str) -> Option<SparkError> {
        if let Some(found) = between(message, "Unary operator 'NOT' requires a boolean expression, got ", "") {
            let negation = self.only(|expr| matches!(expr, Expr::UnaryOp { op: UnaryOperator::Not, .. }))?;
            let Expr::UnaryOp { expr: operand, .. } = &negation else { return None };
            return Some(UNEXPECTED_INPUT_TYPE.error([
                ("sqlExpr", self.shown(&negation)),
                ("paramIndex", "first".to_owned()),
                ("requiredType", "\"BOOLEAN\"".to_owned()),
                ("inputSql", self.shown(operand)),
                ("inputType", type_of(found, operand)?),
            ]));
        }
        let types = between(message, "Cannot coerce arithmetic expression ", " to valid types")
            .or_else(|| between(message, "Cannot infer common argument type for comparison operation ", ""))
            .or_else(|| between(message, "Cannot infer common argument type for logical boolean operation ", ""))?;
        let (left_type, op, right_type) = OPERATORS.iter().find_map(|(symbol, op)| {
            let (left, right) = types.split_once(&format!(" {symbol} "))?;
            Some((left, op, right))
        })?;
        let operation = self.only(|expr| matches!(expr, Expr::BinaryOp { op: found, .. } if found == op))?;
        let Expr::BinaryOp { left, right, .. } = &operation else { return None };
        let (left, right) = (type_of(left_type, left)?, type_of(right_type, right)?);
        let name = match op {
            // It is the negation of an equality.
            BinaryOperator::NotEq => {
                let equality = self.name(&operation);
                equality.strip_prefix("(NOT ").and_then(|rest| rest.strip_suffix(')')).map(str::to_owned)?
            }
            _ => self.name(&operation),
        };
        let name = ("sqlExpr", format!("\"{name}\""));
        if left != right {
            return Some(BINARY_OP_DIFF_TYPES.error([name, ("left", left), ("right", right)]));
        }
        let wanted = match op {
            BinaryOperator::Plus | BinaryOperator::Minus => {
                "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")"
            }
            BinaryOperator::Multiply | BinaryOperator::Modulo => "\"NUMERIC\"",
            BinaryOperator::Divide => "(\"DOUBLE\" or \"DECIMAL\")",
            BinaryOperator::And | BinaryOperator::Or => "\"BOOLEAN\"",
            _ => return None,
        };
        Some(BINARY_OP_WRONG_TYPE.error([name, ("inputType", wanted.to_owned()), ("actualDataType", left)]))
    }

    /// What a clause cannot have: conditions that are none, columns that are not grouped by, places that are not there.
    fn of_clauses(&self, message: &str, is_aggregate: impl Fn(&str) -> bool) -> Option<SparkError> {
        let selects = self.search(|_| false).selects;
        let [select] = selects.as_slice() else { return None };
        if message.starts_with("Cannot create filter with non-boolean predicate '") {
            let (condition, (_, found)) = (select.selection.as_ref()?, message.rsplit_once("' returning ")?);
            let shown = self.shown(condition);
            let data_type = type_of(found, condition)?;
            return Some(FILTER_NOT_BOOLEAN.error([
                ("sqlExpr", shown.clone()),
                ("filter", shown),
                ("type", data_type),
            ]));
        }
        if message.starts_with("Aggregate functions are not allowed in the WHERE clause") {
            let condition = select.selection.as_ref()?;
            let called = |expr: &Expr| matches!(expr, Expr::Function(call) if is_aggregate(&call.name.to_string()));
            let calls: Vec<String> = Search::of(condition, called).found.iter().map(|call| self.name(call)).collect();
            let parameters = [("condition", self.shown(condition)), ("expressionList", calls.join(", "))];
            return Some(INVALID_WHERE_CONDITION.error(parameters));
        }
        if let Some(places) = between(message, "Order by column out of bounds, specified: ", "") {
            let (index, size) = places.split_once(", max: ")?;
            return Some(ORDER_BY_POS_OUT_OF_RANGE.error([("index", index.to_owned()), ("size", size.to_owned())]));
        }
        if message.starts_with("Order by index starts at 1") {
            let size = select.projection.len().to_string();
            return Some(ORDER_BY_POS_OUT_OF_RANGE.error([("index", "0".to_owned()), ("size", size)]));
        }
        if let Some(found) = between(message, "Join condition must be boolean type, but got ", "") {
            let joins = select.from.iter().flat_map(|from| &from.joins);
            let conditions = joins.filter_map(|join| match &join.join_operator {
                JoinOperator::Join(JoinConstraint::On(condition))
                | JoinOperator::Inner(JoinConstraint::On(condition))
                | JoinOperator::Left(JoinConstraint::On(condition))
                | JoinOperator::LeftOuter(JoinConstraint::On(condition))
                | JoinOperator::Right(JoinConstraint::On(condition))
                | JoinOperator::RightOuter(JoinConstraint::On(condition))
                | JoinOperator::FullOuter(JoinConstraint::On(condition)) => Some(condition),
                _ => None,
            });
            let [condition] = conditions.collect::<Vec<_>>()[..] else { return None };
            let shown = match condition {
                Expr::CompoundIdentifier(parts) => format!("\"{}\"", parts.last()?.value),
                condition => self.shown(condition),
            };
            let parameters = [("joinCondition", shown), ("conditionType", type_of(found, condition)?)];
            return Some(JOIN_CONDITION_IS_NOT_BOOLEAN_TYPE.error(parameters));
        }
        let is_grouped = match &select.group_by {
            GroupByExpr::All(_) => true,
            GroupByExpr::Expressions(keys, _) => !keys.is_empty(),
        };
        if message.starts_with("HAVING clause references: ") && !is_grouped {
            return Some(MISSING_GROUP_BY.error([]));
        }
        if let Some((index, size)) = between(message, "Cannot find column with position ", "")
            .and_then(|places| places.split_once(" in SELECT clause. Valid columns: 1 to "))
        {
            return Some(GROUP_BY_POS_OUT_OF_RANGE.error([("index", index.to_owned()), ("size", size.to_owned())]));
        }
        let column = between(message, "While expanding wildcard, column \"", "\" must appear in the GROUP BY clause");
        let column = column.or_else(|| {
            let (_, rest) = message.split_once("column \"")?;
            Some(rest.split_once("\" must appear in the GROUP BY clause")?.0)
        })?;
        let name = column.rsplit('.').next().unwrap_or(column);
        let name = self.column_name(name);
        if message.starts_with("Column in HAVING") {
            let candidates = select.projection.iter().filter_map(|item| match item {
                SelectItem::UnnamedExpr(expr) => Some(vec![self.name(expr)]),
                SelectItem::ExprWithAlias { alias, .. } => Some(vec![alias.value.clone()]),
                _ => None,
            });
            let proposal = suggestions(&[name], candidates.collect());
            let parameters = [("objectName", quoted(&[name])), ("proposal", proposal)];
            return Some(UNRESOLVED_COLUMN_WITH_SUGGESTION.error(parameters));
        }
        Some(match is_grouped {
            true => MISSING_AGGREGATION.error([
                ("expression", format!("\"{name}\"")),
                ("expressionAnyValue", format!("\"any_value({name})\"")),
            ]),
            false => MISSING_GROUP_BY.error([]),
        })
    }
}

/// `LIMIT` or `OFFSET` by a negative number of rows.
fn limit(message: &str) -> Option<SparkError> {
    let negative = |clause: &str, name: &'static str| {
        let number = message.strip_prefix(clause)?.trim_start_matches([' ', '>', '=', '0', ',']);
        let number = between(number, "'", "' was provided")?;
        Some(NEGATIVE_LIMIT.error([
            ("name", name.to_owned()),
            ("expr", format!("\"{number}\"")),
            ("v", number.to_owned()),
        ]))
    };
    negative("LIMIT must be", "limit").or_else(|| negative("OFFSET must be", "offset"))
}

/// `LIKE` with more than one character to escape with.
fn escape(message: &str) -> Option<SparkError> {
    let escape = message.strip_prefix("Invalid escape character in LIKE expression.")?.rsplit_once("got ")?.1;
    Some(INVALID_ESC.error([("invalidEscape", escape.to_owned())]))
}

/// The operators by the symbols that DataFusion has for them.
const OPERATORS: [(&str, BinaryOperator); 13] = [
    ("+", BinaryOperator::Plus),
    ("-", BinaryOperator::Minus),
    ("*", BinaryOperator::Multiply),
    ("/", BinaryOperator::Divide),
    ("%", BinaryOperator::Modulo),
    ("=", BinaryOperator::Eq),
    ("!=", BinaryOperator::NotEq),
    ("<=", BinaryOperator::LtEq),
    (">=", BinaryOperator::GtEq),
    ("<", BinaryOperator::Lt),
    (">", BinaryOperator::Gt),
    ("AND", BinaryOperator::And),
    ("OR", BinaryOperator::Or),
];

fn between<'m>(message: &'m str, before: &str, after: &str) -> Option<&'m str> {
    let (_, rest) = message.split_once(before)?;
    if after.is_empty() { Some(rest) } else { rest.split_once(after).map(|(found, _)| found) }
}

/// Spark's name for a type of Arrow, as a parameter. An integer literal is a long until DataFusion's plan is made Spark's.
fn type_of(arrow: &str, operand: &Expr) -> Option<String> {
    let arrow: ArrowType = arrow.trim().parse().ok()?;
    let arrow = if has_only_literals(operand) { with_integers(&arrow) } else { arrow };
    Some(format!("\"{}\"", from_arrow_type(&arrow).ok()?.sql()))
}

fn has_only_literals(expr: &Expr) -> bool {
    let is_none = |expr: &Expr| match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(number, long) => *long || number.parse::<i32>().is_err(),
            _ => false,
        },
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Cast { .. } | Expr::Subquery(_) => true,
        _ => false,
    };
    Search::of(expr, is_none).found.is_empty()
}

fn with_integers(arrow: &ArrowType) -> ArrowType {
    let within = |field: &arrow::datatypes::FieldRef| {
        std::sync::Arc::new(field.as_ref().clone().with_data_type(with_integers(field.data_type())))
    };
    match arrow {
        ArrowType::Int64 => ArrowType::Int32,
        ArrowType::List(element) => ArrowType::List(within(element)),
        ArrowType::Struct(fields) => ArrowType::Struct(fields.iter().map(within).collect()),
        ArrowType::Map(entries, sorted) => ArrowType::Map(within(entries), *sorted),
        other => other.clone(),
    }
}

/// Collects expressions.
pub(super) struct Search<F> {
    fits: F,
    pub(super) found: Vec<Expr>,
    selects: Vec<Select>,
}

impl<F: Fn(&Expr) -> bool> Search<F> {
    /// The expressions within that fit, and all `SELECT`s.
    pub(super) fn of(within: &impl Visit, fits: F) -> Self {
        let mut search = Self { fits, found: Vec::new(), selects: Vec::new() };
        let _ = within.visit(&mut search);
        search
    }
}

impl<F: Fn(&Expr) -> bool> Visitor for Search<F> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if (self.fits)(expr) {
            self.found.push(expr.clone());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.selects.push(select.clone());
        ControlFlow::Continue(())
    }
}
