//! The form that Catalyst brings a condition into before it is offered to a reader.
//!
//! Negations stand at comparisons, literals on the right, casts on the literal's side, and constants are folded. Only what
//! decides which filters a reader sees is done here; everything else is left to DataFusion's optimizer, which runs later.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::timezone::Tz;
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
use super::unwrap_cast::Widening;
use super::{like, propagate, rows, unwrap_cast};
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
        self.simplified(filter, schema, true)
    }

    /// The same of a join's conditions, in which Catalyst does not replace columns by their constants.
    pub(super) fn join_conditions(&self, conditions: Vec<Expr>, schema: &DFSchema) -> Result<Vec<Expr>> {
        self.simplified(conditions, schema, false)
    }

    fn simplified(&self, filter: Vec<Expr>, schema: &DFSchema, propagating: bool) -> Result<Vec<Expr>> {
        let mut conjuncts = filter;
        for _ in 0..ROUNDS {
            let mut next: Vec<Expr> = Vec::with_capacity(conjuncts.len());
            if let Some(whole) = conjuncts.iter().cloned().reduce(Expr::and) {
                let simple = null_as_false(self.condition(whole, schema)?);
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
            if propagating {
                propagate::constants(&mut next, schema);
            }
            if next == conjuncts {
                break;
            }
            conjuncts = next;
        }
        Ok(conjuncts)
    }

    /// The literal that a constant is, or the expression itself.
    pub(super) fn fold(&self, expr: Expr) -> Expr {
        self.folder.fold(expr)
    }

    /// One condition in normal form, with the meaning it had, null included.
    fn condition(&self, expr: Expr, schema: &DFSchema) -> Result<Expr> {
        if matches!(expr, Expr::Literal(..)) || Path::of(&expr).is_some() {
            return Ok(expr);
        }
        if let Expr::ScalarSubquery(subquery) = &expr {
            return Ok(match rows::of(&subquery.subquery, self)? {
                Some(rows) if rows.is_empty() => {
                    let nothing = subquery.subquery.schema().field(0).data_type();
                    Expr::Literal(ScalarValue::try_from(nothing)?, None)
                }
                _ => constant_row(&subquery.subquery, &self.folder).unwrap_or(expr),
            });
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
            Expr::Case(case) => choice(case, schema)?,
            Expr::ScalarFunction(mut call) if matches!(call.name(), "coalesce" | "nvl") => {
                let null = Expr::ScalarFunction(call.clone()).get_type(schema)?;
                call.args.retain(|argument| !matches!(argument, Expr::Literal(value, _) if value.is_null()));
                match call.args.as_slice() {
                    [] => Expr::Literal(ScalarValue::try_from(&null)?, None),
                    [_] => call.args.remove(0),
                    _ => Expr::ScalarFunction(call),
                }
            }
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
            Operator::NotEq => Some(with(Operator::Lt, this).or(with(Operator::GtEq, next))),
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
        if let Some(cast) = widening(&left, schema)?
            && let Some(unwrapped) = unwrap_cast::comparison(&cast, op, value)
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

/// A conditional without branches that are never or always taken.
fn choice(case: Case, schema: &DFSchema) -> Result<Expr> {
    let Case { expr: None, when_then_expr, else_expr } = &case else { return Ok(Expr::Case(case)) };
    let never = |when: &Expr| matches!(when, Expr::Literal(value, _) if value.is_null()) || is_false(when);
    let mut branches = Vec::with_capacity(when_then_expr.len());
    let mut otherwise = else_expr.clone();
    for (when, then) in when_then_expr {
        match when.as_ref() {
            when if never(when) => {}
            when if boolean(when) == Some(true) => {
                otherwise = Some(then.clone());
                break;
            }
            _ => branches.push((when.clone(), then.clone())),
        }
    }
    let Some(last) = &otherwise else {
        return Ok(if branches.is_empty() {
            Expr::Literal(ScalarValue::try_from(&Expr::Case(case).get_type(schema)?)?, None)
        } else {
            Expr::Case(Case::new(None, branches, None))
        });
    };
    if branches.iter().all(|(when, then)| then == last && is_deterministic(when)) {
        return Ok(last.as_ref().clone());
    }
    // `if(a, true, false)` tells whether a is true, and `if(a, false, true)` whether it is not.
    Ok(match branches.as_slice() {
        [(when, then)] => match (boolean(then), boolean(last)) {
            (Some(true), Some(false)) if when.nullable(schema)? => {
                binary_expr(when.as_ref().clone(), Operator::IsNotDistinctFrom, lit(true))
            }
            (Some(true), Some(false)) => when.as_ref().clone(),
            (Some(false), Some(true)) if when.nullable(schema)? => {
                binary_expr(when.as_ref().clone(), Operator::IsDistinctFrom, lit(true))
            }
            (Some(false), Some(true)) => negation(when.as_ref().clone()),
            _ => Expr::Case(Case::new(None, branches, otherwise)),
        },
        _ => Expr::Case(Case::new(None, branches, otherwise)),
    })
}

/// The value of a query that is one constant: `(select 1)`.
fn constant_row(plan: &LogicalPlan, folder: &ConstantFolder) -> Option<Expr> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => constant_row(&alias.input, folder),
        LogicalPlan::Projection(projection) => {
            let LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: true, .. }) = projection.input.as_ref()
            else {
                return None;
            };
            let [value] = projection.expr.as_slice() else { return None };
            let value = folder.fold(value.clone().unalias_nested().data);
            matches!(value, Expr::Literal(..)).then_some(value)
        }
        _ => None,
    }
}

