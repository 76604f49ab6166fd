//! Intervals, and dates and timestamps that they move. A day-time interval counts microseconds, a year-month interval months; which
//! units a type tells is kept beside the column's Arrow type.
//!
//! No function here has a name in SQL: they are what literals and operators mean.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Decimal128Array, DurationMicrosecondArray, Int64Array,
    IntervalYearMonthArray, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, DurationMicrosecondType, Field, FieldRef, Float64Type, Int64Type, IntervalMonthDayNanoType,
    IntervalUnit, IntervalYearMonthType, TimeUnit, TimestampMicrosecondType,
};
use chrono::{DateTime, Days, NaiveDateTime};
use datafusion::common::{DFSchema, ScalarValue, not_impl_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, ExprSchemable, lit};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::dates::{local, plus, plus_months, zone};
use super::math::{overflow, shared};
use super::scalar::{Call, Definition, Function, Parameter, gives};
use crate::error::condition::INTERVAL_DIVIDED_BY_ZERO;
use crate::session::coercion::{instant, instant_of};
use crate::session::interval::{DAY, Literal};
use crate::types::DataType as SparkType;
use crate::types::arrow::from_arrow_field;

use Parameter::{Anything, Date, Int, Long, Text};

const DURATION: DataType = DataType::Duration(TimeUnit::Microsecond);
const MONTHS: DataType = DataType::Interval(IntervalUnit::YearMonth);

fn duration(_: &[DataType]) -> DataType {
    DURATION
}

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    Definition::new("interval_of_day_time", &[Long, Int, Int], duration, |call| {
        let micros = (0..call.rows).map(|row| Some(call.long(0).value(row)));
        Ok(shared(micros.collect::<DurationMicrosecondArray>()))
    })
    .telling(|_, literals| day_time(number(literals, 1)?, number(literals, 2)?)),
    Definition::new(
        "interval_of_year_month",
        &[Int, Int, Int],
        |_| MONTHS,
        |call| {
            let months = (0..call.rows).map(|row| Some(call.int(0).value(row)));
            Ok(shared(months.collect::<IntervalYearMonthArray>()))
        },
    )
    .telling(|_, literals| year_month(number(literals, 1)?, number(literals, 2)?)),
    Definition::new("interval_between_dates", &[Date, Date], duration, |call| {
        durations(call, |row| {
            let days = i64::from(call.date(0).value(row)) - i64::from(call.date(1).value(row));
            days.checked_mul(DAY)
        })
    })
    .telling(|_, _| day_time(0, 0)),
    Definition::new("interval_between_times", &[Anything, Anything], duration, |call| {
        let zone = zone(call.zone)?;
        let clock = |index: usize| -> Result<ArrayRef> {
            let array = &call.arrays[index];
            Ok(match array.data_type() {
                DataType::Timestamp(_, Some(_)) => {
                    let instants = array.as_primitive::<TimestampMicrosecondType>();
                    let clocks = instants
                        .iter()
                        .map(|instant| local(instant?, zone).map(|time| time.and_utc().timestamp_micros()));
                    shared(clocks.collect::<Int64Array>())
                }
                _ => cast(&cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?, &DataType::Int64)?,
            })
        };
        let (ends, starts) = (clock(0)?, clock(1)?);
        let (ends, starts) = (ends.as_primitive::<Int64Type>(), starts.as_primitive::<Int64Type>());
        durations(call, |row| ends.value(row).checked_sub(starts.value(row)))
    })
    .telling(|_, _| day_time(0, 3)),
    Definition::new("interval_sum", &[Anything, Anything], gives::same, |call| combined(call, 1)).telling(both),
    Definition::new("interval_difference", &[Anything, Anything], gives::same, |call| combined(call, -1)).telling(both),
    Definition::new("interval_negative", &[Anything], gives::same, |call| {
        scaled(call, |amount, _| Ok(amount.checked_neg()))
    })
    .telling(both),
    Definition::new("interval_product", &[Anything, Anything], gives::same, |call| {
        scaled(call, |amount, factor| {
            Ok(match factor {
                Factor::Whole(factor) => amount.checked_mul(factor),
                Factor::Fraction(factor) => rounded(to_double(amount) * factor),
            })
        })
    })
    .telling(widest),
    Definition::new("interval_quotient", &[Anything, Anything], gives::same, |call| {
        scaled(call, |amount, factor| match factor {
            Factor::Whole(0) => Err(INTERVAL_DIVIDED_BY_ZERO.error([]).into()),
            Factor::Fraction(0.0) => Err(INTERVAL_DIVIDED_BY_ZERO.error([]).into()),
            Factor::Whole(factor) => Ok(halves_up(amount, factor)),
            Factor::Fraction(factor) => Ok(rounded(to_double(amount) / factor)),
        })
    })
    .telling(widest),
    Definition::new("time_plus_interval", &[Anything, Anything], moved_type, |call| moved(call, 1)),
    Definition::new("time_minus_interval", &[Anything, Anything], moved_type, |call| moved(call, -1)),
    Definition::new("interval_text", &[Anything, Int, Int], gives::text, |call| {
        let amounts = amounts(&call.arrays[0])?;
        let of_months = call.arrays[0].data_type() == &MONTHS;
        let texts = (0..call.rows).map(|row| {
            amounts.is_valid(row).then(|| {
                let unit = |index: usize| u8::try_from(call.int(index).value(row)).unwrap_or_default();
                let made = if of_months { Literal::year_month } else { Literal::day_time };
                made(amounts.value(row), unit(1), unit(2)).shown()
            })
        });
        Ok(shared(texts.collect::<StringArray>()))
    }),
    Definition::new(
        "interval_part",
        &[Anything, Text],
        |_| DataType::Int32,
        |call| {
            let amounts = amounts(&call.arrays[0])?;
            call.ints(|row| {
                let amount = amounts.value(row);
                let part = match call.text(1).value(row) {
                    "year" => amount / 12,
                    "month" => amount % 12,
                    "day" => amount / DAY,
                    "hour" => amount % DAY / 3_600_000_000,
                    _ => amount % 3_600_000_000 / 60_000_000,
                };
                Ok(i32::try_from(part).ok())
            })
        },
    ),
    Definition::new(
        "interval_seconds",
        &[Anything],
        |_| DataType::Decimal128(8, 6),
        |call| {
            let amounts = amounts(&call.arrays[0])?;
            let seconds = amounts.iter().map(|amount| amount.map(|amount| i128::from(amount % 60_000_000)));
            Ok(shared(seconds.collect::<Decimal128Array>().with_precision_and_scale(8, 6)?))
        },
    ),
];

