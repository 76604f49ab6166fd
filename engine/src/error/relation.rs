//! Errors about relations that are not there, and names as Spark's errors show them.

use super::SparkError;
use super::condition::{TABLE_OR_VIEW_NOT_FOUND, TABLE_OR_VIEW_NOT_FOUND_4_1};
use crate::python::interpreter::spark_minor;

/// Where Spark looks for a name without a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchPath {
    /// For the relations of a query.
    Query,
    /// For the object of a statement, such as `SHOW CREATE TABLE`.
    Statement,
}

/// A name in back quotes, its parts separated by dots.
pub fn quoted<T: AsRef<str>>(parts: &[T]) -> String {
    parts.iter().map(|part| format!("`{}`", part.as_ref().replace('`', "``"))).collect::<Vec<_>>().join(".")
}

/// How many columns Spark suggests at most.
const SUGGESTIONS: usize = 5;

/// The columns whose names are nearest to one that was not found, as an error lists them. What all of them are qualified by is left
/// out where the wanted name does not have it either.
pub fn suggestions(wanted: &[&str], mut candidates: Vec<Vec<String>>) -> String {
    let agree = |candidates: &[Vec<String>], kept: usize| {
        let mut qualifiers = candidates
            .iter()
            .map(|candidate| candidate.get(..candidate.len().saturating_sub(kept)).unwrap_or_default());
        let first = qualifiers.next();
        qualifiers.all(|qualifier| Some(qualifier) == first)
    };
    let kept = match wanted.len() {
        1 if agree(&candidates, 1) => 1,
        1 | 2 if agree(&candidates, 2) => 2,
        _ => usize::MAX,
    };
    candidates.sort();
    let wanted = wanted.join(".");
    let mut shown: Vec<String> =
        candidates.iter().map(|candidate| quoted(&candidate[candidate.len().saturating_sub(kept)..])).collect();
    shown.sort_by_key(|candidate| strsim::levenshtein(candidate, &wanted));
    shown.truncate(SUGGESTIONS);
    shown.join(", ")
}

/// `TABLE_OR_VIEW_NOT_FOUND`, which tells since Spark 4.2 where the name was looked for.
pub fn not_found<T: AsRef<str>>(name: &[T], path: SearchPath) -> SparkError {
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&["nope"], &["t.id", "t.d", "t.dec", "t.ar"], "`ar`, `d`, `id`, `dec`")]
    #[case(&["t", "nope"], &["t.id", "t.name"], "`t`.`id`, `t`.`name`")]
    #[case(&["nope", "id"], &["t.id", "t.name", "t.s"], "`t`.`id`, `t`.`s`, `t`.`name`")]
    #[case(&["nope"], &["t.id", "count"], "`count`, `t`.`id`")]
    #[case(&["nope"], &["c.s.t.id", "c.s.u.id"], "`t`.`id`, `u`.`id`")]
    fn the_nearest_columns_are_suggested(#[case] wanted: &[&str], #[case] known: &[&str], #[case] expected: &str) {
        let known = known.iter().map(|name| name.split('.').map(str::to_owned).collect()).collect();
        assert_eq!(suggestions(wanted, known), expected);
    }
}
