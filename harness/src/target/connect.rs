//! The targets that are reached over Spark Connect: `engine:connect`, and any server by its URL. The PySpark client asks them, in
//! the same runner that asks real Spark.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use seatrial_engine::python::interpreter;

use super::engine::{self, OWN_SPARK, named_python, reproducible_environment};
use super::environment::Environments;
use super::folder::Folder;
use super::process::RunnerCommand;
use super::spark::write_runner;
use super::{TargetError, TargetId};
use crate::case::SparkMinor;

/// What starts a runner that asks our own server, which it starts beside itself. Client and server have a PySpark of the version
/// `spark`.
///
/// # Errors
/// When no PySpark of that version can be had.
pub fn command_of_engine(spark: SparkMinor) -> Result<RunnerCommand, TargetError> {
    let program = std::env::current_exe().map_err(TargetError::io("find the running program"))?;
    let mut command = command(spark, &TargetId::EngineConnect, ["--serve".into(), program.into()])?;
    command.pyspark = Some(spark);
    Ok(command)
}

/// What starts a runner that asks a server which is there already.
///
/// # Errors
/// When no PySpark of that version can be had.
pub fn command_of_url(url: &str, spark: SparkMinor) -> Result<RunnerCommand, TargetError> {
    command(spark, &TargetId::Connect(url.to_owned()), ["--remote".into(), url.into()])
}

fn command(spark: SparkMinor, target: &TargetId, options: [OsString; 2]) -> Result<RunnerCommand, TargetError> {
    let python = client(spark, target)?;
    let directory = Folder::try_new()?;
    let modules = directory.path().join("modules");
    write_runner(&modules).map_err(TargetError::io("write the runner's Python files"))?;
    let mut environment = reproducible_environment(&directory)?;
    environment.push(("PYTHONPATH".into(), Some(modules.into())));
    environment.push((interpreter::PYTHON_VARIABLE.into(), Some(python.clone().into())));
    Ok(RunnerCommand {
        program: python,
        arguments: ["-m".into(), "seatrial.runner".into()].into_iter().chain(options).collect(),
        environment,
        directory: Some(Arc::new(directory)),
        ..RunnerCommand::default()
    })
}

/// A Python that has the client of that version.
fn client(spark: SparkMinor, target: &TargetId) -> Result<PathBuf, TargetError> {
    if spark != OWN_SPARK && named_python().is_none() {
        return engine::require(&Environments::of_user()?, spark);
    }
    interpreter::executable().ok_or_else(|| TargetError::NotReady {
        target: target.to_string(),
        missing: "a Python with PySpark's client".to_owned(),
        remedy: format!("run `make setup`, or set {} to a Python that has it", interpreter::PYTHON_VARIABLE),
    })
}
