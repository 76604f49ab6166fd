//! Makes the operators of functions ready to run.

use std::sync::Arc;

use arrow::datatypes::Schema;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::evaluate::{Call, Evaluate};
use super::exec::{EvaluateExec, Evaluation, schema_of};
use super::transform::Transform;
use super::transform_exec::TransformExec;
use crate::executor::{PythonExecutor, WorkerFunction};
use crate::types::arrow::from_arrow_field;
use crate::types::{StructField, StructType};

/// Plans queries that call functions.
#[derive(Debug, Clone)]
pub(crate) struct FunctionPlanner {
    executor: Arc<dyn PythonExecutor>,
}

impl FunctionPlanner {
    /// A planner of queries whose functions run there.
    pub(crate) fn new(executor: Arc<dyn PythonExecutor>) -> Self {
        Self { executor }
    }

    fn evaluate(&self, node: &Evaluate, input: &Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        let mut columns: Vec<usize> = Vec::new();
        let mut functions = Vec::with_capacity(node.calls.len());
        for call in &node.calls {
            let mut arguments = Vec::with_capacity(call.arguments.len());
            for (argument, keyword) in call.arguments.iter().zip(&call.keywords) {
                let Expr::Column(column) = argument else {
                    return internal_err!("an argument that is no column: {argument}");
                };
                let index = node.input.schema().index_of_column(column)?;
                let offset = columns.iter().position(|known| *known == index).unwrap_or_else(|| {
                    columns.push(index);
                    columns.len() - 1
                });
                arguments.push((offset, keyword.clone()));
            }
            functions.push(WorkerFunction {
                commands: call.functions.iter().map(|function| function.command.clone()).collect(),
                python_version: call
                    .functions
                    .first()
                    .map(|function| function.python_version.clone())
                    .unwrap_or_default(),
                arguments,
            });
        }
        let schema = input.schema();
        let mut fields = Vec::with_capacity(columns.len());
        let mut layout = Vec::with_capacity(columns.len());
        for (place, index) in columns.iter().enumerate() {
            let data_type = from_arrow_field(schema.field(*index))?.data_type;
            let name = format!("_{place}");
            layout.push(node.settings.field(&name, &data_type)?);
            fields.push(StructField::new(&name, data_type));
        }
        let evaluation = Evaluation {
            eval_type: node.eval_type,
            functions,
            columns,
            input: StructType { fields },
            layout: schema_of(layout),
            output: StructType { fields: node.calls.iter().filter_map(Call::field).collect() },
            shown: node.calls.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        let given = node.fields();
        let fields: Vec<_> = schema.fields().iter().cloned().chain(given).collect();
        let output = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
        let (settings, executor) = (Arc::clone(&node.settings), Arc::clone(&self.executor));
        Ok(Arc::new(EvaluateExec::new(Arc::clone(input), output, Arc::new(evaluation), settings, executor)))
    }
}

#[async_trait]
impl QueryPlanner for FunctionPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(self.clone())]);
        planner.create_physical_plan(plan, session).await
    }
}

#[async_trait]
impl ExtensionPlanner for FunctionPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        if let (Some(node), [input]) = (node.as_any().downcast_ref::<Evaluate>(), physical_inputs) {
            return Ok(Some(self.evaluate(node, input)?));
        }
        let Some(node) = node.as_any().downcast_ref::<Transform>() else { return Ok(None) };
        let schema = Arc::clone(UserDefinedLogicalNodeCore::schema(node).inner());
        let (transformation, settings) = (Arc::clone(&node.transformation), Arc::clone(&node.settings));
        let inputs = physical_inputs.to_vec();
        Ok(Some(Arc::new(TransformExec::new(inputs, schema, transformation, settings, Arc::clone(&self.executor)))))
    }
}
