//! Relations whose rows are kept: `CACHE TABLE` and what goes with it.
//!
//! Spark finds kept rows by the plan that made them, whatever name a query reads it by. So a plan keeps the relations of the
//! catalogue as they are until it is executed: only then a relation that is cached becomes a scan of its rows, and any other
//! view what it stands for.

use std::sync::{Arc, PoisonError, RwLock, Weak};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use datafusion::catalog::{MemTable, Session as DataFusionSession, TableProvider};
use datafusion::common::internal_err;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::Result;
use datafusion::logical_expr::logical_plan::TableScan;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableType, col};
use datafusion::physical_plan::ExecutionPlan;
use tokio::sync::OnceCell;

use super::catalog::Table;
use super::text_cast::Reading;
use super::{DataFrame, Session, SessionInner, planning};
use crate::error::SparkError;
use crate::executor::PickledClass;
use crate::python::interpreter::spark_minor;

/// A relation of the catalogue that a plan reads, before it is known whether its rows are kept.
#[derive(Debug)]
pub(super) struct Relation {
    kind: Kind,
    schema: SchemaRef,
}

#[derive(Debug)]
enum Kind {
    /// A view of a query.
    View { plan: LogicalPlan, reading: Arc<Reading> },
    /// A table, as one query loaded it. Sessions that share it have classes of their own to read it.
    Table { table: Arc<Table>, session: Weak<SessionInner>, class: PickledClass, loaded: Arc<dyn TableProvider> },
}

impl Relation {
    /// A view of a query.
    pub(super) fn view(plan: LogicalPlan, reading: Arc<Reading>) -> Arc<Self> {
        let schema = Arc::clone(plan.schema().inner());
        Arc::new(Self { kind: Kind::View { plan, reading }, schema })
    }

    /// A table.
    pub(super) fn table(
        table: Arc<Table>,
        session: &Session,
        class: PickledClass,
        loaded: Arc<dyn TableProvider>,
    ) -> Arc<Self> {
        let (schema, session) = (loaded.schema(), Arc::downgrade(&session.inner));
        Arc::new(Self { kind: Kind::Table { table, session, class, loaded }, schema })
    }

    /// What a scan of it reads.
    fn expanded(&self, scan: &TableScan) -> Result<LogicalPlan> {
        let builder = match &self.kind {
            Kind::View { plan, .. } => LogicalPlanBuilder::new(plan.clone()).alias(scan.table_name.clone())?,
            Kind::Table { loaded, .. } => {
                LogicalPlanBuilder::scan(scan.table_name.clone(), provider_as_source(Arc::clone(loaded)), None)?
            }
        };
        builder.build()
    }
}

#[async_trait]
impl TableProvider for Relation {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _state: &dyn DataFusionSession,
        _projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        internal_err!("a relation of the catalogue was not expanded")
    }
}

/// Whether two relations are one: the same view, or a table that the same class reads.
fn same(left: &Arc<dyn TableProvider>, right: &Arc<dyn TableProvider>) -> bool {
    if let (Some(left), Some(right)) = (left.downcast_ref::<Relation>(), right.downcast_ref::<Relation>())
        && let (
            Kind::Table { table, session, class, .. },
            Kind::Table { table: other, session: of_other, class: by_other, .. },
        ) = (&left.kind, &right.kind)
    {
        return Arc::ptr_eq(table, other) && Weak::ptr_eq(session, of_other) && class == by_other;
    }
    std::ptr::addr_eq(Arc::as_ptr(left), Arc::as_ptr(right))
}

/// A cached relation. Its rows are read when they are first needed.
#[derive(Debug)]
pub(super) struct Cached {
    relation: Arc<dyn TableProvider>,
    rows: OnceCell<MemTable>,
}

impl Cached {
    /// Whether these are rows of a table.
    fn is_of(&self, table: &Arc<Table>) -> bool {
        let kind = self.relation.downcast_ref::<Relation>().map(|relation| &relation.kind);
        matches!(kind, Some(Kind::Table { table: known, .. }) if Arc::ptr_eq(known, table))
    }

    /// Takes the rows away; whoever reads them at the moment keeps them.
    fn renew(self: &mut Arc<Self>) {
        *self = Arc::new(Self { relation: Arc::clone(&self.relation), rows: OnceCell::new() });
    }

