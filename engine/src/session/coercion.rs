//! Spark's rules (ANSI mode) for the types of what is compared. DataFusion would compare a string with a number as strings.

use arrow::array::timezone::Tz;
use arrow::datatypes::{DataType, FieldRef, IntervalUnit, TimeUnit};
use chrono::{LocalResult, NaiveDateTime, Offset, TimeDelta, TimeZone};
use datafusion::common::ScalarValue;
use datafusion::functions::core::expr_fn::{get_field, named_struct};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Cast, Expr, Operator, binary_expr, lit, when};
use std::sync::Arc;

use super::opaque::opaque;
use super::text_cast;

/// The most digits of a decimal.
const MAX_PRECISION: u8 = 38;

/// Spark's `timestamp` as the engine stores it: an instant.
pub(crate) fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// Whether the operator compares two values, null-safely or not.
pub(crate) fn is_comparison(op: Operator) -> bool {
    matches!(
        op,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

/// The comparison with both sides of the type in which Spark compares them.
pub(crate) fn comparison(left: (Expr, &DataType), op: Operator, right: (Expr, &DataType)) -> Expr {
    if let Some(whole) = with_whole_number(&left, op, &right) {
        return whole;
    }
    if let Some(op) = op.swap()
        && let Some(whole) = with_whole_number(&right, op, &left)
    {
        return whole;
    }
    match common_type(Side::of(&left), Side::of(&right)) {
        Some(common) => binary_expr(cast(left.0, left.1, &common), op, cast(right.0, right.1, &common)),
        None => binary_expr(left.0, op, right.0),
    }
}

/// The list with its value and all elements of the type in which Spark compares them.
pub(crate) fn in_list(expr: (Expr, &DataType), list: Vec<(Expr, DataType)>, negated: bool) -> Expr {
    let common = widest(std::iter::once(expr.1).chain(list.iter().map(|(_, data_type)| data_type)));
    let (value, list) = match common {
        Some(common) => {
            let list = list.into_iter().map(|(element, data_type)| cast(element, &data_type, &common)).collect();
            (cast(expr.0, expr.1, &common), list)
        }
        None => (expr.0, list.into_iter().map(|(element, _)| element).collect()),
    };
    Expr::InList(InList::new(Box::new(value), list, negated))
}

/// Values one of which is the result (the branches of a `CASE`, the arguments of `coalesce`), all of one type.
pub(super) fn alternatives(values: Vec<(Expr, DataType)>) -> Vec<Expr> {
    match widest(values.iter().map(|(_, data_type)| data_type)) {
        Some(common) => values.into_iter().map(|(value, data_type)| cast(value, &data_type, &common)).collect(),
        None => values.into_iter().map(|(value, _)| value).collect(),
    }
}

/// The type that all have in common. Strings are looked at first: with them the others decide.
fn widest<'t>(types: impl Iterator<Item = &'t DataType> + Clone) -> Option<DataType> {
    let text = types.clone().find(|data_type| is_text(data_type));
    let mut rest = text.into_iter().chain(types.filter(|data_type| !is_text(data_type)));
    let first = rest.next()?.clone();
    rest.try_fold(first, |common, next| common_type(Side::anything(&common), Side::anything(next)))
}

/// The expression cast to a type, unless it has it.
pub(crate) fn cast(expr: Expr, from: &DataType, to: &DataType) -> Expr {
    if from == to {
        return expr;
    }
    match (&expr, to) {
        (Expr::Literal(value, _), _) if value.is_null() => match ScalarValue::try_from(to) {
            Ok(null) => Expr::Literal(null, None),
            Err(_) => expr,
        },
        // A day-time interval counts microseconds; its literal has days of 24 hours.
        (
            Expr::Literal(ScalarValue::IntervalMonthDayNano(Some(interval)), _),
            DataType::Duration(TimeUnit::Microsecond),
        ) if interval.months == 0 => {
            let micros = i64::from(interval.days) * 86_400_000_000 + interval.nanoseconds / 1000;
            Expr::Literal(ScalarValue::DurationMicrosecond(Some(micros)), None)
        }
        _ => readable(Cast::new(Box::new(by_position(expr, from, to)), to.clone())),
    }
}

/// A struct with the names that its fields have in another type: Spark compares structs by position, DataFusion casts them by name.
fn by_position(expr: Expr, from: &DataType, to: &DataType) -> Expr {
    let (DataType::Struct(own), DataType::Struct(others)) = (from, to) else { return expr };
    if own.len() != others.len() || same_names(from, to) {
        return expr;
    }
    let field = |index: usize, name: &str| match &expr {
        Expr::ScalarFunction(made) if made.name() == "named_struct" => made.args.get(2 * index + 1).cloned(),
        expr => Some(get_field(expr.clone(), name)),
    };
    let mut args = Vec::with_capacity(2 * own.len());
    for (index, (own, other)) in own.iter().zip(others).enumerate() {
        let Some(value) = field(index, own.name()) else { return expr };
        args.extend([lit(other.name()), by_position(value, own.data_type(), other.data_type())]);
    }
    let renamed = named_struct(args);
    if matches!(&expr, Expr::ScalarFunction(made) if made.name() == "named_struct") {
        return renamed;
    }
    match when(expr.clone().is_not_null(), renamed).end() {
        Ok(renamed) => renamed,
        Err(_) => expr,
    }
}

fn same_names(one: &DataType, other: &DataType) -> bool {
    match (one, other) {
        (DataType::Struct(ones), DataType::Struct(others)) => ones
            .iter()
            .zip(others)
            .all(|(one, other)| one.name() == other.name() && same_names(one.data_type(), other.data_type())),
        _ => true,
    }
}

/// The cast of a text constant as Arrow reads it.
pub(super) fn readable(cast: Cast) -> Expr {
    let Expr::Literal(ScalarValue::Utf8(Some(text)), metadata) = cast.expr.as_ref() else { return Expr::Cast(cast) };
    let target = cast.field.data_type();
    let read = is_number(target) || matches!(target, DataType::Boolean | DataType::Date32 | DataType::Timestamp(..));
    let plain = if read { text_cast::plain(text, target, false) } else { None };
    let expr = match plain {
        Some(plain) => Box::new(Expr::Literal(ScalarValue::Utf8(Some(plain)), metadata.clone())),
        None => cast.expr.clone(),
    };
    Expr::Cast(Cast { expr, field: cast.field })
}

/// The cast in the session's time zone, in steps that Arrow has: an instant and a date or a wall clock belong together only by
/// a zone. None where the zone does not matter.
pub(super) fn in_zone(cast: &Cast, from: &DataType, zone: &str) -> Option<Expr> {
    let to = cast.field.data_type();
    let step = |expr: Expr, to: DataType| Expr::Cast(Cast::new(Box::new(expr), to));
    let wall_clock = DataType::Timestamp(TimeUnit::Microsecond, None);
    let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some(zone.into()));
    let inner = cast.expr.as_ref().clone();
    if zone.is_empty() || zone == "UTC" {
        return None;
    }
    match (from, to) {
        (from, to)
            if is_text(from)
                && to == &instant()
                && let Some(instant) = local_constant(&inner, zone) =>
        {
            Some(instant)
        }
        (from, to) if is_text(from) && to == &instant() => Some(step(opaque(step(inner, zoned)), instant())),
        (DataType::Date32, to) if to == &instant() => {
            Some(step(opaque(step(step(inner, wall_clock), zoned)), instant()))
        }
        (from, to) if from == &wall_clock && to == &instant() => Some(step(opaque(step(inner, zoned)), instant())),
        (from, DataType::Date32 | DataType::Timestamp(_, None)) if from == &instant() => {
            Some(step(opaque(step(inner, zoned)), to.clone()))
        }
        _ => None,
    }
}