fn definition(name: &str) -> Option<Function> {
    ALL.iter().find(|definition| definition.name == name).map(|definition| Function::new(*definition))
}

/// An interval that is written out, as a call.
pub(crate) fn of_literal(literal: &Literal) -> (&'static str, [String; 3]) {
    let of_months =
        matches!(literal.start, crate::session::interval::Unit::Year | crate::session::interval::Unit::Month);
    let name = if of_months { "interval_of_year_month" } else { "interval_of_day_time" };
    (name, [literal.amount.to_string(), literal.start.number().to_string(), literal.end.number().to_string()])
}

fn is_interval(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Duration(_) | DataType::Interval(_))
}

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Timestamp(..))
}

fn is_number(data_type: &DataType) -> bool {
    data_type.is_integer() || data_type.is_floating() || matches!(data_type, DataType::Decimal128(..))
}

/// What an operator means where one side is an interval, or both are dates or timestamps.
///
/// # Errors
/// Where the types of the operands cannot be told.
pub(crate) fn operator(
    op: &BinaryOperator,
    left: &Expr,
    right: &Expr,
    types: &[DataType; 2],
    schema: &DFSchema,
) -> Result<Option<Expr>> {
    use BinaryOperator::{Divide, Minus, Multiply, Plus};
    let [one, other] = types;
    let calendar = DataType::Interval(IntervalUnit::MonthDayNano);
    let both = || vec![left.clone(), right.clone()];
    let (name, args) = match op {
        Plus if is_time(one) && is_interval(other) => ("time_plus_interval", both()),
        Plus if is_interval(one) && is_time(other) => ("time_plus_interval", vec![right.clone(), left.clone()]),
        Minus if is_time(one) && is_interval(other) => ("time_minus_interval", both()),
        Minus if one == &DataType::Date32 && other == &DataType::Date32 => ("interval_between_dates", both()),
        Minus if is_time(one) && is_time(other) => {
            let clock = |expr: &Expr, data_type: &DataType| match data_type {
                DataType::Date32 => crate::session::coercion::cast(expr.clone(), data_type, &instant()),
                _ => expr.clone(),
            };
            ("interval_between_times", vec![clock(left, one), clock(right, other)])
        }
        Plus if one == other && is_interval(one) && one != &calendar => ("interval_sum", both()),
        Minus if one == other && is_interval(one) && one != &calendar => ("interval_difference", both()),
        Multiply if is_interval(one) && is_number(other) => ("interval_product", both()),
        Multiply if is_number(one) && is_interval(other) => ("interval_product", vec![right.clone(), left.clone()]),
        Divide if is_interval(one) && is_number(other) => ("interval_quotient", both()),
        _ => return Ok(None),
    };
    let Some(function) = definition(name) else { return Ok(None) };
    // A date moved by hours is a timestamp.
    if let ("time_plus_interval" | "time_minus_interval", [time, interval]) = (name, args.as_slice())
        && time.get_type(schema)? == DataType::Date32
        && interval.get_type(schema)? == DURATION
        && !matches!(units(&interval.to_field(schema)?.1), Some((0, 0)))
    {
        let time = crate::session::coercion::cast(time.clone(), &DataType::Date32, &instant());
        return Ok(Some(function.call(vec![time, interval.clone()])));
    }
    Ok(Some(function.call(args)))
}

