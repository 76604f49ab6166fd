//! What is wrong with a node, in words of YAML and with a remedy where one can be guessed.

use serde::de::{self, Expected, Unexpected};

use super::yaml::Span;

/// A node that is not what the reader wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadError {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// Where; the innermost node that was being read.
    pub(crate) span: Option<Span>,
}

impl ReadError {
    pub(super) fn new(message: String, help: Option<String>) -> Self {
        Self { message, help, span: None }
    }

    /// Sets the position unless a deeper node has set it.
    pub(super) fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::new(message.to_string(), None)
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = words_of_yaml(&expected.to_string());
        let quoted = match unexpected {
            Unexpected::Signed(value) => Some(value.to_string()),
            Unexpected::Unsigned(value) => Some(value.to_string()),
            Unexpected::Float(value) => Some(format!("{value:?}")),
            Unexpected::Bool(value) => Some(value.to_string()),
            _ => None,
        };
        let help = quoted.filter(|_| expected.contains("string")).map(|text| format!("quote it: \"{text}\""));
        Self::new(format!("expected {expected}, found {}", describe(&unexpected)), help)
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {expected}, found {}", describe(&unexpected)), None)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown key `{field}`"), suggestion(field, expected))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("`{variant}` is not known here"), suggestion(variant, expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is missing"), None)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is given twice"), None)
    }
}

/// Serde's own names of what a visitor expects, in the words of YAML.
fn words_of_yaml(expected: &str) -> String {
    match expected {
        "a sequence" => "a list",
        "a map" => "a mapping",
        "f64" | "f32" => "a number",
        "u64" | "u32" | "u16" | "usize" => "a number that is not negative",
        other => other,
    }
    .to_owned()
}

fn describe(unexpected: &Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a mapping".to_owned(),
        Unexpected::Str(text) => format!("the string {text:?}"),
        Unexpected::Signed(value) => format!("the number {value}"),
        Unexpected::Unsigned(value) => format!("the number {value}"),
        Unexpected::Float(value) => format!("the number {value:?}"),
        Unexpected::Bool(value) => format!("the boolean {value}"),
        other => other.to_string(),
    }
}

/// "did you mean …?" where a word is close, else the words that are allowed.
pub(super) fn suggestion(word: &str, allowed: &[&str]) -> Option<String> {
    let close = allowed
        .iter()
        .map(|candidate| (edit_distance(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min();
    match close {
        Some((_, candidate)) => Some(format!("did you mean `{candidate}`?")),
        None if allowed.is_empty() => None,
        None => Some(format!("allowed here: {}", quoted_list(allowed))),
    }
}

pub(super) fn quoted_list(words: &[&str]) -> String {
    let list: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    list.join(", ")
}

/// Levenshtein's distance.
pub(crate) fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().take(256).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, r) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(l != *r);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("partition", "did you mean `partitions`?")]
    #[case("ROWS", "allowed here: `rows`, `partitions`, `raises`")]
    #[case("raise", "did you mean `raises`?")]
    #[case("", "allowed here: `rows`, `partitions`, `raises`")]
    fn a_near_word_is_suggested(#[case] word: &str, #[case] expected: &str) {
        assert_eq!(suggestion(word, &["rows", "partitions", "raises"]).as_deref(), Some(expected));
    }
}