/// The instant of a text constant that names no zone.
fn local_constant(expr: &Expr, zone: &str) -> Option<Expr> {
    let Expr::Literal(ScalarValue::Utf8(Some(text)), metadata) = expr else { return None };
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    let micros = instant_of(local, zone.parse().ok()?)?;
    Some(Expr::Literal(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())), metadata.clone()))
}

/// The microseconds since 1970 at which the zone's clocks show the time. Of a time that they showed twice it is the first, and a
/// time that they skipped is as much later as they skipped.
pub(crate) fn instant_of(local: NaiveDateTime, zone: Tz) -> Option<i64> {
    let offset = match zone.offset_from_local_datetime(&local) {
        LocalResult::Single(offset) | LocalResult::Ambiguous(offset, _) => offset,
        // No zone skips two days in a row.
        LocalResult::None => zone.offset_from_local_datetime(&(local - TimeDelta::days(1))).earliest()?,
    };
    Some((local - offset.fix()).and_utc().timestamp_micros())
}

/// An instant with the zone in which its parts are meant.
pub(super) fn seen_in_zone(instant: Expr, zone: &str) -> Expr {
    if zone.is_empty() || zone == "UTC" {
        return instant;
    }
    let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some(zone.into()));
    opaque(Expr::Cast(Cast::new(Box::new(instant), zoned)))
}

