//! `round`, `bround`, `floor` and `ceil`: decimals keep as many digits as they need, integers their type.

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;

use super::math::{overflow, shared};
use super::scalar::{Call, Definition, Parameter};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    HalfUp,
    HalfEven,
    Floor,
    Ceiling,
}

macro_rules! rounding {
    ($name:literal, $mode:ident) => {
        Definition::new(
            $name,
            &[Parameter::Number, Parameter::Int],
            |types| result(Mode::$mode, types, &[]),
            |call| evaluate(call, Mode::$mode),
        )
        .requiring(1)
        .returning(|types, literals| result(Mode::$mode, types, literals))
    };
}

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    rounding!("round", HalfUp),
    rounding!("bround", HalfEven),
    rounding!("floor", Floor),
    rounding!("ceil", Ceiling),
    rounding!("ceiling", Ceiling),
];

fn whole(mode: Mode) -> bool {
    matches!(mode, Mode::Floor | Mode::Ceiling)
}

fn result(mode: Mode, types: &[DataType], literals: &[Option<ScalarValue>]) -> DataType {
    let places = match literals.get(1) {
        Some(Some(value)) => match value.cast_to(&DataType::Int32) {
            Ok(ScalarValue::Int32(Some(places))) => places,
            _ => 0,
        },
        _ => 0,
    };
    match types.first() {
        Some(DataType::Decimal128(precision, scale)) => {
            let (precision, scale) = (i32::from(*precision), i32::from(*scale));
            let kept = places.clamp(0, scale);
            let digits = if !whole(mode) && places >= scale {
                precision
            } else {
                (precision - scale + 1).max(1 - places) + kept
            };
            DataType::Decimal128(u8::try_from(digits.min(38)).unwrap_or(38), i8::try_from(kept).unwrap_or(0))
        }
        Some(_) if whole(mode) && types.len() == 1 => DataType::Int64,
        Some(data_type) if whole(mode) && data_type.is_integer() => DataType::Decimal128(21, 0),
        Some(data_type) => data_type.clone(),
        None => DataType::Null,
    }
}

/// The number of units, rounded.
fn divided(value: i128, unit: i128, mode: Mode) -> i128 {
    let (floor, rest) = (value.div_euclid(unit), value.rem_euclid(unit));
    let up = match mode {
        Mode::Floor => false,
        Mode::Ceiling => rest != 0,
        // Half away from zero.
        Mode::HalfUp => rest * 2 > unit || (rest * 2 == unit && value > 0),
        Mode::HalfEven => rest * 2 > unit || (rest * 2 == unit && floor % 2 != 0),
    };
    floor + i128::from(up)
}

fn power(exponent: i32) -> Option<i128> {
    10_i128.checked_pow(u32::try_from(exponent).ok()?)
}

fn evaluate(call: &Call<'_>, mode: Mode) -> Result<ArrayRef> {
    let places = |row: usize| if call.has(1) { call.int(1).value(row) } else { 0 };
    let array = &call.arrays[0];
    match array.data_type() {
        DataType::Decimal128(_, scale) => {
            let decimals = array.as_primitive::<Decimal128Type>();
            let DataType::Decimal128(precision, kept) = call.returns else { return Ok(array.clone()) };
            let rounded = (0..call.rows).map(|row| {
                if call.is_null(row) {
                    return None;
                }
                let (value, places) = (decimals.value(row), places(row).min(i32::from(*scale)));
                let value = divided(value, power(i32::from(*scale) - places)?, mode);
                value.checked_mul(power(i32::from(*kept) - places)?)
            });
            let rounded: Decimal128Array = rounded.collect();
            Ok(shared(rounded.with_precision_and_scale(*precision, *kept)?))
        }
        DataType::Float32 | DataType::Float64 => {
            let narrow = array.data_type() == &DataType::Float32;
            let doubles = cast(array, &DataType::Float64)?;
            let doubles = doubles.as_primitive::<Float64Type>();
            let rounded = call.doubles(|row| {
                let value = doubles.value(row);
                Ok(Some(if whole(mode) && !call.has(1) {
                    if mode == Mode::Floor { value.floor() } else { value.ceil() }
                } else {
                    of_double(value, places(row), mode, narrow)
                }))
            })?;
            if call.returns != &DataType::Int64 {
                return Ok(cast(&rounded, call.returns)?);
            }
            let rounded = rounded.as_primitive::<Float64Type>();
            // As Java casts: what is too great becomes the greatest.
            #[expect(clippy::cast_possible_truncation, reason = "Java casts so too")]
            let longs = call.longs(|row| Ok(Some(rounded.value(row) as i64)));
            longs
        }
        data_type => {
            let longs = cast(array, &DataType::Int64)?;
            let longs = longs.as_primitive::<Int64Type>();
            let rounded = call.longs(|row| {
                let (value, places) = (longs.value(row), places(row));
                let Some(unit) = power(-places.min(0)) else { return Ok(Some(0)) };
                let rounded = divided(i128::from(value), unit, mode) * unit;
                let fits = match data_type {
                    DataType::Int8 => i8::try_from(rounded).is_ok(),
                    DataType::Int16 => i16::try_from(rounded).is_ok(),
                    DataType::Int32 => i32::try_from(rounded).is_ok(),
                    _ => true,
                };
                match i64::try_from(rounded) {
                    Ok(rounded) if fits => Ok(Some(rounded)),
                    _ => Err(overflow("Overflow", "").into()),
                }
            })?;
            Ok(cast(&rounded, call.returns)?)
        }
    }
}

/// The double rounded by the decimal digits that it is shown with.
fn of_double(value: f64, places: i32, mode: Mode, narrow: bool) -> f64 {
    if !value.is_finite() {
        return value;
    }
    #[expect(clippy::cast_possible_truncation, reason = "it was a float")]
    let text = if narrow { format!("{}", value as f32) } else { format!("{value}") };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let scale = i32::try_from(fraction.len()).unwrap_or(0);
    if places >= scale {
        return value;
    }
    let rounded = format!("{whole}{fraction}").parse::<i128>().ok().and_then(|digits| {
        let rounded = divided(digits, power(scale - places)?, mode);
        format!("{rounded}e{}", -places).parse().ok()
    });
    rounded.unwrap_or(value)
}
