//! Runners that are processes of this machine.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::TargetError;
use super::folder::Folder;
use super::session::{SessionLeader, describe};
use super::vessel::{Ending, Launch, Launched, Vessel};
use crate::case::{SparkMinor, Surroundings};

/// A runner that is a process of this machine: what to start.
#[derive(Debug, Clone, Default)]
pub struct RunnerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables of the environment to set, or (`None`) to remove; the others are inherited.
    pub environment: Vec<(OsString, Option<OsString>)>,
    /// Where it runs: a directory of its own, so that what it leaves behind goes with it. `None`: where the user is.
    pub directory: Option<Arc<Folder>>,
    /// The PySpark that the runner must have, if it matters.
    pub pyspark: Option<SparkMinor>,
    /// Python modules of the case's own.
    pub modules: Option<Arc<Folder>>,
}

impl RunnerCommand {
    /// Gives the process what a case asks for.
    pub fn surround(&mut self, surroundings: &Surroundings) -> Result<(), TargetError> {
        let variables = surroundings.environment.iter();
        self.environment.extend(variables.map(|(name, value)| (name.into(), Some(value.into()))));
        if surroundings.modules.is_empty() {
            return Ok(());
        }
        let folder = Folder::try_new()?;
        for (name, text) in &surroundings.modules {
            let file = folder.path().join(format!("{name}.py"));
            std::fs::write(&file, text).map_err(TargetError::io(format!("write {}", file.display())))?;
        }
        let path = self.environment.iter().rev().find(|(name, _)| name == "PYTHONPATH");
        let mut path: Vec<PathBuf> = path
            .and_then(|(_, path)| path.as_ref())
            .map(|path| std::env::split_paths(path).collect())
            .unwrap_or_default();
        path.insert(0, folder.path().to_owned());
        let path = std::env::join_paths(path).map_err(std::io::Error::other);
        let path = path.map_err(TargetError::io("put the case's modules on Python's path"))?;
        self.environment.push(("PYTHONPATH".into(), Some(path)));
        self.modules = Some(Arc::new(folder));
        Ok(())
    }
}

impl Launch for RunnerCommand {
    fn launch(&self) -> Result<Launched, String> {
        let mut process = Command::new(&self.program);
        process.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, value) in &self.environment {
            match value {
                Some(value) => process.env(name, value),
                None => process.env_remove(name),
            };
        }
        if let Some(directory) = &self.directory {
            process.current_dir(directory.path());
        }
        let program = self.program.display();
        let mut leader =
            SessionLeader::spawn(&mut process).map_err(|error| format!("failed to run {program}: {error}"))?;
        let (Some(stdin), Some(stdout), Some(stderr)) = leader.take_pipes() else {
            return Err(format!("{program} has no pipes; this is a mistake of seatrial, please report it"));
        };
        Ok(Launched {
            vessel: Box::new(leader),
            stdin: Box::new(stdin),
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
            image: None,
        })
    }

    fn pyspark(&self) -> Option<SparkMinor> {
        self.pyspark
    }
}

impl Vessel for SessionLeader {
    fn has_ended(&self) -> bool {
        Self::has_ended(self)
    }

    fn ends_within(&self, patience: Duration) -> bool {
        Self::ends_within(self, patience)
    }

    fn end(&mut self) -> io::Result<Ending> {
        Self::end(self).map(|status| Ending { text: describe(status), success: status.success() })
    }
}
