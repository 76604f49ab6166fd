//! Casts of texts: what Spark reads from a text, and its error for a text that is malformed (ANSI mode, Spark's default).

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    Cast, ColumnarValue, Expr, ExprSchemable, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TryCast, Volatility,
};

use super::query_context::CastContexts;
use super::temporal_text;
use crate::error::condition::{CAST_INVALID_INPUT, Condition, NUMERIC_VALUE_OUT_OF_RANGE};
use crate::error::{ExceptionClass, SparkError};

/// The function's name in plans.
pub(super) const NAME: &str = "text_cast";

/// The setting that Spark's errors name.
const ANSI: &str = "\"spark.sql.ansi.enabled\"";

/// How the texts of a query are read.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    /// Whether a malformed text is an error (`spark.sql.ansi.enabled`).
    pub(super) ansi: bool,
    /// The query's casts as errors quote them.
    pub(super) contexts: CastContexts,
}

/// A constant's cast with Spark's meaning.
pub(super) fn of_constant(expr: Expr, schema: &DFSchema, reading: &Reading) -> Result<Transformed<Expr>> {
    match &expr {
        Expr::Cast(Cast { expr: inner, .. }) | Expr::TryCast(TryCast { expr: inner, .. })
            if matches!(inner.as_ref(), Expr::Literal(..)) =>
        {
            rewrite(expr, schema, reading)
        }
        _ => Ok(Transformed::no(expr)),
    }
}

/// A cast of any text with Spark's meaning. That of a column must stay as it is until filters were offered.
pub(super) fn rewrite(expr: Expr, schema: &DFSchema, reading: &Reading) -> Result<Transformed<Expr>> {
    let (inner, field, tried) = match &expr {
        Expr::Cast(Cast { expr, field }) => (expr, field, false),
        Expr::TryCast(TryCast { expr, field }) => (expr, field, true),
        _ => return Ok(Transformed::no(expr)),
    };
    let target = field.data_type();
    let (true, Some(name)) = (is_text(&inner.get_type(schema)?), sql_name(target)) else {
        return Ok(Transformed::no(expr));
    };
    let function = TextCast {
        signature: Signature::variadic_any(Volatility::Immutable),
        target: target.clone(),
        name,
        fraction: !reading.ansi,
        fails: reading.ansi && !tried,
        context: reading.contexts.of(inner).unwrap_or_default().to_owned(),
    };
    Ok(Transformed::yes(ScalarUDF::new_from_impl(function).call(vec![inner.as_ref().clone()])))
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// The name of a type that a text is read as; none for what is no matter of this module.
fn sql_name(data_type: &DataType) -> Option<String> {
    let name = match data_type {
        DataType::Boolean => "BOOLEAN",
        DataType::Int8 => "TINYINT",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INT",
        DataType::Int64 => "BIGINT",
        DataType::Float32 => "FLOAT",
        DataType::Float64 => "DOUBLE",
        DataType::Decimal128(precision, scale) => return Some(format!("DECIMAL({precision},{scale})")),
        DataType::Date32 => "DATE",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP",
        DataType::Timestamp(_, None) => "TIMESTAMP_NTZ",
        _ => return None,
    };
    Some(name.to_owned())
}

/// The text as Arrow reads it; none if Spark reads nothing of that type from it. `fraction`: whether an integer may have one.
pub(super) fn plain(text: &str, target: &DataType, fraction: bool) -> Option<String> {
    let trimmed = text.trim_matches(|character: char| character <= ' ' || character == '\u{7f}');
    match target {
        DataType::Date32 => temporal_text::date(trimmed),
        DataType::Timestamp(..) => temporal_text::timestamp(trimmed),
        DataType::Boolean => match trimmed.to_ascii_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "1" => Some("true".to_owned()),
            "f" | "false" | "n" | "no" | "0" => Some("false".to_owned()),
            _ => None,
        },
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => integer(trimmed, fraction),
        DataType::Float32 | DataType::Float64 => {
            let number = trimmed.strip_suffix(['d', 'D', 'f', 'F']);
            let number = number.filter(|number| number.ends_with(|last: char| last.is_ascii_digit() || last == '.'));
            let number = number.unwrap_or(trimmed);
            number.parse::<f64>().is_ok().then(|| number.to_owned())
        }
        _ => Some(trimmed.to_owned()),
    }
}

