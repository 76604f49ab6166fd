//! The form that Catalyst brings a condition into before it is offered to a reader.
//!
//! Negations stand at comparisons, literals on the right, casts on the literal's side, and constants are folded. Only what
//! decides which filters a reader sees is done here; everything else is left to DataFusion's optimizer, which runs later.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ExprSchema, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::{Between, Case, InList, Like, ScalarFunction};
use datafusion::logical_expr::logical_plan::EmptyRelation;
use datafusion::logical_expr::{BinaryExpr, Cast, Expr, ExprSchemable, LogicalPlan, Operator, binary_expr, lit};

use super::constants::{ConstantFolder, is_deterministic};
use super::constraints::null_intolerant;
use super::path::Path;
use super::{like, propagate, unwrap_cast};
use crate::session::coercion::is_comparison;
use crate::session::opaque;

/// How often a condition is gone over; each round settles a level of nesting that the one before uncovered.
const ROUNDS: usize = 20;

/// Brings conditions into normal form.
pub(super) struct Normaliser {
    folder: ConstantFolder,
}

impl Normaliser {
    pub(super) fn new(options: Arc<ConfigOptions>) -> Self {
        Self { folder: ConstantFolder::new(options) }
    }

    /// The conjuncts of a filter over rows of this schema, each once, in order. A filter that no row passes is `false` alone.
    pub(super) fn conjuncts(&self, filter: Vec<Expr>, schema: &DFSchema) -> Result<Vec<Expr>> {
        let mut conjuncts = filter;
        for _ in 0..ROUNDS {
            let mut next: Vec<Expr> = Vec::with_capacity(conjuncts.len());
            for conjunct in &conjuncts {
                let simple = null_as_false(self.condition(conjunct.clone(), schema)?);
                for part in split(simple) {
                    match part {
                        Expr::Literal(ScalarValue::Boolean(Some(true)), _) => {}
                        part if is_false(&part) => return Ok(vec![lit(false)]),
                        part if is_deterministic(&part) && next.contains(&part) => {}
                        part => next.push(self.reflexive(part, schema)?),
                    }
                }
            }
            for (index, conjunct) in next.iter().enumerate() {
                let opposite = negation(conjunct.clone());
                let null_check = matches!(conjunct, Expr::IsNull(_) | Expr::IsNotNull(_));
                if !null_check && is_deterministic(conjunct) && next[..index].contains(&opposite) {
                    return Ok(vec![lit(false)]);
                }
            }
            propagate::constants(&mut next);
            if next == conjuncts {
                break;
            }
            conjuncts = next;
        }
        Ok(conjuncts)
    }

    /// One condition in normal form, with the meaning it had, null included.
    fn condition(&self, expr: Expr, schema: &DFSchema) -> Result<Expr> {
        if matches!(expr, Expr::Literal(..)) || Path::of(&expr).is_some() {
            return Ok(expr);
        }
        if let Expr::ScalarSubquery(subquery) = &expr {
            return Ok(constant_row(&subquery.subquery).unwrap_or(expr));
        }
        let expr = expr.map_children(|child| Ok(Transformed::yes(self.condition(child, schema)?)))?.data;
        // The order of constants is Spark's too: NaN, and the zeros.
        if let Expr::BinaryExpr(BinaryExpr { left, op, right }) = &expr
            && let (Expr::Literal(left, _), Expr::Literal(right, _)) = (left.as_ref(), right.as_ref())
            && left.data_type().is_floating()
            && let Some(order) = unwrap_cast::compare(left, right)
            && let Some(result) = decided(*op, order)
        {
            return Ok(lit(result));
        }
        self.node(self.folder.fold(expr), schema)
    }

