//! The scan of a Python data source as a physical plan.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, future};
use serde::{Deserialize, Serialize};

use super::pushdown::filter::Filter;
use crate::error::{ExceptionClass, SparkError};
use crate::executor::{PlannedRead, PythonExecutor, ReadSettings, ReadTask};
use crate::python::exception::TracebackStyle;
use crate::types::StructType;
use crate::types::arrow::{has_twins, to_scan_schema};

/// The format of a serialised scan.
const FORMAT: u32 = 2;

/// Reads a planned data source, one stream for each of its partitions. It holds pickled bytes and no live Python object,
/// so it can be sent to another process ([`to_bytes`](Self::to_bytes)).
#[derive(Debug, Clone)]
pub struct PythonDataSourceExec {
    source: String,
    planned: Arc<PlannedRead>,
    schema: StructType,
    batch_size: usize,
    channel_capacity: usize,
    traceback: TracebackStyle,
    projection: Option<Vec<usize>>,
    pushed_filters: Arc<[Filter]>,
    executor: Arc<dyn PythonExecutor>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SerializedScan {
    format: u32,
    source: String,
    planned: PlannedRead,
    schema: serde_json::Value,
    batch_size: usize,
    channel_capacity: usize,
    projection: Option<Vec<usize>>,
    pushed_filters: Arc<[Filter]>,
}

impl PythonDataSourceExec {
    /// A scan of the columns in `projection` (all without one). The source itself always reads every column: Spark prunes
    /// none (RDR-FULL-SCHEMA).
    ///
    /// # Errors
    /// When a column's type has no table form, or the projection names a column that is not there.
    pub fn try_new(
        source: String,
        planned: Arc<PlannedRead>,
        schema: StructType,
        settings: ReadSettings,
        projection: Option<Vec<usize>>,
        executor: Arc<dyn PythonExecutor>,
    ) -> Result<Self> {
        let mut table_schema: SchemaRef = Arc::new(to_scan_schema(&schema)?);
        if let Some(indices) = &projection {
            table_schema = Arc::new(table_schema.project(indices)?);
        }
        let properties = PlanProperties::new(
            EquivalenceProperties::new(table_schema),
            Partitioning::UnknownPartitioning(planned.partitions.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            source,
            planned,
            schema,
            batch_size: settings.batch_size,
            channel_capacity: settings.channel_capacity,
            traceback: settings.traceback,
            projection,
            pushed_filters: Arc::default(),
            executor,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    /// The scan with a note of the filters that its reader applies; they are shown, and known already to the planned read.
    #[must_use]
    pub fn with_pushed_filters(mut self, filters: Arc<[Filter]>) -> Self {
        self.pushed_filters = filters;
        self
    }

    /// The filters that the reader applies.
    pub fn pushed_filters(&self) -> &[Filter] {
        &self.pushed_filters
    }

    /// The scan as bytes, for another process that has the same Python version.
    ///
    /// # Errors
    /// Never in practice; the encoder's own.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SparkError> {
        let scan = SerializedScan {
            format: FORMAT,
            source: self.source.clone(),
            planned: PlannedRead::clone(&self.planned),
            schema: self.schema.to_json(),
            batch_size: self.batch_size,
            channel_capacity: self.channel_capacity,
            projection: self.projection.clone(),
            pushed_filters: Arc::clone(&self.pushed_filters),
        };
        serde_json::to_vec(&scan).map_err(SparkError::internal)
    }

    /// The scan that [`to_bytes`](Self::to_bytes) wrote. Executing it unpickles, and so runs, what it holds.
    ///
    /// # Errors
    /// When the bytes are no scan of this format.
    pub fn try_from_bytes(bytes: &[u8], executor: Arc<dyn PythonExecutor>) -> Result<Self> {
        let scan: SerializedScan = serde_json::from_slice(bytes).map_err(|error| {
            DataFusionError::Plan(format!("not a serialised scan of a Python data source: {error}"))
        })?;
        if scan.format != FORMAT {
            return Err(DataFusionError::Plan(format!(
                "a scan of format {}, where this engine reads format {FORMAT}",
                scan.format
            )));
        }
        let schema = StructType::from_json(&scan.schema.to_string())?;
        let settings = ReadSettings {
            batch_size: scan.batch_size,
            channel_capacity: scan.channel_capacity,
            // Both matter to planning only, which is over.
            max_records_per_batch: 1,
            filter_pushdown: false,
            traceback: TracebackStyle::default(),
        };
        let exec = Self::try_new(scan.source, Arc::new(scan.planned), schema, settings, scan.projection, executor)?;
        Ok(exec.with_pushed_filters(scan.pushed_filters))
    }

    /// How many partitions are read.
    pub fn partition_count(&self) -> usize {
        self.planned.partitions.len()
    }
}

/// Why rows of columns with the same name cannot be read: Spark's tasks fail in the JVM (SCH-DUP).
fn same_names() -> SparkError {
    let message = "Two columns of the data source have the same name, so that its rows cannot be read.";
    SparkError::plain(ExceptionClass::Spark, message)
}

impl DisplayAs for PythonDataSourceExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let partitions = self.partition_count();
        match kind {
            DisplayFormatType::Default | DisplayFormatType::Verbose => {
                write!(f, "PythonDataSourceExec: partitions={partitions}, source={}", self.source)?;
                if self.projection.is_some() {
                    let columns: Vec<_> = self
                        .properties
                        .eq_properties
                        .schema()
                        .fields()
                        .iter()
                        .map(|field| field.name().as_str())
                        .collect();
                    write!(f, ", projection=[{}]", columns.join(", "))?;
                }
                if !self.pushed_filters.is_empty() {
                    let filters: Vec<_> = self.pushed_filters.iter().map(ToString::to_string).collect();
                    write!(f, ", pushed_filters=[{}]", filters.join(", "))?;
                }
                Ok(())
            }
            DisplayFormatType::TreeRender => write!(f, "partitions={partitions}\nsource={}", self.source),
        }
    }
}

impl ExecutionPlan for PythonDataSourceExec {
    fn name(&self) -> &'static str {
        "PythonDataSourceExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    crate::without_expressions!();

    fn replace_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(pickled) = self.planned.partitions.get(partition) else {
            return Err(DataFusionError::Internal(format!(
                "partition {partition} of {} was asked for, of {}",
                self.source,
                self.partition_count()
            )));
        };
        let stream = self.executor.read(ReadTask {
            reader: self.planned.reader.clone(),
            partition: pickled.clone(),
            index: partition,
            schema: self.schema.clone(),
            batch_size: self.batch_size,
            channel_capacity: self.channel_capacity,
            traceback: self.traceback,
        })?;
        let projection = self.projection.clone();
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let twins = has_twins(&self.schema);
        let has_columns = !self.schema.fields.is_empty();
        // A schema without columns loses its rows in Spark (SCH-EMPTY-STRUCT).
        let batches = stream.filter(move |batch| future::ready(has_columns || batch.is_err())).map(move |batch| {
            let batch: RecordBatch = batch?;
            if twins {
                return Err(same_names().into());
            }
            metrics.record_output(batch.num_rows());
            match &projection {
                Some(indices) => Ok(batch.project(indices)?),
                None => Ok(batch),
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
