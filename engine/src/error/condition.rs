//! The catalogue of error conditions that the engine raises: name, SQLSTATE, exception class, and the message's template.
//!
//! A template's `<name>` is replaced by the parameter of that name. The conditions and their texts are Spark's interface:
//! clients match on them.

use super::{ExceptionClass, SparkError};

/// An error condition of Spark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// The name, as `getCondition()` returns it.
    pub name: &'static str,
    /// The SQLSTATE; empty for the few legacy conditions that have none.
    pub sql_state: &'static str,
    /// The exception class that carries it.
    pub exception: ExceptionClass,
    /// The message with `<parameter>` placeholders.
    pub template: &'static str,
}

macro_rules! conditions {
    ($($(#[$doc:meta])* $ident:ident = $name:literal, $state:literal, $class:ident, $template:literal;)*) => {
        $($(#[$doc])* pub const $ident: Condition = Condition {
            name: $name, sql_state: $state, exception: ExceptionClass::$class, template: $template,
        };)*
        /// Every condition, for listings.
        pub const ALL: &[Condition] = &[$($ident),*];
    };
}

conditions! {
    /// A planning callback of a Python data source failed (ERR-DSERR).
    PYTHON_DATA_SOURCE_ERROR = "PYTHON_DATA_SOURCE_ERROR", "38000", Analysis,
        "Failed to <action> Python data source <type>: <msg>";
    /// Python code failed in a task (ERR-TASK).
    PYTHON_EXCEPTION = "PYTHON_EXCEPTION", "38000", Python, "<msg>:\n<traceback>";
    /// A registered name is that of a built-in source (REG-BUILTIN-CLASH).
    DATA_SOURCE_ALREADY_EXISTS = "DATA_SOURCE_ALREADY_EXISTS", "42710", Analysis,
        "Data source '<provider>' already exists. Please choose a different name for the new data source.";
    /// No source of that name (REG-UNKNOWN).
    DATA_SOURCE_NOT_FOUND = "DATA_SOURCE_NOT_FOUND", "42K02", Spark,
        "Failed to find the data source: <provider>. Make sure the provider name is correct and the package is properly registered and compatible with your Spark version.";
    /// `path` given twice (OPT-PATH-BOTH).
    PATH_OPTION_AND_ARGUMENT = "_LEGACY_ERROR_TEMP_1306", "", Analysis,
        "There is a 'path' or 'paths' option set and load() is called with path parameters. Either remove the path option if it's the same as the path parameter, or add it to the load() parameter if you do want to read multiple paths. To ignore this check, set '<config>' to 'true'.";
    /// A user schema with char or varchar (SCH-CHAR-USER).
    UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING = "UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING", "0A000", Analysis,
        "The char/varchar type can't be used in the table schema.\nIf you want Spark treat them as string type as same as Spark 3.0 and earlier, please set \"spark.sql.legacy.charVarcharAsString\" to \"true\".";
    /// A column that no relation of the query has, with near names.
    UNRESOLVED_COLUMN_WITH_SUGGESTION = "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703", Analysis,
        "A column, variable, or function parameter with name <objectName> cannot be resolved. Did you mean one of the following? [<proposal>].";
    /// A column that no relation of the query has.
    UNRESOLVED_COLUMN_WITHOUT_SUGGESTION = "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "42703", Analysis,
        "A column, variable, or function parameter with name <objectName> cannot be resolved.";
    /// A relation that the catalogue does not have.
    TABLE_OR_VIEW_NOT_FOUND = "TABLE_OR_VIEW_NOT_FOUND", "42P01", Analysis,
        "The table or view <relationName> cannot be found. Verify the spelling and correctness of the schema and catalog.\nIf you did not qualify the name with a schema, verify the current_schema() output, or qualify the name with the correct schema and catalog.\nTo tolerate the error on drop use DROP VIEW IF EXISTS or DROP TABLE IF EXISTS.";
    /// A setting's value that does not parse.
    INVALID_CONF_VALUE = "INVALID_CONF_VALUE.TYPE_MISMATCH", "22022", IllegalArgument,
        "The value '<confValue>' in the config \"<confName>\" is invalid. It should be a/an '<confType>' value.";
}

impl Condition {
    /// The error with these parameters.
    pub fn error<const N: usize>(self, parameters: [(&str, String); N]) -> SparkError {
        let mut text = self.template.to_owned();
        for (name, value) in &parameters {
            text = text.replace(&format!("<{name}>"), value);
        }
        // Spark's unnamed conditions show the text alone.
        let message = if self.sql_state.is_empty() {
            text
        } else {
            format!("[{}] {text} SQLSTATE: {}", self.name, self.sql_state)
        };
        SparkError {
            exception: self.exception,
            condition: Some(self.name.to_owned()),
            sql_state: (!self.sql_state.is_empty()).then(|| self.sql_state.to_owned()),
            parameters: parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            message,
        }
    }
}
