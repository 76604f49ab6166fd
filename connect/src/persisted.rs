//! Relations that the client asked to keep (`persist`), and how.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use spark_connect_proto::{Relation, StorageLevel};

use crate::canonical;

/// What `persist` means without a level: memory, then disk, deserialised.
pub(crate) const DEFAULT_LEVEL: StorageLevel =
    StorageLevel { use_disk: true, use_memory: true, use_off_heap: false, deserialized: true, replication: 1 };

/// What an unpersisted relation has.
pub(crate) const NO_LEVEL: StorageLevel =
    StorageLevel { use_disk: false, use_memory: false, use_off_heap: false, deserialized: false, replication: 1 };

/// The relations of a session that are persisted.
#[derive(Debug, Default)]
pub(crate) struct Persisted(Mutex<BTreeMap<String, StorageLevel>>);

impl Persisted {
    /// Persists a relation; one that is persisted keeps its level.
    pub(crate) fn add(&self, relation: &Relation, level: StorageLevel) {
        let mut levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        levels.entry(canonical::text(relation)).or_insert(level);
    }

    /// Unpersists a relation.
    pub(crate) fn remove(&self, relation: &Relation) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&canonical::text(relation));
    }

    /// The level of a relation, if it is persisted.
    pub(crate) fn level(&self, relation: &Relation) -> Option<StorageLevel> {
        let levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Most sessions persist nothing.
        if levels.is_empty() { None } else { levels.get(&canonical::text(relation)).copied() }
    }
}
