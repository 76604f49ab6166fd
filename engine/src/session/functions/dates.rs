//! Functions of dates and timestamps. Parts of an instant are those that the clocks of the session's zone show.

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use datafusion::common::DFSchema;
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, ExprSchemable};

use super::date_pattern;
use super::math::overflow;
use super::scalar::{Call, Definition, Function, Parameter, gives};
use crate::error::SparkError;
use crate::error::condition::{
    CANNOT_PARSE_TIMESTAMP, DATETIME_FIELD_OUT_OF_BOUNDS, ILLEGAL_DAY_OF_WEEK, INVALID_TIMEZONE,
};
use crate::session::coercion::{self, instant_of};

use Parameter::{Boolean, Date, Instant, Int, Long, Number, Text};

macro_rules! of_date {
    ($name:literal, $function:expr) => {
        Definition::new($name, &[Date], gives::int, |call| {
            call.ints(|row| {
                let function: fn(NaiveDate) -> u32 = $function;
                Ok(date_of(call.date(0).value(row)).map(|date| function(date).cast_signed()))
            })
        })
    };
}

macro_rules! of_time {
    ($name:literal, $function:expr) => {
        Definition::new($name, &[Instant], gives::int, |call| {
            let zone = zone(call.zone)?;
            call.ints(|row| {
                let function: fn(NaiveDateTime) -> u32 = $function;
                Ok(local(call.instant(0).value(row), zone).map(|time| function(time).cast_signed()))
            })
        })
    };
}

macro_rules! unix {
    ($name:literal, $unit:literal) => {
        Definition::new($name, &[Instant], gives::long, |call| {
            call.longs(|row| Ok(Some(call.instant(0).value(row).div_euclid($unit))))
        })
    };
}

macro_rules! from_unix {
    ($name:literal, $unit:literal) => {
        Definition::new($name, &[Long], gives::an_instant, |call| {
            call.instants(|row| {
                let micros = call.long(0).value(row).checked_mul($unit);
                micros.map(Some).ok_or_else(|| overflow("long overflow", "").into())
            })
        })
    };
}

macro_rules! parsed {
    ($name:literal, $instead:literal, $tolerant:literal, $gives:expr, $build:ident, $result:expr) => {
        Definition::new($name, &[Text, Text], $gives, |call| {
            let zone = zone(call.zone)?;
            call.$build(|row| {
                let result: fn(i64, Tz) -> Option<_> = $result;
                let parsed = parse(call.text(0).value(row), call.text(1).value(row), zone, $instead);
                match parsed {
                    Ok(micros) => Ok(result(micros, zone)),
                    Err(error)
                        if !$tolerant
                            && (call.ansi || error.condition.as_deref() != Some(CANNOT_PARSE_TIMESTAMP.name)) =>
                    {
                        Err(error.into())
                    }
                    Err(_) => Ok(None),
                }
            })
        })
    };
}

