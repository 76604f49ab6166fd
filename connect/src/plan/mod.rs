//! Relations and expressions of Spark Connect, planned by the engine.
//!
//! Each relation becomes one step of SQL's syntax tree over the DataFrames of its inputs, which the engine analyses as it does a
//! statement's text. Names are resolved here, as Catalyst does: every column has a name of its own in the engine's plan, and the
//! client's names, which may repeat, are kept beside it.

mod attribute;
mod common_type;
mod expression;
mod literal;
mod relation;
mod scope;
mod syntax;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use seatrial_engine::error::{ExceptionClass, SparkError};
use seatrial_engine::session::DataFrame;
use seatrial_engine::types::{StructField, StructType};
use spark_connect_proto::Relation;

pub(crate) use self::attribute::Attribute;
use self::relation::observe::Observation;
use self::relation::project::Projection;
use self::scope::{Origin, Scope};
use crate::persisted::Rows;
use crate::session::ConnectSession;

/// A relation that was analysed; nothing of it has run.
#[derive(Debug)]
pub(crate) struct Query {
    /// What computes the rows. Its columns have names of the planner's own, each only once.
    pub(crate) frame: DataFrame,
    /// The columns as the client sees them, in the same order; names may repeat.
    pub(crate) schema: StructType,
    /// The metrics to tell of when the rows are through.
    pub(crate) observations: Vec<Observation>,
}

/// Analyses a relation.
///
/// # Errors
/// As Spark's analyser reports them; what is not supported is named.
pub(crate) async fn query(session: &ConnectSession, relation: &Relation) -> Result<Query, SparkError> {
    let planner = Planner::new(session);
    let planned = planner.relation(relation).await?;
    let fields = planned.columns.into_iter().map(|column| column.field);
    let observations = planner.observations.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Query { frame: planned.frame, schema: StructType { fields: fields.collect() }, observations })
}

/// What the planner does not reach, by its name.
pub(crate) fn unsupported(what: &str) -> SparkError {
    let message = format!("[UNSUPPORTED_CONNECT_FEATURE] This engine does not support {what} over Spark Connect yet.");
    SparkError::plain(ExceptionClass::UnsupportedOperation, message)
}

/// What Scala says where a requirement is not met.
pub(crate) fn requirement(message: &str) -> SparkError {
    SparkError::plain(ExceptionClass::IllegalArgument, format!("requirement failed: {message}"))
}

/// A relation that was planned.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// What computes the rows.
    pub(crate) frame: DataFrame,
    /// Its columns, in order.
    pub(crate) columns: Vec<Attribute>,
    /// The DataFrames of the client that it is made of.
    pub(crate) origins: Vec<Origin>,
    /// What it was projected from, if it was.
    pub(crate) projection: Option<Arc<Projection>>,
    /// The engine's own DataFrame that it is, with the names that the client sees.
    leaf: Option<DataFrame>,
}

impl Planned {
    /// A relation of a frame's columns, in their order, under the names that they have in the plan.
    fn of_columns(frame: &DataFrame, columns: Vec<Attribute>) -> Result<Self, SparkError> {
        let ids: Vec<String> = columns.iter().map(|column| column.id.clone()).collect();
        Ok(Self::over(frame.renamed(&ids)?, columns, Vec::new()))
    }

    /// What an operator computes.
    fn over(frame: DataFrame, columns: Vec<Attribute>, origins: Vec<Origin>) -> Self {
        Self { frame, columns, origins, projection: None, leaf: None }
    }

    /// The relation with the names of its columns as the client sees them.
    ///
    /// # Errors
    /// When two columns of a computed relation have one name.
    pub(crate) fn visible(&self) -> Result<DataFrame, SparkError> {
        if let Some(leaf) = &self.leaf {
            return Ok(leaf.clone());
        }
        let names: Vec<String> = self.columns.iter().map(|column| column.name().to_owned()).collect();
        self.frame.renamed(&names)
    }

