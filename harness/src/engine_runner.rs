//! The engine's runner: the process behind the target `engine`, started as `seatrial runner`.
//!
//! It speaks the runner protocol over stdin and stdout, runs the engine and its Python in process, and reports what it
//! saw. It judges nothing. User code may end, hang or flood this process: the harness watches it from outside.

use std::fs::File;
use std::io::{BufRead, Write};
use std::process::ExitCode;

use pyo3::prelude::*;
use pyo3::types::PyList;
use seatrial_engine::datasource::registry::RegisterError;
use seatrial_engine::error::{Phase, SparkError};
use seatrial_engine::python::exception::{TracebackStyle, traceback};
use seatrial_engine::python::interpreter::PythonRuntime;
use seatrial_engine::session::{DataFrame, Session};
use seatrial_engine::types::StructType;
use seatrial_engine::types::values::row_values;
use serde::Deserialize;
use serde_json::{Value, json};

/// The protocol version that this runner speaks.
const PROTOCOL: u32 = 1;

/// Executes a case's module; the same text that the runner on PySpark uses.
const CASE_MODULE: &std::ffi::CStr = {
    let text = concat!(include_str!("../../python/python/seatrial/case_module.py"), "\0");
    match std::ffi::CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => c"raise ImportError('case_module.py holds a NUL byte')",
    }
};

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Message {
    Start {
        protocol: u32,
    },
    Run {
        id: String,
        case: Box<WireCase>,
        #[serde(rename = "deadline")]
        _deadline: f64,
    },
    Stop {},
}

/// A case as the protocol carries it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCase {
    python: String,
    register: Option<Vec<String>>,
    conf: serde_json::Map<String, Value>,
    read: WireRead,
    query: Option<String>,
    calls: Vec<String>,
    count_partitions: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireRead {
    format: Option<String>,
    options: Vec<(String, Value)>,
    schema: Option<String>,
    path: Option<WirePath>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WirePath {
    One(String),
    Many(Vec<String>),
}

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

/// An observation whose query failed, or one that is whole.
#[derive(Default)]
struct Observed {
    schema: Option<StructType>,
    rows: Option<Vec<Vec<Value>>>,
    partitions: Option<usize>,
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
        let objects = Python::attach(|py| {
            self.case_module
                .bind(py)
                .call_method1("load_case", (&case.python, &case.register, path.as_ref()))
                .and_then(|objects| Ok(objects.cast_into::<PyList>()?.unbind()))
                .map_err(|error| format!("the case's Python failed: {}", traceback(py, &error, TracebackStyle::Full)))
        })?;
        let mut observed = Observed::default();
        let error = self.carry_out(case, &objects, &mut observed)?;
        let recorded = std::fs::read_to_string(calls.path())
            .map_err(|error| format!("the recorded calls cannot be read: {error}"))?;
        let calls = recorded
            .lines()
            .map(serde_json::from_str::<Value>)
            .filter(|call| match call {
                Ok(call) => case.calls.iter().any(|wanted| call.get("call") == Some(&Value::from(wanted.as_str()))),
                Err(_) => true,
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| format!("a recorded call is not one JSON object: {error}"))?;
        Ok(json!({
            "schema": observed.schema.map(|schema| schema.to_json()),
            "rows": observed.rows,
            "error": error,
            "calls": calls,
            "partitions": observed.partitions,
        }))
    }

    /// Registers, loads, queries. Returns the error that the user of the engine sees, if any.
    fn carry_out(
        &self,
        case: &WireCase,
        objects: &Py<PyList>,
        observed: &mut Observed,
    ) -> Result<Option<Value>, String> {
        let session = self.session.new_session();
        for (key, value) in &case.conf {
            if let Err(error) = session.set_conf(key, &option_text(value)) {
                return Ok(Some(spark_error(Phase::Register, &error)));
            }
        }
        let registered = Python::attach(|py| {
            for class in objects.bind(py) {
                match session.register_data_source(&class) {
                    Ok(_) => {}
                    Err(RegisterError::Python(error)) => return Err(python_error(py, &error)),
                    Err(RegisterError::Spark(error)) => return Err(spark_error(Phase::Register, &error)),
                }
            }
            Ok(())
        });
        if let Err(error) = registered {
            return Ok(Some(error));
        }
        let format = match &case.read.format {
            Some(format) => format.clone(),
            None => Python::attach(|py| {
                let default = self.case_module.bind(py).call_method1("default_format", (objects,));
                default.and_then(|name| name.extract()).map_err(|error| format!("the case names no format: {error}"))
            })?,
        };
        let outcome = self.query(&session, case, format, observed);
        Ok(outcome.err().map(|(phase, error)| spark_error(phase, &error)))
    }

    fn query(
        &self,
        session: &Session,
        case: &WireCase,
        format: String,
        observed: &mut Observed,
    ) -> Result<(), (Phase, SparkError)> {
        let loaded = load(session, &case.read, format).map_err(|error| (Phase::Load, error))?;
        let frame = match &case.query {
            None => loaded,
            Some(query) => {
                let planned =
                    loaded.create_or_replace_temp_view("source").and_then(|()| self.tokio.block_on(session.sql(query)));
                planned.map_err(|error| (Phase::Plan, error))?
            }
        };
        let schema = frame.schema().map_err(|error| (Phase::Plan, error))?;
        observed.schema = Some(schema.clone());
        let plan = self.tokio.block_on(frame.plan()).map_err(|error| (Phase::Plan, error))?;
        let batches = self.tokio.block_on(plan.collect()).map_err(|error| (Phase::Read, error))?;
        let mut rows = Vec::new();
        for batch in &batches {
            rows.extend(row_values(batch, &schema).map_err(|error| (Phase::Read, error))?);
        }
        observed.rows = Some(rows);
        observed.partitions = case.count_partitions.then(|| plan.partition_count());
        Ok(())
    }
}

fn load(session: &Session, read: &WireRead, format: String) -> Result<DataFrame, SparkError> {
    let mut reader = session.read().format(format);
    for (key, value) in &read.options {
        reader = match value {
            Value::Null => reader.null_option(key),
            value => reader.option(key, option_text(value)),
        };
    }
    if let Some(schema) = &read.schema {
        reader = reader.schema(schema)?;
    }
    match &read.path {
        None => reader.load(&[]),
        Some(WirePath::One(path)) => reader.load(std::slice::from_ref(path)),
        Some(WirePath::Many(paths)) => reader.load(paths),
    }
}

/// A value as `DataFrameReader.option` turns it into text (OPT-STRINGIFY).
fn option_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn spark_error(phase: Phase, error: &SparkError) -> Value {
    json!({
        "phase": phase.name(),
        "exception": error.exception.name(),
        "condition": error.condition,
        "sqlstate": error.sql_state,
        "parameters": error.parameters,
        "message": error.message,
        "jvm": null,
    })
}

/// An exception of the user's own code that `register` lets through.
fn python_error(py: Python<'_>, error: &PyErr) -> Value {
    let value = error.value(py);
    let text = |method: &str| value.call_method0(method).ok().and_then(|found| found.extract::<String>().ok());
    let name = error.get_type(py).name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    json!({
        "phase": Phase::Register.name(),
        "exception": name,
        "condition": text("getCondition"),
        "sqlstate": text("getSqlState"),
        "parameters": {},
        "message": value.str().map_or_else(|_| String::new(), |text| text.to_string()),
        "jvm": null,
    })
}
