//! Functions of doubles, and of the bits and digits of integers.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use datafusion::error::Result;

use super::digest;
use super::scalar::{Call, Definition, Parameter, gives};
use crate::error::condition::ARITHMETIC_OVERFLOW;
use crate::python::interpreter::PythonRuntime;

use Parameter::{Anything, Bytes, Double, Int, Long, Text, TextOrBytes};

macro_rules! of_double {
    ($name:literal, $function:expr) => {
        Definition::new($name, &[Double], gives::double, |call| {
            call.doubles(|row| {
                let function: fn(f64) -> Option<f64> = $function;
                Ok(function(call.double(0).value(row)))
            })
        })
    };
}

macro_rules! of_doubles {
    ($name:literal, $function:expr) => {
        Definition::new($name, &[Double, Double], gives::double, |call| {
            call.doubles(|row| {
                let function: fn(f64, f64) -> Option<f64> = $function;
                Ok(function(call.double(0).value(row), call.double(1).value(row)))
            })
        })
    };
}

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    of_double!("sqrt", |x| Some(x.sqrt())),
    of_double!("cbrt", |x| Some(x.cbrt())),
    of_double!("exp", |x| Some(x.exp())),
    of_double!("expm1", |x| Some(x.exp_m1())),
    // What has no logarithm is null.
    of_double!("ln", |x| logarithm(x, f64::ln)),
    of_double!("log2", |x| logarithm(x, f64::log2)),
    of_double!("log10", |x| logarithm(x, f64::log10)),
    of_double!("log1p", |x| if x <= -1.0 { None } else { Some(x.ln_1p()) }),
    of_double!("sin", |x| Some(x.sin())),
    of_double!("cos", |x| Some(x.cos())),
    of_double!("tan", |x| Some(x.tan())),
    of_double!("cot", |x| Some(x.tan().recip())),
    of_double!("sec", |x| Some(x.cos().recip())),
    of_double!("csc", |x| Some(x.sin().recip())),
    of_double!("asin", |x| Some(x.asin())),
    of_double!("acos", |x| Some(x.acos())),
    of_double!("atan", |x| Some(x.atan())),
    of_double!("sinh", |x| Some(x.sinh())),
    of_double!("cosh", |x| Some(x.cosh())),
    of_double!("tanh", |x| Some(x.tanh())),
    of_double!("asinh", |x| Some(x.asinh())),
    of_double!("acosh", |x| Some(x.acosh())),
    of_double!("atanh", |x| Some(x.atanh())),
    of_double!("degrees", |x| Some(x.to_degrees())),
    of_double!("radians", |x| Some(x.to_radians())),
    of_double!("rint", |x| Some(x.round_ties_even())),
    of_double!("signum", signum),
    of_double!("sign", signum),
    of_doubles!("pow", |x, y| Some(power(x, y))),
    of_doubles!("power", |x, y| Some(power(x, y))),
    of_doubles!("atan2", |y, x| Some((y + 0.0).atan2(x + 0.0))),
    of_doubles!("hypot", |x, y| Some(x.hypot(y))),
    of_doubles!("nanvl", |x, y| Some(if x.is_nan() { y } else { x })),
    Definition::new("log", &[Double, Double], gives::double, log).requiring(1),
    Definition::new("pi", &[], gives::double, |call| call.doubles(|_| Ok(Some(std::f64::consts::PI)))),
    Definition::new("e", &[], gives::double, |call| call.doubles(|_| Ok(Some(std::f64::consts::E)))),
    Definition::new("factorial", &[Int], gives::long, factorial),
    Definition::new("hex", &[Anything], gives::text, hex),
    Definition::new("unhex", &[Text], gives::bytes, |call| call.binaries(|row| Ok(unhex(call.text(0).value(row))))),
    Definition::new("bin", &[Long], gives::text, |call| {
        call.texts(|row| Ok(Some(format!("{:b}", call.long(0).value(row)))))
    }),
    Definition::new("conv", &[Text, Int, Int], gives::text, conv),
    Definition::new("bit_count", &[Anything], gives::int, bit_count),
    Definition::new("bit_not", &[Parameter::Integer], gives::same, bit_not),
    Definition::new("shiftleft", &[Parameter::Integer, Int], shifted, |call| {
        shift(call, |value, by| value.wrapping_shl(by), |value, by| value.wrapping_shl(by))
    }),
    Definition::new("shiftright", &[Parameter::Integer, Int], shifted, |call| {
        shift(call, |value, by| value.wrapping_shr(by), |value, by| value.wrapping_shr(by))
    }),
    Definition::new("shiftrightunsigned", &[Parameter::Integer, Int], shifted, |call| {
        shift(
            call,
            |value, by| value.cast_unsigned().wrapping_shr(by).cast_signed(),
            |value, by| value.cast_unsigned().wrapping_shr(by).cast_signed(),
        )
    }),
    Definition::new("md5", &[TextOrBytes], gives::text, |call| {
        call.texts(|row| Ok(Some(digest::hex(&digest::md5(call.raw(0, row))))))
    }),
    Definition::borrowed("crc32", &[Bytes], gives::long, datafusion_spark::function::hash::crc32),
    Definition::borrowed("sha1", &[Bytes], gives::text, datafusion_spark::function::hash::sha1),
    Definition::borrowed("sha", &[Bytes], gives::text, datafusion_spark::function::hash::sha1),
    Definition::borrowed("sha2", &[Bytes, Int], gives::text, datafusion_spark::function::hash::sha2),
    Definition::borrowed("xxhash64", &[Anything], gives::long, datafusion_spark::function::hash::xxhash64).repeating(),
    Definition::borrowed(
        "width_bucket",
        &[Double, Double, Double, Long],
        gives::long,
        datafusion_spark::function::math::width_bucket,
    ),
];

