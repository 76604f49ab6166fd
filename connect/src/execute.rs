//! Executing a plan: rows and commands, as responses of an operation.

use std::sync::Arc;

use datafusion::error::DataFusionError;
use futures::TryStreamExt;
use seatrial_engine::error::{ExceptionClass, SparkError};
use spark_connect_proto::execute_plan_response::ArrowBatch;
use spark_connect_proto::{DataType, Plan};

use crate::arrow_stream::{ArrowEncoder, Encoded};
use crate::command;
use crate::deferred;
use crate::failure::Failure;
use crate::operation::{Operation, Responder};
use crate::plan::{self, Query};
use crate::plan_request::{self, Asked};
use crate::session::ConnectSession;
use crate::types::schema_to_proto;
use crate::work::guarded;

/// Carries a plan out, and tells the operation how it ended.
pub(crate) async fn run(
    session: Arc<ConnectSession>,
    operation: Arc<Operation>,
    plan: Arc<Option<Plan>>,
    limit: usize,
) {
    let work = guarded(asked(&session, &operation, plan, limit));
    let result = tokio::select! {
        result = work => result,
        // Dropping the work stops what it reads.
        () = operation.cancelled() => Err(Failure::canceled()),
    };
    match result {
        Ok(()) => operation.complete(),
        Err(failure) => operation.fail(session.status(&failure)),
    }
}

async fn asked(
    session: &Arc<ConnectSession>,
    operation: &Arc<Operation>,
    plan: Arc<Option<Plan>>,
    limit: usize,
) -> Result<(), Failure> {
    let responder = Responder::new(operation);
    match plan_request::read(plan.as_ref().clone(), limit)? {
        Asked::Relation(relation) => {
            let query = match session.constants.find(&relation, session.engine.generation()) {
                Some(query) => query,
                None => Arc::new(plan::query(session, &relation).await?),
            };
            rows(session, &query, &responder).await
        }
        Asked::Command(command) => command::run(session, &command, &responder).await,
    }
}

/// The failure of a task. What has no condition of its own is the job's, by whose words clients know that rows were read.
fn of_task(error: DataFusionError) -> SparkError {
    let error = SparkError::from(error);
    if error.exception != ExceptionClass::Spark || error.condition.is_some() {
        return error;
    }
    SparkError { message: format!("Job aborted due to stage failure: {}", error.message), ..error }
}

/// Sends the rows of a query as they come, partition after partition.
///
/// # Errors
/// Those of the query.
pub(crate) async fn rows(session: &ConnectSession, query: &Query, responder: &Responder) -> Result<(), Failure> {
    let encoder = ArrowEncoder::try_new(&query.schema, &session.engine.conf())?;
    let mut sender = Sender { responder, schema: Some(schema_to_proto(&query.schema)), offset: 0 };
    let mut batches = deferred::rows_of(query.frame.clone());
    while let Some(batch) = batches.try_next().await.map_err(of_task)? {
        if batch.num_rows() == 0 {
            continue;
        }
        for encoded in encoder.encode(&batch)? {
            sender.send(encoded).await?;
        }
    }
    if sender.schema.is_some() {
        sender.send(encoder.empty()?).await?;
    }
    // Whoever sees the rows pass waits for their end.
    drop(batches);
    for observation in &query.observations {
        if let Some(metrics) = observation.compute().await? {
            responder.send_metrics(metrics).await?;
        }
    }
    Ok(())
}

/// Sends rows, batch after batch.
struct Sender<'r> {
    responder: &'r Responder,
    /// Goes with the first batch: a client answers each response with a request of its own.
    schema: Option<DataType>,
    /// How many rows were sent.
    offset: usize,
}

impl Sender<'_> {
    async fn send(&mut self, encoded: Encoded) -> Result<(), Failure> {
        let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
        let batch = ArrowBatch {
            row_count: count(encoded.rows),
            data: encoded.data,
            start_offset: Some(count(self.offset)),
            ..ArrowBatch::default()
        };
        self.offset += encoded.rows;
        self.responder.send_batch(batch, self.schema.take()).await
    }
}