    /// Whether the condition is false or null of every row that has nulls in all columns of this schema, as the rows have that an
    /// outer join makes up.
    pub(super) fn is_never_true_of_nulls(&self, condition: &Expr, schema: &DFSchema) -> Result<bool> {
        let columns = condition.column_refs();
        if columns.is_empty() || !columns.iter().all(|column| schema.has_column(column)) || !is_deterministic(condition)
        {
            return Ok(false);
        }
        let nulls = condition.clone().transform_up(|expr| match &expr {
            Expr::Column(column) => {
                let null = ScalarValue::try_from(schema.field_from_column(column)?.data_type())?;
                Ok(Transformed::yes(Expr::Literal(null, None)))
            }
            _ => Ok(Transformed::no(expr)),
        })?;
        let folded = null_as_false(self.condition(nulls.data, schema)?);
        Ok(is_false(&folded))
    }

    /// A comparison of a value with itself, where only true counts.
    fn reflexive(&self, expr: Expr, schema: &DFSchema) -> Result<Expr> {
        let Expr::BinaryExpr(BinaryExpr { left, op, right }) = &expr else { return Ok(expr) };
        if left != right || !is_deterministic(left) {
            return Ok(expr);
        }
        Ok(match op {
            Operator::Eq | Operator::LtEq | Operator::GtEq if left.nullable(schema)? => {
                left.as_ref().clone().is_not_null()
            }
            Operator::Eq | Operator::LtEq | Operator::GtEq => lit(true),
            Operator::NotEq | Operator::Lt | Operator::Gt => lit(false),
            _ => expr,
        })
    }

