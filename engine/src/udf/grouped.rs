//! Takes the Python functions that are called for groups and over windows out of the operators that call them. Their place takes
//! a [`Transform`] over what the functions are given, below a projection with the columns that the operator gave.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::compute::SortOptions;
use arrow::datatypes::DataType as ArrowType;
use datafusion::common::{DFSchema, ScalarValue, internal_err};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::expr::{Sort, WindowFunctionParams};
use datafusion::logical_expr::logical_plan::{Aggregate, Extension, Window};
use datafusion::logical_expr::{
    Expr, LogicalPlan, LogicalPlanBuilder, Projection, WindowFrame, WindowFrameBound, WindowFrameUnits,
};

use super::evaluate::column;
use super::extract::Extraction;
use super::transform::Transform;
use super::windows::Windows;
use super::{Applied, EvalType, Given, PythonCall, WorkerSettings};
use crate::error::condition::{FUNCTION_WITH_UNSUPPORTED_SYNTAX, INVALID_PANDAS_UDF_PLACEMENT};
use crate::error::{ExceptionClass, SparkError};
use crate::types::arrow::from_arrow_schema;
use crate::types::{StructField, StructType};

/// A call for a group.
struct GroupedCall<'e> {
    call: &'e PythonCall,
    arguments: &'e [Expr],
}

impl<'e> GroupedCall<'e> {
    /// The call for a group that the expression is.
    ///
    /// # Errors
    /// `DISTINCT`, `FILTER` and an order of the arguments, which no function in Python takes.
    fn of_aggregate(expr: &'e Expr) -> Result<Option<Self>> {
        let Expr::AggregateFunction(aggregate) = unaliased(expr) else { return Ok(None) };
        let Some(call) = PythonCall::of_aggregate(aggregate) else { return Ok(None) };
        let params = &aggregate.params;
        check_syntax(params.distinct, params.filter.is_some(), !params.order_by.is_empty())?;
        Ok(Some(Self { call, arguments: &params.args }))
    }
}

/// Whether an aggregate or a window function is one of Python's.
pub(super) fn is_grouped_call(expr: &Expr) -> bool {
    match expr {
        Expr::AggregateFunction(aggregate) => PythonCall::of_aggregate(aggregate).is_some(),
        Expr::WindowFunction(window) => PythonCall::of_window(window).is_some(),
        _ => false,
    }
}

/// Whether an expression of an operator is a call for a group or over a window, under any name.
pub(super) fn calls_for_group(expr: &Expr) -> bool {
    is_grouped_call(unaliased(expr))
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unaliased(&alias.expr),
        expr => expr,
    }
}

fn refused(why: &str) -> SparkError {
    SparkError::plain(ExceptionClass::UnsupportedOperation, why)
}

/// Refuses what a call of a function in Python may not have.
fn check_syntax(distinct: bool, filtered: bool, ordered: bool) -> Result<()> {
    let found = [(distinct, "DISTINCT"), (filtered, "FILTER CLAUSE"), (ordered, "WITHIN GROUP (ORDER BY ...)")];
    match found.into_iter().find(|(found, _)| *found) {
        // Spark names its operator, not the function.
        Some((_, syntax)) => Err(FUNCTION_WITH_UNSUPPORTED_SYNTAX
            .error([("prettyName", "`pythonudaf`".to_owned()), ("syntax", syntax.to_owned())])
            .into()),
        None => Ok(()),
    }
}

/// The expressions that a relation is made of before functions are given it.
#[derive(Default)]
struct Items(Vec<Expr>);

impl Items {
    /// The place of an expression among those from `first` on; it is added if it is new.
    fn place(&mut self, expr: &Expr, first: usize) -> usize {
        let known = self.0.iter().skip(first).position(|known| known == expr && !expr.is_volatile());
        known.map(|known| first + known).unwrap_or_else(|| {
            self.0.push(expr.clone());
            self.0.len() - 1
        })
    }
}

