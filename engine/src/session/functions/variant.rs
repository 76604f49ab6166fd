//! `variant_get` and `try_variant_get`: a value inside of a variant, by its path.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType as ArrowType, Field, FieldRef};
use datafusion::common::{ScalarValue, internal_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::super::text_cast;
use crate::error::condition::INVALID_VARIANT_CAST;
use crate::error::{ExceptionClass, SparkError};
use crate::types::DataType;
use crate::types::arrow::to_arrow_type;
use crate::types::values::variant::{Primitive, as_primitive, field, item, json_text};

/// `variant_get(variant, path, type)`. What is not there is null; what does not fit the type is an error, or null for `try_`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct VariantGet {
    signature: Signature,
    fails: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Item(usize),
}

impl VariantGet {
    pub(crate) fn new(fails: bool) -> Self {
        Self { signature: Signature::any(3, Volatility::Immutable), fails }
    }
}

/// `$.a['b c'][0]`; none if it is malformed.
fn path(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, after) = after.split_at_checked(end)?;
            if name.is_empty() {
                return None;
            }
            steps.push(Step::Field(name.to_owned()));
            rest = after;
            continue;
        }
        let inside = rest.strip_prefix('[')?;
        match inside.chars().next()? {
            quote @ ('\'' | '"') => {
                let (name, after) = inside.get(1..)?.split_once(quote)?;
                steps.push(Step::Field(name.to_owned()));
                rest = after.strip_prefix(']')?;
            }
            _ => {
                let (index, after) = inside.split_once(']')?;
                steps.push(Step::Item(index.parse().ok()?));
                rest = after;
            }
        }
    }
    Some(steps)
}

/// The path and the type of a call.
fn constants(path_text: Option<&ScalarValue>, type_text: Option<&ScalarValue>) -> Result<(Vec<Step>, DataType)> {
    let text = |value: Option<&ScalarValue>| value.and_then(|value| value.try_as_str().flatten().map(str::to_owned));
    let (Some(path_text), Some(type_text)) = (text(path_text), text(type_text)) else {
        return plan_err!("variant_get expects a constant path and a constant type");
    };
    let Some(steps) = path(&path_text) else { return plan_err!("{path_text} is no path in a variant") };
    let data_type = DataType::from_ddl(&type_text)?;
    if matches!(data_type, DataType::Array { .. } | DataType::Map { .. } | DataType::Struct(_) | DataType::Variant) {
        let message = format!("This engine does not support variant_get of the type {type_text} yet.");
        return Err(SparkError::plain(ExceptionClass::UnsupportedOperation, message).into());
    }
    Ok((steps, data_type))
}

