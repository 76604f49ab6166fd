//! Functions that a session knows by name (`spark.udf.register`).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::Session;
use crate::error::SparkError;
use crate::udf::{CalledFunction, PythonCall, PythonFunction};

/// The functions by their names in lower case.
#[derive(Debug, Default)]
pub(super) struct UserFunctions(RwLock<BTreeMap<String, Arc<PythonFunction>>>);

impl UserFunctions {
    fn all(&self) -> BTreeMap<String, Arc<PythonFunction>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn copy_from(&self, other: &Self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = other.all();
    }

    /// Whether there is one of this name in lower case.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }

    /// Their names as they were registered, by those in lower case.
    pub(super) fn shown(&self) -> BTreeMap<String, String> {
        self.all().into_iter().map(|(name, function)| (name, function.name.clone())).collect()
    }

    /// The functions as a plan calls them.
    pub(super) fn calls(&self) -> Result<Vec<CalledFunction>, SparkError> {
        let calls = self.all().into_iter().filter(|(_, function)| function.is_called_by_name());
        calls.map(|(name, function)| Ok(PythonCall::try_new(name, function, Vec::new())?.into_function())).collect()
    }
}

impl Session {
    /// Gives a function a name that queries call it by, in the place of any that had it.
    pub fn register_function(&self, function: PythonFunction) {
        let name = function.name.to_lowercase();
        self.inner.functions.0.write().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::new(function));
        self.changed();
    }

    /// The names of the functions that users registered, by the names in lower case.
    pub fn user_function_names(&self) -> BTreeMap<String, String> {
        self.inner.functions.shown()
    }
}
