//! `to_number` and `to_char`: numbers by a format such as `S999,999.99`.

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::common::ScalarValue;
use datafusion::error::Result;

use super::date_pattern;
use super::dates::zone;
use super::math::shared;
use super::scalar::{Call, Definition, Parameter, gives};
use crate::error::SparkError;
use crate::error::condition::{CONVERSION_INVALID_INPUT, INVALID_FORMAT_MISMATCH};
use crate::types::values::decimal_text;

use Parameter::{Anything, Text};

macro_rules! read {
    ($name:literal, $tolerant:literal) => {
        Definition::new($name, &[Text, Text], |_| DataType::Decimal128(38, 0), |call| read(call, $tolerant))
            .returning(|_, literals| number_type(literals))
    };
}

macro_rules! bytes {
    ($name:literal, $tolerant:literal) => {
        Definition::new($name, &[Text, Text], gives::bytes, |call| {
            call.binaries(|row| {
                let format = if call.has(1) { call.text(1).value(row).to_lowercase() } else { "hex".to_owned() };
                let text = call.text(0).value(row);
                let bytes = match format.as_str() {
                    "hex" => unhex(text),
                    "utf-8" | "utf8" => Some(text.as_bytes().to_vec()),
                    "base64" => STANDARD.decode(text).ok(),
                    _ => None,
                };
                match bytes {
                    None if !$tolerant => Err(CONVERSION_INVALID_INPUT
                        .error([
                            ("str", format!("'{text}'")),
                            ("fmt", format!("'{}'", format.to_uppercase())),
                            ("targetType", "\"BINARY\"".to_owned()),
                            ("suggestion", "`try_to_binary`".to_owned()),
                        ])
                        .into()),
                    bytes => Ok(bytes),
                }
            })
        })
        .requiring(1)
    };
}

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    read!("to_number", false),
    read!("try_to_number", true),
    bytes!("to_binary", false),
    bytes!("try_to_binary", true),
    Definition::new("to_char", &[Anything, Text], gives::text, written),
    Definition::new("to_varchar", &[Anything, Text], gives::text, written),
];

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    let padded = if digits.len().is_multiple_of(2) { digits } else { [vec![0], digits].concat() };
    Some(padded.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// A format's parts. Upper and lower case are the same.
#[derive(Debug, Default, Clone)]
struct Format {
    /// What stands for the whole part: `0`, `9` and `,`.
    whole: Vec<char>,
    /// The same for the fraction.
    fraction: Vec<char>,
    point: bool,
    currency: bool,
    sign_first: Option<char>,
    sign_last: Option<char>,
    brackets: bool,
}

impl Format {
    /// None for what is no format.
    fn parse(text: &str) -> Option<Self> {
        let mut format = Self::default();
        let upper = text.to_uppercase();
        let mut rest = upper.as_str();
        if let Some(after) = rest.strip_suffix("PR") {
            (format.brackets, rest) = (true, after);
        }
        for sign in ["MI", "S"] {
            let mark = sign.chars().next();
            if format.sign_first.is_none()
                && let Some(after) = rest.strip_prefix(sign)
            {
                (format.sign_first, rest) = (mark, after);
            } else if format.sign_last.is_none()
                && let Some(after) = rest.strip_suffix(sign)
            {
                (format.sign_last, rest) = (mark, after);
            }
        }
        if let Some(after) = rest.strip_prefix('$') {
            (format.currency, rest) = (true, after);
        }
        for c in rest.chars() {
            match c {
                '.' | 'D' if !format.point => format.point = true,
                ',' | 'G' if !format.point => format.whole.push(','),
                '0' | '9' if format.point => format.fraction.push(c),
                '0' | '9' => format.whole.push(c),
                _ => return None,
            }
        }
        let digits = format.whole.iter().filter(|c| **c != ',').count() + format.fraction.len();
        (digits > 0).then_some(format)
    }

    fn whole_digits(&self) -> usize {
        self.whole.iter().filter(|c| **c != ',').count()
    }

    fn precision(&self) -> (u8, i8) {
        let digits = u8::try_from(self.whole_digits() + self.fraction.len()).unwrap_or(38).min(38);
        (digits, i8::try_from(self.fraction.len()).unwrap_or(0))
    }

    /// The number that a text of this format is, without its point.
    fn read(&self, text: &str) -> Option<i128> {
        let mut rest = text.trim();
        let mut negative = false;
        if self.brackets
            && let Some(inner) = rest.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'))
        {
            (negative, rest) = (true, inner);
        }
        if self.sign_first.is_some() {
            if let Some(after) = rest.strip_prefix('-') {
                (negative, rest) = (true, after);
            } else if let Some(after) = rest.strip_prefix('+') {
                rest = after;
            }
        }
        if self.sign_last.is_some() {
            if let Some(before) = rest.strip_suffix('-') {
                (negative, rest) = (true, before);
            } else if let Some(before) = rest.strip_suffix('+') {
                rest = before;
            }
        }
        if self.currency {
            rest = rest.strip_prefix('$')?;
        }
        let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
        if !self.point && rest.contains('.') {
            return None;
        }
        // The last digits belong to the last places; separators stand where the format has them.
        let given: Vec<char> = whole.chars().collect();
        if given.len() > self.whole.len() || fraction.len() > self.fraction.len() {
            return None;
        }
        let missing = self.whole.len() - given.len();
        if self.whole[..missing].contains(&'0') {
            return None;
        }
        let mut digits = String::new();
        for (place, c) in self.whole[missing..].iter().zip(&given) {
            match (place, c) {
                (',', ',') => {}
                ('0' | '9', c) if c.is_ascii_digit() => digits.push(*c),
                _ => return None,
            }
        }
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || (digits.is_empty() && fraction.is_empty()) {
            return None;
        }
        digits.push_str(fraction);
        digits.extend(std::iter::repeat_n('0', self.fraction.len() - fraction.len()));
        let number: i128 = digits.parse().ok()?;
        Some(if negative { -number } else { number })
    }

    /// The text of a number in this format; marks in the place of digits where it is too long.
    fn write(&self, negative: bool, whole: &str, fraction: &str) -> String {
        let whole = if whole == "0" && self.whole_digits() == 0 { "" } else { whole };
        let too_long = whole.len() > self.whole_digits();
        let mut text = String::new();
        let mut digits = whole.chars().rev().peekable();
        let mut reversed: Vec<char> = Vec::new();
        for place in self.whole.iter().rev() {
            let here = match place {
                _ if too_long => {
                    if *place == ',' {
                        ','
                    } else {
                        '#'
                    }
                }
                ',' if digits.peek().is_none() && !self.whole.contains(&'0') => ' ',
                ',' => ',',
                '0' => digits.next().unwrap_or('0'),
                _ => digits.next().unwrap_or(' '),
            };
            reversed.push(here);
        }
        let body: String = reversed.iter().rev().collect();
        let blanks = body.chars().take_while(|c| *c == ' ').count();
        let shown = &body[blanks..];
        text.push_str(shown);
        if self.point {
            text.push('.');
            let places = self.fraction.len();
            let own: String = fraction.chars().chain(std::iter::repeat('0')).take(places).collect();
            text.push_str(&if too_long { "#".repeat(places) } else { own });
        }
        if self.currency {
            text.insert(0, '$');
        }
        match (self.sign_first, negative) {
            (Some(_), true) => text.insert(0, '-'),
            (Some('S'), false) => text.insert(0, '+'),
            (Some(_), false) => text.insert(0, ' '),
            (None, true) if self.sign_last.is_none() && !self.brackets => text.insert(0, '-'),
            _ => {}
        }
        let mut text = " ".repeat(blanks) + &text;
        match (self.sign_last, negative) {
            (Some(_), true) => text.push('-'),
            (Some('S'), false) => text.push('+'),
            (Some(_), false) => text.push(' '),
            _ => {}
        }
        if self.brackets {
            let inner = text.trim_start();
            let blanks = text.len() - inner.len();
            text = match negative {
                true => format!("{}<{inner}>", " ".repeat(blanks)),
                false => format!("{text}  "),
            };
        }
        text
    }
}

fn number_type(literals: &[Option<ScalarValue>]) -> DataType {
    let format = match literals.get(1) {
        Some(Some(ScalarValue::Utf8(Some(text)))) => Format::parse(text),
        _ => None,
    };
    let (precision, scale) = format.map_or((38, 0), |format| format.precision());
    DataType::Decimal128(precision, scale)
}

fn read(call: &Call<'_>, tolerant: bool) -> Result<ArrayRef> {
    let numbers = (0..call.rows).map(|row| {
        if call.is_null(row) {
            return Ok(None);
        }
        let (text, format) = (call.text(0).value(row), call.text(1).value(row));
        match Format::parse(format).and_then(|format| format.read(text)) {
            None if !tolerant => Err(mismatch(text, format).into()),
            number => Ok(number),
        }
    });
    let DataType::Decimal128(precision, scale) = call.returns else {
        return datafusion::common::internal_err!("to_number gives decimals");
    };
    let numbers = numbers.collect::<Result<Decimal128Array>>()?;
    Ok(shared(numbers.with_precision_and_scale(*precision, *scale)?))
}

fn mismatch(text: &str, format: &str) -> SparkError {
    INVALID_FORMAT_MISMATCH.error([
        ("inputType", "\"STRING\"".to_owned()),
        ("input", text.to_owned()),
        ("format", format.to_owned()),
    ])
}

fn written(call: &Call<'_>) -> Result<ArrayRef> {
    let value = &call.arrays[0];
    match value.data_type() {
        DataType::Date32 | DataType::Timestamp(..) => {
            let here = zone(call.zone)?;
            let instants = match value.data_type() {
                DataType::Date32 => {
                    let micros = cast(value, &DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, None))?;
                    (micros, zone("UTC")?)
                }
                DataType::Timestamp(_, None) => (value.clone(), zone("UTC")?),
                _ => (value.clone(), here),
            };
            let micros = instants.0.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
            call.texts(|row| {
                Ok(Some(date_pattern::format(micros.value(row), call.text(1).value(row), instants.1, call.zone)?))
            })
        }
        DataType::Binary => call.texts(|row| {
            let bytes = call.bytes(0).value(row);
            Ok(match call.text(1).value(row).to_lowercase().as_str() {
                "base64" => Some(STANDARD.encode(bytes)),
                "hex" => Some(bytes.iter().map(|byte| format!("{byte:02X}")).collect()),
                "utf-8" | "utf8" => Some(String::from_utf8_lossy(bytes).into_owned()),
                _ => None,
            })
        }),
        _ => {
            let decimals = match value.data_type() {
                DataType::Decimal128(..) => value.clone(),
                DataType::Float32 | DataType::Float64 => cast(value, &DataType::Decimal128(38, 10))?,
                _ => cast(value, &DataType::Decimal128(38, 0))?,
            };
            let DataType::Decimal128(_, scale) = *decimals.data_type() else { return Ok(decimals) };
            let numbers = decimals.as_primitive::<Decimal128Type>();
            call.texts(|row| {
                let text = call.text(1).value(row);
                let Some(format) = Format::parse(text) else { return Err(mismatch("", text).into()) };
                let number = numbers.value(row);
                let shown = decimal_text(number.checked_abs().unwrap_or(number), u8::try_from(scale).unwrap_or(0));
                let (whole, fraction) = shown.split_once('.').unwrap_or((&shown, ""));
                Ok(Some(format.write(number < 0, whole, fraction)))
            })
        }
    }
}
