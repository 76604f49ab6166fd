//! What the evaluation of functions depends on besides its input: the settings of the session when the query is planned.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType as ArrowType, Field};

use crate::error::SparkError;
use crate::python::exception::TracebackStyle;
use crate::session::SessionConf;
use crate::types::DataType;
use crate::types::arrow::layout::Layout;
use crate::types::arrow::to_arrow_type;

/// The settings that PySpark's workers know.
const OF_WORKERS: [&str; 13] = [
    "spark.sql.execution.arrow.maxBytesPerBatch",
    "spark.sql.execution.arrow.maxRecordsPerBatch",
    "spark.sql.execution.arrow.useLargeVarTypes",
    "spark.sql.execution.pandas.convertToArrowArraySafely",
    "spark.sql.execution.pyspark.binaryAsBytes",
    "spark.sql.execution.pythonUDF.pandas.intToDecimalCoercionEnabled",
    "spark.sql.execution.pythonUDF.pandas.preferIntExtensionDtype",
    "spark.sql.execution.pythonUDTF.arrow.enabled",
    "spark.sql.execution.pythonUDTF.legacy.pandas.conversion.enabled",
    "spark.sql.legacy.execution.pandas.groupedMap.assignColumnsByName",
    "spark.sql.legacy.execution.pythonUDF.pandas.conversion.enabled",
    "spark.sql.legacy.execution.pythonUDTF.pandas.conversion.enabled",
    "spark.sql.session.timeZone",
];

/// The settings of an evaluation.
#[derive(Debug)]
pub(crate) struct WorkerSettings {
    /// The settings that workers know, by name.
    pub(super) conf: BTreeMap<String, String>,
    /// The Arrow types that workers are given.
    layout: Layout,
    /// Rows in a batch, at most.
    pub(super) max_records: usize,
    /// Batches that may wait on either side of a worker.
    pub(super) channel_capacity: usize,
    /// How errors show Python's frames.
    pub(super) traceback: TracebackStyle,
}

impl WorkerSettings {
    /// Those of a session.
    pub(crate) fn of_session(conf: &SessionConf, engine: &crate::session::EngineSettings) -> Self {
        let read = conf.read_settings(engine);
        let of_workers = OF_WORKERS.iter().filter_map(|key| Some(((*key).to_owned(), conf.shown(key)?.to_owned())));
        Self {
            conf: of_workers.collect(),
            layout: Layout::of_session(conf),
            // Zero and less stand for no limit.
            max_records: usize::try_from(read.max_records_per_batch).ok().filter(|max| *max > 0).unwrap_or(usize::MAX),
            channel_capacity: read.channel_capacity,
            traceback: read.traceback,
        }
    }

    /// The field in which a worker is given a column of that type.
    ///
    /// # Errors
    /// When the type has no Arrow form.
    pub(super) fn field(&self, name: &str, data_type: &DataType) -> Result<Field, SparkError> {
        let arrow: ArrowType = to_arrow_type(data_type)?;
        Ok(Field::new(name, self.layout.of(&arrow), true))
    }
}
