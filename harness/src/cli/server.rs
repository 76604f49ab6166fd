//! `seatrial server`: the Spark Connect server over the engine.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use seatrial_connect::{Server, ServerError, ServerOptions};

use super::arguments::ServerArguments;
use super::exit::{Exit, UsageError};

/// Serves until the process is told to end.
pub(super) fn run(arguments: &ServerArguments) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let (mut interrupt, mut terminate) = {
        // Before the first line is printed: whoever reads it may send a signal at once.
        let _entered = runtime.enter();
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let server = Server::start(&options(arguments)?).map_err(|error| match error {
        ServerError::Engine(_) | ServerError::Threads(_) => anyhow::Error::from(error),
        error => UsageError(error.to_string()).into(),
    })?;
    // Whoever started the server waits for this line.
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "{}", server.url()).and_then(|()| stderr.flush()).context("stderr is closed")?;
    drop(stderr);
    runtime.block_on(async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    });
    server.stop();
    Ok(Exit::Ok)
}

fn options(arguments: &ServerArguments) -> Result<ServerOptions> {
    let tls = match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        _ => None,
    };
    Ok(ServerOptions {
        host: arguments.host,
        port: arguments.port,
        token: arguments.token.clone(),
        tls,
        max_message_bytes: usize::from(arguments.max_message_mib) << 20,
        max_sessions: usize::from(arguments.max_sessions),
        session_idle: Duration::from_secs(arguments.session_idle_seconds.into()),
        detached: Duration::from_secs(arguments.detached_seconds.into()),
        ..ServerOptions::default()
    })
}
