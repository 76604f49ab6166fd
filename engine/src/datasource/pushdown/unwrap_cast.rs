//! Comparisons of a cast value with a literal, as comparisons of the value itself (FLT-CAST).
//!
//! `cast(i as bigint) = 5` is `i = 5`; a literal that lies between two values of the narrow type is rounded and the comparison
//! adjusted; one beyond the type's range decides the comparison, but for null.

use std::cmp::Ordering;

use arrow::array::timezone::Tz;
use arrow::datatypes::{DataType, TimeUnit};
use chrono::DateTime;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Expr, Operator, binary_expr, lit};

use crate::session::coercion;

/// A cast that may be looked through.
pub(super) struct Widening {
    pub(super) inner: Expr,
    pub(super) from: DataType,
    pub(super) to: DataType,
    /// The session's time zone, where a date or a wall clock becomes an instant and the zone is not UTC.
    pub(super) zone: Option<Tz>,
}

impl Widening {
    /// The value in the type before the cast, rounded as a cast rounds.
    fn narrowed(&self, value: &ScalarValue) -> Option<ScalarValue> {
        let (Some(zone), ScalarValue::TimestampMicrosecond(Some(micros), Some(_))) = (self.zone, value) else {
            return narrowed(value, &self.from);
        };
        let local = DateTime::from_timestamp_micros(*micros)?.with_timezone(&zone).naive_local();
        let wall_clock = ScalarValue::TimestampMicrosecond(Some(local.and_utc().timestamp_micros()), None);
        narrowed(&wall_clock, &self.from)
    }

    /// The value as the cast gives it.
    fn widened(&self, value: &ScalarValue) -> Option<ScalarValue> {
        let Some(zone) = self.zone else { return value.cast_to(&self.to).ok() };
        let wall_clock = value.cast_to(&DataType::Timestamp(TimeUnit::Microsecond, None)).ok()?;
        let ScalarValue::TimestampMicrosecond(Some(micros), None) = wall_clock else { return None };
        let instant = coercion::instant_of(DateTime::from_timestamp_micros(micros)?.naive_utc(), zone)?;
        Some(ScalarValue::TimestampMicrosecond(Some(instant), Some("UTC".into())))
    }
}

/// The comparison without the cast of its left side; none where Spark leaves it.
pub(super) fn comparison(cast: &Widening, op: Operator, value: &ScalarValue) -> Option<Expr> {
    let Widening { inner, from, to, .. } = cast;
    if from == &DataType::Boolean && op == Operator::Eq {
        return truth(inner, value);
    }
    if !unwrappable(from, to) || value.is_null() {
        return None;
    }
    let with = |op, value| Some(binary_expr(inner.clone(), op, Expr::Literal(value, None)));
    if let Some((min, max)) = range(from) {
        let (low, high) = (min.cast_to(to).ok()?, max.cast_to(to).ok()?);
        match compare(value, &high)? {
            Ordering::Greater => return decided(inner, op, Side::Above),
            Ordering::Equal => {
                return match op {
                    Operator::Gt => decided(inner, op, Side::Above),
                    Operator::LtEq => Some(true_if_not_null(inner)),
                    Operator::GtEq => with(Operator::Eq, max),
                    Operator::Lt => with(Operator::NotEq, max),
                    op => with(op, max),
                };
            }
            Ordering::Less => {}
        }
        match compare(value, &low)? {
            Ordering::Less => return decided(inner, op, Side::Below),
            Ordering::Equal => {
                return match op {
                    Operator::Lt => decided(inner, op, Side::Below),
                    Operator::GtEq => Some(true_if_not_null(inner)),
                    Operator::LtEq => with(Operator::Eq, min),
                    Operator::Gt => with(Operator::NotEq, min),
                    op => with(op, min),
                };
            }
            Ordering::Greater => {}
        }
    }
    let narrow = cast.narrowed(value)?;
    let rounding = compare(&cast.widened(&narrow)?, value)?;
    // Of a time that the clocks showed twice only the first is looked for.
    if matches!(from, DataType::Timestamp(..)) && rounding.is_ne() {
        return None;
    }
    match (rounding, op) {
        (Ordering::Equal, op) => with(op, narrow),
        (_, Operator::Eq) => Some(false_if_not_null(inner)),
        (_, Operator::NotEq) => Some(true_if_not_null(inner)),
        (_, Operator::IsNotDistinctFrom) => Some(lit(false)),
        (_, Operator::IsDistinctFrom) => Some(lit(true)),
        (Ordering::Less, Operator::Gt | Operator::GtEq) => with(Operator::Gt, narrow),
        (Ordering::Less, Operator::Lt | Operator::LtEq) => with(Operator::LtEq, narrow),
        (Ordering::Greater, Operator::Gt | Operator::GtEq) => with(Operator::GtEq, narrow),
        (Ordering::Greater, Operator::Lt | Operator::LtEq) => with(Operator::Lt, narrow),
        _ => None,
    }
}

