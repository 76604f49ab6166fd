//! The null checks that a condition implies: a row with a null in the column can't pass it (FLT-NULLCHECKS).

use std::collections::HashMap;

use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{Column, DFSchema, JoinType, NullEquality};
use datafusion::error::Result;
use datafusion::logical_expr::logical_plan::Join;
use datafusion::logical_expr::{BinaryExpr, Distinct, Expr, ExprSchemable, LogicalPlan, Operator};

use super::constants::{has_subquery, is_deterministic};
use super::normal::split;
use super::path::Path;
use crate::session::coercion;

/// Functions that are null whenever an argument is, in Spark and here.
const NULL_INTOLERANT: &[&str] = &[
    "abs",
    "add_months",
    "array_contains",
    "array_has",
    "array_item",
    "ascii",
    "binary_contains",
    "binary_ends_with",
    "binary_starts_with",
    "bit_length",
    "ceil",
    "char_length",
    "character_length",
    "collation_key",
    "contains",
    "cos",
    "date_add",
    "date_part",
    "date_sub",
    "datediff",
    "day",
    "dayofmonth",
    "dayofweek",
    "dayofyear",
    "divisor",
    "element_at",
    "ends_with",
    "exact_add",
    "exact_divide",
    "exact_multiply",
    "exact_remainder",
    "exact_subtract",
    "exp",
    "floor",
    "get",
    "hour",
    "in_session_zone",
    "initcap",
    "instr",
    "interval_between_dates",
    "interval_between_times",
    "interval_difference",
    "interval_negative",
    "interval_product",
    "interval_quotient",
    "interval_sum",
    "last_day",
    "lcase",
    "left",
    "len",
    "length",
    "levenshtein",
    "ln",
    "log10",
    "log2",
    "lower",
    "lpad",
    "map_contains_key",
    "map_extract",
    "map_to_array",
    "md5",
    "minute",
    "month",
    "negative",
    "octet_length",
    "pow",
    "power",
    "quarter",
    "regexp",
    "regexp_like",
    "repeat",
    "replace",
    "reverse",
    "rlike",
    "rpad",
    "second",
    "signum",
    "sin",
    "split_part",
    "sqrt",
    "starts_with",
    "strpos",
    "substr",
    "substring",
    "tan",
    "time_minus_interval",
    "time_plus_interval",
    "timestamp_text",
    "to_date",
    "translate",
    "try_element_at",
    "try_variant_get",
    "ucase",
    "upper",
    "variant_get",
    "weekday",
    "weekofyear",
    "year",
];

/// Whether the function is null whenever an argument is.
pub(super) fn null_intolerant(function: &str) -> bool {
    NULL_INTOLERANT.contains(&function)
}

/// `IS NOT NULL` for each nullable column or field that a conjunct needs, in the order of their appearance, without those that
/// stand among the conjuncts already.
pub(super) fn null_checks(conjuncts: &[Expr], schema: &DFSchema) -> Result<Vec<Expr>> {
    let mut checks: Vec<Expr> = Vec::new();
    // What looks out of its query is decided where that query is joined with the outer one.
    for conjunct in conjuncts.iter().filter(|conjunct| !conjunct.contains_outer()) {
        let mut needed = Vec::new();
        match conjunct {
            Expr::IsNotNull(child) => collect(child, schema, &mut needed),
            conjunct => collect(conjunct, schema, &mut needed),
        }
        for value in needed {
            let check = value.clone().is_not_null();
            if value.nullable(schema)? && !checks.contains(&check) && !conjuncts.contains(&check) {
                checks.push(check);
            }
        }
    }
    Ok(checks)
}

