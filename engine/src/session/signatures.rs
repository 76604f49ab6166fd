//! What arguments Spark's functions take, as real Spark was asked (`ci/signatures.py`).

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::types::DataType;

/// What one function takes.
#[derive(Debug, Default)]
pub(super) struct Signature {
    counts: Option<Counts>,
    refusals: Vec<Refusal>,
    /// What is shown behind so many arguments.
    shown: Vec<(usize, &'static str)>,
}

/// How many arguments.
#[derive(Debug)]
struct Counts {
    /// In Spark's words.
    expected: &'static str,
    taken: Vec<usize>,
}

/// What one place does not take.
#[derive(Debug)]
struct Refusal {
    /// From 0.
    place: usize,
    /// In Spark's words.
    required: &'static str,
    kinds: Vec<&'static str>,
}

/// The number of arguments that stands for all higher ones.
const MOST: usize = 6;

impl Signature {
    /// The numbers of arguments that it takes, in Spark's words, if this is none of them.
    pub(super) fn other_counts(&self, given: usize) -> Option<&'static str> {
        let counts = self.counts.as_ref()?;
        (!counts.taken.contains(&given.min(MOST))).then_some(counts.expected)
    }

    /// What is shown behind the arguments of a call that leaves some out: `, 1` of `locate(a, b, 1)`.
    pub(super) fn shown_behind(&self, given: usize) -> &'static str {
        self.shown.iter().find(|(count, _)| *count == given).map_or("", |(_, shown)| shown)
    }

    /// The type that it requires in this place (from 0), in Spark's words, if it does not take this one.
    pub(super) fn required(&self, place: usize, given: &DataType) -> Option<&'static str> {
        let kind = kind(given)?;
        let refuses = |refusal: &&Refusal| refusal.place == place && refusal.kinds.contains(&kind);
        self.refusals.iter().find(refuses).map(|refusal| refusal.required)
    }
}

/// The signature of a function of this name in lower case.
pub(super) fn of(function: &str) -> Option<&'static Signature> {
    static SIGNATURES: OnceLock<HashMap<&'static str, Signature>> = OnceLock::new();
    SIGNATURES.get_or_init(|| parse(include_str!("functions/signatures.txt"))).get(function)
}

fn parse(table: &'static str) -> HashMap<&'static str, Signature> {
    let mut signatures: HashMap<&'static str, Signature> = HashMap::new();
    for line in table.lines() {
        let [function, place, words, list] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        let signature = signatures.entry(function).or_default();
        let list = list.split(',');
        match place.parse::<usize>() {
            Ok(place) => signature.refusals.push(Refusal {
                place: place.saturating_sub(1),
                required: words,
                kinds: list.collect(),
            }),
            Err(_) if place == "+" => {
                signature.shown.extend(list.filter_map(|count| Some((count.parse().ok()?, words))));
            }
            Err(_) => {
                let taken = list.filter_map(|count| count.parse().ok()).collect();
                signature.counts = Some(Counts { expected: words, taken });
            }
        }
    }
    signatures
}

/// The kind of a type, by the names of the table; none for what was not asked.
fn kind(data_type: &DataType) -> Option<&'static str> {
    Some(match data_type {
        DataType::Null => "VOID",
        DataType::Boolean => "BOOLEAN",
        DataType::Byte | DataType::Short | DataType::Integer => "INT",
        DataType::Long => "BIGINT",
        DataType::Float | DataType::Double => "DOUBLE",
        DataType::Decimal { .. } => "DECIMAL",
        DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_) => "STRING",
        DataType::Binary => "BINARY",
        DataType::Date => "DATE",
        DataType::Timestamp | DataType::TimestampNtz => "TIMESTAMP",
        DataType::YearMonthInterval { .. } => "YEAR",
        DataType::DayTimeInterval { .. } => "DAY",
        DataType::Array { element, .. } => match element.as_ref() {
            DataType::Integer | DataType::Long | DataType::Double => "ARRAY<INT>",
            DataType::String { .. } => "ARRAY<STRING>",
            DataType::Array { .. } => "ARRAY<ARRAY>",
            DataType::Struct(_) => "ARRAY<STRUCT>",
            _ => return None,
        },
        DataType::Map { .. } => "MAP",
        DataType::Struct(_) => "STRUCT",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("upper", 1, None)]
    #[case("upper", 2, Some("1"))]
    #[case("greatest", 1, Some("> 1"))]
    #[case("greatest", 9, None)]
    fn a_function_takes_so_many_arguments(#[case] function: &str, #[case] given: usize, #[case] other: Option<&str>) {
        assert_eq!(of(function).unwrap().other_counts(given), other);
    }

    #[rstest]
    #[case("locate", 2, ", 1")]
    #[case("locate", 3, "")]
    fn arguments_that_are_left_out_are_shown(#[case] function: &str, #[case] given: usize, #[case] shown: &str) {
        assert_eq!(of(function).unwrap().shown_behind(given), shown);
    }

    #[rstest]
    #[case("size", DataType::Integer, Some("(\"ARRAY\" or \"MAP\")"))]
    #[case("size", DataType::Null, None)]
    #[case("explode", DataType::Null, Some("(\"ARRAY\" or \"MAP\")"))]
    #[case("crc32", DataType::Integer, Some("\"BINARY\""))]
    #[case("crc32", DataType::Binary, None)]
    #[case("crc32", DataType::Variant, None)]
    fn a_place_requires_a_type(#[case] function: &str, #[case] given: DataType, #[case] required: Option<&str>) {
        assert_eq!(of(function).unwrap().required(0, &given), required);
    }
}