/// The cast that the expression is. What becomes an instant does so in steps where the session's time zone is not UTC: they count
/// as one.
fn widening(expr: &Expr, schema: &DFSchema) -> Result<Option<Widening>> {
    let Expr::Cast(cast) = expr else { return Ok(None) };
    let to = cast.field.data_type().clone();
    let plain = |inner: &Expr| {
        Ok(Some(Widening { from: inner.get_type(schema)?, inner: inner.clone(), to: to.clone(), zone: None }))
    };
    let Some(steps) = opaque::inside(&cast.expr) else { return plain(&cast.expr) };
    let Expr::Cast(zoned) = steps else { return Ok(None) };
    let DataType::Timestamp(_, Some(zone)) = zoned.field.data_type() else { return Ok(None) };
    let Ok(zone) = zone.parse::<Tz>() else { return Ok(None) };
    let mut inner = zoned.expr.as_ref();
    if let Expr::Cast(wall_clock) = inner
        && wall_clock.expr.get_type(schema)? == DataType::Date32
    {
        inner = wall_clock.expr.as_ref();
    }
    Ok(match inner.get_type(schema)? {
        from @ (DataType::Date32 | DataType::Timestamp(_, None)) => {
            Some(Widening { inner: inner.clone(), from, to, zone: Some(zone) })
        }
        _ => None,
    })
}

fn in_list(list: InList, schema: &DFSchema) -> Result<Expr> {
    let InList { expr, list: values, negated } = list;
    let mut literals: Vec<&ScalarValue> = Vec::with_capacity(values.len());
    for value in &values {
        let Expr::Literal(value, _) = value else {
            return Ok(match <[Expr; 1]>::try_from(values) {
                Ok([single]) if !matches!(expr.as_ref(), Expr::Literal(..)) => {
                    binary_expr(*expr, if negated { Operator::NotEq } else { Operator::Eq }, single)
                }
                Ok([single]) => Expr::InList(InList::new(expr, vec![single], negated)),
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
    if let Some(cast) = widening(&expr, schema)?
        && let Some(unwrapped) = unwrap_cast::in_list(&cast, &literals, negated)
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
    if !is_deterministic(&left) || !is_deterministic(&right) {
        return left.and(right);
    }
    // What both have in common: `(a or b) and (a or c)` is `a or (b and c)`, `a and (a or b)` is `a`.
    let (lefts, rights) = (alternatives(&left), alternatives(&right));
    let (common, rest): (Vec<_>, Vec<_>) = lefts.into_iter().partition(|part| rights.contains(part));
    if common.is_empty() {
        return left.and(right);
    }
    let rest = rest.into_iter().cloned().reduce(Expr::or);
    let others = rights.into_iter().filter(|part| !common.contains(part)).cloned().reduce(Expr::or);
    let both = rest.zip(others).map(|(left, right)| left.and(right));
    let all = common.iter().copied().cloned().chain(both).reduce(Expr::or);
    all.unwrap_or_else(|| left.clone().and(right.clone()))
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
        let known = alternatives(&left);
        let new = alternatives(&right).into_iter().filter(|part| !known.contains(part)).cloned().reduce(Expr::or);
        return match new {
            Some(new) => left.or(new),
            None => left,
        };
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