    fn node(&self, expr: Expr, schema: &DFSchema) -> Result<Expr> {
        Ok(match expr {
            Expr::Not(child) => negation(*child),
            Expr::Between(Between { expr, negated, low, high }) => {
                let within = binary_expr(expr.as_ref().clone(), Operator::GtEq, *low).and(binary_expr(
                    *expr,
                    Operator::LtEq,
                    *high,
                ));
                if negated { negation(within) } else { within }
            }
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => conjunction(*left, *right),
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => disjunction(*left, *right),
            Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::Plus | Operator::Multiply), right }) => {
                let neutral = i64::from(op == Operator::Multiply);
                let integer = |expr: &Expr| Ok::<_, DataFusionError>(expr.get_type(schema)?.is_integer());
                match () {
                    () if is_whole(&right, neutral) && integer(&left)? => *left,
                    () if is_whole(&left, neutral) && integer(&right)? => *right,
                    () => binary_expr(*left, op, *right),
                }
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if is_comparison(op) => {
                self.comparison(*left, op, *right, schema)?
            }
            Expr::InList(list) => in_list(list, schema)?,
            Expr::Like(Like { pattern, .. }) if matches!(pattern.as_ref(), Expr::Literal(value, _) if value.is_null()) => {
                Expr::Literal(ScalarValue::Boolean(None), None)
            }
            Expr::Like(Like { negated, expr: subject, pattern, escape_char, case_insensitive: false }) => {
                let simple = match pattern.as_ref() {
                    Expr::Literal(ScalarValue::Utf8(Some(pattern)), _) => {
                        like::simplify(&subject, pattern, escape_char.unwrap_or('\\'))
                    }
                    _ => None,
                };
                match (simple, negated) {
                    (Some(simple), true) => negation(simple),
                    (Some(simple), false) => simple,
                    (None, _) => {
                        Expr::Like(Like { negated, expr: subject, pattern, escape_char, case_insensitive: false })
                    }
                }
            }
            Expr::ScalarFunction(call) if call.name() == "get_field" => field(call),
            Expr::ScalarFunction(call)
                if null_intolerant(call.name())
                    && call
                        .args
                        .iter()
                        .any(|argument| matches!(argument, Expr::Literal(value, _) if value.is_null())) =>
            {
                let data_type = Expr::ScalarFunction(call).get_type(schema)?;
                Expr::Literal(ScalarValue::try_from(&data_type)?, None)
            }
            Expr::Case(Case { expr: None, when_then_expr, else_expr: Some(otherwise) })
                if when_then_expr.iter().all(|(when, _)| is_false(when)) =>
            {
                *otherwise
            }
            // `if(a, true, false)` tells whether a is true.
            Expr::Case(Case { expr: None, when_then_expr, else_expr: Some(otherwise) })
                if is_false(&otherwise)
                    && matches!(when_then_expr.as_slice(), [(_, then)] if boolean(then) == Some(true)) =>
            {
                let mut whens = when_then_expr.into_iter().map(|(when, _)| *when);
                match whens.next() {
                    Some(when) if when.nullable(schema)? => binary_expr(when, Operator::IsNotDistinctFrom, lit(true)),
                    Some(when) => when,
                    None => *otherwise,
                }
            }
            Expr::ScalarFunction(mut call) if call.name() == "coalesce" && call.args.len() == 1 => call.args.remove(0),
            // A comparison is null where one of its sides is.
            Expr::IsNotNull(child) if matches!(child.as_ref(), Expr::BinaryExpr(BinaryExpr { op, .. }) if is_strict(*op)) => {
                match *child {
                    Expr::BinaryExpr(BinaryExpr { left, right, .. }) => {
                        conjunction(self.node(left.is_not_null(), schema)?, self.node(right.is_not_null(), schema)?)
                    }
                    other => other.is_not_null(),
                }
            }
            Expr::IsNull(child) if matches!(child.as_ref(), Expr::ScalarFunction(made) if made.name() == "named_struct") => {
                lit(false)
            }
            Expr::IsNull(child) if !child.nullable(schema)? => lit(false),
            Expr::IsNotNull(child) if !child.nullable(schema)? => lit(true),
            Expr::IsTrue(child) => binary_expr(*child, Operator::IsNotDistinctFrom, lit(true)),
            Expr::IsFalse(child) => binary_expr(*child, Operator::IsNotDistinctFrom, lit(false)),
            Expr::IsNotTrue(child) => binary_expr(*child, Operator::IsDistinctFrom, lit(true)),
            Expr::IsNotFalse(child) => binary_expr(*child, Operator::IsDistinctFrom, lit(false)),
            Expr::IsUnknown(child) => child.is_null(),
            Expr::IsNotUnknown(child) => child.is_not_null(),
            Expr::Cast(Cast { expr, field }) if &expr.get_type(schema)? == field.data_type() => *expr,
            expr => expr,
        })
    }

    /// A moment's day compared with a date, as a range of moments.
    fn days(&self, left: &Expr, op: Operator, right: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
        let (Expr::Cast(cast), Expr::Literal(ScalarValue::Date32(Some(day)), _)) = (left, right) else {
            return Ok(None);
        };
        let DataType::Timestamp(TimeUnit::Microsecond, zone) = cast.expr.get_type(schema)? else { return Ok(None) };
        // In another zone than UTC the day is taken from the moment in that zone.
        let moment = match opaque::inside(&cast.expr).unwrap_or(&cast.expr) {
            Expr::Cast(zoned) if matches!(zoned.expr.get_type(schema)?, DataType::Timestamp(_, Some(_))) => {
                zoned.expr.as_ref()
            }
            moment => moment,
        };
        let data_type = moment.get_type(schema)?;
        let start = |day: i32| {
            let step = |expr: Expr, zone| {
                Expr::Cast(Cast::new(Box::new(expr), DataType::Timestamp(TimeUnit::Microsecond, zone)))
            };
            let wall_clock = step(Expr::Literal(ScalarValue::Date32(Some(day)), None), None);
            let start = match &zone {
                Some(zone) => {
                    Expr::Cast(Cast::new(Box::new(step(wall_clock, Some(Arc::clone(zone)))), data_type.clone()))
                }
                None => wall_clock,
            };
            match self.folder.fold(start) {
                start @ Expr::Literal(..) => Some(start),
                _ => None,
            }
        };
        let (Some(this), Some(next)) = (start(*day), day.checked_add(1).and_then(start)) else { return Ok(None) };
        let with = |op, bound| binary_expr(moment.clone(), op, bound);
        Ok(match op {
            Operator::Eq => Some(with(Operator::GtEq, this).and(with(Operator::Lt, next))),
            Operator::Gt => Some(with(Operator::GtEq, next)),
            Operator::GtEq => Some(with(Operator::GtEq, this)),
            Operator::Lt => Some(with(Operator::Lt, this)),
            Operator::LtEq => Some(with(Operator::Lt, next)),
            _ => None,
        })
    }

    fn comparison(&self, left: Expr, op: Operator, right: Expr, schema: &DFSchema) -> Result<Expr> {
        if matches!(left, Expr::Literal(..))
            && !matches!(right, Expr::Literal(..))
            && let Some(op) = op.swap()
        {
            return self.comparison(right, op, left, schema);
        }
        if left == right && is_deterministic(&left) {
            match op {
                Operator::IsNotDistinctFrom => return Ok(lit(true)),
                Operator::IsDistinctFrom => return Ok(lit(false)),
                _ => {}
            }
        }
        let Expr::Literal(value, _) = &right else { return Ok(binary_expr(left, op, right)) };
        if value.is_null() {
            return Ok(match op {
                Operator::IsNotDistinctFrom => left.is_null(),
                Operator::IsDistinctFrom => left.is_not_null(),
                _ => Expr::Literal(ScalarValue::Boolean(None), None),
            });
        }
        match (op, value) {
            (Operator::Eq, ScalarValue::Boolean(Some(true))) | (Operator::NotEq, ScalarValue::Boolean(Some(false))) => {
                return Ok(left);
            }
            (Operator::Eq, ScalarValue::Boolean(Some(false))) | (Operator::NotEq, ScalarValue::Boolean(Some(true))) => {
                return Ok(negation(left));
            }
            _ => {}
        }
        if let Some(range) = self.days(&left, op, &right, schema)? {
            return Ok(range);
        }
        if let Some((cast, from)) = widening(&left, schema)?
            && let Some(unwrapped) = unwrap_cast::comparison(&cast, &from, op, value)
        {
            return Ok(unwrapped);
        }
        Ok(binary_expr(left, op, right))
    }
}

