//! Names of targets, as people write them: `engine`, `spark:4.2.1`, `spark:4.2`, `cmd:./my-runner`.

use std::fmt;
use std::str::FromStr;

/// The newest patch version of every Spark minor version that is known to work.
pub const KNOWN_SPARK_VERSIONS: [&str; 4] = ["4.0.5", "4.1.4", "4.2.1", "4.3.0"];

/// The name of a target. Parsing it resolves a minor version of Spark to a whole one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetId {
    /// The engine of this project, in a process of its own.
    Engine,
    /// Real PySpark of this whole version (`4.2.1`), in a managed virtual environment.
    Spark(SparkPatch),
    /// Any program that speaks the runner protocol: a shell command.
    Command(String),
}

/// A whole Spark version, `4.2.1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SparkPatch(String);

impl SparkPatch {
    /// The whole version, `4.2.1`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The minor version, `4.2`: goldens are kept per minor version.
    pub fn minor(&self) -> &str {
        self.0.rsplit_once('.').map_or(&self.0, |(minor, _)| minor)
    }
}

impl fmt::Display for SparkPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not the name of a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetIdError {
    /// Nothing of that name is known.
    #[error("there is no target `{0}`; known targets: {list}", list = known_targets())]
    Unknown(String),
    /// The name is that of a target which this version does not have yet.
    #[error("target `{0}` is not built yet; known targets: {list}", list = known_targets())]
    NotBuilt(String),
}

/// The names that [`TargetId`] parses, for messages.
pub fn known_targets() -> String {
    let spark = KNOWN_SPARK_VERSIONS.map(|version| format!("spark:{version}"));
    format!("engine, {}, cmd:PROGRAM", spark.join(", "))
}

impl FromStr for TargetId {
    type Err = TargetIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "engine" => Ok(Self::Engine),
            Some(("spark", version)) => known_patch(version)
                .map(|patch| Self::Spark(SparkPatch(patch.to_owned())))
                .ok_or_else(|| TargetIdError::Unknown(text.to_owned())),
            Some(("cmd", command)) if !command.trim().is_empty() => Ok(Self::Command(command.trim().to_owned())),
            Some(("docker" | "sc", _) | ("engine", "subprocess")) => Err(TargetIdError::NotBuilt(text.to_owned())),
            _ => Err(TargetIdError::Unknown(text.to_owned())),
        }
    }
}

/// The known patch version that `version` (whole or minor) names.
fn known_patch(version: &str) -> Option<&'static str> {
    KNOWN_SPARK_VERSIONS
        .into_iter()
        .find(|known| *known == version || known.rsplit_once('.').is_some_and(|(minor, _)| minor == version))
}

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine => f.write_str("engine"),
            Self::Spark(version) => write!(f, "spark:{version}"),
            Self::Command(command) => write!(f, "cmd:{command}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("engine", "engine")]
    #[case("spark:4.2.1", "spark:4.2.1")]
    #[case("spark:4.2", "spark:4.2.1")]
    #[case("spark:4.0", "spark:4.0.5")]
    #[case("cmd: ./my-runner --fast", "cmd:./my-runner --fast")]
    fn a_known_target_is_parsed(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(text.parse::<TargetId>().map(|id| id.to_string()), Ok(expected.to_owned()));
    }

    #[rstest]
    #[case("spark:3.5")]
    #[case("spark:4.2.0")]
    #[case("spark:")]
    #[case("spark")]
    #[case("cmd:")]
    #[case("Engine")]
    #[case("")]
    fn an_unknown_target_is_answered_with_the_known_ones(#[case] text: &str) {
        let error = text.parse::<TargetId>().map_err(|error| error.to_string());
        let expected = format!(
            "there is no target `{text}`; known targets: engine, spark:4.0.5, spark:4.1.4, spark:4.2.1, spark:4.3.0, cmd:PROGRAM"
        );
        assert_eq!(error, Err(expected));
    }

    #[rstest]
    #[case("docker:4.3.0")]
    #[case("sc://localhost:15002")]
    #[case("engine:subprocess")]
    fn a_planned_target_is_refused_as_such(#[case] text: &str) {
        assert_eq!(text.parse::<TargetId>(), Err(TargetIdError::NotBuilt(text.to_owned())));
    }
}