fn integer(text: &str, fraction: bool) -> Option<String> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (sign, number) = match text.split_at_checked(1)? {
        ("-", number) => ("-", number),
        ("+", number) => ("", number),
        _ => ("", text),
    };
    let (whole, rest) = match number.split_once('.') {
        Some((whole, rest)) if fraction => (if whole.is_empty() { "0" } else { whole }, rest),
        _ => (number, ""),
    };
    (!whole.is_empty() && digits(whole) && digits(rest)).then(|| format!("{sign}{whole}"))
}

/// `text_cast(text[, condition])`: what is read from the text. A malformed text is an error where the condition is true, and
/// null elsewhere.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TextCast {
    signature: Signature,
    target: DataType,
    /// The target's name in errors.
    name: String,
    /// Whether an integer's text may have a fraction.
    fraction: bool,
    /// Whether a malformed text is an error.
    fails: bool,
    /// What ends the message of an error.
    context: String,
}

impl TextCast {
    fn cast(&self, texts: &ArrayRef, tried: impl Fn(usize) -> bool) -> Result<ArrayRef> {
        let texts = cast(texts, &DataType::Utf8)?;
        let texts = texts.as_string::<i32>();
        let plain: StringArray =
            texts.iter().map(|text| text.and_then(|text| plain(text, &self.target, self.fraction))).collect();
        let values = cast_with_options(&plain, &self.target, &CastOptions { safe: true, ..CastOptions::default() })?;
        let malformed = |row: &usize| texts.is_valid(*row) && values.is_null(*row) && tried(*row);
        if self.fails
            && values.null_count() > texts.null_count()
            && let Some(row) = (0..texts.len()).find(malformed)
        {
            return Err(self.error(texts.value(row)).into());
        }
        Ok(values)
    }

    fn error(&self, text: &str) -> SparkError {
        if let DataType::Decimal128(precision, scale) = self.target
            && let Ok(value) = text.trim().parse::<f64>()
            && value.is_finite()
        {
            let mut error = NUMERIC_VALUE_OUT_OF_RANGE.error([
                ("precision", precision.to_string()),
                ("scale", scale.to_string()),
                ("config", ANSI.to_owned()),
                ("value", text.trim().to_owned()),
            ]);
            error.message.push_str(&self.context);
            return error;
        }
        let exception = match self.target {
            DataType::Date32 | DataType::Timestamp(..) => ExceptionClass::DateTime,
            DataType::Boolean => ExceptionClass::SparkRuntime,
            _ => ExceptionClass::NumberFormat,
        };
        let condition = Condition { exception, ..CAST_INVALID_INPUT };
        let mut error = condition.error([
            ("sourceType", "\"STRING\"".to_owned()),
            ("targetType", format!("\"{}\"", self.name)),
            ("ansiConfig", ANSI.to_owned()),
            // The last, as it may hold what looks like a placeholder.
            ("expression", format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))),
        ]);
        error.message.push_str(&self.context);
        error
    }
}

impl ScalarUDFImpl for TextCast {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.target.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let [text, condition @ ..] = args.arg_fields else { return internal_err!("{NAME} without a text") };
        let nullable = text.is_nullable() || !self.fails || !condition.is_empty();
        Ok(Arc::new(arrow::datatypes::Field::new(NAME, self.target.clone(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [text, condition @ ..] = args.args.as_slice() else { return internal_err!("{NAME} without a text") };
        let condition = condition.first().map(|condition| condition.to_array(args.number_rows)).transpose()?;
        match (text, condition) {
            (ColumnarValue::Scalar(text), None) => {
                let value = self.cast(&text.to_array()?, |_| true)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&value, 0)?))
            }
            (text, condition) => {
                let tried = |row: usize| match &condition {
                    Some(condition) => condition.as_boolean().is_valid(row) && condition.as_boolean().value(row),
                    None => true,
                };
                Ok(ColumnarValue::Array(self.cast(&text.to_array(args.number_rows)?, tried)?))
            }
        }
    }
}

/// The call with a condition for the rows that are tried.
pub(super) fn only_where(expr: Expr, condition: &Expr) -> Transformed<Expr> {
    match expr {
        Expr::ScalarFunction(mut call) if call.name() == NAME => {
            let condition = match call.args.get(1) {
                Some(inner) => inner.clone().and(condition.clone()),
                None => condition.clone(),
            };
            call.args.truncate(1);
            call.args.push(condition);
            Transformed::yes(Expr::ScalarFunction(call))
        }
        expr => Transformed::no(expr),
    }
}

