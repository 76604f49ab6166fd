//! DataFusion's planners, which are made once and then only read by all sessions of an engine.
//!
//! DataFusion's own contexts copy the tables of all functions for each query, and again for each DataFrame. Here what belongs to
//! one query stands beside the planners: what its names mean ([`QueryNames`]), and when it began.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};
use datafusion::catalog::cte_worktable::CteWorkTable;
use datafusion::catalog::{TableFunctionArgs, TableProvider};
use datafusion::common::alias::AliasGenerator;
use datafusion::common::{DFSchema, ResolvedTableReference, TableReference, plan_datafusion_err};
use datafusion::config::ConfigOptions;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::error::Result;
use datafusion::execution::{FunctionRegistry, SessionState, TaskContext};
use datafusion::logical_expr::planner::{ContextProvider, ExprPlanner, RelationPlanner, TypePlanner};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    AggregateUDF, Expr, HigherOrderUDF, LogicalPlan, LogicalPlanBuilder, ScalarUDF, TableSource, UNNAMED_TABLE,
    WindowUDF,
};
use datafusion::optimizer::OptimizerConfig;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::sql::parser::Statement;
use datafusion::sql::planner::{ParserOptions, SqlToRel};

use super::dialect::SparkTypes;
use super::relations::{SESSION_CATALOG, SESSION_SCHEMA};
use crate::udf::CalledFunction;

/// The planners, with all functions of Spark's SQL.
#[derive(Debug)]
pub(super) struct Planning {
    state: SessionState,
    tasks: Arc<TaskContext>,
}

impl Planning {
    /// The planners with what this state knows.
    pub(super) fn new(state: SessionState) -> Self {
        // Functions are looked up by name only where plans are read from bytes, which this engine does not do.
        let tasks = TaskContext::new(
            None,
            state.session_id().to_owned(),
            state.config().clone(),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            HashMap::new(),
            Arc::clone(state.runtime_env()),
        );
        Self { state, tasks: Arc::new(tasks) }
    }

    /// What the planners know.
    pub(super) fn state(&self) -> &SessionState {
        &self.state
    }

    /// What executions run in.
    pub(super) fn tasks(&self) -> &Arc<TaskContext> {
        &self.tasks
    }

    /// Optimizes a plan of a query that begins now.
    ///
    /// # Errors
    /// The optimizer's own.
    pub(super) fn optimize(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let plan = self.state.analyzer().execute_and_check(plan, self.state.config_options(), |_, _| {})?;
        let query = Optimized { state: &self.state, began: Utc::now(), aliases: Arc::default() };
        self.state.optimizer().optimize(plan, &query, |_, _| {})
    }

    /// Makes a plan ready to run.
    ///
    /// # Errors
    /// As [`optimize`](Self::optimize), and the physical planner's own.
    pub(super) async fn create_physical_plan(&self, plan: LogicalPlan) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = self.optimize(plan)?;
        self.state.query_planner().create_physical_plan(&plan, &self.state).await
    }
}

/// The plan that reads a table.
///
/// # Errors
/// Never in practice; DataFusion's own.
pub(super) fn scan(table: Arc<dyn TableProvider>) -> Result<LogicalPlan> {
    LogicalPlanBuilder::scan(UNNAMED_TABLE, provider_as_source(table), None)?.build()
}

/// The plan whose rows are these.
///
/// # Errors
/// Never in practice; DataFusion's own.
pub(super) fn rows(batch: RecordBatch) -> Result<LogicalPlan> {
    scan(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?))
}

/// What the optimizer knows of one query.
struct Optimized<'p> {
    state: &'p SessionState,
    /// What `now()` is, everywhere in the query.
    began: DateTime<Utc>,
    aliases: Arc<AliasGenerator>,
}

impl OptimizerConfig for Optimized<'_> {
    fn query_execution_start_time(&self) -> Option<DateTime<Utc>> {
        Some(self.began)
    }

    fn alias_generator(&self) -> &Arc<AliasGenerator> {
        &self.aliases
    }

    fn options(&self) -> Arc<ConfigOptions> {
        Arc::clone(self.state.config_options())
    }

    fn function_registry(&self) -> Option<&dyn FunctionRegistry> {
        Some(self.state)
    }
}

