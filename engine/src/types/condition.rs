//! The error conditions that types raise: each with Spark's text, SQLSTATE and parameters.
//!
//! Errors of DDL text carry a position; see [`ddl`](super::ddl) for how that is shown.

use std::collections::BTreeMap;

use crate::error::{ExceptionClass, SparkError};

/// Builds an error whose message is `[CONDITION] text SQLSTATE: state`.
///
/// A condition without an SQLSTATE is one of Spark's unnamed ones (`_LEGACY_ERROR_TEMP_…`), whose message is the bare text.
pub(crate) fn error(
    exception: ExceptionClass,
    condition: &str,
    sql_state: Option<&str>,
    parameters: &[(&str, String)],
    text: &str,
) -> SparkError {
    let message = match sql_state {
        Some(state) => format!("[{condition}] {text} SQLSTATE: {state}"),
        None => text.to_owned(),
    };
    SparkError {
        exception,
        condition: Some(condition.to_owned()),
        sql_state: sql_state.map(str::to_owned),
        parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        message,
    }
}

/// An error for which Spark fails inside the JVM, without a condition.
pub(crate) fn unnamed(message: String) -> SparkError {
    SparkError {
        exception: ExceptionClass::Spark,
        condition: None,
        sql_state: None,
        parameters: BTreeMap::new(),
        message,
    }
}

/// `INVALID_SCHEMA.NON_STRUCT_TYPE`: a data source's schema is a type, but not a struct (SCH-DDL-NONSTRUCT).
///
/// `input` is the DDL or JSON text; `sql` the type as SQL writes it.
pub(crate) fn non_struct_schema(input: &str, sql: &str) -> SparkError {
    error(
        ExceptionClass::Analysis,
        "INVALID_SCHEMA.NON_STRUCT_TYPE",
        Some("42K07"),
        &[("inputSchema", input.to_owned()), ("dataType", format!("\"{sql}\""))],
        &format!(
            "The input schema {input} is not a valid schema string. The input expression should be evaluated to struct type, but got \"{sql}\"."
        ),
    )
}

/// `INVALID_SCHEMA.PARSE_ERROR`: the parser itself failed, for example on a length that is not an `int`.
pub(crate) fn schema_parse_error(input: &str, reason: &str) -> SparkError {
    error(
        ExceptionClass::Analysis,
        "INVALID_SCHEMA.PARSE_ERROR",
        Some("42K07"),
        &[("inputSchema", format!("\"{input}\"")), ("reason", reason.to_owned())],
        &format!("The input schema \"{input}\" is not a valid schema string. Cannot parse the schema:\n{reason}"),
    )
}

/// `INVALID_JSON_DATA_TYPE`: JSON that names no type (SCH-STRUCTFIELD).
pub(crate) fn invalid_json_type(invalid: &str) -> SparkError {
    error(
        ExceptionClass::IllegalArgument,
        "INVALID_JSON_DATA_TYPE",
        Some("2203G"),
        &[("invalidType", invalid.to_owned())],
        &format!("Failed to convert the JSON string '{invalid}' to a data type. Please enter a valid data type."),
    )
}

/// `INVALID_JSON_DATA_TYPE_FOR_COLLATIONS`: `__COLLATIONS` names a field that is not a string.
pub(crate) fn invalid_json_type_for_collations(json_type: &str) -> SparkError {
    error(
        ExceptionClass::IllegalArgument,
        "INVALID_JSON_DATA_TYPE_FOR_COLLATIONS",
        Some("2203G"),
        &[("jsonType", json_type.to_owned())],
        &format!("Collations can only be applied to string types, but the JSON data type is {json_type}."),
    )
}

/// `DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION`.
pub(crate) fn decimal_precision(precision: i64) -> SparkError {
    error(
        ExceptionClass::Arithmetic,
        "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
        Some("22003"),
        &[("precision", precision.to_string()), ("maxPrecision", "38".to_owned())],
        &format!("Decimal precision {precision} exceeds max precision 38."),
    )
}

