//! The piece of a query that Spark's runtime errors quote: `== SQL (line 1, position 8) ==`.
//!
//! An expression loses its place when the query is planned. So only what occurs once in a query can be quoted.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Spanned, Visit, Visitor};
use datafusion::sql::sqlparser::tokenizer::Span;

/// The quotation for errors of the query's only division, if there is exactly one.
pub(super) fn of_division(text: &str, statement: &Statement) -> Option<String> {
    let mut divisions = Divisions(Vec::new());
    if let Statement::Statement(ast) = statement {
        let _ = ast.visit(&mut divisions);
    }
    match divisions.0.as_slice() {
        [span] => quote(text, *span),
        _ => None,
    }
}

struct Divisions(Vec<Span>);

impl Visitor for Divisions {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::BinaryOp { op: BinaryOperator::Divide | BinaryOperator::Modulo, .. } = expr {
            self.0.push(expr.span());
        }
        ControlFlow::Continue(())
    }
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
