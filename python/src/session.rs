//! `Session` and `DataFrame` as Python objects.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatchIterator;
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchReader};
use arrow_pyarrow::IntoPyArrow;
use pyo3::prelude::*;
use seatrial_engine::error::SparkError;
use seatrial_engine::session::{DataFrame, Session};
use seatrial_engine::types::StructType;
use seatrial_engine::types::arrow::SPARK_FIELD;

use crate::errors::{raise, raise_registration};
use crate::waiting::wait;

/// A session of the engine.
#[pyclass(frozen, name = "Session", module = "seatrial._native")]
pub(crate) struct NativeSession {
    session: Session,
}

#[pymethods]
impl NativeSession {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        let session = py.detach(Session::try_new).map_err(|error| raise(py, &error))?;
        Ok(Self { session })
    }

    /// Registers a data source class and returns its name.
    fn register(&self, class: &Bound<'_, PyAny>) -> PyResult<String> {
        self.session.register_data_source(class).map_err(|error| raise_registration(class.py(), error))
    }

    /// Sets a runtime setting.
    fn set_conf(&self, py: Python<'_>, key: &str, value: &str) -> PyResult<()> {
        self.session.set_conf(key, value).map_err(|error| raise(py, &error))
    }

    /// Loads a data source. The schema is DDL or Spark's JSON; an option may lack a value.
    #[pyo3(signature = (format, options, paths, schema_ddl=None, schema_json=None))]
    fn load(
        &self,
        py: Python<'_>,
        format: Option<&str>,
        options: Vec<(String, Option<String>)>,
        paths: Vec<String>,
        schema_ddl: Option<&str>,
        schema_json: Option<&str>,
    ) -> PyResult<NativeDataFrame> {
        let load = || -> Result<DataFrame, SparkError> {
            let mut reader = self.session.read();
            if let Some(format) = format {
                reader = reader.format(format);
            }
            for (name, value) in options {
                reader = match value {
                    Some(value) => reader.option(&name, value),
                    None => reader.null_option(&name),
                };
            }
            if let Some(ddl) = schema_ddl {
                reader = reader.schema(ddl)?;
            }
            if let Some(json) = schema_json {
                reader = reader.schema_type(StructType::from_json(json)?)?;
            }
            reader.load(&paths)
        };
        let frame = py.detach(load).map_err(|error| raise(py, &error))?;
        Ok(NativeDataFrame { frame })
    }

    /// Plans a SQL statement.
    fn sql(&self, py: Python<'_>, query: &str) -> PyResult<NativeDataFrame> {
        Ok(NativeDataFrame { frame: wait(py, self.session.sql(query))? })
    }
}

/// A query that was analysed.
#[pyclass(frozen, name = "DataFrame", module = "seatrial._native")]
pub(crate) struct NativeDataFrame {
    frame: DataFrame,
}

#[pymethods]
impl NativeDataFrame {
    /// The schema as Spark's JSON text.
    fn schema_json(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.frame.schema().map_err(|error| raise(py, &error))?.to_json().to_string())
    }

    /// Executes the query; a `pyarrow.RecordBatchReader` over all of its rows.
    fn collect<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (schema, batches) = wait(py, async {
            let plan = self.frame.plan().await?;
            Ok((plan.schema(), plan.collect().await?))
        })?;
        let schema = Arc::new(without_engine_metadata(&schema));
        let batches = batches.into_iter().map({
            let schema = Arc::clone(&schema);
            move |batch| -> Result<RecordBatch, ArrowError> {
                let (_, columns, rows) = batch.into_parts();
                let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
                RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)
            }
        });
        let reader: Box<dyn RecordBatchReader + Send> =
            Box::new(RecordBatchIterator::new(batches.collect::<Vec<_>>(), schema));
        reader.into_pyarrow(py)
    }

    /// Makes the query a temporary view of its session.
    fn create_or_replace_temp_view(&self, py: Python<'_>, name: &str) -> PyResult<()> {
        self.frame.create_or_replace_temp_view(name).map_err(|error| raise(py, &error))
    }

    /// The physical plan as text.
    fn explain(&self, py: Python<'_>) -> PyResult<String> {
        wait(py, self.frame.explain())
    }
}

/// The schema without the Spark types that the engine keeps in field metadata.
fn without_engine_metadata(schema: &Schema) -> Schema {
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| {
            let metadata: HashMap<String, String> = field
                .metadata()
                .iter()
                .filter(|(key, _)| key.as_str() != SPARK_FIELD)
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            field.as_ref().clone().with_metadata(metadata)
        })
        .collect();
    Schema::new(fields)
}
