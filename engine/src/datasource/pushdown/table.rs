//! A Python source whose read was planned for one query, with the filters that its reader keeps.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::filter::Filter;
use crate::datasource::provider::PythonTableProvider;
use crate::executor::PlannedRead;

/// The table of one scan in one query.
#[derive(Debug)]
pub(super) struct PlannedTable {
    /// The loaded source; always a [`PythonTableProvider`].
    table: Arc<dyn TableProvider>,
    planned: Arc<PlannedRead>,
    pushed: Arc<[Filter]>,
}

impl PlannedTable {
    /// `planned` is a read of `table` whose reader applies `pushed`.
    pub(super) fn new(table: Arc<dyn TableProvider>, planned: Arc<PlannedRead>, pushed: Arc<[Filter]>) -> Self {
        Self { table, planned, pushed }
    }
}

#[async_trait]
impl TableProvider for PlannedTable {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
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
        let Some(source) = self.table.downcast_ref::<PythonTableProvider>() else {
            return Err(datafusion::error::DataFusionError::Internal(
                "a planned read of another kind of table".to_owned(),
            ));
        };
        Ok(Arc::new(source.exec(Arc::clone(&self.planned), projection)?.with_pushed_filters(Arc::clone(&self.pushed))))
    }
}
