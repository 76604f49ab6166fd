//! A runner: started when needed, asked one case at a time, ended when it breaks and started again.
//!
//! Threads move bytes: one writes stdin, one splits stdout into lines, one keeps the tail of stderr; all of them may
//! block without holding up a deadline. The runner's answers are taken strictly in order, so that an answer that
//! nobody asked for is noticed and is never taken for the answer to the next case.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use super::protocol::{self, Answer, Message, PROTOCOL_VERSION, excerpt};
use super::tail::Tail;
use super::vessel::{Launch, Launched, Vessel};
use super::{Identity, Outcome, Request, Target, TargetError, TargetId};
use crate::case::{SparkMinor, SparkVersion};

/// How long a runner may take to introduce itself; real Spark starts a JVM first.
const START_PATIENCE: Duration = Duration::from_secs(180);
/// How often a silent runner is looked at: a descendant may hold its stdout open after its end.
const LIVENESS_INTERVAL: Duration = Duration::from_millis(50);
/// How long the last lines of a runner that has ended may take through the pipe.
const DRAIN_PATIENCE: Duration = Duration::from_millis(200);
/// The longest line that is taken for a message. Longer ones are dropped while they are read.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// A target that is a runner in whatever vessel.
#[derive(Debug)]
pub struct RunnerTarget {
    id: TargetId,
    // Before what launches it, so that the runner is ended before its folders are removed.
    runner: Option<Runner>,
    launch: Box<dyn Launch>,
}

impl RunnerTarget {
    /// A target whose runner is started by `launch` when it is first needed.
    pub fn new(id: TargetId, launch: impl Launch + 'static) -> Self {
        Self { id, runner: None, launch: Box::new(launch) }
    }

    /// The runner, started unless it runs already. It goes back into its place when it can still be used.
    fn take_runner(&mut self) -> Result<Runner, TargetError> {
        match self.runner.take() {
            Some(runner) => Ok(runner),
            None => Runner::start(&*self.launch)
                .map_err(|reason| TargetError::Start { target: self.id.to_string(), reason }),
        }
    }
}

impl Target for RunnerTarget {
    fn start(&mut self) -> Result<Identity, TargetError> {
        let runner = self.take_runner()?;
        Ok(self.runner.insert(runner).identity.clone())
    }

    fn observe(&mut self, request: &Request<'_>) -> Result<Outcome, TargetError> {
        let mut runner = self.take_runner()?;
        Ok(match runner.run(request) {
            Ok(outcome) => {
                self.runner = Some(runner);
                outcome
            }
            Err(fault) => runner.end_after(fault),
        })
    }

    fn stop(&mut self) -> Result<(), TargetError> {
        let Some(runner) = self.runner.take() else {
            return Ok(());
        };
        runner.stop().map_err(|reason| TargetError::Protocol { target: self.id.to_string(), reason })
    }
}

/// What the thread that reads stdout found.
#[derive(Debug)]
enum Event {
    Line(String),
    /// The last line had no end.
    Unfinished(String),
    NotText(String),
    TooLong,
    End,
}

/// Why a runner can no longer be used.
#[derive(Debug)]
enum Fault {
    TimedOut(Duration),
    Ended,
    /// It had ended already when the case was to begin.
    EndedBefore,
    Broke(String),
}

#[derive(Debug)]
struct Runner {
    vessel: Box<dyn Vessel>,
    requests: Sender<String>,
    events: Receiver<Event>,
    stderr: Tail,
    identity: Identity,
    answered: BTreeSet<String>,
    last_answered: Option<String>,
}

impl Runner {
    /// Starts the runner and waits until it has introduced itself. The error fits after "could not be started: ".
    fn start(launch: &dyn Launch) -> Result<Self, String> {
        let Launched { vessel, stdin, stdout, stderr, image } = launch.launch()?;
        let moved = || -> std::io::Result<_> {
            Ok((write_lines(stdin)?, read_lines(stdout)?, Tail::drain(stderr, log_output())?))
        };
        let (requests, events, stderr) = moved().map_err(|error| format!("failed to start a thread: {error}"))?;
        let identity = Identity {
            protocol: 0,
            target: String::new(),
            versions: std::collections::BTreeMap::new(),
            mode: String::new(),
            capabilities: Vec::new(),
            image: None,
        };
        let answered = BTreeSet::new();
        let mut runner = Self { vessel, requests, events, stderr, identity, answered, last_answered: None };
        match runner.introduce() {
            Ok(identity) => {
                if let Some(wanted) = launch.pyspark() {
                    has_pyspark(&identity, wanted)?;
                }
                runner.identity = Identity { image, ..identity };
                Ok(runner)
            }
            Err(fault) => Err(match runner.end_after(fault) {
                Outcome::TimedOut { after, stderr } => {
                    with_stderr(&format!("the runner did not answer `start` within {} s", after.as_secs_f64()), &stderr)
                }
                Outcome::Crashed { status, stderr } => {
                    with_stderr(&format!("the runner ended before it answered `start` ({status})"), &stderr)
                }
                other => other.to_string(),
            }),
        }
    }

