//! Threads that run Python code and can be stopped: between two bytecodes, in `time.sleep`, or while they wait for us.
//!
//! CPython offers no way to end a thread inside a foreign C call. Such a thread is interrupted when the call returns;
//! whoever stops it waits no longer than [`GRACE`] and then reports it.

use std::cell::RefCell;
use std::ffi::c_long;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyDict, PyTuple};

pyo3::create_exception!(
    seatrial,
    QueryCancelled,
    PyBaseException,
    "Raised inside a data source whose result is no longer wanted. Do not catch it."
);

/// How long a stopped thread may take for its `finally` blocks before it is left behind with a warning.
pub const GRACE: Duration = Duration::from_secs(10);

/// How long a thread may go on before the exception is thrown, and then before it is thrown again at code that
/// swallowed it. The first wait spares threads that end by themselves; the others leave a `finally` time to work.
const PATIENCE: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(2)];

/// Shared by a Python thread and whoever may stop it.
#[derive(Debug, Default)]
pub struct CancelToken {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    finished: bool,
    /// Whether the running code was told: by an exception, or by a `sleep` that returned early.
    told: bool,
    /// The thread's identity while it runs a source's code. Cleared under the GIL before the thread ends, so
    /// that no exception is ever thrown into another thread that got the same identity.
    ident: Option<c_long>,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<CancelToken>>> = const { RefCell::new(None) };
}

impl CancelToken {
    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is three plain values: it is whole even if a holder panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the work is no longer wanted.
    pub fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    fn cancel(&self) {
        self.lock().cancelled = true;
        self.changed.notify_all();
    }

    /// Waits until the thread has finished or the time is over; true when it has finished.
    fn wait_finished(&self, timeout: Duration) -> bool {
        let guard = self.lock();
        let waited = self.changed.wait_timeout_while(guard, timeout, |state| !state.finished);
        waited.unwrap_or_else(PoisonError::into_inner).0.finished
    }

    /// Sleeps; true when cancelled meanwhile. Who was told already sleeps undisturbed: it is cleaning up. The GIL must
    /// not be held.
    fn sleep(&self, timeout: Duration) -> bool {
        let guard = self.lock();
        let waited = self.changed.wait_timeout_while(guard, timeout, |state| !state.cancelled || state.told);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        let interrupted = state.cancelled && !state.told;
        state.told |= interrupted;
        interrupted
    }

    /// Begins the time in which the thread may be interrupted: what follows is the source's code. Before, the thread
    /// imports modules, which must not stay half imported.
    pub fn begin_user_code(&self, py: Python<'_>) {
        self.lock().ident = thread_ident(py);
    }

    /// Ends it: what follows is the source's own cleaning up, in which it may sleep.
    pub fn begin_cleanup(&self) {
        let mut state = self.lock();
        state.ident = None;
        state.told = true;
    }

    /// Throws into the thread, unless its `sleep` has told it already and this is the first reminder.
    fn throw(&self, py: Python<'_>, again: bool) {
        let exception = py.get_type::<QueryCancelled>();
        let mut state = self.lock();
        if state.told && !again {
            return;
        }
        state.told = true;
        if let Some(ident) = state.ident {
            // SAFETY: the GIL is held, and `ident` is that of a live thread: it clears the field under the GIL first.
            unsafe { pyo3::ffi::PyThreadState_SetAsyncExc(ident, exception.as_ptr()) };
        }
    }
}

/// A running Python thread. Dropping it stops the Python code, lets its `finally` run, and joins the thread.
#[derive(Debug)]
pub struct PythonThread {
    token: Arc<CancelToken>,
    handle: Option<JoinHandle<()>>,
}

