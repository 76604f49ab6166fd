//! Spark's functions that DataFusion does not have, or has with another meaning.
//!
//! Their null semantics and their errors are those of Spark in ANSI mode. What depends on a setting is chosen when a query gets
//! its meaning (`semantics`), since functions are shared by all sessions of an engine.

pub(super) mod arithmetic;
mod arrays;
pub(super) mod bytes;
mod checked_sum;
pub(super) mod collation;
mod csv;
mod date_pattern;
pub(super) mod dates;
mod digest;
pub(super) mod element;
pub(super) mod field;
pub(super) mod generated;
pub(super) mod higher_order;
pub(super) mod intervals;
mod json;
pub(super) mod map_key;
mod map_lambda;
mod maps;
mod math;
mod misc;
mod moments;
mod number_format;
pub(super) mod partition_id;
pub(super) mod percentile;
pub(super) mod random;
mod regex;
mod room;
mod rounding;
pub(super) mod scalar;
mod text;
mod times;
pub(super) mod variant;

use std::sync::Arc;

use datafusion::error::Result;
use datafusion::execution::{FunctionRegistry, SessionState, SessionStateBuilder, SessionStateDefaults};
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::logical_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF};

use scalar::Function;

/// The builder with planners of expressions that know Spark's nested fields; to be used after the defaults.
pub(super) fn with_planners(builder: SessionStateBuilder) -> SessionStateBuilder {
    let mut planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(field::FieldPlanner)];
    planners.extend(SessionStateDefaults::default_expr_planners());
    builder.with_expr_planners(planners)
}

/// Functions of DataFusion that Spark does not have, or has with another meaning.
const NOT_SPARK_S: &[&str] = &[
    "array_any_value",
    "array_concat",
    "array_dims",
    "array_distance",
    "array_length",
    "array_ndims",
    "array_pop_back",
    "array_pop_front",
    "array_remove_all",
    "array_remove_n",
    "array_replace",
    "array_replace_all",
    "array_replace_n",
    "array_resize",
    "array_to_string",
    "arrow_cast",
    "arrow_metadata",
    "arrow_try_cast",
    "arrow_typeof",
    "current_time",
    "date_bin",
    "decode",
    "encode",
    "gcd",
    "iszero",
    "lcm",
    "list_sort",
    "make_time",
    "string_to_array",
    "strpos",
    "to_char",
    "to_hex",
    "to_local_time",
    "to_time",
    "to_timestamp_micros",
    "to_timestamp_millis",
    "to_timestamp_nanos",
    "to_timestamp_seconds",
    "to_unixtime",
    "union_extract",
    "union_tag",
    "version",
];

/// Registers the functions, in the place of DataFusion's where names are the same.
///
/// # Errors
/// Never in practice; the registry's own.
pub(super) fn register(state: &mut SessionState) -> Result<()> {
    for name in NOT_SPARK_S {
        // Its other names go with it, some of which are Spark's.
        state.deregister_udf(name)?;
    }
    state.register_udaf(Arc::new(AggregateUDF::new_from_impl(checked_sum::OfNumbers::sum())))?;
    state.register_udaf(Arc::new(AggregateUDF::new_from_impl(checked_sum::OfNumbers::average())))?;
    for name in ["percentile_cont", "approx_percentile_cont", "approx_percentile_cont_with_weight", "approx_median"] {
        state.deregister_udaf(name)?;
    }
    let functions = [
        ScalarUDF::new_from_impl(collation::Collate::new(collation::COLLATE)),
        ScalarUDF::new_from_impl(element::Element::at_position(true, None)),
        ScalarUDF::new_from_impl(element::Element::tolerant("try_element_at", 1)),
        ScalarUDF::new_from_impl(element::Element::tolerant("get", 0)),
        ScalarUDF::new_from_impl(map_key::MapContainsKey::new()),
        ScalarUDF::new_from_impl(partition_id::PartitionId::new()),
        ScalarUDF::new_from_impl(partition_id::RowId::new()),
        ScalarUDF::new_from_impl(random::Random::new(random::Distribution::Uniform)),
        ScalarUDF::new_from_impl(random::Random::new(random::Distribution::Normal)),
        ScalarUDF::new_from_impl(variant::VariantGet::new(true)),
        ScalarUDF::new_from_impl(variant::VariantGet::new(false)),
    ];
    let ours = [
        arithmetic::ALL,
        arrays::ALL,
        csv::ALL,
        dates::ALL,
        intervals::ALL,
        json::ALL,
        maps::ALL,
        math::ALL,
        misc::ALL,
        number_format::ALL,
        regex::ALL,
        rounding::ALL,
        text::ALL,
        times::ALL,
    ];
    let ours = ours.into_iter().flatten().map(|definition| ScalarUDF::new_from_impl(Function::new(*definition)));
    for function in functions.into_iter().chain(bytes::tests()).chain(ours) {
        state.register_udf(Arc::new(function))?;
    }
    for function in datafusion_spark::function::aggregate::functions() {
        if matches!(function.name(), "collect_list" | "collect_set" | "try_sum") {
            state.register_udaf(function)?;
        }
    }
    for shape in [moments::Shape::Skewness, moments::Shape::Kurtosis] {
        state.register_udaf(Arc::new(AggregateUDF::new_from_impl(moments::Moment::new(shape))))?;
    }
    for function in percentile::Ordered::all() {
        state.register_udaf(Arc::new(AggregateUDF::new_from_impl(function)))?;
    }
    for function in map_lambda::EntriesFunction::all() {
        state.register_higher_order_function(Arc::new(HigherOrderUDF::new_from_impl(function)))?;
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