/// The columns and fields without which the expression is null.
fn collect<'e>(expr: &'e Expr, schema: &DFSchema, needed: &mut Vec<&'e Expr>) {
    if let Some(path) = Path::of(expr) {
        match map_lookup(expr, schema) {
            Some(map) => collect(map, schema, needed),
            None if path.fields.is_empty() || expr.get_type(schema).is_ok() => needed.push(expr),
            None => {}
        }
        return;
    }
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let tolerant = matches!(
                op,
                Operator::And
                    | Operator::Or
                    | Operator::IsDistinctFrom
                    | Operator::IsNotDistinctFrom
                    | Operator::StringConcat
            );
            if !tolerant {
                collect(left, schema, needed);
                collect(right, schema, needed);
            }
        }
        Expr::Like(like) | Expr::SimilarTo(like) => {
            collect(&like.expr, schema, needed);
            collect(&like.pattern, schema, needed);
        }
        Expr::Not(child) | Expr::Negative(child) => collect(child, schema, needed),
        Expr::Cast(cast) => collect(&cast.expr, schema, needed),
        Expr::TryCast(cast) => collect(&cast.expr, schema, needed),
        Expr::ScalarFunction(call) if NULL_INTOLERANT.contains(&call.name()) => {
            call.args.iter().for_each(|argument| collect(argument, schema, needed));
        }
        // The same, guarded against a null struct.
        Expr::Case(case) => {
            if let ([(when, then)], None, Some(otherwise)) =
                (case.when_then_expr.as_slice(), &case.expr, &case.else_expr)
                && let (Expr::IsNull(base), Expr::Literal(null, _), Expr::ScalarFunction(access)) =
                    (when.as_ref(), then.as_ref(), otherwise.as_ref())
                && null.is_null()
                && access.name() == "get_field"
                && access.args.first() == Some(base.as_ref())
            {
                collect(base, schema, needed);
            }
        }
        // A field of something that is no path itself.
        Expr::ScalarFunction(call) if call.name() == "get_field" => {
            if let Some(base) = call.args.first() {
                collect(base, schema, needed);
            }
        }
        _ => {}
    }
}

/// The map that the expression takes a value from. A value of a map is no field: only the map itself must not be null.
fn map_lookup<'e>(expr: &'e Expr, schema: &DFSchema) -> Option<&'e Expr> {
    match expr {
        Expr::ScalarFunction(call) => {
            let base = call.args.first()?;
            match base.get_type(schema) {
                Ok(DataType::Map(..)) => Some(base),
                _ => map_lookup(base, schema),
            }
        }
        Expr::Case(case) => map_lookup(case.else_expr.as_ref()?, schema),
        _ => None,
    }
}

/// What is known of every row of a plan.
#[derive(Debug, Clone, Default)]
pub(super) struct Constraints(Vec<Expr>);

impl Constraints {
    /// What the operators of a plan guarantee.
    pub(super) fn of(plan: &LogicalPlan) -> Result<Self> {
        let renamed = |known: Self, from: &DFSchema, to: &DFSchema| {
            let names: HashMap<_, _> = from.columns().into_iter().zip(to.columns()).collect();
            known.renamed(&names)
        };
        let known = match plan {
            LogicalPlan::Filter(filter) => {
                let known = Self::of(&filter.input)?;
                let conditions = split(filter.predicate.clone());
                let inferred = known.inferred_by(&conditions, filter.input.schema())?;
                let mut all = known.0;
                all.extend(conditions);
                all.extend(inferred);
                Self(all)
            }
            LogicalPlan::SubqueryAlias(alias) => renamed(Self::of(&alias.input)?, alias.input.schema(), &alias.schema),
            LogicalPlan::Projection(projection) => {
                let names = projection.expr.iter().zip(projection.schema.columns());
                let names: HashMap<_, _> = names
                    .filter_map(|(expr, name)| match expr.clone().unalias_nested().data {
                        Expr::Column(column) => Some((column, name)),
                        _ => None,
                    })
                    .collect();
                Self::of(&projection.input)?.renamed(&names)
            }
            LogicalPlan::Aggregate(aggregate) => {
                let names = aggregate.group_expr.iter().zip(aggregate.schema.columns());
                let names: HashMap<_, _> = names
                    .filter_map(|(expr, name)| match expr {
                        Expr::Column(column) => Some((column.clone(), name)),
                        _ => None,
                    })
                    .collect();
                Self::of(&aggregate.input)?.renamed(&names)
            }
            LogicalPlan::Sort(sort) => Self::of(&sort.input)?,
            LogicalPlan::Limit(limit) => Self::of(&limit.input)?,
            LogicalPlan::Distinct(Distinct::All(input)) => Self::of(input)?,
            LogicalPlan::Join(join) => {
                let (left, right) = (Self::of(&join.left)?, Self::of(&join.right)?);
                match join.join_type {
                    JoinType::Inner => {
                        let mut all = left.and(&right);
                        let conditions = Self::conditions_of(join)?;
                        let schema = join.left.schema().join(join.right.schema())?;
                        let inferred = all.inferred_by(&conditions, &schema)?;
                        all.0.extend(conditions);
                        all.0.extend(inferred);
                        all
                    }
                    JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => left,
                    JoinType::Right | JoinType::RightSemi | JoinType::RightAnti => right,
                    _ => Self::default(),
                }
            }
            _ => Self::default(),
        };
        Ok(Self(known.0.into_iter().filter(is_deterministic).collect()))
    }

