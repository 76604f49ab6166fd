//! Queries of SQL that read nothing and always have the same rows, such as `SELECT 1`. They are planned while the client makes up its
//! mind what to do with them, and once for all the times that they are asked for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use spark_connect_proto::relation::RelType;
use spark_connect_proto::{Relation, Sql};

use crate::plan::Query;

/// How many queries a session keeps: as many as Spark's.
const KEPT: usize = 16;

#[derive(Debug)]
struct Entry {
    sql: Sql,
    /// What the session was like when the query was analysed.
    generation: u64,
    query: Arc<Query>,
}

/// The last such queries of a session.
#[derive(Debug, Default)]
pub(crate) struct Constants(Mutex<VecDeque<Entry>>);

impl Constants {
    /// The query of a relation, if it is known and the session is as it was.
    pub(crate) fn find(&self, relation: &Relation, generation: u64) -> Option<Arc<Query>> {
        let Some(RelType::Sql(sql)) = &relation.rel_type else { return None };
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = entries.iter().find(|entry| entry.generation == generation && entry.sql == *sql)?;
        Some(Arc::clone(&found.query))
    }

    /// Keeps a query if it is such a one, and plans it in the background.
    pub(crate) fn add(&self, relation: &Relation, generation: u64, query: &Arc<Query>) {
        let Some(RelType::Sql(sql)) = &relation.rel_type else { return };
        if !query.frame.is_constant() {
            return;
        }
        let frame = query.frame.clone();
        // A failure comes up again when the rows are asked for.
        drop(tokio::spawn(async move { frame.plan().await }));
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.push_front(Entry { sql: sql.clone(), generation, query: Arc::clone(query) });
        entries.truncate(KEPT);
    }
}
