//! Functions of no family: types and errors, encodings, hashes, and those that another crate has with Spark's meaning.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListBuilder, NullArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Field, Float32Type, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use datafusion::common::not_impl_err;
use datafusion::error::Result;
use datafusion_spark::function::{bitmap, bitwise, map, string, url};

use super::maps::map_type;
use super::math::shared;
use super::scalar::{Call, Definition, Parameter, gives};
use crate::error::SparkError;
use crate::error::condition::{
    CANNOT_DECODE_URL, INVALID_ARRAY_INDEX, INVALID_CHARSET, MALFORMED_CHARACTER_CODING, USER_RAISED_EXCEPTION,
};
use crate::python::interpreter::{PythonRuntime, os_user};
use crate::types::arrow::from_arrow_type;

use Parameter::{Anything, Boolean, Bytes, Int, Integer, List, Text};

fn byte(_: &[DataType]) -> DataType {
    DataType::Int8
}

fn texts_by_text(_: &[DataType]) -> DataType {
    map_type(&DataType::Utf8, &DataType::Utf8, true)
}

fn nothing(_: &[DataType]) -> DataType {
    DataType::Null
}

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    Definition::borrowed("bit_get", &[Integer, Int], byte, bitwise::bit_get),
    Definition::borrowed("getbit", &[Integer, Int], byte, bitwise::bit_get),
    Definition::borrowed("format_string", &[Text, Anything], gives::text, string::format_string).repeating(),
    Definition::borrowed("printf", &[Text, Anything], gives::text, string::format_string).repeating(),
    Definition::borrowed("luhn_check", &[Text], gives::boolean, string::luhn_check),
    Definition::borrowed("is_valid_utf8", &[Text], gives::boolean, string::is_valid_utf8),
    Definition::borrowed("str_to_map", &[Text, Text, Text], texts_by_text, map::str_to_map).requiring(1),
    Definition::borrowed("url_encode", &[Text], gives::text, url::url_encode),
    Definition::new("url_decode", &[Text], gives::text, |call| url_decode(call, false)),
    Definition::borrowed("parse_url", &[Text, Text, Text], gives::text, url::parse_url).requiring(2),
    Definition::borrowed(
        "map_from_entries",
        &[List],
        |types| match types {
            [DataType::List(entry)] => match entry.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => {
                    map_type(fields[0].data_type(), fields[1].data_type(), true)
                }
                _ => DataType::Null,
            },
            _ => DataType::Null,
        },
        map::map_from_entries,
    ),
    Definition::new("typeof", &[Anything], gives::text, |call| {
        let name = from_arrow_type(call.arrays[0].data_type()).map_err(datafusion::error::DataFusionError::from)?;
        let name = name.simple_string();
        Ok(shared((0..call.rows).map(|_| Some(name.as_str())).collect::<arrow::array::StringArray>()))
    }),
    Definition::borrowed("quote", &[Text], gives::text, string::quote),
    Definition::borrowed("make_valid_utf8", &[Bytes], gives::text, string::make_valid_utf8),
    Definition::new("try_url_decode", &[Text], gives::text, |call| url_decode(call, true)),
    Definition::borrowed("try_parse_url", &[Text, Text, Text], gives::text, url::try_parse_url).requiring(2),
    Definition::borrowed("bitmap_bit_position", &[Parameter::Long], gives::long, bitmap::bitmap_bit_position),
    Definition::borrowed("bitmap_bucket_number", &[Parameter::Long], gives::long, bitmap::bitmap_bucket_number),
    Definition::borrowed("bitmap_count", &[Bytes], gives::long, bitmap::bitmap_count),
    // A text of this engine is never anything but UTF-8.
    Definition::new("validate_utf8", &[Text], gives::text, |call| Ok(call.arrays[0].clone())),
    Definition::new("try_validate_utf8", &[Text], gives::text, |call| Ok(call.arrays[0].clone())),
    Definition::new("version", &[], gives::text, |call| {
        let spark = PythonRuntime::get().map_err(datafusion::error::DataFusionError::from)?.pyspark.clone();
        call.texts(|_| Ok(Some(format!("{spark} {}", env!("CARGO_PKG_NAME")))))
    }),
    Definition::new("current_user", &[], gives::text, user),
    Definition::new("session_user", &[], gives::text, user),
    Definition::new("user", &[], gives::text, user),
    Definition::new("input_file_block_start", &[], gives::long, |call| call.longs(|_| Ok(Some(-1)))),
    Definition::new("input_file_block_length", &[], gives::long, |call| call.longs(|_| Ok(Some(-1)))),
    Definition::new("sentences", &[Text, Text, Text], sentences_type, sentences).requiring(1),
    Definition::new("current_catalog", &[], gives::text, |call| call.texts(|_| Ok(Some("spark_catalog".to_owned())))),
    Definition::new("current_database", &[], gives::text, |call| call.texts(|_| Ok(Some("default".to_owned())))),
    Definition::new("current_schema", &[], gives::text, |call| call.texts(|_| Ok(Some("default".to_owned())))),
    Definition::new("raise_error", &[Text], nothing, |call| {
        if call.text(0).is_valid(0) && call.rows > 0 {
            return Err(USER_RAISED_EXCEPTION.error([("errorMessage", call.text(0).value(0).to_owned())]).into());
        }
        Ok(shared(NullArray::new(call.rows)))
    }),
    Definition::new("assert_true", &[Boolean, Text], nothing, |call| {
        for row in 0..call.rows {
            if call.boolean(0).is_null(row) || !call.boolean(0).value(row) {
                let message = call.text(1).value(row).to_owned();
                return Err(USER_RAISED_EXCEPTION.error([("errorMessage", message)]).into());
            }
        }
        Ok(shared(NullArray::new(call.rows)))
    }),
    Definition::new("elt", &[Int, Text], gives::text, elt).repeating(),
    Definition::new("encode", &[Text, Text], gives::bytes, encode),
    Definition::new("decode", &[Bytes, Text], gives::text, decode),
    Definition::new("unbase64", &[Text], gives::bytes, |call| {
        call.binaries(|row| Ok(Some(unbase64(call.text(0).value(row)))))
    }),
    Definition::new("hash", &[Anything], gives::int, |call| {
        let mut hashes = vec![SEED; call.rows];
        for array in &call.arrays {
            hash(array, &mut hashes)?;
        }
        Ok(shared(Int32Array::from(hashes)))
    })
    .repeating(),
];