    /// The conditions of a join, its equalities first. Equalities that also hold between nulls say nothing.
    pub(super) fn conditions_of(join: &Join) -> Result<Vec<Expr>> {
        let mut conditions = Vec::new();
        if join.null_equality == NullEquality::NullEqualsNothing {
            for (left, right) in &join.on {
                let (left_type, right_type) =
                    (left.get_type(join.left.schema())?, right.get_type(join.right.schema())?);
                conditions.push(coercion::comparison(
                    (left.clone(), &left_type),
                    Operator::Eq,
                    (right.clone(), &right_type),
                ));
            }
        }
        conditions.extend(join.filter.clone().map(split).unwrap_or_default());
        Ok(conditions)
    }

    /// These and others.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).cloned().collect())
    }

    /// Whether the condition is among these.
    pub(super) fn has(&self, condition: &Expr) -> bool {
        self.0.contains(condition)
    }

    /// Whether a row with nulls in the columns of the schema can't meet the condition.
    pub(super) fn needs_any(condition: &Expr, schema: &DFSchema) -> bool {
        let mut needed = Vec::new();
        match condition {
            Expr::IsNotNull(child) => collect(child, schema, &mut needed),
            condition => collect(condition, schema, &mut needed),
        }
        needed.iter().any(|value| value.column_refs().iter().any(|column| schema.has_column(column)))
    }

    /// What follows when these conditions hold too: what equal columns say of each other, and the null checks.
    pub(super) fn inferred_by(&self, conditions: &[Expr], schema: &DFSchema) -> Result<Vec<Expr>> {
        let base: Vec<&Expr> = self.0.iter().chain(conditions).collect();
        let mut inferred: Vec<Expr> = Vec::new();
        let add = |condition: Expr, inferred: &mut Vec<Expr>| {
            if !base.contains(&&condition) && !inferred.contains(&condition) {
                inferred.push(condition);
            }
        };
        for (index, equality) in base.iter().enumerate() {
            let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = equality else { continue };
            let replacements: Vec<(&Column, &Expr)> = match (left.as_ref(), right.as_ref()) {
                (Expr::Column(one), Expr::Column(other)) => vec![(one, right), (other, left)],
                (Expr::Cast(cast), Expr::Column(other)) if is_column(&cast.expr) => vec![(other, left)],
                (Expr::Column(one), Expr::Cast(cast)) if is_column(&cast.expr) => vec![(one, right)],
                _ => continue,
            };
            for (column, replacement) in replacements {
                for (other, condition) in base.iter().enumerate() {
                    let usable = other != index
                        && !matches!(condition, Expr::IsNotNull(_))
                        && is_deterministic(condition)
                        && !has_subquery(condition)?
                        && condition.column_refs().contains(column);
                    if usable {
                        add(replaced(condition, column, replacement)?, &mut inferred);
                    }
                }
            }
        }
        let all: Vec<Expr> = base.iter().copied().cloned().collect();
        for check in null_checks(&all, schema)? {
            add(check, &mut inferred);
        }
        Ok(inferred)
    }

    /// Those that speak only of renamed columns, with the new names.
    fn renamed(self, names: &HashMap<Column, Column>) -> Self {
        let conditions = self
            .0
            .into_iter()
            .filter(|condition| condition.column_refs().iter().all(|column| names.contains_key(*column)));
        let renamed = conditions.filter_map(|condition| {
            condition
                .transform_up(|expr| {
                    Ok(match &expr {
                        Expr::Column(column) => match names.get(column) {
                            Some(name) => Transformed::yes(Expr::Column(name.clone())),
                            None => Transformed::no(expr),
                        },
                        _ => Transformed::no(expr),
                    })
                })
                .data()
                .ok()
        });
        Self(renamed.collect())
    }
}

fn is_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(_))
}

fn replaced(condition: &Expr, column: &Column, replacement: &Expr) -> Result<Expr> {
    let replaced = condition.clone().transform_up(|expr| {
        let found = matches!(&expr, Expr::Column(name) if name == column);
        Ok(if found { Transformed::yes(replacement.clone()) } else { Transformed::no(expr) })
    })?;
    Ok(replaced.data)
}