fn logarithm(x: f64, function: fn(f64) -> f64) -> Option<f64> {
    if x <= 0.0 { None } else { Some(function(x)) }
}

fn signum(x: f64) -> Option<f64> {
    // Of zero it is zero, in Java.
    Some(if x == 0.0 || x.is_nan() { x } else { x.signum() })
}

/// As Java has it: unlike in C, 1 to the power of NaN or of an infinity is NaN.
fn power(x: f64, y: f64) -> f64 {
    if y.is_nan() || (x.abs() == 1.0 && y.is_infinite()) { f64::NAN } else { x.powf(y) }
}

/// `log(x)` or `log(base, x)`.
fn log(call: &Call<'_>) -> Result<ArrayRef> {
    call.doubles(|row| {
        let first = call.double(0).value(row);
        if !call.has(1) {
            return Ok(logarithm(first, f64::ln));
        }
        let x = call.double(1).value(row);
        Ok(if first <= 0.0 || x <= 0.0 { None } else { Some(x.ln() / first.ln()) })
    })
}

fn factorial(call: &Call<'_>) -> Result<ArrayRef> {
    call.longs(|row| {
        let n = i64::from(call.int(0).value(row));
        Ok((0..=20).contains(&n).then(|| (1..=n).product()))
    })
}

fn hex(call: &Call<'_>) -> Result<ArrayRef> {
    let upper = |bytes: &[u8]| digest::hex(bytes).to_uppercase();
    match call.arrays[0].data_type() {
        DataType::Utf8 | DataType::Binary => call.texts(|row| Ok(Some(upper(call.raw(0, row))))),
        _ => {
            let numbers = cast(&call.arrays[0], &DataType::Int64)?;
            let numbers = numbers.as_primitive::<Int64Type>();
            call.texts(|row| Ok(Some(format!("{:X}", numbers.value(row)))))
        }
    }
}

/// The bytes of hexadecimal digits, of which an odd number begins with a zero; none for anything else.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (odd, pairs) = digits.split_at(digits.len() % 2);
    Some(odd.iter().copied().chain(pairs.chunks(2).map(|pair| pair[0] << 4 | pair[1])).collect())
}

fn bit_count(call: &Call<'_>) -> Result<ArrayRef> {
    let numbers = cast(&call.arrays[0], &DataType::Int64)?;
    let numbers = numbers.as_primitive::<Int64Type>();
    call.ints(|row| Ok(i32::try_from(numbers.value(row).count_ones()).ok()))
}

