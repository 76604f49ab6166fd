//! The engine target: this very program, started again as a runner.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use super::TargetError;
use super::folder::Folder;
use super::process::RunnerCommand;

/// What starts a runner of the engine: the program that is running, which must be `seatrial`.
pub fn command() -> Result<RunnerCommand, TargetError> {
    command_of(std::env::current_exe().map_err(TargetError::io("find the running program"))?)
}

/// What starts a runner of the engine that `program` holds, for programs that are not `seatrial` themselves.
pub fn command_of(program: PathBuf) -> Result<RunnerCommand, TargetError> {
    let directory = Folder::try_new()?;
    Ok(RunnerCommand {
        program,
        arguments: vec!["runner".into()],
        environment: reproducible_environment(&directory)?,
        directory: Some(Arc::new(directory)),
        modules: None,
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
