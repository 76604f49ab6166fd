//! What the harness sends, as the runner protocol carries it. Its JSON Schema is made of these types.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// A message of the harness to a runner: one JSON object a line, on the runner's stdin.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Message {
    /// The first message. The runner answers `started`, or ends.
    Start {
        /// The protocol's version.
        protocol: u32,
    },
    /// Run one case. The runner answers `observation`, `unsupported` or `failed`, once.
    Run {
        /// What the answer is to name.
        id: String,
        /// What to do.
        case: Box<WireCase>,
        /// The seconds that the runner has. It need not watch them: the harness ends a runner that takes longer.
        #[serde(rename = "deadline")]
        _deadline: f64,
    },
    /// Exit with status 0.
    Stop {},
}

/// A case: Python text that defines data sources, and what to do with them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Case")]
pub(crate) struct WireCase {
    /// The text of a Python module.
    pub(super) python: String,
    /// Python expressions of the objects to register; null registers every data source class of the module, in its order.
    pub(super) register: Option<Vec<String>>,
    /// Settings of the session.
    pub(super) conf: serde_json::Map<String, Value>,
    /// What is read, unless there are steps.
    pub(super) read: WireRead,
    /// What is done instead, in order.
    #[serde(default)]
    pub(super) steps: Option<Vec<WireStep>>,
    /// The query over the view `source`; null collects what was loaded last.
    pub(super) query: Option<String>,
    /// The callbacks whose calls are to be reported.
    pub(super) calls: Vec<String>,
    /// Whether the number of partitions is to be reported.
    pub(super) count_partitions: bool,
}

/// One thing that is done before the query.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "Step")]
pub(crate) enum WireStep {
    /// Load and name a temporary view.
    Load {
        /// The view's name.
        view: String,
        /// What is loaded.
        read: WireRead,
    },
    /// A statement, collected and not reported.
    Sql(String),
    /// Python expressions of more objects to register.
    Register(Vec<String>),
    /// Go on in another session of the same application.
    NewSession {},
}

/// `spark.read.format(…).options(…).schema(…).load(…)`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Read")]
pub(crate) struct WireRead {
    /// Null means the name of the source that was registered first.
    pub(super) format: Option<String>,
    /// Names and values, in order.
    pub(super) options: Vec<(String, Value)>,
    /// The user's schema as DDL.
    pub(super) schema: Option<String>,
    /// What is handed to `load`.
    pub(super) path: Option<WirePath>,
}

/// One path or several.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Path")]
pub(crate) enum WirePath {
    One(String),
    Many(Vec<String>),
}
