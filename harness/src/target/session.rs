//! A child process in an operating-system session of its own, so that whatever it starts can be ended with it.
//!
//! A runner of real Spark starts a shell, a JVM, and Python daemons that make process groups of their own. A session
//! holds all of them, and its members can be found even when their parents are gone. Killing goes to the process
//! group first, then to every member of the session and every descendant that `/proc` shows; on a system without
//! `/proc` it goes to the process group only.
//!
//! With `cli/server/descriptor`, this is the only module of the harness with `unsafe` code: thin calls into libc that the standard
//! library lacks.

use std::collections::{BTreeMap, BTreeSet};
#[cfg(feature = "docker")]
use std::fmt;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
#[cfg(feature = "docker")]
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long members of a session may take to end after SIGTERM before they get SIGKILL.
const TERMINATION_GRACE: Duration = Duration::from_millis(1500);
/// How often the state of processes is looked at while waiting for them.
const POLL: Duration = Duration::from_millis(5);

/// The sessions that are alive, for the handler of Ctrl-C.
static ALIVE: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

fn alive() -> MutexGuard<'static, BTreeSet<i32>> {
    ALIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child process that leads its own session; dropping it ends the session.
#[derive(Debug)]
pub(crate) struct SessionLeader {
    child: Child,
    id: i32,
    status: Option<ExitStatus>,
}

impl SessionLeader {
    /// Starts `command` as the leader of a new session.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        // SAFETY: the closure runs between fork and exec and makes one async-signal-safe call.
        unsafe {
            command.pre_exec(|| match libc::setsid() {
                -1 => Err(io::Error::last_os_error()),
                _ => Ok(()),
            });
        }
        // The lock is held across the spawn, so that Ctrl-C either comes before the child exists or finds it.
        let mut registry = alive();
        let child = command.spawn()?;
        let id = i32::try_from(child.id()).map_err(io::Error::other)?;
        registry.insert(id);
        drop(registry);
        Ok(Self { child, id, status: None })
    }

    /// The pipes to the child: those of stdin, stdout and stderr that were asked for and not yet taken.
    pub(crate) fn take_pipes(&mut self) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdin.take(), self.child.stdout.take(), self.child.stderr.take())
    }

    /// Whether the leader has ended. It is not reaped, so its id stays reserved until the session is ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.status.is_some() || leader_has_ended(self.id)
    }

    /// Waits until the leader ends by itself; false when it did not within `patience`.
    pub(crate) fn ends_within(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            if self.has_ended() {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(POLL);
        }
    }

    /// Ends every process of the session and tells how the leader ended.
    pub(crate) fn end(&mut self) -> io::Result<ExitStatus> {
        if let Some(status) = self.status {
            return Ok(status);
        }
        end_session(self.id, TERMINATION_GRACE);
        let status = self.child.wait()?;
        self.status = Some(status);
        alive().remove(&self.id);
        Ok(status)
    }
}

impl Drop for SessionLeader {
    fn drop(&mut self) {
        // Nobody is left to tell: a process that can be neither killed nor waited for stays in the registry.
        drop(self.end());
    }
}

/// Says how a process ended, for people: `exit status 3`, `signal 9 (SIGKILL)`.
pub(crate) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => match signal_name(signal) {
            Some(name) => format!("signal {signal} ({name})"),
            None => format!("signal {signal}"),
        },
        (None, None) => status.to_string(),
    }
}

#[cfg(feature = "docker")]
/// Says how a process ended whose parent was a shell or the first process of a container: those report a signal as a status
/// above 128.
pub(crate) fn describe_code(code: i64) -> String {
    match i32::try_from(code - 128).ok().and_then(|signal| Some((signal, signal_name(signal)?))) {
        Some((signal, name)) => format!("signal {signal} ({name})"),
        None => format!("exit status {code}"),
    }
}

#[cfg(feature = "docker")]
/// A process of this machine, told apart from a later one that got the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProcessName {
    id: i32,
    /// In clock ticks since the machine started; 0 where the system does not say.
    started: u64,
}

#[cfg(feature = "docker")]
impl ProcessName {
    /// The process that runs this.
    pub(crate) fn own() -> Self {
        let id = i32::try_from(std::process::id()).unwrap_or_default();
        Self { id, started: started(id).unwrap_or_default() }
    }

    /// Whether the process still runs.
    pub(crate) fn is_alive(self) -> bool {
        // SAFETY: plain integers; signal 0 only asks whether the process is there.
        let there =
            unsafe { libc::kill(self.id, 0) } == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM);
        there && started(self.id).is_none_or(|started| started == self.started)
    }
}