/// Whether the expression is a cast that a malformed text makes fail.
pub(super) fn may_fail(expr: &Expr) -> bool {
    let Expr::ScalarFunction(call) = expr else { return false };
    call.func.inner().downcast_ref::<TextCast>().is_some_and(|function| function.fails)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use arrow::array::{BooleanArray, Int64Array};
    use rstest::rstest;

    use super::*;

    fn text_cast(target: DataType, fails: bool) -> TextCast {
        let name = sql_name(&target).unwrap();
        let signature = Signature::variadic_any(Volatility::Immutable);
        TextCast { signature, target, name, fraction: !fails, fails, context: "\n== SQL ==\n".to_owned() }
    }

    fn texts(texts: &[Option<&str>]) -> ArrayRef {
        Arc::new(texts.iter().copied().collect::<StringArray>())
    }

    #[rstest]
    #[case(" 12\t", DataType::Int64, Some("12"))]
    #[case("+1", DataType::Int32, Some("1"))]
    #[case("-1", DataType::Int8, Some("-1"))]
    #[case("", DataType::Int64, None)]
    #[case("-", DataType::Int64, None)]
    #[case("1.5", DataType::Int64, None)]
    #[case("1e3", DataType::Int64, None)]
    #[case("é", DataType::Int64, None)]
    #[case("1.5d", DataType::Float64, Some("1.5"))]
    #[case("Infinity", DataType::Float64, Some("Infinity"))]
    #[case("one", DataType::Float64, None)]
    #[case(" Yes", DataType::Boolean, Some("true"))]
    #[case("tru", DataType::Boolean, None)]
    #[case("2020-2", DataType::Date32, Some("2020-02-01"))]
    #[case("someday", DataType::Date32, None)]
    fn texts_are_read_as_spark_reads_them(
        #[case] text: &str,
        #[case] target: DataType,
        #[case] expected: Option<&str>,
    ) {
        assert_eq!(plain(text, &target, false).as_deref(), expected);
    }

    #[rstest]
    #[case("1.5", Some("1"))]
    #[case("-.5", Some("-0"))]
    #[case("1.", Some("1"))]
    #[case("1.x", None)]
    fn before_ansi_rules_a_fraction_is_cut_off(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(plain(text, &DataType::Int64, true).as_deref(), expected);
    }

    #[rstest]
    #[case(DataType::Int64, "one", ExceptionClass::NumberFormat, "\"BIGINT\"")]
    #[case(DataType::Int8, "128", ExceptionClass::NumberFormat, "\"TINYINT\"")]
    #[case(DataType::Decimal128(5, 2), "x", ExceptionClass::NumberFormat, "\"DECIMAL(5,2)\"")]
    #[case(DataType::Date32, "2020-02-30", ExceptionClass::DateTime, "\"DATE\"")]
    #[case(DataType::Boolean, "maybe", ExceptionClass::SparkRuntime, "\"BOOLEAN\"")]
    fn a_malformed_text_is_an_error(
        #[case] target: DataType,
        #[case] text: &str,
        #[case] exception: ExceptionClass,
        #[case] name: &str,
    ) {
        let array = texts(&[None, Some(text)]);
        let error = SparkError::from(text_cast(target.clone(), true).cast(&array, |_| true).unwrap_err());
        assert_eq!((error.exception, error.parameters["targetType"].as_str()), (exception, name));
        assert_eq!(error.parameters["expression"], format!("'{text}'"));
        assert!(error.message.ends_with(" SQLSTATE: 22018\n== SQL ==\n"), "{}", error.message);
        assert_eq!(text_cast(target, false).cast(&array, |_| true).unwrap().null_count(), 2);
    }

    #[test]
    fn only_rows_that_the_condition_lets_through_are_tried() {
        let condition = BooleanArray::from(vec![true, false]);
        let function = text_cast(DataType::Int64, true);
        let values = function.cast(&texts(&[Some("1"), Some("x")]), |row| condition.value(row)).unwrap();
        assert_eq!(values.as_ref(), &Int64Array::from(vec![Some(1), None]) as &dyn Array);
    }
}
