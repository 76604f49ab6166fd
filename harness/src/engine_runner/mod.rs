//! The engine's runner: the process behind the target `engine`, started as `seatrial runner`.
//!
//! It speaks the runner protocol over stdin and stdout, runs the engine and its Python in process, and reports what it
//! saw. It judges nothing. User code may end, hang or flood this process: the harness watches it from outside.

mod course;
pub(crate) mod wire;

use std::fs::File;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;

use pyo3::prelude::*;
use seatrial_engine::python::exception::{TracebackStyle, traceback};
use seatrial_engine::python::interpreter::PythonRuntime;
use seatrial_engine::session::Session;
use serde_json::{Value, json};

use course::{Course, Ended, Observed};
use wire::{Message, WireCase};

/// The protocol version that this runner speaks.
const PROTOCOL: u32 = 1;

/// Executes a case's module; the same text that the runner on PySpark uses.
const CASE_MODULE: &std::ffi::CStr = {
    let text = concat!(include_str!("../../../python/python/seatrial/case_module.py"), "\0");
    match std::ffi::CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => c"raise ImportError('case_module.py holds a NUL byte')",
    }
};

/// Serves the protocol until `stop` or the end of stdin.
pub fn run() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seatrial runner: {error:#}");
            ExitCode::from(70)
        }
    }
}

fn serve() -> anyhow::Result<()> {
    let mut answers = take_stdout()?;
    let mut engine = None;
    for line in std::io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?)? {
            Message::Start { protocol } => {
                anyhow::ensure!(
                    protocol == PROTOCOL,
                    "protocol {protocol} was asked for, this runner speaks {PROTOCOL}"
                );
                json!({"started": engine.insert(Engine::try_new()?).identity()?})
            }
            Message::Run { id, case, .. } => match &engine {
                Some(engine) => match engine.observe(&case) {
                    Ok(observation) => json!({"observation": {"id": id, "observation": observation}}),
                    Err(context) => json!({"failed": {"id": id, "context": context}}),
                },
                None => json!({"failed": {"id": id, "context": "`run` came before `start`"}}),
            },
            Message::Stop {} => return Ok(()),
        };
        serde_json::to_writer(&mut answers, &answer)?;
        answers.write_all(b"\n")?;
        answers.flush()?;
    }
    Ok(())
}

/// Keeps stdout for the protocol; what user code prints goes to stderr from now on.
fn take_stdout() -> anyhow::Result<File> {
    use std::os::fd::AsFd;
    let answers = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    PythonRuntime::get()?;
    Python::attach(|py| py.import("os")?.call_method1("dup2", (2, 1)).map(drop))?;
    Ok(answers)
}

struct Engine {
    session: Session,
    tokio: tokio::runtime::Runtime,
    case_module: Py<PyModule>,
}

impl Engine {
    fn try_new() -> anyhow::Result<Self> {
        let session = Session::try_new()?;
        let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
        let case_module = Python::attach(|py| {
            PyModule::from_code(py, CASE_MODULE, c"case_module.py", c"case_module").map(Bound::unbind)
        })?;
        Ok(Self { session, tokio, case_module })
    }

    fn identity(&self) -> anyhow::Result<Value> {
        let runtime = PythonRuntime::get()?;
        let pyarrow: String = Python::attach(|py| py.import("pyarrow")?.getattr("__version__")?.extract())?;
        Ok(json!({
            "protocol": PROTOCOL,
            "target": "engine",
            "versions": {
                "engine": env!("CARGO_PKG_VERSION"),
                "pyspark": runtime.pyspark,
                "python": runtime.version,
                "pyarrow": pyarrow,
            },
            "mode": "in-process",
            "capabilities": ["read"],
        }))
    }

    /// Runs a case. The error is for a case that cannot be run at all, as when its Python does not parse.
    fn observe(&self, case: &WireCase) -> Result<Value, String> {
        let calls =
            tempfile::NamedTempFile::new().map_err(|error| format!("no file for the recorded calls: {error}"))?;
        let path = calls.path().to_string_lossy();
        let module = Python::attach(|py| {
            let module = self.case_module.bind(py).call_method1("CaseModule", (&case.python, path.as_ref()));
            module
                .map(Bound::unbind)
                .map_err(|error| format!("the case's Python failed: {}", traceback(py, &error, TracebackStyle::Full)))
        })?;
        let course =
            Course { application: &self.session, tokio: &self.tokio, python: &self.case_module, module: &module, case };
        let mut observed = Observed::default();
        let ended = course.run(&mut observed);
        self.session.drop_all_tables();
        let error = match ended {
            Ok(()) => None,
            Err(Ended::Error(error)) => Some(error),
            Err(Ended::Broken(context)) => return Err(context),
        };
        Ok(json!({
            "schema": observed.schema.map(|schema| schema.to_json()),
            "rows": observed.rows,
            "error": error,
            "calls": recorded_calls(calls.path(), &case.calls)?,
            "partitions": observed.partitions,
        }))
    }
}

/// The recorded calls of the wanted callbacks, in the order of the file.
fn recorded_calls(file: &Path, wanted: &[String]) -> Result<Vec<Value>, String> {
    let recorded =
        std::fs::read_to_string(file).map_err(|error| format!("the recorded calls cannot be read: {error}"))?;
    let wanted = |call: &Value| wanted.iter().any(|wanted| call.get("call") == Some(&Value::from(wanted.as_str())));
    recorded
        .lines()
        .map(serde_json::from_str::<Value>)
        .filter(|call| call.as_ref().map_or(true, wanted))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("a recorded call is not one JSON object: {error}"))
}
