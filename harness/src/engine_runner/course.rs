//! What a case does: registers, loads, goes through its steps, queries. The first error ends it.

use pyo3::prelude::*;
use pyo3::types::PyList;
use seatrial_engine::datasource::registry::RegisterError;
use seatrial_engine::error::{ExceptionClass, Phase, SparkError};
use seatrial_engine::python::exception::{TracebackStyle, traceback};
use seatrial_engine::session::{DataFrame, Session};
use seatrial_engine::types::StructType;
use seatrial_engine::types::values::row_values;
use serde_json::{Value, json};

use super::wire::{WireCase, WirePath, WireRead, WireStep};

/// A case under way.
pub(super) struct Course<'a> {
    pub(super) application: &'a Session,
    pub(super) tokio: &'a tokio::runtime::Runtime,
    /// `case_module.py`.
    pub(super) python: &'a Py<PyModule>,
    /// Its `CaseModule`.
    pub(super) module: &'a Py<PyAny>,
    pub(super) case: &'a WireCase,
}

/// What was seen of the query, as far as it came.
#[derive(Default)]
pub(super) struct Observed {
    pub(super) schema: Option<StructType>,
    pub(super) rows: Option<Vec<Vec<Value>>>,
    pub(super) partitions: Option<usize>,
}

/// Why a case did not come to its end.
pub(super) enum Ended {
    /// By an error that the user of the engine sees, as the observation tells it.
    Error(Value),
    /// It cannot be run at all.
    Broken(String),
}

/// How far a case has come.
struct Progress {
    session: Session,
    registered: Py<PyList>,
    loaded: Option<DataFrame>,
}

impl Ended {
    fn at(phase: Phase) -> impl Fn(SparkError) -> Self {
        move |error| Self::Error(spark_error(phase, &error))
    }
}

impl Course<'_> {
    /// Runs the case to its end, or to its first error.
    pub(super) fn run(&self, observed: &mut Observed) -> Result<(), Ended> {
        let registered = Python::attach(|py| PyList::empty(py).unbind());
        let mut progress = Progress { session: self.session()?, registered, loaded: None };
        self.register(&mut progress, self.case.register.as_deref())?;
        match &self.case.steps {
            None => self.load(&mut progress, &self.case.read, self.case.query.is_some().then_some("source"))?,
            Some(steps) => steps.iter().try_for_each(|step| self.step(&mut progress, step))?,
        }
        let frame = match (&self.case.query, progress.loaded) {
            (Some(query), _) => self.tokio.block_on(progress.session.sql(query)).map_err(Ended::at(Phase::Plan))?,
            (None, Some(loaded)) => loaded,
            (None, None) => return Err(Ended::Broken("the case observes what was loaded, and loads nothing".into())),
        };
        self.observe(&frame, observed)
    }

    /// Another session of the application, with the case's settings.
    fn session(&self) -> Result<Session, Ended> {
        let session = self.application.new_session();
        for (key, value) in &self.case.conf {
            session.set_conf(key, &option_text(value)).map_err(Ended::at(Phase::Register))?;
        }
        Ok(session)
    }

    fn step(&self, progress: &mut Progress, step: &WireStep) -> Result<(), Ended> {
        match step {
            WireStep::Load { view, read } => self.load(progress, read, Some(view)),
            WireStep::Sql(statement) => {
                let run = progress.session.sql(statement);
                let frame = self.tokio.block_on(run).map_err(|error| {
                    // A statement may read: `CACHE TABLE`.
                    let phase = if error.exception == ExceptionClass::Python { Phase::Read } else { Phase::Plan };
                    Ended::at(phase)(error)
                })?;
                self.observe(&frame, &mut Observed::default())
            }
            WireStep::Register(expressions) => self.register(progress, Some(expressions)),
            WireStep::NewSession {} => {
                progress.session = self.session()?;
                Ok(())
            }
        }
    }

    fn register(&self, progress: &mut Progress, expressions: Option<&[String]>) -> Result<(), Ended> {
        Python::attach(|py| {
            let sources = self.module.bind(py).call_method1("sources", (expressions.map(<[String]>::to_vec),));
            let sources = sources.and_then(|sources| Ok(sources.cast_into::<PyList>()?)).map_err(|error| {
                let shown = traceback(py, &error, TracebackStyle::Full);
                Ended::Broken(format!("the case's Python failed: {shown}"))
            })?;
            for class in sources {
                if let Err(error) = progress.registered.bind(py).append(&class) {
                    return Err(Ended::Broken(error.to_string()));
                }
                match progress.session.register_data_source(&class) {
                    Ok(_) => {}
                    Err(RegisterError::Python(error)) => return Err(Ended::Error(python_error(py, &error))),
                    Err(RegisterError::Spark(error)) => return Err(Ended::at(Phase::Register)(error)),
                }
            }
            Ok(())
        })
    }

    fn load(&self, progress: &mut Progress, read: &WireRead, view: Option<&str>) -> Result<(), Ended> {
        let format = match &read.format {
            Some(format) => format.clone(),
            None => Python::attach(|py| {
                let default = self.python.bind(py).call_method1("default_format", (&progress.registered,));
                default
                    .and_then(|name| name.extract())
                    .map_err(|error| Ended::Broken(format!("the case names no format: {error}")))
            })?,
        };
        let loaded = load(&progress.session, read, format).map_err(Ended::at(Phase::Load))?;
        if let Some(view) = view {
            loaded.create_or_replace_temp_view(view).map_err(Ended::at(Phase::Plan))?;
        }
        progress.loaded = Some(loaded);
        Ok(())
    }

    fn observe(&self, frame: &DataFrame, observed: &mut Observed) -> Result<(), Ended> {
        let schema = frame.schema().map_err(Ended::at(Phase::Plan))?;
        observed.schema = Some(schema.clone());
        let plan = self.tokio.block_on(frame.plan()).map_err(Ended::at(Phase::Plan))?;
        let batches = self.tokio.block_on(plan.collect()).map_err(Ended::at(Phase::Read))?;
        let mut rows = Vec::new();
        for batch in &batches {
            rows.extend(row_values(batch, &schema).map_err(Ended::at(Phase::Read))?);
        }
        observed.rows = Some(rows);
        observed.partitions = self.case.count_partitions.then(|| plan.partition_count());
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
