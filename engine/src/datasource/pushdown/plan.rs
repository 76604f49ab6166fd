//! The pass over a query's plan that offers readers their filters.

use std::collections::VecDeque;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::config::ConfigOptions;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::error::Result;
use datafusion::logical_expr::logical_plan::{Filter as FilterNode, TableScan};
use datafusion::logical_expr::{Expr, LogicalPlan};

use super::filter::Filter;
use super::normal::Normaliser;
use super::table::PlannedTable;
use super::{convert, descend};
use crate::datasource::provider::PythonTableProvider;
use crate::executor::ReadSettings;

/// The plan with every read planned that has filters to offer; those without any are planned when they are scanned (FLT-NOCALL).
/// Sources are asked one after the other.
///
/// # Errors
/// `PYTHON_DATA_SOURCE_ERROR` of `reader`, `pushFilters` and `partitions`.
pub(crate) async fn plan_reads(
    plan: LogicalPlan,
    options: Arc<ConfigOptions>,
    settings: ReadSettings,
) -> Result<LogicalPlan> {
    if !has_python_scan(&plan)? {
        return Ok(plan);
    }
    let plan = descend::descend(plan, &Normaliser::new(options))?;
    let mut offers = Vec::new();
    plan.apply_with_subqueries(|node| {
        offers.extend(Offer::of(node)?);
        Ok(TreeNodeRecursion::Continue)
    })?;
    let mut planned = VecDeque::with_capacity(offers.len());
    for offer in offers {
        planned.push_back(offer.make(settings).await?);
    }
    // The same walk finds the same scans in the same order.
    let plan = plan.transform_down_with_subqueries(|node| {
        if Offer::of(&node)?.is_none() {
            return Ok(Transformed::no(node));
        }
        match planned.pop_front() {
            Some(plan) => Ok(Transformed::new(plan, true, TreeNodeRecursion::Jump)),
            None => Ok(Transformed::no(node)),
        }
    })?;
    Ok(plan.data)
}

fn has_python_scan(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Ok(table) = source_as_provider(&scan.source)
        {
            found |= table.downcast_ref::<PythonTableProvider>().is_some();
        }
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

/// A filter directly above the scan of a Python source, part of which its reader can be offered.
struct Offer {
    table: Arc<dyn TableProvider>,
    scan: TableScan,
    /// The conjuncts in order, each with the filter that it is, or the reason why it is none.
    conjuncts: Vec<(Expr, Result<Filter, &'static str>)>,
}

impl Offer {
    fn of(node: &LogicalPlan) -> Result<Option<Self>> {
        let LogicalPlan::Filter(filter) = node else { return Ok(None) };
        let LogicalPlan::TableScan(scan) = filter.input.as_ref() else { return Ok(None) };
        let Ok(table) = source_as_provider(&scan.source) else { return Ok(None) };
        let Some(source) = table.downcast_ref::<PythonTableProvider>() else { return Ok(None) };
        let schema = source.spark_schema();
        let conjuncts: Vec<_> = descend::conditions(filter)
            .into_iter()
            .map(|conjunct| {
                let converted = if super::constants::is_deterministic(&conjunct) {
                    convert::filter(&conjunct, schema)
                } else {
                    Err("a value that is not deterministic")
                };
                (conjunct, converted)
            })
            .collect();
        for (conjunct, converted) in &conjuncts {
            if let Err(reason) = converted {
                tracing::debug!(source = source.name(), "not offered: {conjunct}: {reason}");
            }
        }
        let offered = conjuncts.iter().any(|(_, converted)| converted.is_ok());
        Ok(offered.then(|| Self { table: Arc::clone(&table), scan: scan.clone(), conjuncts }))
    }

    /// Offers the filters, and builds the scan with what is left to apply above it: first what could not be offered, then what
    /// the reader returned.
    async fn make(self, settings: ReadSettings) -> Result<LogicalPlan> {
        let Some(source) = self.table.downcast_ref::<PythonTableProvider>() else {
            return Err(datafusion::error::DataFusionError::Internal("an offer to another kind of table".to_owned()));
        };
        let filters: Vec<Filter> =
            self.conjuncts.iter().filter_map(|(_, converted)| converted.as_ref().ok()).cloned().collect();
        let planned = source.plan_with(filters.clone(), settings).await?;
        let is_kept = |index: usize| planned.kept_filters.contains(&index);
        let (kept, returned): (Vec<_>, Vec<_>) = filters.iter().enumerate().partition(|(index, _)| is_kept(*index));
        let texts = |filters: &[(usize, &Filter)]| {
            filters.iter().map(|(_, filter)| filter.to_string()).collect::<Vec<_>>().join(", ")
        };
        tracing::debug!(
            source = source.name(),
            offered = %filters.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            kept = %texts(&kept),
            returned = %texts(&returned),
            "filters pushed"
        );
        let pushed: Arc<[Filter]> = kept.into_iter().map(|(_, filter)| filter.clone()).collect();
        let mut offered = 0;
        let (mut rest, mut reapplied) = (Vec::new(), Vec::new());
        for (conjunct, converted) in self.conjuncts {
            match converted {
                Err(_) => rest.push(conjunct),
                Ok(_) => {
                    if !is_kept(offered) {
                        reapplied.push(conjunct);
                    }
                    offered += 1;
                }
            }
        }
        rest.extend(reapplied);
        let table = PlannedTable::new(Arc::clone(&self.table), Arc::clone(&planned), pushed);
        let scan = TableScan { source: provider_as_source(Arc::new(table)), ..self.scan };
        let scan = LogicalPlan::TableScan(scan);
        match rest.into_iter().reduce(Expr::and) {
            Some(predicate) => Ok(LogicalPlan::Filter(FilterNode::try_new(predicate, Arc::new(scan))?)),
            None => Ok(scan),
        }
    }
}
