//! What Spark's runtime errors quote: the piece of a query (`== SQL (line 1, position 8) ==`), or the line of the client's program
//! that made the expression (`== DataFrame ==`).
//!
//! An expression loses its place when the query is planned. So only what occurs once in a query can be quoted.

use std::ops::ControlFlow;

use datafusion::common::ScalarValue;
use datafusion::logical_expr;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{AccessExpr, BinaryOperator, CastKind, Expr, Spanned, Value, Visit, Visitor};
use datafusion::sql::sqlparser::tokenizer::Span;

/// The quotation for errors of the query's only division, if there is exactly one.
pub(super) fn of_division(text: &str, statement: &Statement) -> Option<String> {
    let division =
        |expr: &Expr| matches!(expr, Expr::BinaryOp { op: BinaryOperator::Divide | BinaryOperator::Modulo, .. });
    quote(text, only(statement, division)?)
}

/// The same for the query's only `array[index]`.
pub(super) fn of_subscript(text: &str, statement: &Statement) -> Option<String> {
    let subscript = |expr: &Expr| matches!(expr, Expr::CompoundFieldAccess { access_chain, .. } if matches!(access_chain.as_slice(), [AccessExpr::Subscript(_)]));
    quote(text, closed(text, only(statement, subscript)?, ']')?)
}

/// The same for the query's only call of the function.
pub(super) fn of_call(text: &str, statement: &Statement, name: &str) -> Option<String> {
    let call = |expr: &Expr| matches!(expr, Expr::Function(call) if call.name.to_string().eq_ignore_ascii_case(name));
    quote(text, closed(text, only(statement, call)?, ')')?)
}

/// What a client's call computes, as far as errors quote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// A division, or its rest.
    Division,
    /// `array[index]`.
    Subscript,
    /// `element_at`.
    ElementAt,
    /// What may cast texts.
    Cast(Vec<Operand>),
}

impl Operation {
    /// A cast of one of these, or a comparison with which one is cast.
    pub fn casting<'e>(operands: impl IntoIterator<Item = &'e Expr>) -> Self {
        Self::Cast(operands.into_iter().filter_map(operand).collect())
    }
}

/// A call of the client's program that made an expression.
#[derive(Debug, Clone)]
pub struct ClientCall {
    /// What it computes.
    pub operation: Operation,
    /// What was called: `__truediv__`.
    pub fragment: String,
    /// Where: a file and a line.
    pub call_site: String,
}

impl ClientCall {
    fn quotation(&self) -> String {
        format!("\n== DataFrame ==\n\"{}\" was called from\n{}\n", self.fragment, self.call_site)
    }
}

/// The quotation for errors of the only call of that operation, if there is exactly one.
pub(super) fn of_operation(calls: &[ClientCall], operation: &Operation) -> Option<String> {
    let mut found = calls.iter().filter(|call| call.operation == *operation);
    match (found.next(), found.next()) {
        (Some(call), None) => Some(call.quotation()),
        _ => None,
    }
}

/// Where the only expression of that kind stands, if there is exactly one.
fn only(statement: &Statement, is_one: impl Fn(&Expr) -> bool) -> Option<Span> {
    struct Search<F>(F, Vec<Span>);
    impl<F: Fn(&Expr) -> bool> Visitor for Search<F> {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            if (self.0)(expr) {
                self.1.push(expr.span());
            }
            ControlFlow::Continue(())
        }
    }
    let mut search = Search(is_one, Vec::new());
    if let Statement::Statement(ast) = statement {
        let _ = ast.visit(&mut search);
    }
    match search.1.as_slice() {
        [span] => Some(*span),
        _ => None,
    }
}

/// The expressions of a query that may cast a text, as errors quote them.
#[derive(Debug, Clone, Default)]
pub(super) struct CastContexts(Vec<CastContext>);

#[derive(Debug, Clone)]
struct CastContext {
    operands: Vec<Operand>,
    quotation: Option<String>,
}

/// What is cast, as far as the query's plan still tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A constant.
    Text(String),
    /// A column's name in lower case.
    Column(String),
}

impl CastContexts {
    /// The places of the query where a text may be cast.
    pub(super) fn of_query(text: &str, statement: &Statement) -> Self {
        let mut casts = Casts { text, contexts: Vec::new() };
        if let Statement::Statement(ast) = statement {
            let _ = ast.visit(&mut casts);
        }
        Self(casts.contexts)
    }

    /// The calls of the client's program that cast.
    pub(super) fn of_calls(calls: &[ClientCall]) -> Self {
        let context = |call: &ClientCall| {
            let Operation::Cast(operands) = &call.operation else { return None };
            Some(CastContext { operands: operands.clone(), quotation: Some(call.quotation()) })
        };
        Self(calls.iter().filter_map(context).collect())
    }

    /// The quotation for an error of the cast of this expression, if its place is known.
    pub(super) fn of(&self, inner: &logical_expr::Expr) -> Option<&str> {
        let operand = match inner {
            logical_expr::Expr::Literal(ScalarValue::Utf8(Some(text)), _) => Some(Operand::Text(text.clone())),
            logical_expr::Expr::Column(column) => Some(Operand::Column(column.name.to_lowercase())),
            _ => None,
        };
        let places: Vec<_> = match operand {
            Some(operand) => self.0.iter().filter(|context| context.operands.contains(&operand)).collect(),
            None => self.0.iter().collect(),
        };
        match places.as_slice() {
            [context] => context.quotation.as_deref(),
            _ => None,
        }
    }
}

