//! The JSON text of a variant, as PySpark's `VariantVal.toJson()` writes it.
//!
//! A variant is two binaries: the value, a tree of headers, offsets and data; and the metadata, the dictionary of its keys.

use super::calendar;
use crate::types::python_json;

/// Values nested deeper are not decoded, lest the stack overflow.
const MAX_DEPTH: usize = 256;

/// The JSON text of a variant's two binaries; none if they are malformed or of a type that PySpark does not know.
pub(crate) fn json_text(value: &[u8], metadata: &[u8]) -> Option<String> {
    let mut out = String::new();
    write(value, metadata, 0, &mut out)?;
    Some(out)
}

/// A value of a variant that holds no others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Primitive<'v> {
    Null,
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Float(f32),
    Decimal {
        unscaled: i128,
        scale: u8,
    },
    Date(i32),
    /// An instant, in microseconds.
    Timestamp(i64),
    /// A wall clock, in microseconds.
    TimestampNtz(i64),
    Binary(&'v [u8]),
    String(&'v str),
}

/// The primitive that a variant's value is; none for objects, arrays, and what is malformed.
pub(crate) fn as_primitive(value: &[u8]) -> Option<Primitive<'_>> {
    let (header, data) = value.split_first()?;
    let info = header >> 2;
    let integer = |size| i64::try_from(signed(data, size)?).ok();
    Some(match (header & 3, info) {
        (1, length) => Primitive::String(std::str::from_utf8(data.get(..usize::from(length))?).ok()?),
        (0, 0) => Primitive::Null,
        (0, 1) => Primitive::Boolean(true),
        (0, 2) => Primitive::Boolean(false),
        (0, 3..=6) => Primitive::Integer(integer(1 << (info - 3))?),
        (0, 7) => Primitive::Double(f64::from_le_bytes(data.get(..8)?.try_into().ok()?)),
        (0, 8..=10) => Primitive::Decimal { unscaled: signed(data.get(1..)?, 4 << (info - 8))?, scale: *data.first()? },
        (0, 11) => Primitive::Date(i32::try_from(integer(4)?).ok()?),
        (0, 12) => Primitive::Timestamp(integer(8)?),
        (0, 13) => Primitive::TimestampNtz(integer(8)?),
        (0, 14) => Primitive::Float(f32::from_le_bytes(data.get(..4)?.try_into().ok()?)),
        (0, 15) => Primitive::Binary(long(data)?),
        (0, 16) => Primitive::String(std::str::from_utf8(long(data)?).ok()?),
        _ => return None,
    })
}

/// The value of an object's field.
pub(crate) fn field<'v>(value: &'v [u8], metadata: &[u8], name: &str) -> Option<&'v [u8]> {
    let header = *value.first()?;
    let info = header >> 2;
    if header & 3 != 2 {
        return None;
    }
    let count_size = if info & 0x10 == 0 { 1 } else { 4 };
    let (id_size, offset_size) = (usize::from((info >> 2) & 3) + 1, usize::from(info & 3) + 1);
    let count = unsigned(value, 1, count_size)?;
    let ids = 1 + count_size;
    let offsets = ids.checked_add(count.checked_mul(id_size)?)?;
    let data = offsets.checked_add(count.checked_add(1)?.checked_mul(offset_size)?)?;
    let found = (0..count).find(|i| {
        unsigned(value, ids + i * id_size, id_size).and_then(|id| key(metadata, id)).is_some_and(|key| key == name)
    })?;
    value.get(data.checked_add(unsigned(value, offsets + found * offset_size, offset_size)?)?..)
}