#[cfg(feature = "docker")]
impl fmt::Display for ProcessName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.id, self.started)
    }
}

#[cfg(feature = "docker")]
impl FromStr for ProcessName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('-').and_then(|(id, started)| Some((id.parse().ok()?, started.parse().ok()?)));
        match parts {
            Some((id, started)) if id > 0 => Ok(Self { id, started }),
            _ => Err(format!("`{text}` names no process")),
        }
    }
}

#[cfg(feature = "docker")]
/// When a process started, as `/proc` says it; none for one that is gone, a zombie, or without `/proc`.
fn started(id: i32) -> Option<u64> {
    let line = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, rest) = line.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGHUP => "SIGHUP",
        libc::SIGILL => "SIGILL",
        libc::SIGINT => "SIGINT",
        libc::SIGKILL => "SIGKILL",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGTERM => "SIGTERM",
        _ => return None,
    })
}

/// Makes Ctrl-C, SIGTERM and SIGHUP end every session, and remove every container and temporary folder, before they end this process.
///
/// Sessions do not get the terminal's signals, so without this they would survive their parent.
pub fn end_sessions_on_signals() -> io::Result<()> {
    let mut ends = [0; 2];
    // SAFETY: `ends` is a valid place for the two descriptors.
    if unsafe { libc::pipe(ends.as_mut_ptr()) } == -1 {
        return Err(io::Error::last_os_error());
    }
    for end in ends {
        // SAFETY: both descriptors were just made by this function; the flag keeps them from child processes.
        unsafe { libc::fcntl(end, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    SIGNAL_PIPE.store(ends[1], std::sync::atomic::Ordering::SeqCst);
    thread::Builder::new().name("signals".into()).spawn(move || await_signal(ends[0]))?;
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let handler: extern "C" fn(i32) = pass_on_signal;
        // SAFETY: the handler is async-signal-safe: it reads an atomic and writes one byte to a pipe.
        unsafe { libc::signal(signal, handler as libc::sighandler_t) };
    }
    Ok(())
}

static SIGNAL_PIPE: std::sync::atomic::AtomicI32 = std::sync::atomic::AtomicI32::new(-1);

extern "C" fn pass_on_signal(signal: i32) {
    let byte = u8::try_from(signal).unwrap_or(0);
    let pipe = SIGNAL_PIPE.load(std::sync::atomic::Ordering::SeqCst);
    // SAFETY: `write` is async-signal-safe and `byte` lives until it returns; a bad descriptor is an ignored error.
    unsafe { libc::write(pipe, (&raw const byte).cast(), 1) };
}

fn await_signal(pipe: i32) {
    let mut byte = 0_u8;
    loop {
        // SAFETY: `byte` is a valid place for the one byte that is asked for.
        match unsafe { libc::read(pipe, (&raw mut byte).cast(), 1) } {
            1 => break,
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            _ => return,
        }
    }
    // The lock is kept: nothing may be started from here on.
    let registry = alive();
    for session in registry.iter() {
        end_session(*session, Duration::from_millis(300));
    }
    super::container::remove_all();
    super::folder::remove_all();
    let signal = i32::from(byte);
    // SAFETY: both calls take plain integers; the default action ends this process as its parent expects.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
        libc::kill(libc::getpid(), signal);
    }
    thread::sleep(Duration::from_secs(1));
    std::process::exit(128 + signal);
}

fn end_session(id: i32, grace: Duration) {
    signal_session(id, libc::SIGTERM);
    if !is_empty_within(id, grace) {
        signal_session(id, libc::SIGKILL);
        is_empty_within(id, Duration::from_secs(1));
    }
}

fn is_empty_within(id: i32, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    loop {
        let empty = match members(id) {
            Some(members) => members.is_empty(),
            None => leader_has_ended(id),
        };
        if empty {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        thread::sleep(POLL);
    }
}

fn signal_session(id: i32, signal: i32) {
    // The members are listed before the first signal: a child whose parent is gone has lost its ancestry.
    let members = members(id).unwrap_or_default();
    for target in std::iter::once(-id).chain(members) {
        // SAFETY: plain integers; a process that is gone already is an error without consequence.
        unsafe { libc::kill(target, signal) };
    }
}

fn leader_has_ended(id: i32) -> bool {
    // SAFETY: an all-zero `siginfo_t` is valid, and `waitid` only writes to it. WNOWAIT leaves the process unreaped.
    unsafe {
        let mut info: libc::siginfo_t = std::mem::zeroed();
        let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        let Ok(pid) = libc::id_t::try_from(id) else {
            return true;
        };
        libc::waitid(libc::P_PID, pid, &raw mut info, options) == -1 || info.si_pid() == id
    }
}

struct ProcessEntry {
    parent: i32,
    session: i32,
    zombie: bool,
}

/// The living processes of session `id`, and the descendants of its leader that left the session; `None` without `/proc`.
fn members(id: i32) -> Option<Vec<i32>> {
    let table: BTreeMap<i32, ProcessEntry> = std::fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: i32| Some((pid, parse_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?)))
        .collect();
    if table.is_empty() {
        return None;
    }
    let belongs = |pid: i32| {
        let mut current = pid;
        // Parents form a forest; the bound guards against a table that was read while it changed.
        for _ in 0..64 {
            match table.get(&current) {
                Some(entry) if current == id || entry.session == id => return true,
                Some(entry) => current = entry.parent,
                None => return false,
            }
        }
        false
    };
    Some(table.iter().filter(|(pid, entry)| !entry.zombie && belongs(**pid)).map(|(pid, _)| *pid).collect())
}

/// Reads a line of `/proc/<pid>/stat`: `pid (name) state parent group session …`, where the name may hold anything.
fn parse_stat(line: &str) -> Option<ProcessEntry> {
    let (_, rest) = line.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    Some(ProcessEntry { parent, session, zombie: matches!(state, "Z" | "X") })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use std::process::Stdio;

    use super::*;

    fn shell(script: &str) -> SessionLeader {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        SessionLeader::spawn(&mut command).unwrap()
    }

    #[test]
    fn the_status_of_a_process_that_ended_by_itself_is_kept() {
        let mut leader = shell("exit 7");
        assert!(leader.ends_within(Duration::from_secs(5)));
        assert_eq!(describe(leader.end().unwrap()), "exit status 7");
        assert_eq!(describe(leader.end().unwrap()), "exit status 7");
    }

    #[test]
    fn ending_a_session_ends_its_children_too() {
        let mut leader = shell("sleep 300 & sleep 300 & wait");
        let deadline = Instant::now() + Duration::from_secs(5);
        while members(leader.id).unwrap().len() < 3 {
            assert!(Instant::now() < deadline, "the children did not start");
        }
        assert_eq!(describe(leader.end().unwrap()), "signal 15 (SIGTERM)");
        assert!(members(leader.id).unwrap().is_empty());
    }

    #[test]
    fn a_process_that_ignores_sigterm_is_killed() {
        let mut leader = shell("trap '' TERM; while :; do sleep 0.01; done");
        thread::sleep(Duration::from_millis(100));
        assert_eq!(describe(leader.end().unwrap()), "signal 9 (SIGKILL)");
    }

    #[test]
    fn orphans_of_the_session_are_found() {
        let mut leader = shell("(sleep 300 &) ; exit 0");
        assert!(leader.ends_within(Duration::from_secs(5)));
        let orphans = members(leader.id).unwrap();
        assert_eq!(orphans.len(), 1);
        leader.end().unwrap();
        assert!(members(leader.id).unwrap().is_empty());
    }

    #[test]
    fn a_process_name_with_parentheses_is_understood() {
        let entry = parse_stat("12 (a) b (c)) S 1 2 3 4").unwrap();
        assert_eq!((entry.parent, entry.session, entry.zombie), (1, 3, false));
    }

    #[test]
    #[cfg(feature = "docker")]
    fn a_process_is_known_by_its_id_and_its_start() {
        let own = ProcessName::own();
        assert_eq!(own.to_string().parse(), Ok(own));
        assert!(own.is_alive());
        assert!(!ProcessName { started: own.started + 1, ..own }.is_alive(), "another one that had this id");
        let mut child = shell("exit 0");
        let gone = ProcessName { id: child.id, started: 1 };
        child.end().unwrap();
        assert!(!gone.is_alive());
        for text in ["", "12", "x-1", "-5-1", "0-1"] {
            assert!(text.parse::<ProcessName>().is_err(), "{text}");
        }
    }

    #[test]
    #[cfg(feature = "docker")]
    fn a_status_above_128_is_a_signal() {
        assert_eq!(describe_code(0), "exit status 0");
        assert_eq!(describe_code(139), "signal 11 (SIGSEGV)");
        assert_eq!(describe_code(137), "signal 9 (SIGKILL)");
        assert_eq!(describe_code(255), "exit status 255");
    }
}