fn user(call: &Call<'_>) -> Result<ArrayRef> {
    let user = os_user().map_err(datafusion::error::DataFusionError::from)?;
    call.texts(|_| Ok(Some(user.clone())))
}

fn sentences_type(_: &[DataType]) -> DataType {
    DataType::List(Arc::new(Field::new("element", gives::texts(&[]), false)))
}

/// The words of each sentence. A sentence ends with `.`, `!` or `?`, words are letters and digits with what joins them.
fn sentences(call: &Call<'_>) -> Result<ArrayRef> {
    let mut lists = ListBuilder::new(ListBuilder::new(StringBuilder::new()).with_field(Field::new(
        "element",
        DataType::Utf8,
        true,
    )))
    .with_field(Field::new("element", gives::texts(&[]), false));
    for row in 0..call.rows {
        if call.text(0).is_null(row) {
            lists.append(false);
            continue;
        }
        for sentence in call.text(0).value(row).split_inclusive(['.', '!', '?']) {
            let words = sentence.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '_')));
            let words: Vec<&str> = words.filter(|word| word.contains(char::is_alphanumeric)).collect();
            if !words.is_empty() {
                for word in words {
                    lists.values().values().append_value(word);
                }
                lists.values().append(true);
            }
        }
        lists.append(true);
    }
    Ok(shared(lists.finish()))
}

fn elt(call: &Call<'_>) -> Result<ArrayRef> {
    let index = call.int(0);
    let chosen = (0..call.rows).map(|row| {
        if index.is_null(row) {
            return Ok(None);
        }
        let position = usize::try_from(index.value(row)).unwrap_or(0);
        if position == 0 || position >= call.arrays.len() {
            if !call.ansi {
                return Ok(None);
            }
            let parameters =
                [("indexValue", index.value(row).to_string()), ("arraySize", (call.arrays.len() - 1).to_string())];
            return Err(INVALID_ARRAY_INDEX.error(parameters).into());
        }
        let texts = call.text(position);
        Ok(texts.is_valid(row).then(|| texts.value(row).to_owned()))
    });
    Ok(shared(chosen.collect::<Result<arrow::array::StringArray>>()?))
}

