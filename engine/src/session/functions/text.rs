//! Functions of texts. Lengths and places count characters (code points), as Spark's do, and places begin with 1.

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::datatypes::DataType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use datafusion::error::Result;

use super::math::shared;
use super::room::Room;
use super::scalar::{Call, Definition, Parameter, gives};
use crate::error::condition::INVALID_INDEX_OF_ZERO;

use Parameter::{Anything, Int, Long, Text, TextOrBytes};

macro_rules! of_text {
    ($name:literal, $function:expr) => {
        Definition::new($name, &[Text], gives::text, |call| {
            call.texts(|row| {
                let function: fn(&str) -> String = $function;
                Ok(Some(function(call.text(0).value(row))))
            })
        })
    };
}

macro_rules! length {
    ($name:literal, $of_text:expr, $of_bytes:expr) => {
        Definition::new($name, &[TextOrBytes], gives::int, |call| {
            call.ints(|row| {
                let (of_text, of_bytes): (fn(&str) -> usize, fn(&[u8]) -> usize) = ($of_text, $of_bytes);
                let length = match call.arrays[0].data_type() {
                    DataType::Binary => of_bytes(call.bytes(0).value(row)),
                    _ => of_text(call.text(0).value(row)),
                };
                Ok(i32::try_from(length).ok())
            })
        })
    };
}

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    length!("length", |text| text.chars().count(), <[u8]>::len),
    length!("len", |text| text.chars().count(), <[u8]>::len),
    length!("char_length", |text| text.chars().count(), <[u8]>::len),
    length!("character_length", |text| text.chars().count(), <[u8]>::len),
    length!("octet_length", str::len, <[u8]>::len),
    length!("bit_length", |text| text.len() * 8, |bytes| bytes.len() * 8),
    of_text!("upper", str::to_uppercase),
    of_text!("ucase", str::to_uppercase),
    of_text!("lower", str::to_lowercase),
    of_text!("lcase", str::to_lowercase),
    of_text!("initcap", initcap),
    of_text!("reverse_text", |text| text.chars().rev().collect()),
    of_text!("soundex", soundex),
    Definition::new("repeat", &[Text, Int], gives::text, |call| {
        let mut room = Room::for_bytes("repeat");
        call.texts(|row| {
            let (text, times) = (call.text(0).value(row), usize::try_from(call.int(1).value(row)).unwrap_or(0));
            room.take(text.len().saturating_mul(times), "n")?;
            Ok(Some(text.repeat(times)))
        })
    }),
    Definition::new("space", &[Int], gives::text, |call| {
        let mut room = Room::for_bytes("space");
        call.texts(|row| {
            let length = usize::try_from(call.int(0).value(row)).unwrap_or(0);
            room.take(length, "n")?;
            Ok(Some(" ".repeat(length)))
        })
    }),
    Definition::new("concat_ws", &[Text, Anything], gives::text, concat_ws)
        .repeating()
        .nullable(|arguments| arguments.first().is_some_and(|separator| separator.is_nullable())),
    Definition::new("substring", &[TextOrBytes, Int, Int], gives::same, substring).requiring(2),
    Definition::new("substr", &[TextOrBytes, Int, Int], gives::same, substring).requiring(2),
    Definition::new("left", &[TextOrBytes, Int], gives::same, |call| part(call, |_, length| (1, length.max(0)))),
    Definition::new("right", &[Text, Int], gives::text, |call| {
        call.texts(|row| {
            let (text, length) = (call.text(0).value(row), i64::from(call.int(1).value(row)));
            Ok(Some(if length <= 0 { String::new() } else { slice(text, -length, i64::MAX) }))
        })
    }),
    Definition::new("substring_index", &[Text, Text, Int], gives::text, |call| {
        call.texts(|row| {
            let (text, delimiter) = (call.text(0).value(row), call.text(1).value(row));
            Ok(Some(substring_index(text, delimiter, call.int(2).value(row)).to_owned()))
        })
    }),
    Definition::new("split_part", &[Text, Text, Int], gives::text, split_part),
    Definition::new("replace", &[Text, Text, Text], gives::text, |call| {
        call.texts(|row| {
            let (text, search) = (call.text(0).value(row), call.text(1).value(row));
            let by = if call.has(2) { call.text(2).value(row) } else { "" };
            Ok(Some(if search.is_empty() { text.to_owned() } else { text.replace(search, by) }))
        })
    })
    .requiring(2),
    Definition::new("lpad", &[Text, Int, Text], gives::text, |call| {
        pad(call, |text, padding| format!("{padding}{text}"))
    })
    .requiring(2),
    Definition::new("rpad", &[Text, Int, Text], gives::text, |call| {
        pad(call, |text, padding| format!("{text}{padding}"))
    })
    .requiring(2),
    Definition::new("trim", &[Text], gives::text, |call| trim(call, true, true, false)),
    Definition::new("btrim", &[Text, Text], gives::text, |call| trim(call, true, true, false)).requiring(1),
    Definition::new("ltrim", &[Text, Text], gives::text, |call| trim(call, true, false, true)).requiring(1),
    Definition::new("rtrim", &[Text, Text], gives::text, |call| trim(call, false, true, true)).requiring(1),
    Definition::new("instr", &[Text, Text], gives::int, |call| {
        call.ints(|row| Ok(Some(place(call.text(0).value(row), call.text(1).value(row), 1))))
    }),
    Definition::new("locate", &[Text, Text, Int], gives::int, locate).requiring(2),
    Definition::new("position", &[Text, Text, Int], gives::int, locate).requiring(2),
    Definition::new("translate", &[Text, Text, Text], gives::text, |call| {
        call.texts(|row| {
            let (from, to) = (call.text(1).value(row), call.text(2).value(row));
            let translated = call.text(0).value(row).chars().filter_map(|character| {
                match from.chars().position(|known| known == character) {
                    Some(place) => to.chars().nth(place),
                    None => Some(character),
                }
            });
            Ok(Some(translated.collect()))
        })
    }),
    Definition::new("ascii", &[Text], gives::int, |call| {
        call.ints(|row| {
            Ok(Some(call.text(0).value(row).chars().next().map_or(0, |first| u32::from(first).cast_signed())))
        })
    }),
    Definition::new("chr", &[Long], gives::text, chr),
    Definition::new("char", &[Long], gives::text, chr),
    Definition::new("format_number", &[Parameter::Number, Int], gives::text, format_number),
    Definition::new("levenshtein", &[Text, Text, Int], gives::int, levenshtein).requiring(2),
    Definition::new("overlay", &[Text, Text, Int, Int], gives::text, overlay).requiring(3),
    Definition::new("find_in_set", &[Text, Text], gives::int, |call| {
        call.ints(|row| {
            let (wanted, set) = (call.text(0).value(row), call.text(1).value(row));
            let place = set.split(',').position(|member| member == wanted && !wanted.contains(','));
            Ok(Some(place.and_then(|place| i32::try_from(place + 1).ok()).unwrap_or(0)))
        })
    }),
    Definition::new("base64", &[Parameter::Bytes], gives::text, |call| {
        call.texts(|row| Ok(Some(STANDARD.encode(call.bytes(0).value(row)))))
    }),
    Definition::new("mask", &[Text, Text, Text, Text, Text], gives::text, mask).requiring(1),
    Definition::new("equal_texts", &[Text, Text], gives::boolean, |call| {
        call.booleans(|row| Ok(Some(call.text(0).value(row) == call.text(1).value(row))))
    }),
];

