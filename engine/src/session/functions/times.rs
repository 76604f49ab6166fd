//! Timestamps that are made of their parts, moved by units, and shown by the clocks of other zones.

use arrow::array::timezone::Tz;
use arrow::array::{ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, NaiveDateTime};
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion_spark::function::datetime;

use super::dates::{date_of_parts, local, plus_months, zone};
use super::intervals::year_month_of;
use super::math::{overflow, shared};
use super::scalar::{Call, Definition, Parameter, gives};
use crate::error::SparkError;
use crate::error::condition::{DATETIME_FIELD_OUT_OF_BOUNDS, INVALID_DATETIME_UNIT, INVALID_FRACTION_OF_SECOND};
use crate::session::coercion::{self, instant, instant_of};

use Parameter::{Anything, Double, Int, Long, Text};

const WALL_CLOCK: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn wall_clock(_: &[DataType]) -> DataType {
    WALL_CLOCK
}

macro_rules! made {
    ($name:literal, $returns:expr, $build:ident, $tolerant:literal) => {
        Definition::new($name, &[Int, Int, Int, Int, Int, Double, Text], $returns, |call| {
            let here = zone(call.zone)?;
            call.$build(|row| match time_of(call, row) {
                Ok(time) if $returns(&[]) == WALL_CLOCK => Ok(Some(time.and_utc().timestamp_micros())),
                Ok(time) => {
                    let zone = if call.has(6) { zone(call.text(6).value(row))? } else { here };
                    Ok(instant_of(time, zone))
                }
                Err(_) if $tolerant || !call.ansi => Ok(None),
                Err(error) => Err(error.into()),
            })
        })
        .requiring(6)
    };
}

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    made!("make_timestamp", gives::an_instant, instants, false),
    made!("make_timestamp_ltz", gives::an_instant, instants, false),
    made!("make_timestamp_ntz", wall_clock, wall_clocks, false),
    made!("try_make_timestamp", gives::an_instant, instants, true),
    made!("try_make_timestamp_ltz", gives::an_instant, instants, true),
    made!("try_make_timestamp_ntz", wall_clock, wall_clocks, true),
    Definition::new("convert_timezone_of", &[Text, Text, Anything], wall_clock, |call| {
        let times = call.arrays[2].as_primitive::<TimestampMicrosecondType>();
        call.wall_clocks(|row| {
            let (from, to) = (zone(call.text(0).value(row))?, zone(call.text(1).value(row))?);
            let clock = DateTime::from_timestamp_micros(times.value(row)).map(|time| time.naive_utc());
            let there = clock.and_then(|clock| instant_of(clock, from)).and_then(|instant| local(instant, to));
            Ok(there.map(|time| time.and_utc().timestamp_micros()))
        })
    })
    .together(|args| Ok(args.into_iter().map(as_wall_clock).collect())),
    Definition::new(
        "timestampadd",
        &[Text, Long, Anything],
        |types| match types.get(2) {
            Some(&WALL_CLOCK) => WALL_CLOCK,
            _ => instant(),
        },
        moved,
    )
    .together(|args| Ok(args.into_iter().map(as_time).collect())),
    Definition::new("timestampdiff", &[Text, Anything, Anything], gives::long, between)
        .together(|args| Ok(args.into_iter().map(as_time).collect())),
    Definition::borrowed(
        "make_dt_interval",
        &[Int, Int, Int, Double],
        |_| DataType::Duration(TimeUnit::Microsecond),
        datetime::make_dt_interval,
    )
    .requiring(0),
    Definition::borrowed(
        "make_interval",
        &[Int, Int, Int, Int, Int, Int, Double],
        |_| DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano),
        datetime::make_interval,
    )
    .requiring(0),
    Definition::borrowed(
        "try_make_interval",
        &[Int, Int, Int, Int, Int, Int, Double],
        |_| DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano),
        datetime::make_interval,
    )
    .requiring(1),
    Definition::new(
        "make_ym_interval",
        &[Int, Int],
        |_| DataType::Interval(arrow::datatypes::IntervalUnit::YearMonth),
        |call| {
            let part = |index: usize, row: usize| if call.has(index) { call.int(index).value(row) } else { 0 };
            let months = (0..call.rows).map(|row| {
                if call.is_null(row) {
                    return Ok(None);
                }
                let months = part(0, row).checked_mul(12).and_then(|months| months.checked_add(part(1, row)));
                months.map(Some).ok_or_else(|| overflow("integer overflow", "").into())
            });
            Ok(shared(months.collect::<Result<arrow::array::IntervalYearMonthArray>>()?))
        },
    )
    .telling(|_, _| year_month_of(0, 1))
    .requiring(0),
];

/// An argument that is no unit and no number as a timestamp.
fn as_time((expr, given): (Expr, DataType)) -> Expr {
    match given {
        DataType::Date32 => coercion::cast(expr, &given, &instant()),
        _ => expr,
    }
}

fn as_wall_clock((expr, given): (Expr, DataType)) -> Expr {
    match given {
        DataType::Date32 | DataType::Timestamp(_, Some(_)) => coercion::cast(expr, &given, &WALL_CLOCK),
        _ => expr,
    }
}

