//! Spark's patterns of dates and times, as `date_format` and `to_timestamp` take them: `yyyy-MM-dd HH:mm:ss.SSS`.
//!
//! What formats also parses, but for names of zones, quarters and days of the year. Letters that Spark knows and this module
//! does not are refused.

use std::fmt::Write;

use arrow::array::timezone::Tz;
use chrono::{Datelike, Offset, TimeZone, Timelike};

use super::dates::{date_of_parts, local};
use crate::error::condition::INVALID_DATETIME_PATTERN;
use crate::error::{ExceptionClass, SparkError};
use crate::session::coercion::instant_of;

/// The months' names.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A piece of a pattern.
enum Piece {
    /// A letter, and how often it stands there.
    Field(char, usize),
    Text(String),
    /// Where an optional section begins or ends.
    Bracket,
}

fn pieces(pattern: &str) -> Result<Vec<Piece>, SparkError> {
    let mut pieces = Vec::new();
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                let mut text = String::new();
                while let Some(character) = characters.next() {
                    match character {
                        '\'' if characters.peek() == Some(&'\'') => text.extend(characters.next()),
                        '\'' => break,
                        character => text.push(character),
                    }
                }
                // Two quotes are one.
                pieces.push(Piece::Text(if text.is_empty() { "'".to_owned() } else { text }));
            }
            '[' | ']' => pieces.push(Piece::Bracket),
            letter if letter.is_ascii_alphabetic() => {
                let mut count = 1;
                while characters.next_if_eq(&letter).is_some() {
                    count += 1;
                }
                if !"yuMLdDEaHhKkmsSQqzVvXxZGFO".contains(letter) || (letter == 'y' && count > 6) || count > 9 {
                    return Err(INVALID_DATETIME_PATTERN.error([
                        ("pattern", format!("'{pattern}'")),
                        ("docroot", "https://spark.apache.org/docs/latest".to_owned()),
                    ]));
                }
                pieces.push(Piece::Field(letter, count));
            }
            character => pieces.push(Piece::Text(character.to_string())),
        }
    }
    Ok(pieces)
}

fn refusal(letter: char) -> SparkError {
    SparkError::plain(
        ExceptionClass::UnsupportedOperation,
        format!("The letter '{letter}' of a pattern for dates and times is not supported by this engine here."),
    )
}

/// The instant as the pattern shows it in the zone.
pub(super) fn format(micros: i64, pattern: &str, zone: Tz, zone_name: &str) -> Result<String, SparkError> {
    let Some(time) = local(micros, zone) else { return Ok(String::new()) };
    let offset = zone.offset_from_utc_datetime(&(time - chrono::TimeDelta::zero())).fix().local_minus_utc();
    let mut text = String::new();
    for piece in pieces(pattern)? {
        let (letter, count) = match piece {
            Piece::Text(literal) => {
                text.push_str(&literal);
                continue;
            }
            Piece::Bracket => continue,
            Piece::Field(letter, count) => (letter, count),
        };
        let mut number = |value: u32| {
            let _ = write!(text, "{value:0count$}");
        };
        match letter {
            'y' | 'u' if count == 2 => number(time.year().rem_euclid(100).cast_unsigned()),
            'y' | 'u' => number(time.year().unsigned_abs()),
            'M' | 'L' if count <= 2 => number(time.month()),
            'M' | 'L' => text.push_str(&named(&MONTHS, time.month0(), count)),
            'd' => number(time.day()),
            'D' => number(time.ordinal()),
            'F' => number((time.day() - 1) % 7 + 1),
            'E' => text.push_str(&named(&DAYS, time.weekday().num_days_from_monday(), count)),
            'a' => text.push_str(if time.hour() < 12 { "AM" } else { "PM" }),
            'H' => number(time.hour()),
            'h' => number((time.hour() + 11) % 12 + 1),
            'K' => number(time.hour() % 12),
            'k' => number((time.hour() + 23) % 24 + 1),
            'm' => number(time.minute()),
            's' => number(time.second()),
            'S' => text.push_str(&format!("{:09}", time.nanosecond())[..count]),
            'Q' | 'q' if count <= 2 => number(time.month0() / 3 + 1),
            'G' if count <= 3 => text.push_str("AD"),
            'V' if count == 2 => text.push_str(zone_name),
            'z' if zone_name == "UTC" && count <= 3 => text.push_str("UTC"),
            'X' | 'x' | 'Z' => text.push_str(&offset_text(offset, letter, count)),
            letter => return Err(refusal(letter)),
        }
    }
    Ok(text)
}