/// The negation of an interval.
pub(crate) fn negative(expr: &Expr, data_type: &DataType) -> Option<Expr> {
    let known = data_type == &DURATION || data_type == &MONTHS;
    known.then(|| definition("interval_negative")).flatten().map(|function| function.call(vec![expr.clone()]))
}

/// The text of an interval.
///
/// # Errors
/// Where its type cannot be told.
pub(crate) fn text(expr: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
    let field = expr.to_field(schema)?.1;
    let Some((start, end)) = units(&field) else { return Ok(None) };
    let args = vec![expr.clone(), lit(i32::from(start)), lit(i32::from(end))];
    Ok(definition("interval_text").map(|function| function.call(args)))
}

/// A part of an interval, by the function that gives the part of a date or a timestamp.
pub(crate) fn part(name: &str, expr: &Expr, data_type: &DataType) -> Option<Expr> {
    let of_months = data_type == &MONTHS;
    let (part, result) = match name {
        "year" if of_months => ("year", DataType::Int32),
        "month" if of_months => ("month", DataType::Int8),
        "day" | "dayofmonth" if data_type == &DURATION => ("day", DataType::Int32),
        "hour" if data_type == &DURATION => ("hour", DataType::Int8),
        "minute" if data_type == &DURATION => ("minute", DataType::Int8),
        "seconds_with_fraction" if data_type == &DURATION => {
            return Some(definition("interval_seconds")?.call(vec![expr.clone()]));
        }
        _ => return None,
    };
    let found = definition("interval_part")?.call(vec![expr.clone(), lit(part)]);
    Some(crate::session::coercion::cast(found, &DataType::Int32, &result))
}

/// The units that a type tells.
fn units(field: &Field) -> Option<(u8, u8)> {
    match from_arrow_field(field).ok()?.data_type {
        SparkType::DayTimeInterval { start, end } | SparkType::YearMonthInterval { start, end } => Some((start, end)),
        _ => None,
    }
}

fn number(literals: &[Option<ScalarValue>], index: usize) -> Option<u8> {
    match literals.get(index)?.as_ref()?.cast_to(&DataType::UInt8).ok()? {
        ScalarValue::UInt8(number) => number,
        _ => None,
    }
}

fn day_time(start: u8, end: u8) -> Option<SparkType> {
    Some(SparkType::DayTimeInterval { start, end })
}

/// The type of an interval of these units.
pub(super) fn year_month_of(start: u8, end: u8) -> Option<SparkType> {
    year_month(start, end)
}

