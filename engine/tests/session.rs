//! The session from end to end: register, load, query; plans that explain themselves and can be sent away.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use pyo3::prelude::*;
use seatrial_engine::datasource::exec::PythonDataSourceExec;
use seatrial_engine::error::SparkError;
use seatrial_engine::executor::{InProcessExecutor, PickledClass};
use seatrial_engine::python::interpreter::PythonRuntime;
use seatrial_engine::python::pickle::Pickled;
use seatrial_engine::session::{DataFrame, Session};
use support::{load, python_threads, register, source};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap().block_on(future)
}

fn longs(batches: &[RecordBatch]) -> Vec<i64> {
    batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
}

fn query(frame: &DataFrame, sql: &str) -> Result<Vec<RecordBatch>, SparkError> {
    frame.create_or_replace_temp_view("source")?;
    run(async { frame.session().sql(sql).await?.collect().await })
}

const COUNTING: &str = "for n in range(3):\n    yield (partition.value * 10 + n, f'row {n}')";

#[test]
fn partitions_are_read_side_by_side_and_returned_in_order() {
    let frame = load(&source("Id long, name string", 3, COUNTING));
    assert_eq!(longs(&run(frame.collect()).unwrap()), [0, 1, 2, 10, 11, 12, 20, 21, 22]);
    assert_eq!(python_threads(), Vec::<String>::new());
}

#[test]
fn columns_and_views_are_found_in_any_case_and_named_as_the_query_spells_them() {
    let frame = load(&source("Id long, name string", 2, COUNTING));
    let batches = query(&frame, "SELECT iD FROM SOURCE WHERE `ID` > 1 AND NAME = 'row 1'").unwrap();
    assert_eq!(longs(&batches), [11]);
    assert_eq!(batches[0].schema().field(0).name(), "iD");
    let batches = query(&frame, "SELECT s.ID AS Total FROM source s ORDER BY Total DESC LIMIT 1").unwrap();
    assert_eq!(longs(&batches), [12]);
    assert_eq!(batches[0].schema().field(0).name(), "Total");
}

#[test]
fn an_unknown_column_is_spark_s_error_with_suggestions() {
    let error = query(&load(&source("Id long, name string", 1, COUNTING)), "SELECT nam FROM source").unwrap_err();
    assert_eq!(error.condition.as_deref(), Some("UNRESOLVED_COLUMN.WITH_SUGGESTION"));
    assert_eq!(error.parameters["objectName"], "`nam`");
    assert!(error.parameters["proposal"].starts_with("`name`"), "{}", error.parameters["proposal"]);
}

#[test]
fn the_plan_names_its_partitions() {
    let frame = load(&source("Id long, name string", 3, COUNTING));
    let plan = run(frame.explain()).unwrap();
    assert!(plan.contains("PythonDataSourceExec: partitions=3, source=Source"), "{plan}");
}

#[test]
fn a_scan_that_was_sent_away_reads_the_same() {
    let frame = load(&source("Id long, name string", 3, COUNTING));
    let plan = run(frame.plan()).unwrap();
    let mut node = plan.physical_plan();
    while let [child] = node.children()[..] {
        node = child;
    }
    let scan: &PythonDataSourceExec = node.downcast_ref().unwrap();
    let bytes = scan.to_bytes().unwrap();
    let received =
        PythonDataSourceExec::try_from_bytes(&bytes, Arc::new(InProcessExecutor::try_new().unwrap())).unwrap();
    assert_eq!(received.partition_count(), 3);
    let batches = run(async {
        use datafusion::physical_plan::ExecutionPlan;
        received.execute(1, Arc::default()).unwrap().try_collect::<Vec<_>>().await.unwrap()
    });
    assert_eq!(longs(&batches), [10, 11, 12]);
    assert!(PythonDataSourceExec::try_from_bytes(b"{}", Arc::new(InProcessExecutor::try_new().unwrap())).is_err());
}

/// The address of the values in Python is that of the values in Rust: nothing was copied on the way.
#[test]
fn a_record_batch_is_not_copied() {
    let frame = load(&source(
        "address long",
        1,
        "import pyarrow as pa\nvalues = pa.array([0], pa.int64())\nimport numpy as np\nnumbers = np.zeros(4, dtype='int64')\nnumbers[:] = numbers.ctypes.data\nyield pa.RecordBatch.from_arrays([pa.array(numbers)], names=['address'])",
    ));
    let batches = run(frame.collect()).unwrap();
    let values = batches[0].column(0).as_primitive::<Int64Type>().values();
    assert_eq!(values[0], values.as_ptr() as i64);
}

#[test]
fn sessions_know_only_what_was_registered_in_them() {
    let session = Session::try_new().unwrap();
    register(&session, &source("id long", 1, "yield (1,)"));
    let other = session.new_session();
    assert!(session.read().format("SOURCE").load(&[]).is_ok());
    let error = other.read().format("Source").load(&[]).unwrap_err();
    assert_eq!(error.condition.as_deref(), Some("DATA_SOURCE_NOT_FOUND"));
    assert_eq!(error.parameters["provider"], "Source");
}

