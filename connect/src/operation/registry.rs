//! The operations of a session.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{NewOperation, Operation};
use crate::failure::Failure;

/// How many operations a session may have at once.
const LIMIT: usize = 256;
/// How many ids of abandoned operations are known.
const ABANDONED_KEPT: usize = 256;

/// A session's operations by their ids, until they are released.
#[derive(Debug, Default)]
pub(crate) struct Operations(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    operations: BTreeMap<String, Arc<Operation>>,
    abandoned: VecDeque<String>,
}

/// What a request to execute leads to.
#[derive(Debug)]
pub(crate) enum Begun {
    /// Something to do.
    New(Arc<Operation>),
    /// The request came before: the client did not get the answer.
    Known(Arc<Operation>),
}

impl Operations {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an operation, or finds the one that the same request began.
    ///
    /// # Errors
    /// `INVALID_HANDLE.OPERATION_ALREADY_EXISTS`, `INVALID_HANDLE.OPERATION_ABANDONED`; too many operations.
    pub(crate) fn begin(&self, new: NewOperation) -> Result<Begun, Failure> {
        let mut known = self.lock();
        if let Some(operation) = known.operations.get(&new.id) {
            let same = operation.plan == new.plan && operation.reattachable && new.reattachable;
            return if same {
                Ok(Begun::Known(Arc::clone(operation)))
            } else {
                Err(Failure::operation_exists(&new.id))
            };
        }
        if known.abandoned.contains(&new.id) {
            return Err(Failure::operation_abandoned(&new.id));
        }
        if known.operations.len() >= LIMIT {
            let message = format!("The session has {LIMIT} operations already; wait for some, or interrupt them.");
            return Err(Failure::exhausted(message));
        }
        let operation = Arc::new(Operation::new(new));
        known.operations.insert(operation.id.clone(), Arc::clone(&operation));
        Ok(Begun::New(operation))
    }

    /// The operation of that id.
    ///
    /// # Errors
    /// `INVALID_HANDLE.OPERATION_NOT_FOUND`, `INVALID_HANDLE.OPERATION_ABANDONED`.
    pub(crate) fn find(&self, id: &str) -> Result<Arc<Operation>, Failure> {
        let known = self.lock();
        match known.operations.get(id) {
            Some(operation) => Ok(Arc::clone(operation)),
            None if known.abandoned.iter().any(|abandoned| abandoned == id) => Err(Failure::operation_abandoned(id)),
            None => Err(Failure::operation_not_found(id)),
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Arc<Operation>> {
        self.lock().operations.values().cloned().collect()
    }

    /// Whether there are any.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().operations.is_empty()
    }

    /// Forgets an operation and stops its work; whether it was there.
    pub(crate) fn release(&self, id: &str) -> bool {
        let operation = self.lock().operations.remove(id);
        if let Some(operation) = &operation {
            operation.cancel(Failure::canceled().status(None));
        }
        operation.is_some()
    }

    /// Interrupts those that are running and for which this holds; their ids.
    pub(crate) fn interrupt(
        &self,
        wanted: impl Fn(&Operation) -> bool,
        why: impl Fn() -> tonic::Status,
    ) -> Vec<String> {
        let running = self.all().into_iter().filter(|operation| operation.is_running() && wanted(operation));
        running.filter(|operation| operation.cancel(why())).map(|operation| operation.id.clone()).collect()
    }

    /// Gives up those that nobody has listened to for so long.
    pub(crate) fn abandon(&self, after: Duration) {
        for operation in self.all() {
            if operation.detached_since().is_some_and(|since| since.elapsed() >= after) {
                self.release(&operation.id);
                let mut known = self.lock();
                if known.abandoned.len() == ABANDONED_KEPT {
                    known.abandoned.pop_front();
                }
                known.abandoned.push_back(operation.id.clone());
            }
        }
    }
}