fn year_month(start: u8, end: u8) -> Option<SparkType> {
    Some(SparkType::YearMonthInterval { start, end })
}

/// The units of all arguments.
fn both(fields: &[FieldRef], _: &[Option<ScalarValue>]) -> Option<SparkType> {
    let first = fields.first()?;
    let all = fields.iter().map(|field| units(field)).collect::<Option<Vec<_>>>()?;
    let (start, end) = (all.iter().map(|units| units.0).min()?, all.iter().map(|units| units.1).max()?);
    if first.data_type() == &MONTHS { year_month(start, end) } else { day_time(start, end) }
}

/// All units that there are.
fn widest(fields: &[FieldRef], _: &[Option<ScalarValue>]) -> Option<SparkType> {
    if fields.first()?.data_type() == &MONTHS { year_month(0, 1) } else { day_time(0, 3) }
}

fn durations(call: &Call<'_>, value: impl Fn(usize) -> Option<i64>) -> Result<ArrayRef> {
    let values = (0..call.rows).map(|row| {
        if call.is_null(row) {
            return Ok(None);
        }
        value(row).map(Some).ok_or_else(|| overflow("long overflow", "").into())
    });
    Ok(shared(values.collect::<Result<DurationMicrosecondArray>>()?))
}

/// The months or the microseconds.
fn amounts(array: &ArrayRef) -> Result<Int64Array> {
    Ok(match array.data_type() {
        DataType::Duration(_) => array.as_primitive::<DurationMicrosecondType>().reinterpret_cast::<Int64Type>(),
        DataType::Interval(IntervalUnit::YearMonth) => {
            array.as_primitive::<IntervalYearMonthType>().iter().map(|months| months.map(i64::from)).collect()
        }
        other => return not_impl_err!("this operation of {other}"),
    })
}

fn of_amounts(call: &Call<'_>, amounts: impl Iterator<Item = Result<Option<i64>>>) -> Result<ArrayRef> {
    let amounts = amounts.collect::<Result<Vec<_>>>()?;
    if call.returns == &MONTHS {
        let months = amounts.into_iter().map(|amount| match amount {
            Some(amount) => i32::try_from(amount).map(Some).map_err(|_| overflow("integer overflow", "").into()),
            None => Ok(None),
        });
        return Ok(shared(months.collect::<Result<IntervalYearMonthArray>>()?));
    }
    Ok(shared(DurationMicrosecondArray::from(amounts)))
}

fn combined(call: &Call<'_>, sign: i64) -> Result<ArrayRef> {
    let (one, other) = (amounts(&call.arrays[0])?, amounts(&call.arrays[1])?);
    let sums = (0..call.rows).map(|row| {
        if call.is_null(row) {
            return Ok(None);
        }
        let sum = other.value(row).checked_mul(sign).and_then(|other| one.value(row).checked_add(other));
        sum.map(Some).ok_or_else(|| overflow("interval overflow", "").into())
    });
    of_amounts(call, sums)
}

enum Factor {
    Whole(i64),
    Fraction(f64),
}

fn scaled(call: &Call<'_>, scale: impl Fn(i64, Factor) -> Result<Option<i64>>) -> Result<ArrayRef> {
    let values = amounts(&call.arrays[0])?;
    let factors = match call.arrays.get(1) {
        None => None,
        Some(array) if array.data_type().is_integer() => Some((true, cast(array, &DataType::Int64)?)),
        Some(array) => Some((false, cast(array, &DataType::Float64)?)),
    };
    let products = (0..call.rows).map(|row| {
        if call.is_null(row) {
            return Ok(None);
        }
        let factor = match &factors {
            None => Factor::Whole(1),
            Some((true, array)) => Factor::Whole(array.as_primitive::<Int64Type>().value(row)),
            Some((false, array)) => Factor::Fraction(array.as_primitive::<Float64Type>().value(row)),
        };
        scale(values.value(row), factor)?.map(Some).ok_or_else(|| overflow("interval overflow", "").into())
    });
    of_amounts(call, products)
}

#[expect(clippy::cast_precision_loss, reason = "Java converts so too")]
fn to_double(amount: i64) -> f64 {
    amount as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "what does not fit is refused")]
