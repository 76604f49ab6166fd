//! A client's session: the engine's, and what the protocol keeps beside it.

mod registry;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use prost::bytes::Bytes;
use seatrial_engine::session::Session;
use tonic::Status;
use uuid::Uuid;

use crate::artifact::Artifacts;
use crate::constants::Constants;
use crate::failure::{ErrorStore, Failure};
use crate::operation::Operations;
use crate::persisted::Persisted;
use crate::reads::Reads;

pub(crate) use registry::{Sessions, SessionsLimits};

/// Whose session it is, and which one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SessionKey {
    pub(crate) user_id: String,
    /// A UUID that the client made up.
    pub(crate) session_id: String,
}

/// What one user's session id stands for.
#[derive(Debug)]
pub(crate) struct ConnectSession {
    /// The engine's session: registered sources, views, settings.
    pub(crate) engine: Session,
    pub(crate) key: SessionKey,
    /// Tells the client that this is still the session that it knows.
    pub(crate) server_side_id: String,
    pub(crate) operations: Operations,
    pub(crate) errors: ErrorStore,
    pub(crate) artifacts: Artifacts,
    pub(crate) persisted: Persisted,
    pub(crate) constants: Constants,
    pub(crate) reads: Reads,
    last_used: Mutex<Instant>,
}

impl ConnectSession {
    pub(crate) fn new(engine: Session, key: SessionKey) -> Self {
        Self {
            engine,
            key,
            server_side_id: Uuid::new_v4().to_string(),
            operations: Operations::default(),
            errors: ErrorStore::default(),
            artifacts: Artifacts::default(),
            persisted: Persisted::default(),
            constants: Constants::default(),
            reads: Reads::default(),
            last_used: Mutex::new(Instant::now()),
        }
    }

    /// The rows of a local relation that the client sent before, by the hash that names them.
    pub(crate) fn cached_artifact(&self, hash: &str) -> Option<Bytes> {
        self.artifacts.cached(hash)
    }

    /// The status of a failure; its details are kept for the client to fetch.
    pub(crate) fn status(&self, failure: &Failure) -> Status {
        self.errors.status(failure)
    }

    /// Interrupts what is running: all of it, or what has a tag or an id. The ids of what was stopped.
    pub(crate) fn interrupt(&self, wanted: impl Fn(&crate::operation::Operation) -> bool) -> Vec<String> {
        self.operations.interrupt(wanted, || self.status(&Failure::canceled()))
    }

    /// Notes that the client used the session.
    fn touch(&self) {
        *self.last_used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long the client has not used it; nothing while it has operations.
    fn idle(&self) -> Duration {
        if !self.operations.is_empty() {
            return Duration::ZERO;
        }
        self.last_used.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// Stops everything that the session does.
    fn close(&self) {
        for operation in self.operations.all() {
            self.operations.release(&operation.id);
        }
        self.artifacts.clear();
    }
}
