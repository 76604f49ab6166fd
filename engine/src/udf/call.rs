//! A call of a Python function within an expression: for each row, for a group, or in a window. It has a type and a place, and
//! no value of its own.

use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, FieldRef};
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::logical_expr::expr::{AggregateFunction, WindowFunction};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, TypeSignature, Volatility, WindowFunctionDefinition,
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
        let signature = Signature::one_of(vec![TypeSignature::VariadicAny, TypeSignature::Nullary], volatility);
        Ok(Self { name, function, keywords, field, signature })
    }

    /// The call that an expression is, with its arguments.
    pub(crate) fn of(expr: &Expr) -> Option<(&Self, &[Expr])> {
        let Expr::ScalarFunction(call) = expr else { return None };
        Some((call.func.inner().downcast_ref::<Self>()?, &call.args))
    }

    /// The call for a group that an aggregate is.
    pub(crate) fn of_aggregate(aggregate: &AggregateFunction) -> Option<&Self> {
        aggregate.func.inner().downcast_ref()
    }

    /// The call in a window that a window function is.
    pub(crate) fn of_window(window: &WindowFunction) -> Option<&Self> {
        match &window.fun {
            WindowFunctionDefinition::AggregateUDF(function) => function.inner().downcast_ref(),
            WindowFunctionDefinition::WindowUDF(_) => None,
        }
    }

    /// The function for a plan, by the way in which it is called.
    pub(crate) fn into_function(self) -> CalledFunction {
        match self.function.eval_type.is_aggregate() {
            true => CalledFunction::Aggregate(Arc::new(AggregateUDF::new_from_impl(self))),
            false => CalledFunction::Scalar(Arc::new(ScalarUDF::new_from_impl(self))),
        }
    }

    fn evaluated<T>(&self) -> Result<T> {
        internal_err!("the Python function {} was not taken out of its expression", self.function.name)
    }
}

/// A function as a plan calls it.
#[derive(Debug, Clone)]
pub(crate) enum CalledFunction {
    /// For each row.
    Scalar(Arc<ScalarUDF>),
    /// For a group, or in a window.
    Aggregate(Arc<AggregateUDF>),
}

impl AggregateUDFImpl for PythonCall {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[ArrowType]) -> Result<ArrowType> {
        Ok(self.field.data_type().clone())
    }

    fn return_field(&self, _: &[FieldRef]) -> Result<FieldRef> {
        Ok(Arc::clone(&self.field))
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.evaluated()
    }

    fn state_fields(&self, _: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.evaluated()
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
        self.evaluated()
    }
}
