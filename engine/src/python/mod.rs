//! Everything that touches the Python interpreter as such: starting it, pickling, exceptions, cancelling.
//!
//! What a data source *means* is not known here.

pub mod cancel;
pub mod exception;
pub mod interpreter;
pub mod pickle;
pub mod task_context;
