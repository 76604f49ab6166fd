//! Relations: each operator over the DataFrames of its inputs.

mod aggregate;
mod catalog;
mod function;
mod join;
mod local;
mod na;
pub(crate) mod observe;
pub(crate) mod project;
mod python;
mod read;
mod sample;
mod set;
mod show;
mod sort;
mod stat;
mod unpivot;

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use seatrial_engine::error::SparkError;
use seatrial_engine::session::Kept;
use spark_connect_proto::Relation;
use spark_connect_proto::relation::RelType;

use super::attribute::Attribute;
use super::scope::Origin;
use super::{Planned, Planner, unsupported};
use crate::persisted::Rows;
use crate::types::malformed;

impl Planner<'_> {
    /// Plans a relation.
    ///
    /// # Errors
    /// As Spark's analyser reports them; what is not supported is named.
    pub(crate) fn relation<'a>(&'a self, relation: &'a Relation) -> BoxFuture<'a, Result<Planned, SparkError>> {
        async move {
            let mut planned = self.persisted(relation).await?;
            if let Some(plan_id) = relation.common.as_ref().and_then(|common| common.plan_id) {
                planned.origins.push(Origin { plan_id, columns: planned.columns.clone() });
            }
            Ok(planned)
        }
        .boxed()
    }

    /// The rows of a relation that the client persisted, or the relation itself.
    async fn persisted(&self, relation: &Relation) -> Result<Planned, SparkError> {
        let persisted = &self.session.persisted;
        let Some(key) = persisted.key(relation) else { return self.operator(relation).await };
        if let Some(rows) = persisted.rows(&key) {
            return self.kept(&rows);
        }
        let planned = self.operator(relation).await?;
        let make = || Ok(Rows { kept: Kept::try_new(&planned.frame)?, columns: planned.columns.clone() });
        match persisted.keep(&key, make)? {
            Some(rows) => Ok(Planned { origins: planned.origins.clone(), ..self.kept(&rows)? }),
            None => Ok(planned),
        }
    }

    /// Plans the relation that an operator reads.
    ///
    /// # Errors
    /// When there is none, and its own.
    pub(crate) async fn input(&self, input: Option<&Relation>) -> Result<Arc<Planned>, SparkError> {
        let input = input.ok_or_else(|| malformed("an operator without an input"))?;
        self.relation(input).await.map(Arc::new)
    }

    /// The relation that an operator reads, for one that says nothing of its rows.
    async fn unchanged(&self, input: Option<&Relation>) -> Result<Planned, SparkError> {
        self.input(input).await.map(Arc::unwrap_or_clone)
    }

    async fn operator(&self, relation: &Relation) -> Result<Planned, SparkError> {
        let Some(kind) = relation.rel_type.as_ref() else {
            return Err(unsupported("a relation of this kind"));
        };
        match kind {
            RelType::Read(read) => self.read(relation, read).await,
            RelType::Sql(sql) => self.sql(sql).await,
            RelType::WithRelations(with) => self.with_relations(with).await,
            RelType::Range(range) => self.range(range),
            RelType::LocalRelation(local) => self.local(local),
            RelType::CachedLocalRelation(cached) => self.cached_local(&cached.hash),
            RelType::ChunkedCachedLocalRelation(cached) => self.chunked_local(cached),
            RelType::Project(project) => self.project(project).await,
            RelType::Filter(filter) => self.filter(filter).await,
            RelType::Join(join) => self.join(join).await,
            RelType::LateralJoin(_) => Err(unsupported("lateral joins")),
            RelType::SetOp(operation) => self.set_operation(operation).await,
            RelType::Sort(sort) => self.sort(sort).await,
            RelType::Limit(limit) => self.limit(limit.input.as_deref(), Some(limit.limit), 0).await,
            RelType::Offset(offset) => self.limit(offset.input.as_deref(), None, offset.offset).await,
            RelType::Tail(tail) => self.tail(tail).await,
            RelType::Aggregate(aggregate) => self.aggregate(aggregate).await,
            RelType::Deduplicate(deduplicate) => self.deduplicate(deduplicate).await,
            RelType::SubqueryAlias(alias) => {
                let input = self.input(alias.input.as_deref()).await?;
                let columns = input.columns.iter().map(|column| {
                    let mut qualifier = alias.qualifier.clone();
                    qualifier.push(alias.alias.clone());
                    Attribute { qualifier, ..column.clone() }
                });
                let columns = columns.collect();
                Ok(Planned { columns, projection: None, leaf: None, ..Planned::clone(&input) })
            }
            RelType::ToDf(to) => {
                let input = self.input(to.input.as_deref()).await?;
                self.to_df(input, &to.column_names)
            }
            RelType::ToSchema(to) => self.to_schema(to).await,
            RelType::WithColumns(with) => self.with_columns(with).await,
            RelType::WithColumnsRenamed(renamed) => self.with_columns_renamed(renamed).await,
            RelType::Drop(dropped) => self.drop_columns(dropped).await,
            // Where rows are computed is no part of a result; the engine has partitions of its own.
            RelType::Repartition(repartition) => self.unchanged(repartition.input.as_deref()).await,
            RelType::RepartitionByExpression(repartition) => self.unchanged(repartition.input.as_deref()).await,
            RelType::Hint(hint) => self.unchanged(hint.input.as_deref()).await,
            RelType::WithWatermark(with) => self.unchanged(with.input.as_deref()).await,
            RelType::ShowString(show) => self.show_string(show).await,
            RelType::HtmlString(html) => self.html_string(html).await,
            RelType::FillNa(fill) => self.fill(fill).await,
            RelType::DropNa(dropped) => self.drop_missing(dropped).await,
            RelType::Replace(replace) => self.replace(replace).await,
            RelType::Sample(sample) => self.sample(sample).await,
            RelType::SampleBy(sample) => self.sample_by(sample).await,
            RelType::Summary(summary) => self.summary(summary).await,
            RelType::Describe(describe) => self.describe(describe).await,
            RelType::Crosstab(crosstab) => self.crosstab(crosstab).await,
            RelType::Cov(cov) => self.covariance(cov).await,
            RelType::Corr(corr) => self.correlation(corr).await,
            RelType::ApproxQuantile(asked) => self.approx_quantile(asked).await,
            RelType::FreqItems(asked) => self.frequent_items(asked).await,
            RelType::Unpivot(unpivot) => self.unpivot(unpivot).await,
            RelType::Transpose(transpose) => self.transpose(transpose).await,
            RelType::Catalog(catalog) => self.catalog(catalog).await,
            RelType::UnresolvedTableValuedFunction(function) => self.table_function(function),
            RelType::MapPartitions(map) => self.map_partitions(map).await,
            RelType::GroupMap(map) => self.group_map(map).await,
            RelType::CoGroupMap(map) => self.cogroup_map(map).await,
            RelType::CollectMetrics(collect) => {
                self.collect_metrics(collect, relation.common.as_ref().and_then(|common| common.plan_id)).await
            }
            other => Err(unsupported(name_of(other))),
        }
    }
}

/// How an operator that is not supported is called in PySpark.
fn name_of(kind: &RelType) -> &'static str {
    match kind {
        RelType::ApplyInPandasWithState(_) => "GroupedData.applyInPandasWithState",
        RelType::Parse(_) => "reading JSON, CSV or XML from a DataFrame",
        RelType::CachedRemoteRelation(_) => "checkpoints",
        RelType::CommonInlineUserDefinedTableFunction(_) => "Python user-defined table functions",
        RelType::CommonInlineUserDefinedDataSource(_) => "inline data sources",
        RelType::AsOfJoin(_) => "as-of joins",
        RelType::RelationChanges(_) => "the changes of a table",
        RelType::NearestByJoin(_) => "nearest-by joins",
        RelType::Zip(_) => "DataFrame.zip",
        RelType::MlRelation(_) => "machine learning",
        RelType::Extension(_) => "extensions of the protocol",
        _ => "a relation of this kind",
    }
}
