//! The session: settings, registered data sources, temporary views, SQL.

mod aggregate_names;
mod analysis_errors;
mod cache;
mod calls;
mod catalog;
mod char_padding;
pub(crate) mod coercion;
mod collation;
mod command;
mod config;
mod constant_errors;
mod dataframe;
mod diagnosis;
mod dialect;
mod distinct_stars;
mod division;
mod floats;
mod functions;
mod generators;
mod identifiers;
mod interval;
mod lambda_projections;
mod limited;
mod listing;
mod lowering;
mod named_arguments;
mod names;
mod number_cast;
pub(crate) mod opaque;
mod over;
mod planning;
mod query_context;
mod range;
mod reader;
mod relations;
mod scalar_subquery;
mod semantics;
mod settings;
mod signatures;
mod spark_dialect;
mod statement;
mod suspect;
pub mod syntax;
mod table_samples;
mod temporal_text;
mod text_cast;
mod text_literals;
mod time_zone;
mod timestamp_text;
mod transformed;
mod user_functions;
mod using_joins;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionConfig as DataFusionConfig;
use datafusion::sql::parser::Statement;
use pyo3::prelude::*;

use crate::datasource::discovery;
use crate::datasource::registry::{DataSourceRegistry, RegisterError, pickle_class};
use crate::error::condition::{DATA_SOURCE_ALREADY_EXISTS, UNEXPECTED_INPUT_TYPE};
use crate::error::{ExceptionClass, SparkError};
use crate::executor::{InProcessExecutor, PickledClass, PythonExecutor};
use crate::python::interpreter::spark_minor;
use crate::udf::FunctionPlanner;

use analysis_errors::Written;
use cache::Cache;
use catalog::{Names, Table, View};
use diagnosis::Around;
use planning::Planning;
use query_context::CastContexts;
use semantics::Surroundings;
use suspect::Suspect;
use text_cast::Reading;
use user_functions::UserFunctions;

pub use config::{EngineSettings, SessionConf};
pub use dataframe::{DataFrame, QueryPlan};
pub use listing::Listed;
pub use names::Shown;
pub use over::{Bindings, Kept};
pub use query_context::{ClientCall, Operand, Operation};
pub use reader::DataFrameReader;

/// A Spark session on this engine. Cheap to clone; clones share everything.
#[derive(Clone, Debug)]
pub struct Session {
    inner: Arc<SessionInner>,
}

struct SessionInner {
    planning: Arc<Planning>,
    executor: Arc<dyn PythonExecutor>,
    settings: EngineSettings,
    conf: RwLock<SessionConf>,
    registry: RwLock<DataSourceRegistry>,
    /// Shared by all sessions of an engine, as what is cached of them is.
    tables: Arc<Names<Table>>,
    cache: Arc<Cache>,
    /// `global_temp`, shared as the tables are.
    globals: Arc<Names<View>>,
    views: Names<View>,
    functions: UserFunctions,
    /// Counts the changes of settings and functions.
    generation: AtomicU64,
}

/// What all sessions of an engine share.
#[derive(Debug, Default, Clone)]
struct Shared {
    tables: Arc<Names<Table>>,
    cache: Arc<Cache>,
    globals: Arc<Names<View>>,
}

impl std::fmt::Debug for SessionInner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Session {
    /// A session with the engine's settings from the environment (`SAIL_PYTHON_…`).
    ///
    /// # Errors
    /// When a setting does not parse, or Python does not start.
    pub fn try_new() -> Result<Self, SparkError> {
        Self::try_with_settings(EngineSettings::from_environment()?)
    }

    /// A session with these settings.
    ///
    /// # Errors
    /// When Python does not start or has no PySpark 4.
    pub fn try_with_settings(settings: EngineSettings) -> Result<Self, SparkError> {
        let executor: Arc<dyn PythonExecutor> = Arc::new(InProcessExecutor::try_new()?);
        let mut config = DataFusionConfig::new()
            .with_information_schema(false)
            .with_default_catalog_and_schema(relations::SESSION_CATALOG, relations::SESSION_SCHEMA)
            .with_batch_size(settings.batch_size);
        let options = config.options_mut();
        options.sql_parser.dialect = datafusion::config::Dialect::Spark;
        // Identifiers are resolved as Spark does, without case but with their own spelling: see `identifiers`.
        options.sql_parser.enable_ident_normalization = false;
        options.sql_parser.map_string_types_to_utf8view = false;
        // Nulls come first in ascending order and last in descending order.
        options.sql_parser.default_null_ordering = "nulls_min".to_owned();
        // A source's partitions are the query's partitions, in order, as in Spark.
        options.optimizer.enable_round_robin_repartition = false;
        // `1.5` is a decimal; what is a double says so.
        options.sql_parser.parse_float_as_decimal = true;
        let builder = SessionStateBuilder::new()
            .with_config(config)
            .with_default_features()
            .with_physical_optimizer_rules(lambda_projections::rules())
            .with_type_planner(Arc::new(dialect::SparkTypes))
            .with_relation_planners(vec![Arc::new(generators::GeneratorPlanner)])
            .with_query_planner(Arc::new(FunctionPlanner::new(Arc::clone(&executor))));
        let mut state = functions::with_planners(builder).build();
        functions::register(&mut state)?;
        state.register_udtf("range", Arc::new(range::RangeFunction));
        Ok(Self::of_engine(Arc::new(Planning::new(state)), executor, settings, Shared::default()))
    }

