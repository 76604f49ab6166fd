//! `TaskContext.get()` inside `read`: the partition that is being read, on the thread that reads it (RDR-TASKCTX).

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();

/// Makes the calling thread one that runs the task of partition `index`, for the rest of its life.
///
/// # Errors
/// When PySpark has no `TaskContext`.
pub fn enter(py: Python<'_>, index: usize) -> PyResult<()> {
    let module = MODULE.get_or_try_init(py, || {
        let text = super::c_text(include_str!("task_context.py"))?;
        PyModule::from_code(py, &text, c"task_context.py", c"seatrial_task_context").map(Bound::unbind)
    })?;
    module.bind(py).call_method1("enter", (index,)).map(drop)
}
