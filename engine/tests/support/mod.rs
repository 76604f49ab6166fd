//! A session with the data sources of a Python text, for the tests of the engine.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use seatrial_engine::session::{DataFrame, EngineSettings, Session};

/// Registers the class `Source` of a Python text and loads it.
pub(crate) fn load_with(python: &str, settings: EngineSettings) -> DataFrame {
    let session = Session::try_with_settings(settings).unwrap();
    register(&session, python);
    session.read().format("Source").load(&[]).unwrap()
}

/// As [`load_with`], with the default settings.
pub(crate) fn load(python: &str) -> DataFrame {
    load_with(python, EngineSettings::default())
}

/// Registers the class `Source` of a Python text.
pub(crate) fn register(session: &Session, python: &str) {
    Python::attach(|py| {
        let names = PyDict::new(py);
        names.set_item("__name__", "__main__").unwrap();
        // numpy starts threads of its own, which inherit the name of the thread that first imports it.
        py.import("pyspark.sql.worker.plan_data_source_read").unwrap();
        let prelude = "from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition\n";
        let text = std::ffi::CString::new(format!("{prelude}{python}")).unwrap();
        py.run(&text, Some(&names), None).unwrap();
        session.register_data_source(&names.get_item("Source").unwrap().unwrap()).unwrap();
    });
}

/// A source with one partition for each number below `partitions`, whose `read(self, partition)` has this body.
pub(crate) fn source(schema: &str, partitions: usize, read: &str) -> String {
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

/// The names of this process's threads that run Python for the engine. The kernel may list a joined thread for a moment.
pub(crate) fn python_threads() -> Vec<String> {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(2);
    loop {
        let threads = listed_threads();
        if threads.is_empty() || std::time::Instant::now() > patience {
            return threads;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn listed_threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).filter(|name| name.starts_with("seatrial-")).collect()
}
