//! Starts the embedded interpreter with the packages of a virtual environment, and tells what it is.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::error::{ExceptionClass, SparkError};

/// Names the interpreter whose packages the engine uses: a path to a `python` executable.
pub const PYTHON_VARIABLE: &str = "SEATRIAL_PYTHON";

/// The interpreter in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonRuntime {
    /// `3.11`.
    pub minor_version: String,
    /// `3.11.7`.
    pub version: String,
    /// Whether it was built without the GIL (PEP 703).
    pub free_threaded: bool,
    /// The installed PySpark, such as `4.2.0`.
    pub pyspark: String,
}

static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
static RUNTIME: PyOnceLock<PythonRuntime> = PyOnceLock::new();

impl PythonRuntime {
    /// Starts the interpreter unless one runs (as in an extension module) and describes it.
    ///
    /// # Errors
    /// When the interpreter does not start, or has no PySpark 4.
    pub fn get() -> Result<&'static Self, SparkError> {
        STARTED
            .get_or_init(
                || if is_running() { Ok(()) } else { start(executable().as_deref()).and_then(|()| name_main()) },
            )
            .as_ref()
            .map_err(|reason| SparkError::plain(ExceptionClass::Spark, format!("Python did not start: {reason}")))?;
        Python::attach(|py| RUNTIME.get_or_try_init(py, || describe(py)))
    }

    /// `major.minor` of PySpark, for the rules that differ between versions.
    pub fn spark_minor(&self) -> (u32, u32) {
        let mut parts = self.pyspark.split('.').map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    }
}

/// `major.minor` of the PySpark in use; of the newest known one where none can be found.
pub fn spark_minor() -> (u32, u32) {
    PythonRuntime::get().map_or((4, 3), PythonRuntime::spark_minor)
}

/// The user of the operating system that runs the process, as the JVM tells it.
///
/// # Errors
/// When Python does not run, or the user has no name.
pub fn os_user() -> Result<String, SparkError> {
    PythonRuntime::get()?;
    let name = Python::attach(|py| -> PyResult<String> {
        let user = py.import("os")?.call_method0("getuid")?;
        py.import("pwd")?.call_method1("getpwuid", (user,))?.getattr("pw_name")?.extract()
    });
    name.map_err(|error| SparkError::plain(ExceptionClass::Spark, format!("the user has no name: {error}")))
}

fn is_running() -> bool {
    // SAFETY: may be called at any time, before initialisation too.
    unsafe { pyo3::ffi::Py_IsInitialized() != 0 }
}

/// The interpreter to take the packages from: `SEATRIAL_PYTHON`, an active virtual environment, or that of the build.
pub fn executable() -> Option<PathBuf> {
    let named = std::env::var_os(PYTHON_VARIABLE).map(PathBuf::from);
    let active = std::env::var_os("VIRTUAL_ENV").map(|root| Path::new(&root).join("bin/python"));
    let built = option_env!("SEATRIAL_BUILD_PYTHON").map(PathBuf::from);
    named.or_else(|| active.filter(|path| has_pyspark(path))).or(built).filter(|path| path.exists())
}

fn has_pyspark(python: &Path) -> bool {
    let Some(root) = python.parent().and_then(Path::parent) else { return false };
    let Ok(versions) = std::fs::read_dir(root.join("lib")) else { return false };
    versions.flatten().any(|entry| entry.path().join("site-packages/pyspark").is_dir())
}

/// Initialises Python as if `executable` had been started, so that its virtual environment is found by Python's own rules.
fn start(executable: Option<&Path>) -> Result<(), String> {
    let program = executable
        .map(|path| CString::new(path.as_os_str().as_bytes()).map_err(|_| "its path holds a NUL byte".to_owned()))
        .transpose()?;
    // SAFETY: no interpreter runs (checked by the caller under a lock). `config` is initialised before it is read,
    // cleared on every path, and its strings are copied by PyConfig_SetBytesString. After success this thread owns
    // the GIL, which PyEval_SaveThread gives up for good.
    unsafe {
        let mut config = std::mem::MaybeUninit::<pyo3::ffi::PyConfig>::uninit();
        pyo3::ffi::PyConfig_InitPythonConfig(config.as_mut_ptr());
        let mut config = config.assume_init();
        config.parse_argv = 0;
        config.install_signal_handlers = 0;
        let mut status = pyo3::ffi::PyStatus_Ok();
        if let Some(program) = &program {
            let slot = &raw mut config.executable;
            status = pyo3::ffi::PyConfig_SetBytesString(&raw mut config, slot, program.as_ptr());
        }
        if pyo3::ffi::PyStatus_Exception(status) == 0 {
            status = pyo3::ffi::Py_InitializeFromConfig(&raw const config);
        }
        pyo3::ffi::PyConfig_Clear(&raw mut config);
        if pyo3::ffi::PyStatus_Exception(status) != 0 {
            let reason = if status.err_msg.is_null() {
                "no reason given".to_owned()
            } else {
                std::ffi::CStr::from_ptr(status.err_msg).to_string_lossy().into_owned()
            };
            return Err(reason);
        }
        pyo3::ffi::PyEval_SaveThread();
    }
    Ok(())
}

/// Gives the main module a file: PySpark takes a main module without one for a run of its doctests.
fn name_main() -> Result<(), String> {
    Python::attach(|py| py.import("__main__")?.setattr("__file__", "<seatrial>")).map_err(|error| error.to_string())
}

fn describe(py: Python<'_>) -> Result<PythonRuntime, SparkError> {
    let info = py.version_info();
    let pyspark = (|| -> PyResult<String> { py.import("pyspark.version")?.getattr("__version__")?.extract() })()
        .map_err(|error| {
            SparkError::plain(
                ExceptionClass::Spark,
                format!(
                    "Python {} has no usable PySpark: {error}. Install it (pip install 'pyspark-client>=4.0'), or set \
                     {PYTHON_VARIABLE} to a Python that has it.",
                    Python::version_str()
                ),
            )
        })?;
    let free_threaded = py
        .import("sysconfig")
        .and_then(|module| module.call_method1("get_config_var", ("Py_GIL_DISABLED",)))
        .and_then(|value| value.is_truthy())
        .unwrap_or(false);
    Ok(PythonRuntime {
        minor_version: format!("{}.{}", info.major, info.minor),
        version: format!("{}.{}.{}", info.major, info.minor, info.patch),
        free_threaded,
        pyspark,
    })
}
