//! Streams that are dropped, sources that sleep, and batches that belong to Python: nothing hangs and no thread is left.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures::StreamExt;
use pyo3::prelude::*;
use seatrial_engine::session::EngineSettings;
use support::{load, load_with, python_threads, source};

/// Threads are counted for the whole process, so these tests run one after another.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

fn log_source(read: &str) -> (tempfile::NamedTempFile, String) {
    let log = tempfile::NamedTempFile::new().unwrap();
    let body = format!(
        "def note(text):\n    with open({:?}, 'a') as f:\n        f.write(text + '\\n')\n{read}",
        log.path().to_str().unwrap()
    );
    let python = source("id long", 1, &body);
    (log, python)
}

fn noted(log: &tempfile::NamedTempFile) -> String {
    std::fs::read_to_string(log.path()).unwrap()
}

#[test]
fn a_limit_stops_the_generator_and_runs_its_finally() {
    let _alone = alone();
    let (log, python) = log_source(
        "def rows():\n    try:\n        n = 0\n        while True:\n            yield (n,)\n            n += 1\n    finally:\n        note('finally')\nreturn rows()",
    );
    let frame = load(&python);
    frame.create_or_replace_temp_view("s").unwrap();
    let runtime = runtime();
    let limited = runtime.block_on(frame.session().sql("SELECT * FROM s LIMIT 3")).unwrap();
    let rows: usize = runtime.block_on(limited.collect()).unwrap().iter().map(|batch| batch.num_rows()).sum();
    assert_eq!(rows, 3);
    assert_eq!(noted(&log), "finally\n");
    assert_eq!(python_threads(), Vec::<String>::new());
}

#[test]
fn a_stream_dropped_in_the_middle_stops_its_thread() {
    let _alone = alone();
    let (log, python) = log_source(
        "try:\n    n = 0\n    while True:\n        yield (n,)\n        n += 1\nfinally:\n    import time\n    time.sleep(0.1)\n    note('finally')",
    );
    let frame = load_with(&python, EngineSettings { batch_size: 10, channel_buffer: 1 });
    let runtime = runtime();
    runtime.block_on(async {
        let mut stream = frame.plan().await.unwrap().execute(0).unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().num_rows(), 10);
    });
    assert_eq!(noted(&log), "finally\n");
    assert_eq!(python_threads(), Vec::<String>::new());
}

#[test]
fn a_reader_that_sleeps_for_ever_is_interrupted() {
    let _alone = alone();
    for read in [
        "import time\ntry:\n    note('started')\n    time.sleep(1e6)\n    yield (1,)\nfinally:\n    note('finally')",
        "import time\ntry:\n    note('started')\n    while True:\n        try:\n            time.sleep(0.01)\n        except Exception:\n            pass\n    yield (1,)\nfinally:\n    note('finally')",
        "try:\n    note('started')\n    while True:\n        pass\n    yield (1,)\nfinally:\n    note('finally')",
        "from time import sleep\ntry:\n    note('started')\n    sleep(1e6)\n    return iter([])\nfinally:\n    note('finally')",
    ] {
        let (log, python) = log_source(read);
        let frame = load(&python);
        let started = Instant::now();
        runtime().block_on(async {
            let plan = frame.plan().await.unwrap();
            let asleep = async {
                while noted(&log).is_empty() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            };
            tokio::select! {
                rows = plan.collect() => panic!("the source sleeps, but gave {rows:?}: {read}"),
                () = asleep => {}
            }
        });
        assert!(started.elapsed() < Duration::from_secs(60), "{read} took {:?}", started.elapsed());
        assert_eq!(noted(&log), "started\nfinally\n", "{read}");
        assert_eq!(python_threads(), Vec::<String>::new());
    }
}

#[test]
fn a_failure_of_one_partition_stops_the_others() {
    let _alone = alone();
    let python = source(
        "id long",
        4,
        "import time\nif partition.value == 2:\n    raise ValueError('boom')\nwhile True:\n    time.sleep(0.01)\n    yield (1,)",
    );
    let error = runtime().block_on(load(&python).collect()).unwrap_err();
    assert!(error.message.contains("ValueError: boom"), "{}", error.message);
    assert_eq!(python_threads(), Vec::<String>::new());
}

#[test]
fn planning_that_hangs_is_interrupted() {
    let _alone = alone();
    let python = "
class Source(DataSource):
    def schema(self):
        return 'id long'
    def reader(self, schema):
        import time
        time.sleep(1e6)
";
    let frame = load(python);
    runtime().block_on(async {
        assert!(tokio::time::timeout(Duration::from_millis(100), frame.plan()).await.is_err());
    });
    assert_eq!(python_threads(), Vec::<String>::new());
}

/// Buffers of numpy need the GIL to be released. A producer that waited for the channel with the GIL held would never
/// let the consumer drop a batch.
#[test]
fn batches_that_belong_to_python_are_dropped_without_a_deadlock() {
    let _alone = alone();
    let python = source(
        "id long",
        4,
        "import numpy as np\nimport pyarrow as pa\nschema = pa.schema([('id', pa.int64())])\nfor n in range(500):\n    yield pa.RecordBatch.from_arrays([pa.array(np.full(100, n))], schema=schema)",
    );
    let frame = load_with(&python, EngineSettings { batch_size: 8192, channel_buffer: 1 });
    let (sender, receiver) = std::sync::mpsc::channel();
    let worker = std::thread::spawn(move || {
        let rows = runtime().block_on(async {
            let plan = frame.plan().await.unwrap();
            let counts = (0..plan.partition_count()).map(|index| {
                let mut stream = plan.execute(index).unwrap();
                tokio::spawn(async move {
                    let mut rows = 0;
                    while let Some(batch) = stream.next().await {
                        rows += batch.unwrap().num_rows();
                    }
                    rows
                })
            });
            let mut rows = 0;
            for count in counts.collect::<Vec<_>>() {
                rows += count.await.unwrap();
            }
            rows
        });
        sender.send(rows).unwrap();
    });
    // A time-out here is a deadlock there.
    let rows = receiver.recv_timeout(Duration::from_secs(60)).unwrap();
    worker.join().unwrap();
    assert_eq!(rows, 4 * 500 * 100);
    assert_eq!(python_threads(), Vec::<String>::new());
}

/// Whoever drops a stream may hold the GIL, as a Python user of the engine does.
#[test]
fn a_stream_is_dropped_by_a_thread_that_holds_the_gil() {
    let _alone = alone();
    let python = source("id long", 1, "while True:\n    yield (1,)");
    let frame = load_with(&python, EngineSettings { batch_size: 10, channel_buffer: 1 });
    let runtime = runtime();
    let stream = runtime.block_on(async {
        let mut stream = frame.plan().await.unwrap().execute(0).unwrap();
        stream.next().await.unwrap().unwrap();
        stream
    });
    Python::attach(|_| drop(stream));
    assert_eq!(python_threads(), Vec::<String>::new());
}
