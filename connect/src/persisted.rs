//! Relations that the client asked to keep (`persist`), and how.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use seatrial_engine::error::SparkError;
use seatrial_engine::session::Kept;
use spark_connect_proto::{Relation, StorageLevel};

use crate::canonical;
use crate::plan::Attribute;

/// What `persist` means without a level: memory, then disk, deserialised.
pub(crate) const DEFAULT_LEVEL: StorageLevel =
    StorageLevel { use_disk: true, use_memory: true, use_off_heap: false, deserialized: true, replication: 1 };

/// What an unpersisted relation has.
pub(crate) const NO_LEVEL: StorageLevel =
    StorageLevel { use_disk: false, use_memory: false, use_off_heap: false, deserialized: false, replication: 1 };

/// A relation's rows, and the columns that they have.
#[derive(Debug)]
pub(crate) struct Rows {
    /// The rows, once they were read.
    pub(crate) kept: Kept,
    /// The columns, as they were planned.
    pub(crate) columns: Vec<Attribute>,
}

#[derive(Debug)]
struct Entry {
    level: StorageLevel,
    /// None until the relation is first planned.
    rows: Option<Arc<Rows>>,
}

/// The relations of a session that are persisted. Their rows are read when they are first needed, and in memory whatever the level
/// says.
#[derive(Debug, Default)]
pub(crate) struct Persisted(Mutex<BTreeMap<String, Entry>>);

impl Persisted {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<String, Entry>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Persists a relation; one that is persisted keeps its level.
    pub(crate) fn add(&self, relation: &Relation, level: StorageLevel) {
        self.with(|entries| {
            entries.entry(canonical::text(relation)).or_insert(Entry { level, rows: None });
        });
    }

    /// Unpersists a relation.
    pub(crate) fn remove(&self, relation: &Relation) {
        self.with(|entries| entries.remove(&canonical::text(relation)));
    }

    /// The level of a relation, if it is persisted.
    pub(crate) fn level(&self, relation: &Relation) -> Option<StorageLevel> {
        let key = self.key(relation)?;
        self.with(|entries| entries.get(&key).map(|entry| entry.level))
    }

    /// What a relation is found by, if it is persisted.
    pub(crate) fn key(&self, relation: &Relation) -> Option<String> {
        self.with(|entries| {
            // Most sessions persist nothing.
            let text = (!entries.is_empty()).then(|| canonical::text(relation))?;
            entries.contains_key(&text).then_some(text)
        })
    }

    /// The rows of a relation, if it was planned since it was persisted.
    pub(crate) fn rows(&self, key: &str) -> Option<Arc<Rows>> {
        self.with(|entries| entries.get(key).and_then(|entry| entry.rows.clone()))
    }

    /// Keeps the rows of a relation that is persisted. Who comes second gets what the first has kept.
    ///
    /// # Errors
    /// As `make`.
    pub(crate) fn keep(
        &self,
        key: &str,
        make: impl FnOnce() -> Result<Rows, SparkError>,
    ) -> Result<Option<Arc<Rows>>, SparkError> {
        self.with(|entries| match entries.get_mut(key) {
            None => Ok(None),
            Some(Entry { rows: Some(rows), .. }) => Ok(Some(Arc::clone(rows))),
            Some(entry) => Ok(Some(Arc::clone(entry.rows.insert(Arc::new(make()?))))),
        })
    }
}