/// A truth value counted as a number and compared with one.
fn truth(inner: &Expr, value: &ScalarValue) -> Option<Expr> {
    match value.cast_to(&DataType::Float64).ok()? {
        ScalarValue::Float64(Some(1.0)) if value.data_type().is_numeric() => Some(inner.clone()),
        ScalarValue::Float64(Some(0.0)) if value.data_type().is_numeric() => Some(Expr::Not(Box::new(inner.clone()))),
        _ => None,
    }
}

/// `IN` without the cast: values that the narrow type does not have are left out, since none of its values equals them.
pub(super) fn in_list(cast: &Widening, values: &[&ScalarValue], negated: bool) -> Option<Expr> {
    let Widening { inner, from, to, .. } = cast;
    if !unwrappable(from, to) || matches!(from, DataType::Date32 | DataType::Timestamp(..)) {
        return None;
    }
    let mut narrow = Vec::with_capacity(values.len());
    let mut nulls = Vec::new();
    for value in values {
        if value.is_null() {
            nulls.push(Expr::Literal(ScalarValue::try_from(from).ok()?, None));
        } else if let Some(value) = exactly(value, from, to) {
            narrow.push(Expr::Literal(value, None));
        }
    }
    // Nulls come first.
    nulls.append(&mut narrow);
    let narrow = nulls;
    Some(match (narrow.is_empty(), negated) {
        (true, false) => false_if_not_null(inner),
        (true, true) => true_if_not_null(inner),
        (false, negated) => Expr::InList(InList::new(Box::new(inner.clone()), narrow, negated)),
    })
}

fn exactly(value: &ScalarValue, from: &DataType, to: &DataType) -> Option<ScalarValue> {
    if let Some((min, max)) = range(from) {
        let outside = compare(value, &max.cast_to(to).ok()?)? == Ordering::Greater
            || compare(value, &min.cast_to(to).ok()?)? == Ordering::Less;
        if outside {
            return None;
        }
    }
    let narrow = narrowed(value, from)?;
    (compare(&narrow.cast_to(to).ok()?, value)? == Ordering::Equal).then_some(narrow)
}

enum Side {
    Above,
    Below,
}

/// What a comparison with a value outside the type's range is.
fn decided(inner: &Expr, op: Operator, side: Side) -> Option<Expr> {
    Some(match (op, side) {
        (Operator::IsNotDistinctFrom, _) => lit(false),
        (Operator::IsDistinctFrom, _) => lit(true),
        (Operator::NotEq, _)
        | (Operator::Lt | Operator::LtEq, Side::Above)
        | (Operator::Gt | Operator::GtEq, Side::Below) => true_if_not_null(inner),
        (Operator::Eq | Operator::Gt | Operator::GtEq, Side::Above)
        | (Operator::Eq | Operator::Lt | Operator::LtEq, _) => false_if_not_null(inner),
        _ => return None,
    })
}