fn named(names: &[&str], index: u32, count: usize) -> String {
    let name = usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default();
    if count == 4 { name.to_owned() } else { name.chars().take(3).collect() }
}

fn offset_text(offset: i32, letter: char, count: usize) -> String {
    if letter == 'X' && offset == 0 {
        return "Z".to_owned();
    }
    let (sign, seconds) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (letter, count) {
        ('Z', 1..=3) | (_, 2) => format!("{sign}{hours:02}{minutes:02}"),
        ('Z', 4) => format!("GMT{sign}{hours:02}:{minutes:02}"),
        (_, 1) if minutes == 0 => format!("{sign}{hours:02}"),
        (_, 1) => format!("{sign}{hours:02}{minutes:02}"),
        _ => format!("{sign}{hours:02}:{minutes:02}"),
    }
}

/// What was read of a text so far.
#[derive(Default)]
struct Read {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    hour: Option<u32>,
    half: Option<u32>,
    minute: u32,
    second: u32,
    micros: u32,
    offset: Option<i32>,
}

/// The instant that the text says by the pattern, or why it says none, in the words of Java's clock.
pub(super) fn parse(text: &str, pattern: &str, zone: Tz) -> Result<Result<i64, String>, SparkError> {
    let pieces = pieces(pattern)?;
    let (mut rest, mut read) = (text, Read::default());
    for (index, piece) in pieces.iter().enumerate() {
        let at = text.len() - rest.len();
        let fits = match piece {
            Piece::Bracket => return Err(refusal('[')),
            Piece::Text(literal) => rest.strip_prefix(literal.as_str()).map(|after| rest = after),
            Piece::Field(letter, count) => {
                // Fields that stand side by side have exactly the width of the pattern.
                let adjacent = matches!(pieces.get(index + 1), Some(Piece::Field(next, _)) if !"aEXxZ".contains(*next));
                field(&mut rest, *letter, *count, adjacent, &mut read)?
            }
        };
        if fits.is_none() {
            return Ok(Err(format!("Text '{text}' could not be parsed at index {}", index_of(text, at))));
        }
    }
    if !rest.is_empty() {
        let at = index_of(text, text.len() - rest.len());
        return Ok(Err(format!("Text '{text}' could not be parsed, unparsed text found at index {at}")));
    }
    let hour = match (read.hour, read.half) {
        (Some(hour), Some(half)) => hour % 12 + half * 12,
        (hour, _) => hour.unwrap_or(0),
    };
    let part = |part: Option<u32>| part.map_or(1, u32::cast_signed);
    let date = match date_of_parts(read.year.unwrap_or(1970), part(read.month), part(read.day)) {
        Ok(date) => date,
        // Without a day there is no date until the text was read.
        Err(range) if read.day.is_none() => return Ok(Err(range)),
        Err(range) => return Ok(Err(format!("Text '{text}' could not be parsed: {range}"))),
    };
    for (name, value, most) in
        [("HourOfDay", hour, 23), ("MinuteOfHour", read.minute, 59), ("SecondOfMinute", read.second, 59)]
    {
        if value > most {
            let range = format!("Invalid value for {name} (valid values 0 - {most}): {value}");
            return Ok(Err(format!("Text '{text}' could not be parsed: {range}")));
        }
    }
    let time = date.and_hms_micro_opt(hour, read.minute, read.second, read.micros);
    let instant = time.and_then(|time| match read.offset {
        Some(offset) => Some(time.and_utc().timestamp_micros() - i64::from(offset) * 1_000_000),
        None => instant_of(time, zone),
    });
    Ok(instant.ok_or_else(|| format!("Text '{text}' could not be parsed at index 0")))
}