/// The first letter of each word in upper case and the others in lower case. Only spaces separate words.
fn initcap(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let mut characters = word.chars();
        let first = characters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
        first + &characters.as_str().to_lowercase()
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The part of a text from a place, which may count from the end or lie before the beginning.
fn slice(text: &str, place: i64, length: i64) -> String {
    let count = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let (start, end) = bounds(count, place, length);
    text.chars().skip(start).take(end.saturating_sub(start)).collect()
}

fn bounds(count: i64, place: i64, length: i64) -> (usize, usize) {
    let start = match place {
        1.. => place - 1,
        0 => 0,
        _ => count + place,
    };
    let end = start.saturating_add(length).clamp(0, count);
    let start = usize::try_from(start.clamp(0, count)).unwrap_or(0);
    (start, usize::try_from(end).unwrap_or(0))
}

fn substring(call: &Call<'_>) -> Result<ArrayRef> {
    let long = call.has(2);
    let length = |row: usize| if long { i64::from(call.int(2).value(row)) } else { i64::MAX };
    piece(call, |row| (i64::from(call.int(1).value(row)), length(row)))
}

/// The piece that two numbers of the row say, of which the second argument is one.
fn part(call: &Call<'_>, place: fn(usize, i64) -> (i64, i64)) -> Result<ArrayRef> {
    piece(call, |row| place(row, i64::from(call.int(1).value(row))))
}

fn piece(call: &Call<'_>, place: impl Fn(usize) -> (i64, i64)) -> Result<ArrayRef> {
    if call.arrays[0].data_type() == &DataType::Binary {
        return call.binaries(|row| {
            let bytes = call.bytes(0).value(row);
            let (at, length) = place(row);
            let (start, end) = bounds(i64::try_from(bytes.len()).unwrap_or(i64::MAX), at, length);
            Ok(Some(bytes.get(start..end).unwrap_or_default().to_vec()))
        });
    }
    call.texts(|row| {
        let (at, length) = place(row);
        Ok(Some(slice(call.text(0).value(row), at, length)))
    })
}

fn concat_ws(call: &Call<'_>) -> Result<ArrayRef> {
    let texts = call.arrays[1..].iter().map(|array| match array.data_type() {
        DataType::List(_) => Ok((array.clone(), true)),
        _ => Ok((arrow::compute::cast(array, &DataType::Utf8)?, false)),
    });
    let texts = texts.collect::<Result<Vec<_>>>()?;
    let separators = call.text(0);
    let joined = (0..call.rows).map(|row| {
        if separators.is_null(row) {
            return Ok(None);
        }
        let mut parts = Vec::new();
        for (array, is_list) in &texts {
            if array.is_null(row) {
                continue;
            }
            if *is_list {
                let elements = arrow::compute::cast(&array.as_list::<i32>().value(row), &DataType::Utf8)?;
                parts.extend(elements.as_string::<i32>().iter().flatten().map(str::to_owned));
            } else {
                parts.push(array.as_string::<i32>().value(row).to_owned());
            }
        }
        Ok(Some(parts.join(separators.value(row))))
    });
    Ok(shared(joined.collect::<Result<StringArray>>()?))
}

fn substring_index<'t>(text: &'t str, delimiter: &str, count: i32) -> &'t str {
    if delimiter.is_empty() || count == 0 {
        return "";
    }
    let nth = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX) - 1;
    if count > 0 {
        text.match_indices(delimiter).nth(nth).map_or(text, |(place, _)| &text[..place])
    } else {
        text.rmatch_indices(delimiter).nth(nth).map_or(text, |(place, found)| &text[place + found.len()..])
    }
}

