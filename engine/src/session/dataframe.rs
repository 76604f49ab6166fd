//! `DataFrame`: a loaded source or a query over some, and its execution.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Volatility};
use datafusion::physical_plan::execution_plan::reset_plan_states;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, displayable};
use futures::TryStreamExt;
use futures::future::try_join_all;
use tokio::sync::OnceCell;

use super::cache::Cached;
use super::catalog::View;
use super::functions::partition_id;
use super::text_cast::Reading;
use super::{Session, cache, constant_errors, limited, lowering, planning};
use crate::datasource::provider::PythonTableProvider;
use crate::datasource::pushdown;
use crate::error::{ExceptionClass, SparkError};
use crate::python::interpreter::PythonRuntime;
use crate::types::StructType;
use crate::types::arrow::from_arrow_schema;
use crate::udf::{self, WorkerSettings};

/// A query that was analysed; nothing of it has run.
#[derive(Debug, Clone)]
pub struct DataFrame {
    session: Session,
    relation: Relation,
    /// How the query reads texts.
    reading: Arc<Reading>,
    /// The plan that was made when the result was first asked for; copies share it.
    planned: Arc<OnceCell<QueryPlan>>,
}

#[derive(Debug, Clone)]
enum Relation {
    /// A loaded source by itself; its schema is known in Spark's own terms.
    Source(Arc<PythonTableProvider>),
    Query(Arc<LogicalPlan>),
}

/// A planned query: readers and partitions are known. Each execution reads anew.
#[derive(Debug, Clone)]
pub struct QueryPlan {
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
}

impl DataFrame {
    pub(super) fn from_source(session: Session, source: Arc<PythonTableProvider>) -> Self {
        Self { session, relation: Relation::Source(source), reading: Arc::default(), planned: Arc::default() }
    }

    pub(super) fn from_plan(session: Session, plan: LogicalPlan, reading: Arc<Reading>) -> Self {
        Self { session, relation: Relation::Query(Arc::new(plan)), reading, planned: Arc::default() }
    }

    /// The session that made it.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The schema, as `df.schema`.
    ///
    /// # Errors
    /// When a computed column has a type that Spark does not know.
    pub fn schema(&self) -> Result<StructType, SparkError> {
        match &self.relation {
            Relation::Source(source) => Ok(source.spark_schema().with_char_varchar_as_string()),
            Relation::Query(plan) => Ok(from_arrow_schema(plan.schema().as_arrow())?.with_char_varchar_as_string()),
        }
    }

    /// The Arrow schema of its rows.
    ///
    /// # Errors
    /// Never in practice; DataFusion's own.
    pub fn arrow_schema(&self) -> Result<SchemaRef, SparkError> {
        Ok(Arc::clone(self.logical_plan()?.schema().inner()))
    }

    /// Makes the query a temporary view of its session, replacing one of that name.
    ///
    /// # Errors
    /// As [`schema`](Self::schema).
    pub fn create_or_replace_temp_view(&self, name: &str) -> Result<(), SparkError> {
        let view = self.to_view(name)?;
        self.session.put_view(name, view);
        Ok(())
    }

    /// Makes the query a temporary view of all sessions, replacing one of that name.
    ///
    /// # Errors
    /// As [`schema`](Self::schema).
    pub fn create_or_replace_global_temp_view(&self, name: &str) -> Result<(), SparkError> {
        let view = self.to_view(name)?;
        self.session.put_global_view(name, view);
        Ok(())
    }

    /// A view of this query.
    pub(super) fn to_view(&self, name: &str) -> Result<View, SparkError> {
        let provider: Arc<dyn TableProvider> = match &self.relation {
            Relation::Source(source) => Arc::clone(source) as _,
            Relation::Query(plan) => cache::Relation::view(plan.as_ref().clone(), Arc::clone(&self.reading)),
        };
        Ok(View { name: name.to_owned(), provider, schema: self.schema()? })
    }

