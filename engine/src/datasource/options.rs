//! The options of a read: names without case, values as text, and what `load`'s path becomes.

use std::collections::BTreeMap;

use crate::error::SparkError;
use crate::error::condition::PATH_OPTION_AND_ARGUMENT;

/// Options by lower-case name; of two names that differ in case only, the last set wins (OPT-DUP-CASE).
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Options(BTreeMap<String, String>);

impl Options {
    /// Sets an option.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_lowercase(), value.into());
    }

    /// The options with `load`'s paths: one becomes `path`, several become `paths`, a JSON list (OPT-PATHS).
    ///
    /// # Errors
    /// When a path is given twice (OPT-PATH-BOTH).
    pub fn with_paths(&self, paths: &[String]) -> Result<BTreeMap<String, String>, SparkError> {
        let mut options = self.0.clone();
        if paths.is_empty() {
            return Ok(options);
        }
        if options.contains_key("path") || options.contains_key("paths") {
            return Err(
                PATH_OPTION_AND_ARGUMENT.error([("config", "spark.sql.legacy.pathOptionBehavior.enabled".to_owned())])
            );
        }
        match paths {
            [path] => options.insert("path".to_owned(), path.clone()),
            paths => options.insert("paths".to_owned(), serde_json::Value::from(paths.to_vec()).to_string()),
        };
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_two_spellings_wins() {
        let mut options = Options::default();
        options.set("Foo", "1");
        options.set("foo", "2");
        assert_eq!(options.with_paths(&[]), Ok(BTreeMap::from([("foo".to_owned(), "2".to_owned())])));
    }

    #[test]
    fn several_paths_are_a_json_list() {
        let options = Options::default().with_paths(&["/a".to_owned(), "/b".to_owned()]);
        assert_eq!(options, Ok(BTreeMap::from([("paths".to_owned(), r#"["/a","/b"]"#.to_owned())])));
    }

    #[test]
    fn a_path_given_twice_is_refused() {
        let mut options = Options::default();
        options.set("PATH", "/a");
        let error = options.with_paths(&["/b".to_owned()]);
        assert_eq!(error.map_err(|error| error.condition), Err(Some("_LEGACY_ERROR_TEMP_1306".to_owned())));
    }
}
