//! Functions of regular expressions. What Java's expressions have and those of the crate `regex` lack (looking around, references
//! back) is refused.

use std::collections::HashMap;

use arrow::array::{ArrayRef, ListBuilder, StringBuilder};
use arrow::datatypes::{DataType, Field};
use datafusion::error::Result;
use regex::{Captures, Regex};

use super::math::shared;
use super::scalar::{Call, Definition, Parameter, gives};
use crate::error::condition::{INVALID_REGEXP, REGEX_GROUP_INDEX};
use crate::error::{ExceptionClass, SparkError};

use Parameter::{Int, Text};

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    Definition::new("regexp_like", &[Text, Text], gives::boolean, matches),
    Definition::new("regexp", &[Text, Text], gives::boolean, matches),
    Definition::new("rlike", &[Text, Text], gives::boolean, matches),
    Definition::new("regexp_extract", &[Text, Text, Int], gives::text, extract).requiring(2),
    Definition::new("regexp_extract_all", &[Text, Text, Int], gives::texts, extract_all).requiring(2),
    Definition::new("regexp_replace", &[Text, Text, Text, Int], gives::text, replace).requiring(3),
    Definition::new("regexp_count", &[Text, Text], gives::int, |call| {
        let mut patterns = Patterns::new("regexp_count");
        call.ints(|row| {
            let count = patterns.get(call.text(1).value(row))?.find_iter(call.text(0).value(row)).count();
            Ok(i32::try_from(count).ok())
        })
    }),
    Definition::new("regexp_instr", &[Text, Text], gives::int, |call| {
        let mut patterns = Patterns::new("regexp_instr");
        call.ints(|row| {
            let text = call.text(0).value(row);
            let found = patterns.get(call.text(1).value(row))?.find(text);
            Ok(i32::try_from(found.map_or(0, |found| text[..found.start()].chars().count() + 1)).ok())
        })
    }),
    Definition::new("regexp_substr", &[Text, Text], gives::text, |call| {
        let mut patterns = Patterns::new("regexp_substr");
        call.texts(|row| {
            let found = patterns.get(call.text(1).value(row))?.find(call.text(0).value(row));
            Ok(found.map(|found| found.as_str().to_owned()))
        })
    }),
    Definition::new("split", &[Text, Text, Int], gives::texts, split).requiring(2),
];

/// Expressions that were compiled for a call.
struct Patterns {
    function: &'static str,
    compiled: HashMap<String, Regex>,
}

impl Patterns {
    fn new(function: &'static str) -> Self {
        Self { function, compiled: HashMap::new() }
    }

    fn get(&mut self, pattern: &str) -> std::result::Result<&Regex, SparkError> {
        if !self.compiled.contains_key(pattern) {
            let regex = Regex::new(pattern).map_err(|_| refusal(pattern, self.function))?;
            self.compiled.insert(pattern.to_owned(), regex);
        }
        self.compiled.get(pattern).ok_or_else(|| refusal(pattern, self.function))
    }
}

fn refusal(pattern: &str, function: &str) -> SparkError {
    if ["(?=", "(?!", "(?<=", "(?<!", "(?>", "++", "*+", "?+", "\\1", "\\2", "\\k<"]
        .iter()
        .any(|java| pattern.contains(java))
    {
        let message = format!(
            "The regular expression '{pattern}' has what this engine's expressions do not: looking around, references back, or possessive repetition."
        );
        return SparkError::plain(ExceptionClass::UnsupportedOperation, message);
    }
    INVALID_REGEXP.error([
        ("functionName", format!("`{function}`")),
        ("parameter", "`regexp`".to_owned()),
        ("value", format!("'{pattern}'")),
    ])
}

fn matches(call: &Call<'_>) -> Result<ArrayRef> {
    let mut patterns = Patterns::new("rlike");
    call.booleans(|row| Ok(Some(patterns.get(call.text(1).value(row))?.is_match(call.text(0).value(row)))))
}

