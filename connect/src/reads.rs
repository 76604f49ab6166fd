//! The reads of data sources that a session has analysed: a DataFrame asks its source for the schema once, however often it is
//! analysed and run, as in Spark (`spark.connect.session.planCache`).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use seatrial_engine::session::DataFrame;
use spark_connect_proto::Relation;

/// How many are kept, as Spark's `spark.connect.session.planCache.maxSize`.
const LIMIT: usize = 16;

/// Those that were used last, the latest at the end.
#[derive(Debug, Default)]
pub(crate) struct Reads(Mutex<VecDeque<(Relation, DataFrame)>>);

impl Reads {
    /// What came of a relation of the client; nothing where it has no number, by which the client tells its DataFrames apart.
    pub(crate) fn get(&self, relation: &Relation) -> Option<DataFrame> {
        plan_id(relation)?;
        let mut reads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = reads.iter().position(|(known, _)| known == relation)?;
        let read = reads.remove(index)?;
        let frame = read.1.clone();
        reads.push_back(read);
        Some(frame)
    }

    /// Keeps what came of a relation.
    pub(crate) fn keep(&self, relation: &Relation, frame: &DataFrame) {
        if plan_id(relation).is_none() {
            return;
        }
        let mut reads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reads.len() == LIMIT {
            reads.pop_front();
        }
        reads.push_back((relation.clone(), frame.clone()));
    }
}

fn plan_id(relation: &Relation) -> Option<i64> {
    relation.common.as_ref()?.plan_id
}
