//! What the harness sends, as the runner protocol carries it.

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Message {
    Start {
        protocol: u32,
    },
    Run {
        id: String,
        case: Box<WireCase>,
        #[serde(rename = "deadline")]
        _deadline: f64,
    },
    Stop {},
}

/// A case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireCase {
    pub(super) python: String,
    pub(super) register: Option<Vec<String>>,
    pub(super) conf: serde_json::Map<String, Value>,
    pub(super) read: WireRead,
    #[serde(default)]
    pub(super) steps: Option<Vec<WireStep>>,
    pub(super) query: Option<String>,
    pub(super) calls: Vec<String>,
    pub(super) count_partitions: bool,
}

/// One thing that is done before the query.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum WireStep {
    Load { view: String, read: WireRead },
    Sql(String),
    Register(Vec<String>),
    NewSession {},
}

/// What is loaded.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireRead {
    pub(super) format: Option<String>,
    pub(super) options: Vec<(String, Value)>,
    pub(super) schema: Option<String>,
    pub(super) path: Option<WirePath>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum WirePath {
    One(String),
    Many(Vec<String>),
}