fn bit_not(call: &Call<'_>) -> Result<ArrayRef> {
    let numbers = cast(&call.arrays[0], &DataType::Int64)?;
    let numbers = numbers.as_primitive::<Int64Type>();
    let inverted = call.longs(|row| Ok(Some(!numbers.value(row))))?;
    Ok(cast(&inverted, call.returns)?)
}

/// A long stays one; what is shorter becomes an int.
fn shifted(types: &[DataType]) -> DataType {
    if types.first() == Some(&DataType::Int64) { DataType::Int64 } else { DataType::Int32 }
}

/// Shifts by as many bits as the type has at most, as Java does.
fn shift(call: &Call<'_>, of_ints: fn(i32, u32) -> i32, of_longs: fn(i64, u32) -> i64) -> Result<ArrayRef> {
    let by = |row: usize| call.int(1).value(row).cast_unsigned();
    let values = cast(&call.arrays[0], call.returns)?;
    if call.returns == &DataType::Int64 {
        let values = values.as_primitive::<Int64Type>();
        return call.longs(|row| Ok(Some(of_longs(values.value(row), by(row)))));
    }
    let values = values.as_primitive::<Int32Type>();
    call.ints(|row| Ok(Some(of_ints(values.value(row), by(row)))))
}

/// `conv(number, from, to)`: digits beyond the base end the number; what does not fit 64 bits is an error. A negative base to
/// convert to means signed numbers.
fn conv(call: &Call<'_>) -> Result<ArrayRef> {
    let (texts, from, to) = (call.text(0), call.int(1), call.int(2));
    call.texts(|row| {
        let (from, to) = (from.value(row), to.value(row));
        if !(2..=36).contains(&from) || !(2..=36).contains(&to.unsigned_abs()) {
            return Ok(None);
        }
        let (from, base) = (from.unsigned_abs(), to.unsigned_abs());
        let text = texts.value(row).trim();
        if text.is_empty() {
            return Ok(None);
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let mut value = 0_u64;
        for digit in digits.chars().map_while(|digit| digit.to_digit(from)) {
            let next = value.checked_mul(u64::from(from)).and_then(|value| value.checked_add(u64::from(digit)));
            value = match next {
                Some(value) => value,
                None if call.ansi => return Err(overflow("Overflow in function conv()", "").into()),
                None => u64::MAX,
            };
        }
        if negative {
            value = value.wrapping_neg();
        }
        let signed = to < 0 && value.cast_signed() < 0;
        let mut rest = if signed { value.wrapping_neg() } else { value };
        let mut reversed = String::new();
        loop {
            let digit = u32::try_from(rest % u64::from(base)).unwrap_or(0);
            reversed.extend(char::from_digit(digit, base).map(|digit| digit.to_ascii_uppercase()));
            rest /= u64::from(base);
            if rest == 0 {
                break;
            }
        }
        Ok(Some(format!("{}{}", if signed { "-" } else { "" }, reversed.chars().rev().collect::<String>())))
    })
}

/// `ARITHMETIC_OVERFLOW`; `instead` names the function that gives null instead.
pub(crate) fn overflow(what: &str, instead: &str) -> crate::error::SparkError {
    let alternative = match instead {
        "" => String::new(),
        function => format!(" Use '{function}' to tolerate overflow and return NULL instead."),
    };
    ARITHMETIC_OVERFLOW.error([
        ("message", what.to_owned()),
        ("alternative", alternative),
        ("config", "\"spark.sql.ansi.enabled\"".to_owned()),
    ])
}

/// The same for a result of arithmetic, whose type Spark does not tell since 4.2.
pub(crate) fn overflow_of(data_type: &DataType, instead: &str) -> crate::error::SparkError {
    let tells_type = PythonRuntime::get().is_ok_and(|runtime| runtime.spark_minor() < (4, 2));
    let what = match data_type {
        DataType::Int8 if tells_type => "byte overflow",
        DataType::Int16 if tells_type => "short overflow",
        DataType::Int32 if tells_type => "integer overflow",
        _ if tells_type => "long overflow",
        _ => "overflow",
    };
    overflow(what, instead)
}

/// The array in an `Arc`.
pub(super) fn shared<A: Array + 'static>(array: A) -> ArrayRef {
    Arc::new(array)
}
