//! A loaded data source as a DataFusion table.

use std::sync::{Arc, OnceLock};

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use tokio::sync::OnceCell;

use super::exec::PythonDataSourceExec;
use super::pushdown::filter::Filter;
use crate::error::SparkError;
use crate::executor::{CreateRequest, PlanReadRequest, PlannedRead, PythonExecutor, ReadSettings};
use crate::python::interpreter::PythonRuntime;
use crate::python::pickle::Pickled;
use crate::types::StructType;
use crate::types::arrow::to_scan_schema;

/// A data source that was loaded: its instance and schema are fixed, its reader is planned when a query first needs it.
#[derive(Debug)]
pub struct PythonTableProvider {
    name: String,
    schema: StructType,
    /// How the instance is made, and the instance once it is made.
    request: CreateRequest,
    instance: OnceLock<Pickled>,
    table_schema: SchemaRef,
    settings: ReadSettings,
    executor: Arc<dyn PythonExecutor>,
    planned: OnceCell<Arc<PlannedRead>>,
}

impl PythonTableProvider {
    /// The table of the source that `request` asks for.
    ///
    /// A source that is given its schema is not made before a query needs its reader; any other is made now, to be asked for it
    /// (REG-WHEN-CREATED, SCH-USER).
    ///
    /// # Errors
    /// Those of [`PythonExecutor::create`]; when a column's type has no table form.
    pub fn try_new(
        request: CreateRequest,
        settings: ReadSettings,
        executor: Arc<dyn PythonExecutor>,
    ) -> Result<Self, SparkError> {
        let instance = OnceLock::new();
        let schema = match &request.user_schema {
            Some(schema) => schema.clone(),
            None => {
                let created = executor.create(request.clone())?;
                instance.get_or_init(|| created.instance);
                created.schema
            }
        };
        let table_schema = Arc::new(to_scan_schema(&schema)?);
        let name = request.provider.clone();
        Ok(Self { name, schema, request, instance, table_schema, settings, executor, planned: OnceCell::new() })
    }

    fn instance(&self) -> Result<Pickled, SparkError> {
        if let Some(instance) = self.instance.get() {
            return Ok(instance.clone());
        }
        let created = self.executor.create(self.request.clone())?;
        Ok(self.instance.get_or_init(|| created.instance).clone())
    }

    /// The schema in Spark's terms.
    pub fn spark_schema(&self) -> &StructType {
        &self.schema
    }

    /// Plans the read: once for a loaded source, since Spark 4.1; for each query before (RDR-REUSE).
    async fn plan(&self) -> Result<Arc<PlannedRead>, SparkError> {
        if PythonRuntime::get()?.spark_minor() >= (4, 1) {
            self.planned.get_or_try_init(|| self.plan_anew()).await.cloned()
        } else {
            self.plan_anew().await
        }
    }

    async fn plan_anew(&self) -> Result<Arc<PlannedRead>, SparkError> {
        self.plan_with(Vec::new(), self.settings).await
    }

    /// Plans a read with a reader that is offered these filters: anew for every query (FLT-REPLAN).
    ///
    /// # Errors
    /// `PYTHON_DATA_SOURCE_ERROR` of `reader`, `pushFilters` and `partitions`.
    pub(crate) async fn plan_with(
        &self,
        filters: Vec<Filter>,
        settings: ReadSettings,
    ) -> Result<Arc<PlannedRead>, SparkError> {
        let request = PlanReadRequest { instance: self.instance()?, schema: self.schema.clone(), settings, filters };
        self.executor.plan_read(request).await.map(Arc::new)
    }

    /// The scan of a planned read.
    ///
    /// # Errors
    /// When a column's type has no table form, or the projection names a column that is not there.
    pub(crate) fn exec(
        &self,
        planned: Arc<PlannedRead>,
        projection: Option<&Vec<usize>>,
    ) -> Result<PythonDataSourceExec> {
        PythonDataSourceExec::try_new(
            self.name.clone(),
            planned,
            self.schema.clone(),
            self.settings,
            projection.cloned(),
            Arc::clone(&self.executor),
        )
    }

    /// The name that the source was loaded by.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

#[async_trait]
impl TableProvider for PythonTableProvider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.table_schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(self.exec(self.plan().await?, projection)?))
    }
}
