//! A session with the data sources of a Python text, for the tests of the engine.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use seatrial_engine::error::SparkError;
use seatrial_engine::python::interpreter::PythonRuntime;
use seatrial_engine::session::{DataFrame, EngineSettings, Session};

/// Registers the class `Source` of a Python text and loads it.
pub fn load_with(python: &str, settings: EngineSettings) -> DataFrame {
    let session = Session::try_with_settings(settings).unwrap();
    register(&session, python);
    session.read().format("Source").load(&[]).unwrap()
}

/// As [`load_with`], with the default settings.
pub fn load(python: &str) -> DataFrame {
    load_with(python, EngineSettings::default())
}

/// Registers the class `Source` of a Python text.
pub fn register(session: &Session, python: &str) {
    Python::attach(|py| {
        let names = PyDict::new(py);
        names.set_item("__name__", "__main__").unwrap();
        let prelude = "from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition\n";
        let text = std::ffi::CString::new(format!("{prelude}{python}")).unwrap();
        py.run(&text, Some(&names), None).unwrap();
        session.register_data_source(&names.get_item("Source").unwrap().unwrap()).unwrap();
    });
}

/// A source with one partition for each number below `partitions`, whose `read(self, partition)` has this body.
pub fn source(schema: &str, partitions: usize, read: &str) -> String {
    let body = read.lines().map(|line| format!("        {line}\n")).collect::<String>();
    format!(
        "class Reader(DataSourceReader):
    def partitions(self):
        return [InputPartition(n) for n in range({partitions})]
    def read(self, partition):
{body}
class Source(DataSource):
    def schema(self):
        return {schema:?}
    def reader(self, schema):
        return Reader()
"
    )
}

/// The names of this process's threads that run Python for the engine.
pub fn python_threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("seatrial-")).collect()
}

/// Starts Python, for tests that need it before a session.
pub fn start_python() -> Result<&'static PythonRuntime, SparkError> {
    PythonRuntime::get()
}
