//! The cast of a timestamp to a string as Spark does it: `2024-02-29 12:00:00.5`, an instant in the session's time zone.

use std::fmt::Write;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{AsArray, StringBuilder};
use arrow::datatypes::{DataType as ArrowType, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};
use datafusion::common::{DFSchema, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast,
};

/// The expression with Spark's meaning; none for what is no cast of a timestamp to a string.
pub(super) fn rewrite(expr: &Expr, schema: &DFSchema, zone: &str) -> Result<Option<Expr>> {
    let Expr::Cast(call) = expr else { return Ok(None) };
    if !matches!(call.field.data_type(), ArrowType::Utf8 | ArrowType::Utf8View | ArrowType::LargeUtf8) {
        return Ok(None);
    }
    let ArrowType::Timestamp(unit, instant) = call.expr.get_type(schema)? else { return Ok(None) };
    let zone = instant.as_ref().map(|_| zone.to_owned());
    let micros = match unit {
        TimeUnit::Microsecond => call.expr.as_ref().clone(),
        _ => cast(call.expr.as_ref().clone(), ArrowType::Timestamp(TimeUnit::Microsecond, instant)),
    };
    Ok(Some(ScalarUDF::new_from_impl(TimestampText::new(zone)).call(vec![micros])))
}

/// `timestamp_text(timestamp)`, in a time zone unless the timestamp has none.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TimestampText {
    signature: Signature,
    zone: Option<String>,
}

impl TimestampText {
    fn new(zone: Option<String>) -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable), zone }
    }
}

impl ScalarUDFImpl for TimestampText {
    fn name(&self) -> &str {
        "timestamp_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[ArrowType]) -> Result<ArrowType> {
        Ok(ArrowType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let zone = match self.zone.as_deref().map(Tz::from_str).transpose() {
            Ok(zone) => zone,
            Err(error) => return exec_err!("the session's time zone: {error}"),
        };
        let mut texts = StringBuilder::new();
        for argument in &args.args {
            let values = argument.to_array(args.number_rows)?;
            for value in values.as_primitive::<TimestampMicrosecondType>() {
                texts.append_option(value.and_then(DateTime::<Utc>::from_timestamp_micros).map(|instant| match zone {
                    Some(zone) => text(instant.with_timezone(&zone).naive_local()),
                    None => text(instant.naive_utc()),
                }));
            }
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}

/// Date and time, with as many digits of the second as it takes.
fn text(at: NaiveDateTime) -> String {
    let (year, sign) = (at.year(), if at.year() > 9999 { "+" } else { "" });
    let mut text = format!("{sign}{year:04}-{:02}-{:02} ", at.month(), at.day());
    let _infallible = write!(text, "{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
    let micros = at.nanosecond() / 1_000;
    if micros > 0 {
        let _infallible = write!(text, ".{}", format!("{micros:06}").trim_end_matches('0'));
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, "1970-01-01 00:00:00")]
    #[case(500_000, "1970-01-01 00:00:00.5")]
    #[case(-1, "1969-12-31 23:59:59.999999")]
    #[case(-62_135_596_800_000_000, "0001-01-01 00:00:00")]
    fn texts(#[case] micros: i64, #[case] expected: &str) {
        assert_eq!(text(DateTime::<Utc>::from_timestamp_micros(micros).unwrap().naive_utc()), expected);
    }

    #[test]
    fn zones_have_names() {
        assert!(Tz::from_str("America/Los_Angeles").is_ok() && Tz::from_str("+01:00").is_ok());
    }
}
