//! What a run says: to people ([`human`], [`difference`]) and to programs ([`json`]).
//!
//! Architecture invariant: nothing here compares. The comparator built the difference tree; this only shows it.

pub mod difference;
pub mod human;
pub mod json;
pub mod style;
pub mod value;

use std::time::Duration;

use crate::case::Case;
use crate::run::Status;

/// One case of a finished run.
#[derive(Debug, Clone)]
pub struct CaseResult<'a> {
    /// The case.
    pub case: &'a Case,
    /// How it stands.
    pub status: Status,
    /// How long the target took; zero where it was not asked.
    pub duration: Duration,
    /// The command that runs this case alone, again.
    pub rerun: String,
}

/// The names of the two sides in differences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// What is right: `spark 4.2`.
    pub reference: String,
    /// What is judged: `engine`.
    pub candidate: String,
}

/// Quotes a word for a POSIX shell, where it needs that.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+%@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("read/tuples::x", "read/tuples::x")]
    #[case("read/tuples::a short one", "'read/tuples::a short one'")]
    #[case("it's", r"'it'\''s'")]
    #[case("", "''")]
    fn a_word_is_quoted_for_the_shell(#[case] word: &str, #[case] quoted: &str) {
        assert_eq!(shell_word(word), quoted);
    }
}
