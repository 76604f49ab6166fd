//! The process that holds the address: it starts the one that serves, and another when that one crashes.

use std::ffi::OsString;
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::{CommandExt, parent_id};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::line::{Line, Report};
use super::{ProcessError, descriptor};
use crate::server::{Server, ServerOptions};

/// How long the serving process may take to end, which ends by itself before.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// How often a supervisor looks whether its owner lives whose line others may hold open.
const OWNER_INTERVAL: Duration = Duration::from_secs(1);

/// How the process that serves is started; `--listener DESCRIPTOR`, and for another one `--replaces-crashed`, are added.
#[derive(Debug, Clone)]
pub struct ServingCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// How the end of a server came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to end.
    Asked,
    /// It failed, which somebody was told; the exit code of the process that served, where it had one.
    Failed(Option<i32>),
}

/// The process whose part a supervisor is, at the other end of its stdin. It hears the URL, or why there is none, and the
/// supervisor ends when it hangs up or ends.
#[derive(Debug)]
pub struct Owner {
    line: StdUnixStream,
    process: u32,
}

impl Owner {
    /// The owner with this process id, which started this process.
    ///
    /// # Errors
    /// When stdin is not open.
    pub fn at_stdin(process: u32) -> io::Result<Self> {
        Ok(Self { line: descriptor::take_stdin()?, process })
    }
}

/// Has the address served until this process is told to end. Without an owner, the first line of stderr is the URL.
///
/// # Errors
/// When the server does not start and no owner heard why, or no longer can be supervised.
pub fn supervise(
    options: &ServerOptions,
    command: &ServingCommand,
    owner: Option<Owner>,
) -> Result<Ended, ProcessError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed("no runtime"))?;
    runtime.block_on(async {
        let mut supervisor = Supervisor::new(command, owner).map_err(failed("signals are not heard"))?;
        match supervisor.run(options).await {
            Err(error) if supervisor.owner_hears(&error).await => Ok(Ended::Failed(None)),
            ended => ended,
        }
    })
}

/// Tells people what happens; that nobody can read it is no reason to end.
pub(super) fn say(what: &str) {
    let mut stderr = io::stderr().lock();
    drop(writeln!(stderr, "seatrial server: {what}").and_then(|()| stderr.flush()));
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> ProcessError {
    move |error| ProcessError::internal(what, &error)
}

struct Supervisor<'a> {
    command: &'a ServingCommand,
    stop: Stop,
    child: Signal,
    /// Whether it served already, which is said once.
    served: bool,
}

impl<'a> Supervisor<'a> {
    /// Begins to listen to signals: whoever is told that there is a server may send one at once.
    fn new(command: &'a ServingCommand, owner: Option<Owner>) -> io::Result<Self> {
        Ok(Self { command, stop: Stop::new(owner)?, child: signal(SignalKind::child())?, served: false })
    }

    async fn run(&mut self, options: &ServerOptions) -> Result<Ended, ProcessError> {
        let listener = Server::bind(options)?;
        loop {
            let mut serving =
                Serving::start(self.command, &listener, self.served).map_err(failed("the server does not start"))?;
            let report = tokio::select! {
                report = serving.report() => report,
                () = self.stop.asked() => return self.end(serving).await,
            };
            match report {
                Some(Report::Serves(url)) => self.serves(url).await?,
                Some(Report::Failed(error)) => {
                    serving.ended(&mut self.child).await?;
                    return Err(error);
                }
                // It has said why.
                None => return Ok(Ended::Failed(serving.ended(&mut self.child).await?.code())),
            }
            let status = tokio::select! {
                status = serving.ended(&mut self.child) => status?,
                () = self.stop.asked() => return self.end(serving).await,
            };
            say(&format!("the process that runs queries ended ({status}); a source crashed, or called os._exit"));
        }
    }

