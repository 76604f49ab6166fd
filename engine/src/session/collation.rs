//! Which collation an expression has, and what it changes: comparisons, lists, prefixes, order, groups and joins go by the keys of
//! texts. What is not known to be right under a collation is refused; the keys of ICU's collations are not there yet, and fail when
//! they are made, so that readers are offered what Spark offers them.
//!
//! A collation is part of a column's type. `COLLATE` chooses one and wins; a column's or a computed text's own comes next; a
//! constant has none. Two that differ are an error.

use std::sync::Arc;

use arrow::datatypes::DataType as ArrowType;
use datafusion::common::DFSchema;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::{InList, Like, ScalarFunction, WindowFunction};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Distinct, Expr, ExprSchemable, LogicalPlan, Operator, binary_expr};

use super::coercion::is_comparison;
use super::functions::collation::{COLLATE, COLLATED, KEY, collated, key};
use crate::error::condition::{COLLATION_MISMATCH_EXPLICIT, COLLATION_MISMATCH_IMPLICIT};
use crate::error::{ExceptionClass, SparkError};
use crate::types::arrow::from_arrow_field;
use crate::types::{DataType, StructType};

/// Functions that do the same under every collation, apart from that of their result.
const INDIFFERENT: &[&str] = &[
    COLLATE,
    COLLATED,
    KEY,
    "array_field",
    "array_item",
    "ascii",
    "bit_length",
    "cardinality",
    "char_padding",
    "character_length",
    "coalesce",
    "concat",
    "element_at",
    "generated",
    "get",
    "get_field",
    "in_session_zone",
    "initcap",
    "left",
    "lower",
    "lpad",
    "make_array",
    "map_to_array",
    "md5",
    "named_struct",
    "normal_floats",
    "octet_length",
    "positions",
    "repeat",
    "reverse",
    "right",
    "rpad",
    "sha256",
    "substr",
    "text_cast",
    "try_element_at",
    "upper",
];

/// What a text is compared under.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Collation {
    name: String,
    /// Whether `COLLATE` chose it.
    explicit: bool,
}

/// The name of the collation that compares byte by byte, as without any.
const BINARY: &str = "UTF8_BINARY";

fn refused<T>(what: &str, name: &str) -> Result<T> {
    let message = format!("This engine does not support {what} of texts under the collation {name} yet.");
    Err(SparkError::plain(ExceptionClass::UnsupportedOperation, message).into())
}

/// The collation that is somewhere in the type.
fn within(data_type: &DataType) -> Option<&str> {
    match data_type {
        DataType::String { collation } => collation.as_deref(),
        DataType::Array { element, .. } => within(element),
        DataType::Map { key, value, .. } => within(key).or_else(|| within(value)),
        DataType::Struct(StructType { fields }) => fields.iter().find_map(|field| within(&field.data_type)),
        _ => None,
    }
}

/// Whether any column of the schema has a collation, at any depth.
fn has_any(schema: &DFSchema) -> bool {
    schema
        .fields()
        .iter()
        .any(|field| matches!(from_arrow_field(field), Ok(field) if within(&field.data_type).is_some()))
}

/// The collation of a column or of what carries one; that of a nested value's texts is not followed.
fn of_field(expr: &Expr, schema: &DFSchema) -> Result<Option<String>> {
    let (_, field) = expr.to_field(schema)?;
    let Ok(spark) = from_arrow_field(&field) else { return Ok(None) };
    match &spark.data_type {
        DataType::String { collation } => Ok(collation.clone()),
        nested => match within(nested) {
            Some(name) => refused("comparing or computing with nested values", name),
            None => Ok(None),
        },
    }
}

/// The collation of an expression, if it is a text.
fn of(expr: &Expr, schema: &DFSchema) -> Result<Option<Collation>> {
    Ok(match expr {
        Expr::Alias(alias) => of(&alias.expr, schema)?,
        Expr::Literal(..) | Expr::Cast(_) | Expr::TryCast(_) => None,
        Expr::ScalarFunction(call) if call.name() == KEY => None,
        Expr::ScalarFunction(call) if call.name() == COLLATE => {
            let name = of_field(expr, schema)?.unwrap_or_else(|| BINARY.to_owned());
            Some(Collation { name, explicit: true })
        }
        Expr::ScalarFunction(call) if call.name() != COLLATED => of_all(call.args.iter(), schema)?,
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
            of_all([left.as_ref(), right.as_ref()].into_iter(), schema)?
        }
        Expr::BinaryExpr(_) | Expr::Like(_) | Expr::InList(_) | Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::Not(_) => {
            None
        }
        Expr::Case(case) => {
            let results = case.when_then_expr.iter().map(|(_, then)| then.as_ref()).chain(case.else_expr.as_deref());
            of_all(results, schema)?
        }
        expr => of_field(expr, schema)?.map(|name| Collation { name, explicit: false }),
    })
}