fn encode(call: &Call<'_>) -> Result<ArrayRef> {
    call.binaries(|row| {
        let (text, charset) = (call.text(0).value(row), call.text(1).value(row));
        let units = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
        let single = |last: u32| text.chars().map(|c| u8::try_from(u32::from(c).min(last + 1)).ok()).collect();
        let encoded: Option<Vec<u8>> = match charset.to_uppercase().as_str() {
            "UTF-8" => Some(text.as_bytes().to_vec()),
            "US-ASCII" => text.is_ascii().then(|| text.as_bytes().to_vec()),
            "ISO-8859-1" => single(0xFF),
            "UTF-16" if text.is_empty() => Some(Vec::new()),
            "UTF-16" => Some([vec![0xFE, 0xFF], units(u16::to_be_bytes)].concat()),
            "UTF-16BE" => Some(units(u16::to_be_bytes)),
            "UTF-16LE" => Some(units(u16::to_le_bytes)),
            "UTF-32" => Some(text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect()),
            _ => return Err(unknown_charset("encode", charset).into()),
        };
        encoded.map(Some).ok_or_else(|| malformed("encode", charset).into())
    })
}

fn decode(call: &Call<'_>) -> Result<ArrayRef> {
    call.texts(|row| {
        let (bytes, charset) = (call.bytes(0).value(row), call.text(1).value(row));
        let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
            let (pairs, rest) = bytes.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
            rest.is_empty().then(|| String::from_utf16(&units).ok()).flatten()
        };
        let decoded = match charset.to_uppercase().as_str() {
            "UTF-8" => String::from_utf8(bytes.to_vec()).ok(),
            "US-ASCII" => bytes.is_ascii().then(|| bytes.iter().copied().map(char::from).collect()),
            "ISO-8859-1" => Some(bytes.iter().copied().map(char::from).collect()),
            "UTF-16" => match bytes {
                [0xFF, 0xFE, rest @ ..] => units(rest, u16::from_le_bytes),
                [0xFE, 0xFF, rest @ ..] | rest => units(rest, u16::from_be_bytes),
            },
            "UTF-16BE" => units(bytes, u16::from_be_bytes),
            "UTF-16LE" => units(bytes, u16::from_le_bytes),
            "UTF-32" => {
                let (points, rest) = bytes.as_chunks::<4>();
                let points = points.iter().map(|point| char::from_u32(u32::from_be_bytes(*point)));
                rest.is_empty().then(|| points.collect::<Option<String>>()).flatten()
            }
            _ => return Err(unknown_charset("decode", charset).into()),
        };
        decoded.map(Some).ok_or_else(|| malformed("decode", charset).into())
    })
}

fn unknown_charset(function: &str, charset: &str) -> SparkError {
    INVALID_CHARSET.error([
        ("functionName", format!("`{function}`")),
        ("parameter", "`charset`".to_owned()),
        ("charset", charset.to_owned()),
        ("charsets", "iso-8859-1, us-ascii, utf-16, utf-16be, utf-16le, utf-32, utf-8".to_owned()),
    ])
}

fn malformed(function: &str, charset: &str) -> SparkError {
    MALFORMED_CHARACTER_CODING.error([("function", format!("`{function}`")), ("charset", charset.to_owned())])
}

/// The text of a URL's part: a plus is a space, and `%` stands before a byte in two hexadecimal digits.
fn url_decode(call: &Call<'_>, tolerant: bool) -> Result<ArrayRef> {
    call.texts(|row| {
        let url = call.text(0).value(row);
        match decoded_url(url) {
            Some(text) => Ok(Some(text)),
            None if tolerant => Ok(None),
            None => Err(CANNOT_DECODE_URL.error([("url", url.to_owned())]).into()),
        }
    })
}

fn decoded_url(url: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(url.len());
    let mut rest = url.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = rest.get(..2).and_then(|digits| std::str::from_utf8(digits).ok())?;
                rest = &rest[2..];
                u8::from_str_radix(digits, 16).ok()?
            }
            byte => *byte,
        });
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What is no digit is skipped.
fn unbase64(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter_map(|byte| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    });
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        bits = bits << 6 | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.extend(u8::try_from(bits >> held & 255));
        }
    }
    bytes
}

/// What a hash begins with.
const SEED: i32 = 42;