/// The opposite of a condition, null where that is null.
fn negation(child: Expr) -> Expr {
    match child {
        Expr::Literal(ScalarValue::Boolean(value), _) => {
            Expr::Literal(ScalarValue::Boolean(value.map(|value| !value)), None)
        }
        Expr::Not(child) => *child,
        Expr::IsNull(child) => child.is_not_null(),
        Expr::IsNotNull(child) => child.is_null(),
        Expr::InList(InList { expr, list, negated }) => Expr::InList(InList::new(expr, list, !negated)),
        Expr::Like(like) => Expr::Like(Like { negated: !like.negated, ..like }),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let opposite = match op {
                Operator::And => return disjunction(negation(*left), negation(*right)),
                Operator::Or => return conjunction(negation(*left), negation(*right)),
                Operator::Eq => Operator::NotEq,
                Operator::NotEq => Operator::Eq,
                Operator::Lt => Operator::GtEq,
                Operator::LtEq => Operator::Gt,
                Operator::Gt => Operator::LtEq,
                Operator::GtEq => Operator::Lt,
                Operator::IsDistinctFrom => Operator::IsNotDistinctFrom,
                Operator::IsNotDistinctFrom => Operator::IsDistinctFrom,
                op => return Expr::Not(Box::new(Expr::BinaryExpr(BinaryExpr { left, op, right }))),
            };
            binary_expr(*left, opposite, *right)
        }
        child => Expr::Not(Box::new(child)),
    }
}

