//! Takes the calls of Python functions out of the expressions of a plan, as Spark does before a query runs: an operator below
//! evaluates them for all rows, and the expression reads the columns that it gives.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{JoinType, NullEquality};
use datafusion::error::Result;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::logical_plan::{Extension, Filter, Join};
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, Projection};

use super::evaluate::{Call, Evaluate, column};
use super::grouped::{calls_for_group, is_grouped_call};
use super::{EvalType, PythonCall, PythonFunction, WorkerSettings};
use crate::error::condition::{LAMBDA_FUNCTION_WITH_PYTHON_UDF, PYTHON_UDF_IN_ON_CLAUSE};

/// The plan in which operators evaluate the calls.
///
/// # Errors
/// `UNSUPPORTED_FEATURE.LAMBDA_FUNCTION_WITH_PYTHON_UDF`, `UNSUPPORTED_FEATURE.PYTHON_UDF_IN_ON_CLAUSE`.
pub(crate) fn extract(plan: LogicalPlan, settings: &Arc<WorkerSettings>) -> Result<LogicalPlan> {
    if !calls_any(&plan)? {
        return Ok(plan);
    }
    let mut extraction = Extraction { settings: Arc::clone(settings), names: 0 };
    let extracted = plan.transform_up_with_subqueries(|node| extraction.node(node))?;
    Ok(extracted.data)
}

fn calls_any(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply_with_subqueries(|node| {
        found |= has_calls_within(node)?;
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })?;
    Ok(found)
}

