//! Keeps DataFusion from moving projections where a lambda is computed: the parameters of a lambda have places behind the columns of
//! its input, and a projection that moves changes how many columns there are.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::physical_expr::HigherOrderFunctionExpr;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_optimizer::{PhysicalOptimizerContext, PhysicalOptimizerRule};
use datafusion::physical_plan::ExecutionPlan;

/// The rule of DataFusion that moves projections.
const MOVES_PROJECTIONS: &str = "ProjectionPushdown";

/// DataFusion's rules, one of which leaves plans with lambdas alone.
pub(super) fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let guarded = |rule: Arc<dyn PhysicalOptimizerRule + Send + Sync>| match rule.name() {
        MOVES_PROJECTIONS => Arc::new(WithoutLambdas(rule)) as Arc<dyn PhysicalOptimizerRule + Send + Sync>,
        _ => rule,
    };
    PhysicalOptimizer::default().rules.into_iter().map(guarded).collect()
}

#[derive(Debug)]
struct WithoutLambdas(Arc<dyn PhysicalOptimizerRule + Send + Sync>);

fn has_lambdas(plan: &Arc<dyn ExecutionPlan>) -> Result<bool> {
    let mut found = false;
    plan.apply(|node| {
        node.apply_expressions(&mut |expr| {
            found |= expr.exists(|expr| Ok(expr.downcast_ref::<HigherOrderFunctionExpr>().is_some()))?;
            Ok(TreeNodeRecursion::Continue)
        })?;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

impl PhysicalOptimizerRule for WithoutLambdas {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        if has_lambdas(&plan)? { Ok(plan) } else { self.0.optimize(plan, config) }
    }

    fn optimize_with_context(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        context: &dyn PhysicalOptimizerContext,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if has_lambdas(&plan)? { Ok(plan) } else { self.0.optimize_with_context(plan, context) }
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn schema_check(&self) -> bool {
        self.0.schema_check()
    }
}
