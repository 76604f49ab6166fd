//! The runner protocol, version 1: one JSON object a line, over the runner's stdin and stdout.
//!
//! `start` → `started`, then for every `run` exactly one of `observation`, `unsupported`, `failed`; `stop` → the runner exits.
//! `docs/runner-protocol.md` has it for those who write runners, with JSON Schemas that are made of the types here.
//! This module only reads and writes messages; who waits for which one is the business of [`super::process`].

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine_runner::wire;
use crate::observation::form::ObservationForm;

/// The protocol version that this harness speaks.
pub const PROTOCOL_VERSION: u32 = 1;

/// What the harness says to a runner.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Message<'a> {
    /// The first message.
    Start { protocol: u32 },
    /// Run one case.
    Run { id: &'a str, case: &'a Value, deadline: f64 },
    /// Exit with status 0.
    Stop {},
}

impl Message<'_> {
    /// The message as a line, with its end.
    pub(crate) fn to_line(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|text| text + "\n")
    }
}

/// Who a target is: its answer to `start`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// The protocol version the runner speaks.
    pub protocol: u32,
    /// The product: `engine`, `spark`, ….
    pub target: String,
    /// Versions of the product and of what it stands on: `spark`, `python`, `pyarrow`, `java`, ….
    pub versions: BTreeMap<String, String>,
    /// How the product was used: `classic`, `connect`, `in-process`.
    pub mode: String,
    /// What the runner can do: `read`, later `write` and `stream`.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// The digest of the container image that the runner was started from. No runner says so itself: who starts it does.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub image: Option<String>,
}

/// An answer of a runner to the harness: one JSON object a line, on the runner's stdout, and nothing else there.
#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The answer to `start`.
    Started(Identity),
    /// What the target did with the case, its errors included.
    Observation {
        /// The case's id, as `run` had it.
        id: String,
        // Parsed by whoever asked.
        /// What the target did.
        #[schemars(with = "ObservationForm")]
        observation: Value,
    },
    /// The target cannot do what the case asks.
    Unsupported {
        /// The case's id, as `run` had it.
        id: String,
        /// Why, in a phrase.
        reason: String,
    },
    /// The case, or the runner, is broken: never a statement about the target.
    Failed {
        /// The case's id, as `run` had it.
        id: String,
        /// What went wrong.
        context: String,
    },
}

/// The JSON Schema of what a runner reads.
pub fn messages_schema() -> Value {
    schema_for!(wire::Message).to_value()
}

/// The JSON Schema of what a runner writes.
pub fn answers_schema() -> Value {
    schema_for!(Answer).to_value()
}

impl Answer {
    /// Reads one line. The error is a fragment that fits after "the runner wrote".
    pub(crate) fn from_line(line: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(line)
            .map_err(|error| format!("a line that is not one JSON object ({error}): {}", excerpt(line)))?;
        serde_json::from_value(value)
            .map_err(|error| format!("a message that the protocol does not know ({error}): {}", excerpt(line)))
    }

    /// The case that the answer is for; none for `started`.
    pub(crate) fn case(&self) -> Option<&str> {
        match self {
            Self::Started(_) => None,
            Self::Observation { id, .. } | Self::Unsupported { id, .. } | Self::Failed { id, .. } => Some(id),
        }
    }
}

/// Reads the answer to `start`. A runner that speaks another version is told apart from one that speaks nonsense,
/// even when the rest of its answer has a shape that only that version knows.
pub(crate) fn read_started(line: &str) -> Result<Identity, String> {
    let spoken = serde_json::from_str::<Value>(line).ok().and_then(|value| value["started"]["protocol"].as_u64());
    match spoken {
        Some(version) if version > u64::from(PROTOCOL_VERSION) => Err(format!(
            "it speaks protocol {version}, this seatrial speaks protocol {PROTOCOL_VERSION}: use a newer seatrial or an older runner"
        )),
        Some(version) if version < u64::from(PROTOCOL_VERSION) => Err(format!(
            "it speaks protocol {version}, this seatrial speaks protocol {PROTOCOL_VERSION}: use a newer runner"
        )),
        _ => match Answer::from_line(line).map_err(|fragment| format!("it wrote {fragment}"))? {
            Answer::Started(identity) => Ok(identity),
            _ => Err(format!("it did not answer `start` with `started` but with {}", excerpt(line))),
        },
    }
}