/// A field of a struct that is made in place is what it is made of.
fn field(call: ScalarFunction) -> Expr {
    let found = match call.args.as_slice() {
        [Expr::ScalarFunction(made), key @ Expr::Literal(..)] if made.name() == "named_struct" => {
            made.args.chunks_exact(2).find(|pair| &pair[0] == key).map(|pair| pair[1].clone())
        }
        _ => None,
    };
    found.unwrap_or(Expr::ScalarFunction(call))
}

/// The value of a query that is one constant: `(select 1)`.
fn constant_row(plan: &LogicalPlan) -> Option<Expr> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => constant_row(&alias.input),
        LogicalPlan::Projection(projection) => {
            let LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: true, .. }) = projection.input.as_ref()
            else {
                return None;
            };
            let [value] = projection.expr.as_slice() else { return None };
            let value = value.clone().unalias_nested().data;
            matches!(value, Expr::Literal(..)).then_some(value)
        }
        _ => None,
    }
}

/// The cast that the expression is, and the type it starts from. A date that becomes an instant does so in steps, through the
/// session's time zone: they count as one.
fn widening(expr: &Expr, schema: &DFSchema) -> Result<Option<(Cast, DataType)>> {
    let Expr::Cast(cast) = expr else { return Ok(None) };
    let mut inner = cast.expr.as_ref();
    if matches!(cast.field.data_type(), DataType::Timestamp(_, Some(_))) {
        if opaque::inside(inner).is_some() {
            // Only in UTC do the literal's day and the column's agree by arithmetic alone.
            return Ok(None);
        }
        while let Expr::Cast(step) = inner
            && matches!(step.field.data_type(), DataType::Timestamp(..))
        {
            inner = step.expr.as_ref();
        }
        if inner != cast.expr.as_ref() {
            // Only in UTC do the literal's day and the column's agree by arithmetic alone.
            return Ok(None);
        }
    }
    Ok(Some((cast.clone(), inner.get_type(schema)?)))
}

fn in_list(list: InList, schema: &DFSchema) -> Result<Expr> {
    let InList { expr, list: values, negated } = list;
    let mut literals: Vec<&ScalarValue> = Vec::with_capacity(values.len());
    for value in &values {
        let Expr::Literal(value, _) = value else {
            return Ok(match <[Expr; 1]>::try_from(values) {
                Ok([single]) => binary_expr(*expr, if negated { Operator::NotEq } else { Operator::Eq }, single),
                Err(values) => Expr::InList(InList::new(expr, values, negated)),
            });
        };
        if !literals.contains(&value) {
            literals.push(value);
        }
    }
    if literals.iter().all(|value| value.is_null()) {
        return Ok(Expr::Literal(ScalarValue::Boolean(None), None));
    }
    if let Some((cast, from)) = widening(&expr, schema)?
        && let Some(unwrapped) = unwrap_cast::in_list(&cast, &from, &literals, negated)
    {
        return Ok(unwrapped);
    }
    if let [single] = literals.as_slice() {
        let single = Expr::Literal((*single).clone(), None);
        return Ok(binary_expr(*expr, if negated { Operator::NotEq } else { Operator::Eq }, single));
    }
    let distinct = literals.into_iter().map(|value| Expr::Literal(value.clone(), None)).collect();
    Ok(Expr::InList(InList::new(expr, distinct, negated)))
}

/// Whether a comparison with a null is null.
fn is_strict(op: Operator) -> bool {
    is_comparison(op) && !matches!(op, Operator::IsDistinctFrom | Operator::IsNotDistinctFrom)
}

/// What a comparison of two constants in this order is.
fn decided(op: Operator, order: Ordering) -> Option<bool> {
    Some(match op {
        Operator::Eq | Operator::IsNotDistinctFrom => order.is_eq(),
        Operator::NotEq | Operator::IsDistinctFrom => order.is_ne(),
        Operator::Lt => order.is_lt(),
        Operator::LtEq => order.is_le(),
        Operator::Gt => order.is_gt(),
        Operator::GtEq => order.is_ge(),
        _ => return None,
    })
}

