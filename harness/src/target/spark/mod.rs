//! The targets `spark:<version>`: real PySpark in a managed virtual environment, driven by `python -m seatrial.runner`.
//!
//! The runner's Python files are part of this program, so an environment needs PySpark only and cannot hold a runner
//! of another version.

pub mod environment;
pub mod java;

use std::path::Path;
use std::sync::Arc;

use super::engine::reproducible_environment;
use super::process::RunnerCommand;
use super::{SparkPatch, TargetError};
use environment::Environments;

/// The Python files that the runner consists of: path inside `PYTHONPATH`, text.
const RUNNER_FILES: &[(&str, &str)] = &[];

/// What starts a runner of real Spark; sets the virtual environment up when it is not there.
pub fn command(version: &SparkPatch) -> Result<RunnerCommand, TargetError> {
    java::require()?;
    let python = Environments::of_user()?.require(version)?;
    let directory = tempfile::tempdir().map_err(TargetError::io("make a directory for the runner"))?;
    let modules = directory.path().join("modules");
    write_runner(&modules).map_err(TargetError::io("write the runner's Python files"))?;
    let mut environment = reproducible_environment();
    environment.push(("PYTHONPATH".into(), Some(modules.into())));
    environment.push(("PYSPARK_PYTHON".into(), Some(python.clone().into())));
    environment.push(("PYSPARK_DRIVER_PYTHON".into(), Some(python.clone().into())));
    environment.push(("SPARK_LOCAL_DIRS".into(), Some(directory.path().into())));
    Ok(RunnerCommand {
        program: python,
        arguments: vec!["-m".into(), "seatrial.runner".into()],
        environment,
        directory: Some(Arc::new(directory)),
    })
}

fn write_runner(modules: &Path) -> std::io::Result<()> {
    for (path, text) in RUNNER_FILES {
        let file = modules.join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(file, text)?;
    }
    Ok(())
}
