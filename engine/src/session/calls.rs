//! What is wrong with calls whatever the types of their arguments are: how many there are, what window they are called over, and
//! patterns that are none.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, NamedWindowDefinition,
    NamedWindowExpr, Select, SelectItem, Value, Visit, Visitor, WindowSpec, WindowType,
};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::analysis_errors::{Search, Written};
use super::suspect::plain_call;
use super::{dialect, generators, signatures};
use crate::error::SparkError;
use crate::error::condition::{
    ESC_AT_THE_END, ESC_IN_THE_MIDDLE, FILTER_CLAUSE_WITH_AGGREGATE, GENERATOR_NESTED_IN_EXPRESSIONS,
    GROUP_BY_AGGREGATE, GROUP_BY_POS_AGGREGATE, INVALID_EXTRACT_FIELD, UNBOUND_SQL_PARAMETER,
    UNSUPPORTED_GROUPING_EXPRESSION, VALUE_OUT_OF_RANGE, WINDOW_FUNCTION_FRAME_NOT_ORDERED,
    WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE, WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE, WRONG_NUM_ARGS,
    WRONG_NUM_ARGS_OF_COUNT,
};
use crate::error::relation::quoted;

/// Refuses a text with parameters, as long as nothing is bound to them.
///
/// # Errors
/// `UNBOUND_SQL_PARAMETER`.
pub(super) fn check_parameters(statement: &Statement, text: &str) -> Result<(), SparkError> {
    let Statement::Statement(statement) = statement else { return Ok(()) };
    let parameters = Search::of(
        statement.as_ref(),
        |expr| matches!(expr, Expr::Value(value) if matches!(value.value, Value::Placeholder(_))),
    );
    let Some(Expr::Value(parameter)) = parameters.found.first() else { return Ok(()) };
    let Value::Placeholder(name) = &parameter.value else { return Ok(()) };
    let name = match name.strip_prefix(':') {
        Some(name) => name.to_owned(),
        // It is called by its place in the text.
        None => {
            let Location { line, column } = parameter.span.start;
            let before: usize = text.split('\n').zip(1..line).map(|(before, _)| before.chars().count() + 1).sum();
            let column = usize::try_from(column).unwrap_or(1);
            format!("_{}", before + column.saturating_sub(1))
        }
    };
    Err(UNBOUND_SQL_PARAMETER.error([("name", name)]))
}

