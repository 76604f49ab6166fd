//! Columns and nested fields: what a filter's attribute can name.

use datafusion::common::Column;
use datafusion::logical_expr::Expr;

/// A column, or a field of a struct below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path<'e> {
    pub(super) column: &'e Column,
    pub(super) fields: Vec<&'e str>,
}

impl<'e> Path<'e> {
    /// The path that the expression is, if it is one. A field access guarded against a null struct counts as the access:
    /// that guard is how the engine writes Spark's meaning of it.
    pub(super) fn of(expr: &'e Expr) -> Option<Self> {
        match expr {
            Expr::Column(column) => Some(Self { column, fields: Vec::new() }),
            Expr::ScalarFunction(call) if call.name() == "get_field" => {
                let (base, keys) = call.args.split_first()?;
                let mut path = Self::of(base)?;
                for key in keys {
                    let Expr::Literal(key, _) = key else { return None };
                    path.fields.push(key.try_as_str()??);
                }
                Some(path)
            }
            Expr::Case(case) => {
                let ([(when, then)], None, Some(otherwise)) =
                    (case.when_then_expr.as_slice(), &case.expr, &case.else_expr)
                else {
                    return None;
                };
                let (Expr::IsNull(base), Expr::Literal(null, _)) = (when.as_ref(), then.as_ref()) else { return None };
                let (base, path) = (Self::of(base)?, Self::of(otherwise)?);
                let guarded = null.is_null()
                    && base.column == path.column
                    && path.fields.len() == base.fields.len() + 1
                    && path.fields.starts_with(&base.fields);
                guarded.then_some(path)
            }
            _ => None,
        }
    }
}