/// What a function that reads a text by a pattern gives of a date or a timestamp: it needs no pattern.
pub(crate) fn of_moment(call: &ScalarFunction, schema: &DFSchema) -> Result<Option<Expr>> {
    let [moment, _] = call.args.as_slice() else { return Ok(None) };
    let name = call.name();
    let of_pattern = matches!(
        name,
        "seconds_of_pattern"
            | "date_of_pattern"
            | "try_date_of_pattern"
            | "instant_of_pattern"
            | "try_instant_of_pattern"
    );
    if !of_pattern {
        return Ok(None);
    }
    let given = moment.get_type(schema)?;
    if !matches!(given, DataType::Date32 | DataType::Timestamp(..)) {
        return Ok(None);
    }
    Ok(match name {
        "seconds_of_pattern" => {
            let seconds = ALL.iter().find(|definition| definition.name == "unix_seconds");
            seconds.map(|seconds| Function::new(*seconds).call(vec![moment.clone()]))
        }
        "date_of_pattern" | "try_date_of_pattern" => Some(coercion::cast(moment.clone(), &given, &DataType::Date32)),
        _ => Some(coercion::cast(moment.clone(), &given, &coercion::instant())),
    })
}

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    Definition::new("date_add", &[Date, Int], gives::date, |call| moved(call, 1)),
    Definition::new("dateadd", &[Date, Int], gives::date, |call| moved(call, 1)),
    Definition::new("date_sub", &[Date, Int], gives::date, |call| moved(call, -1)),
    Definition::new("datediff", &[Date, Date], gives::int, difference),
    Definition::new("date_diff", &[Date, Date], gives::int, difference),
    Definition::new("add_months", &[Date, Int], gives::date, |call| {
        call.dates(|row| {
            let date = date_of(call.date(0).value(row));
            Ok(date.and_then(|date| plus_months(date, i64::from(call.int(1).value(row)))).map(days_of))
        })
    }),
    Definition::new("months_between", &[Instant, Instant, Boolean], gives::double, months_between).requiring(2),
    Definition::new("date_format", &[Instant, Text], gives::text, |call| {
        let zone = zone(call.zone)?;
        call.texts(|row| {
            Ok(Some(date_pattern::format(call.instant(0).value(row), call.text(1).value(row), zone, call.zone)?))
        })
    }),
    Definition::new("from_unixtime", &[Long, Text], gives::text, |call| {
        let zone = zone(call.zone)?;
        call.texts(|row| {
            let pattern = if call.has(1) { call.text(1).value(row) } else { "yyyy-MM-dd HH:mm:ss" };
            let micros = call.long(0).value(row).saturating_mul(1_000_000);
            Ok(Some(date_pattern::format(micros, pattern, zone, call.zone)?))
        })
    })
    .requiring(1),
    parsed!("date_of_pattern", "try_to_date", false, gives::date, dates, |micros, zone| local(micros, zone)
        .map(|time| days_of(time.date()))),
    parsed!("try_date_of_pattern", "try_to_date", true, gives::date, dates, |micros, zone| local(micros, zone)
        .map(|time| days_of(time.date()))),
    parsed!("instant_of_pattern", "try_to_timestamp", false, gives::an_instant, instants, |micros, _| Some(micros)),
    parsed!("try_instant_of_pattern", "try_to_timestamp", true, gives::an_instant, instants, |micros, _| Some(micros)),
    parsed!("seconds_of_pattern", "try_to_timestamp", false, gives::long, longs, |micros, _| Some(
        micros.div_euclid(1_000_000)
    )),
    unix!("unix_seconds", 1_000_000),
    unix!("unix_millis", 1_000),
    unix!("unix_micros", 1),
    Definition::new("unix_date", &[Date], gives::int, |call| call.ints(|row| Ok(Some(call.date(0).value(row))))),
    Definition::new("date_from_unix_date", &[Int], gives::date, |call| {
        call.dates(|row| Ok(Some(call.int(0).value(row))))
    }),
    from_unix!("timestamp_millis", 1_000),
    from_unix!("timestamp_micros", 1),
    Definition::new("timestamp_seconds", &[Number], gives::an_instant, timestamp_seconds),
    Definition::new("date_trunc", &[Text, Instant], gives::an_instant, |call| {
        let zone = zone(call.zone)?;
        call.instants(|row| Ok(truncated_instant(call.instant(1).value(row), call.text(0).value(row), zone)))
    }),
    Definition::new("trunc", &[Date, Text], gives::date, |call| {
        call.dates(|row| {
            let date = date_of(call.date(0).value(row));
            Ok(date.and_then(|date| truncated_date(date, &call.text(1).value(row).to_uppercase())).map(days_of))
        })
    }),
    Definition::new("last_day", &[Date], gives::date, |call| {
        call.dates(|row| {
            let first = date_of(call.date(0).value(row)).and_then(|date| date.with_day(1));
            let last =
                first.and_then(|first| first.checked_add_months(Months::new(1))).and_then(|next| next.pred_opt());
            Ok(last.map(days_of))
        })
    }),
    Definition::new("next_day", &[Date, Text], gives::date, next_day),
    of_date!("year", |date| date.year().cast_unsigned()),
    of_date!("month", |date| date.month()),
    of_date!("day", |date| date.day()),
    of_date!("dayofmonth", |date| date.day()),
    of_date!("quarter", |date| date.month0() / 3 + 1),
    of_date!("dayofweek", |date| date.weekday().num_days_from_sunday() + 1),
    of_date!("dayofweek_iso", |date| date.weekday().number_from_monday()),
    of_date!("weekday", |date| date.weekday().num_days_from_monday()),
    of_date!("dayofyear", |date| date.ordinal()),
    of_date!("weekofyear", |date| date.iso_week().week()),
    of_date!("yearofweek", |date| date.iso_week().year().cast_unsigned()),
    of_time!("hour", |time| time.hour()),
    of_time!("minute", |time| time.minute()),
    of_time!("second", |time| time.second()),
    Definition::new(
        "seconds_with_fraction",
        &[Instant],
        |_| DataType::Decimal128(8, 6),
        |call| {
            let micros = call.longs(|row| Ok(Some(call.instant(0).value(row).rem_euclid(60_000_000))))?;
            let micros = cast(&micros, &DataType::Decimal128(19, 0))?;
            let micros = micros.as_primitive::<Decimal128Type>().clone().with_precision_and_scale(8, 6)?;
            Ok(super::math::shared(micros))
        },
    ),
    Definition::new("dayname", &[Date], gives::text, |call| {
        call.texts(|row| Ok(date_of(call.date(0).value(row)).map(|date| date.weekday().to_string())))
    }),
    Definition::new("monthname", &[Date], gives::text, |call| {
        call.texts(|row| {
            Ok(date_of(call.date(0).value(row))
                .and_then(|date| Some(date_pattern::MONTHS.get(usize::try_from(date.month0()).ok()?)?[..3].to_owned())))
        })
    }),
    Definition::new("make_date", &[Int, Int, Int], gives::date, make_date),
    Definition::new("from_utc_timestamp", &[Instant, Text], gives::an_instant, |call| {
        call.instants(|row| {
            let zone = zone(call.text(1).value(row))?;
            Ok(local(call.instant(0).value(row), zone).map(|time| time.and_utc().timestamp_micros()))
        })
    }),
    Definition::new("to_utc_timestamp", &[Instant, Text], gives::an_instant, |call| {
        call.instants(|row| {
            let zone = zone(call.text(1).value(row))?;
            let time = DateTime::from_timestamp_micros(call.instant(0).value(row)).map(|time| time.naive_utc());
            Ok(time.and_then(|time| instant_of(time, zone)))
        })
    }),
    Definition::new("current_timezone", &[], gives::text, |call| call.texts(|_| Ok(Some(call.zone.to_owned())))),
];