fn has_calls_within(node: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    node.apply_expressions(|expr| {
        found |= has_calls(expr)?;
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(found)
}

fn has_calls(expr: &Expr) -> Result<bool> {
    expr.exists(|expr| Ok(PythonCall::of(expr).is_some() || is_grouped_call(expr)))
}

pub(super) struct Extraction {
    pub(super) settings: Arc<WorkerSettings>,
    /// How many names were given.
    names: usize,
}

impl Extraction {
    /// The operator without calls in its expressions.
    pub(super) fn node(&mut self, node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        if !has_calls_within(&node)? {
            return Ok(Transformed::no(node));
        }
        let plan = match node {
            LogicalPlan::Filter(filter) => self.filter(filter)?,
            LogicalPlan::Join(join) => self.join(join)?,
            LogicalPlan::Aggregate(aggregate) if aggregate.aggr_expr.iter().any(calls_for_group) => {
                self.aggregate(aggregate)?
            }
            LogicalPlan::Window(window) if window.window_expr.iter().any(calls_for_group) => self.window(window)?,
            node => self.over_one_input(node)?,
        };
        Ok(Transformed::yes(plan))
    }

    /// An operator that has one input, and gives the columns that it gave before.
    fn over_one_input(&mut self, node: LogicalPlan) -> Result<LogicalPlan> {
        let [input] = node.inputs().into_iter().cloned().collect::<Vec<_>>().try_into().map_err(|inputs: Vec<_>| {
            datafusion::common::plan_datafusion_err!("a Python function in an operator of {} inputs", inputs.len())
        })?;
        let columns = node.schema().columns();
        let names = NamePreserver::new(&node);
        let exprs = node.expressions();
        let saved: Vec<_> = exprs.iter().map(|expr| names.save(expr)).collect();
        let (exprs, input) = self.evaluated(exprs, input)?;
        let exprs = exprs.into_iter().zip(saved).map(|(expr, name)| name.restore(expr)).collect();
        let node = node.with_new_exprs(exprs, vec![input])?;
        if node.schema().fields().len() == columns.len() {
            return Ok(node);
        }
        // It hands its input on, with the columns that were added to it.
        LogicalPlanBuilder::from(node).project(columns.into_iter().map(Expr::Column))?.build()
    }

    /// What a row can be left out by without Python is looked at first.
    fn filter(&mut self, filter: Filter) -> Result<LogicalPlan> {
        let (first, then): (Vec<Expr>, Vec<Expr>) = split_conjunction_owned(filter.predicate)
            .into_iter()
            .partition(|condition| !condition.is_volatile() && !has_calls(condition).unwrap_or(true));
        let mut input = filter.input;
        if let Some(condition) = conjunction(first) {
            input = Arc::new(LogicalPlan::Filter(Filter::try_new(condition, input)?));
        }
        match conjunction(then) {
            Some(condition) => self.over_one_input(LogicalPlan::Filter(Filter::try_new(condition, input)?)),
            None => Ok(Arc::unwrap_or_clone(input)),
        }
    }

    /// Calls are evaluated on the side whose columns they have. What has columns of both is a condition on the joined rows, which
    /// only an inner join allows.
    fn join(&mut self, join: Join) -> Result<LogicalPlan> {
        let columns = join.schema.columns();
        let (left_keys, right_keys): (Vec<Expr>, Vec<Expr>) = join.on.into_iter().unzip();
        let (mut of_left, mut of_right, mut of_none, mut above) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for condition in join.filter.map(split_conjunction_owned).unwrap_or_default() {
            if !has_calls(&condition)? {
                of_none.push(condition);
                continue;
            }
            let has_all = |input: &LogicalPlan| {
                calls_of(&condition)
                    .iter()
                    .all(|call| call.column_refs().iter().all(|column| input.schema().has_column(column)))
            };
            if has_all(&join.left) {
                of_left.push(condition);
            } else if has_all(&join.right) {
                of_right.push(condition);
            } else if join.join_type == JoinType::Inner && join.null_equality == NullEquality::NullEqualsNothing {
                above.push(condition);
            } else {
                let name = match join.join_type {
                    JoinType::Inner => "INNER",
                    JoinType::Left => "LEFT OUTER",
                    JoinType::Right => "RIGHT OUTER",
                    JoinType::Full => "FULL OUTER",
                    JoinType::LeftSemi | JoinType::RightSemi => "LEFT SEMI",
                    JoinType::LeftAnti | JoinType::RightAnti => "LEFT ANTI",
                    JoinType::LeftMark | JoinType::RightMark => "EXISTENCE",
                };
                return Err(PYTHON_UDF_IN_ON_CLAUSE.error([("joinType", name.to_owned())]).into());
            }
        }
        let side = |extraction: &mut Self, keys: Vec<Expr>, conditions: Vec<Expr>, input: Arc<LogicalPlan>| {
            let count = keys.len();
            let exprs = keys.into_iter().chain(conditions).collect();
            let (mut exprs, input) = extraction.evaluated(exprs, Arc::unwrap_or_clone(input))?;
            let conditions = exprs.split_off(count);
            Ok::<_, datafusion::error::DataFusionError>((exprs, conditions, Arc::new(input)))
        };
        let (left_keys, of_left, left) = side(self, left_keys, of_left, join.left)?;
        let (right_keys, of_right, right) = side(self, right_keys, of_right, join.right)?;
        let filter = conjunction(of_none.into_iter().chain(of_left).chain(of_right));
        let on = left_keys.into_iter().zip(right_keys).collect();
        let joined = Join::try_new(
            left,
            right,
            on,
            filter,
            join.join_type,
            join.join_constraint,
            join.null_equality,
            join.null_aware,
        )?;
        let mut plan = LogicalPlan::Join(joined);
        if let Some(condition) = conjunction(above) {
            plan = self.filter(Filter::try_new(condition, Arc::new(plan))?)?;
        }
        if plan.schema().fields().len() == columns.len() {
            return Ok(plan);
        }
        LogicalPlanBuilder::from(plan).project(columns.into_iter().map(Expr::Column))?.build()
    }

    /// The expressions with columns in the place of calls, and the input that has these columns.
    pub(super) fn evaluated(
        &mut self,
        mut exprs: Vec<Expr>,
        mut input: LogicalPlan,
    ) -> Result<(Vec<Expr>, LogicalPlan)> {
        loop {
            let mut round = Round::default();
            let mut replaced = Vec::with_capacity(exprs.len());
            for expr in exprs {
                replaced.push(expr.transform_down(|expr| self.replace(expr, &mut round))?.data);
            }
            exprs = replaced;
            let Some(eval_type) = round.eval_type else { return Ok((exprs, input)) };
            let input_columns = input.schema().columns().into_iter().map(Expr::Column);
            if !round.computed.is_empty() {
                let items = input_columns.chain(round.computed).collect();
                input = LogicalPlan::Projection(Projection::try_new(items, Arc::new(input))?);
            }
            let node = Evaluate::try_new(input, eval_type, round.calls, Arc::clone(&self.settings))?;
            input = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        }
    }

    /// Replaces a call that can be evaluated in this round by its column.
    fn replace(&mut self, expr: Expr, round: &mut Round) -> Result<Transformed<Expr>> {
        if matches!(expr, Expr::HigherOrderFunction(_))
            && let Some(call) = calls_of(&expr).first().and_then(|call| PythonCall::of(call))
        {
            let name = ("funcName", format!("\"{}\"", call.0.function.name));
            return Err(LAMBDA_FUNCTION_WITH_PYTHON_UDF.error([name]).into());
        }
        let Some(chain) = Chain::of(&expr)? else { return Ok(Transformed::no(expr)) };
        let eval_type = chain.eval_type;
        let fits = round.eval_type.is_none_or(|known| known == eval_type && !eval_type.stands_alone());
        let known = round.known.iter().find(|(known, _)| *known == expr && !expr.is_volatile());
        if let Some((_, name)) = known {
            return Ok(Transformed::new(column(name), true, TreeNodeRecursion::Jump));
        }
        if !fits {
            return Ok(Transformed::new(expr, false, TreeNodeRecursion::Jump));
        }
        round.eval_type = Some(eval_type);
        let name = self.name("value");
        let mut arguments = Vec::with_capacity(chain.arguments.len());
        for argument in chain.arguments {
            arguments.push(match argument {
                Expr::Column(_) => argument.clone(),
                computed => {
                    let name = self.name("argument");
                    round.computed.push(computed.clone().unalias_nested().data.alias(&name));
                    column(&name)
                }
            });
        }
        let keywords = (0..arguments.len()).map(|index| chain.keywords.get(index).cloned().flatten()).collect();
        round.calls.push(Call { name: name.clone(), functions: chain.functions, arguments, keywords });
        round.known.push((expr, name.clone()));
        Ok(Transformed::new(column(&name), true, TreeNodeRecursion::Jump))
    }

    /// A name that no column of the query has.
    pub(super) fn name(&mut self, of: &str) -> String {
        self.names += 1;
        format!("python {of} #{}", self.names)
    }
}

/// The calls that one operator evaluates.
#[derive(Default)]
struct Round {
    eval_type: Option<EvalType>,
    calls: Vec<Call>,
    /// Arguments that are no columns yet.
    computed: Vec<Expr>,
    /// The calls as they were written, with the names of their columns.
    known: Vec<(Expr, String)>,
}

/// A call of a call of … arguments that hold no call.
struct Chain<'e> {
    eval_type: EvalType,
    /// The innermost first.
    functions: Vec<Arc<PythonFunction>>,
    arguments: &'e [Expr],
    keywords: &'e [Option<String>],
}

impl<'e> Chain<'e> {
    /// The chain that the expression is, if it can be evaluated. A function whose only argument is the value of another of its
    /// kind is given what that returned.
    fn of(expr: &'e Expr) -> Result<Option<Self>> {
        let Some((call, arguments)) = PythonCall::of(expr) else { return Ok(None) };
        let eval_type = call.function.eval_type;
        if let ([argument], false) = (arguments, eval_type.stands_alone())
            && let Some((inner, _)) = PythonCall::of(argument)
            && inner.function.eval_type == eval_type
        {
            let Some(mut chain) = Self::of(argument)? else { return Ok(None) };
            chain.functions.push(Arc::clone(&call.function));
            return Ok(Some(chain));
        }
        for argument in arguments {
            if has_calls(argument)? {
                return Ok(None);
            }
        }
        let functions = vec![Arc::clone(&call.function)];
        Ok(Some(Self { eval_type, functions, arguments, keywords: &call.keywords }))
    }
}

/// The calls within an expression, the outermost of each.
fn calls_of(expr: &Expr) -> Vec<Expr> {
    let mut found = Vec::new();
    // The visitor never fails.
    let _ = expr.apply(|expr| {
        if PythonCall::of(expr).is_some() {
            found.push(expr.clone());
            return Ok(TreeNodeRecursion::Jump);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    found
}
