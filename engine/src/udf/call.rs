//! A call of a Python function within an expression. It has a type and a place, and no value of its own.

use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, FieldRef};
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::PythonFunction;
use crate::error::SparkError;
use crate::types::StructField;
use crate::types::StructType;
use crate::types::arrow::to_table_schema;

/// Stands for the value of a Python function, until the call is taken out of its expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PythonCall {
    /// The name in the plan.
    name: String,
    pub(crate) function: Arc<PythonFunction>,
    /// The names of the arguments that were given by name.
    pub(crate) keywords: Vec<Option<String>>,
    field: FieldRef,
    signature: Signature,
}

impl PythonCall {
    /// A function of that name in the plan, whose arguments have these names, if any.
    ///
    /// # Errors
    /// Never in practice; those of the type's Arrow form.
    pub(crate) fn try_new(
        name: String,
        function: Arc<PythonFunction>,
        keywords: Vec<Option<String>>,
    ) -> Result<Self, SparkError> {
        let field = StructField::new(&name, function.return_type.clone());
        let schema = to_table_schema(&StructType { fields: vec![field] })?;
        let field = Arc::new(schema.field(0).clone());
        // Spark never folds a call, and the optimizer must not either; what it may do is decided when calls are extracted.
        let volatility = if function.deterministic { Volatility::Stable } else { Volatility::Volatile };
        let signature = Signature::one_of(
            vec![
                datafusion::logical_expr::TypeSignature::VariadicAny,
                datafusion::logical_expr::TypeSignature::Nullary,
            ],
            volatility,
        );
        Ok(Self { name, function, keywords, field, signature })
    }

    /// The call that an expression is, with its arguments.
    pub(crate) fn of(expr: &Expr) -> Option<(&Self, &[Expr])> {
        let Expr::ScalarFunction(call) = expr else { return None };
        Some((call.func.inner().downcast_ref::<Self>()?, &call.args))
    }

    /// The function for a plan.
    pub(crate) fn into_function(self) -> ScalarUDF {
        ScalarUDF::new_from_impl(self)
    }
}

impl ScalarUDFImpl for PythonCall {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[ArrowType]) -> Result<ArrowType> {
        Ok(self.field.data_type().clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::clone(&self.field))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("the Python function {} was not taken out of its expression", self.function.name)
    }
}
