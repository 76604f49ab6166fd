//! `spark.read`: from a format's name and options to a loaded source.

use std::sync::Arc;

use super::{DataFrame, Session};
use crate::datasource::options::Options;
use crate::datasource::provider::PythonTableProvider;
use crate::error::condition::{DATA_SOURCE_NOT_FOUND, UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING};
use crate::error::{ExceptionClass, SparkError};
use crate::executor::CreateRequest;
use crate::python::interpreter::PythonRuntime;
use crate::types::StructType;

/// Collects what a read needs; [`load`](Self::load) ends it.
#[derive(Debug, Clone)]
pub struct DataFrameReader {
    session: Session,
    format: Option<String>,
    options: Options,
    null_option: Option<String>,
    schema: Option<StructType>,
}

impl DataFrameReader {
    pub(super) fn new(session: Session) -> Self {
        Self { session, format: None, options: Options::default(), null_option: None, schema: None }
    }

    /// The data source's name, in any case.
    #[must_use]
    pub fn format(mut self, name: impl Into<String>) -> Self {
        self.format = Some(name.into());
        self
    }

    /// Sets an option.
    #[must_use]
    pub fn option(mut self, name: &str, value: impl Into<String>) -> Self {
        self.options.set(name, value);
        self
    }

    /// An option without a value: an internal error when the source is loaded, before Spark 4.3; dropped since (OPT-NONE).
    #[must_use]
    pub fn null_option(mut self, name: &str) -> Self {
        self.null_option = Some(name.to_owned());
        self
    }

    /// The schema to read with, as DDL; the source is then not asked for its own (SCH-USER).
    ///
    /// # Errors
    /// What Spark's parser says of the text; `UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING`.
    pub fn schema(self, ddl: &str) -> Result<Self, SparkError> {
        self.schema_type(StructType::from_table_schema(ddl)?)
    }

    /// The schema to read with.
    ///
    /// # Errors
    /// `UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING` (SCH-CHAR-USER).
    pub fn schema_type(mut self, schema: StructType) -> Result<Self, SparkError> {
        if schema.has_char_or_varchar() {
            return Err(UNSUPPORTED_CHAR_OR_VARCHAR_AS_STRING.error([]));
        }
        self.schema = Some(schema);
        Ok(self)
    }

    /// Creates the data source and asks it for its schema, at once (REG-WHEN-CREATED). `paths` is what `load` was given.
    ///
    /// # Errors
    /// `DATA_SOURCE_NOT_FOUND`, `PYTHON_DATA_SOURCE_ERROR` (create, instance), and what is wrong with the schema.
    pub fn load(self, paths: &[String]) -> Result<DataFrame, SparkError> {
        let options = self.options.with_paths(paths)?;
        // Spark's default format is parquet, which this engine does not have.
        let provider = self.format.unwrap_or_else(|| "parquet".to_owned());
        let Some(class) = self.session.find_data_source(&provider)? else {
            return Err(DATA_SOURCE_NOT_FOUND.error([("provider", provider)]));
        };
        if let Some(name) = &self.null_option
            && PythonRuntime::get()?.spark_minor() < (4, 3)
        {
            return Err(SparkError::plain(
                ExceptionClass::Spark,
                format!(
                    "The option '{name}' has no value. Leave it out or give it one: before Spark 4.3 it may not be None."
                ),
            ));
        }
        let executor = Arc::clone(&self.session.inner.executor);
        let settings = self.session.conf().read_settings(&self.session.inner.settings);
        let request =
            CreateRequest { class, provider, options, user_schema: self.schema, traceback: settings.traceback };
        let table = PythonTableProvider::try_new(request, settings, executor)?;
        Ok(DataFrame::from_source(self.session, Arc::new(table)))
    }
}
