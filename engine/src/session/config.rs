//! Settings: the engine's own from the environment, and Spark's runtime settings of a session.

use std::collections::BTreeMap;

use crate::error::condition::{INVALID_CONF_OPTION, INVALID_CONF_VALUE};
use crate::error::{ExceptionClass, SparkError};
use crate::executor::ReadSettings;
use crate::python::exception::TracebackStyle;
use crate::python::interpreter::spark_minor;

/// `spark.sql.execution.arrow.maxRecordsPerBatch`.
const MAX_RECORDS_PER_BATCH: &str = "spark.sql.execution.arrow.maxRecordsPerBatch";
/// `spark.sql.python.filterPushdown.enabled`.
const FILTER_PUSHDOWN: &str = "spark.sql.python.filterPushdown.enabled";

/// `spark.sql.pyspark.dataSource.profiler`, since Spark 4.2; and what it may be.
const PROFILER: (&str, [&str; 2]) = ("spark.sql.pyspark.dataSource.profiler", ["perf", "memory"]);
/// `spark.sql.ansi.enabled`.
const ANSI: &str = "spark.sql.ansi.enabled";
/// `spark.sql.session.timeZone`.
const TIME_ZONE: &str = "spark.sql.session.timeZone";

/// `spark.sql.execution.pyspark.udf.hideTraceback.enabled`.
const HIDE_TRACEBACK: &str = "spark.sql.execution.pyspark.udf.hideTraceback.enabled";
/// `spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled`.
const SIMPLIFIED_TRACEBACK: &str = "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled";

/// The settings of Python data sources that have a default, the version that brought them, and the default (MISC-CONFS).
const DEFAULTS: &[(&str, (u32, u32), &str)] = &[
    (MAX_RECORDS_PER_BATCH, (4, 0), "10000"),
    (FILTER_PUSHDOWN, (4, 1), "false"),
    (HIDE_TRACEBACK, (4, 0), "false"),
    (SIMPLIFIED_TRACEBACK, (4, 0), "true"),
    ("spark.sql.execution.pyspark.binaryAsBytes", (4, 1), "true"),
    ("spark.sql.pyspark.worker.logging.enabled", (4, 1), "false"),
    (TIME_ZONE, (4, 0), "UTC"),
];

/// How the engine runs Python. The names are those that Sail's users know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineSettings {
    /// `SAIL_PYTHON_BATCH_SIZE`: rows in a batch that is made of Python rows; 8192.
    pub batch_size: usize,
    /// `SAIL_PYTHON_CHANNEL_BUFFER`: batches that may wait between a partition's thread and the engine; 4.
    pub channel_buffer: usize,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self { batch_size: 8192, channel_buffer: 4 }
    }
}

impl EngineSettings {
    /// The settings in the environment.
    ///
    /// # Errors
    /// When a value does not parse, or asks for what this build does not have.
    pub fn from_environment() -> Result<Self, SparkError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SparkError> {
        let default = Self::default();
        let number = |name: &str, default: usize| match variable(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|number| *number > 0)
                .ok_or_else(|| refusal(format!("{name}={text}: expected a whole number above 0"))),
        };
        match variable("SAIL_PYTHON_ISOLATION_MODE").as_deref() {
            None | Some("in_process") => {}
            Some("subprocess") => {
                return Err(refusal(
                    "SAIL_PYTHON_ISOLATION_MODE=subprocess: this build runs Python in process only; unset the variable",
                ));
            }
            Some(other) => {
                return Err(refusal(format!("SAIL_PYTHON_ISOLATION_MODE={other}: expected in_process or subprocess")));
            }
        }
        Ok(Self {
            batch_size: number("SAIL_PYTHON_BATCH_SIZE", default.batch_size)?,
            channel_buffer: number("SAIL_PYTHON_CHANNEL_BUFFER", default.channel_buffer)?,
        })
    }
}

fn refusal(message: impl Into<String>) -> SparkError {
    SparkError::plain(ExceptionClass::IllegalArgument, message)
}

/// A session's runtime settings, `spark.conf`.
#[derive(Debug, Clone, Default)]
pub struct SessionConf {
    values: BTreeMap<String, String>,
}

