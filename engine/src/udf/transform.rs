//! The operator that gives whole relations to a function: partition by partition (`mapInPandas`), group by group
//! (`applyInPandas`, aggregates, windows), or the groups of two relations that have the same key (`cogroup`).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::common::{DFSchema, DFSchemaRef};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

use super::windows::Windows;
use super::{EvalType, PythonFunction, WorkerSettings};
use crate::error::SparkError;
use crate::types::arrow::to_scan_schema;
use crate::types::{StructField, StructType};

/// A function with the columns that it is given, by their places in what the worker is given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Applied {
    /// The function.
    pub function: Arc<PythonFunction>,
    /// Places, with the names of arguments that are given by name.
    pub arguments: Vec<(usize, Option<String>)>,
}

/// A relation that is given to a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The columns of the relation, as functions see them.
    pub columns: StructType,
    /// The columns by which its rows are grouped.
    pub keys: Vec<usize>,
    /// The columns that a function is given beside the keys.
    pub values: Vec<usize>,
}

/// What is done with relations.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transformation {
    /// The functions: several only where they are aggregates.
    pub(super) functions: Vec<Applied>,
    pub(super) given: Vec<Given>,
    /// The windows that aggregates are called over.
    pub(super) windows: Option<Windows>,
    /// What the functions give.
    pub(super) output: StructType,
}

impl Transformation {
    /// How the functions are called.
    pub(super) fn eval_type(&self) -> EvalType {
        let eval_type = self.functions.first().map_or(EvalType::MapArrow, |applied| applied.function.eval_type);
        let over_windows = self.windows.as_ref().and_then(|_| eval_type.over_windows());
        over_windows.unwrap_or(eval_type)
    }

    /// Whether rows are given by groups.
    pub(super) fn is_grouped(&self) -> bool {
        self.eval_type().takes_groups()
    }

    /// Whether a worker is given the columns of a group as the fields of one.
    pub(super) fn takes_tables(&self) -> bool {
        matches!(self.eval_type(), EvalType::GroupedMapArrow | EvalType::GroupedMapArrowIter)
    }

    /// The columns of a relation that a worker is given.
    pub(super) fn shown(&self, given: &Given) -> Vec<usize> {
        if self.eval_type().gives_tables() { (0..given.columns.fields.len()).collect() } else { given.values.clone() }
    }

    /// The columns of the result that are not the functions': the keys of aggregates, and all that windows are over.
    pub(super) fn kept(&self) -> Vec<usize> {
        match self.given.first() {
            Some(given) if self.eval_type().is_windowed() => (0..given.columns.fields.len()).collect(),
            Some(given) if self.eval_type().is_aggregate() => given.keys.clone(),
            _ => Vec::new(),
        }
    }

    /// The columns of the result.
    pub(super) fn columns(&self) -> StructType {
        let of_keys = self
            .given
            .first()
            .into_iter()
            .flat_map(|given| self.kept().into_iter().filter_map(|index| given.columns.fields.get(index).cloned()));
        let fields: Vec<StructField> = of_keys.chain(self.output.fields.iter().cloned()).collect();
        StructType { fields }
    }
}

/// Gives relations to functions.
#[derive(Debug, Clone)]
pub(crate) struct Transform {
    pub(super) inputs: Vec<LogicalPlan>,
    pub(super) transformation: Arc<Transformation>,
    pub(super) settings: Arc<WorkerSettings>,
    schema: DFSchemaRef,
}

impl Transform {
    /// The transformation of these relations.
    ///
    /// # Errors
    /// Never in practice; those of the types' Arrow forms.
    pub(crate) fn try_new(
        inputs: Vec<LogicalPlan>,
        functions: Vec<Applied>,
        given: Vec<Given>,
        output: StructType,
        settings: Arc<WorkerSettings>,
    ) -> Result<Self, SparkError> {
        Self::of(inputs, Transformation { functions, given, windows: None, output }, settings)
    }

    /// The columns of a relation, and behind them the values of aggregates over windows of its rows.
    ///
    /// # Errors
    /// Never in practice; those of the types' Arrow forms.
    pub(super) fn over_windows(
        input: LogicalPlan,
        functions: Vec<Applied>,
        given: Given,
        windows: Windows,
        output: StructType,
        settings: Arc<WorkerSettings>,
    ) -> Result<Self, SparkError> {
        let transformation = Transformation { functions, given: vec![given], windows: Some(windows), output };
        Self::of(vec![input], transformation, settings)
    }

    fn of(
        inputs: Vec<LogicalPlan>,
        transformation: Transformation,
        settings: Arc<WorkerSettings>,
    ) -> Result<Self, SparkError> {
        let schema = Arc::new(DFSchema::try_from(to_scan_schema(&transformation.columns())?)?);
        Ok(Self { inputs, transformation: Arc::new(transformation), settings, schema })
    }
}

impl fmt::Display for Transformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.functions.iter().map(|applied| applied.function.name.as_str());
        f.write_str(&names.collect::<Vec<_>>().join(", "))?;
        for given in self.given.iter().filter(|given| !given.keys.is_empty()) {
            let key = |index: &usize| given.columns.fields.get(*index).map_or("?", |field| field.name.as_str());
            write!(f, ", by=[{}]", given.keys.iter().map(key).collect::<Vec<_>>().join(", "))?;
        }
        Ok(())
    }
}

impl PartialEq for Transform {
    fn eq(&self, other: &Self) -> bool {
        self.inputs == other.inputs && self.transformation == other.transformation
    }
}

impl Eq for Transform {}

impl Hash for Transform {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inputs.hash(state);
        self.transformation.functions.hash(state);
    }
}

impl PartialOrd for Transform {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for Transform {
    fn name(&self) -> &'static str {
        "TransformPython"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        self.inputs.iter().collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransformPython: {}", self.transformation)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        Ok(Self { inputs, ..self.clone() })
    }

    fn necessary_children_exprs(&self, _: &[usize]) -> Option<Vec<Vec<usize>>> {
        // The function sees all columns.
        Some(self.inputs.iter().map(|input| (0..input.schema().fields().len()).collect()).collect())
    }
}
