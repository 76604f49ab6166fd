//! How much the way from a Python source to Arrow costs, measured against what nobody can avoid: running the source.
//!
//! `cargo bench -p seatrial-engine --bench read_path` (`-- tuples` for some only) prints times and ratios, and merges the
//! ratios into `target/bench.json`, from where `ci/bench.py` compares them with `ci/bench-limits.json`. The variants of a
//! measurement take turns, so that a busy machine slows all of them; a ratio is that of the shortest times.

mod report;

use std::error::Error;
use std::ffi::CStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyDict;
use seatrial_engine::datasource::convert::{BatchReader, ReadSpec};
use seatrial_engine::python::interpreter::PythonRuntime;
use seatrial_engine::types::StructType;
use seatrial_engine::types::arrow::to_table_schema;
use serde_json::{Map, Value};

/// Rows of a batch: what the engine takes by default.
const BATCH_SIZE: usize = 8192;
/// Rows of a batch in PySpark, as Spark's own default has it.
const PYSPARK_BATCH_SIZE: usize = 10_000;

/// What the sources of [`report::GENERATORS`] are compared with. Taking a batch over costs some four microseconds whatever
/// its size: batches of two megabytes, as there, hide that, those of a few thousand rows do not.
const SOURCES: &CStr = cr#"
import collections

from pyspark.sql.datasource import DataSource
from pyspark.sql.types import _parse_datatype_json_string as parse_schema
from pyspark.sql.worker.plan_data_source_read import records_to_arrow_batches

source = DataSource({})

def pyspark(elements, batch_size, schema):
    collections.deque(records_to_arrow_batches(elements, batch_size, schema, source), maxlen=0)
"#;

fn main() -> Result<(), Box<dyn Error>> {
    PythonRuntime::get()?;
    let ratios = Python::attach(measure)?;
    report::merge(&ratios)?;
    Ok(())
}

fn measure(py: Python<'_>) -> Result<Map<String, Value>, Box<dyn Error>> {
    let globals = PyDict::new(py);
    py.run(report::GENERATORS, Some(&globals), None)?;
    py.run(SOURCES, Some(&globals), None)?;
    let bench = Bench { py, globals };
    let mut ratios = Map::new();

    if wanted("tuples") {
        let tuples = Relation::new(&bench, "id bigint, name string, score double")?;
        let [drain, ours, pyspark] = bench.interleave(
            9,
            [
                ("tuples: drain the generator", &|| bench.drain("tuples")),
                ("tuples: read them", &|| bench.read("tuples", &tuples, 1_000_000)),
                ("tuples: PySpark's own conversion", &|| bench.pyspark("tuples", &tuples)),
            ],
        )?;
        ratios.insert("tuples_over_drain".into(), report::ratio(ours, drain));
        ratios.insert("tuples_vs_pyspark".into(), report::ratio(pyspark, ours));
    }
    if wanted("batches") {
        let batches = Relation::new(&bench, "id bigint")?;
        let [drain, ours] = bench.interleave(
            101,
            [
                ("batches: drain the generator", &|| bench.drain("batches")),
                ("batches: read them", &|| bench.read("batches", &batches, 10_000_000)),
            ],
        )?;
        ratios.insert("batches_over_drain".into(), report::ratio(ours, drain));
    }

    for (name, ratio) in &ratios {
        println!("{name:<40} {ratio}");
    }
    Ok(ratios)
}

/// Whether a group is to be measured: all are, unless the command line names some.
fn wanted(group: &str) -> bool {
    let mut named = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    named.peek().is_none() || named.any(|name| name == group)
}

/// What a measurement does.
type Run<'a> = &'a dyn Fn() -> Result<(), Box<dyn Error>>;

struct Bench<'py> {
    py: Python<'py>,
    globals: Bound<'py, PyDict>,
}

/// A schema in the forms that a reader needs.
struct Relation<'py> {
    spec: Arc<ReadSpec>,
    py_schema: Bound<'py, PyAny>,
}

impl<'py> Relation<'py> {
    fn new(bench: &Bench<'py>, ddl: &str) -> Result<Self, Box<dyn Error>> {
        let schema = StructType::from_ddl(ddl)?;
        let py_schema = bench.get("parse_schema")?.call1((schema.to_json().to_string(),))?;
        let table_schema = Arc::new(to_table_schema(&schema)?);
        Ok(Self { spec: Arc::new(ReadSpec::new(schema, table_schema, BATCH_SIZE)), py_schema })
    }
}

impl<'py> Bench<'py> {
    fn get(&self, name: &str) -> PyResult<Bound<'py, PyAny>> {
        self.globals.as_any().get_item(name)
    }

    fn drain(&self, source: &str) -> Result<(), Box<dyn Error>> {
        self.get("drain")?.call1((self.get(source)?.call0()?,))?;
        Ok(())
    }

    fn pyspark(&self, source: &str, relation: &Relation<'py>) -> Result<(), Box<dyn Error>> {
        let rows = self.get(source)?.call0()?;
        self.get("pyspark")?.call1((rows, PYSPARK_BATCH_SIZE, &relation.py_schema))?;
        Ok(())
    }

    fn read(&self, source: &str, relation: &Relation<'py>, expected: usize) -> Result<(), Box<dyn Error>> {
        let mut reader = BatchReader::try_new(
            self.py,
            self.get(source)?.call0()?,
            Arc::clone(&relation.spec),
            self.get("source")?,
            relation.py_schema.clone(),
        )?;
        let mut rows = 0;
        while let Some(batch) = reader.next_batch(self.py)? {
            rows += batch.num_rows();
        }
        if rows == expected { Ok(()) } else { Err(format!("{rows} rows came out of {expected}").into()) }
    }

    /// Runs the variants in turns. Prints each one's shortest and middle time and returns the shortest.
    fn interleave<const N: usize>(
        &self,
        repetitions: usize,
        variants: [(&str, Run<'_>); N],
    ) -> Result<[Duration; N], Box<dyn Error>> {
        let mut times = variants.map(|_| Vec::with_capacity(repetitions));
        self.py.import("gc")?.call_method0("collect")?;
        for _ in 0..repetitions {
            for ((_, run), times) in variants.iter().zip(&mut times) {
                let start = Instant::now();
                run()?;
                times.push(start.elapsed());
            }
        }
        let mut shortest = [Duration::ZERO; N];
        for (((name, _), times), shortest) in variants.iter().zip(&mut times).zip(&mut shortest) {
            times.sort_unstable();
            *shortest = times[0];
            println!("{name:<40} min {:>8.2?}  median {:>8.2?}", times[0], times[times.len() / 2]);
        }
        Ok(shortest)
    }
}
