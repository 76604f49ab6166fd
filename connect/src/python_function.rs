//! Python functions as clients send them.

use seatrial_engine::error::SparkError;
use seatrial_engine::python::pickle::Pickled;
use seatrial_engine::udf::{EvalType, PythonFunction};
use spark_connect_proto::CommonInlineUserDefinedFunction;
use spark_connect_proto::common_inline_user_defined_function::Function;

use crate::plan::unsupported;
use crate::types::{from_proto, malformed};

/// The function of a message. Nothing is unpickled before it is called.
///
/// # Errors
/// Functions of other languages, and those that are called in ways that the engine does not know.
pub(crate) fn of(message: &CommonInlineUserDefinedFunction) -> Result<PythonFunction, SparkError> {
    let python = match &message.function {
        Some(Function::PythonUdf(python)) => python,
        Some(Function::ScalarScalaUdf(_)) => return Err(unsupported("functions of Scala")),
        Some(Function::JavaUdf(_)) => return Err(unsupported("functions of Java")),
        None => return Err(malformed("a function without its code")),
    };
    let Some(eval_type) = EvalType::from_code(python.eval_type) else {
        return Err(unsupported(&format!("Python functions of evaluation type {}", python.eval_type)));
    };
    let return_type = python.output_type.as_ref().ok_or_else(|| malformed("a function without a type"))?;
    Ok(PythonFunction {
        name: message.function_name.clone(),
        command: Pickled::from_bytes(python.command.to_vec()),
        python_version: python.python_ver.clone(),
        eval_type,
        return_type: from_proto(return_type)?,
        deterministic: message.deterministic,
    })
}