fn rounded(amount: f64) -> Option<i64> {
    let rounded = amount.round();
    (rounded.is_finite() && rounded.abs() < i64::MAX as f64).then_some(rounded as i64)
}

/// A quotient, whose half is rounded away from zero.
fn halves_up(amount: i64, by: i64) -> Option<i64> {
    let quotient = amount.checked_div(by)?;
    let rest = (i128::from(amount) - i128::from(quotient) * i128::from(by)).abs() * 2;
    if rest < i128::from(by).abs() {
        return Some(quotient);
    }
    quotient.checked_add(if (amount < 0) == (by < 0) { 1 } else { -1 })
}

fn moved_type(types: &[DataType]) -> DataType {
    types.first().cloned().unwrap_or(DataType::Null)
}

/// By months, days, and microseconds.
fn steps(array: &ArrayRef, row: usize) -> Result<(i32, i32, i64)> {
    Ok(match array.data_type() {
        DataType::Duration(_) => {
            let micros = array.as_primitive::<DurationMicrosecondType>().value(row);
            (0, i32::try_from(micros / DAY).unwrap_or(i32::MAX), micros % DAY)
        }
        DataType::Interval(IntervalUnit::YearMonth) => (array.as_primitive::<IntervalYearMonthType>().value(row), 0, 0),
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let interval = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            (interval.months, interval.days, interval.nanoseconds / 1_000)
        }
        other => return not_impl_err!("a step of {other}"),
    })
}

fn moved(call: &Call<'_>, sign: i32) -> Result<ArrayRef> {
    let zone = zone(call.zone)?;
    let out_of_range = || overflow("datetime overflow", "");
    let step = |row: usize| -> Result<(i32, i32, i64)> {
        let (months, days, micros) = steps(&call.arrays[1], row)?;
        Ok((months.saturating_mul(sign), days.saturating_mul(sign), micros.saturating_mul(i64::from(sign))))
    };
    let rows = || (0..call.rows).map(|row| if call.is_null(row) { None } else { Some(row) });
    match call.arrays[0].data_type() {
        DataType::Date32 => {
            let dates = call.arrays[0].as_primitive::<Date32Type>();
            let moved = rows().map(|row| {
                let Some(row) = row else { return Ok(None) };
                let (months, days, _) = step(row)?;
                plus(dates.value(row), months, days).map(Some).ok_or_else(|| out_of_range().into())
            });
            Ok(shared(moved.collect::<Result<Date32Array>>()?))
        }
        DataType::Timestamp(_, known_zone) => {
            let times = call.arrays[0].as_primitive::<TimestampMicrosecondType>();
            let moved = rows().map(|row| {
                let Some(row) = row else { return Ok(None) };
                let (months, days, micros) = step(row)?;
                let from = times.value(row);
                let clock = match known_zone {
                    Some(_) => local(from, zone),
                    None => DateTime::from_timestamp_micros(from).map(|time| time.naive_utc()),
                };
                let back = |time: NaiveDateTime| match known_zone {
                    Some(_) => instant_of(time, zone),
                    None => Some(time.and_utc().timestamp_micros()),
                };
                // Without months and days no clock is asked.
                let at = match (months, days) {
                    (0, 0) => Some(from),
                    (months, days) => clock.and_then(|time| later(time, months, days)).and_then(back),
                };
                at.and_then(|at| at.checked_add(micros)).map(Some).ok_or_else(|| out_of_range().into())
            });
            let moved = moved.collect::<Result<TimestampMicrosecondArray>>()?;
            Ok(match known_zone {
                Some(zone) => shared(moved.with_timezone(Arc::clone(zone))),
                None => shared(moved),
            })
        }
        other => not_impl_err!("moving {other}"),
    }
}

fn later(time: NaiveDateTime, months: i32, days: i32) -> Option<NaiveDateTime> {
    let date = plus_months(time.date(), i64::from(months))?;
    let date = match days {
        days if days < 0 => date.checked_sub_days(Days::new(u64::from(days.unsigned_abs())))?,
        days => date.checked_add_days(Days::new(u64::from(days.unsigned_abs())))?,
    };
    Some(date.and_time(time.time()))
}
