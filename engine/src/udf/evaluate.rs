//! The operator that evaluates functions for each row: the columns of its input, and one for each call.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::FieldRef;
use datafusion::common::{Column, DFSchema, DFSchemaRef, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

use super::{EvalType, PythonFunction, WorkerSettings};
use crate::types::StructField;
use crate::types::StructType;
use crate::types::arrow::to_table_schema;

/// A call whose arguments are columns.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    /// The name of the column that it gives.
    pub(super) name: String,
    /// The functions, each of which is called with what the one before it returned.
    pub(super) functions: Vec<Arc<PythonFunction>>,
    /// The columns of its arguments.
    pub(super) arguments: Vec<Expr>,
    /// The names of those that are given by name.
    pub(super) keywords: Vec<Option<String>>,
}

impl Call {
    fn is_deterministic(&self) -> bool {
        self.functions.iter().all(|function| function.deterministic)
    }

    /// The column that it gives, in Spark's types.
    pub(super) fn field(&self) -> Option<StructField> {
        self.functions.last().map(|function| StructField::new(&self.name, function.return_type.clone()))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments: Vec<String> = self
            .arguments
            .iter()
            .zip(&self.keywords)
            .map(|(argument, keyword)| match keyword {
                Some(keyword) => format!("{keyword} => {argument}"),
                None => argument.to_string(),
            })
            .collect();
        let inner = arguments.join(", ");
        let call = self.functions.iter().fold(inner, |inner, function| format!("{}({inner})", function.name));
        write!(f, "{call} AS {}", self.name)
    }
}

/// Evaluates calls of the same kind.
#[derive(Debug, Clone)]
pub(crate) struct Evaluate {
    pub(super) input: LogicalPlan,
    pub(super) eval_type: EvalType,
    pub(super) calls: Vec<Call>,
    pub(super) settings: Arc<WorkerSettings>,
    schema: DFSchemaRef,
}

impl Evaluate {
    /// The evaluation of these calls on the rows of `input`.
    ///
    /// # Errors
    /// When a call's name is that of a column.
    pub(super) fn try_new(
        input: LogicalPlan,
        eval_type: EvalType,
        calls: Vec<Call>,
        settings: Arc<WorkerSettings>,
    ) -> Result<Self> {
        let fields: Vec<StructField> = calls.iter().filter_map(Call::field).collect();
        let given = DFSchema::try_from(to_table_schema(&StructType { fields })?)?;
        let schema = Arc::new(input.schema().join(&given)?);
        Ok(Self { input, eval_type, calls, settings, schema })
    }

    /// The columns of the calls.
    pub(super) fn fields(&self) -> Vec<FieldRef> {
        self.schema.fields().iter().skip(self.width()).cloned().collect()
    }

    /// How many columns the input has.
    pub(super) fn width(&self) -> usize {
        self.input.schema().fields().len()
    }
}

impl PartialEq for Evaluate {
    fn eq(&self, other: &Self) -> bool {
        self.input == other.input && self.calls == other.calls
    }
}

impl Eq for Evaluate {}

impl Hash for Evaluate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.calls.hash(state);
    }
}

impl PartialOrd for Evaluate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for Evaluate {
    fn name(&self) -> &'static str {
        "EvaluatePython"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        self.calls.iter().flat_map(|call| call.arguments.iter().cloned()).collect()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        // What is called may depend on which rows are there.
        let all = !self.calls.iter().all(Call::is_deterministic);
        let skipped = if all { 0 } else { self.width() };
        self.schema.fields().iter().skip(skipped).map(|field| field.name().clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls: Vec<String> = self.calls.iter().map(ToString::to_string).collect();
        write!(f, "EvaluatePython: {}", calls.join(", "))
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        let (Some(input), true) = (inputs.pop(), inputs.is_empty()) else {
            return plan_err!("functions are evaluated on one input");
        };
        let mut exprs = exprs.into_iter();
        let calls = self.calls.iter().map(|call| {
            let arguments = exprs.by_ref().take(call.arguments.len()).collect();
            Call { arguments, ..call.clone() }
        });
        let calls = calls.collect();
        Self::try_new(input, self.eval_type, calls, Arc::clone(&self.settings))
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let width = self.width();
        let mut needed: Vec<usize> = output_columns.iter().copied().filter(|index| *index < width).collect();
        for argument in self.calls.iter().flat_map(|call| &call.arguments) {
            let Expr::Column(column) = argument else { return None };
            needed.push(self.input.schema().maybe_index_of_column(column)?);
        }
        needed.sort_unstable();
        needed.dedup();
        Some(vec![needed])
    }

    fn supports_limit_pushdown(&self) -> bool {
        // It gives a row for each row.
        true
    }
}

/// The column of that name.
pub(super) fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}
