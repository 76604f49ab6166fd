//! `spark.udf.register`: a function gets a name that queries call it by.

use spark_connect_proto::CommonInlineUserDefinedFunction;

use crate::failure::Failure;
use crate::python_function;
use crate::session::ConnectSession;

/// Registers a function in the session. Nothing is unpickled before it is called.
///
/// # Errors
/// As [`python_function::of`].
pub(super) fn register(session: &ConnectSession, message: &CommonInlineUserDefinedFunction) -> Result<(), Failure> {
    session.engine.register_function(python_function::of(message)?);
    Ok(())
}
