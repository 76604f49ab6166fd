//! What a runner runs in: a process of this machine, or a container. Who talks to the runner need not know which.

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use crate::case::SparkMinor;

/// Starts runners of one kind.
pub trait Launch: Debug + Send {
    /// Starts one. The error fits after "could not be started: ".
    fn launch(&self) -> Result<Launched, String>;

    /// The PySpark that the runner must have, if it matters.
    fn pyspark(&self) -> Option<SparkMinor> {
        None
    }
}

/// A runner that was started, and the ends of its pipes.
pub struct Launched {
    /// What it runs in.
    pub vessel: Box<dyn Vessel>,
    /// Where it reads.
    pub stdin: Box<dyn Write + Send>,
    /// What it answers.
    pub stdout: Box<dyn Read + Send>,
    /// What it says besides.
    pub stderr: Box<dyn Read + Send>,
    /// The digest of the image that it was started from, for a container.
    pub image: Option<String>,
}

/// How a runner ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// For people: `exit status 3`, `signal 9 (SIGKILL)`.
    pub text: String,
    /// Whether it ended as it should.
    pub success: bool,
}

/// Holds a runner. Dropping it ends whatever runs inside.
pub trait Vessel: Debug + Send {
    /// Whether the runner has ended, by itself or not.
    fn has_ended(&self) -> bool;

    /// Waits until the runner ends by itself; false when it did not within `patience`.
    fn ends_within(&self, patience: Duration) -> bool;

    /// How long the runner may take to exit after `stop`; a JVM removes its temporary files first.
    fn stop_patience(&self) -> Duration {
        Duration::from_secs(5)
    }

    /// Ends the runner with all that it started, removes what held it, and tells how it ended.
    fn end(&mut self) -> io::Result<Ending>;

    /// Before the end of a runner that failed: puts all that it wrote into a file that stays, where there is such a log.
    fn keep_log(&self) -> Option<PathBuf> {
        None
    }
}