impl PythonThread {
    /// Starts `body` on a thread of its own, attached to the interpreter for its whole life. The body says by
    /// [`CancelToken::begin_user_code`] from when on it may be interrupted.
    ///
    /// # Errors
    /// When the system starts no thread.
    pub fn spawn<F>(name: String, body: F) -> std::io::Result<Self>
    where
        F: FnOnce(Python<'_>, &Arc<CancelToken>) + Send + 'static,
    {
        let token = Arc::new(CancelToken::default());
        let inside = Arc::clone(&token);
        let handle = std::thread::Builder::new().name(name).spawn(move || {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                Python::attach(|py| {
                    install_interruptible_sleep(py);
                    CURRENT.with_borrow_mut(|current| *current = Some(Arc::clone(&inside)));
                    body(py, &inside);
                    CURRENT.with_borrow_mut(|current| *current = None);
                    inside.lock().ident = None;
                    discard_pending_cancellation(py);
                });
            }));
            let mut state = inside.lock();
            state.ident = None;
            state.finished = true;
            drop(state);
            inside.changed.notify_all();
            if outcome.is_err() {
                tracing::error!("a thread that ran Python code panicked; please report this");
            }
        })?;
        Ok(Self { token, handle: Some(handle) })
    }

    fn stop(&mut self) {
        let Some(handle) = self.handle.take() else { return };
        self.token.cancel();
        let deadline = Instant::now() + GRACE;
        let [first, next] = PATIENCE;
        let mut finished = self.token.wait_finished(first);
        let mut again = false;
        while !finished && Instant::now() < deadline {
            Python::attach(|py| self.token.throw(py, again));
            finished = self.token.wait_finished(next);
            again = true;
        }
        if finished {
            if handle.join().is_err() {
                tracing::error!("a thread that ran Python code panicked; please report this");
            }
        } else {
            tracing::error!(
                thread = handle.thread().name().unwrap_or("?"),
                "a data source did not stop within {GRACE:?}: it is inside a call that Python cannot interrupt. \
                 Its thread ends when the call returns."
            );
        }
    }
}

impl Drop for PythonThread {
    fn drop(&mut self) {
        without_gil(|| self.stop());
    }
}

/// The calling thread's identity as CPython knows it.
fn thread_ident(py: Python<'_>) -> Option<c_long> {
    py.import("threading").and_then(|module| module.call_method0("get_ident")).and_then(|ident| ident.extract()).ok()
}

/// Runs `body` with the GIL given up if this thread holds it: whoever waits for Python code must not keep it from running.
pub fn without_gil<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    // SAFETY: the interpreter runs (Python code ran on behalf of the caller), and the check has no other requirement.
    let held = unsafe { pyo3::ffi::Py_IsInitialized() != 0 && pyo3::ffi::PyGILState_Check() == 1 };
    if held { Python::attach(|py| py.detach(body)) } else { body() }
}

/// An exception may have been scheduled after the last bytecode of the body; it must not surface in what runs next.
fn discard_pending_cancellation(py: Python<'_>) {
    for _ in 0..2 {
        if py.run(c"pass", None, None).is_ok() {
            return;
        }
    }
}

static ORIGINAL_SLEEP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Replaces `time.sleep` once by a function that a cancellation wakes, on the threads started here; elsewhere it calls
/// the original. CPython resumes an interrupted sleep on any thread but the main one, so nothing less works.
fn install_interruptible_sleep(py: Python<'_>) {
    let install = || -> PyResult<Py<PyAny>> {
        let time = py.import("time")?;
        let original = time.getattr("sleep")?;
        let sleep = PyCFunction::new_closure(
            py,
            Some(c"sleep"),
            Some(c"sleep(seconds)\n\nDelay execution for a given number of seconds."),
            |arguments: &Bound<'_, PyTuple>, keywords: Option<&Bound<'_, PyDict>>| -> PyResult<Py<PyAny>> {
                let py = arguments.py();
                let token = CURRENT.with_borrow(Clone::clone);
                let seconds = arguments.get_item(0).and_then(|value| value.extract::<f64>());
                if let (Some(token), Ok(seconds), 1, None) = (token, seconds, arguments.len(), keywords)
                    && let Ok(duration) = Duration::try_from_secs_f64(seconds)
                {
                    if py.detach(|| token.sleep(duration)) {
                        return Err(QueryCancelled::new_err("the query no longer needs this data"));
                    }
                    return Ok(py.None());
                }
                match ORIGINAL_SLEEP.get(py) {
                    Some(original) => original.call(py, arguments, keywords),
                    None => Ok(py.None()),
                }
            },
        )?;
        time.setattr("sleep", sleep)?;
        Ok(original.unbind())
    };
    if let Err(error) = ORIGINAL_SLEEP.get_or_try_init(py, install) {
        tracing::warn!("time.sleep cannot be made interruptible: {error}");
    }
}