fn boolean(expr: &Expr) -> Option<bool> {
    match expr {
        Expr::Literal(ScalarValue::Boolean(value), _) => *value,
        _ => None,
    }
}

pub(super) fn is_false(expr: &Expr) -> bool {
    boolean(expr) == Some(false)
}

fn is_whole(expr: &Expr, number: i64) -> bool {
    let Expr::Literal(value, _) = expr else { return false };
    match value {
        ScalarValue::Int8(Some(value)) => i64::from(*value) == number,
        ScalarValue::Int16(Some(value)) => i64::from(*value) == number,
        ScalarValue::Int32(Some(value)) => i64::from(*value) == number,
        ScalarValue::Int64(Some(value)) => *value == number,
        _ => false,
    }
}

fn conjunction(left: Expr, right: Expr) -> Expr {
    match (boolean(&left), boolean(&right)) {
        (Some(false), _) | (_, Some(false)) => return lit(false),
        (Some(true), _) => return right,
        (_, Some(true)) => return left,
        _ => {}
    }
    if left == right && is_deterministic(&left) {
        return left;
    }
    // a and (a or b) is a.
    let absorbed = |single: &Expr, other: &Expr| {
        is_deterministic(other)
            && matches!(other, Expr::BinaryExpr(BinaryExpr { op: Operator::Or, .. }))
            && alternatives(other).contains(&single)
    };
    if absorbed(&left, &right) {
        return left;
    }
    if absorbed(&right, &left) {
        return right;
    }
    left.and(right)
}

fn alternatives(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let mut all = alternatives(left);
            all.extend(alternatives(right));
            all
        }
        expr => vec![expr],
    }
}

/// `left or right`, with what both sides have in common drawn out: `(a and b) or (a and c)` is `a and (b or c)`.
fn disjunction(left: Expr, right: Expr) -> Expr {
    match (boolean(&left), boolean(&right)) {
        (Some(true), _) | (_, Some(true)) => return lit(true),
        (Some(false), _) => return right,
        (_, Some(false)) => return left,
        _ => {}
    }
    if !is_deterministic(&left) || !is_deterministic(&right) {
        return left.or(right);
    }
    let (lefts, rights) = (split(left.clone()), split(right.clone()));
    let (common, rest): (Vec<_>, Vec<_>) = lefts.into_iter().partition(|part| rights.contains(part));
    if common.is_empty() {
        return left.or(right);
    }
    let others = rights.into_iter().filter(|part| !common.contains(part)).reduce(Expr::and);
    let either = rest.into_iter().reduce(Expr::and).zip(others).map(|(left, right)| left.or(right));
    common.into_iter().chain(either).reduce(Expr::and).unwrap_or(left)
}

/// The parts of a conjunction, in order.
pub(super) fn split(expr: Expr) -> Vec<Expr> {
    match expr {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            let mut parts = split(*left);
            parts.extend(split(*right));
            parts
        }
        expr => vec![expr],
    }
}

/// A condition that selects the same rows, null being as good as false.
fn null_as_false(expr: Expr) -> Expr {
    match expr {
        Expr::Literal(value, _) if value.is_null() => lit(false),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            conjunction(null_as_false(*left), null_as_false(*right))
        }
        // A condition or its opposite is true of every row for which it is not null.
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right })
            if is_deterministic(&left) && *right == negation(left.as_ref().clone()) =>
        {
            left.is_not_null()
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            disjunction(null_as_false(*left), null_as_false(*right))
        }
        // A list with a null says never that a value is not in it.
        Expr::InList(InList { list, negated: true, .. })
            if list.iter().any(|value| matches!(value, Expr::Literal(value, _) if value.is_null())) =>
        {
            lit(false)
        }
        expr => expr,
    }
}
