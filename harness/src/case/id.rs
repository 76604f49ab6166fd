//! Names that must not be confused: case ids, case hashes, Spark versions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// `<area>/<topic>::<name>`: the file's path below `cases/` without its ending, and the case's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct CaseId {
    topic: String,
    name: String,
}

/// An id or a version that does not read as one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not {expected}")]
pub struct IdError {
    text: String,
    expected: &'static str,
}

impl CaseId {
    /// The id of the case `name` in the file `topic` (`<area>/<topic>`).
    pub fn new(topic: impl Into<String>, name: impl Into<String>) -> Self {
        Self { topic: topic.into(), name: name.into() }
    }

    /// The file's path below `cases/`, without its ending: `read/tuples`.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The folder: `read`.
    pub fn area(&self) -> &str {
        self.topic.split('/').next().unwrap_or(&self.topic)
    }

    /// The case's name in its file.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.topic, self.name)
    }
}

impl FromStr for CaseId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.split_once("::") {
            Some((topic, name)) if !topic.is_empty() && !name.is_empty() => Ok(Self::new(topic, name)),
            _ => Err(IdError { text: text.to_owned(), expected: "a case id such as read/tuples::a short tuple" }),
        }
    }
}

impl From<CaseId> for String {
    fn from(id: CaseId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for CaseId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

/// A version with two numbers, such as `4.2`: what decides which golden counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SparkMinor {
    major: u16,
    minor: u16,
}

impl SparkMinor {
    /// The version `major.minor`.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }

    /// Whether `next` is the minor version after this one.
    pub fn is_followed_by(self, next: Self) -> bool {
        self.major == next.major && self.minor.checked_add(1) == Some(next.minor)
    }
}

impl fmt::Display for SparkMinor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for SparkMinor {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = || IdError { text: text.to_owned(), expected: "a Spark version such as 4.2" };
        let (major, minor) = text.split_once('.').ok_or_else(error)?;
        Ok(Self { major: number(major).ok_or_else(error)?, minor: number(minor).ok_or_else(error)? })
    }
}

impl From<SparkMinor> for String {
    fn from(version: SparkMinor) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for SparkMinor {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

/// A full version of Spark, such as `4.2.1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SparkVersion {
    minor: SparkMinor,
    rest: String,
}

impl SparkVersion {
    /// Its first two numbers.
    pub fn minor(&self) -> SparkMinor {
        self.minor
    }
}

impl fmt::Display for SparkVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.minor, self.rest)
    }
}

impl FromStr for SparkVersion {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = || IdError { text: text.to_owned(), expected: "a full Spark version such as 4.2.1" };
        let mut parts = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(error());
        };
        // What follows the second point is kept as it is: `0`, `0.dev1`, `0-SNAPSHOT`.
        if !rest.starts_with(|c: char| c.is_ascii_digit()) || rest.chars().any(char::is_whitespace) {
            return Err(error());
        }
        let minor = SparkMinor { major: number(major).ok_or_else(error)?, minor: number(minor).ok_or_else(error)? };
        Ok(Self { minor, rest: rest.to_owned() })
    }
}

/// A number without sign or leading zeros, so that a version has one spelling.
fn number(text: &str) -> Option<u16> {
    let canonical = text == "0" || !text.starts_with(['0', '+']);
    canonical.then(|| text.parse().ok()).flatten()
}

/// The first 16 hex digits of the SHA-256 of a case's canonical form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct CaseHash(String);

impl CaseHash {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        Self(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }

    /// The 16 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<CaseHash> for String {
    fn from(hash: CaseHash) -> Self {
        hash.0
    }
}

impl TryFrom<String> for CaseHash {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl fmt::Display for CaseHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CaseHash {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError { text: text.to_owned(), expected: "a case hash of 16 hexadecimal digits" })
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("4.0", SparkMinor::new(4, 0))]
    #[case("4.10", SparkMinor::new(4, 10))]
    fn a_minor_version_round_trips(#[case] text: &str, #[case] version: SparkMinor) {
        assert_eq!(text.parse::<SparkMinor>().unwrap(), version);
        assert_eq!(version.to_string(), text);
    }

    #[rstest]
    #[case("4")]
    #[case("4.2.1")]
    #[case("4.02")]
    #[case("+4.2")]
    #[case("a.b")]
    #[case("")]
    fn what_is_no_minor_version_is_refused(#[case] text: &str) {
        assert!(text.parse::<SparkMinor>().is_err());
    }

    #[test]
    fn minor_versions_are_ordered_by_number() {
        assert!(SparkMinor::new(4, 10) > SparkMinor::new(4, 9));
    }

    #[rstest]
    #[case("4.2.1")]
    #[case("4.3.0.dev1")]
    fn a_full_version_knows_its_minor(#[case] text: &str) {
        let version: SparkVersion = text.parse().unwrap();
        assert_eq!(version.to_string(), text);
        assert!(text.starts_with(&version.minor().to_string()));
    }

    #[test]
    fn a_case_id_keeps_colons_of_the_name() {
        let id: CaseId = "read/tuples::a::b".parse().unwrap();
        assert_eq!((id.area(), id.topic(), id.name()), ("read", "read/tuples", "a::b"));
        assert_eq!(id.to_string(), "read/tuples::a::b");
    }
}