fn split_part(call: &Call<'_>) -> Result<ArrayRef> {
    call.texts(|row| {
        let (text, delimiter, index) = (call.text(0).value(row), call.text(1).value(row), call.int(2).value(row));
        if index == 0 {
            return Err(INVALID_INDEX_OF_ZERO.error([]).into());
        }
        let parts: Vec<&str> = if delimiter.is_empty() { vec![text] } else { text.split(delimiter).collect() };
        let place = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
        let place = if index > 0 { Some(place - 1) } else { parts.len().checked_sub(place) };
        Ok(Some(place.and_then(|place| parts.get(place)).copied().unwrap_or_default().to_owned()))
    })
}

fn pad(call: &Call<'_>, join: fn(&str, &str) -> String) -> Result<ArrayRef> {
    let mut room = Room::for_bytes("pad");
    call.texts(|row| {
        let (text, length) = (call.text(0).value(row), usize::try_from(call.int(1).value(row)).unwrap_or(0));
        let pad = if call.has(2) { call.text(2).value(row) } else { " " };
        let missing = length.saturating_sub(text.chars().count());
        let widest = pad.chars().map(char::len_utf8).max().unwrap_or(0);
        room.take(text.len().saturating_add(missing.saturating_mul(widest)), "len")?;
        let padding: String = pad.chars().cycle().take(if pad.is_empty() { 0 } else { missing }).collect();
        Ok(Some(join(&text.chars().take(length).collect::<String>(), &padding)))
    })
}

