//! What the interpreter knows of a session's files.

use std::io::{Error, Result};
use std::path::Path;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

/// Lets modules be imported from a folder or an archive; what is installed comes first.
pub(super) fn add(place: &Path) -> Result<()> {
    with_python(|py| {
        let path = sys_path(py)?;
        if !path.contains(place)? {
            path.append(place.as_os_str())?;
        }
        py.import("importlib")?.call_method0("invalidate_caches").map(drop)
    })
}

/// Unpacks an archive, zip or tar by its name. What would land outside of the folder is refused by Python.
pub(super) fn unpack(archive: &Path, folder: &Path) -> Result<()> {
    with_python(|py| {
        let name = archive.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let arguments = PyDict::new(py);
        // Java's archives are zip files.
        if name.ends_with(".zip") || name.ends_with(".jar") {
            arguments.set_item("format", "zip")?;
        } else {
            arguments.set_item("filter", "data")?;
        }
        py.import("shutil")?.call_method("unpack_archive", (archive, folder), Some(&arguments)).map(drop)
    })
}

/// Lets `SparkFiles.get` find files in a folder: that of the session that sent files last.
pub(super) fn set_files(folder: &Path) -> Result<()> {
    with_python(|py| {
        // The client's package alone does not have it, and then no source can ask for it.
        let Ok(module) = py.import("pyspark.core.files") else { return Ok(()) };
        let files = module.getattr("SparkFiles")?;
        files.setattr("_root_directory", folder.as_os_str())?;
        files.setattr("_is_running_on_worker", true)
    })
}

/// Forgets a session's folder, and the modules that came from it.
pub(super) fn forget(folder: &Path) {
    let forgotten = with_python(|py| {
        let inside = |path: &str| Path::new(path).starts_with(folder);
        let path = sys_path(py)?;
        for index in (0..path.len()).rev() {
            if path.get_item(index)?.extract::<String>().is_ok_and(|place| inside(&place)) {
                path.del_item(index)?;
            }
        }
        let sys = py.import("sys")?;
        let importers: Bound<'_, PyDict> = sys.getattr("path_importer_cache")?.cast_into()?;
        for place in importers.keys() {
            if place.extract::<String>().is_ok_and(|place| inside(&place)) {
                importers.del_item(place)?;
            }
        }
        let modules: Bound<'_, PyDict> = sys.getattr("modules")?.cast_into()?;
        for (name, module) in modules.copy()?.iter() {
            let file = module.getattr("__file__").and_then(|file| file.extract::<String>());
            if file.is_ok_and(|file| inside(&file)) {
                modules.del_item(name)?;
            }
        }
        Ok(())
    });
    if let Err(error) = forgotten {
        tracing::warn!("modules of a session stay: {error}");
    }
}

fn sys_path(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    Ok(py.import("sys")?.getattr("path")?.cast_into()?)
}

fn with_python<T>(work: impl for<'py> FnOnce(Python<'py>) -> PyResult<T>) -> Result<T> {
    Python::attach(work).map_err(|error| Error::other(error.to_string()))
}
