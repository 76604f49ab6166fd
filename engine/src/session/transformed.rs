//! Relations that functions make of others: `mapInPandas`, `applyInPandas` and their like.

use std::sync::Arc;

use datafusion::logical_expr::{Extension, LogicalPlan};

use super::{DataFrame, Session};
use crate::error::SparkError;
use crate::types::StructType;
use crate::udf::{Applied, Given, Transform, WorkerSettings};

impl Session {
    /// What functions make of relations, which are described beside them. The result has the columns of `output`; before them
    /// the keys, where the functions are aggregates.
    ///
    /// # Errors
    /// Never in practice; DataFusion's own.
    pub fn apply_functions(
        &self,
        relations: Vec<(DataFrame, Given)>,
        functions: Vec<Applied>,
        output: StructType,
    ) -> Result<DataFrame, SparkError> {
        let settings = Arc::new(WorkerSettings::of_session(&self.conf(), &self.inner.settings));
        let reading = relations.first().map(|(frame, _)| Arc::clone(frame.reading())).unwrap_or_default();
        let mut inputs = Vec::with_capacity(relations.len());
        let mut given = Vec::with_capacity(relations.len());
        for (frame, description) in relations {
            inputs.push(frame.logical_plan()?);
            given.push(description);
        }
        let node = Transform::try_new(inputs, functions, given, output, settings)?;
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        Ok(DataFrame::from_plan(self.clone(), plan, reading))
    }
}