/// The zone of that name.
pub(super) fn zone(name: &str) -> Result<Tz> {
    match name {
        "Z" | "GMT" | "UTC" => Ok("UTC".parse()?),
        name => match name.parse() {
            Ok(zone) => Ok(zone),
            Err(_) => Err(INVALID_TIMEZONE.error([("timeZone", name.to_owned())]).into()),
        },
    }
}

/// What the zone's clocks show.
pub(super) fn local(micros: i64, zone: Tz) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros).map(|time| time.with_timezone(&zone).naive_local())
}

fn epoch() -> NaiveDate {
    DateTime::UNIX_EPOCH.date_naive()
}

fn date_of(days: i32) -> Option<NaiveDate> {
    epoch().checked_add_signed(TimeDelta::days(i64::from(days)))
}

fn days_of(date: NaiveDate) -> i32 {
    i32::try_from(date.signed_duration_since(epoch()).num_days()).unwrap_or(0)
}

fn moved(call: &Call<'_>, sign: i32) -> Result<ArrayRef> {
    call.dates(|row| Ok(Some(call.date(0).value(row).wrapping_add(sign.wrapping_mul(call.int(1).value(row))))))
}

fn difference(call: &Call<'_>) -> Result<ArrayRef> {
    call.ints(|row| Ok(Some(call.date(0).value(row).wrapping_sub(call.date(1).value(row)))))
}

