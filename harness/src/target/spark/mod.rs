//! The targets `spark:<version>` and `spark:<version>:connect`: real PySpark in a managed virtual environment, driven by
//! `python -m seatrial.runner`.
//!
//! The runner's Python files are part of this program, so an environment needs PySpark only and cannot hold a runner
//! of another version.

pub mod java;

use std::path::Path;
use std::sync::Arc;

use super::engine::reproducible_environment;
use super::environment::{Environments, Installation};
use super::folder::Folder;
use super::process::RunnerCommand;
use super::{SparkPatch, TargetError};
use crate::golden::Mode;

/// The Python files that the runner consists of: path inside `PYTHONPATH`, text.
pub(crate) const RUNNER_FILES: [(&str, &str); 6] = [
    ("seatrial/__init__.py", include_str!("../../../../python/python/seatrial/__init__.py")),
    ("seatrial/case_module.py", include_str!("../../../../python/python/seatrial/case_module.py")),
    ("seatrial/runner.py", include_str!("../../../../python/python/seatrial/runner.py")),
    ("seatrial/spark_errors.py", include_str!("../../../../python/python/seatrial/spark_errors.py")),
    ("seatrial/spark_target.py", include_str!("../../../../python/python/seatrial/spark_target.py")),
    ("seatrial/values.py", include_str!("../../../../python/python/seatrial/values.py")),
];

/// What starts a runner of real Spark; sets the virtual environment up when it is not there.
pub fn command(version: &SparkPatch, mode: Mode) -> Result<RunnerCommand, TargetError> {
    java::require()?;
    let python = Environments::of_user()?.require(&Installation::spark(version))?;
    let directory = Folder::try_new()?;
    let modules = directory.path().join("modules");
    write_runner(&modules).map_err(TargetError::io("write the runner's Python files"))?;
    let mut environment = reproducible_environment(&directory)?;
    environment.push(("PYTHONPATH".into(), Some(modules.into())));
    environment.push(("PYSPARK_PYTHON".into(), Some(python.clone().into())));
    environment.push(("PYSPARK_DRIVER_PYTHON".into(), Some(python.clone().into())));
    environment.push(("SPARK_LOCAL_DIRS".into(), Some(directory.path().into())));
    let option = match mode {
        Mode::Classic => None,
        Mode::Connect => Some("--connect".into()),
    };
    Ok(RunnerCommand {
        program: python,
        arguments: ["-m".into(), "seatrial.runner".into()].into_iter().chain(option).collect(),
        environment,
        directory: Some(Arc::new(directory)),
        ..RunnerCommand::default()
    })
}

/// Writes the runner's Python files into a folder for `PYTHONPATH`.
pub(super) fn write_runner(modules: &Path) -> std::io::Result<()> {
    for (path, text) in RUNNER_FILES {
        let file = modules.join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(file, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn the_runner_is_written_as_a_package() {
        let modules = tempfile::tempdir().unwrap();
        write_runner(modules.path()).unwrap();
        let runner = std::fs::read_to_string(modules.path().join("seatrial/runner.py")).unwrap();
        assert!(runner.contains("def main("));
    }

    #[test]
    fn every_module_that_the_runner_imports_is_written_too() {
        for (path, text) in RUNNER_FILES {
            for line in text.lines() {
                let Some((module, _)) = line.strip_prefix("from seatrial.").and_then(|rest| rest.split_once(' '))
                else {
                    continue;
                };
                let file = format!("seatrial/{module}.py");
                assert!(RUNNER_FILES.iter().any(|(known, _)| *known == file), "{path} imports {module}");
            }
        }
    }
}
