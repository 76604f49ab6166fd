//! A whole read through the session (registered class, plan, thread, channel, stream), measured against running the bare
//! source; and how soon the first row of a small source is there.
//!
//! `cargo bench -p seatrial-engine --bench session` merges the ratios into `target/bench.json`.

mod report;

use std::error::Error;
use std::ffi::CStr;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use seatrial_engine::python::interpreter::PythonRuntime;
use seatrial_engine::session::Session;
use serde_json::Map;

const REPETITIONS: usize = 9;
/// What the time to the first row is compared with.
const FIRST_ROW_LIMIT: Duration = Duration::from_millis(100);

/// Three sources, each readable as a bare iterator too.
const SOURCES: &CStr = cr#"
from pyspark.sql.datasource import DataSource, DataSourceReader

def define(name, ddl, rows):
    class Reader(DataSourceReader):
        def read(self, partition):
            return rows()
    class Source(DataSource):
        @classmethod
        def name(cls):
            return name
        def schema(self):
            return ddl
        def reader(self, schema):
            return Reader()
    return Source

def small():
    yield (1,)

sources = [
    define("tuples", "id bigint, name string, score double", tuples),
    define("batches", "id bigint", batches),
    define("small", "id bigint", small),
]
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    PythonRuntime::get()?;
    let globals = Python::attach(|py| {
        let globals = PyDict::new(py);
        py.run(report::GENERATORS, Some(&globals), None)?;
        py.run(SOURCES, Some(&globals), None)?;
        PyResult::Ok(globals.unbind())
    })?;
    let session = || -> Result<Session, Box<dyn Error>> {
        let session = Session::try_new()?;
        Python::attach(|py| -> Result<(), Box<dyn Error>> {
            for class in globals.bind(py).as_any().get_item("sources")?.try_iter()? {
                session.register_data_source(&class?)?;
            }
            Ok(())
        })?;
        Ok(session)
    };
    let read = |session: &Session, name: &str, expected: usize| -> Result<(), Box<dyn Error>> {
        let batches = tokio.block_on(session.read().format(name).load(&[])?.collect())?;
        let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
        if rows == expected { Ok(()) } else { Err(format!("{rows} rows came out of {expected}").into()) }
    };
    let drain = |name: &str| -> PyResult<()> {
        Python::attach(|py| {
            let names = globals.bind(py).as_any();
            names.get_item("drain")?.call1((names.get_item(name)?.call0()?,)).map(drop)
        })
    };

    let mut ratios = Map::new();
    let reused = session()?;
    for (name, expected) in [("tuples", 1_000_000), ("batches", 10_000_000)] {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..REPETITIONS {
            times[0].push(timed(|| Ok(drain(name)?))?);
            times[1].push(timed(|| read(&reused, name, expected))?);
        }
        let [bare, ours] = times.map(shortest);
        println!("{name}: drain {bare:.2?}, read through the session {ours:.2?}");
        ratios.insert(format!("session_{name}_over_drain"), report::ratio(ours, bare));
    }
    let mut firsts = Vec::new();
    for _ in 0..REPETITIONS {
        firsts.push(timed(|| read(&session()?, "small", 1))?);
    }
    let first = shortest(firsts);
    println!("from the start of a session to the first row: {first:.2?}");
    ratios.insert("first_row_over_100ms".into(), report::ratio(first, FIRST_ROW_LIMIT));
    for (name, ratio) in &ratios {
        println!("{name:<40} {ratio}");
    }
    report::merge(&ratios)
}

fn timed(run: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let start = Instant::now();
    run()?;
    Ok(start.elapsed())
}

fn shortest(times: Vec<Duration>) -> Duration {
    times.into_iter().min().unwrap_or_default()
}