impl ScalarUDFImpl for VariantGet {
    fn name(&self) -> &str {
        if self.fails { "variant_get" } else { "try_variant_get" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[ArrowType]) -> Result<ArrowType> {
        internal_err!("variant_get without a type")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let [_, path, data_type] = args.scalar_arguments else {
            return plan_err!("variant_get expects a variant, a path and a type");
        };
        let (_, data_type) = constants(*path, *data_type)?;
        Ok(Arc::new(Field::new(self.name(), to_arrow_type(&data_type)?, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [variant, ColumnarValue::Scalar(path), ColumnarValue::Scalar(data_type)] = args.args.as_slice() else {
            return internal_err!("variant_get expects a variant, a path and a type");
        };
        let (steps, data_type) = constants(Some(path), Some(data_type))?;
        let variant = variant.to_array(args.number_rows)?;
        if variant.data_type() == &ArrowType::Null {
            return Ok(ColumnarValue::Array(new_null_array(args.return_type(), args.number_rows)));
        }
        let parts = variant.as_struct();
        let (Some(values), Some(metadata)) = (parts.column_by_name("value"), parts.column_by_name("metadata")) else {
            return plan_err!("variant_get of something that is no variant");
        };
        let (values, metadata) = (values.as_binary::<i32>(), metadata.as_binary::<i32>());
        let found = (0..parts.len()).map(|row| {
            if parts.is_null(row) {
                return ScalarValue::try_from(args.return_type());
            }
            let start = Some(values.value(row));
            let value = steps.iter().fold(start, |value, step| match step {
                Step::Field(name) => field(value?, metadata.value(row), name),
                Step::Item(index) => item(value?, *index),
            });
            let Some(value) = value else { return ScalarValue::try_from(args.return_type()) };
            match converted(value, metadata.value(row), args.return_type()) {
                Some(value) => Ok(value),
                None if !self.fails => ScalarValue::try_from(args.return_type()),
                None => {
                    let shown = json_text(value, metadata.value(row)).unwrap_or_default();
                    let name = data_type.simple_string().to_uppercase();
                    Err(INVALID_VARIANT_CAST.error([("value", shown), ("dataType", format!("\"{name}\""))]).into())
                }
            }
        });
        let found = found.collect::<Result<Vec<_>>>()?;
        Ok(ColumnarValue::Array(match found.is_empty() {
            true => new_null_array(args.return_type(), 0),
            false => ScalarValue::iter_to_array(found)?,
        }))
    }
}

/// The variant's value in the type, null for a null; none if it does not fit.
fn converted(value: &[u8], metadata: &[u8], target: &ArrowType) -> Option<ScalarValue> {
    let Some(primitive) = as_primitive(value) else {
        return (target == &ArrowType::Utf8).then(|| json_text(value, metadata)).flatten().map(ScalarValue::from);
    };
    let scalar = match primitive {
        Primitive::Null => return ScalarValue::try_from(target).ok(),
        Primitive::Boolean(value) => ScalarValue::Boolean(Some(value)),
        Primitive::Integer(value) => ScalarValue::Int64(Some(value)),
        Primitive::Double(value) => ScalarValue::Float64(Some(value)),
        Primitive::Float(value) => ScalarValue::Float32(Some(value)),
        Primitive::Decimal { unscaled, scale } => {
            ScalarValue::Decimal128(Some(unscaled), 38, i8::try_from(scale).ok()?)
        }
        Primitive::Date(days) => ScalarValue::Date32(Some(days)),
        Primitive::Timestamp(micros) => ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())),
        Primitive::TimestampNtz(micros) => ScalarValue::TimestampMicrosecond(Some(micros), None),
        Primitive::Binary(bytes) => ScalarValue::Binary(Some(bytes.to_vec())),
        Primitive::String(text) if target == &ArrowType::Utf8 => ScalarValue::from(text),
        Primitive::String(text) => {
            ScalarValue::from(text_cast::plain(text, target, false).unwrap_or_else(|| text.to_owned()))
        }
    };
    let array: ArrayRef = scalar.to_array().ok()?;
    let options = CastOptions { safe: false, ..CastOptions::default() };
    ScalarValue::try_from_array(&cast_with_options(&array, target, &options).ok()?, 0).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("$", Some(vec![]))]
    #[case("$.a", Some(vec![Step::Field("a".to_owned())]))]
    #[case("$.a[1]['b.c']", Some(vec![Step::Field("a".to_owned()), Step::Item(1), Step::Field("b.c".to_owned())]))]
    #[case("a", None)]
    #[case("$.", None)]
    #[case("$[x]", None)]
    fn a_path_is_read(#[case] text: &str, #[case] expected: Option<Vec<Step>>) {
        assert_eq!(path(text), expected);
    }

    #[rstest]
    #[case(&[0x0c, 7], ArrowType::Int32, Some(ScalarValue::Int32(Some(7))))]
    #[case(&[0x10, 0x2c, 0x01], ArrowType::Int8, None)]
    #[case(&[0x05, b'5'], ArrowType::Int32, Some(ScalarValue::Int32(Some(5))))]
    #[case(&[0x05, b'x'], ArrowType::Int32, None)]
    #[case(&[0x04], ArrowType::Utf8, Some(ScalarValue::from("true")))]
    #[case(&[0x00], ArrowType::Int32, Some(ScalarValue::Int32(None)))]
    fn a_primitive_is_cast(#[case] value: &[u8], #[case] target: ArrowType, #[case] expected: Option<ScalarValue>) {
        assert_eq!(converted(value, &[1, 0, 0], &target), expected);
    }
}
