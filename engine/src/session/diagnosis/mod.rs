//! What Spark says of a query whose names do not resolve: which name is at fault, where it stands, and the plan as far as it
//! could be analysed.
//!
//! This runs only for a query that was refused, and decides nothing but the error's text: where it meets something that it does
//! not know, the error stays as it was. It knows the shapes of query that users of sources write: `SELECT` with expressions, joins,
//! subqueries, `WHERE`, `GROUP BY`, `ORDER BY`, `LIMIT`, over tables and views of sources.

mod column;
mod expression;
mod function;
mod plan;
mod relation;
mod select;

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::{Expr, Query, Spanned, Statement, Visit, Visitor};
use datafusion::sql::sqlparser::tokenizer::Location;

use self::plan::Plan;
use super::{Session, spark_dialect};
use crate::error::condition::{
    AMBIGUOUS_REFERENCE, FIELD_NOT_FOUND, INVALID_EXTRACT_BASE_FIELD_TYPE, TABLE_OR_VIEW_NOT_FOUND,
    UNRESOLVED_COLUMN_WITH_SUGGESTION, UNRESOLVED_COLUMN_WITHOUT_SUGGESTION, UNRESOLVED_ROUTINE, WRONG_NUM_ARGS,
};
use crate::error::relation::quoted;
use crate::error::{ExceptionClass, SparkError};

/// The statement around a query.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    /// Its operator, as a plan shows it; none for a query by itself.
    pub(super) operator: Option<String>,
    /// Where in the statement the query begins: its line, and its column from 0.
    pub(super) at: (usize, usize),
}

/// The error of a query that was refused, as Spark words it if this is known.
pub(super) fn of_query(session: &Session, text: &str, around: &Around, error: SparkError) -> SparkError {
    let Ok(Parsed::Statement(statement)) = spark_dialect::parse(session.inner.planning.state(), text) else {
        return error;
    };
    let Statement::Query(query) = statement.as_ref() else { return error };
    match error.condition.as_deref() {
        Some(condition) if condition == UNRESOLVED_ROUTINE.name => {
            return of_call(query, around, error, "routineName");
        }
        Some(condition) if condition == WRONG_NUM_ARGS.name => return of_call(query, around, error, "functionName"),
        Some(condition) => {
            let known = [
                TABLE_OR_VIEW_NOT_FOUND.name,
                UNRESOLVED_COLUMN_WITH_SUGGESTION.name,
                UNRESOLVED_COLUMN_WITHOUT_SUGGESTION.name,
                AMBIGUOUS_REFERENCE.name,
                FIELD_NOT_FOUND.name,
                INVALID_EXTRACT_BASE_FIELD_TYPE.name,
            ];
            if !known.contains(&condition) {
                return error;
            }
        }
        None if !matches!(error.exception, ExceptionClass::Analysis | ExceptionClass::Spark) => return error,
        None => {}
    }
    let mut analysis = Analysis::new(session);
    match analysis.query(query) {
        Ok(plan) => match (analysis.faults.into_iter().next(), &around.operator) {
            (Some(fault), None) => fault.shown(around, &plan),
            (Some(fault), Some(operator)) => fault.shown(around, &Plan::over(plan, operator, false)),
            (None, _) => error,
        },
        Err(Stop::Error(found, at)) => placed(*found, around, at),
        Err(Stop::Unknown) => error,
    }
}

/// Adds where the function is called that a parameter of the error names.
fn of_call(query: &Query, around: &Around, error: SparkError, parameter: &str) -> SparkError {
    let mut calls = Calls { named: error.parameters.get(parameter).cloned().unwrap_or_default(), at: None };
    let _ = query.visit(&mut calls);
    match calls.at {
        Some(at) => placed(error, around, at),
        None => error,
    }
}

/// Looks for the first call of a function.
struct Calls {
    /// The function's name in back quotes.
    named: String,
    at: Option<Location>,
}

impl Visitor for Calls {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr
            && quoted(&[function.name.to_string()]).eq_ignore_ascii_case(&self.named)
        {
            self.at = Some(function.name.span().start);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

/// The error with its place: `; line 1 pos 7`.
fn placed(mut error: SparkError, around: &Around, at: Location) -> SparkError {
    let (line, column) = around.at;
    let before = if at.line == 1 { column as u64 } else { 0 };
    let line = at.line + (line as u64).saturating_sub(1);
    error.message.push_str(&format!("; line {line} pos {}", before + at.column.saturating_sub(1)));
    error
}

/// A name that does not resolve, which Spark tells once the whole plan is known.
#[derive(Debug)]
struct Fault {
    error: SparkError,
    at: Location,
}

impl Fault {
    fn shown(self, around: &Around, plan: &Plan) -> SparkError {
        let mut error = placed(self.error, around, self.at);
        error.message.push_str(&format!(";\n{}", plan.tree()));
        error
    }
}

/// Why an analysis ends early.
#[derive(Debug)]
enum Stop {
    /// By something that is not known here.
    Unknown,
    /// By an error that Spark raises before it has the whole plan, and the place of the name at fault.
    Error(Box<SparkError>, Location),
}

impl Stop {
    fn error(error: SparkError, at: Location) -> Self {
        Self::Error(Box::new(error), at)
    }
}

type Step<T> = Result<T, Stop>;

/// How many columns or expressions Spark shows in full.
const SHOWN: usize = 25;

/// An analysis under way.
struct Analysis<'a> {
    session: &'a Session,
    next_id: usize,
    /// In the order in which Spark would find them.
    faults: Vec<Fault>,
    /// The common table expressions in reach, each with how often it was read.
    ctes: Vec<(&'a str, &'a Query, usize)>,
    /// The queries within the expressions of the operator at hand.
    subqueries: Vec<Plan>,
    /// Whether a common table expression is being read.
    within_cte: bool,
    /// What the queries around the one at hand have.
    outer: Vec<plan::Column>,
    /// Whether the expressions at hand aggregate.
    aggregates: bool,
}

impl<'a> Analysis<'a> {
    fn new(session: &'a Session) -> Self {
        Self {
            session,
            next_id: 0,
            faults: Vec::new(),
            ctes: Vec::new(),
            subqueries: Vec::new(),
            within_cte: false,
            outer: Vec::new(),
            aggregates: false,
        }
    }

    fn id(&mut self) -> usize {
        self.next_id += 1;
        self.next_id - 1
    }
}

/// Joins a list that is short enough to be shown in full.
fn list(parts: &[String]) -> Step<String> {
    if parts.len() > SHOWN {
        return Err(Stop::Unknown);
    }
    Ok(parts.join(", "))
}