/// The collation that expressions have together.
fn of_all<'e>(exprs: impl Iterator<Item = &'e Expr>, schema: &DFSchema) -> Result<Option<Collation>> {
    let mut together: Option<Collation> = None;
    for expr in exprs {
        let Some(next) = of(expr, schema)? else { continue };
        together = Some(match together {
            Some(known) if known.explicit == next.explicit && known.name != next.name => {
                return Err(mismatch(&known, &next));
            }
            Some(known) if known.explicit || !next.explicit => known,
            _ => next,
        });
    }
    Ok(together)
}

fn mismatch(one: &Collation, other: &Collation) -> DataFusionError {
    let name = |collation: &Collation| match collation.name.as_str() {
        BINARY => "\"STRING\"".to_owned(),
        name => format!("\"STRING COLLATE {name}\""),
    };
    let types = format!("{}, {}", name(one), name(other));
    let error = if one.explicit {
        COLLATION_MISMATCH_EXPLICIT.error([("explicitTypes", types)])
    } else {
        COLLATION_MISMATCH_IMPLICIT.error([("implicitTypes", types)])
    };
    error.into()
}

/// The collation under which expressions are compared; none if byte by byte.
fn comparing<'e>(exprs: impl Iterator<Item = &'e Expr>, schema: &DFSchema) -> Result<Option<String>> {
    let together = of_all(exprs, schema)?;
    Ok(together.map(|collation| collation.name).filter(|name| name != BINARY))
}

/// The plan with its texts compared as their collations say.
pub(super) fn apply(plan: LogicalPlan) -> Result<LogicalPlan> {
    if matches!(plan, LogicalPlan::Limit(_) | LogicalPlan::TableScan(_)) {
        return Ok(plan);
    }
    let schema = merge_schema(&plan.inputs());
    let mut chosen = false;
    plan.apply_expressions(|expr| {
        chosen |= expr.exists(|expr| Ok(matches!(expr, Expr::ScalarFunction(call) if call.name() == COLLATE)))?;
        Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
    })?;
    if !chosen && !has_any(&schema) {
        return Ok(plan);
    }
    let names = NamePreserver::new(&plan);
    let projects = matches!(plan, LogicalPlan::Projection(_));
    let plan = plan.map_expressions(|expr| {
        let name = names.save(&expr);
        let rewritten = expr.transform_up(|expr| rewrite(expr, &schema))?;
        let carried = rewritten
            .transform_data(|expr| if projects { carrying(expr, &schema) } else { Ok(Transformed::no(expr)) })?;
        Ok(carried.update_data(|expr| name.restore(expr)))
    })?;
    in_plan(plan.data, &schema)
}

/// A computed text whose collation its type would not tell.
fn carrying(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    if matches!(expr.clone().unalias(), Expr::Column(_)) || expr.get_type(schema)? != ArrowType::Utf8 {
        return Ok(Transformed::no(expr));
    }
    let Some(collation) = of(&expr, schema)?.filter(|collation| collation.name != BINARY) else {
        return Ok(Transformed::no(expr));
    };
    if of_field(&expr, schema)?.as_ref() == Some(&collation.name) {
        return Ok(Transformed::no(expr));
    }
    let (relation, name) = expr.qualified_name();
    Ok(Transformed::yes(collated(expr.unalias(), &collation.name).alias_qualified(relation, name)))
}