/// The parts of a row as a clock shows them. A minute may have a 60th second, which is the next minute's first.
fn time_of(call: &Call<'_>, row: usize) -> Result<NaiveDateTime, SparkError> {
    let part = |index: usize| call.int(index).value(row);
    let out_of_bounds = |message: String| {
        DATETIME_FIELD_OUT_OF_BOUNDS
            .error([("rangeMessage", message), ("ansiConfig", "\"spark.sql.ansi.enabled\"".to_owned())])
    };
    let within = |name: &str, value: i32, most: i32| match u32::try_from(value) {
        Ok(known) if value <= most => Ok(known),
        _ => Err(out_of_bounds(format!("Invalid value for {name} (valid values 0 - {most}): {value}"))),
    };
    let seconds = call.double(5).value(row);
    #[expect(clippy::cast_possible_truncation, reason = "a minute has few microseconds")]
    let micros = (seconds * 1e6).round() as i64;
    if (60_000_001..61_000_000).contains(&micros) {
        return Err(INVALID_FRACTION_OF_SECOND.error([("secAndMicros", format!("'{seconds}'"))]));
    }
    let date = date_of_parts(part(0), part(1), part(2)).map_err(out_of_bounds)?;
    let (hour, minute) = (within("HourOfDay", part(3), 23)?, within("MinuteOfHour", part(4), 59)?);
    if !(0..=60_000_000).contains(&micros) {
        let seconds = micros.div_euclid(1_000_000);
        return Err(out_of_bounds(format!("Invalid value for SecondOfMinute (valid values 0 - 59): {seconds}")));
    }
    let time = date.and_hms_opt(hour, minute, 0);
    let time = time.and_then(|time| time.checked_add_signed(chrono::TimeDelta::microseconds(micros)));
    time.ok_or_else(|| out_of_bounds("Invalid time".to_owned()))
}

/// A unit: months, days or microseconds.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Months(i64),
    Days(i64),
    Micros(i64),
}

fn unit(name: &str, function: &str) -> Result<Unit, SparkError> {
    Ok(match name.to_uppercase().as_str() {
        "MICROSECOND" => Unit::Micros(1),
        "MILLISECOND" => Unit::Micros(1_000),
        "SECOND" => Unit::Micros(1_000_000),
        "MINUTE" => Unit::Micros(60_000_000),
        "HOUR" => Unit::Micros(3_600_000_000),
        "DAY" | "DAYOFYEAR" => Unit::Days(1),
        "WEEK" => Unit::Days(7),
        "MONTH" => Unit::Months(1),
        "QUARTER" => Unit::Months(3),
        "YEAR" => Unit::Months(12),
        _ => {
            return Err(INVALID_DATETIME_UNIT.error([
                ("functionName", format!("`{function}`")),
                ("parameter", "`unit`".to_owned()),
                ("invalidValue", format!("'{name}'")),
            ]));
        }
    })
}

/// What the clocks of the session show, where the time is an instant.
fn clock(array: &ArrayRef, row: usize, zone: Tz) -> Option<NaiveDateTime> {
    let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
    match array.data_type() {
        DataType::Timestamp(_, Some(_)) => local(micros, zone),
        _ => DateTime::from_timestamp_micros(micros).map(|time| time.naive_utc()),
    }
}

fn moved(call: &Call<'_>) -> Result<ArrayRef> {
    let zone = zone(call.zone)?;
    let times = call.arrays[2].as_primitive::<TimestampMicrosecondType>();
    let is_instant = matches!(call.returns, DataType::Timestamp(_, Some(_)));
    let back = |time: NaiveDateTime| {
        if is_instant { instant_of(time, zone) } else { Some(time.and_utc().timestamp_micros()) }
    };
    let moved = (0..call.rows).map(|row| {
        if call.is_null(row) {
            return Ok(None);
        }
        let count = call.long(1).value(row);
        let at = match unit(call.text(0).value(row), "TIMESTAMPADD")? {
            Unit::Micros(size) => count.checked_mul(size).and_then(|by| times.value(row).checked_add(by)),
            Unit::Days(size) => {
                let by = count.checked_mul(size).and_then(chrono::TimeDelta::try_days);
                let time = clock(&call.arrays[2], row, zone);
                time.zip(by).and_then(|(time, by)| time.checked_add_signed(by)).and_then(back)
            }
            Unit::Months(size) => {
                let time = clock(&call.arrays[2], row, zone);
                let date = time.zip(count.checked_mul(size)).and_then(|(time, by)| plus_months(time.date(), by));
                date.zip(time).map(|(date, time)| date.and_time(time.time())).and_then(back)
            }
        };
        at.map(Some).ok_or_else(|| overflow("datetime overflow", "").into())
    });
    let moved = moved.collect::<Result<TimestampMicrosecondArray>>()?;
    Ok(if is_instant { shared(moved.with_timezone("UTC")) } else { shared(moved) })
}

/// How many whole units lie between two times.
fn between(call: &Call<'_>) -> Result<ArrayRef> {
    let zone = zone(call.zone)?;
    call.longs(|row| {
        let (Some(start), Some(end)) = (clock(&call.arrays[1], row, zone), clock(&call.arrays[2], row, zone)) else {
            return Ok(None);
        };
        let micros = (end - start).num_microseconds();
        Ok(match unit(call.text(0).value(row), "TIMESTAMPDIFF")? {
            Unit::Micros(size) => micros.map(|micros| micros / size),
            Unit::Days(size) => micros.map(|micros| micros / (size * 86_400_000_000)),
            Unit::Months(size) => {
                let month = |time: NaiveDateTime| i64::from(time.year()) * 12 + i64::from(time.month0());
                let within = |time: NaiveDateTime| (time.day(), time.time());
                let months = month(end) - month(start);
                let whole = match months {
                    months if months > 0 && within(end) < within(start) => months - 1,
                    months if months < 0 && within(end) > within(start) => months + 1,
                    months => months,
                };
                Some(whole / size)
            }
        })
    })
}