    fn introduce(&mut self) -> Result<Identity, Fault> {
        self.send(&Message::Start { protocol: PROTOCOL_VERSION })?;
        let line = self.next_line(Instant::now() + START_PATIENCE, START_PATIENCE)?;
        protocol::read_started(&line).map_err(Fault::Broke)
    }

    fn run(&mut self, request: &Request<'_>) -> Result<Outcome, Fault> {
        if self.vessel.has_ended() && self.last_answered.is_some() {
            return Err(Fault::EndedBefore);
        }
        self.stderr.clear();
        let begin = Instant::now();
        let deadline = protocol::seconds(request.deadline);
        self.send(&Message::Run { id: request.id, case: request.case, deadline })?;
        let line = self.next_line(begin + request.deadline, request.deadline)?;
        let answer =
            Answer::from_line(&line).map_err(|fragment| Fault::Broke(format!("the runner wrote {fragment}")))?;
        match answer.case() {
            Some(id) if id == request.id => {}
            Some(id) if self.answered.contains(id) => {
                return Err(Fault::Broke(format!("the runner answered case `{id}` a second time instead of this one")));
            }
            Some(id) => {
                return Err(Fault::Broke(format!("the runner answered a case that it was not asked for: `{id}`")));
            }
            None => {
                return Err(Fault::Broke("the runner answered a case with `started`".to_owned()));
            }
        }
        self.answered.insert(request.id.to_owned());
        self.last_answered = Some(request.id.to_owned());
        Ok(match answer {
            Answer::Observation { observation, .. } => Outcome::Observation(observation),
            Answer::Unsupported { reason, .. } => Outcome::Unsupported { reason },
            Answer::Failed { context, .. } => Outcome::Failed { context },
            Answer::Started(_) => Outcome::Failed { context: "the runner answered a case with `started`".to_owned() },
        })
    }

    fn send(&self, message: &Message<'_>) -> Result<(), Fault> {
        let line = message.to_line().map_err(|error| Fault::Broke(format!("failed to write the request: {error}")))?;
        // The writing thread ends only when the pipe is broken: the runner has ended or is about to.
        self.requests.send(line).map_err(|_| Fault::Ended)
    }

    /// The next line of the runner; `patience` is what the deadline was made from, for the message.
    fn next_line(&mut self, deadline: Instant, patience: Duration) -> Result<String, Fault> {
        loop {
            let now = Instant::now();
            if now >= deadline {
                return Err(Fault::TimedOut(patience));
            }
            let ended = self.vessel.has_ended();
            let wait = if ended { DRAIN_PATIENCE } else { LIVENESS_INTERVAL };
            match self.events.recv_timeout(wait.min(deadline - now)) {
                Ok(Event::Line(line)) => return Ok(line),
                Ok(event) => return Err(self.fault_of(event)),
                Err(RecvTimeoutError::Timeout) if ended => return Err(Fault::Ended),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Fault::Ended),
            }
        }
    }

    fn fault_of(&self, event: Event) -> Fault {
        match event {
            Event::Line(line) => {
                Fault::Broke(format!("the runner wrote a line that nobody asked for: {}", excerpt(&line)))
            }
            Event::Unfinished(line) => {
                Fault::Broke(format!("the runner ended in the middle of a line: {}", excerpt(&line)))
            }
            Event::NotText(line) => {
                Fault::Broke(format!("the runner wrote a line that is not UTF-8: {}", excerpt(&line)))
            }
            Event::TooLong => {
                Fault::Broke(format!("the runner wrote a line of more than {} MiB", LONGEST_LINE / 1024 / 1024))
            }
            Event::End if self.vessel.ends_within(self.vessel.stop_patience()) => Fault::Ended,
            Event::End => Fault::Broke("the runner closed its stdout but runs on".to_owned()),
        }
    }

    /// Ends the runner and says what came of the case it was working on.
    fn end_after(mut self, fault: Fault) -> Outcome {
        let log = self.vessel.keep_log();
        let status = match self.vessel.end() {
            Ok(ending) => ending.text,
            Err(error) => format!("its status is unknown: {error}"),
        };
        let mut stderr = self.stderr.text_at_end();
        if let Some(log) = log {
            let separator = if stderr.is_empty() { "" } else { "\n" };
            stderr += &format!("{separator}(all that it wrote: {})", log.display());
        }
        match fault {
            Fault::TimedOut(after) => Outcome::TimedOut { after, stderr },
            Fault::Ended => Outcome::Crashed { status, stderr },
            Fault::EndedBefore => {
                let last = self.last_answered.unwrap_or_default();
                Outcome::Crashed { status: format!("{status}, after it had answered `{last}`"), stderr }
            }
            Fault::Broke(reason) => Outcome::Failed { context: with_stderr(&reason, &stderr) },
        }
    }

    /// Ends the runner in good order; the error names what it said without being asked, or how it failed to exit.
    fn stop(mut self) -> Result<(), String> {
        let last = self.last_answered.clone().unwrap_or_else(|| "no case".to_owned());
        // A runner that is gone already needs no `stop`; its status is looked at below.
        drop(self.send(&Message::Stop {}));
        let patience = self.vessel.stop_patience();
        let in_time = self.vessel.ends_within(patience);
        let ending = self.vessel.end().map_err(|error| format!("failed to end it: {error}"))?;
        while let Ok(event) = self.events.recv_timeout(DRAIN_PATIENCE) {
            if let Event::End = event {
                break;
            }
            if let Fault::Broke(reason) = self.fault_of(event) {
                return Err(format!("{reason} (after its answer to `{last}`)"));
            }
        }
        match (in_time, ending.success) {
            (true, true) => Ok(()),
            (true, false) => {
                Err(with_stderr(&format!("it answered `stop` with {}", ending.text), &self.stderr.text_at_end()))
            }
            (false, _) => Err(format!("it did not exit within {} s after `stop`", patience.as_secs())),
        }
    }
}