/// The deadline as the protocol carries it.
pub(crate) fn seconds(deadline: Duration) -> f64 {
    deadline.as_secs_f64()
}

/// The beginning of a line, quoted, with control characters escaped.
pub(crate) fn excerpt(line: &str) -> String {
    const SHOWN: usize = 120;
    let mut shown = String::new();
    for character in line.chars().take(SHOWN) {
        match character {
            control if control.is_control() => shown.extend(control.escape_debug()),
            other => shown.push(other),
        }
    }
    let hidden = line.chars().count().saturating_sub(SHOWN);
    if hidden > 0 {
        shown += &format!("… ({hidden} more characters)");
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

    use serde_json::json;

    use super::*;

    #[test]
    fn messages_have_the_shape_of_the_protocol() {
        assert_eq!(Message::Start { protocol: 1 }.to_line().unwrap(), "{\"start\":{\"protocol\":1}}\n");
        assert_eq!(Message::Stop {}.to_line().unwrap(), "{\"stop\":{}}\n");
        let case = json!({"python": "x"});
        let run = Message::Run { id: "a/b::c", case: &case, deadline: 30.0 };
        assert_eq!(
            run.to_line().unwrap(),
            "{\"run\":{\"id\":\"a/b::c\",\"case\":{\"python\":\"x\"},\"deadline\":30.0}}\n"
        );
    }

    #[test]
    fn a_newer_protocol_is_told_apart_from_nonsense() {
        let newer = read_started(r#"{"started":{"protocol":2,"target":["a","new","shape"]}}"#).unwrap_err();
        assert!(newer.contains("protocol 2") && newer.contains("newer seatrial"), "{newer}");
        let older = read_started(r#"{"started":{"protocol":0}}"#).unwrap_err();
        assert!(older.contains("newer runner"), "{older}");
        let nonsense = read_started("Welcome to Spark").unwrap_err();
        assert!(nonsense.contains("not one JSON object") && nonsense.contains("`Welcome to Spark`"), "{nonsense}");
        let early = read_started(r#"{"failed":{"id":"x","context":"y"}}"#).unwrap_err();
        assert!(early.contains("did not answer `start`"), "{early}");
    }

    #[test]
    fn numbers_arrive_as_they_were_sent() {
        for number in [31.245270191439438_f64, 121.48791951161945, 2.638344616030823e-256, 5e-324, -0.0] {
            let line = format!(r#"{{"observation":{{"id":"x","observation":{number:?}}}}}"#);
            let Ok(Answer::Observation { observation, .. }) = Answer::from_line(&line) else { panic!("{line}") };
            assert_eq!(observation.as_f64().map(f64::to_bits), Some(number.to_bits()), "{number}: {observation}");
        }
    }

    #[test]
    fn an_excerpt_is_short_and_printable() {
        assert_eq!(excerpt("a\tb\u{1b}[1m"), r"`a\tb\u{1b}[1m`");
        assert!(excerpt(&"x".repeat(500)).ends_with("… (380 more characters)`"));
    }

    #[test]
    fn what_the_harness_writes_is_what_runners_read() {
        let case = json!({
            "python": "x", "register": null, "conf": {}, "query": null, "calls": [], "count_partitions": false,
            "read": {"format": null, "options": [["a", 1]], "schema": null, "path": ["p"]},
        });
        for message in [
            Message::Start { protocol: PROTOCOL_VERSION },
            Message::Run { id: "a/b::c", case: &case, deadline: 1.0 },
            Message::Stop {},
        ] {
            let line = message.to_line().unwrap();
            assert!(serde_json::from_str::<wire::Message>(&line).is_ok(), "{line}");
        }
    }
}