    /// The schema of a loaded source as it was declared, char and varchar included.
    pub(super) fn declared_schema(&self) -> Result<StructType, SparkError> {
        match &self.relation {
            Relation::Source(source) => Ok(source.spark_schema().clone()),
            Relation::Query(_) => self.schema(),
        }
    }

    /// Whether the query reads nothing and has the same rows whenever it runs.
    pub fn is_constant(&self) -> bool {
        let Relation::Query(plan) = &self.relation else { return false };
        let mut constant = true;
        let visited = plan.apply_with_subqueries(|node| {
            constant &= !matches!(node, LogicalPlan::TableScan(_) | LogicalPlan::Extension(_));
            node.apply_expressions(|expr| {
                expr.apply(|expr| {
                    let volatility = match expr {
                        Expr::ScalarFunction(call) => call.func.signature().volatility,
                        Expr::AggregateFunction(call) => call.func.signature().volatility,
                        _ => Volatility::Immutable,
                    };
                    constant &= volatility == Volatility::Immutable;
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        });
        constant && visited.is_ok()
    }

    /// The query's optimized plan as text, one operator a line. A reader is made only where it is offered filters, as in Spark.
    ///
    /// # Errors
    /// The planner's own.
    pub async fn optimized(&self) -> Result<String, SparkError> {
        let plan = self.with_planned_reads(None).await?;
        Ok(self.session.inner.planning.optimize(plan)?.display_indent().to_string())
    }

    /// The query as it was analysed, as text, one operator a line.
    ///
    /// # Errors
    /// When a loaded source cannot be scanned.
    pub fn analyzed(&self) -> Result<String, SparkError> {
        Ok(self.logical_plan()?.display_indent().to_string())
    }

    /// The query with these names for its columns; as it is without any.
    ///
    /// # Errors
    /// When the number of names is another than that of the columns.
    pub fn renamed(&self, names: &[String]) -> Result<Self, SparkError> {
        if names.is_empty() {
            return Ok(self.clone());
        }
        let plan = self.logical_plan()?;
        let columns = plan.schema().columns();
        if columns.len() != names.len() {
            let message = format!("The query has {} columns, and {} names are given.", columns.len(), names.len());
            return Err(SparkError::plain(ExceptionClass::Analysis, message));
        }
        let columns: Vec<Expr> =
            columns.into_iter().zip(names).map(|(column, name)| Expr::Column(column).alias(name)).collect();
        self.projected(plan, columns)
    }

    /// The query's rows without their columns: only how many there are.
    ///
    /// # Errors
    /// Never in practice; DataFusion's own.
    pub fn without_columns(&self) -> Result<Self, SparkError> {
        self.projected(self.logical_plan()?, Vec::new())
    }

    fn projected(&self, plan: LogicalPlan, columns: Vec<Expr>) -> Result<Self, SparkError> {
        let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
        Ok(Self::from_plan(self.session.clone(), plan, Arc::clone(&self.reading)))
    }

    /// How the query reads texts.
    pub(super) fn reading(&self) -> &Arc<Reading> {
        &self.reading
    }

    /// The query as it was analysed.
    pub(super) fn logical_plan(&self) -> Result<LogicalPlan, SparkError> {
        match &self.relation {
            Relation::Source(source) => Ok(planning::scan(Arc::clone(source) as _)?),
            Relation::Query(plan) => Ok(plan.as_ref().clone()),
        }
    }

    /// Plans the query: readers are made, offered their filters and asked for their partitions now, or were when the plan was
    /// first asked for (FLT-REPEAT).
    ///
    /// # Errors
    /// `PYTHON_DATA_SOURCE_ERROR` of `reader` and `partitions`, and the planner's own.
    pub async fn plan(&self) -> Result<QueryPlan, SparkError> {
        self.planned.get_or_try_init(|| self.plan_without(None)).await?.renewed()
    }

    /// Plans the query anew, as if this relation were not cached.
    pub(super) async fn plan_without(&self, cached: Option<&Arc<Cached>>) -> Result<QueryPlan, SparkError> {
        let planning = &self.session.inner.planning;
        let plan = self.with_planned_reads(cached).await?;
        let physical = limited::in_order(planning.create_physical_plan(plan.clone()).await?)?;
        let physical = partition_id::known(physical, &plan)?;
        Ok(QueryPlan { plan: physical, context: Arc::clone(planning.tasks()) })
    }

    /// The logical plan with the rows that are cached, after readers were offered their filters.
    async fn with_planned_reads(&self, without: Option<&Arc<Cached>>) -> Result<LogicalPlan, SparkError> {
        let plan = self.session.inner.cache.apply(&self.session, self.logical_plan()?, without).await?;
        constant_errors::check(&plan)?;
        let settings = self.session.conf().read_settings(&self.session.inner.settings);
        // Spark 4.0 has no filter pushdown.
        let plan = if settings.filter_pushdown && PythonRuntime::get()?.spark_minor() >= (4, 1) {
            let options = self.session.inner.planning.state().config_options();
            pushdown::plan_reads(plan, Arc::clone(options), settings).await?
        } else {
            plan
        };
        let plan = lowering::lower(plan, &self.reading)?;
        let workers = WorkerSettings::of_session(&self.session.conf(), &self.session.inner.settings);
        Ok(udf::extract(plan, &Arc::new(workers))?)
    }

    /// Plans and executes the query, and returns all rows in the order of the partitions.
    ///
    /// # Errors
    /// As [`plan`](Self::plan) and [`QueryPlan::collect`].
    pub async fn collect(&self) -> Result<Vec<RecordBatch>, SparkError> {
        self.plan().await?.collect().await
    }

    /// The physical plan as text, one operator a line.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub async fn explain(&self) -> Result<String, SparkError> {
        Ok(self.plan().await?.to_string())
    }
}

impl std::fmt::Display for QueryPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", displayable(self.plan.as_ref()).indent(false))
    }
}

impl QueryPlan {
    /// The Arrow schema of the result.
    pub fn schema(&self) -> SchemaRef {
        self.plan.schema()
    }

