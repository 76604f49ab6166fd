//! Calls of Python functions that come with the query.

use datafusion::sql::sqlparser::ast::Expr;
use seatrial_engine::error::SparkError;
use spark_connect_proto::CommonInlineUserDefinedFunction;
use spark_connect_proto::expression::ExprType;

use super::Translator;
use crate::python_function;
use crate::types::malformed;

impl Translator<'_> {
    /// A call of a Python function.
    ///
    /// # Errors
    /// What is wrong with its arguments; functions over relations.
    pub(super) fn python(&mut self, message: &CommonInlineUserDefinedFunction) -> Result<Expr, SparkError> {
        let function = python_function::of(message)?;
        if !function.eval_type.is_scalar() && !function.eval_type.is_aggregate() {
            return Err(malformed("a function over relations as an expression"));
        }
        let mut arguments = Vec::with_capacity(message.arguments.len());
        for argument in &message.arguments {
            let (keyword, argument) = match argument.expr_type.as_ref() {
                Some(ExprType::NamedArgumentExpression(named)) => (Some(named.key.clone()), named.value.as_deref()),
                _ => (None, Some(argument)),
            };
            let argument = argument.ok_or_else(|| malformed("an argument without a value"))?;
            arguments.push((keyword, self.expression(argument)?));
        }
        self.bindings.python_call(function, arguments, &mut self.shown)
    }
}