    /// Tells whoever started the server, who waits for it.
    async fn serves(&mut self, url: String) -> Result<(), ProcessError> {
        let first = !std::mem::replace(&mut self.served, true);
        match &self.stop.owner {
            _ if !first => say("serves again; the sessions that there were are gone"),
            // One that does not hear it is gone, and so is asked for an end.
            Some((owner, _)) => drop(owner.tell(&Report::Serves(url)).await),
            None => {
                let mut stderr = io::stderr().lock();
                writeln!(stderr, "{url}").and_then(|()| stderr.flush()).map_err(failed("stderr is closed"))?;
            }
        }
        Ok(())
    }

    /// Whether an owner waits for the server, and now knows why there is none.
    async fn owner_hears(&self, error: &ProcessError) -> bool {
        match &self.stop.owner {
            Some((owner, _)) if !self.served => owner.tell(&Report::Failed(error.clone())).await,
            _ => false,
        }
    }

    /// Has the serving process stop, and waits; another signal ends it at once.
    async fn end(&mut self, mut serving: Serving) -> Result<Ended, ProcessError> {
        serving.line = None;
        let status = tokio::select! {
            status = serving.ended(&mut self.child) => Some(status?),
            () = self.stop.signalled() => None,
            () = tokio::time::sleep(STOP_LIMIT) => None,
        };
        if let Some(status) = status {
            return Ok(if status.success() { Ended::Asked } else { Ended::Failed(status.code()) });
        }
        say("ends what does not stop");
        let mut kill = || serving.child.kill().and_then(|()| serving.child.wait());
        kill().map_err(failed("the process that runs queries does not end"))?;
        Ok(Ended::Asked)
    }
}

/// What ends a supervisor.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
    /// The owner, and its process id.
    owner: Option<(Line, u32)>,
}

impl Stop {
    fn new(owner: Option<Owner>) -> io::Result<Self> {
        let owner = owner.map(|owner| Ok::<_, io::Error>((Line::new(owner.line)?, owner.process))).transpose()?;
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, owner })
    }

    /// Resolves when this process is to end.
    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = gone(self.owner.as_ref()) => {}
        }
    }

    /// Resolves at a signal.
    async fn signalled(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Resolves when there was an owner and it hung up or ended. Both are looked for: a process that the owner forked has a copy of
/// its end of the line.
async fn gone(owner: Option<&(Line, u32)>) {
    let Some((line, process)) = owner else { return std::future::pending().await };
    let orphaned = async {
        while parent_id() == *process {
            tokio::time::sleep(OWNER_INTERVAL).await;
        }
    };
    tokio::select! {
        () = line.hung_up() => {}
        () = orphaned => {}
    }
}

/// The process that serves. It ends when `line` does, so also when this process is killed.
struct Serving {
    child: Child,
    line: Option<Line>,
}

impl Serving {
    fn start(command: &ServingCommand, listener: &TcpListener, replaces_crashed: bool) -> io::Result<Self> {
        let (ours, theirs) = StdUnixStream::pair()?;
        let line = Line::new(ours)?;
        let mut start = Command::new(&command.program);
        // A terminal's Ctrl-C is for this process, which answers by hanging up, even while the other one is starting.
        start.args(&command.arguments).stdin(OwnedFd::from(theirs)).process_group(0);
        start.arg("--listener").arg(descriptor::bequeath(listener.as_fd())?.to_string());
        if replaces_crashed {
            start.arg("--replaces-crashed");
        }
        Ok(Self { child: start.spawn()?, line: Some(line) })
    }

    /// What it says: that it accepts connections, or why not; nothing if it ends before.
    async fn report(&self) -> Option<Report> {
        match &self.line {
            Some(line) => line.report().await,
            None => None,
        }
    }

    /// How it ended, when it has. The line does not tell: processes that a source made may have the other end.
    async fn ended(&mut self, child: &mut Signal) -> Result<ExitStatus, ProcessError> {
        loop {
            if let Some(status) = self.child.try_wait().map_err(failed("the process that runs queries is lost"))? {
                return Ok(status);
            }
            child.recv().await;
        }
    }
}