    fn of_engine(
        planning: Arc<Planning>,
        executor: Arc<dyn PythonExecutor>,
        settings: EngineSettings,
        shared: Shared,
    ) -> Self {
        let Shared { tables, cache, globals } = shared;
        let inner = SessionInner {
            planning,
            executor,
            settings,
            conf: RwLock::default(),
            registry: RwLock::default(),
            tables,
            cache,
            globals,
            views: Names::default(),
            functions: UserFunctions::default(),
            generation: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Another session of the same engine: nothing registered, no views, default settings (REG-SESSION-SCOPE), the same
    /// tables and global temporary views. Functions and rules are shared, so this is much quicker than the first session.
    #[must_use]
    pub fn new_session(&self) -> Self {
        let planning = Arc::clone(&self.inner.planning);
        let executor = Arc::clone(&self.inner.executor);
        let shared = Shared {
            tables: Arc::clone(&self.inner.tables),
            cache: Arc::clone(&self.inner.cache),
            globals: Arc::clone(&self.inner.globals),
        };
        Self::of_engine(planning, executor, self.inner.settings.clone(), shared)
    }

    /// Another session of the same engine that begins with what this one has: registered sources, views, settings. What is
    /// changed afterwards in one is not seen by the other.
    #[must_use]
    pub fn cloned_session(&self) -> Self {
        let clone = self.new_session();
        let (mine, theirs) = (&self.inner, &clone.inner);
        *theirs.conf.write().unwrap_or_else(PoisonError::into_inner) = self.conf();
        *theirs.registry.write().unwrap_or_else(PoisonError::into_inner) =
            mine.registry.read().unwrap_or_else(PoisonError::into_inner).clone();
        theirs.views.copy_from(&mine.views);
        theirs.functions.copy_from(&mine.functions);
        clone
    }

    /// Forgets every table and global temporary view of the engine, whatever stands behind them, and all that is cached.
    pub fn drop_all_tables(&self) {
        self.inner.cache.clear();
        self.inner.tables.clear();
        self.inner.globals.clear();
    }

    /// Registers a data source class under its `name()` (`spark.dataSource.register`).
    ///
    /// # Errors
    /// What the class's `name()` or its pickling raises; `DATA_SOURCE_ALREADY_EXISTS`.
    pub fn register_data_source(&self, class: &Bound<'_, PyAny>) -> Result<String, RegisterError> {
        let (name, class) = pickle_class(class)?;
        self.register_pickled(&name, class)?;
        Ok(name)
    }

    /// Registers a class that was pickled elsewhere, by the Python named in it.
    ///
    /// # Errors
    /// `DATA_SOURCE_ALREADY_EXISTS`, in Spark 4.0 also for the name of an installed source (ST-OVERRIDE). A Python version that
    /// does not match is refused when the source is loaded, as in Spark.
    pub fn register_pickled(&self, name: &str, class: PickledClass) -> Result<(), SparkError> {
        if spark_minor() < (4, 1) && discovery::find(name)?.is_some() {
            return Err(DATA_SOURCE_ALREADY_EXISTS.error([("provider", name.to_owned())]));
        }
        self.inner.registry.write().unwrap_or_else(PoisonError::into_inner).register(name, class)
    }

    /// The class of that name: registered here, or else installed where sources are discovered.
    fn find_data_source(&self, name: &str) -> Result<Option<PickledClass>, SparkError> {
        let registered = self.inner.registry.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        match registered {
            Some(class) => Ok(Some(class)),
            None => discovery::find(name),
        }
    }

    /// `spark.read`.
    pub fn read(&self) -> DataFrameReader {
        DataFrameReader::new(self.clone())
    }

    /// A number that changes whenever settings or functions of users do, and with them the meaning of queries.
    pub fn generation(&self) -> u64 {
        self.inner.generation.load(Ordering::Acquire)
    }

    fn changed(&self) {
        self.inner.generation.fetch_add(1, Ordering::AcqRel);
    }

    /// Sets a runtime setting (`spark.conf.set`).
    ///
    /// # Errors
    /// When the value is not of the setting's type.
    pub fn set_conf(&self, key: &str, value: &str) -> Result<(), SparkError> {
        let set = self.inner.conf.write().unwrap_or_else(PoisonError::into_inner).set(key, value);
        self.changed();
        set
    }

    /// Forgets a runtime setting, which then has its default (`spark.conf.unset`).
    ///
    /// # Errors
    /// When a session cannot change it.
    pub fn unset_conf(&self, key: &str) -> Result<(), SparkError> {
        let unset = self.inner.conf.write().unwrap_or_else(PoisonError::into_inner).unset(key);
        self.changed();
        unset
    }

    /// The runtime settings as they are now.
    pub fn conf(&self) -> SessionConf {
        self.inner.conf.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Plans a query, or carries a statement out. Readers of a query are not planned before its result is asked for.
    ///
    /// # Errors
    /// As Spark's analyser reports them.
    pub async fn sql(&self, text: &str) -> Result<DataFrame, SparkError> {
        match statement::parse(text)? {
            Some(statement) => command::run(self, statement).await,
            None => self.diagnosed(text, &Around { operator: None, at: (1, 0) }),
        }
    }

    /// Plans a query, whose errors tell of the statement around it.
    fn diagnosed(&self, text: &str, around: &Around) -> Result<DataFrame, SparkError> {
        self.query(text)
            .map_err(as_parser_says)
            .map_err(|error| if plain(text) == text { diagnosis::of_query(self, text, around, error) } else { error })
    }

    /// Plans a query.
    fn query(&self, text: &str) -> Result<DataFrame, SparkError> {
        let plain = plain(text);
        let mut query = spark_dialect::parse(self.inner.planning.state(), &plain)
            .map_err(|error| crate::error::datafusion::parse_error(error, text))?;
        if !statement::is_query(&query) {
            return statement::unsupported("this statement");
        }
        calls::check_parameters(&query, &plain)?;
        // Places are those of the text that was parsed.
        let quoted = plain == text;
        let conf = self.conf();
        let surroundings = Surroundings {
            time_zone: conf.time_zone(),
            division: if quoted { query_context::of_division(text, &query) } else { None },
            subscript: if quoted { query_context::of_subscript(text, &query) } else { None },
            element_at: if quoted { query_context::of_call(text, &query, functions::element::AT) } else { None },
            reading: Arc::new(Reading {
                ansi: conf.ansi(),
                contexts: if quoted { CastContexts::of_query(text, &query) } else { CastContexts::default() },
            }),
        };
        distinct_stars::write_out(self, &mut query, &surroundings)?;
        let functions = self.inner.functions.shown();
        let written = Written { statement: query.clone(), with_ids: false };
        if let Statement::Statement(ast) = &mut query {
            let time_zone = surroundings.time_zone.clone();
            names::write_out(ast, &Shown { functions, time_zone, ..Shown::default() });
            dialect::translate(ast, false)?;
        }
        self.planned(query, &written, &Bindings::default(), surroundings)
    }

    /// Plans a query that was translated for DataFusion.
    fn planned(
        &self,
        query: Statement,
        written: &Written,
        bindings: &Bindings,
        surroundings: Surroundings,
    ) -> Result<DataFrame, SparkError> {
        let aggregates = self.inner.planning.state().aggregate_functions();
        let is_aggregate = |name: &str| aggregates.contains_key(&name.to_lowercase());
        calls::check(written, |name| self.inner.functions.has(name), is_aggregate, false)?;
        let suspect = Suspect { session: self, written, bindings, surroundings: &surroundings };
        let (plan, suspicious) =
            self.analysed(query, bindings, &surroundings).map_err(|error| self.explained(error, &suspect))?;
        if suspicious && let Some(fault) = suspect.fault() {
            return Err(fault);
        }
        Ok(DataFrame::from_plan(self.clone(), plan, surroundings.reading))
    }

    /// The plan of a query that was translated for DataFusion, and whether Spark may refuse something of it.
    fn analysed(
        &self,
        mut query: Statement,
        bindings: &Bindings,
        surroundings: &Surroundings,
    ) -> Result<(LogicalPlan, bool), SparkError> {
        let names = relations::resolve(self, &mut query, bindings)?;
        identifiers::resolve(&names, &mut query);
        generators::prepare(&mut query)?;
        using_joins::write_out(&names, &mut query)?;
        let (plan, suspicious) = semantics::apply(names.plan(query)?, surroundings)?;
        let plan = if bindings.functions.is_empty() { plan } else { over::with_literals(plan)? };
        Ok((plan, suspicious))
    }

    /// The error of a query as Spark reports it, if this is known.
    fn explained(&self, error: SparkError, suspect: &Suspect<'_>) -> SparkError {
        // Functions tell of their arguments in DataFusion's words.
        let of_call = error.condition.as_deref().is_none_or(|condition| condition == UNEXPECTED_INPUT_TYPE.name);
        let fault = of_call.then(|| suspect.fault()).flatten();
        fault.or_else(|| suspect.ambiguous(&error.message)).unwrap_or_else(|| {
            let aggregates = self.inner.planning.state().aggregate_functions();
            suspect.written.explain(error, |name| aggregates.contains_key(&name.to_lowercase()))
        })
    }
}

/// Spark's parser begins a line of its own.
fn as_parser_says(mut error: SparkError) -> SparkError {
    if error.exception == ExceptionClass::Parse && !error.message.starts_with('\n') {
        error.message.insert(0, '\n');
    }
    error
}

/// The query's text as DataFusion's parser reads it.
fn plain(text: &str) -> String {
    dialect::with_plain_numbers(&text_literals::plain(text))
}
