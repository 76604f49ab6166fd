//! Errors about relations that are not there, and names as Spark's errors show them.

use super::SparkError;
use super::condition::{TABLE_OR_VIEW_NOT_FOUND, TABLE_OR_VIEW_NOT_FOUND_4_1};
use crate::python::interpreter::spark_minor;

/// Where Spark looks for a name without a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SearchPath {
    /// For the relations of a query.
    Query,
    /// For the object of a statement, such as `SHOW CREATE TABLE`.
    Statement,
}

/// A name in back quotes, its parts separated by dots.
pub(crate) fn quoted<T: AsRef<str>>(parts: &[T]) -> String {
    parts.iter().map(|part| format!("`{}`", part.as_ref().replace('`', "``"))).collect::<Vec<_>>().join(".")
}

/// `TABLE_OR_VIEW_NOT_FOUND`, which tells since Spark 4.2 where the name was looked for.
pub(crate) fn not_found<T: AsRef<str>>(name: &[T], path: SearchPath) -> SparkError {
    let relation = ("relationName", quoted(name));
    if spark_minor() < (4, 2) {
        return TABLE_OR_VIEW_NOT_FOUND_4_1.error([relation]);
    }
    let namespace = match name {
        _ if path == SearchPath::Query => {
            "`system`.`builtin`, `system`.`session`, `spark_catalog`.`default`".to_owned()
        }
        [schema, _] => quoted(&["spark_catalog", schema.as_ref()]),
        [catalog, schema, _] => quoted(&[catalog.as_ref(), schema.as_ref()]),
        _ => "`system`.`session`, `spark_catalog`.`default`".to_owned(),
    };
    TABLE_OR_VIEW_NOT_FOUND.error([relation, ("searchPath", format!("[{namespace}]"))])
}
