//! Spark's functions that DataFusion does not have, or has with another meaning.
//!
//! Their null semantics and their errors are those of Spark in ANSI mode. What depends on a setting is chosen when a query gets
//! its meaning (`semantics`), since functions are shared by all sessions of an engine.

pub(super) mod bytes;
pub(super) mod collation;
pub(super) mod element;
pub(super) mod field;
pub(super) mod generated;
pub(super) mod higher_order;
pub(super) mod map_key;
pub(super) mod partition_id;
pub(super) mod variant;

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::{FunctionRegistry, SessionState, SessionStateBuilder, SessionStateDefaults};
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{HigherOrderUDF, ScalarUDF};

/// The builder with planners of expressions that know Spark's nested fields; to be used after the defaults.
pub(super) fn with_planners(builder: SessionStateBuilder) -> SessionStateBuilder {
    let mut planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(field::FieldPlanner)];
    planners.extend(SessionStateDefaults::default_expr_planners());
    builder.with_expr_planners(planners)
}

/// Registers the functions, in the place of DataFusion's where names are the same.
///
/// # Errors
/// Never in practice; the registry's own.
pub(super) fn register(state: &mut SessionState) -> Result<()> {
    let functions = [
        ScalarUDF::new_from_impl(collation::Collate::new(collation::COLLATE)),
        ScalarUDF::new_from_impl(element::Element::at_position(true, None)),
        ScalarUDF::new_from_impl(element::Element::tolerant("try_element_at", 1)),
        ScalarUDF::new_from_impl(element::Element::tolerant("get", 0)),
        ScalarUDF::new_from_impl(map_key::MapContainsKey::new()),
        ScalarUDF::new_from_impl(partition_id::PartitionId::new()),
        ScalarUDF::new_from_impl(variant::VariantGet::new(true)),
        ScalarUDF::new_from_impl(variant::VariantGet::new(false)),
    ];
    for function in functions.into_iter().chain(bytes::tests()) {
        state.register_udf(Arc::new(function))?;
    }
    for function in higher_order::ArrayFunction::all() {
        state.register_higher_order_function(Arc::new(HigherOrderUDF::new_from_impl(function)))?;
    }
    for name in ["aggregate", "reduce"] {
        let function = HigherOrderUDF::new_from_impl(higher_order::Fold::new(name));
        state.register_higher_order_function(Arc::new(function))?;
    }
    Ok(())
}