/// One side of a comparison.
#[derive(Clone, Copy)]
struct Side<'e> {
    data_type: &'e DataType,
    /// The digits of an integer literal: as a decimal it needs no more.
    digits: Option<u8>,
    literal: bool,
}

impl<'e> Side<'e> {
    fn of((expr, data_type): &(Expr, &'e DataType)) -> Self {
        let digits = integer(expr).map(|value| {
            let digits = value.unsigned_abs().checked_ilog10().unwrap_or(0) + 1;
            u8::try_from(digits).unwrap_or(MAX_PRECISION)
        });
        Self { data_type, digits, literal: matches!(expr, Expr::Literal(..) | Expr::ScalarFunction(_)) }
    }

    fn anything(data_type: &'e DataType) -> Self {
        Self { data_type, digits: None, literal: false }
    }

    /// Precision and scale of the side as a decimal.
    fn decimal(self) -> Option<(u8, u8)> {
        if let Some(digits) = self.digits {
            return Some((digits, 0));
        }
        Some(match self.data_type {
            DataType::Int8 => (3, 0),
            DataType::Int16 => (5, 0),
            DataType::Int32 => (10, 0),
            DataType::Int64 => (20, 0),
            DataType::Decimal128(precision, scale) => (*precision, u8::try_from(*scale).ok()?),
            _ => return None,
        })
    }
}

fn integer(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(ScalarValue::Int8(value), _) => value.map(i64::from),
        Expr::Literal(ScalarValue::Int16(value), _) => value.map(i64::from),
        Expr::Literal(ScalarValue::Int32(value), _) => value.map(i64::from),
        Expr::Literal(ScalarValue::Int64(value), _) => *value,
        _ => None,
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_fraction(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float32 | DataType::Float64)
}

fn is_instant(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(_, Some(_)))
}

fn width(data_type: &DataType) -> Option<u8> {
    match data_type {
        DataType::Int8 => Some(1),
        DataType::Int16 => Some(2),
        DataType::Int32 => Some(4),
        DataType::Int64 => Some(8),
        _ => None,
    }
}