impl Extraction {
    /// `GROUP BY` with aggregates in Python.
    pub(super) fn aggregate(&mut self, aggregate: Aggregate) -> Result<LogicalPlan> {
        let calls = aggregate.aggr_expr.iter().filter_map(|expr| GroupedCall::of_aggregate(expr).transpose());
        let calls = calls.collect::<Result<Vec<_>>>()?;
        if calls.len() < aggregate.aggr_expr.len() {
            let names: Vec<_> = calls.iter().map(|grouped| format!("`{}`", grouped.call.function.name)).collect();
            return Err(INVALID_PANDAS_UDF_PLACEMENT.error([("functionList", names.join(", "))]).into());
        }
        if matches!(aggregate.group_expr.as_slice(), [Expr::GroupingSet(_)]) {
            let what =
                "This engine does not support aggregate functions in Python over grouping sets (rollup, cube) yet.";
            return Err(refused(what).into());
        }
        let types: HashSet<EvalType> = calls.iter().map(|grouped| grouped.call.function.eval_type).collect();
        if types.len() > 1 || (calls.len() > 1 && types.iter().any(|eval_type| eval_type.stands_alone())) {
            // Spark fails here with an internal error.
            let what =
                "The aggregate functions in Python of one grouping must be of one kind, and only one on iterators.";
            return Err(refused(what).into());
        }
        let mut items = Items(aggregate.group_expr.clone());
        let keys = items.0.len();
        let mut functions = Vec::with_capacity(calls.len());
        let mut output = StructType::default();
        for GroupedCall { call, arguments } in &calls {
            // Places count from the first column that functions are given.
            let places = arguments.iter().map(|argument| items.place(argument, keys) - keys).collect();
            functions.push(applied(call, places));
            output.fields.push(StructField::new(self.name("value"), call.function.return_type.clone()));
        }
        let (input, _) = self.made_of(items, Arc::unwrap_or_clone(aggregate.input))?;
        let columns = from_arrow_schema(input.schema().as_arrow())?;
        let given = Given { keys: (0..keys).collect(), values: (keys..columns.fields.len()).collect(), columns };
        let node = Transform::try_new(vec![input], functions, vec![given], output, Arc::clone(&self.settings))?;
        let plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        let names: Vec<String> = plan.schema().fields().iter().map(|field| field.name().clone()).collect();
        renamed(plan, &names, &aggregate.schema)
    }

    /// Windows of which some functions are in Python.
    pub(super) fn window(&mut self, window: Window) -> Result<LogicalPlan> {
        let (python, others): (Vec<_>, Vec<_>) =
            window.window_expr.into_iter().enumerate().partition(|(_, expr)| calls_for_group(expr));
        let mut input = Arc::unwrap_or_clone(window.input);
        let width = input.schema().fields().len();
        let mut sources = vec![String::new(); window.schema.fields().len()];
        let (places, others): (Vec<usize>, Vec<Expr>) = others.into_iter().unzip();
        if !others.is_empty() {
            let window = LogicalPlan::Window(Window::try_new(others, Arc::new(input))?);
            input = self.node(window)?.data;
        }
        let mut items = Items(input.schema().columns().into_iter().map(Expr::Column).collect());
        let handed_on = items.0.len();
        let mut stages: Vec<Stage> = Vec::new();
        for (place, expr) in &python {
            let (call, params) = window_call(expr)?;
            let keys = params.partition_by.iter().map(|key| items.place(key, handed_on)).collect();
            let order = params.order_by.iter().map(|key| (items.place(&key.expr, handed_on), options(key))).collect();
            let arguments = params.args.iter().map(|argument| items.place(argument, handed_on)).collect();
            let name = self.name("value");
            sources[width + place].clone_from(&name);
            let by = (keys, order, call.function.eval_type);
            let windowed = Windowed { call, arguments, frame: &params.window_frame, name };
            match stages.iter_mut().find(|stage| stage.by == by) {
                Some(stage) => stage.calls.push(windowed),
                None => stages.push(Stage { by, calls: vec![windowed] }),
            }
        }
        let (mut plan, names) = self.made_of(items, input)?;
        for (place, name) in (0..width).chain(places.iter().map(|place| width + place)).zip(&names) {
            sources[place].clone_from(name);
        }
        for stage in stages {
            let node = stage.transform(plan, Arc::clone(&self.settings))?;
            plan = LogicalPlan::Extension(Extension { node: Arc::new(node) });
        }
        renamed(plan, &sources, &window.schema)
    }

    /// A relation of these columns, and their names.
    fn made_of(&mut self, items: Items, input: LogicalPlan) -> Result<(LogicalPlan, Vec<String>)> {
        let (exprs, input) = self.evaluated(items.0, input)?;
        let names: Vec<String> = exprs.iter().map(|_| self.name("argument")).collect();
        let exprs = exprs.into_iter().zip(&names).map(|(expr, name)| expr.unalias_nested().data.alias(name)).collect();
        Ok((LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(input))?), names))
    }
}

/// Calls over windows that have the same partitions and order: places of keys, and of what rows are in the order of.
struct Stage<'e> {
    by: (Vec<usize>, Vec<(usize, SortOptions)>, EvalType),
    calls: Vec<Windowed<'e>>,
}

/// A call over a window.
struct Windowed<'e> {
    call: &'e PythonCall,
    arguments: Vec<usize>,
    frame: &'e WindowFrame,
    name: String,
}