/// Trims spaces, or the characters of the argument that names them: the first of two where `named_first`.
fn trim(call: &Call<'_>, start: bool, end: bool, named_first: bool) -> Result<ArrayRef> {
    call.texts(|row| {
        let first = call.text(0).value(row);
        let (mut text, characters) = match (call.has(1), named_first) {
            (false, _) => (first, " "),
            (true, true) => (call.text(1).value(row), first),
            (true, false) => (first, call.text(1).value(row)),
        };
        if start {
            text = text.trim_start_matches(|character| characters.contains(character));
        }
        if end {
            text = text.trim_end_matches(|character| characters.contains(character));
        }
        Ok(Some(text.to_owned()))
    })
}

/// The place of a part at or after a place; 0 if it is not there.
fn place(text: &str, part: &str, from: i32) -> i32 {
    let Some(skipped) = usize::try_from(from).ok().and_then(|from| from.checked_sub(1)) else { return 0 };
    let starts = text.char_indices().map(|(start, _)| start).chain([text.len()]);
    let Some(start) = starts.clone().nth(skipped) else { return 0 };
    let Some(found) = text[start..].find(part) else { return 0 };
    let before = text[..start + found].chars().count();
    i32::try_from(before + 1).unwrap_or(0)
}

/// `locate(part, text[, from])`. A place to begin at that is null finds nothing.
fn locate(call: &Call<'_>) -> Result<ArrayRef> {
    call.ints(|row| {
        let from = if call.has(2) { call.int(2).value(row) } else { 1 };
        Ok(Some(place(call.text(1).value(row), call.text(0).value(row), from)))
    })
}

fn chr(call: &Call<'_>) -> Result<ArrayRef> {
    call.texts(|row| {
        let code = call.long(0).value(row);
        let character = u8::try_from(code.rem_euclid(256)).map(char::from);
        Ok(Some(if code < 0 { String::new() } else { character.map(String::from).unwrap_or_default() }))
    })
}

/// With thousands apart, and rounded half to even.
fn format_number(call: &Call<'_>) -> Result<ArrayRef> {
    let numbers = &call.arrays[0];
    let exact = matches!(numbers.data_type(), DataType::Decimal128(..));
    let texts = if exact || numbers.data_type().is_integer() {
        arrow::compute::cast(numbers, &DataType::Utf8)?
    } else {
        let doubles = arrow::compute::cast(numbers, &DataType::Float64)?;
        let doubles = doubles.as_primitive::<arrow::datatypes::Float64Type>();
        shared(doubles.iter().map(|number| number.map(|number| number.to_string())).collect::<StringArray>())
    };
    let texts = texts.as_string::<i32>();
    call.texts(|row| {
        let Ok(places) = usize::try_from(call.int(1).value(row)) else { return Ok(None) };
        let text = texts.value(row);
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if !whole.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Some(text.to_owned()));
        }
        let rounded = half_even(whole, fraction, places);
        let (whole, fraction) = rounded.split_at(rounded.len() - places);
        let mut grouped = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let sign = if negative { "-" } else { "" };
        let point = if places > 0 { "." } else { "" };
        Ok(Some(format!("{sign}{grouped}{point}{fraction}")))
    })
}

