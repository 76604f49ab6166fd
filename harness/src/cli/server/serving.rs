//! The process that serves: it has the engine, and ends with its supervisor.

use std::io::Write;
use std::os::fd::RawFd;
use std::process;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use seatrial_connect::{Server, ServerOptions};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};

use super::super::exit::Exit;
use super::descriptor;

/// How long it may take to stop; what a source does in foreign code cannot be stopped by anybody.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// Serves on the listening socket that is inherited under this number, until the supervisor hangs up.
pub(super) fn run(listener: RawFd, options: &ServerOptions) -> Result<Exit> {
    let mut supervisor = descriptor::take_stdin().context("stdin is not the supervisor's")?;
    let listener = descriptor::inherited_listener(listener).context("the listening socket was not inherited")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    let (mut terminate, ignored) = {
        let _entered = runtime.enter();
        // A terminal's Ctrl-C reaches both processes, and it is the supervisor who answers.
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let server = Server::start_on(listener, options).map_err(super::error)?;
    // Failing that, the supervisor is gone, which the next read tells.
    drop(supervisor.write_all(b"\n"));
    runtime.block_on(async {
        supervisor.set_nonblocking(true)?;
        let supervisor = UnixStream::from_std(supervisor)?;
        tokio::select! {
            _ = terminate.recv() => {}
            () = hung_up(&supervisor) => {}
        }
        std::io::Result::Ok(())
    })?;
    drop(ignored);
    // A source that never gives the GIL back would keep everything waiting.
    thread::spawn(|| {
        thread::sleep(STOP_LIMIT);
        eprintln!("seatrial server: a source does not end; the process ends without it");
        process::exit(Exit::Ok.code().into());
    });
    server.stop();
    Ok(Exit::Ok)
}

/// Resolves when the other end is closed; nothing else ever comes from there.
async fn hung_up(supervisor: &UnixStream) {
    let mut byte = [0];
    while supervisor.ready(Interest::READABLE).await.is_ok() {
        match supervisor.try_read(&mut byte) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Ok(1) => {}
            _ => return,
        }
    }
}
