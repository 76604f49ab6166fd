//! The process that serves: it has the engine, and ends with its supervisor.

use std::io;
use std::os::fd::RawFd;
use std::process;
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::ProcessError;
use super::descriptor;
use super::line::{Line, Report};
use super::supervisor::say;
use crate::server::{Server, ServerOptions};

/// How long it may take to stop; what a source does in foreign code cannot be stopped by anybody.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// Serves on the listening socket that is inherited under this number, until the supervisor at the other end of stdin hangs up.
/// Whether it served: if not, the supervisor knows why. The process has to end after that, and is ended if it takes long.
///
/// # Errors
/// When the process was not started by a supervisor, or its waiting fails.
pub fn serve(listener: RawFd, options: &ServerOptions) -> Result<bool, ProcessError> {
    let failed = |what: &'static str| move |error: io::Error| ProcessError::internal(what, &error);
    let stdin = descriptor::take_stdin().map_err(failed("stdin is not the supervisor's"))?;
    let listener =
        descriptor::inherited_listener(listener).map_err(failed("the listening socket was not inherited"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed("no runtime"))?;
    let (supervisor, mut terminate, ignored) = {
        let _entered = runtime.enter();
        let listen = |kind| signal(kind).map_err(failed("signals are not heard"));
        let supervisor = Line::new(stdin).map_err(failed("the supervisor is not heard"))?;
        // It is the supervisor who answers to Ctrl-C.
        (supervisor, listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?)
    };
    let server = match Server::start_on(listener, options) {
        Ok(server) => server,
        Err(error) => {
            let error = ProcessError::from(error);
            let told = runtime.block_on(supervisor.tell(&Report::Failed(error.clone())));
            return if told { Ok(false) } else { Err(error) };
        }
    };
    runtime.block_on(async {
        // When nobody hears it the supervisor is gone, which the next read tells.
        supervisor.tell(&Report::Serves(server.url())).await;
        tokio::select! {
            _ = terminate.recv() => {}
            () = supervisor.hung_up() => {}
        }
    });
    drop(ignored);
    // A source that never gives the GIL back would keep everything waiting.
    thread::spawn(|| {
        thread::sleep(STOP_LIMIT);
        say("a source does not end; the process ends without it");
        process::exit(0);
    });
    server.stop();
    Ok(true)
}