/// The group that is asked for, the first if none is.
fn group(call: &Call<'_>, row: usize, regex: &Regex, function: &str) -> std::result::Result<usize, SparkError> {
    let group = if call.has(2) { call.int(2).value(row) } else { 1 };
    let groups = regex.captures_len() - 1;
    usize::try_from(group).ok().filter(|group| *group <= groups).ok_or_else(|| {
        REGEX_GROUP_INDEX.error([
            ("parameter", "`idx`".to_owned()),
            ("functionName", format!("`{function}`")),
            ("groupCount", groups.to_string()),
            ("groupIndex", group.to_string()),
        ])
    })
}

fn extract(call: &Call<'_>) -> Result<ArrayRef> {
    let mut patterns = Patterns::new("regexp_extract");
    call.texts(|row| {
        let regex = patterns.get(call.text(1).value(row))?;
        let Some(found) = regex.captures(call.text(0).value(row)) else { return Ok(Some(String::new())) };
        let group = group(call, row, regex, "regexp_extract")?;
        Ok(Some(found.get(group).map_or("", |found| found.as_str()).to_owned()))
    })
}

fn extract_all(call: &Call<'_>) -> Result<ArrayRef> {
    let mut patterns = Patterns::new("regexp_extract_all");
    text_lists(call, |row| {
        let regex = patterns.get(call.text(1).value(row))?;
        let group = group(call, row, regex, "regexp_extract_all")?;
        let found = regex.captures_iter(call.text(0).value(row));
        Ok(found.map(|found| found.get(group).map_or("", |found| found.as_str()).to_owned()).collect())
    })
}

/// What Java puts for a match: `$1` is a group, and a backslash takes what follows as it is.
fn replacement(by: &str, found: &Captures<'_>) -> String {
    let mut text = String::new();
    let mut characters = by.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            '$' => {
                let mut group = None;
                while let Some(digit) = characters.peek().and_then(|next| next.to_digit(10)) {
                    let next = group.unwrap_or(0) * 10 + usize::try_from(digit).unwrap_or(0);
                    if group.is_some() && next >= found.len() {
                        break;
                    }
                    group = Some(next);
                    characters.next();
                }
                text.push_str(group.and_then(|group| found.get(group)).map_or("", |group| group.as_str()));
            }
            character => text.push(character),
        }
    }
    text
}

fn replace(call: &Call<'_>) -> Result<ArrayRef> {
    let mut patterns = Patterns::new("regexp_replace");
    call.texts(|row| {
        let regex = patterns.get(call.text(1).value(row))?;
        let (text, by) = (call.text(0).value(row), call.text(2).value(row));
        let from = if call.has(3) { usize::try_from(call.int(3).value(row) - 1).unwrap_or(0) } else { 0 };
        let start =
            text.char_indices().map(|(start, _)| start).nth(from).unwrap_or(if from == 0 { 0 } else { text.len() });
        let (kept, rest) = text.split_at(start);
        Ok(Some(format!("{kept}{}", regex.replace_all(rest, |found: &Captures<'_>| replacement(by, found)))))
    })
}

/// As Java splits: an empty match at the beginning separates nothing.
fn split(call: &Call<'_>) -> Result<ArrayRef> {
    let mut patterns = Patterns::new("split");
    text_lists(call, |row| {
        let (text, pattern) = (call.text(0).value(row), call.text(1).value(row));
        let limit = if call.has(2) { call.int(2).value(row) } else { -1 };
        let regex = patterns.get(pattern)?;
        let (mut parts, mut start) = (Vec::new(), 0);
        if text.is_empty() {
            return Ok(vec![String::new()]);
        }
        for found in regex.find_iter(text) {
            if limit > 0 && parts.len() + 1 >= usize::try_from(limit).unwrap_or(usize::MAX) {
                break;
            }
            if found.end() == 0 || (found.is_empty() && found.start() == text.len()) {
                continue;
            }
            parts.push(text[start..found.start()].to_owned());
            start = found.end();
        }
        parts.push(text[start..].to_owned());
        Ok(parts)
    })
}

/// A list of texts for each row without nulls.
pub(super) fn text_lists(call: &Call<'_>, mut texts: impl FnMut(usize) -> Result<Vec<String>>) -> Result<ArrayRef> {
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, true));
    for row in 0..call.rows {
        if call.is_null(row) {
            lists.append_null();
            continue;
        }
        for text in texts(row)? {
            lists.values().append_value(text);
        }
        lists.append(true);
    }
    Ok(shared(lists.finish()))
}