fn with_stderr(reason: &str, stderr: &str) -> String {
    match stderr {
        "" => reason.to_owned(),
        text => format!("{reason}; the end of its stderr:\n{text}"),
    }
}

/// A thread that writes lines to the runner, so that a runner that does not read cannot block its deadline.
fn write_lines(mut stdin: impl Write + Send + 'static) -> std::io::Result<Sender<String>> {
    let (sender, lines) = mpsc::channel::<String>();
    thread::Builder::new().name("stdin".into()).spawn(move || {
        for line in lines {
            if stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).is_err() {
                break;
            }
        }
    })?;
    Ok(sender)
}

/// Whether the runner follows the version that was asked for.
fn has_pyspark(identity: &Identity, wanted: SparkMinor) -> Result<(), String> {
    let found = identity.versions.get("pyspark").map_or("none", String::as_str);
    if found.parse::<SparkVersion>().is_ok_and(|found| found.minor() == wanted) {
        return Ok(());
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let python = ["SEATRIAL_PYTHON", "VIRTUAL_ENV"]
        .into_iter()
        .find_map(|name| Some((name, variable(name)?)))
        .map_or_else(String::new, |(name, value)| format!(" ({name}={value})"));
    Err(format!(
        "PySpark {wanted} is asked for, and its Python{python} has PySpark {found}; unset the variable so that the right one is \
         found, or name another version with --spark"
    ))
}

/// A thread that splits the runner's stdout into lines. The channel is bounded: a runner that floods its stdout
/// blocks in its own pipe.
fn read_lines(stdout: impl Read + Send + 'static) -> std::io::Result<Receiver<Event>> {
    let (sender, events) = mpsc::sync_channel(4);
    thread::Builder::new().name("stdout".into()).spawn(move || split_lines(stdout, &sender))?;
    Ok(events)
}

fn split_lines(mut source: impl Read, events: &SyncSender<Event>) {
    let mut chunk = vec![0; 64 * 1024];
    let mut line: Vec<u8> = Vec::new();
    let mut too_long = false;
    let take = |line: &mut Vec<u8>, too_long: &mut bool, text: fn(String) -> Event| {
        let bytes = std::mem::take(line);
        if std::mem::take(too_long) {
            return Event::TooLong;
        }
        match String::from_utf8(bytes) {
            Ok(line) => text(line),
            Err(error) => Event::NotText(String::from_utf8_lossy(error.as_bytes()).into_owned()),
        }
    };
    // An error of the pipe ends the stream as its end does.
    while let Ok(count @ 1..) = source.read(&mut chunk) {
        let mut rest = &chunk[..count];
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            line.extend_from_slice(&rest[..end]);
            rest = &rest[end + 1..];
            if events.send(take(&mut line, &mut too_long, Event::Line)).is_err() {
                return;
            }
        }
        line.extend_from_slice(rest);
        if line.len() > LONGEST_LINE {
            line.clear();
            too_long = true;
        }
    }
    if too_long || !line.is_empty() {
        // Nobody may listen any more.
        drop(events.send(take(&mut line, &mut too_long, Event::Unfinished)));
    }
    drop(events.send(Event::End));
}

/// Where the runners' own log goes: to our stderr when the user asks for a log (`RUST_LOG`), else nowhere.
fn log_output() -> Box<dyn Write + Send> {
    if std::env::var_os("RUST_LOG").is_some() { Box::new(std::io::stderr()) } else { Box::new(std::io::sink()) }
}