/// The value of an array's element.
pub(crate) fn item(value: &[u8], index: usize) -> Option<&[u8]> {
    let header = *value.first()?;
    let info = header >> 2;
    if header & 3 != 3 {
        return None;
    }
    let count_size = if info & 4 == 0 { 1 } else { 4 };
    let offset_size = usize::from(info & 3) + 1;
    let count = unsigned(value, 1, count_size)?;
    if index >= count {
        return None;
    }
    let offsets = 1 + count_size;
    let data = offsets.checked_add(count.checked_add(1)?.checked_mul(offset_size)?)?;
    value.get(data.checked_add(unsigned(value, offsets + index * offset_size, offset_size)?)?..)
}

fn write(value: &[u8], metadata: &[u8], depth: usize, out: &mut String) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    let header = *value.first()?;
    let info = header >> 2;
    match header & 3 {
        0 => primitive(info, value.get(1..)?, out),
        1 => text(value.get(1..1 + usize::from(info))?, out),
        2 => object(info, value, metadata, depth, out),
        _ => array(info, value, metadata, depth, out),
    }
}

fn object(info: u8, value: &[u8], metadata: &[u8], depth: usize, out: &mut String) -> Option<()> {
    let count_size = if info & 0x10 == 0 { 1 } else { 4 };
    let (id_size, offset_size) = (usize::from((info >> 2) & 3) + 1, usize::from(info & 3) + 1);
    let count = unsigned(value, 1, count_size)?;
    let ids = 1 + count_size;
    let offsets = ids.checked_add(count.checked_mul(id_size)?)?;
    let data = offsets.checked_add(count.checked_add(1)?.checked_mul(offset_size)?)?;
    out.push('{');
    for i in 0..count {
        if i > 0 {
            out.push(',');
        }
        let id = unsigned(value, ids + i * id_size, id_size)?;
        python_json::write_string(key(metadata, id)?, out);
        out.push(':');
        let start = data.checked_add(unsigned(value, offsets + i * offset_size, offset_size)?)?;
        write(value.get(start..)?, metadata, depth + 1, out)?;
    }
    out.push('}');
    Some(())
}

fn array(info: u8, value: &[u8], metadata: &[u8], depth: usize, out: &mut String) -> Option<()> {
    let count_size = if info & 4 == 0 { 1 } else { 4 };
    let offset_size = usize::from(info & 3) + 1;
    let count = unsigned(value, 1, count_size)?;
    let offsets = 1 + count_size;
    let data = offsets.checked_add(count.checked_add(1)?.checked_mul(offset_size)?)?;
    out.push('[');
    for i in 0..count {
        if i > 0 {
            out.push(',');
        }
        let start = data.checked_add(unsigned(value, offsets + i * offset_size, offset_size)?)?;
        write(value.get(start..)?, metadata, depth + 1, out)?;
    }
    out.push(']');
    Some(())
}

fn primitive(kind: u8, data: &[u8], out: &mut String) -> Option<()> {
    match kind {
        0 => out.push_str("null"),
        1 => out.push_str("true"),
        2 => out.push_str("false"),
        3..=6 => out.push_str(&signed(data, 1 << (kind - 3))?.to_string()),
        7 => out.push_str(&float(f64::from_le_bytes(data.get(..8)?.try_into().ok()?))),
        8..=10 => out.push_str(&scaled(signed(data.get(1..)?, 4 << (kind - 8))?, *data.first()?)?),
        11 => {
            let days = i64::try_from(signed(data, 4)?).ok()?;
            quoted(&in_python_years(calendar::date(days))?, out);
        }
        12 | 13 => {
            let text = in_python_years(calendar::timestamp(signed(data, 8)?))?.replace('T', " ");
            let text = text.strip_suffix(".000000").unwrap_or(&text);
            quoted(&format!("{text}{}", if kind == 12 { "+00:00" } else { "" }), out);
        }
        14 => out.push_str(&float(f64::from(f32::from_le_bytes(data.get(..4)?.try_into().ok()?)))),
        15 => quoted(&base64(long(data)?), out),
        16 => text(long(data)?, out)?,
        _ => return None,
    }
    Some(())
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    out.push_str(text);
    out.push('"');
}