impl SessionConf {
    /// Sets a value; settings that the engine reads are checked.
    ///
    /// # Errors
    /// `INVALID_CONF_VALUE.TYPE_MISMATCH`, `INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS`.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), SparkError> {
        if key == PROFILER.0 && !PROFILER.1.contains(&value) && spark_minor() >= (4, 2) {
            return Err(INVALID_CONF_OPTION.error([
                ("confName", key.to_owned()),
                ("confValue", value.to_owned()),
                ("confOptions", PROFILER.1.join(", ")),
            ]));
        }
        let kind = match key {
            MAX_RECORDS_PER_BATCH if value.trim().parse::<i32>().is_err() => "int",
            ANSI | FILTER_PUSHDOWN | HIDE_TRACEBACK | SIMPLIFIED_TRACEBACK if boolean(value).is_none() => "boolean",
            _ => {
                self.values.insert(key.to_owned(), value.to_owned());
                return Ok(());
            }
        };
        Err(INVALID_CONF_VALUE.error([
            ("confValue", value.to_owned()),
            ("confName", key.to_owned()),
            ("confType", kind.to_owned()),
        ]))
    }

    /// A value as it was set.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// A value as `SET` shows it: as it was set, or the default that this version of Spark has.
    pub(super) fn shown(&self, key: &str, spark_minor: (u32, u32)) -> Option<&str> {
        let default = || {
            let (_, since, value) = DEFAULTS.iter().find(|(name, ..)| *name == key)?;
            (spark_minor >= *since).then_some(*value)
        };
        self.get(key).or_else(default)
    }

    fn flag(&self, key: &str, default: bool) -> bool {
        self.get(key).and_then(boolean).unwrap_or(default)
    }

    /// The time zone in which instants are shown as text; UTC unless it is set.
    pub(super) fn time_zone(&self) -> &str {
        self.get(TIME_ZONE).unwrap_or("UTC")
    }

    /// Whether what has no result is an error instead of null.
    pub(super) fn ansi(&self) -> bool {
        self.flag(ANSI, true)
    }

    /// The settings of a read in this session.
    pub fn read_settings(&self, engine: &EngineSettings) -> ReadSettings {
        ReadSettings {
            batch_size: engine.batch_size,
            channel_capacity: engine.channel_buffer,
            max_records_per_batch: self
                .get(MAX_RECORDS_PER_BATCH)
                .and_then(|value| value.trim().parse().ok())
                .unwrap_or(10_000),
            filter_pushdown: self.flag(FILTER_PUSHDOWN, false),
            traceback: match (self.flag(HIDE_TRACEBACK, false), self.flag(SIMPLIFIED_TRACEBACK, true)) {
                (true, _) => TracebackStyle::Hidden,
                (false, true) => TracebackStyle::Simplified,
                (false, false) => TracebackStyle::Full,
            },
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[], Ok((8192, 4)))]
    #[case(&[("SAIL_PYTHON_BATCH_SIZE", "10"), ("SAIL_PYTHON_CHANNEL_BUFFER", "1")], Ok((10, 1)))]
    #[case(&[("SAIL_PYTHON_ISOLATION_MODE", "in_process")], Ok((8192, 4)))]
    #[case(&[("SAIL_PYTHON_BATCH_SIZE", "0")], Err("SAIL_PYTHON_BATCH_SIZE=0: expected a whole number above 0"))]
    #[case(&[("SAIL_PYTHON_ISOLATION_MODE", "vm")], Err("SAIL_PYTHON_ISOLATION_MODE=vm: expected in_process or subprocess"))]
    fn settings_come_from_the_environment(
        #[case] variables: &[(&str, &str)],
        #[case] expected: Result<(usize, usize), &str>,
    ) {
        let settings = EngineSettings::from_variables(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        let actual = settings.map(|settings| (settings.batch_size, settings.channel_buffer));
        assert_eq!(actual.map_err(|error| error.message), expected.map_err(str::to_owned));
    }

    #[test]
    fn a_setting_of_the_wrong_type_is_refused() {
        let error = SessionConf::default().set(MAX_RECORDS_PER_BATCH, "many");
        assert_eq!(error.map_err(|error| error.condition), Err(Some("INVALID_CONF_VALUE.TYPE_MISMATCH".to_owned())));
    }
}
