//! Targets: whatever answers cases. Everything above this module reaches them through [`Target`] alone.
//!
//! Every target is a runner that speaks a small line protocol ([`protocol`]); [`runner`] drives one, whatever it runs in
//! ([`vessel`]): a [`process`] or a container. [`engine`], [`connect`], [`spark`], [`container`] and a plain command say what to start.
//! Nothing here knows what a right answer is.
//!
//! Architecture invariant: a failure of the infrastructure (a crash, a deadline, a runner that breaks the protocol)
//! is an [`Outcome`] of its own and never looks like an answer.

pub mod connect;
pub mod container;
pub mod engine;
pub mod environment;
pub mod folder;
pub mod id;
pub mod pool;
pub mod process;
pub mod protocol;
pub mod runner;
mod session;
pub mod spark;
mod tail;
pub mod vessel;

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::case::{SparkMinor, Surroundings};
use crate::golden::Mode;
pub use id::{SparkPatch, TargetId, TargetIdError};
pub use protocol::Identity;
pub use session::end_sessions_on_signals;

/// One case, as a target gets it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The case's id, `read/tuples::name`.
    pub id: &'a str,
    /// What the runner is to carry out: the `case` of the protocol.
    pub case: &'a Value,
    /// What the case asks of the target's process. A pool heeds it; a target that runs already cannot.
    pub surroundings: &'a Surroundings,
    /// How long the target may take.
    pub deadline: Duration,
}

/// What came of one case.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The target's answer: the `observation` of the protocol, not yet parsed.
    Observation(Value),
    /// The target says that it cannot do what the case asks.
    Unsupported {
        /// Why, in the target's words.
        reason: String,
    },
    /// The case could not be carried out: the runner said so, or broke the protocol.
    Failed {
        /// What went wrong.
        context: String,
    },
    /// The target did not answer in time and was ended.
    TimedOut {
        /// The deadline that passed.
        after: Duration,
        /// The end of what the runner wrote to stderr since the case began.
        stderr: String,
    },
    /// The target's process ended while it worked on the case.
    Crashed {
        /// How it ended: `exit status 3`, `signal 11 (SIGSEGV)`.
        status: String,
        /// The end of what the runner wrote to stderr since the case began.
        stderr: String,
    },
}

impl fmt::Display for Outcome {
    /// The outcome as a fragment for people; an observation is only named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with_stderr = |f: &mut fmt::Formatter<'_>, stderr: &str| match stderr {
            "" => f.write_str("; it wrote nothing to stderr"),
            text => write!(f, "; the end of its stderr:\n{text}"),
        };
        match self {
            Self::Observation(_) => f.write_str("an observation"),
            Self::Unsupported { reason } => write!(f, "unsupported: {reason}"),
            Self::Failed { context } => f.write_str(context),
            Self::TimedOut { after, stderr } => {
                write!(f, "no answer within {} s, so the target was ended", after.as_secs_f64())?;
                with_stderr(f, stderr)
            }
            Self::Crashed { status, stderr } => {
                write!(f, "the target's process ended during the case ({status})")?;
                with_stderr(f, stderr)
            }
        }
    }
}

/// Something that answers cases, one at a time.
pub trait Target: Send {
    /// Makes the target ready and asks who it is. A target that is ready already only answers.
    fn start(&mut self) -> Result<Identity, TargetError>;

    /// Has one case carried out. A target that broke is ended here and started again for the next case;
    /// the error means that it cannot be started.
    fn observe(&mut self, request: &Request<'_>) -> Result<Outcome, TargetError>;

    /// Ends the target in good order. The error tells of what it said without being asked.
    fn stop(&mut self) -> Result<(), TargetError>;
}

/// Why a target cannot be used. Whatever it is, it says nothing about conformance.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Something that the target needs is missing.
    #[error("target `{target}` is not ready: {missing}\n{remedy}")]
    NotReady {
        /// The target's name.
        target: String,
        /// What is missing.
        missing: String,
        /// How to get it: whole lines, commands included.
        remedy: String,
    },
    /// The runner process could not be started or did not introduce itself.
    #[error("target `{target}` could not be started: {reason}")]
    Start {
        /// The target's name.
        target: String,
        /// What went wrong, with the end of the runner's stderr where there is one.
        reason: String,
    },
    /// The runner said something that nobody had asked for.
    #[error("target `{target}` broke the runner protocol: {reason}")]
    Protocol {
        /// The target's name.
        target: String,
        /// What it did.
        reason: String,
    },
    /// An operation of the system failed.
    #[error("failed to {action}")]
    Io {
        /// What was tried.
        action: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl TargetError {
    pub(crate) fn io(action: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let action = action.into();
        move |source| Self::Io { action, source }
    }
}

/// Makes a target of the given name ready to be started; nothing runs yet, except that PySpark may be installed.
///
/// `spark` is the version that the engine is to follow.
pub fn open(id: &TargetId, spark: SparkMinor, surroundings: &Surroundings) -> Result<Box<dyn Target>, TargetError> {
    let mut command = match id {
        TargetId::Engine => engine::command(spark)?,
        TargetId::EngineConnect => connect::command_of_engine(spark)?,
        TargetId::Connect(url) => connect::command_of_url(url, spark)?,
        TargetId::Spark(version) => spark::command(version, Mode::Classic)?,
        TargetId::SparkConnect(version) => spark::command(version, Mode::Connect)?,
        TargetId::Docker(version) => return container::open(version, surroundings),
        TargetId::Command(text) => plain_command(id, text)?,
    };
    command.surround(surroundings)?;
    Ok(Box::new(runner::RunnerTarget::new(id.clone(), command)))
}

/// A command of the user's, where the user is. No shell runs it.
fn plain_command(id: &TargetId, text: &str) -> Result<process::RunnerCommand, TargetError> {
    let (program, arguments) = id::words(text).ok_or_else(|| TargetError::Start {
        target: id.to_string(),
        reason: "it does not read as a command line".to_owned(),
    })?;
    Ok(process::RunnerCommand {
        program: program.into(),
        arguments: arguments.into_iter().map(Into::into).collect(),
        ..process::RunnerCommand::default()
    })
}
