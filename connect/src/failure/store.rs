//! The errors of a session that a client may still ask for.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use spark_connect_proto::fetch_error_details_response::Error;
use tonic::Status;
use uuid::Uuid;

use super::Failure;

/// How many errors are kept; clients ask at once.
const KEPT: usize = 64;

/// The last errors, by their ids.
#[derive(Debug, Default)]
pub(crate) struct ErrorStore(Mutex<VecDeque<(String, Failure)>>);

impl ErrorStore {
    /// The status of an error, which is kept to be asked for.
    pub(crate) fn status(&self, failure: &Failure) -> Status {
        let id = Uuid::new_v4().to_string();
        let status = failure.status(Some(&id));
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((id, failure.clone()));
        status
    }

    /// All of an error.
    pub(crate) fn details(&self, id: &str) -> Option<Error> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| known == id).map(|(_, failure)| failure.details())
    }
}