/// A decimal whose scale is greater than its precision.
pub(crate) fn decimal_scale(precision: i64, scale: i64) -> SparkError {
    error(
        ExceptionClass::Analysis,
        "_LEGACY_ERROR_TEMP_1228",
        None,
        &[("scale", scale.to_string()), ("precision", precision.to_string())],
        &format!("Decimal scale ({scale}) cannot be greater than precision ({precision})."),
    )
}

/// `NEGATIVE_SCALE_DISALLOWED`.
pub(crate) fn negative_scale(scale: i64) -> SparkError {
    let conf = "\"spark.sql.legacy.allowNegativeScaleOfDecimal\"";
    error(
        ExceptionClass::Analysis,
        "NEGATIVE_SCALE_DISALLOWED",
        Some("0A000"),
        &[("scale", scale.to_string()), ("sqlConf", conf.to_owned())],
        &format!("Negative scale is not allowed: '{scale}'. Set the config {conf} to \"true\" to allow it."),
    )
}

/// `UNSUPPORTED_TIME_PRECISION`.
pub(crate) fn time_precision(precision: i64) -> SparkError {
    error(
        ExceptionClass::Spark,
        "UNSUPPORTED_TIME_PRECISION",
        Some("0A001"),
        &[("precision", precision.to_string())],
        &format!("The seconds precision {precision} of the TIME data type is out of the supported range [0, 6]."),
    )
}

/// `COLLATION_INVALID_NAME`, with the names that come nearest.
pub(crate) fn collation_name(name: &str, proposals: &str) -> SparkError {
    error(
        ExceptionClass::Spark,
        "COLLATION_INVALID_NAME",
        Some("42704"),
        &[("collationName", name.to_owned()), ("proposals", proposals.to_owned())],
        &format!(
            "The value {name} does not represent a correct collation name. Suggested valid collation names: [{proposals}]."
        ),
    )
}

/// `COLLATION_INVALID_PROVIDER`.
pub(crate) fn collation_provider(provider: &str) -> SparkError {
    error(
        ExceptionClass::Spark,
        "COLLATION_INVALID_PROVIDER",
        Some("42704"),
        &[("provider", provider.to_owned()), ("supportedProviders", "[spark, icu]".to_owned())],
        &format!(
            "The value {provider} does not represent a correct collation provider. Supported providers are: [spark, icu]."
        ),
    )
}

/// `ST_INVALID_SRID_VALUE`.
pub(crate) fn srid(srid: &str) -> SparkError {
    error(
        ExceptionClass::IllegalArgument,
        "ST_INVALID_SRID_VALUE",
        Some("22023"),
        &[("srid", srid.to_owned())],
        &format!("Invalid or unsupported SRID (spatial reference identifier) value: {srid}."),
    )
}

/// `ST_INVALID_ALGORITHM_VALUE`: what `geography(…)` names as its algorithm is none.
pub(crate) fn geography_algorithm(algorithm: &str) -> SparkError {
    error(
        ExceptionClass::IllegalArgument,
        "ST_INVALID_ALGORITHM_VALUE",
        Some("22023"),
        &[("alg", algorithm.to_owned())],
        &format!("Invalid or unsupported edge interpolation algorithm value: '{algorithm}'."),
    )
}

/// PySpark's `UNSUPPORTED_DATA_TYPE_FOR_ARROW_CONVERSION`; `data_type` as PySpark's `str(type)`.
pub(crate) fn unsupported_for_arrow(data_type: &str) -> SparkError {
    SparkError {
        exception: ExceptionClass::Python,
        condition: Some("UNSUPPORTED_DATA_TYPE_FOR_ARROW_CONVERSION".to_owned()),
        sql_state: None,
        parameters: BTreeMap::from([("data_type".to_owned(), data_type.to_owned())]),
        message: format!(
            "[UNSUPPORTED_DATA_TYPE_FOR_ARROW_CONVERSION] {data_type} is not supported in conversion to Arrow."
        ),
    }
}
