//! Moves conditions down to the scans that they concern, as Catalyst does: through projections, sub-queries, aggregates on
//! their keys, unions, windows on their partitions and joins, but never below a limit or a projection that is not deterministic.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, JoinType, Result};
use datafusion::logical_expr::logical_plan::{EmptyRelation, Filter, Join};
use datafusion::logical_expr::{Distinct, Expr, FetchType, LogicalPlan, utils};

use super::constants::{has_subquery, is_deterministic};
use super::constraints::Constraints;
use super::normal::{Normaliser, is_false, split};
use super::prune;

/// The plan with each condition where it can be applied first, and the conditions that follow from others added.
pub(super) fn descend(plan: LogicalPlan, normaliser: &Normaliser) -> Result<LogicalPlan> {
    let descent = Descent { normaliser };
    let plan = descent.node(prune::prune(plan)?, Vec::new())?;
    let plan = descent.infer(plan)?;
    descent.node(plan, Vec::new())
}

struct Descent<'n> {
    normaliser: &'n Normaliser,
}

impl Descent<'_> {
    /// The plan with these conditions on its rows applied, by itself or by an operator below.
    fn node(&self, plan: LogicalPlan, incoming: Vec<Expr>) -> Result<LogicalPlan> {
        let plan = plan.map_subqueries(|subquery| Ok(Transformed::yes(self.node(subquery, Vec::new())?)))?.data;
        match plan {
            LogicalPlan::Filter(filter) => self.filter(filter, incoming),
            LogicalPlan::Projection(projection) => {
                let deterministic = projection.expr.iter().all(is_deterministic);
                let sources = projection
                    .schema
                    .columns()
                    .into_iter()
                    .zip(projection.expr.iter().map(|expr| expr.clone().unalias_nested().data))
                    .collect();
                let (below, above) = if deterministic { movable(incoming, |_| true)? } else { (Vec::new(), incoming) };
                self.through(LogicalPlan::Projection(projection), substitute(below, &sources)?, above)
            }
            LogicalPlan::SubqueryAlias(alias) => {
                let sources = renamed(&alias.schema, alias.input.schema());
                let (below, above) = movable(incoming, |_| true)?;
                self.through(LogicalPlan::SubqueryAlias(alias), substitute(below, &sources)?, above)
            }
            LogicalPlan::Sort(sort) if sort.fetch.is_none() => {
                let (below, above) = movable(incoming, |_| true)?;
                self.through(LogicalPlan::Sort(sort), below, above)
            }
            plan @ (LogicalPlan::Distinct(Distinct::All(_)) | LogicalPlan::Repartition(_)) => {
                let (below, above) = movable(incoming, |_| true)?;
                self.through(plan, below, above)
            }
            LogicalPlan::Aggregate(aggregate) => {
                let keys: HashMap<Column, Expr> =
                    aggregate.schema.columns().into_iter().zip(aggregate.group_expr.iter().cloned()).collect();
                let plain = aggregate.group_expr.iter().all(|key| !matches!(key, Expr::GroupingSet(_)));
                let (below, above) = movable(incoming, |condition| {
                    plain && condition.column_refs().iter().all(|column| keys.contains_key(*column))
                })?;
                self.through(LogicalPlan::Aggregate(aggregate), substitute(below, &keys)?, above)
            }
            LogicalPlan::Window(window) => {
                let keys = partition_keys(&window.window_expr);
                let (below, above) =
                    movable(incoming, |condition| condition.column_refs().iter().all(|column| keys.contains(*column)))?;
                self.through(LogicalPlan::Window(window), below, above)
            }
            // Generated columns are not there yet below.
            LogicalPlan::Unnest(unnest) => {
                let input = unnest.input.schema().columns();
                let generated = |index: &usize| unnest.list_type_columns.iter().any(|(column, _)| column == index);
                let kept = unnest.schema.columns().into_iter().zip(&unnest.dependency_indices);
                let sources: HashMap<Column, Expr> = kept
                    .filter(|(_, index)| !generated(index))
                    .filter_map(|(column, index)| Some((column, Expr::Column(input.get(*index)?.clone()))))
                    .collect();
                let (below, above) = movable(incoming, |condition| {
                    condition.column_refs().iter().all(|column| sources.contains_key(*column))
                })?;
                self.through(LogicalPlan::Unnest(unnest), substitute(below, &sources)?, above)
            }
            LogicalPlan::Union(union) => {
                let (below, above) = movable(incoming, |_| true)?;
                let inputs = union
                    .inputs
                    .iter()
                    .map(|input| {
                        let conditions = substitute(below.clone(), &renamed(&union.schema, input.schema()))?;
                        self.node(input.as_ref().clone(), conditions).map(Arc::new)
                    })
                    .collect::<Result<_>>()?;
                let union = datafusion::logical_expr::Union { inputs, schema: union.schema };
                self.apply(LogicalPlan::Union(union), above)
            }
            LogicalPlan::Join(join) => self.join(join, incoming),
            LogicalPlan::Limit(limit) if matches!(limit.get_fetch_type(), Ok(FetchType::Literal(Some(0)))) => {
                Ok(nothing(Arc::clone(limit.input.schema())))
            }
            plan => self.through(plan, Vec::new(), incoming),
        }
    }

    /// Conditions that were applied above an operator, some of them now below it.
    fn through(&self, plan: LogicalPlan, below: Vec<Expr>, above: Vec<Expr>) -> Result<LogicalPlan> {
        let plan = plan.map_children(|child| Ok(Transformed::yes(self.node(child, below.clone())?)))?.data;
        self.apply(plan, above)
    }

    fn filter(&self, filter: Filter, incoming: Vec<Expr>) -> Result<LogicalPlan> {
        let schema = Arc::clone(filter.input.schema());
        let mut conditions = vec![filter.predicate];
        conditions.extend(incoming);
        let conditions = match filter.input.as_ref() {
            LogicalPlan::Join(_) => self.normaliser.join_conditions(conditions, &schema)?,
            _ => self.normaliser.conjuncts(conditions, &schema)?,
        };
        if conditions.iter().any(is_false) {
            return Ok(nothing(schema));
        }
        let (below, above) = movable(conditions, |_| true)?;
        let plan = self.node(Arc::unwrap_or_clone(filter.input), below)?;
        self.apply(plan, above)
    }

    /// A filter above the plan, unless there is nothing to filter.
    fn apply(&self, plan: LogicalPlan, conditions: Vec<Expr>) -> Result<LogicalPlan> {
        if conditions.is_empty() || is_nothing(&plan) {
            return Ok(plan);
        }
        // A filter that stayed below for its own reasons is kept apart from these conditions, except at its own place.
        let conditions = self.normaliser.conjuncts(conditions, plan.schema())?;
        if conditions.iter().any(is_false) {
            return Ok(nothing(Arc::clone(plan.schema())));
        }
        match conditions.into_iter().reduce(Expr::and) {
            Some(predicate) => Ok(LogicalPlan::Filter(Filter::try_new(predicate, Arc::new(plan))?)),
            None => Ok(plan),
        }
    }

    fn join(&self, mut join: Join, incoming: Vec<Expr>) -> Result<LogicalPlan> {
        let (incoming, stays) = movable(incoming, |_| true)?;
        join.join_type = self.inner_enough(&join, &incoming)?;
        let mut constants = constant_columns(&join.left);
        let right_constants = constant_columns(&join.right);
        // Above an outer join a constant may also be null.
        let mut certain = if join.join_type.is_outer() && join.join_type != JoinType::Left {
            HashMap::new()
        } else {
            constants.clone()
        };
        if matches!(join.join_type, JoinType::Inner | JoinType::Right) {
            certain.extend(right_constants.clone());
        }
        constants.extend(right_constants);
        let incoming = substitute(incoming, &certain)?;
        let (left_schema, right_schema) = (Arc::clone(join.left.schema()), Arc::clone(join.right.schema()));
        let side = |condition: &Expr| Side::of(condition, &left_schema, &right_schema);
        let (mut left, mut right, mut above, mut condition) = (Vec::new(), Vec::new(), stays, Vec::new());
        for predicate in incoming {
            match (join.join_type, side(&predicate)) {
                (
                    JoinType::Inner | JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark,
                    Side::Left,
                ) => {
                    left.push(predicate);
                }
                (
                    JoinType::Inner | JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark,
                    Side::Right,
                ) => {
                    right.push(predicate);
                }
                (JoinType::Inner, Side::Both) => condition.push(predicate),
                _ => above.push(predicate),
            }
        }
        let on = join.filter.take().map(split).unwrap_or_default();
        let on = substitute(on, &constants)?;
        for predicate in self.normaliser.join_conditions(on, &join_schema(&left_schema, &right_schema)?)? {
            let fixed = !is_deterministic(&predicate) || has_subquery(&predicate)? || predicate.contains_outer();
            match (join.join_type, side(&predicate)) {
                _ if fixed => condition.push(predicate),
                (JoinType::Inner | JoinType::LeftSemi | JoinType::Right, Side::Left) => left.push(predicate),
                (JoinType::Inner | JoinType::LeftSemi | JoinType::Left | JoinType::LeftAnti, Side::Right) => {
                    right.push(predicate);
                }
                _ => condition.push(predicate),
            }
        }
        join.filter = condition.into_iter().reduce(Expr::and);
        join.left = Arc::new(self.node(Arc::unwrap_or_clone(join.left), left)?);
        join.right = Arc::new(self.node(Arc::unwrap_or_clone(join.right), right)?);
        if join.join_type == JoinType::Inner && (is_nothing(&join.left) || is_nothing(&join.right)) {
            return Ok(nothing(join.schema));
        }
        self.apply(LogicalPlan::Join(join), above)
    }

    /// The type of the join once the rows are gone that the conditions above it can't pass: the rows that an outer join makes up
    /// have nulls on one side.
    fn inner_enough(&self, join: &Join, conditions: &[Expr]) -> Result<JoinType> {
        if !join.join_type.is_outer() {
            return Ok(join.join_type);
        }
        let rejects = |schema: &DFSchema| -> Result<bool> {
            for condition in conditions {
                if Constraints::needs_any(condition, schema)
                    || self.normaliser.is_never_true_of_nulls(condition, schema)?
                {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        let (left, right) = (rejects(join.left.schema())?, rejects(join.right.schema())?);
        Ok(match (join.join_type, left, right) {
            (JoinType::Left, _, true) | (JoinType::Right, true, _) | (JoinType::Full, true, true) => JoinType::Inner,
            (JoinType::Full, true, false) => JoinType::Left,
            (JoinType::Full, false, true) => JoinType::Right,
            (unchanged, ..) => unchanged,
        })
    }

    /// Adds the conditions that follow from others, from the top down.
    fn infer(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let plan = plan.map_subqueries(|subquery| Ok(Transformed::yes(self.infer(subquery)?)))?.data;
        let plan = match plan {
            LogicalPlan::Filter(Filter { predicate, input, .. }) => {
                let known = Constraints::of(&input)?;
                let conditions = split(predicate);
                let mut inferred = known.inferred_by(&conditions, input.schema())?;
                inferred.extend(conditions);
                self.apply(Arc::unwrap_or_clone(input), inferred)?
            }
            LogicalPlan::Join(mut join) => {
                let schema = join_schema(join.left.schema(), join.right.schema())?;
                let (left, right) = (Constraints::of(&join.left)?, Constraints::of(&join.right)?);
                let inferred = left.and(&right).inferred_by(&Constraints::conditions_of(&join)?, &schema)?;
                let side = |wanted: Side, known: &Constraints| -> Vec<Expr> {
                    let side = |condition: &Expr| Side::of(condition, join.left.schema(), join.right.schema());
                    inferred
                        .iter()
                        .filter(|condition| side(condition) == wanted && !known.has(condition))
                        .cloned()
                        .collect()
                };
                let (mut to_left, mut to_right) = (side(Side::Left, &left), side(Side::Right, &right));
                if !matches!(join.join_type, JoinType::Inner | JoinType::LeftSemi | JoinType::Right) {
                    to_left.clear();
                }
                if !matches!(join.join_type, JoinType::Inner | JoinType::LeftSemi | JoinType::Left | JoinType::LeftAnti)
                {
                    to_right.clear();
                }
                join.left = Arc::new(self.apply(Arc::unwrap_or_clone(join.left), to_left)?);
                join.right = Arc::new(self.apply(Arc::unwrap_or_clone(join.right), to_right)?);
                LogicalPlan::Join(join)
            }
            // An array that is null generates no rows.
            LogicalPlan::Unnest(mut unnest) if !unnest.options.preserve_nulls() => {
                let known = Constraints::of(&unnest.input)?;
                let checks = unnest.exec_columns.first().map(|column| Expr::Column(column.clone()).is_not_null());
                let checks = checks.into_iter().filter(|check| !known.has(check)).collect();
                unnest.input = Arc::new(self.apply(Arc::unwrap_or_clone(unnest.input), checks)?);
                LogicalPlan::Unnest(unnest)
            }
            plan => plan,
        };
        Ok(plan.map_children(|child| Ok(Transformed::yes(self.infer(child)?)))?.data)
    }
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Side {
    Left,
    Right,
    Both,
}

impl Side {
    fn of(condition: &Expr, left: &DFSchema, right: &DFSchema) -> Self {
        let columns = condition.column_refs();
        let all_in = |schema: &DFSchema| !columns.is_empty() && columns.iter().all(|column| schema.has_column(column));
        match (all_in(left), all_in(right)) {
            (true, false) => Self::Left,
            (false, true) => Self::Right,
            _ => Self::Both,
        }
    }
}

/// The rows of both sides, whatever the join makes of them.
fn join_schema(left: &DFSchema, right: &DFSchema) -> Result<DFSchema> {
    left.join(right)
}

/// The conditions that may move below, and those that stay where they are: what is not deterministic, asks a query of its own,
/// or looks out of its query.
fn movable(conditions: Vec<Expr>, allowed: impl Fn(&Expr) -> bool) -> Result<(Vec<Expr>, Vec<Expr>)> {
    let (mut below, mut above) = (Vec::new(), Vec::new());
    for condition in conditions {
        if is_deterministic(&condition)
            && !has_subquery(&condition)?
            && !condition.contains_outer()
            && allowed(&condition)
        {
            below.push(condition);
        } else {
            above.push(condition);
        }
    }
    Ok((below, above))
}

/// The columns of one schema as those of another, by position.
fn renamed(from: &DFSchema, to: &DFSchema) -> HashMap<Column, Expr> {
    from.columns().into_iter().zip(to.columns().into_iter().map(Expr::Column)).collect()
}

fn substitute(conditions: Vec<Expr>, sources: &HashMap<Column, Expr>) -> Result<Vec<Expr>> {
    conditions
        .into_iter()
        .map(|condition| {
            let replaced = condition.transform_up(|expr| {
                Ok(match &expr {
                    Expr::Column(column) => match sources.get(column) {
                        Some(source) => Transformed::yes(source.clone()),
                        None => Transformed::no(expr),
                    },
                    _ => Transformed::no(expr),
                })
            })?;
            Ok(replaced.data)
        })
        .collect()
}

/// The columns of a plan that are constants.
fn constant_columns(plan: &LogicalPlan) -> HashMap<Column, Expr> {
    match plan {
        LogicalPlan::Projection(projection) => {
            let below = constant_columns(&projection.input);
            let columns = projection.schema.columns().into_iter().zip(&projection.expr);
            let constants = columns.filter_map(|(name, expr)| match expr.clone().unalias_nested().data {
                literal @ Expr::Literal(..) => Some((name, literal)),
                Expr::Column(column) => below.get(&column).map(|constant| (name, constant.clone())),
                _ => None,
            });
            constants.collect()
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let below = constant_columns(&alias.input);
            let names = alias.schema.columns().into_iter().zip(alias.input.schema().columns());
            names.filter_map(|(name, inner)| Some((name, below.get(&inner)?.clone()))).collect()
        }
        LogicalPlan::Filter(filter) => constant_columns(&filter.input),
        LogicalPlan::Sort(sort) => constant_columns(&sort.input),
        _ => HashMap::new(),
    }
}

/// The columns by which every window of the operator is partitioned.
fn partition_keys(windows: &[Expr]) -> HashSet<Column> {
    let mut common: Option<HashSet<Column>> = None;
    for window in windows {
        let mut window = window;
        while let Expr::Alias(alias) = window {
            window = &alias.expr;
        }
        let keys: HashSet<Column> = match window {
            Expr::WindowFunction(function) => {
                let columns = function.params.partition_by.iter().map(|key| match key {
                    Expr::Column(column) => Some(column.clone()),
                    _ => None,
                });
                columns.flatten().collect()
            }
            _ => HashSet::new(),
        };
        common = Some(match common {
            None => keys,
            Some(common) => common.intersection(&keys).cloned().collect(),
        });
    }
    common.unwrap_or_default()
}

fn nothing(schema: datafusion::common::DFSchemaRef) -> LogicalPlan {
    LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, schema })
}

fn is_nothing(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::EmptyRelation(EmptyRelation { produce_one_row: false, .. }))
}

/// The conjuncts that a filter directly above a scan applies.
pub(super) fn conditions(filter: &Filter) -> Vec<Expr> {
    utils::split_conjunction(&filter.predicate).into_iter().cloned().collect()
}