fn unknown() -> Expr {
    Expr::Literal(ScalarValue::Boolean(None), None)
}

/// False, and null where the value is null.
fn false_if_not_null(inner: &Expr) -> Expr {
    inner.clone().is_null().and(unknown())
}

/// True, and null where the value is null.
fn true_if_not_null(inner: &Expr) -> Expr {
    inner.clone().is_not_null().or(unknown())
}

/// Whether Spark looks through a cast between the types: each value of the first must have its own in the second.
fn unwrappable(from: &DataType, to: &DataType) -> bool {
    use DataType::{Date32, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Timestamp};
    match (from, to) {
        (Int8, Int16 | Int32 | Int64 | Float32 | Float64)
        | (Int16, Int32 | Int64 | Float32 | Float64)
        | (Int32, Int64 | Float64)
        | (Float32, Float64)
        | (Date32 | Timestamp(TimeUnit::Microsecond, None), Timestamp(TimeUnit::Microsecond, Some(_)))
        | (Date32 | Timestamp(TimeUnit::Microsecond, Some(_)), Timestamp(TimeUnit::Microsecond, None)) => true,
        (_, Decimal128(precision, scale)) => match decimal_digits(from) {
            Some((digits, fraction)) => {
                i16::from(*precision) - i16::from(*scale) >= i16::from(digits) - i16::from(fraction)
                    && *scale >= fraction
            }
            None => false,
        },
        _ => false,
    }
}

/// Precision and scale of the decimals that hold every value of the type.
pub(crate) fn decimal_digits(data_type: &DataType) -> Option<(u8, i8)> {
    match data_type {
        DataType::Int8 => Some((3, 0)),
        DataType::Int16 => Some((5, 0)),
        DataType::Int32 => Some((10, 0)),
        DataType::Int64 => Some((20, 0)),
        DataType::Decimal128(precision, scale) => Some((*precision, *scale)),
        _ => None,
    }
}

/// The least and the greatest value of a type; NaN is the greatest of its type.
fn range(data_type: &DataType) -> Option<(ScalarValue, ScalarValue)> {
    Some(match data_type {
        DataType::Int8 => (ScalarValue::from(i8::MIN), ScalarValue::from(i8::MAX)),
        DataType::Int16 => (ScalarValue::from(i16::MIN), ScalarValue::from(i16::MAX)),
        DataType::Int32 => (ScalarValue::from(i32::MIN), ScalarValue::from(i32::MAX)),
        DataType::Int64 => (ScalarValue::from(i64::MIN), ScalarValue::from(i64::MAX)),
        DataType::Float32 => (ScalarValue::from(f32::NEG_INFINITY), ScalarValue::from(f32::NAN)),
        _ => return None,
    })
}

/// The value in the narrow type, rounded as a cast rounds.
#[expect(clippy::cast_possible_truncation, reason = "a cast of a double to a float rounds, and overflows to infinity")]
fn narrowed(value: &ScalarValue, from: &DataType) -> Option<ScalarValue> {
    match (value, from) {
        (ScalarValue::Float64(Some(value)), DataType::Float32) => Some(ScalarValue::from(*value as f32)),
        _ => value.cast_to(from).ok().filter(|narrow| !narrow.is_null()),
    }
}

/// Spark's order of values: NaN is the greatest double and equals itself, and zeros are equal.
pub(super) fn compare(left: &ScalarValue, right: &ScalarValue) -> Option<Ordering> {
    fn floats(left: f64, right: f64) -> Ordering {
        left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
    }
    match (left, right) {
        (ScalarValue::Float64(Some(left)), ScalarValue::Float64(Some(right))) => Some(floats(*left, *right)),
        (ScalarValue::Float32(Some(left)), ScalarValue::Float32(Some(right))) => {
            Some(floats(f64::from(*left), f64::from(*right)))
        }
        _ if left.is_null() || right.is_null() => None,
        _ => left.partial_cmp(right),
    }
}
