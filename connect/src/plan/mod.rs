//! Relations and expressions of Spark Connect, planned by the engine.

use seatrial_engine::error::SparkError;
use seatrial_engine::session::DataFrame;
use seatrial_engine::types::StructType;
use spark_connect_proto::Relation;

use crate::session::ConnectSession;

/// A relation that was analysed; nothing of it has run.
#[derive(Debug)]
pub(crate) struct Query {
    /// What computes the rows. Its columns have names of the planner's own, each only once.
    pub(crate) frame: DataFrame,
    /// The columns as the client sees them, in the same order; names may repeat.
    pub(crate) schema: StructType,
}

/// Analyses a relation.
///
/// # Errors
/// As Spark's analyser reports them; what is not supported is named.
pub(crate) async fn query(session: &ConnectSession, relation: &Relation) -> Result<Query, SparkError> {
    let _ = (session, relation);
    Err(SparkError::internal("not planned yet"))
}