/// What the names of one query mean.
#[derive(Debug)]
pub(super) struct QueryNames {
    planning: Arc<Planning>,
    relations: HashMap<ResolvedTableReference, Arc<dyn TableProvider>>,
    scalars: HashMap<String, Arc<ScalarUDF>>,
    aggregates: HashMap<String, Arc<AggregateUDF>>,
}

impl QueryNames {
    /// The functions of Spark's SQL, and no relations.
    pub(super) fn new(planning: &Arc<Planning>) -> Self {
        Self {
            planning: Arc::clone(planning),
            relations: HashMap::new(),
            scalars: HashMap::new(),
            aggregates: HashMap::new(),
        }
    }

    /// Gives a relation this name.
    pub(super) fn add_relation(&mut self, name: TableReference, relation: Arc<dyn TableProvider>) {
        self.relations.insert(name.resolve(SESSION_CATALOG, SESSION_SCHEMA), relation);
    }

    /// Adds a function under its own name, in the place of any that has it.
    pub(super) fn add_function(&mut self, function: CalledFunction) {
        match function {
            CalledFunction::Scalar(function) => drop(self.scalars.insert(function.name().to_owned(), function)),
            CalledFunction::Aggregate(function) => drop(self.aggregates.insert(function.name().to_owned(), function)),
        }
    }

    /// The relations that the query names.
    pub(super) fn relations(&self) -> impl Iterator<Item = &Arc<dyn TableProvider>> {
        self.relations.values()
    }

    /// Plans a query.
    ///
    /// # Errors
    /// DataFusion's own.
    pub(super) fn plan(&self, query: Statement) -> Result<LogicalPlan> {
        let options = &self.options().sql_parser;
        let options = ParserOptions {
            parse_float_as_decimal: options.parse_float_as_decimal,
            enable_ident_normalization: options.enable_ident_normalization,
            support_varchar_with_length: options.support_varchar_with_length,
            enable_options_value_normalization: options.enable_options_value_normalization,
            collect_spans: options.collect_spans,
            map_string_types_to_utf8view: options.map_string_types_to_utf8view,
            default_null_ordering: options.default_null_ordering.as_str().into(),
        };
        SqlToRel::new_with_options(self, options).statement_to_plan(query)
    }
}

impl ContextProvider for QueryNames {
    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        self.planning.state.expr_planners()
    }

    fn get_relation_planners(&self) -> &[Arc<dyn RelationPlanner>] {
        self.planning.state.relation_planners()
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::new(SparkTypes))
    }

    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        let name = name.resolve(SESSION_CATALOG, SESSION_SCHEMA);
        let relation = self.relations.get(&name).ok_or_else(|| plan_datafusion_err!("table '{name}' not found"))?;
        Ok(provider_as_source(Arc::clone(relation)))
    }

    fn get_table_function_source(&self, name: &str, arguments: Vec<Expr>) -> Result<Arc<dyn TableSource>> {
        let state = &self.planning.state;
        let missing = || plan_datafusion_err!("table function '{name}' not found");
        let function = state.table_functions().get(name).ok_or_else(missing)?;
        let context = SimplifyContext::builder().with_config_options(Arc::clone(state.config_options()));
        let simplifier = ExprSimplifier::new(context.with_current_time().build());
        let none = DFSchema::empty();
        let constant = |argument| simplifier.coerce(argument, &none).and_then(|argument| simplifier.simplify(argument));
        let arguments = arguments.into_iter().map(constant).collect::<Result<Vec<_>>>()?;
        Ok(provider_as_source(function.create_table_provider_with_args(TableFunctionArgs::new(&arguments, state))?))
    }

    fn create_cte_work_table(&self, name: &str, schema: arrow::datatypes::SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        self.scalars.get(name).or_else(|| self.planning.state.scalar_functions().get(name)).cloned()
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        self.planning.state.higher_order_functions().get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        self.aggregates.get(name).or_else(|| self.planning.state.aggregate_functions().get(name)).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        self.planning.state.window_functions().get(name).cloned()
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        self.planning.state.config_options()
    }

    fn udf_names(&self) -> Vec<String> {
        self.planning.state.scalar_functions().keys().chain(self.scalars.keys()).cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        self.planning.state.higher_order_functions().keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        self.planning.state.aggregate_functions().keys().chain(self.aggregates.keys()).cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        self.planning.state.window_functions().keys().cloned().collect()
    }
}
