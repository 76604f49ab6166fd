//! The JSON text of a variant, as PySpark's `VariantVal.toJson()` writes it.
//!
//! A variant is two binaries: the value, a tree of headers, offsets and data; and the metadata, the dictionary of its keys.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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
    let object = Container::object(value)?;
    let found =
        (0..object.count).find(|i| object.id(*i).and_then(|id| key(metadata, id)).is_some_and(|key| key == name))?;
    object.value(found)
}

/// The value of an array's element.
pub(crate) fn item(value: &[u8], index: usize) -> Option<&[u8]> {
    let array = Container::array(value)?;
    if index < array.count { array.value(index) } else { None }
}

/// Where the parts of an object or an array are: the ids of the keys (of an object), the offsets of the values, and the values.
struct Container<'v> {
    bytes: &'v [u8],
    count: usize,
    ids: usize,
    id_size: usize,
    offsets: usize,
    offset_size: usize,
    data: usize,
}

impl<'v> Container<'v> {
    fn object(bytes: &'v [u8]) -> Option<Self> {
        let info = info_of(bytes, 2)?;
        let count_size = if info & 0x10 == 0 { 1 } else { 4 };
        Self::new(bytes, count_size, usize::from((info >> 2) & 3) + 1, usize::from(info & 3) + 1)
    }

    fn array(bytes: &'v [u8]) -> Option<Self> {
        let info = info_of(bytes, 3)?;
        Self::new(bytes, if info & 4 == 0 { 1 } else { 4 }, 0, usize::from(info & 3) + 1)
    }

    fn new(bytes: &'v [u8], count_size: usize, id_size: usize, offset_size: usize) -> Option<Self> {
        let count = unsigned(bytes, 1, count_size)?;
        let ids = 1 + count_size;
        let offsets = ids.checked_add(count.checked_mul(id_size)?)?;
        let data = offsets.checked_add(count.checked_add(1)?.checked_mul(offset_size)?)?;
        Some(Self { bytes, count, ids, id_size, offsets, offset_size, data })
    }

    /// The id of a field's key; `i` is below the count.
    fn id(&self, i: usize) -> Option<usize> {
        unsigned(self.bytes, self.ids + i * self.id_size, self.id_size)
    }

    /// What stands at a place; `i` is below the count.
    fn value(&self, i: usize) -> Option<&'v [u8]> {
        let offset = unsigned(self.bytes, self.offsets + i * self.offset_size, self.offset_size)?;
        self.bytes.get(self.data.checked_add(offset)?..)
    }
}

/// What a header says besides the kind, if it is of that kind.
fn info_of(value: &[u8], kind: u8) -> Option<u8> {
    value.first().filter(|header| *header & 3 == kind).map(|header| header >> 2)
}

fn write(value: &[u8], metadata: &[u8], depth: usize, out: &mut String) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    match value.first()? & 3 {
        2 => object(&Container::object(value)?, metadata, depth, out),
        3 => array(&Container::array(value)?, metadata, depth, out),
        _ => primitive(&as_primitive(value)?, out),
    }
}

fn object(object: &Container<'_>, metadata: &[u8], depth: usize, out: &mut String) -> Option<()> {
    out.push('{');
    for i in 0..object.count {
        if i > 0 {
            out.push(',');
        }
        python_json::write_string(key(metadata, object.id(i)?)?, out);
        out.push(':');
        write(object.value(i)?, metadata, depth + 1, out)?;
    }
    out.push('}');
    Some(())
}

fn array(array: &Container<'_>, metadata: &[u8], depth: usize, out: &mut String) -> Option<()> {
    out.push('[');
    for i in 0..array.count {
        if i > 0 {
            out.push(',');
        }
        write(array.value(i)?, metadata, depth + 1, out)?;
    }
    out.push(']');
    Some(())
}

fn primitive(value: &Primitive<'_>, out: &mut String) -> Option<()> {
    match *value {
        Primitive::Null => out.push_str("null"),
        Primitive::Boolean(value) => out.push_str(if value { "true" } else { "false" }),
        Primitive::Integer(value) => out.push_str(&value.to_string()),
        Primitive::Double(value) => out.push_str(&float(value)),
        Primitive::Float(value) => out.push_str(&float(f64::from(value))),
        Primitive::Decimal { unscaled, scale } => out.push_str(&scaled(unscaled, scale)?),
        Primitive::Date(days) => quoted(&in_python_years(calendar::date(days.into()))?, out),
        Primitive::Timestamp(micros) => quoted(&format!("{}+00:00", clock(micros)?), out),
        Primitive::TimestampNtz(micros) => quoted(&clock(micros)?, out),
        Primitive::Binary(bytes) => quoted(&STANDARD.encode(bytes), out),
        Primitive::String(text) => python_json::write_string(text, out),
    }
    Some(())
}

/// Python's `str` of a moment without its zone.
fn clock(micros: i64) -> Option<String> {
    let text = in_python_years(calendar::timestamp(micros.into()))?.replace('T', " ");
    Some(text.strip_suffix(".000000").unwrap_or(&text).to_owned())
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    out.push_str(text);
    out.push('"');
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
