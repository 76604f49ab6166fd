//! The processes of a Spark Connect server, each as a function that returns when the process is to end.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use seatrial_connect::ServerOptions;
use seatrial_connect::process::{self, Ended, Fault, Owner, ProcessError, ServingCommand};

/// What a server is to be like.
#[pyclass(frozen, name = "ServerOptions", module = "seatrial._native")]
pub(crate) struct NativeServerOptions(ServerOptions);

#[pymethods]
impl NativeServerOptions {
    /// Checks the address; the files of the certificate and its key go together.
    #[new]
    #[pyo3(signature = (host, port, token=None, tls=None))]
    fn new(host: &str, port: i64, token: Option<String>, tls: Option<(PathBuf, PathBuf)>) -> PyResult<Self> {
        let host: IpAddr =
            host.parse().map_err(|_| PyValueError::new_err(format!("{host:?} is no IP address, such as 127.0.0.1")))?;
        let port = u16::try_from(port).map_err(|_| PyValueError::new_err(format!("{port} is no port")))?;
        Ok(Self(ServerOptions { host, port, token, tls, ..ServerOptions::default() }))
    }
}

/// Has the address served by processes that `command` starts, for the owner with this process id at stdin if there is one; the
/// exit code.
#[pyfunction]
#[pyo3(signature = (options, command, owner=None))]
pub(crate) fn supervise(
    py: Python<'_>,
    options: &NativeServerOptions,
    command: Vec<OsString>,
    owner: Option<u32>,
) -> PyResult<i32> {
    let mut command = command.into_iter();
    let program = command.next().ok_or_else(|| PyValueError::new_err("the command is empty"))?;
    let command = ServingCommand { program: program.into(), arguments: command.collect() };
    let owner = owner.map(Owner::at_stdin).transpose()?;
    match py.detach(|| process::supervise(&options.0, &command, owner)).map_err(error)? {
        Ended::Asked => Ok(0),
        Ended::Failed(code) => Ok(code.filter(|code| *code != 0).unwrap_or(1)),
    }
}

/// Serves on the listening socket with this number, until the supervisor at stdin hangs up; the exit code.
#[pyfunction]
pub(crate) fn serve(
    py: Python<'_>,
    options: &NativeServerOptions,
    listener: i32,
    replaces_crashed: bool,
) -> PyResult<i32> {
    let options = ServerOptions { replaces_crashed, ..options.0.clone() };
    let served = py.detach(|| process::serve(listener, &options)).map_err(error)?;
    Ok(i32::from(!served))
}

fn error(error: ProcessError) -> PyErr {
    match error.fault {
        Fault::Option => PyValueError::new_err(error.message),
        Fault::System => PyOSError::new_err(error.message),
        Fault::Internal => PyRuntimeError::new_err(error.message),
    }
}