/// The place in a text as Java counts it.
fn index_of(text: &str, byte: usize) -> usize {
    text[..byte].encode_utf16().count()
}

fn field(
    rest: &mut &str,
    letter: char,
    count: usize,
    adjacent: bool,
    read: &mut Read,
) -> Result<Option<()>, SparkError> {
    let mut digits = |least: usize, most: usize| -> Option<u32> {
        let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if length < least {
            return None;
        }
        let (number, after) = rest.split_at(length);
        *rest = after;
        number.parse().ok()
    };
    let width = if adjacent { count } else { count.max(2) };
    let mut short = |count: usize| digits(count, if count == 1 && !adjacent { 2 } else { width });
    Ok(match letter {
        'y' | 'u' if count == 2 => short(2).map(|year| read.year = Some(2000 + year.cast_signed())),
        'y' | 'u' => {
            digits(count, if adjacent { count } else { 6.max(count) }).map(|year| read.year = Some(year.cast_signed()))
        }
        'M' | 'L' if count <= 2 => short(count).map(|month| read.month = Some(month)),
        'M' | 'L' => name(rest, &MONTHS, count).map(|month| read.month = Some(month + 1)),
        'd' => short(count).map(|day| read.day = Some(day)),
        'H' => short(count).map(|hour| read.hour = Some(hour)),
        'k' => short(count).filter(|hour| (1..=24).contains(hour)).map(|hour| read.hour = Some(hour % 24)),
        'h' => short(count).filter(|hour| (1..=12).contains(hour)).map(|hour| read.hour = Some(hour % 12)),
        'K' => short(count).filter(|hour| *hour < 12).map(|hour| read.hour = Some(hour)),
        'm' => short(count).map(|minute| read.minute = minute),
        's' => short(count).map(|second| read.second = second),
        'S' => {
            let length = rest.bytes().take(count).take_while(u8::is_ascii_digit).count();
            let (fraction, after) = rest.split_at(length);
            *rest = after;
            let fits = length == count || (length > 0 && !adjacent);
            fits.then(|| read.micros = format!("{fraction:0<6}")[..6].parse().unwrap_or(0))
        }
        'a' => {
            let half = rest
                .get(..2)
                .map(str::to_uppercase)
                .and_then(|half| ["AM", "PM"].iter().position(|name| *name == half));
            *rest = rest.get(2..).unwrap_or_default();
            half.map(|half| read.half = u32::try_from(half).ok())
        }
        'E' => name(rest, &DAYS, count).map(|_| ()),
        'X' | 'x' | 'Z' => offset(rest, letter).map(|offset| read.offset = Some(offset)),
        letter => return Err(refusal(letter)),
    })
}

fn name(rest: &mut &str, names: &[&str], count: usize) -> Option<u32> {
    let found = names.iter().position(|name| rest.starts_with(if count == 4 { name } else { &name[..3] }))?;
    *rest = &rest[if count == 4 { names[found].len() } else { 3 }..];
    u32::try_from(found).ok()
}

/// Seconds east of Greenwich.
fn offset(rest: &mut &str, letter: char) -> Option<i32> {
    if letter == 'X'
        && let Some(after) = rest.strip_prefix('Z')
    {
        *rest = after;
        return Some(0);
    }
    let sign = match rest.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let hours: i32 = rest.get(1..3)?.parse().ok()?;
    let after = rest.get(3..)?;
    let after = after.strip_prefix(':').unwrap_or(after);
    let minutes = after.get(..2).and_then(|minutes| minutes.parse::<i32>().ok());
    *rest = if minutes.is_some() { &after[2..] } else { after };
    Some(sign * (hours * 3600 + minutes.unwrap_or(0) * 60))
}