impl Stage<'_> {
    /// The operator that gives the columns of `input`, and one for each call.
    fn transform(self, input: LogicalPlan, settings: Arc<WorkerSettings>) -> Result<Transform> {
        let (keys, order, _) = self.by;
        let columns = from_arrow_schema(input.schema().as_arrow())?;
        let mut values: Vec<usize> = self.calls.iter().flat_map(|windowed| windowed.arguments.clone()).collect();
        values.sort_unstable();
        values.dedup();
        let mut frames: Vec<Arc<WindowFrame>> = Vec::new();
        let mut bounded = Vec::with_capacity(self.calls.len());
        let mut functions = Vec::with_capacity(self.calls.len());
        let mut output = StructType::default();
        for Windowed { call, arguments, frame, name } in self.calls {
            let places = arguments.iter().filter_map(|argument| values.binary_search(argument).ok()).collect();
            let mut function = applied(call, places);
            bounded.push(!(frame.start_bound.is_unbounded() && frame.end_bound.is_unbounded()));
            if bounded.last() == Some(&true) {
                let frame = Arc::new(with_typed_bounds(frame, order.first(), input.schema())?);
                let known = frames.iter().position(|known| *known == frame).unwrap_or_else(|| {
                    frames.push(frame);
                    frames.len() - 1
                });
                // The columns that say where each row's frame begins and ends come behind the values.
                let begin = values.len() + 2 * known;
                function.arguments.splice(0..0, [(begin, None), (begin + 1, None)]);
            }
            functions.push(function);
            output.fields.push(StructField::new(name, call.function.return_type.clone()));
        }
        let windows = Windows { order, frames, bounded };
        let given = Given { columns, keys, values };
        Ok(Transform::over_windows(input, functions, given, windows, output, settings)?)
    }
}

/// The call that a window function is, with what it is called on.
///
/// # Errors
/// `DISTINCT`, `FILTER`, and functions on iterators.
fn window_call(expr: &Expr) -> Result<(&PythonCall, &WindowFunctionParams)> {
    let Expr::WindowFunction(window) = unaliased(expr) else {
        return internal_err!("a window function that is none: {expr}");
    };
    let Some(call) = PythonCall::of_window(window) else {
        return internal_err!("a window function that is not in Python: {expr}");
    };
    check_syntax(window.params.distinct, window.params.filter.is_some(), false)?;
    if call.function.eval_type.over_windows().is_none() {
        return Err(refused("An aggregate function in Python on iterators cannot be called over a window.").into());
    }
    Ok((call, &window.params))
}

fn applied(call: &PythonCall, places: Vec<usize>) -> Applied {
    let keyword = |index: usize| call.keywords.get(index).cloned().flatten();
    let arguments = places.into_iter().enumerate().map(|(index, place)| (place, keyword(index))).collect();
    Applied { function: Arc::clone(&call.function), arguments }
}

fn options(key: &Sort) -> SortOptions {
    SortOptions { descending: !key.asc, nulls_first: key.nulls_first }
}

/// The frame with bounds of the type that they count in: rows, or what the rows are in the order of.
fn with_typed_bounds(
    frame: &WindowFrame,
    order: Option<&(usize, SortOptions)>,
    schema: &DFSchema,
) -> Result<WindowFrame> {
    let data_type = match (frame.units, order) {
        (WindowFrameUnits::Range, Some((place, _))) => schema.field(*place).data_type().clone(),
        _ => ArrowType::UInt64,
    };
    let typed = |value: &ScalarValue| match value.is_null() {
        true => ScalarValue::try_from(&data_type),
        false if data_type.is_numeric() => value.cast_to(&data_type),
        false => {
            let what = "This engine does not support windows that range over anything but numbers for functions in Python yet.";
            Err(refused(what).into())
        }
    };
    let bound = |bound: &WindowFrameBound| {
        Ok::<_, DataFusionError>(match bound {
            WindowFrameBound::Preceding(value) => WindowFrameBound::Preceding(typed(value)?),
            WindowFrameBound::CurrentRow => WindowFrameBound::CurrentRow,
            WindowFrameBound::Following(value) => WindowFrameBound::Following(typed(value)?),
        })
    };
    Ok(WindowFrame::new_bounds(frame.units, bound(&frame.start_bound)?, bound(&frame.end_bound)?))
}

/// The columns of these names as the columns of `schema`, one for one.
fn renamed(plan: LogicalPlan, names: &[String], schema: &DFSchema) -> Result<LogicalPlan> {
    let columns = names.iter().zip(schema.iter());
    let columns = columns
        .map(|(name, (qualifier, field))| column(name).alias_qualified(qualifier.cloned(), field.name().as_str()));
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}
