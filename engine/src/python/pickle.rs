//! Pickling by PySpark's own cloudpickle, so that what can be pickled, and the error when it can't, is PySpark's.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyBytes;
use serde::{Deserialize, Serialize};

static SERIALIZER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// A pickled Python object. Cheap to clone; holds no reference into the interpreter.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pickled(Arc<[u8]>);

impl std::fmt::Debug for Pickled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pickled({} bytes)", self.0.len())
    }
}

impl Pickled {
    /// Takes the bytes of a pickle as they are.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Pickles an object by value where it has to (classes of `__main__`, lambdas).
    ///
    /// # Errors
    /// `_pickle.PicklingError` with PySpark's text.
    pub fn dump(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let bytes = serializer(object.py())?.call_method1("dumps", (object,))?;
        Ok(Self(bytes.cast::<PyBytes>()?.as_bytes().into()))
    }

    /// The object again. Unpickling runs code: the bytes must come from somebody whom the process trusts.
    ///
    /// # Errors
    /// Whatever unpickling raises.
    pub fn load<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        serializer(py)?.call_method1("loads", (PyBytes::new(py, &self.0),))
    }
}

fn serializer(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    SERIALIZER
        .get_or_try_init(py, || {
            Ok(py.import("pyspark.serializers")?.getattr("CloudPickleSerializer")?.call0()?.unbind())
        })
        .map(|serializer| serializer.bind(py))
}