fn mixed_key(key: i32) -> u32 {
    key.cast_unsigned().wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

fn mixed_hash(hash: u32, key: u32) -> u32 {
    (hash ^ key).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

fn finished(hash: u32, length: u32) -> i32 {
    let mut hash = hash ^ length;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    (hash ^ hash >> 16).cast_signed()
}

fn of_int(value: i32, seed: i32) -> i32 {
    finished(mixed_hash(seed.cast_unsigned(), mixed_key(value)), 4)
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves of a long")]
fn of_long(value: i64, seed: i32) -> i32 {
    let low = mixed_hash(seed.cast_unsigned(), mixed_key(value as i32));
    finished(mixed_hash(low, mixed_key((value >> 32) as i32)), 8)
}

/// Murmur 3 of words, then of each byte that is left over as a word of its own, as Spark has it.
fn of_bytes(bytes: &[u8], seed: i32) -> i32 {
    let mut hash = seed.cast_unsigned();
    let words = bytes.chunks_exact(4);
    let rest = words.remainder();
    for word in words {
        hash = mixed_hash(hash, mixed_key(i32::from_le_bytes([word[0], word[1], word[2], word[3]])));
    }
    for byte in rest {
        hash = mixed_hash(hash, mixed_key(i32::from(byte.cast_signed())));
    }
    finished(hash, u32::try_from(bytes.len()).unwrap_or(u32::MAX))
}

/// Hashes each row's value into the hash of what came before. Nulls change nothing.
fn hash(array: &ArrayRef, hashes: &mut [i32]) -> Result<()> {
    let mut each = |of: &dyn Fn(usize, i32) -> i32| {
        for (row, hash) in hashes.iter_mut().enumerate() {
            if array.is_valid(row) {
                *hash = of(row, *hash);
            }
        }
    };
    match array.data_type() {
        DataType::Null => {}
        DataType::Boolean => each(&|row, seed| of_int(i32::from(array.as_boolean().value(row)), seed)),
        DataType::Int8 | DataType::Int16 | DataType::Int32 => {
            let ints = cast(array, &DataType::Int32)?;
            let ints = ints.as_primitive::<Int32Type>();
            each(&|row, seed| of_int(ints.value(row), seed));
        }
        DataType::Date32 => each(&|row, seed| of_int(array.as_primitive::<Date32Type>().value(row), seed)),
        DataType::Int64 => each(&|row, seed| of_long(array.as_primitive::<Int64Type>().value(row), seed)),
        DataType::Timestamp(..) => {
            each(&|row, seed| of_long(array.as_primitive::<TimestampMicrosecondType>().value(row), seed));
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            each(&|row, seed| of_int((values.value(row) + 0.0).to_bits().cast_signed(), seed));
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            each(&|row, seed| of_long((values.value(row) + 0.0).to_bits().cast_signed(), seed));
        }
        DataType::Decimal128(precision, _) => {
            let (values, short) = (array.as_primitive::<Decimal128Type>(), *precision <= 18);
            each(&|row, seed| {
                let value = values.value(row);
                match i64::try_from(value) {
                    Ok(value) if short => of_long(value, seed),
                    _ => of_bytes(&shortest(value), seed),
                }
            });
        }
        DataType::Utf8 => each(&|row, seed| of_bytes(array.as_string::<i32>().value(row).as_bytes(), seed)),
        DataType::Binary => each(&|row, seed| of_bytes(array.as_binary::<i32>().value(row), seed)),
        DataType::List(_) => {
            let lists = array.as_list::<i32>();
            for (row, hash_of_row) in hashes.iter_mut().enumerate().filter(|(row, _)| lists.is_valid(*row)) {
                let elements = lists.value(row);
                for element in 0..elements.len() {
                    let mut one = [*hash_of_row];
                    hash(&elements.slice(element, 1), &mut one)?;
                    [*hash_of_row] = one;
                }
            }
        }
        DataType::Struct(_) => {
            for column in array.as_struct().columns() {
                for (row, hash_of_row) in hashes.iter_mut().enumerate().filter(|(row, _)| array.is_valid(*row)) {
                    let mut one = [*hash_of_row];
                    hash(&column.slice(row, 1), &mut one)?;
                    [*hash_of_row] = one;
                }
            }
        }
        other => return not_impl_err!("hash of {other}"),
    }
    Ok(())
}

/// The fewest bytes of two's complement, the highest first.
fn shortest(value: i128) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let spare = bytes
        .windows(2)
        .take_while(|pair| (pair[0] == 0 && pair[1] < 0x80) || (pair[0] == 0xff && pair[1] >= 0x80))
        .count();
    bytes[spare..].to_vec()
}