    /// Whether queries find the rows: Spark 4.0 reads a table again, though it keeps its rows.
    fn is_found(&self) -> bool {
        let relation = self.relation.downcast_ref::<Relation>();
        spark_minor() >= (4, 1) || !relation.is_some_and(|relation| matches!(relation.kind, Kind::Table { .. }))
    }

    /// Reads the rows, unless they are there.
    pub(super) async fn fill(self: &Arc<Self>, session: &Session) -> Result<(), SparkError> {
        let read = async || {
            let reading = match self.relation.downcast_ref::<Relation>().map(|relation| &relation.kind) {
                Some(Kind::View { reading, .. }) => Arc::clone(reading),
                _ => Arc::default(),
            };
            let scan = planning::scan(Arc::clone(&self.relation))?;
            let frame = DataFrame::from_plan(session.clone(), scan, reading);
            let plan = frame.plan_without(Some(self)).await?;
            let schema = self.relation.schema();
            let mut partitions = Vec::new();
            for batches in plan.collect_partitions().await? {
                let batches = batches.into_iter().map(|batch| {
                    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
                    RecordBatch::try_new_with_options(Arc::clone(&schema), batch.columns().to_vec(), &options)
                });
                partitions.push(batches.collect::<Result<Vec<_>, _>>().map_err(SparkError::internal)?);
            }
            Ok::<_, SparkError>(MemTable::try_new(schema, partitions)?)
        };
        self.rows.get_or_try_init(read).await.map(drop)
    }
}

/// Scans the rows of a [`Cached`] relation.
#[derive(Debug)]
struct CachedRows(Arc<Cached>);

#[async_trait]
impl TableProvider for CachedRows {
    fn schema(&self) -> SchemaRef {
        self.0.relation.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        state: &dyn DataFusionSession,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match self.0.rows.get() {
            Some(rows) => rows.scan(state, projection, filters, limit).await,
            None => internal_err!("the rows of a cached relation were not read"),
        }
    }
}

/// What is cached, for all sessions of an engine.
#[derive(Debug, Default)]
pub(super) struct Cache(RwLock<Vec<Arc<Cached>>>);

impl Cache {
    fn all(&self) -> Vec<Arc<Cached>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Cached>>)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Keeps a relation's rows from now on.
    pub(super) fn add(&self, relation: Arc<dyn TableProvider>) -> Arc<Cached> {
        if let Some(cached) = self.all().into_iter().find(|cached| same(&cached.relation, &relation)) {
            return cached;
        }
        let cached = Arc::new(Cached { relation, rows: OnceCell::new() });
        self.change(|all| all.push(Arc::clone(&cached)));
        cached
    }

    /// Whether a relation's rows are kept, or will be when they are first read.
    pub(super) fn has(&self, relation: &Arc<dyn TableProvider>) -> bool {
        self.all().iter().any(|cached| same(&cached.relation, relation))
    }

    /// Forgets a relation's rows. Others that were read from them stay cached, and are read anew.
    pub(super) fn remove(&self, relation: &Arc<dyn TableProvider>) {
        self.change(|all| {
            let before = all.len();
            all.retain(|cached| !same(&cached.relation, relation));
            if all.len() < before {
                renew(all, relation);
            }
        });
    }

    /// Lets a relation's rows be read anew when they are next needed, if they are kept.
    pub(super) fn refresh(&self, relation: &Arc<dyn TableProvider>) {
        self.change(|all| renew(all, relation));
    }

    /// Forgets what is kept of a table, whoever reads it.
    pub(super) fn remove_table(&self, table: &Arc<Table>) {
        self.change(|all| all.retain(|cached| !cached.is_of(table)));
    }

    /// Lets a table's rows be read anew when they are next needed; before Spark 4.3 they are no longer kept.
    pub(super) fn refresh_table(&self, table: &Arc<Table>) {
        if spark_minor() < (4, 3) {
            return self.remove_table(table);
        }
        self.change(|all| all.iter_mut().filter(|cached| cached.is_of(table)).for_each(Cached::renew));
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.change(Vec::clear);
    }

    /// The plan with the rows that are kept in the place of what they were read from, and every other relation expanded. Rows that
    /// are not there yet are read now.
    pub(super) async fn apply(
        &self,
        session: &Session,
        plan: LogicalPlan,
        without: Option<&Arc<Cached>>,
    ) -> Result<LogicalPlan, SparkError> {
        let mut cached = self.all();
        cached.retain(|cached| cached.is_found() && without.is_none_or(|without| !Arc::ptr_eq(cached, without)));
        let mut used: Vec<Arc<Cached>> = Vec::new();
        let plan = plan.transform_down_with_subqueries(|node| {
            if let Some((found, rows)) = kept(&node, &cached)? {
                used.push(found);
                return Ok(Transformed::new(rows, true, TreeNodeRecursion::Jump));
            }
            expanded(node)
        })?;
        for cached in used {
            Box::pin(cached.fill(session)).await?;
        }
        Ok(plan.data)
    }
}

