//! What a run says, in one [`model`] with many renderings: to people ([`human`], [`html`], [`markdown`]), to programs
//! ([`json`], [`badge`]) and to the services that read test results ([`junit`], [`github`], [`sarif`]).
//!
//! Architecture invariant: nothing here compares. The comparator built the difference tree; this only shows it.

pub mod badge;
pub mod baseline;
pub mod difference;
pub mod format;
pub mod github;
pub mod html;
pub mod human;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod model;
pub mod sarif;
pub mod style;
#[cfg(test)]
pub(crate) mod testing;
pub mod value;

use crate::case::SparkMinor;
use crate::golden::Mode;

pub use format::Format;
pub use model::{CaseResult, Run};

/// The names of the two sides in differences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// What is right: `spark 4.2`, `spark 4.2 over Connect`.
    pub reference: String,
    /// The target that it is: `spark:4.2`, `spark:4.2:connect`.
    pub reference_target: String,
    /// What is judged: `engine`.
    pub candidate: String,
}

impl Sides {
    /// Real Spark of a version, as it was used, and a candidate.
    pub fn new(spark: SparkMinor, mode: Mode, candidate: String) -> Self {
        let (name, target) = match mode {
            Mode::Classic => ("", ""),
            Mode::Connect => (" over Connect", ":connect"),
        };
        Self {
            reference: format!("spark {spark}{name}"),
            reference_target: format!("spark:{spark}{target}"),
            candidate,
        }
    }
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
