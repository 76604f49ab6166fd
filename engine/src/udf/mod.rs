//! Functions that a user wrote in Python: how a query calls them, where they are evaluated, and on what.
//!
//! In an expression such a function is a [`PythonCall`], which only stands for its value. Before a query runs, [`extract()`]
//! takes the calls out of the expressions, as Spark does, and puts an operator below that evaluates them on whole batches.
//! Functions over whole relations (`mapInPandas`, `applyInPandas`) and aggregates are operators from the start ([`Transform`]).
//!
//! What a function is given, and what becomes of what it returns, is PySpark's own code: see `executor/worker`.

mod call;
mod eval_type;
mod evaluate;
mod exec;
mod extract;
mod grouped;
mod grouping;
mod planner;
mod rows;
mod settings;
mod transform;
mod transform_exec;
mod windows;

use std::hash::{Hash, Hasher};

use crate::python::pickle::Pickled;
use crate::types::DataType;

pub(crate) use call::{CalledFunction, PythonCall};
pub use eval_type::EvalType;
pub(crate) use extract::extract;
pub(crate) use planner::FunctionPlanner;
pub(crate) use settings::WorkerSettings;
pub(crate) use transform::Transform;
pub use transform::{Applied, Given};

/// A function as a client sends it.
#[derive(Debug, Clone, PartialEq)]
pub struct PythonFunction {
    /// What it is called in names of columns.
    pub name: String,
    /// The function and its return type, pickled together.
    pub command: Pickled,
    /// `major.minor` of the Python that pickled it; only the same one can load it.
    pub python_version: String,
    /// How it is called.
    pub eval_type: EvalType,
    /// The type of its values.
    pub return_type: DataType,
    /// Whether it gives the same value for the same arguments.
    pub deterministic: bool,
}

impl PythonFunction {
    /// Whether expressions can call it, once it has a name.
    pub(crate) fn is_called_by_name(&self) -> bool {
        self.eval_type.is_scalar() || self.eval_type.is_aggregate()
    }
}

impl Eq for PythonFunction {}

impl Hash for PythonFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.command.as_bytes().hash(state);
    }
}
