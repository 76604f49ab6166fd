//! Spark's equality of floating-point numbers: zeros are equal whatever their sign, and so are all NaNs, which are the greatest.
//!
//! Arrow orders by the bits. Values go through [`normal_floats`] where they are compared, grouped or joined, after which both
//! agree; what a query returns keeps its bits.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray};
use arrow::compute::unary;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// Whether values of the type hold floating-point numbers.
pub(super) fn has_floats(data_type: &DataType) -> bool {
    match data_type {
        DataType::Float32 | DataType::Float64 => true,
        DataType::List(field) => has_floats(field.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_floats(field.data_type())),
        _ => false,
    }
}

/// The expression with one zero and one NaN; of a literal the literal.
pub(super) fn normal_floats(expr: Expr) -> Expr {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(NormalFloats::new())));
    if let Expr::ScalarFunction(call) = &expr
        && call.name() == NAME
    {
        return expr;
    }
    if let Expr::Literal(value, metadata) = &expr
        && let Ok(normal) = value.to_array().and_then(|array| normalise(&array))
        && let Ok(value) = ScalarValue::try_from_array(&normal, 0)
    {
        return Expr::Literal(value, metadata.clone());
    }
    Expr::ScalarFunction(ScalarFunction { func: Arc::clone(&FUNCTION), args: vec![expr] })
}

const NAME: &str = "normal_floats";

#[derive(Debug, PartialEq, Eq, Hash)]
struct NormalFloats {
    signature: Signature,
}

impl NormalFloats {
    fn new() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for NormalFloats {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments.first().cloned().unwrap_or(DataType::Null))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let scalar = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let normal = match arrays.first() {
            Some(array) => normalise(array)?,
            None => return datafusion::common::internal_err!("{NAME} without an argument"),
        };
        if scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&normal, 0)?));
        }
        Ok(ColumnarValue::Array(normal))
    }
}

fn normalise(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(match array.data_type() {
        // Adding zero makes -0.0 into 0.0 and leaves all else.
        DataType::Float64 => Arc::new(unary::<_, _, Float64Type>(array.as_primitive::<Float64Type>(), |value| {
            if value.is_nan() { f64::NAN } else { value + 0.0 }
        })),
        DataType::Float32 => Arc::new(unary::<_, _, Float32Type>(array.as_primitive::<Float32Type>(), |value| {
            if value.is_nan() { f32::NAN } else { value + 0.0 }
        })),
        DataType::List(field) if has_floats(field.data_type()) => {
            let list = array.as_list::<i32>();
            let values = normalise(list.values())?;
            Arc::new(ListArray::try_new(Arc::clone(field), list.offsets().clone(), values, list.nulls().cloned())?)
        }
        DataType::Struct(fields) if has_floats(array.data_type()) => {
            let columns = array.as_struct().columns().iter().map(normalise).collect::<Result<Vec<_>>>()?;
            Arc::new(StructArray::try_new(fields.clone(), columns, array.nulls().cloned())?)
        }
        _ => Arc::clone(array),
    })
}
