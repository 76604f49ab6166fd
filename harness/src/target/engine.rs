//! The engine target: this very program, started again as a runner.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use seatrial_engine::python::interpreter::PYTHON_VARIABLE;

use super::environment::{Environments, Installation, LINKED_PYTHON};
use super::folder::Folder;
use super::process::RunnerCommand;
use super::{TargetError, TargetId};
use crate::case::SparkMinor;

/// The Spark version that the engine follows by default: that of the project's own Python environment.
pub const OWN_SPARK: SparkMinor = SparkMinor::new(4, 2);

/// The PySpark of other minor versions. Of 4.3 there is no client, only the whole.
const OTHER_CLIENTS: [(SparkMinor, &str); 2] = [(SparkMinor::new(4, 0), "4.0.4"), (SparkMinor::new(4, 1), "4.1.3")];

/// What starts a runner of the engine: the program that is running, which must be `seatrial`, with a PySpark of the
/// version `spark`. That is installed when it is not there; a Python that the user names is taken as it is.
pub fn command(spark: SparkMinor) -> Result<RunnerCommand, TargetError> {
    let mut command = command_of(std::env::current_exe().map_err(TargetError::io("find the running program"))?)?;
    command.pyspark = Some(spark);
    if spark != OWN_SPARK && named_python().is_none() {
        let python = require(&Environments::of_user()?, spark)?;
        command.environment.push((PYTHON_VARIABLE.into(), Some(python.into())));
    }
    Ok(command)
}

/// The Python that the user wants the engine to use.
pub fn named_python() -> Option<OsString> {
    std::env::var_os(PYTHON_VARIABLE).filter(|python| !python.is_empty())
}

/// What is installed for the engine to follow a version other than its own.
pub fn installation(spark: SparkMinor) -> Result<Installation, TargetError> {
    if let Some((_, version)) = OTHER_CLIENTS.iter().find(|(minor, _)| *minor == spark) {
        return Ok(Installation::client(version));
    }
    match format!("spark:{spark}").parse() {
        Ok(TargetId::Spark(version)) => Ok(Installation::spark(&version)),
        _ => Err(TargetError::NotReady {
            target: "engine".to_owned(),
            missing: format!("a PySpark of version {spark} (none is known)"),
            remedy: format!("set {PYTHON_VARIABLE} to a Python that has it"),
        }),
    }
}

/// The interpreter of the environment that has PySpark `spark`, which is installed when it is not there.
pub fn require(environments: &Environments, spark: SparkMinor) -> Result<PathBuf, TargetError> {
    let installation = installation(spark)?;
    let python = environments.require(&installation)?;
    let directory = environments.directory(&installation);
    if directory.join("lib").join(format!("python{LINKED_PYTHON}")).is_dir() {
        return Ok(python);
    }
    Err(TargetError::NotReady {
        target: format!("engine with PySpark {spark}"),
        missing: format!(
            "an environment of Python {LINKED_PYTHON}, which this program links ({} has another)",
            directory.display()
        ),
        remedy: "remove it, and it is made anew".to_owned(),
    })
}

/// What starts a runner of the engine that `program` holds, for programs that are not `seatrial` themselves.
pub fn command_of(program: PathBuf) -> Result<RunnerCommand, TargetError> {
    let directory = Folder::try_new()?;
    Ok(RunnerCommand {
        program,
        arguments: vec!["runner".into()],
        environment: reproducible_environment(&directory)?,
        directory: Some(Arc::new(directory)),
        ..RunnerCommand::default()
    })
}

/// The variables that are the same for every target, so that an answer depends on the case alone. Temporary files go into
/// `directory`: a runner that is killed cannot remove them.
pub(crate) fn reproducible_environment(directory: &Folder) -> Result<Vec<(OsString, Option<OsString>)>, TargetError> {
    let temporary = directory.path().join("tmp");
    std::fs::create_dir(&temporary).map_err(TargetError::io(format!("make {}", temporary.display())))?;
    let set = [
        ("TZ", "UTC"),
        ("LC_ALL", "C.UTF-8"),
        ("SPARK_LOCAL_IP", "127.0.0.1"),
        ("PYTHONHASHSEED", "0"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ];
    // What would make Python or Spark read something of the user's.
    let removed = [
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PYTHONHOME",
        "PYTHONWARNINGS",
        "SPARK_HOME",
        "SPARK_CONF_DIR",
        "SPARK_REMOTE",
        "SPARK_CONNECT_MODE_ENABLED",
        "SPARK_API_MODE",
        "SPARK_TESTING",
        "PYSPARK_SUBMIT_ARGS",
        "PYSPARK_DRIVER_PYTHON",
        "PYSPARK_PYTHON",
    ];
    let set = set.into_iter().map(|(name, value)| (name.into(), Some(value.into())));
    let removed = removed.into_iter().map(|name| (name.into(), None));
    let temporary = std::iter::once(("TMPDIR".into(), Some(temporary.into())));
    Ok(set.chain(removed).chain(temporary).collect())
}