    /// The physical plan.
    pub fn physical_plan(&self) -> &Arc<dyn ExecutionPlan> {
        &self.plan
    }

    /// How many partitions the result has.
    pub fn partition_count(&self) -> usize {
        self.plan.output_partitioning().partition_count()
    }

    /// Starts one partition of the result. Dropping the stream stops what reads it.
    ///
    /// # Errors
    /// When the operator does not start.
    pub fn execute(&self, partition: usize) -> Result<SendableRecordBatchStream, SparkError> {
        Ok(self.plan.execute(partition, Arc::clone(&self.context))?)
    }

    /// The plan as if it had never run: some operators keep what they saw.
    fn renewed(&self) -> Result<Self, SparkError> {
        Ok(Self { plan: reset_plan_states(Arc::clone(&self.plan))?, context: Arc::clone(&self.context) })
    }

    /// Executes every partition side by side, and returns all rows in the order of the partitions.
    ///
    /// # Errors
    /// The first failure of a partition; the others are stopped.
    pub async fn collect(&self) -> Result<Vec<RecordBatch>, SparkError> {
        Ok(self.collect_partitions().await?.into_iter().flatten().collect())
    }

    /// As [`collect`](Self::collect), each partition for itself.
    pub(super) async fn collect_partitions(&self) -> Result<Vec<Vec<RecordBatch>>, SparkError> {
        let streams = (0..self.partition_count()).map(|index| self.execute(index)).collect::<Result<Vec<_>, _>>()?;
        Ok(try_join_all(streams.into_iter().map(SendableRecordBatchStream::try_collect::<Vec<_>>)).await?)
    }
}
