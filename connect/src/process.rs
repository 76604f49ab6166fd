//! A server in two processes: one serves, and may be ended by a source that crashes or calls `os._exit`; the other holds the
//! address and starts it again. So the clients' next attempt is answered at once, and new sessions can begin.
//!
//! Both are the same program, which the supervisor runs again with `--listener` (and `--replaces-crashed`). Who starts a
//! supervisor as a part of itself is its [`Owner`], and need not end it: it ends with its owner, as what serves ends with it.

mod descriptor;
mod line;
mod serving;
mod supervisor;

use std::error::Error;

use serde::{Deserialize, Serialize};

use crate::server::ServerError;

pub use serving::serve;
pub use supervisor::{Ended, Owner, ServingCommand, supervise};

/// Why there is no server, in a form that travels between the processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct ProcessError {
    /// Whose mistake it is.
    pub fault: Fault,
    /// What is wrong.
    pub message: String,
}

/// Whose mistake it is that there is no server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// An option is wrong.
    Option,
    /// The system refuses what an option names: a port, a file.
    System,
    /// It is not the user's.
    Internal,
}

impl ProcessError {
    /// What could not be done, and why.
    fn internal(what: &str, error: &dyn Error) -> Self {
        Self { fault: Fault::Internal, message: format!("{what}: {error}") }
    }
}

impl From<ServerError> for ProcessError {
    fn from(error: ServerError) -> Self {
        let fault = match error {
            ServerError::TokenMissing(_) | ServerError::TokenEmpty | ServerError::Tls(_) => Fault::Option,
            ServerError::File { .. } | ServerError::Bind { .. } => Fault::System,
            ServerError::Threads(_) | ServerError::Engine(_) => Fault::Internal,
        };
        Self { fault, message: error.to_string() }
    }
}
