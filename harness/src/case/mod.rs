//! Cases: what is asked of a target, read from the YAML files below `cases/`.
//!
//! Here a case is loaded, checked and turned into what a runner gets. It is not run here.

mod accepts;
mod behaviours;
pub(crate) mod cell;
mod columns;
pub mod diagnostic;
mod file;
mod id;
mod literal;
mod load;
pub(crate) mod node_deserializer;
pub(crate) mod python_source;
pub(crate) mod read_error;
mod schema;
mod surroundings;
mod temporal;
mod wire;
pub(crate) mod yaml;

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

pub use behaviours::{Behaviour, Side};
pub use diagnostic::Diagnostic;
pub use id::{CaseHash, CaseId, IdError, SparkMinor, SparkVersion};
pub(crate) use literal::python_string;
pub use load::{load, load_text};
pub use schema::json_schema;
pub use surroundings::Surroundings;

/// One case of a case file, checked and ready to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Area, topic and name.
    pub id: CaseId,
    /// The file's `feature` line.
    pub feature: String,
    /// What a reader should learn of the file's cases, if it says so.
    pub feature_about: Option<String>,
    /// What a reader should learn, if the case says so.
    pub about: Option<String>,
    /// The first Spark version that has the behaviour.
    pub since: SparkMinor,
    /// Ids of the behaviour catalogue.
    pub covers: Vec<String>,
    /// Session configuration, in order.
    pub conf: Vec<(String, String)>,
    /// The Python module's text; generated where the case has the declarative form.
    pub python: String,
    /// Whether the text was generated from the declarative form.
    pub declarative: bool,
    /// Python expressions of the objects to register; `None` registers every class of the module.
    pub register: Option<Vec<String>>,
    /// What is read, unless there are steps.
    pub read: Read,
    /// What is done instead, in order.
    pub steps: Option<Vec<Step>>,
    /// The SQL text; `None` collects the DataFrame that was loaded last.
    pub query: Option<String>,
    /// Whether the order of rows counts.
    pub ordered: bool,
    /// The callbacks whose calls are compared.
    pub calls: Vec<Callback>,
    /// Whether the number of partitions is observed.
    pub count_partitions: bool,
    /// What the case asks of the target's process.
    pub surroundings: Surroundings,
    /// How long the case may take, when it is not the default.
    pub deadline: Option<Duration>,
    /// Where the case stands.
    pub location: Location,
    /// The source as the file has it: what the hash covers, so that a new wording of generated Python changes no hash.
    pub(crate) canonical_source: serde_json::Value,
}

/// `spark.read.format(…).options(…).schema(…).load(…)`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Read {
    /// The format; `None` means the name of the first registered object.
    pub format: Option<String>,
    /// Options in order, values string, number, boolean or null.
    pub options: Vec<(String, serde_json::Value)>,
    /// The user's schema as DDL.
    pub schema: Option<String>,
    /// The paths handed to `load`.
    pub path: Option<ReadPath>,
}

/// One thing that is done before the query.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Loads a DataFrame and makes it a temporary view.
    Load {
        /// The view's name.
        view: String,
        /// What is loaded.
        read: Read,
    },
    /// A statement, whose result is collected and not compared.
    Sql(String),
    /// Python expressions of more objects to register.
    Register(Vec<String>),
    /// Goes on in another session of the same application.
    NewSession,
}

/// The argument of `load`.
#[derive(Debug, Clone, PartialEq)]
pub enum ReadPath {
    /// `load("a")`.
    One(String),
    /// `load(["a", "b"])`.
    Many(Vec<String>),
}

/// A method of a data source that records that it was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Callback {
    /// `DataSource.__init__`.
    Init,
    /// `DataSource.schema`.
    Schema,
    /// `DataSource.reader`.
    Reader,
    /// `DataSourceReader.partitions`.
    Partitions,
    /// `DataSourceReader.pushFilters`.
    PushFilters,
    /// `DataSourceReader.read`.
    Read,
}

/// A place in a case file; line and column count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file, relative to the working directory or as given.
    pub file: PathBuf,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// The cases of a folder, and what was wrong with the others.
#[derive(Debug, Default)]
pub struct Suite {
    /// All cases that are in order, sorted by id.
    pub cases: Vec<Case>,
    /// All problems, in the order of files and lines.
    pub diagnostics: Vec<Diagnostic>,
    /// The index of behaviours, in its own order; empty where there is none.
    pub behaviours: Vec<Behaviour>,
}

impl Callback {
    /// Its name in case files, in the runner protocol and in Python.
    pub fn name(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Schema => "schema",
            Self::Reader => "reader",
            Self::Partitions => "partitions",
            Self::PushFilters => "push_filters",
            Self::Read => "read",
        }
    }
}

#[cfg(test)]
mod tests;