/// The type in which Spark compares values of two types; none where it is no matter of this module.
fn common_type(left: Side<'_>, right: Side<'_>) -> Option<DataType> {
    let (one, other) = (left.data_type, right.data_type);
    if one == other {
        return Some(one.clone());
    }
    let either = |test: &dyn Fn(&DataType) -> bool| test(one) || test(other);
    if let Some((text, typed)) = [(one, other), (other, one)].into_iter().find(|(text, _)| is_text(text)) {
        return match typed {
            typed if width(typed).is_some() => Some(DataType::Int64),
            DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) => Some(DataType::Float64),
            DataType::Null => Some(text.clone()),
            DataType::Boolean | DataType::Date32 | DataType::Timestamp(..) | DataType::Binary => Some(typed.clone()),
            _ => None,
        };
    }
    match (one, other) {
        (DataType::Null, typed) | (typed, DataType::Null) => Some(typed.clone()),
        (DataType::List(one), DataType::List(other)) => {
            let element = common_type(Side::anything(one.data_type()), Side::anything(other.data_type()))?;
            let field = if left.literal { other } else { one };
            Some(DataType::List(retyped(field, element)))
        }
        (DataType::Struct(ones), DataType::Struct(others)) if ones.len() == others.len() => {
            let own = if left.literal { others } else { ones };
            let fields = own.iter().zip(ones.iter().zip(others)).map(|(field, (one, other))| {
                let common = common_type(Side::anything(one.data_type()), Side::anything(other.data_type()))?;
                Some(retyped(field, common))
            });
            Some(DataType::Struct(fields.collect::<Option<Vec<_>>>()?.into()))
        }
        (DataType::Duration(_), DataType::Interval(IntervalUnit::MonthDayNano)) => Some(one.clone()),
        (DataType::Interval(IntervalUnit::MonthDayNano), DataType::Duration(_)) => Some(other.clone()),
        (DataType::Date32, DataType::Timestamp(..)) => Some(other.clone()),
        (DataType::Timestamp(..), DataType::Date32) => Some(one.clone()),
        (DataType::Timestamp(..), DataType::Timestamp(..)) if either(&is_instant) => Some(instant()),
        _ => match (width(one), width(other)) {
            (Some(one_width), Some(other_width)) => Some(if one_width > other_width { one } else { other }.clone()),
            _ if either(&is_fraction) && (is_number(one) && is_number(other)) => Some(DataType::Float64),
            _ => {
                let ((precision, scale), (other_precision, other_scale)) = (left.decimal()?, right.decimal()?);
                let common_scale = scale.max(other_scale);
                let whole = (precision - scale).max(other_precision - other_scale);
                let common_scale = common_scale.min(MAX_PRECISION.saturating_sub(whole));
                let precision = (whole + common_scale).min(MAX_PRECISION);
                Some(DataType::Decimal128(precision, i8::try_from(common_scale).ok()?))
            }
        },
    }
}

fn retyped(field: &FieldRef, data_type: DataType) -> FieldRef {
    if field.data_type() == &data_type {
        Arc::clone(field)
    } else {
        Arc::new(field.as_ref().clone().with_data_type(data_type))
    }
}

fn is_number(data_type: &DataType) -> bool {
    width(data_type).is_some() || is_fraction(data_type) || matches!(data_type, DataType::Decimal128(..))
}

/// An integer compared with a decimal literal by order is compared with a whole number: `i < 1.5` is `i < 2`.
fn with_whole_number(left: &(Expr, &DataType), op: Operator, right: &(Expr, &DataType)) -> Option<Expr> {
    width(left.1)?;
    let Expr::Literal(ScalarValue::Decimal128(Some(unscaled), _, scale), _) = right.0 else { return None };
    let power = 10i128.checked_pow(u32::try_from(scale).ok()?)?;
    let floor = unscaled.div_euclid(power);
    let ceiling = floor + i128::from(unscaled.rem_euclid(power) != 0);
    let whole = match op {
        Operator::Gt | Operator::LtEq => floor,
        Operator::GtEq | Operator::Lt => ceiling,
        _ => return None,
    };
    let Ok(whole) = i64::try_from(whole) else {
        // Beyond every integer the literal decides, null or not.
        return Some(lit((whole > 0) == matches!(op, Operator::Lt | Operator::LtEq)));
    };
    Some(binary_expr(cast(left.0.clone(), left.1, &DataType::Int64), op, lit(whole)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2020-01-02 03:04:05.6", Some("2020-01-02 11:04:05.600 UTC"))]
    #[case("2020-11-01 01:30:00", Some("2020-11-01 08:30:00 UTC"))]
    #[case("2020-03-08 02:30:00", Some("2020-03-08 10:30:00 UTC"))]
    #[case("2020-03-08 02:30:00Z", None)]
    fn a_local_time_is_one_instant(#[case] text: &str, #[case] expected: Option<&str>) {
        let found = local_constant(&lit(text), "America/Los_Angeles").map(|expr| match expr {
            Expr::Literal(ScalarValue::TimestampMicrosecond(Some(micros), _), _) => {
                chrono::DateTime::from_timestamp_micros(micros).map(|time| time.to_string()).unwrap_or_default()
            }
            other => other.to_string(),
        });
        assert_eq!(found.as_deref(), expected);
    }
}