/// The day so many months and days later.
pub(super) fn plus(day: i32, months: i32, days: i32) -> Option<i32> {
    plus_months(date_of(day)?, i64::from(months)).map(|date| days_of(date).saturating_add(days))
}

pub(super) fn plus_months(date: NaiveDate, months: i64) -> Option<NaiveDate> {
    let by = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    if months < 0 { date.checked_sub_months(by) } else { date.checked_add_months(by) }
}

fn is_last_day(date: NaiveDate) -> bool {
    date.checked_add_days(Days::new(1)).is_some_and(|next| next.day() == 1)
}

/// Whole months where both are the same day of a month or the last ones; else days are parts of 31.
fn months_between(call: &Call<'_>) -> Result<ArrayRef> {
    let zone = zone(call.zone)?;
    call.doubles(|row| {
        let time = |index: usize| local(call.instant(index).value(row), zone);
        let (Some(one), Some(other)) = (time(0), time(1)) else { return Ok(None) };
        let months = |time: NaiveDateTime| f64::from(time.year()) * 12.0 + f64::from(time.month());
        let whole = months(one) - months(other);
        if one.day() == other.day() || (is_last_day(one.date()) && is_last_day(other.date())) {
            return Ok(Some(whole));
        }
        let seconds =
            |time: NaiveDateTime| f64::from(time.day()) * 86_400.0 + f64::from(time.num_seconds_from_midnight());
        let between = whole + (seconds(one) - seconds(other)) / (31.0 * 86_400.0);
        let rounds = !call.has(2) || call.boolean(2).value(row);
        Ok(Some(if rounds { (between * 1e8).round() / 1e8 } else { between }))
    })
}

fn parse(text: &str, pattern: &str, zone: Tz, instead: &str) -> std::result::Result<i64, SparkError> {
    date_pattern::parse(text, pattern, zone)?
        .map_err(|message| CANNOT_PARSE_TIMESTAMP.error([("message", message), ("func", format!("`{instead}`"))]))
}

fn timestamp_seconds(call: &Call<'_>) -> Result<ArrayRef> {
    if call.arrays[0].data_type().is_integer() {
        let seconds = cast(&call.arrays[0], &DataType::Int64)?;
        let seconds = seconds.as_primitive::<arrow::datatypes::Int64Type>();
        return call.instants(|row| {
            let micros = seconds.value(row).checked_mul(1_000_000);
            micros.map(Some).ok_or_else(|| overflow("long overflow", "").into())
        });
    }
    let seconds = cast(&call.arrays[0], &DataType::Float64)?;
    let seconds = seconds.as_primitive::<arrow::datatypes::Float64Type>();
    call.instants(|row| {
        let seconds = seconds.value(row);
        #[expect(clippy::cast_possible_truncation, reason = "Java casts so too")]
        let micros = (seconds * 1e6) as i64;
        Ok(seconds.is_finite().then_some(micros))
    })
}

/// The first day of the unit; none for a unit that is no date's.
fn truncated_date(date: NaiveDate, unit: &str) -> Option<NaiveDate> {
    match unit {
        "YEAR" | "YYYY" | "YY" => date.with_ordinal(1),
        "QUARTER" => date.with_day(1)?.with_month0(date.month0() / 3 * 3),
        "MONTH" | "MM" | "MON" => date.with_day(1),
        "WEEK" => date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday()))),
        _ => None,
    }
}

