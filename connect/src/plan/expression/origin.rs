//! Which line of the client's program made an expression: errors of running queries quote it.

use datafusion::sql::sqlparser::ast::{AccessExpr, BinaryOperator, CastKind, Expr};
use seatrial_engine::session::{ClientCall, Operation};
use spark_connect_proto::Expression;
use spark_connect_proto::expression::ExprType;
use spark_connect_proto::origin::Function;

use super::Translator;

impl Translator<'_> {
    /// Notes the call that made an expression, if an error may quote it.
    pub(super) fn note_call(&mut self, expression: &Expression, sql: &Expr) {
        let origin = expression.common.as_ref().and_then(|common| common.origin.as_ref());
        let Some(Function::PythonOrigin(python)) = origin.and_then(|origin| origin.function.as_ref()) else { return };
        // What stands around an expression was made by calls of its own.
        let is_call = matches!(
            expression.expr_type,
            Some(ExprType::UnresolvedFunction(_) | ExprType::Cast(_) | ExprType::UnresolvedExtractValue(_))
        );
        if is_call && let Some(operation) = operation(sql) {
            let (fragment, call_site) = (python.fragment.clone(), python.call_site.clone());
            self.bindings.called_from(ClientCall { operation, fragment, call_site });
        }
    }
}

/// What an expression computes, if its errors quote where it stands.
fn operation(sql: &Expr) -> Option<Operation> {
    use BinaryOperator::{Divide, Eq, Gt, GtEq, Lt, LtEq, Modulo, NotEq, Spaceship};
    match sql {
        Expr::BinaryOp { op: Divide | Modulo, .. } => Some(Operation::Division),
        Expr::BinaryOp { left, op: Eq | NotEq | Lt | LtEq | Gt | GtEq | Spaceship, right } => {
            Some(Operation::casting([left.as_ref(), right.as_ref()]))
        }
        Expr::InList { expr, list, .. } => Some(Operation::casting(std::iter::once(expr.as_ref()).chain(list))),
        Expr::Cast { kind: CastKind::Cast, expr, .. } => Some(Operation::casting([expr.as_ref()])),
        Expr::CompoundFieldAccess { access_chain, .. } => {
            matches!(access_chain.last(), Some(AccessExpr::Subscript(_))).then_some(Operation::Subscript)
        }
        Expr::Function(call) => {
            call.name.to_string().eq_ignore_ascii_case("element_at").then_some(Operation::ElementAt)
        }
        _ => None,
    }
}