fn text(bytes: &[u8], out: &mut String) -> Option<()> {
    python_json::write_string(std::str::from_utf8(bytes).ok()?, out);
    Some(())
}

/// Bytes with their length before them.
fn long(data: &[u8]) -> Option<&[u8]> {
    let length = unsigned(data, 0, 4)?;
    data.get(4..4_usize.checked_add(length)?)
}

/// The key of an object's field.
fn key(metadata: &[u8], id: usize) -> Option<&str> {
    let offset_size = usize::from(*metadata.first()? >> 6) + 1;
    let count = unsigned(metadata, 1, offset_size)?;
    if id >= count {
        return None;
    }
    let strings = 1 + count.checked_add(2)?.checked_mul(offset_size)?;
    let start = unsigned(metadata, 1 + (id + 1) * offset_size, offset_size)?;
    let end = unsigned(metadata, 1 + (id + 2) * offset_size, offset_size)?;
    std::str::from_utf8(metadata.get(strings.checked_add(start)?..strings.checked_add(end)?)?).ok()
}

/// A little-endian unsigned integer of `size` bytes, 4 at most.
fn unsigned(data: &[u8], start: usize, size: usize) -> Option<usize> {
    let bytes = data.get(start..start.checked_add(size)?)?;
    Some(bytes.iter().rev().fold(0, |n, byte| (n << 8) | usize::from(*byte)))
}

/// A little-endian signed integer of `size` bytes, 16 at most.
fn signed(data: &[u8], size: usize) -> Option<i128> {
    let bytes = data.get(..size)?;
    let negative = bytes.last()? & 0x80 != 0;
    let start: i128 = if negative { -1 } else { 0 };
    Some(bytes.iter().rev().fold(start, |n, byte| (n << 8) | i128::from(*byte)))
}

/// Python's `str` of a float.
fn float(value: f64) -> String {
    if value.is_nan() {
        "nan".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "inf".to_owned() } else { "-inf".to_owned() }
    } else {
        python_json::float_repr(value)
    }
}

/// Python's `str` of a decimal after PySpark's arithmetic, which keeps 28 digits.
fn scaled(value: i128, scale: u8) -> Option<String> {
    let mut digits = value.unsigned_abs().to_string();
    let mut exponent = -i32::from(scale);
    if let Some(surplus) = digits.len().checked_sub(28).filter(|n| *n > 0) {
        let unit = 10_u128.checked_pow(u32::try_from(surplus).ok()?)?;
        let (kept, rest) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
        let up = rest > unit / 2 || (rest == unit / 2 && kept % 2 == 1);
        digits = (kept + u128::from(up)).to_string();
        exponent += i32::try_from(surplus).ok()?;
    }
    let sign = if value < 0 { "-" } else { "" };
    let leading = i32::try_from(digits.len()).ok()? + exponent;
    if exponent <= 0 && leading > -6 {
        let scale = exponent.unsigned_abs() as usize;
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at_checked(padded.len() - scale)?;
        let point = if scale > 0 { "." } else { "" };
        return Some(format!("{sign}{whole}{point}{fraction}"));
    }
    let (first, rest) = digits.split_at_checked(1)?;
    let point = if rest.is_empty() { "" } else { "." };
    Some(format!("{sign}{first}{point}{rest}E{:+}", leading - 1))
}

/// Python's dates end at the years 1 and 9999.
fn in_python_years(text: String) -> Option<String> {
    (text.starts_with(|c: char| c.is_ascii_digit()) && !text.starts_with("0000")).then_some(text)
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let word = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for i in 0..4 {
            let index = usize::try_from((word >> (18 - 6 * i)) & 63).unwrap_or(0);
            let letter = ALPHABET.get(index).map_or('=', |letter| char::from(*letter));
            out.push(if i > u32::try_from(chunk.len()).unwrap_or(3) { '=' } else { letter });
        }
    }
    out
}