    /// What names mean to an operator over it.
    pub(crate) fn scope(&self) -> Scope {
        let below = self.projection.as_ref().map(|projection| projection.input.columns.clone()).unwrap_or_default();
        Scope { columns: self.columns.clone(), below, origins: self.origins.clone() }
    }
}

/// Plans the relations of one query.
pub(crate) struct Planner<'s> {
    pub(crate) session: &'s ConnectSession,
    ids: AtomicU64,
    /// The relations that subqueries and SQL texts of the query refer to, by the client's numbers.
    references: Mutex<BTreeMap<i64, Arc<Planned>>>,
    /// Those that a SQL text calls by a name.
    named: Mutex<BTreeMap<String, Arc<Planned>>>,
    observations: Mutex<Vec<Observation>>,
}

impl<'s> Planner<'s> {
    /// A planner of one query.
    pub(crate) fn new(session: &'s ConnectSession) -> Self {
        Self {
            session,
            ids: AtomicU64::new(0),
            references: Mutex::default(),
            named: Mutex::default(),
            observations: Mutex::default(),
        }
    }

    /// A name in the engine's plan that no other column of the query has.
    pub(crate) fn new_id(&self, name: &str) -> String {
        format!("{name}#{}", self.ids.fetch_add(1, Ordering::Relaxed))
    }

    /// A relation that the query refers to.
    pub(crate) fn reference(&self, plan_id: i64) -> Option<Arc<Planned>> {
        self.references.lock().unwrap_or_else(PoisonError::into_inner).get(&plan_id).cloned()
    }

    fn refer(&self, plan_id: i64, planned: Planned) {
        self.references.lock().unwrap_or_else(PoisonError::into_inner).insert(plan_id, Arc::new(planned));
    }

    fn name_reference(&self, name: &str, planned: Planned) {
        self.named.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), Arc::new(planned));
    }

    fn observe(&self, observation: Observation) {
        self.observations.lock().unwrap_or_else(PoisonError::into_inner).push(observation);
    }

    fn named_references(&self) -> Vec<(String, Arc<Planned>)> {
        let named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        named.iter().map(|(name, planned)| (name.clone(), Arc::clone(planned))).collect()
    }

    /// A relation whose columns are all new.
    ///
    /// # Errors
    /// When a computed column has a type that Spark does not know.
    pub(crate) fn leaf(&self, frame: &DataFrame, qualifier: &[String]) -> Result<Planned, SparkError> {
        let leaf = Some(frame.clone());
        Ok(Planned { leaf, ..self.leaf_of(frame, frame.schema()?, qualifier)? })
    }

    /// The same for columns whose types, names and metadata are known: the client sees what `schema` says.
    ///
    /// # Errors
    /// When the schema has another number of columns.
    pub(crate) fn leaf_of(
        &self,
        frame: &DataFrame,
        schema: StructType,
        qualifier: &[String],
    ) -> Result<Planned, SparkError> {
        Planned::of_columns(frame, self.attributes(schema, qualifier))
    }

    /// The rows that are kept of a persisted relation, whose columns are new to this query.
    ///
    /// # Errors
    /// Never in practice; DataFusion's own.
    pub(crate) fn kept(&self, rows: &Rows) -> Result<Planned, SparkError> {
        Planned::of_columns(&rows.kept.frame()?, self.anew(&rows.columns))
    }

    /// Columns like these that are none of them.
    pub(crate) fn anew(&self, columns: &[Attribute]) -> Vec<Attribute> {
        columns.iter().map(|column| Attribute { id: self.new_id(column.name()), ..column.clone() }).collect()
    }

    /// New attributes for the columns of a schema.
    pub(crate) fn attributes(&self, schema: StructType, qualifier: &[String]) -> Vec<Attribute> {
        let attribute =
            |field: StructField| Attribute { id: self.new_id(&field.name), qualifier: qualifier.to_vec(), field };
        schema.fields.into_iter().map(attribute).collect()
    }
}
