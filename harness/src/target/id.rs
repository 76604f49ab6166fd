//! Names of targets, as people write them: `engine`, `engine:connect`, `spark:4.2.1`, `spark:4.2`, `spark:4.2:connect`,
//! `docker:4.3.0`, `sc://localhost:15002`, `cmd:./my-runner`.

use std::fmt;
use std::str::FromStr;

use crate::golden::Mode;

/// The newest patch version of every Spark minor version that is known to work.
pub const KNOWN_SPARK_VERSIONS: [&str; 4] = ["4.0.5", "4.1.4", "4.2.1", "4.3.0"];

/// The name of a target. Parsing it resolves a minor version of Spark to a whole one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetId {
    /// The engine of this project, in a process of its own.
    Engine,
    /// The engine behind its Spark Connect server, asked by the unmodified PySpark client.
    EngineConnect,
    /// Any Spark Connect server, by its whole URL (`sc://localhost:15002/;token=…`), asked by the unmodified PySpark client.
    Connect(String),
    /// Real PySpark of this whole version (`4.2.1`), in a managed virtual environment.
    Spark(SparkPatch),
    /// The same over Spark's own Spark Connect server, which it starts.
    SparkConnect(SparkPatch),
    /// Real PySpark of this whole version, in a container.
    Docker(SparkPatch),
    /// Any program that speaks the runner protocol: its words are quoted as a shell's, but no shell runs it.
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
    /// The words of a command cannot be told apart.
    #[error("target `{0}` does not read as a command line: a quote is not closed, or a backslash ends it")]
    Words(String),
    /// The name is that of a target which this version does not have yet.
    #[error("target `{0}` is not built yet; known targets: {list}", list = known_targets())]
    NotBuilt(String),
}

/// The names that [`TargetId`] parses, for messages.
pub fn known_targets() -> String {
    let of = |kind: &str| KNOWN_SPARK_VERSIONS.map(|version| format!("{kind}:{version}")).join(", ");
    format!(
        "engine, engine:connect, {}, spark:VERSION:connect, {}, sc://HOST:PORT, cmd:PROGRAM",
        of("spark"),
        of("docker")
    )
}

impl FromStr for TargetId {
    type Err = TargetIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "engine" => Ok(Self::Engine),
            Some((kind @ ("spark" | "docker"), rest)) => {
                let (make, version): (fn(SparkPatch) -> Self, &str) = match (kind, rest.strip_suffix(":connect")) {
                    ("spark", Some(version)) => (Self::SparkConnect, version),
                    ("spark", None) => (Self::Spark, rest),
                    _ => (Self::Docker, rest),
                };
                let patch = known_patch(version).ok_or_else(|| TargetIdError::Unknown(text.to_owned()))?;
                Ok(make(SparkPatch(patch.to_owned())))
            }
            Some(("cmd", command)) if !command.trim().is_empty() => match words(command) {
                Some(_) => Ok(Self::Command(command.trim().to_owned())),
                None => Err(TargetIdError::Words(text.to_owned())),
            },
            Some(("engine", "connect")) => Ok(Self::EngineConnect),
            Some(("sc", rest)) if rest.strip_prefix("//").is_some_and(|rest| !rest.trim().is_empty()) => {
                Ok(Self::Connect(text.to_owned()))
            }
            Some(("engine", "subprocess")) => Err(TargetIdError::NotBuilt(text.to_owned())),
            _ => Err(TargetIdError::Unknown(text.to_owned())),
        }
    }
}

impl TargetId {
    /// The mode whose goldens the target is compared with.
    pub fn mode(&self) -> Mode {
        match self {
            Self::EngineConnect | Self::Connect(_) | Self::SparkConnect(_) => Mode::Connect,
            Self::Engine | Self::Spark(_) | Self::Docker(_) | Self::Command(_) => Mode::Classic,
        }
    }
}

/// The URL as it may be shown: what stands behind `;`, a token for one, is nobody's business.
fn without_token(url: &str) -> &str {
    url.split_once("/;").map_or(url, |(server, _)| server)
}

/// The program and its arguments that a `cmd:` names; none where a quote is not closed, or there is no program.
pub(crate) fn words(command: &str) -> Option<(String, Vec<String>)> {
    let mut words = shlex::split(command)?.into_iter();
    Some((words.next()?, words.collect()))
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
            Self::EngineConnect => f.write_str("engine:connect"),
            Self::Connect(url) => f.write_str(without_token(url)),
            Self::Spark(version) => write!(f, "spark:{version}"),
            Self::SparkConnect(version) => write!(f, "spark:{version}:connect"),
            Self::Docker(version) => write!(f, "docker:{version}"),
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
    #[case("spark:4.1:connect", "spark:4.1.4:connect")]
    #[case("docker:4.3", "docker:4.3.0")]
    #[case("engine:connect", "engine:connect")]
    #[case("sc://localhost:15002", "sc://localhost:15002")]
    #[case("sc://localhost:15002/;token=secret;use_ssl=true", "sc://localhost:15002")]
    #[case("cmd: ./my-runner --fast", "cmd:./my-runner --fast")]
    fn a_known_target_is_parsed(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(text.parse::<TargetId>().map(|id| id.to_string()), Ok(expected.to_owned()));
    }

    #[rstest]
    #[case("spark:3.5")]
    #[case("spark:4.2.0")]
    #[case("spark:")]
    #[case("spark")]
    #[case("docker:3.5.1")]
    #[case("docker:4.2.1:connect")]
    #[case("spark:connect")]
    #[case("cmd:")]
    #[case("sc:")]
    #[case("sc://")]
    #[case("Engine")]
    #[case("")]
    fn an_unknown_target_is_answered_with_the_known_ones(#[case] text: &str) {
        let error = text.parse::<TargetId>().map_err(|error| error.to_string());
        let expected = format!(
            "there is no target `{text}`; known targets: engine, engine:connect, spark:4.0.5, spark:4.1.4, spark:4.2.1, spark:4.3.0, \
             spark:VERSION:connect, docker:4.0.5, docker:4.1.4, docker:4.2.1, docker:4.3.0, sc://HOST:PORT, cmd:PROGRAM"
        );
        assert_eq!(error, Err(expected));
    }

    #[rstest]
    #[case("engine:subprocess")]
    fn a_planned_target_is_refused_as_such(#[case] text: &str) {
        assert_eq!(text.parse::<TargetId>(), Err(TargetIdError::NotBuilt(text.to_owned())));
    }

    #[rstest]
    #[case("./my-runner --fast", "./my-runner", &["--fast"])]
    #[case("'/a path/runner' -c \"x y\" z\\ z ''", "/a path/runner", &["-c", "x y", "z z", ""])]
    #[case("runner $HOME > /dev/null; rm *", "runner", &["$HOME", ">", "/dev/null;", "rm", "*"])]
    fn the_words_of_a_command_are_a_shells_and_nothing_else_is(
        #[case] command: &str,
        #[case] program: &str,
        #[case] arguments: &[&str],
    ) {
        let (found, rest) = words(command).unwrap_or_default();
        assert_eq!((found.as_str(), rest), (program, arguments.iter().map(|word| (*word).to_owned()).collect()));
    }

    #[rstest]
    #[case("cmd:'./my-runner")]
    #[case("cmd:my-runner \\")]
    fn a_command_whose_words_cannot_be_told_apart_is_refused(#[case] text: &str) {
        assert_eq!(text.parse::<TargetId>(), Err(TargetIdError::Words(text.to_owned())));
    }
}
