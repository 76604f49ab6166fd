//! Waiting for the engine without the GIL, and giving up when the user presses Ctrl-C.

use std::sync::OnceLock;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use seatrial_engine::error::SparkError;
use tokio::runtime::Runtime;

use crate::errors::raise;

/// How often a waiting thread looks for signals, which Python handles in the main thread only.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// Runs the engine's future to its end. An interrupt drops it, which stops the partitions that are being read.
pub(crate) fn wait<T: Send>(py: Python<'_>, future: impl Future<Output = Result<T, SparkError>> + Send) -> PyResult<T> {
    let runtime = runtime()?;
    let mut future = Box::pin(future);
    loop {
        let step =
            py.detach(|| runtime.block_on(async { tokio::time::timeout(SIGNAL_INTERVAL, future.as_mut()).await }));
        match step {
            Ok(result) => return result.map_err(|error| raise(py, &error)),
            Err(_still_running) => {
                if let Err(interrupt) = py.check_signals() {
                    // Dropping joins threads that may be waiting for the GIL.
                    py.detach(|| drop(future));
                    return Err(interrupt);
                }
            }
        }
    }
}

/// The runtime of all sessions in this process.
fn runtime() -> PyResult<&'static Runtime> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            tokio::runtime::Builder::new_multi_thread()
                .thread_name("seatrial")
                .enable_time()
                .build()
                .map_err(|error| error.to_string())
        })
        .as_ref()
        .map_err(|error| PyRuntimeError::new_err(format!("the engine's threads do not start: {error}")))
}
