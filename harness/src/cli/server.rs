//! `seatrial server`: the Spark Connect server over the engine.
//!
//! It is two processes of this program, as [`seatrial_connect::process`] tells.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use seatrial_connect::ServerOptions;
use seatrial_connect::process::{self, Ended, Fault, ProcessError, ServingCommand};

use super::arguments::ServerArguments;
use super::exit::{Exit, UsageError};

/// Serves until the process is told to end.
pub(super) fn run(arguments: &ServerArguments) -> Result<Exit> {
    let options = options(arguments);
    if let Some(listener) = arguments.listener {
        let served = process::serve(listener, &options).map_err(error)?;
        return Ok(if served { Exit::Ok } else { Exit::Internal });
    }
    let command = ServingCommand {
        program: std::env::current_exe().context("the running program cannot be found")?,
        arguments: std::env::args_os().skip(1).collect(),
    };
    match process::supervise(&options, &command, None).map_err(error)? {
        Ended::Asked => Ok(Exit::Ok),
        Ended::Failed(code) => {
            let exit = Exit::ALL.into_iter().find(|exit| code == Some(exit.code().into()));
            Ok(exit.filter(|exit| *exit != Exit::Ok).unwrap_or(Exit::Internal))
        }
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

fn error(error: ProcessError) -> anyhow::Error {
    match error.fault {
        Fault::Option | Fault::System => UsageError(error.message).into(),
        Fault::Internal => anyhow!(error),
    }
}