/// The digits of a number with so many of them behind the point, without the point.
fn half_even(whole: &str, fraction: &str, places: usize) -> String {
    let padded = format!("{fraction:0<places$}");
    let (kept, rest) = padded.split_at(places);
    let mut digits: Vec<u8> = whole.bytes().chain(kept.bytes()).map(|digit| digit - b'0').collect();
    let odd = digits.last().is_some_and(|last| last % 2 == 1);
    let half = rest.starts_with('5') && rest[1..].bytes().all(|digit| digit == b'0');
    if rest.bytes().next().is_some_and(|first| first >= b'5') && (!half || odd) {
        let mut carry = true;
        for digit in digits.iter_mut().rev() {
            *digit += 1;
            carry = *digit == 10;
            if !carry {
                break;
            }
            *digit = 0;
        }
        if carry {
            digits.insert(0, 1);
        }
    }
    digits.into_iter().map(|digit| char::from(b'0' + digit)).collect()
}

/// The distance, or -1 if it is greater than the limit.
fn levenshtein(call: &Call<'_>) -> Result<ArrayRef> {
    call.ints(|row| {
        let distance = strsim::generic_levenshtein(
            &call.text(0).value(row).chars().collect::<Vec<_>>(),
            &call.text(1).value(row).chars().collect::<Vec<_>>(),
        );
        let distance = i32::try_from(distance).unwrap_or(i32::MAX);
        Ok(Some(if call.has(2) && distance > call.int(2).value(row) { -1 } else { distance }))
    })
}

fn overlay(call: &Call<'_>) -> Result<ArrayRef> {
    call.texts(|row| {
        let (text, by, place) = (call.text(0).value(row), call.text(1).value(row), i64::from(call.int(2).value(row)));
        let own = || i64::try_from(by.chars().count()).unwrap_or(i64::MAX);
        let length = if call.has(3) { i64::from(call.int(3).value(row)) } else { -1 };
        let length = if length >= 0 { length } else { own() };
        Ok(Some(format!("{}{by}{}", slice(text, 1, place - 1), slice(text, place + length, i64::MAX))))
    })
}

fn soundex(text: &str) -> String {
    const CODES: &[u8; 26] = b"01230127022455012623017202";
    let code = |letter: u8| CODES.get(usize::from(letter.to_ascii_uppercase().wrapping_sub(b'A'))).copied();
    let bytes = text.as_bytes();
    let Some(first) = bytes.first().filter(|first| first.is_ascii_alphabetic()) else { return text.to_owned() };
    let mut sound = vec![first.to_ascii_uppercase()];
    let mut last = code(*first).unwrap_or(b'0');
    for letter in &bytes[1..] {
        let Some(code) = code(*letter).filter(|_| letter.is_ascii_alphabetic()) else {
            last = b'0';
            continue;
        };
        match code {
            // H and W do not separate letters of one sound.
            b'7' => continue,
            b'1'..=b'6' if code != last => sound.push(code),
            _ => {}
        }
        last = code;
        if sound.len() == 4 {
            break;
        }
    }
    sound.resize(4, b'0');
    String::from_utf8_lossy(&sound).into_owned()
}

fn mask(call: &Call<'_>) -> Result<ArrayRef> {
    let by = |index: usize, row: usize, default: &'static str| {
        if !call.has(index) {
            return default.chars().next();
        }
        let array = call.text(index);
        if array.is_null(row) { None } else { array.value(row).chars().next() }
    };
    let texts = call.text(0);
    let masked = (0..call.rows).map(|row| {
        if texts.is_null(row) {
            return None;
        }
        let (upper, lower, digit) = (by(1, row, "X"), by(2, row, "x"), by(3, row, "n"));
        let other = if call.has(4) { by(4, row, "") } else { None };
        let masked = texts.value(row).chars().map(|character| {
            let mask = match character {
                character if character.is_uppercase() => upper,
                character if character.is_lowercase() => lower,
                character if character.is_numeric() => digit,
                _ => other,
            };
            mask.unwrap_or(character)
        });
        Some(masked.collect::<String>())
    });
    Ok(shared(masked.collect::<StringArray>()))
}