#[test]
fn a_class_of_another_python_is_refused_when_it_is_loaded() {
    let session = Session::try_new().unwrap();
    let class = PickledClass { class: Pickled::from_bytes(*b"\x80\x05N."), python_version: "3.1".to_owned() };
    session.register_pickled("old", class).unwrap();
    let error = session.read().format("old").load(&[]).unwrap_err();
    assert_eq!(error.condition.as_deref(), Some("PYTHON_DATA_SOURCE_ERROR"));
    let ours = &PythonRuntime::get().unwrap().minor_version;
    assert!(error.message.contains("PYTHON_VERSION_MISMATCH"), "{}", error.message);
    assert!(error.message.contains("3.1") && error.message.contains(ours), "{}", error.message);
}

#[test]
fn a_pickled_class_is_registered_like_a_class() {
    let session = Session::try_new().unwrap();
    let class = Python::attach(|py| {
        let names = pyo3::types::PyDict::new(py);
        names.set_item("__name__", "__main__").unwrap();
        py.run(
            c"from pyspark.sql.datasource import DataSource, DataSourceReader\nclass R(DataSourceReader):\n    def read(self, partition):\n        yield (7,)\nclass Pickled(DataSource):\n    def schema(self):\n        return 'id long'\n    def reader(self, schema):\n        return R()\n",
            Some(&names),
            None,
        )
        .unwrap();
        Pickled::dump(&names.get_item("Pickled").unwrap().unwrap()).unwrap()
    });
    let version = PythonRuntime::get().unwrap().minor_version.clone();
    session.register_pickled("Pickled", PickledClass { class, python_version: version }).unwrap();
    let frame = session.read().format("pickled").load(&[]).unwrap();
    assert_eq!(longs(&run(frame.collect()).unwrap()), [7]);
}

#[test]
fn a_failure_in_a_task_carries_the_user_s_exception() {
    let error = run(load(&source("id long", 1, "yield (1,)\nraise KeyError('gone')")).collect()).unwrap_err();
    assert_eq!(error.condition.as_deref(), Some("PYTHON_EXCEPTION"));
    assert_eq!(error.sql_state.as_deref(), Some("38000"));
    assert!(error.message.contains("KeyError: 'gone'"), "{}", error.message);
}

/// A source that keeps every filter it can, and writes down what it is asked to a file.
fn recording(calls: &std::path::Path) -> String {
    format!(
        "def called(name):
    with open({calls:?}, 'a') as calls:
        calls.write(name + ' ')
class Reader(DataSourceReader):
    def pushFilters(self, filters):
        called('pushFilters')
        return list(filters)
    def partitions(self):
        return [InputPartition(n) for n in range(2)]
    def read(self, partition):
        called('read')
        yield from [(1, partition.value), (2, partition.value), (3, partition.value)]
class Source(DataSource):
    def schema(self):
        return 'id long, part long'
    def reader(self, schema):
        called('reader')
        return Reader()
"
    )
}

/// FLT-REPEAT, with operators that keep state while they run: sorts, joins, aggregations, limits.
#[test]
fn a_query_that_is_collected_again_is_not_planned_again() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let session = Session::try_new().unwrap();
    session.set_conf("spark.sql.python.filterPushdown.enabled", "true").unwrap();
    register(&session, &recording(file.path()));
    session.read().format("source").load(&[]).unwrap().create_or_replace_temp_view("source").unwrap();
    let calls = || {
        let text = std::fs::read_to_string(file.path()).unwrap();
        std::fs::write(file.path(), "").unwrap();
        let of = |name: &str| text.split(' ').filter(|call| *call == name).count();
        [of("reader"), of("pushFilters"), of("read")]
    };
    let pushes = usize::from(PythonRuntime::get().unwrap().spark_minor() >= (4, 1));
    let filtered = run(session.sql("SELECT id FROM source WHERE id > 1")).unwrap();
    for again in [false, true] {
        assert_eq!(longs(&run(filtered.collect()).unwrap()), [2, 3, 2, 3]);
        let planned = usize::from(!again);
        assert_eq!(calls(), [planned, planned * pushes, 2]);
    }
    let text = "SELECT a.id, count(*) AS n FROM source a JOIN source b ON a.id = b.id AND a.part = b.part \
                WHERE a.id > 1 GROUP BY a.id ORDER BY a.id DESC LIMIT 2";
    let joined = run(session.sql(text)).unwrap();
    let copy = joined.clone();
    for frame in [&joined, &copy, &joined] {
        assert_eq!(longs(&run(frame.collect()).unwrap()), [3, 2]);
    }
    let [readers, _, reads] = calls();
    assert_eq!((readers <= 2, reads), (true, 12));
    assert_eq!(longs(&run(async { session.sql(text).await?.collect().await }).unwrap()), [3, 2]);
}

#[test]
fn an_unfinished_run_leaves_nothing_to_the_next() {
    let frame = load(&source("Id long, name string", 3, COUNTING));
    frame.create_or_replace_temp_view("source").unwrap();
    let sorted = run(frame.session().sql("SELECT id FROM source WHERE id > 0 ORDER BY id LIMIT 4")).unwrap();
    run(async {
        let mut stream = sorted.plan().await.unwrap().execute(0).unwrap();
        assert_eq!(stream.try_next().await.unwrap().map(|batch| batch.num_rows() > 0), Some(true));
    });
    assert_eq!(longs(&run(sorted.collect()).unwrap()), [1, 2, 10, 11]);
}
