//! The Spark Connect server as a Python object.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use seatrial_connect::{Server, ServerError, ServerOptions};

use crate::errors::raise;

/// A running server.
#[pyclass(frozen, name = "ConnectServer", module = "seatrial._native")]
pub(crate) struct NativeServer {
    url: String,
    server: Mutex<Option<Server>>,
}

#[pymethods]
impl NativeServer {
    /// Starts a server; the files of the certificate and its key go together.
    #[new]
    #[pyo3(signature = (host, port, token=None, tls=None))]
    fn new(
        py: Python<'_>,
        host: &str,
        port: u16,
        token: Option<String>,
        tls: Option<(PathBuf, PathBuf)>,
    ) -> PyResult<Self> {
        let host: IpAddr =
            host.parse().map_err(|_| PyValueError::new_err(format!("{host:?} is no IP address, such as 127.0.0.1")))?;
        let options = ServerOptions { host, port, token, tls, ..ServerOptions::default() };
        let server = py.detach(|| Server::start(&options)).map_err(|error| match error {
            ServerError::Engine(error) => raise(py, &error),
            error @ (ServerError::File { .. } | ServerError::Bind { .. }) => PyOSError::new_err(error.to_string()),
            error @ ServerError::Threads(_) => PyRuntimeError::new_err(error.to_string()),
            error => PyValueError::new_err(error.to_string()),
        })?;
        Ok(Self { url: server.url(), server: Mutex::new(Some(server)) })
    }

    /// What a client on this machine connects to.
    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    /// Stops it; nothing happens if it was stopped.
    fn stop(&self, py: Python<'_>) {
        let server = self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Its threads may be waiting for the GIL.
        py.detach(|| drop(server));
    }
}

impl Drop for NativeServer {
    fn drop(&mut self) {
        let server = self.server.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // Python drops objects with the GIL, for which the server's threads may be waiting.
        Python::attach(|py| py.detach(|| drop(server)));
    }
}
