//! `seatrial server`: the Spark Connect server over the engine.
//!
//! Two processes: one serves, and may be ended by a source that crashes or calls `os._exit`; the other holds the address
//! and starts it again. So the clients' next attempt is answered at once, and new sessions can begin.

mod descriptor;
mod serving;
mod supervisor;

use std::time::Duration;

use anyhow::Result;
use seatrial_connect::{ServerError, ServerOptions};

use super::arguments::ServerArguments;
use super::exit::{Exit, UsageError};

/// Serves until the process is told to end.
pub(super) fn run(arguments: &ServerArguments) -> Result<Exit> {
    match arguments.listener {
        None => supervisor::run(&options(arguments)),
        Some(descriptor) => serving::run(descriptor, &options(arguments)),
    }
}

fn options(arguments: &ServerArguments) -> ServerOptions {
    let tls = match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        _ => None,
    };
    ServerOptions {
        host: arguments.host,
        port: arguments.port,
        token: arguments.token.clone(),
        tls,
        max_message_bytes: usize::from(arguments.max_message_mib) << 20,
        max_sessions: usize::from(arguments.max_sessions),
        session_idle: Duration::from_secs(arguments.session_idle_seconds.into()),
        detached: Duration::from_secs(arguments.detached_seconds.into()),
        replaces_crashed: arguments.replaces_crashed,
        ..ServerOptions::default()
    }
}

/// Whose mistake it is that a server does not start.
fn error(error: ServerError) -> anyhow::Error {
    match error {
        ServerError::Engine(_) | ServerError::Threads(_) => error.into(),
        error => UsageError(error.to_string()).into(),
    }
}