/// Replaces what was read from a relation by what is still to be read.
fn renew(all: &mut [Arc<Cached>], relation: &Arc<dyn TableProvider>) {
    for cached in all {
        if same(&cached.relation, relation) || reads(&cached.relation, relation) {
            Cached::renew(cached);
        }
    }
}

/// Whether a view reads a relation, by other views or by itself.
fn reads(view: &Arc<dyn TableProvider>, relation: &Arc<dyn TableProvider>) -> bool {
    let Some(Kind::View { plan, .. }) = view.downcast_ref::<Relation>().map(|relation| &relation.kind) else {
        return false;
    };
    sources(plan).iter().any(|source| same(source, relation) || reads(source, relation))
}

/// The tables that a plan scans, in order.
fn sources(plan: &LogicalPlan) -> Vec<Arc<dyn TableProvider>> {
    let mut found = Vec::new();
    // The visitor never fails.
    let _ = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Ok(provider) = source_as_provider(&scan.source)
        {
            found.push(provider);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    found
}

/// The kept rows of an operator, if it is a cached relation or the query of a cached view.
fn kept(node: &LogicalPlan, all: &[Arc<Cached>]) -> Result<Option<(Arc<Cached>, LogicalPlan)>> {
    for cached in all {
        let rows = || provider_as_source(Arc::new(CachedRows(Arc::clone(cached))));
        match node {
            LogicalPlan::TableScan(scan) => {
                if source_as_provider(&scan.source).is_ok_and(|provider| same(&provider, &cached.relation)) {
                    let scan = LogicalPlanBuilder::scan(scan.table_name.clone(), rows(), None)?;
                    return Ok(Some((Arc::clone(cached), scan.build()?)));
                }
            }
            node => {
                let relation = cached.relation.downcast_ref::<Relation>();
                let Some(Kind::View { plan, .. }) = relation.map(|relation| &relation.kind) else { continue };
                if node != plan || !alike(node, plan) {
                    continue;
                }
                let names = node.schema().iter().enumerate().map(|(index, (qualifier, field))| {
                    let name = cached.relation.schema().field(index).name().clone();
                    let column = col(datafusion::common::Column::new(Some("cached"), name));
                    column.alias_qualified(qualifier.cloned(), field.name())
                });
                let scan = LogicalPlanBuilder::scan("cached", rows(), None)?.project(names.collect::<Vec<_>>())?;
                return Ok(Some((Arc::clone(cached), scan.build()?)));
            }
        }
    }
    Ok(None)
}

/// Whether two plans of the same form scan the same tables.
fn alike(left: &LogicalPlan, right: &LogicalPlan) -> bool {
    let (left, right) = (sources(left), sources(right));
    left.len() == right.len() && left.iter().zip(&right).all(|(left, right)| same(left, right))
}

/// The operator, or what stands for it if it reads a relation of the catalogue.
fn expanded(node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::TableScan(scan) = &node else { return Ok(Transformed::no(node)) };
    let Ok(provider) = source_as_provider(&scan.source) else { return Ok(Transformed::no(node)) };
    match provider.downcast_ref::<Relation>() {
        Some(relation) => Ok(Transformed::yes(relation.expanded(scan)?)),
        None => Ok(Transformed::no(node)),
    }
}