fn rewrite(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) => {
            let Some(name) = comparing([left.as_ref(), right.as_ref()].into_iter(), schema)? else {
                return Ok(Transformed::no(binary_expr(*left, op, *right)));
            };
            Ok(Transformed::yes(binary_expr(key(*left, &name), op, key(*right, &name))))
        }
        Expr::InList(InList { expr, list, negated }) => {
            let Some(name) = comparing(std::iter::once(expr.as_ref()).chain(&list), schema)? else {
                return Ok(Transformed::no(Expr::InList(InList::new(expr, list, negated))));
            };
            let list = list.into_iter().map(|element| key(element, &name)).collect();
            Ok(Transformed::yes(Expr::InList(InList::new(Box::new(key(*expr, &name)), list, negated))))
        }
        Expr::Like(Like { negated, expr, pattern, escape_char, case_insensitive }) => {
            let name = comparing([expr.as_ref(), pattern.as_ref()].into_iter(), schema)?;
            let like = |case_insensitive| Like { negated, expr, pattern, escape_char, case_insensitive };
            match name.as_deref() {
                None => Ok(Transformed::no(Expr::Like(like(case_insensitive)))),
                Some("UTF8_LCASE") => Ok(Transformed::yes(Expr::Like(like(true)))),
                Some(name) => refused("LIKE", name),
            }
        }
        Expr::ScalarFunction(ScalarFunction { func, args })
            if matches!(func.name(), "starts_with" | "ends_with" | "contains") =>
        {
            let args = match comparing(args.iter(), schema)?.as_deref() {
                None => args,
                Some(name) if name.ends_with("_RTRIM") => return refused(func.name(), name),
                Some(name) => args.into_iter().map(|text| key(text, name)).collect(),
            };
            Ok(Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args })))
        }
        Expr::ScalarFunction(ref call) if !INDIFFERENT.contains(&call.name()) => {
            match comparing(call.args.iter(), schema)? {
                Some(name) => refused(call.name(), &name),
                None => Ok(Transformed::no(expr)),
            }
        }
        Expr::InSubquery(ref query) => {
            let own = comparing(std::iter::once(query.expr.as_ref()), schema)?;
            match own.or_else(|| first_of(query.subquery.subquery.schema())) {
                Some(name) => refused("IN (a query)", &name),
                None => Ok(Transformed::no(expr)),
            }
        }
        Expr::WindowFunction(mut window) => {
            in_window(&mut window, schema)?;
            Ok(Transformed::yes(Expr::WindowFunction(window)))
        }
        Expr::AggregateFunction(ref call) => {
            let indifferent = call.func.name() == "count" && !call.params.distinct;
            match comparing(call.params.args.iter(), schema)? {
                Some(name) if !indifferent => refused(call.func.name(), &name),
                _ => Ok(Transformed::no(expr)),
            }
        }
        expr => Ok(Transformed::no(expr)),
    }
}

/// The collation of the first column that has one.
fn first_of(schema: &DFSchema) -> Option<String> {
    let spark = schema.fields().iter().filter_map(|field| from_arrow_field(field).ok());
    spark.filter_map(|field| within(&field.data_type).map(str::to_owned)).next()
}

fn in_window(window: &mut WindowFunction, schema: &DFSchema) -> Result<()> {
    if let Some(name) = comparing(window.params.args.iter(), schema)? {
        return refused("window functions", &name);
    }
    for part in
        window.params.partition_by.iter_mut().chain(window.params.order_by.iter_mut().map(|sort| &mut sort.expr))
    {
        if let Some(name) = comparing(std::iter::once(&*part), schema)? {
            *part = key(part.clone(), &name);
        }
    }
    Ok(())
}

/// Order, groups and joins.
fn in_plan(plan: LogicalPlan, schema: &DFSchema) -> Result<LogicalPlan> {
    match plan {
        LogicalPlan::Sort(mut sort) => {
            for part in &mut sort.expr {
                if let Some(name) = comparing(std::iter::once(&part.expr), schema)? {
                    part.expr = key(part.expr.clone(), &name);
                }
            }
            Ok(LogicalPlan::Sort(sort))
        }
        LogicalPlan::Join(mut join) => {
            for (left, right) in &mut join.on {
                if let Some(name) = comparing([&*left, &*right].into_iter(), schema)? {
                    (*left, *right) = (key(left.clone(), &name), key(right.clone(), &name));
                }
            }
            Ok(LogicalPlan::Join(join))
        }
        LogicalPlan::Aggregate(aggregate) => match comparing(aggregate.group_expr.iter(), schema)? {
            Some(name) => refused("GROUP BY", &name),
            None => Ok(LogicalPlan::Aggregate(aggregate)),
        },
        LogicalPlan::Distinct(distinct) => {
            let compared = match &distinct {
                Distinct::All(input) => first_of(input.schema()),
                Distinct::On(on) => first_of(on.input.schema()),
            };
            match compared {
                Some(name) => refused("DISTINCT", &name),
                None => Ok(LogicalPlan::Distinct(distinct)),
            }
        }
        LogicalPlan::Union(union) => {
            let of_input = |input: &Arc<LogicalPlan>| {
                let fields = input.schema().fields().iter();
                fields
                    .map(|field| {
                        from_arrow_field(field).ok().and_then(|field| within(&field.data_type).map(str::to_owned))
                    })
                    .collect::<Vec<_>>()
            };
            let mut inputs = union.inputs.iter().map(of_input);
            let first = inputs.next();
            if inputs.any(|input| Some(&input) != first.as_ref()) {
                return refused("a union with others", &first_of(schema).unwrap_or_default());
            }
            Ok(LogicalPlan::Union(union))
        }
        plan => Ok(plan),
    }
}
