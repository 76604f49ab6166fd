//! Settings: the engine's own from the environment, and Spark's runtime settings of a session.

use std::collections::BTreeMap;

use super::settings::{
    self, ANSI, FILTER_PUSHDOWN, HIDE_TRACEBACK, MAX_RECORDS_PER_BATCH, SIMPLIFIED_TRACEBACK, TIME_ZONE,
};
use super::time_zone;
use crate::error::condition::{
    CANNOT_MODIFY_STATIC_CONFIG, INVALID_CONF_OPTION, INVALID_CONF_TIME_ZONE, INVALID_CONF_VALUE,
};
use crate::error::{ExceptionClass, SparkError};
use crate::executor::ReadSettings;
use crate::python::exception::TracebackStyle;
use crate::python::interpreter::spark_minor;

/// `spark.sql.pyspark.dataSource.profiler`, since Spark 4.2; and what it may be.
const PROFILER: (&str, [&str; 2]) = ("spark.sql.pyspark.dataSource.profiler", ["perf", "memory"]);

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
    /// `INVALID_CONF_VALUE.TYPE_MISMATCH`, `INVALID_CONF_VALUE.OUT_OF_RANGE_OF_OPTIONS`, `INVALID_CONF_VALUE.TIME_ZONE`,
    /// `CANNOT_MODIFY_STATIC_CONFIG`.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), SparkError> {
        refuse_static(key)?;
        if key == PROFILER.0 && !PROFILER.1.contains(&value) && spark_minor() >= (4, 2) {
            return Err(INVALID_CONF_OPTION.error([
                ("confName", key.to_owned()),
                ("confValue", value.to_owned()),
                ("confOptions", PROFILER.1.join(", ")),
            ]));
        }
        if key == TIME_ZONE && time_zone::known(value).is_none() {
            return Err(INVALID_CONF_TIME_ZONE.error([("confName", key.to_owned()), ("confValue", value.to_owned())]));
        }
        let kind = match key {
            MAX_RECORDS_PER_BATCH if value.trim().parse::<i32>().is_err() => "int",
            _ if boolean(value).is_none() && settings::find(key).is_some_and(settings::Setting::is_flag) => "boolean",
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

    /// Forgets a value.
    ///
    /// # Errors
    /// `CANNOT_MODIFY_STATIC_CONFIG`.
    pub fn unset(&mut self, key: &str) -> Result<(), SparkError> {
        refuse_static(key)?;
        self.values.remove(key);
        Ok(())
    }

    /// A value as `SET` and `spark.conf.get` show it: as it was set, or the default that the Spark version we follow has.
    pub fn shown(&self, key: &str) -> Option<&str> {
        self.get(key).or_else(|| known(key).map(|setting| setting.default))
    }

    /// The values that were set, by key.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether Spark knows the key and lets a session change it (`spark.conf.isModifiable`).
    pub fn is_modifiable(key: &str) -> bool {
        known(key).is_some_and(|setting| setting.key.starts_with("spark.sql.")) && !settings::STATIC.contains(&key)
    }

    fn flag(&self, key: &str, default: bool) -> bool {
        self.get(key).and_then(boolean).unwrap_or(default)
    }

    /// The time zone in which instants are shown as text, by the name that clocks know; UTC unless it is set.
    pub fn time_zone(&self) -> String {
        self.get(TIME_ZONE).and_then(time_zone::known).unwrap_or_else(|| "UTC".to_owned())
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

/// The setting of that name, if the Spark version we follow has it.
fn known(key: &str) -> Option<&'static settings::Setting> {
    settings::find_in(key, spark_minor())
}

fn refuse_static(key: &str) -> Result<(), SparkError> {
    if settings::STATIC.contains(&key) {
        return Err(CANNOT_MODIFY_STATIC_CONFIG.error([("key", format!("\"{key}\""))]));
    }
    Ok(())
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

    #[test]
    fn a_setting_is_shown_as_it_was_set_or_by_its_default() {
        let mut conf = SessionConf::default();
        assert_eq!(conf.shown(TIME_ZONE), Some("UTC"));
        assert_eq!(conf.set(TIME_ZONE, "Asia/Tokyo"), Ok(()));
        assert_eq!((conf.shown(TIME_ZONE), conf.shown("a.b")), (Some("Asia/Tokyo"), None));
        assert_eq!(conf.values().collect::<Vec<_>>(), [(TIME_ZONE, "Asia/Tokyo")]);
        assert_eq!(conf.unset(TIME_ZONE), Ok(()));
        assert_eq!(conf.shown(TIME_ZONE), Some("UTC"));
    }

    #[test]
    fn what_belongs_to_the_program_is_not_modifiable() {
        assert!(SessionConf::is_modifiable(ANSI) && !SessionConf::is_modifiable("a.b"));
        let error = SessionConf::default().set("spark.sql.warehouse.dir", "/tmp").map_err(|error| error.message);
        let message = "[CANNOT_MODIFY_STATIC_CONFIG] Cannot modify the value of the static Spark config: \
                       \"spark.sql.warehouse.dir\". SQLSTATE: 46110";
        assert_eq!(error, Err(message.to_owned()));
    }
}