fn truncated_instant(micros: i64, unit: &str, zone: Tz) -> Option<i64> {
    let unit = unit.to_uppercase();
    let floor = |step: i64| Some(micros - micros.rem_euclid(step));
    let time = local(micros, zone)?;
    match unit.as_str() {
        "MICROSECOND" => Some(micros),
        "MILLISECOND" => floor(1_000),
        "SECOND" => floor(1_000_000),
        "MINUTE" => floor(60_000_000),
        "HOUR" => {
            let within = i64::from(time.minute()) * 60_000_000 + i64::from(time.second()) * 1_000_000;
            Some(micros - within - i64::from(time.nanosecond() / 1_000))
        }
        "DAY" | "DD" => instant_of(time.date().and_hms_opt(0, 0, 0)?, zone),
        unit => instant_of(truncated_date(time.date(), unit)?.and_hms_opt(0, 0, 0)?, zone),
    }
}

fn next_day(call: &Call<'_>) -> Result<ArrayRef> {
    call.dates(|row| {
        let name = call.text(1).value(row);
        let days = [
            ["SU", "SUN", "SUNDAY"],
            ["MO", "MON", "MONDAY"],
            ["TU", "TUE", "TUESDAY"],
            ["WE", "WED", "WEDNESDAY"],
            ["TH", "THU", "THURSDAY"],
            ["FR", "FRI", "FRIDAY"],
            ["SA", "SAT", "SATURDAY"],
        ];
        let upper = name.to_uppercase();
        let Some(wanted) = days.iter().position(|names| names.contains(&upper.as_str())) else {
            if call.ansi {
                return Err(ILLEGAL_DAY_OF_WEEK.error([("string", name.to_owned())]).into());
            }
            return Ok(None);
        };
        Ok(date_of(call.date(0).value(row)).and_then(|date| {
            let today = u64::from(date.weekday().num_days_from_sunday());
            let ahead = (u64::try_from(wanted).ok()? + 7 - today) % 7;
            date.checked_add_days(Days::new(if ahead == 0 { 7 } else { ahead })).map(days_of)
        }))
    })
}

fn make_date(call: &Call<'_>) -> Result<ArrayRef> {
    call.dates(|row| {
        let (year, month, day) = (call.int(0).value(row), call.int(1).value(row), call.int(2).value(row));
        match date_of_parts(year, month, day) {
            Ok(date) => Ok(Some(days_of(date))),
            Err(range) if call.ansi => Err(DATETIME_FIELD_OUT_OF_BOUNDS
                .error([("rangeMessage", range), ("ansiConfig", "\"spark.sql.ansi.enabled\"".to_owned())])
                .into()),
            Err(_) => Ok(None),
        }
    })
}

/// The date of these parts.
///
/// # Errors
/// What is wrong with them, in the words of Java's clock.
pub(super) fn date_of_parts(year: i32, month: i32, day: i32) -> std::result::Result<NaiveDate, String> {
    const MOST_YEARS: i32 = 999_999_999;
    let out_of = |part, values, value| Err(format!("Invalid value for {part} (valid values {values}): {value}"));
    if !(-MOST_YEARS..=MOST_YEARS).contains(&year) {
        return out_of("Year", "-999999999 - 999999999", year);
    }
    let within = |value: i32, most: u32| u32::try_from(value).ok().filter(|value| (1..=most).contains(value));
    let Some(month) = within(month, 12) else { return out_of("MonthOfYear", "1 - 12", month) };
    let Some(day) = within(day, 31) else { return out_of("DayOfMonth", "1 - 28/31", day) };
    NaiveDate::from_ymd_opt(year, month, day).ok_or_else(|| match (month, day) {
        (2, 29) => format!("Invalid date 'February 29' as '{year}' is not a leap year"),
        _ => format!("Invalid date '{} {day}'", date_pattern::MONTHS[month as usize - 1].to_uppercase()),
    })
}
