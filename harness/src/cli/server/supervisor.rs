//! The process that holds the address: it starts the one that serves, and another when that one crashes.

use std::io::{self, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result};
use seatrial_connect::{Server, ServerOptions, url};
use tokio::net::UnixStream;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::super::exit::Exit;
use super::descriptor;

/// How long the serving process may take to end, which ends by itself before.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// Has the address served until this process is told to end.
pub(super) fn run(options: &ServerOptions) -> Result<Exit> {
    let listener = Server::bind(options).map_err(super::error)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(supervise(&listener))
}

async fn supervise(listener: &TcpListener) -> Result<Exit> {
    let program = std::env::current_exe().context("the running program cannot be found")?;
    // Before the first line is printed: whoever reads it may send a signal at once.
    let mut signals = Signals::new()?;
    let mut replaces_crashed = false;
    loop {
        let mut serving = Serving::start(&program, listener, replaces_crashed).context("the server does not start")?;
        let ready = tokio::select! {
            ready = serving.ready() => ready,
            () = signals.stop.received() => return serving.stop(&mut signals).await,
        };
        if !ready {
            // It has said why.
            let status = serving.ended(&mut signals.child).await?;
            let exit = Exit::ALL.into_iter().find(|exit| status.code() == Some(exit.code().into()));
            return Ok(exit.filter(|exit| *exit != Exit::Ok).unwrap_or(Exit::Internal));
        }
        if replaces_crashed {
            say("serves again; the sessions that there were are gone")?;
        } else {
            // Whoever started the server waits for this line.
            write_line(&url(listener.local_addr()?))?;
        }
        let status = tokio::select! {
            status = serving.ended(&mut signals.child) => status?,
            () = signals.stop.received() => return serving.stop(&mut signals).await,
        };
        say(&format!("the process that runs queries ended ({status}); a source crashed, or called os._exit"))?;
        replaces_crashed = true;
    }
}

fn say(what: &str) -> Result<()> {
    write_line(&format!("seatrial server: {what}"))
}

fn write_line(line: &str) -> Result<()> {
    let mut stderr = io::stderr().lock();
    writeln!(stderr, "{line}").and_then(|()| stderr.flush()).context("stderr is closed")
}

/// What the supervisor listens to.
struct Signals {
    stop: Stop,
    child: Signal,
}

/// The signals that end a program.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let stop = Stop { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? };
        Ok(Self { stop, child: signal(SignalKind::child())? })
    }
}

impl Stop {
    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// The process that serves. It ends when `line` does, so also when this process is killed.
struct Serving {
    child: Child,
    line: Option<UnixStream>,
}

impl Serving {
    fn start(program: &Path, listener: &TcpListener, replaces_crashed: bool) -> io::Result<Self> {
        let (ours, theirs) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let line = UnixStream::from_std(ours)?;
        let mut command = Command::new(program);
        command.args(std::env::args_os().skip(1)).stdin(OwnedFd::from(theirs));
        command.arg("--listener").arg(descriptor::bequeath(listener.as_fd())?.to_string());
        if replaces_crashed {
            command.arg("--replaces-crashed");
        }
        Ok(Self { child: command.spawn()?, line: Some(line) })
    }

    /// Whether it accepts connections; if not, it ends.
    async fn ready(&self) -> bool {
        let Some(line) = &self.line else { return false };
        let mut byte = [0];
        while line.readable().await.is_ok() {
            match line.try_read(&mut byte) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return matches!(read, Ok(1)),
            }
        }
        false
    }

    /// How it ended, when it has. The line does not tell: processes that a source made may have the other end.
    async fn ended(&mut self, child: &mut Signal) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            child.recv().await;
        }
    }

    /// Has it stop, and waits; another signal ends it at once.
    async fn stop(mut self, signals: &mut Signals) -> Result<Exit> {
        self.line = None;
        let status = tokio::select! {
            status = self.ended(&mut signals.child) => Some(status?),
            () = signals.stop.received() => None,
            () = tokio::time::sleep(STOP_LIMIT) => None,
        };
        if let Some(status) = status {
            return Ok(if status.success() { Exit::Ok } else { Exit::Internal });
        }
        say("ends what does not stop")?;
        self.child.kill()?;
        self.child.wait()?;
        Ok(Exit::Ok)
    }
}