/// Refuses calls with another number of arguments than Spark's functions take, and calls of functions for ordered windows over
/// others. Functions of users may have any arguments, as may those of a planner's query.
///
/// # Errors
/// `WRONG_NUM_ARGS`, `WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE`, `WINDOW_FUNCTION_FRAME_NOT_ORDERED`,
/// `DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE`, `INVALID_FORMAT`.
pub(super) fn check(
    written: &Written,
    is_users: impl Fn(&str) -> bool,
    is_aggregate: impl Fn(&str) -> bool,
    only_counts: bool,
) -> Result<(), SparkError> {
    let Statement::Statement(statement) = &written.statement else { return Ok(()) };
    match statement.visit(&mut Check { written, is_users, is_aggregate, only_counts, selects: Vec::new() }) {
        ControlFlow::Break(error) => Err(*error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// The functions that depend on the order of a window's rows.
const OF_ORDERED_WINDOWS: [&str; 9] =
    ["row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "nth_value"];

/// A row number and its like in `WHERE`.
fn window_as_condition(select: &Select) -> Option<SparkError> {
    let condition = select.selection.as_ref().filter(|condition| !has_query(condition))?;
    let is_of_window = |expr: &Expr| matches!(expr, Expr::Function(call) if call.over.is_some());
    let found = !Search::of(condition, is_of_window).found.is_empty();
    found.then(|| WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE.error([("clauseName", "WHERE".to_owned())]))
}

/// Whether an expression has a query within, whose calls are its own.
fn has_query(expr: &Expr) -> bool {
    let is_query = |expr: &Expr| matches!(expr, Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. });
    !Search::of(expr, is_query).found.is_empty()
}

/// Looks for the first call that is refused.
struct Check<'w, U, A> {
    written: &'w Written,
    is_users: U,
    is_aggregate: A,
    /// Whether the query is a piece of another, which may have the rest.
    only_counts: bool,
    /// The queries around.
    selects: Vec<Around>,
}

/// What matters of a query to the calls within it.
struct Around {
    windows: Vec<NamedWindowDefinition>,
    /// Whether rows are grouped by several sets of keys.
    has_grouping_sets: bool,
    /// The `LIKE`s of its `WHERE`.
    patterns: Vec<Expr>,
}

impl<U, A: Fn(&str) -> bool> Check<'_, U, A> {
    /// Whether the rows of a window have an order.
    fn is_ordered(&self, window: &WindowType) -> bool {
        match window {
            WindowType::WindowSpec(WindowSpec { order_by, window_name, .. }) => {
                !order_by.is_empty() || window_name.is_some()
            }
            WindowType::NamedWindow(name) => {
                let named = |definition: &&NamedWindowDefinition| definition.0.value.eq_ignore_ascii_case(&name.value);
                match self.selects.last().and_then(|select| select.windows.iter().find(named)) {
                    Some(NamedWindowDefinition(_, NamedWindowExpr::WindowSpec(window))) => {
                        self.is_ordered(&WindowType::WindowSpec(window.clone()))
                    }
                    _ => true,
                }
            }
        }
    }

    fn window(&self, function: &str, call: &Function) -> Option<SparkError> {
        if !OF_ORDERED_WINDOWS.contains(&function) {
            return None;
        }
        // As it is without its window.
        let name = self.written.name(&Expr::Function(Function { over: None, ..call.clone() }));
        match &call.over {
            None => Some(WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE.error([("funcName", format!("\"{name}\""))])),
            Some(window) if !self.is_ordered(window) => {
                Some(WINDOW_FUNCTION_FRAME_NOT_ORDERED.error([("wf_name", function.to_owned()), ("wf_expr", name)]))
            }
            Some(_) => self.number_of_rows(function, call, &name),
        }
    }

    /// The row of `nth_value` and the groups of `ntile` begin at 1.
    fn number_of_rows(&self, function: &str, call: &Function, name: &str) -> Option<SparkError> {
        let (place, parameter, range, suffix) = match function {
            "ntile" => (0, "buckets", "(0, 2147483647]", ""),
            "nth_value" => (1, "offset", "(0, 9223372036854775807]", "L"),
            _ => return None,
        };
        let FunctionArguments::List(list) = &call.args else { return None };
        let FunctionArg::Unnamed(FunctionArgExpr::Expr(number)) = list.args.get(place)? else { return None };
        let number: i64 = self.written.name(number).parse().ok()?;
        if number > 0 {
            return None;
        }
        Some(VALUE_OUT_OF_RANGE.error([
            ("sqlExpr", format!("\"{name}\"")),
            ("exprName", parameter.to_owned()),
            ("valueRange", range.to_owned()),
            ("currentValue", format!("{number}{suffix}")),
        ]))
    }

    /// A pattern of `LIKE` in which the character to escape with stands before another than `%`, `_` and itself.
    fn pattern(&self, pattern: &Expr, escape: Option<&Value>) -> Option<SparkError> {
        let Expr::Value(pattern) = pattern else { return None };
        let text = pattern.value.clone().into_string()?;
        let escape = match escape {
            Some(escape) => escape.clone().into_string()?.chars().next()?,
            None => '\\',
        };
        let format = ("format", format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")));
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            if character != escape {
                continue;
            }
            match characters.next() {
                None => return Some(ESC_AT_THE_END.error([format])),
                Some(next) if next == escape || next == '%' || next == '_' => {}
                Some(next) => return Some(ESC_IN_THE_MIDDLE.error([format, ("char", format!("'{next}'"))])),
            }
        }
        None
    }

    /// `FILTER` by an aggregate.
    fn filter(&self, call: &Function) -> Option<SparkError> {
        let filter = call.filter.as_deref()?;
        let aggregate = self.aggregate_of(filter)?;
        Some(
            FILTER_CLAUSE_WITH_AGGREGATE
                .error([("filterExpr", self.written.shown(filter)), ("aggExpr", self.written.shown(&aggregate))]),
        )
    }

    /// The first call of an aggregate within.
    fn aggregate_of(&self, expr: &Expr) -> Option<Expr> {
        if has_query(expr) {
            return None;
        }
        let is_aggregate = |expr: &Expr| matches!(expr, Expr::Function(call) if call.over.is_none() && (self.is_aggregate)(&call.name.to_string()));
        Search::of(expr, is_aggregate).found.into_iter().next()
    }

    /// A part of a date that there is not.
    fn part(&self, function: &str, arguments: &[&Expr]) -> Option<SparkError> {
        let ("date_part" | "datepart", [Expr::Value(part), moment]) = (function, arguments) else { return None };
        let part = part.value.clone().into_string()?;
        if dialect::date_part(&part).is_some() {
            return None;
        }
        Some(INVALID_EXTRACT_FIELD.error([("field", quoted(&[part])), ("expr", self.written.shown(moment))]))
    }

    /// A generator within an expression of a select list.
    fn nested_generator(&self, select: &Select) -> Option<SparkError> {
        let is_generator = |expr: &Expr| matches!(expr, Expr::Function(call) if generators::is_generator(call));
        select.projection.iter().find_map(|item| {
            let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { return None };
            if has_query(expr) {
                return None;
            }
            let within = Search::of(expr, is_generator).found.len();
            let is_nested = if is_generator(expr) { within > 1 } else { within > 0 };
            is_nested.then(|| GENERATOR_NESTED_IN_EXPRESSIONS.error([("expression", self.written.shown(expr))]))
        })
    }

    /// `GROUP BY 2` where the second column is an aggregate.
    fn aggregate_as_key(&self, select: &Select) -> Option<SparkError> {
        let GroupByExpr::Expressions(keys, _) = &select.group_by else { return None };
        keys.iter().find_map(|key| {
            if let Some(aggregate) = self.aggregate_of(key) {
                return Some(GROUP_BY_AGGREGATE.error([("sqlExpr", self.written.name(&aggregate))]));
            }
            let Expr::Value(number) = key else { return None };
            let Value::Number(index, false) = &number.value else { return None };
            let index: usize = index.to_string().parse().ok()?;
            let (expr, name) = match select.projection.get(index.checked_sub(1)?)? {
                SelectItem::UnnamedExpr(expr) => (expr, quoted(&[self.written.name(expr)])),
                SelectItem::ExprWithAlias { expr, alias } => (expr, alias.value.clone()),
                _ => return None,
            };
            self.aggregate_of(expr)?;
            let shown = format!("{} AS {name}", self.written.name(expr));
            Some(GROUP_BY_POS_AGGREGATE.error([("index", index.to_string()), ("aggExpr", shown)]))
        })
    }

    fn count(&self, function: String, given: usize) -> Option<SparkError> {
        if self.written.with_ids {
            return None;
        }
        if function == "count" && given == 0 {
            return Some(WRONG_NUM_ARGS_OF_COUNT.error([
                ("functionName", "`count`".to_owned()),
                ("expectedNum", " >= 1".to_owned()),
                ("actualNum", "0".to_owned()),
                ("legacyNum", "0".to_owned()),
                ("legacyConfKey", "\"spark.sql.legacy.allowParameterlessCount\"".to_owned()),
                ("legacyConfValue", "\"true\"".to_owned()),
            ]));
        }
        // With a unit before the others they are not functions but a syntax of their own.
        if given == 3 && matches!(function.as_str(), "dateadd" | "date_add" | "datediff" | "date_diff") {
            return None;
        }
        let expected = signatures::of(&function)?.other_counts(given)?;
        Some(WRONG_NUM_ARGS.error([
            ("functionName", quoted(&[function])),
            ("expectedNum", expected.to_owned()),
            ("actualNum", given.to_string()),
            ("docroot", "https://spark.apache.org/docs/latest".to_owned()),
        ]))
    }
}

impl<U: Fn(&str) -> bool, A: Fn(&str) -> bool> Visitor for Check<'_, U, A> {
    type Break = Box<SparkError>;

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        let has_grouping_sets = match &select.group_by {
            GroupByExpr::All(modifiers) => !modifiers.is_empty(),
            GroupByExpr::Expressions(keys, modifiers) => {
                let is_set = |key: &Expr| matches!(key, Expr::GroupingSets(_) | Expr::Cube(_) | Expr::Rollup(_));
                !modifiers.is_empty() || keys.iter().any(is_set)
            }
        };
        let is_pattern = |expr: &Expr| matches!(expr, Expr::Like { .. } | Expr::ILike { .. });
        let patterns = select.selection.as_ref().map(|condition| Search::of(condition, is_pattern).found);
        self.selects.push(Around {
            windows: select.named_window.clone(),
            has_grouping_sets,
            patterns: patterns.unwrap_or_default(),
        });
        if self.only_counts {
            return ControlFlow::Continue(());
        }
        let fault = self.nested_generator(select).or_else(|| self.aggregate_as_key(select));
        match fault.or_else(|| window_as_condition(select)) {
            Some(error) => ControlFlow::Break(Box::new(error)),
            None => ControlFlow::Continue(()),
        }
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<Self::Break> {
        self.selects.pop();
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        // A source is offered the conditions of `WHERE` before Spark looks at the patterns in them.
        let is_condition = self.selects.last().is_some_and(|select| select.patterns.contains(expr));
        if let Expr::Like { pattern, escape_char, .. } | Expr::ILike { pattern, escape_char, .. } = expr
            && !is_condition
            && let Some(error) = self.pattern(pattern, escape_char.as_ref().map(|escape| &escape.value))
        {
            return ControlFlow::Break(Box::new(error));
        }
        let (Expr::Function(call), Some((function, arguments))) = (expr, plain_call(expr)) else {
            return ControlFlow::Continue(());
        };
        if (self.is_users)(&function) {
            return ControlFlow::Continue(());
        }
        if self.only_counts {
            return match self.count(function, arguments.len()) {
                Some(error) => ControlFlow::Break(Box::new(error)),
                None => ControlFlow::Continue(()),
            };
        }
        if matches!(function.as_str(), "grouping" | "grouping_id")
            && self.selects.last().is_some_and(|select| !select.has_grouping_sets)
        {
            return ControlFlow::Break(Box::new(UNSUPPORTED_GROUPING_EXPRESSION.error([])));
        }
        if let Some(error) = self.filter(call).or_else(|| self.part(&function, &arguments)) {
            return ControlFlow::Break(Box::new(error));
        }
        match self.window(&function, call).or_else(|| self.count(function, arguments.len())) {
            Some(error) => ControlFlow::Break(Box::new(error)),
            None => ControlFlow::Continue(()),
        }
    }
}