struct Casts<'t> {
    text: &'t str,
    contexts: Vec<CastContext>,
}

impl Visitor for Casts<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let (operands, span): (Vec<&Expr>, _) = match expr {
            Expr::BinaryOp { left, op, right } if is_comparison(op) => (vec![left, right], Some(expr.span())),
            Expr::Between { expr: value, low, high, .. } => (vec![value, low, high], Some(expr.span())),
            Expr::InList { expr: value, list, .. } => {
                (std::iter::once(value.as_ref()).chain(list).collect(), closed(self.text, expr.span(), ')'))
            }
            Expr::Cast { expr: value, kind: CastKind::Cast, .. } => (vec![value], call(self.text, value.span())),
            Expr::Cast { expr: value, .. } => (vec![value], None),
            _ => return ControlFlow::Continue(()),
        };
        let operands = operands.into_iter().filter_map(operand).collect();
        let quotation = span.and_then(|span| quote(self.text, span));
        self.contexts.push(CastContext { operands, quotation });
        ControlFlow::Continue(())
    }
}

fn operand(expr: &Expr) -> Option<Operand> {
    match expr {
        Expr::Nested(inner) => operand(inner),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => Some(Operand::Text(text.clone())),
            _ => None,
        },
        Expr::Identifier(name) => Some(Operand::Column(name.value.to_lowercase())),
        Expr::CompoundIdentifier(names) => names.last().map(|name| Operand::Column(name.value.to_lowercase())),
        _ => None,
    }
}

fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq, Spaceship};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | Spaceship)
}

/// The span with the character that closes it, which the parser leaves out.
fn closed(text: &str, mut span: Span, closing: char) -> Option<Span> {
    let end = usize::try_from(span.end.column.checked_sub(1)?).ok()?;
    let length = text.chars().skip(end).position(|character| character == closing)?;
    span.end.column += u64::try_from(length + 1).ok()?;
    Some(span)
}

/// The span of the `CAST(… AS …)` around its operand.
fn call(text: &str, mut span: Span) -> Option<Span> {
    let characters: Vec<char> = text.chars().collect();
    let start = usize::try_from(span.start.column.checked_sub(1)?).ok()?;
    let end = usize::try_from(span.end.column.checked_sub(1)?).ok()?;
    let before: String = characters.get(..start)?.iter().collect::<String>().to_lowercase();
    let name = before.trim_end().strip_suffix('(')?.trim_end().strip_suffix("cast")?;
    let mut depth = 0usize;
    let length = characters.get(end..)?.iter().position(|character| {
        match character {
            '(' => depth += 1,
            ')' if depth == 0 => return true,
            ')' => depth -= 1,
            _ => {}
        }
        false
    })?;
    span.start.column = u64::try_from(name.chars().count() + 1).ok()?;
    span.end.column += u64::try_from(length + 1).ok()?;
    Some(span)
}

/// The text of one line with marks under the span.
fn quote(text: &str, span: Span) -> Option<String> {
    let (start, end) = (span.start, span.end);
    if text.contains('\n') || start.line != 1 || end.line != 1 || end.column <= start.column {
        return None;
    }
    let before = " ".repeat(usize::try_from(start.column - 1).ok()?);
    let marks = "^".repeat(usize::try_from(end.column - start.column).ok()?);
    Some(format!("\n== SQL (line 1, position {}) ==\n{text}\n{before}{marks}\n", start.column))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use datafusion::logical_expr::{col, lit};
    use datafusion::prelude::SessionContext;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("SELECT * FROM t WHERE i = 'one'", lit("one"), Some("i = 'one'"))]
    #[case("SELECT * FROM t WHERE i = 'one' AND j = 'two'", lit("two"), Some("j = 'two'"))]
    #[case("SELECT * FROM t WHERE i = 'one' AND j > 'one'", lit("one"), None)]
    #[case("SELECT * FROM t WHERE t.S = 1", col("s"), Some("t.S = 1"))]
    #[case("SELECT * FROM t WHERE i IN (1, 'x' ) OR i = 2", lit("x"), Some("i IN (1, 'x' )"))]
    #[case("SELECT * FROM t WHERE i BETWEEN 1 AND 'x'", lit("x"), Some("i BETWEEN 1 AND 'x'"))]
    #[case("SELECT cast( s AS DECIMAL(5, 2)) FROM t", col("s"), Some("cast( s AS DECIMAL(5, 2))"))]
    #[case("SELECT upper(s) = 1 FROM t", col("s") + lit(1), Some("upper(s) = 1"))]
    #[case("SELECT s::int FROM t", col("s"), None)]
    fn the_place_of_a_cast_is_quoted(
        #[case] query: &str,
        #[case] inner: logical_expr::Expr,
        #[case] expected: Option<&str>,
    ) {
        let dialect = datafusion::config::Dialect::Spark;
        let statement = SessionContext::new().state().sql_to_statement(query, &dialect).unwrap();
        let contexts = CastContexts::of_query(query, &statement);
        let quoted = contexts.of(&inner).map(|quotation| {
            let [start, end] = [quotation.find('^'), quotation.rfind('^')].map(Option::unwrap);
            let line = quotation.find(query).unwrap();
            let indent = start - (line + query.len() + 1);
            assert!(quotation.starts_with(&format!("\n== SQL (line 1, position {}) ==\n", indent + 1)));
            &query[indent..=indent + (end - start)]
        });
        assert_eq!(quoted, expected);
    }
}
