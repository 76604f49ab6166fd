//! Casts of numbers: what does not fit is an error (ANSI mode), a float's text is Java's, and an instant is its seconds.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray, TimestampMicrosecondArray};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{DFSchema, ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TryCast,
    Volatility,
};

use super::functions::arithmetic;
use crate::error::SparkError;
use crate::error::condition::CAST_OVERFLOW;
use crate::types::values::java_number;

/// The cast with Spark's meaning; none where DataFusion's is the same.
pub(super) fn rewrite(expr: &Expr, schema: &DFSchema, ansi: bool) -> Result<Option<Expr>> {
    let (inner, target, tried) = match expr {
        Expr::Cast(Cast { expr, field }) => (expr, field.data_type(), false),
        Expr::TryCast(TryCast { expr, field }) => (expr, field.data_type(), true),
        _ => return Ok(None),
    };
    let from = inner.get_type(schema)?;
    if !is_ours(&from, target) {
        return Ok(None);
    }
    let function = NumberCast {
        signature: Signature::any(1, Volatility::Immutable),
        target: target.clone(),
        fails: ansi && !tried,
    };
    Ok(Some(ScalarUDF::new_from_impl(function).call(vec![inner.as_ref().clone()])))
}

fn is_float(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float32 | DataType::Float64)
}

fn is_instant(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(TimeUnit::Microsecond, Some(_)))
}

fn is_ours(from: &DataType, to: &DataType) -> bool {
    let integer = |data_type: &DataType| {
        matches!(data_type, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64)
    };
    let decimal = |data_type: &DataType| matches!(data_type, DataType::Decimal128(..));
    match (from, to) {
        (from, DataType::Utf8) => is_float(from),
        (from, to) if integer(from) && integer(to) => from.primitive_width() > to.primitive_width(),
        (from, to) if is_float(from) || decimal(from) => integer(to) || (decimal(to) && from != to) || is_instant(to),
        (from, to) if integer(from) => decimal(to) || is_instant(to),
        (from, to) if is_instant(from) => integer(to) || is_float(to),
        _ => false,
    }
}

/// `number_cast(value)`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct NumberCast {
    signature: Signature,
    target: DataType,
    /// Whether what does not fit is an error.
    fails: bool,
}

fn sql_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Int8 => "TINYINT".to_owned(),
        DataType::Int16 => "SMALLINT".to_owned(),
        DataType::Int32 => "INT".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::Float32 => "FLOAT".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Decimal128(precision, scale) => format!("DECIMAL({precision},{scale})"),
        _ => "TIMESTAMP".to_owned(),
    }
}

/// The value as Spark's errors write it: with the suffix of its type.
fn literal(array: &ArrayRef, row: usize) -> Result<String> {
    let value = ScalarValue::try_from_array(array, row)?;
    Ok(match value {
        ScalarValue::Float64(Some(value)) => format!("{}D", java_number::text(value, false)),
        ScalarValue::Float32(Some(value)) => java_number::text(f64::from(value), true),
        ScalarValue::Int64(Some(value)) => format!("{value}L"),
        ScalarValue::Int16(Some(value)) => format!("{value}S"),
        ScalarValue::Decimal128(..) => {
            let text = cast(&array.slice(row, 1), &DataType::Utf8)?;
            format!("{}BD", text.as_string::<i32>().value(0))
        }
        value => value.to_string(),
    })
}

impl NumberCast {
    fn overflow(&self, array: &ArrayRef, row: usize) -> Result<SparkError> {
        let value = literal(array, row)?;
        if let DataType::Decimal128(precision, scale) = self.target {
            let value = value.trim_end_matches(['D', 'L', 'S', 'B']);
            return Ok(arithmetic::out_of_range(value, precision, i32::from(scale)));
        }
        Ok(CAST_OVERFLOW.error([
            ("value", value),
            ("sourceType", format!("\"{}\"", sql_name(array.data_type()))),
            ("targetType", format!("\"{}\"", sql_name(&self.target))),
            ("ansiConfig", "\"spark.sql.ansi.enabled\"".to_owned()),
        ]))
    }

    fn cast(&self, array: &ArrayRef) -> Result<ArrayRef> {
        let safe = CastOptions { safe: true, ..CastOptions::default() };
        if self.target == DataType::Utf8 {
            let narrow = array.data_type() == &DataType::Float32;
            let doubles = cast(array, &DataType::Float64)?;
            let doubles = doubles.as_primitive::<Float64Type>().iter();
            let texts = doubles.map(|value| value.map(|value| java_number::text(value, narrow)));
            return Ok(Arc::new(texts.collect::<StringArray>()));
        }
        if is_instant(&self.target) {
            let micros: TimestampMicrosecondArray = if array.data_type().is_integer() {
                let seconds = cast(array, &DataType::Int64)?;
                seconds.as_primitive::<Int64Type>().iter().map(|value| value?.checked_mul(1_000_000)).collect()
            } else {
                let seconds = cast(array, &DataType::Float64)?;
                #[expect(clippy::cast_possible_truncation, reason = "Java casts so too")]
                let micros = |value: f64| value.is_finite().then_some((value * 1e6) as i64);
                seconds.as_primitive::<Float64Type>().iter().map(|value| micros(value?)).collect()
            };
            return Ok(cast(&micros.with_timezone("UTC"), &self.target)?);
        }
        if is_instant(array.data_type()) {
            let micros = array.as_primitive::<TimestampMicrosecondType>();
            #[expect(clippy::cast_precision_loss, reason = "a double is asked for")]
            let seconds: ArrayRef = if is_float(&self.target) {
                Arc::new(micros.unary::<_, Float64Type>(|micros| micros as f64 / 1e6))
            } else {
                Arc::new(micros.unary::<_, Int64Type>(|micros| micros.div_euclid(1_000_000)))
            };
            return Ok(cast_with_options(&seconds, &self.target, &safe)?);
        }
        if matches!(array.data_type(), DataType::Decimal128(..)) && self.target.is_integer() {
            // The fraction goes, whatever it is.
            let scale = match array.data_type() {
                DataType::Decimal128(_, scale) => u32::try_from(*scale).unwrap_or(0),
                _ => 0,
            };
            let unit = 10_i128.checked_pow(scale).unwrap_or(1);
            let decimals = array.as_primitive::<arrow::datatypes::Decimal128Type>();
            let longs: arrow::array::Int64Array =
                decimals.iter().map(|value| i64::try_from(value? / unit).ok()).collect();
            return Ok(cast_with_options(&longs, &self.target, &safe)?);
        }
        Ok(cast_with_options(array, &self.target, &safe)?)
    }
}

impl ScalarUDFImpl for NumberCast {
    fn name(&self) -> &str {
        "number_cast"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(self.target.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = args.args.as_slice() else { return internal_err!("a cast of {} values", args.args.len()) };
        let constant = matches!(value, ColumnarValue::Scalar(_));
        let array = value.to_array(if constant { 1 } else { args.number_rows })?;
        let result = self.cast(&array)?;
        if self.fails && result.null_count() > array.null_count() {
            let lost = (0..array.len()).find(|row| array.is_valid(*row) && result.is_null(*row));
            if let Some(row) = lost {
                return Err(self.overflow(&array, row)?.into());
            }
        }
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }
}
