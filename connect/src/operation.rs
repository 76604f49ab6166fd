//! One execution: its responses, kept until the client has them, and who listens.
//!
//! The work pushes responses and waits while too many are unsent. A stream takes them in order; another stream may take over
//! where the client says it stopped. What was sent stays for a while, in case it got lost on the way.

mod registry;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use spark_connect_proto::execute_plan_response::{ArrowBatch, ObservedMetrics, ResponseType, ResultComplete};
use spark_connect_proto::get_status_response::operation_status::OperationState;
use spark_connect_proto::{ExecutePlanResponse, Plan};
use tokio::sync::{Notify, watch};
use tonic::Status;
use uuid::Uuid;

use crate::failure::Failure;

pub(crate) use registry::{Begun, Operations};

/// How many bytes of responses may wait for the client.
const UNSENT_LIMIT: usize = 16 << 20;
/// How many bytes of responses stay after they were sent, unless the client releases them.
const SENT_LIMIT: usize = 16 << 20;
/// What a response counts beside its rows.
const RESPONSE_COST: usize = 256;

/// When the server ends a stream by itself; the client then attaches again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamLimits {
    pub(crate) age: Duration,
    pub(crate) bytes: usize,
}

/// An execution that was begun.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) tags: Vec<String>,
    /// Whether a client may attach to it again.
    pub(crate) reattachable: bool,
    /// Tells the plan of a repeated request from another one.
    pub(crate) plan: Arc<Option<Plan>>,
    session_id: String,
    server_side_session_id: String,
    state: Mutex<State>,
    /// Wakes whoever waits for a change of the state.
    changed: Notify,
    cancelled: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    responses: VecDeque<Kept>,
    /// The position of the first of `responses`.
    first: usize,
    /// The id of the response before it.
    last_released: Option<String>,
    /// The position of the first response that no stream has taken.
    unsent: usize,
    /// How the work ended.
    outcome: Option<Outcome>,
    /// Counts the streams; only the last one is served.
    stream: u64,
    /// Since when no stream is there.
    detached: Option<Instant>,
}

#[derive(Debug)]
struct Kept {
    response: ExecutePlanResponse,
    cost: usize,
}

#[derive(Debug, Clone)]
enum Outcome {
    Complete,
    Cancelled(Status),
    Failed(Status),
}

/// What a new operation is made of.
#[derive(Debug)]
pub(crate) struct NewOperation {
    pub(crate) id: String,
    pub(crate) tags: Vec<String>,
    pub(crate) reattachable: bool,
    pub(crate) plan: Arc<Option<Plan>>,
    pub(crate) session_id: String,
    pub(crate) server_side_session_id: String,
}

impl Operation {
    fn new(new: NewOperation) -> Self {
        let state = State {
            responses: VecDeque::new(),
            first: 0,
            last_released: None,
            unsent: 0,
            outcome: None,
            stream: 0,
            detached: Some(Instant::now()),
        };
        Self {
            id: new.id,
            tags: new.tags,
            reattachable: new.reattachable,
            plan: new.plan,
            session_id: new.session_id,
            server_side_session_id: new.server_side_session_id,
            state: Mutex::new(state),
            changed: Notify::new(),
            cancelled: watch::Sender::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the work is still going on.
    pub(crate) fn is_running(&self) -> bool {
        self.lock().outcome.is_none()
    }

    /// What the protocol calls its state.
    pub(crate) fn state(&self) -> OperationState {
        match self.lock().outcome {
            None => OperationState::Running,
            Some(Outcome::Complete) => OperationState::Succeeded,
            Some(Outcome::Cancelled(_)) => OperationState::Cancelled,
            Some(Outcome::Failed(_)) => OperationState::Failed,
        }
    }

    /// Since when nobody listens; none while somebody does.
    fn detached_since(&self) -> Option<Instant> {
        self.lock().detached
    }

    /// Resolves when the work shall stop.
    pub(crate) async fn cancelled(&self) {
        let mut cancelled = self.cancelled.subscribe();
        // The sender lives as long as `self`.
        let _ = cancelled.wait_for(|cancelled| *cancelled).await;
    }

    /// Ends the work, and tells the client why. Nothing happens if it has ended.
    pub(crate) fn cancel(&self, why: Status) -> bool {
        let cancelled = self.end(Outcome::Cancelled(why));
        self.cancelled.send_replace(true);
        cancelled
    }

    /// Ends a failed execution.
    pub(crate) fn fail(&self, status: Status) {
        self.end(Outcome::Failed(status));
    }

    fn end(&self, outcome: Outcome) -> bool {
        let mut state = self.lock();
        let ends = state.outcome.is_none();
        if ends {
            state.outcome = Some(outcome);
        }
        drop(state);
        self.changed.notify_waiters();
        ends
    }

    /// Ends an execution that succeeded.
    pub(crate) fn complete(&self) {
        let last = self.response(Some(ResponseType::ResultComplete(ResultComplete::default())));
        let mut state = self.lock();
        if state.outcome.is_none() {
            state.responses.push_back(Kept { response: last, cost: RESPONSE_COST });
            state.outcome = Some(Outcome::Complete);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Adds a response; waits while too many are unsent.
    ///
    /// # Errors
    /// When the execution was ended meanwhile.
    async fn push(&self, response: ExecutePlanResponse, size: usize) -> Result<(), Failure> {
        let cost = size + RESPONSE_COST;
        let mut response = Some(response);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.lock();
                if state.outcome.is_some() {
                    return Err(Failure::canceled());
                }
                let waiting = state.unsent_bytes();
                if waiting == 0 || waiting + cost <= UNSENT_LIMIT {
                    if let Some(response) = response.take() {
                        state.responses.push_back(Kept { response, cost });
                    }
                    drop(state);
                    self.changed.notify_waiters();
                    return Ok(());
                }
            }
            changed.await;
        }
    }

    fn response(&self, response_type: Option<ResponseType>) -> ExecutePlanResponse {
        ExecutePlanResponse {
            session_id: self.session_id.clone(),
            server_side_session_id: self.server_side_session_id.clone(),
            operation_id: self.id.clone(),
            response_id: Uuid::new_v4().to_string(),
            response_type,
            ..ExecutePlanResponse::default()
        }
    }

    /// Forgets the responses up to this one; nothing if it is not there.
    pub(crate) fn release_until(&self, response_id: &str) {
        let mut state = self.lock();
        if let Some(index) = state.responses.iter().position(|kept| kept.response.response_id == response_id) {
            state.drop_first(index + 1);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// A stream of the responses after this one, or of all. It takes the place of any other.
    ///
    /// # Errors
    /// `INVALID_CURSOR` if that response is not there any more.
    pub(crate) fn attach(self: &Arc<Self>, after: Option<&str>, limits: StreamLimits) -> Result<Cursor, Failure> {
        let mut state = self.lock();
        let next = match after {
            None if state.first == 0 => 0,
            None => return Err(Failure::position_not_available("first")),
            Some(id) => match state.responses.iter().position(|kept| kept.response.response_id == id) {
                Some(index) => state.first + index + 1,
                // Clients release what they have seen before they ask for what follows.
                None if state.last_released.as_deref() == Some(id) => state.first,
                None => return Err(Failure::position_not_found(id)),
            },
        };
        state.stream += 1;
        state.detached = None;
        let stream = state.stream;
        drop(state);
        // The stream that was there before finds that it is replaced.
        self.changed.notify_waiters();
        let (operation, since) = (Arc::clone(self), Instant::now());
        Ok(Cursor { operation, stream, next, limits, since, sent: 0, ended: false })
    }
}

impl State {
    fn unsent_bytes(&self) -> usize {
        let sent = self.unsent.saturating_sub(self.first);
        self.responses.iter().skip(sent).map(|kept| kept.cost).sum()
    }

    fn drop_first(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(kept) = self.responses.pop_front() {
                self.first += 1;
                self.last_released = Some(kept.response.response_id);
            }
        }
        self.unsent = self.unsent.max(self.first);
    }

    /// Forgets what was sent long ago.
    fn trim(&mut self) {
        let sent = self.unsent.saturating_sub(self.first);
        let mut bytes: usize = self.responses.iter().take(sent).map(|kept| kept.cost).sum();
        while bytes > SENT_LIMIT && self.first + 1 < self.unsent {
            bytes -= self.responses.front().map_or(bytes, |kept| kept.cost);
            self.drop_first(1);
        }
    }
}

/// Where one stream stands.
#[derive(Debug)]
pub(crate) struct Cursor {
    operation: Arc<Operation>,
    stream: u64,
    next: usize,
    limits: StreamLimits,
    since: Instant,
    sent: usize,
    ended: bool,
}

impl Cursor {
    /// The next response; none at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Result<ExecutePlanResponse, Status>> {
        if self.ended {
            return None;
        }
        let operation = Arc::clone(&self.operation);
        loop {
            let changed = operation.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(item) = self.take() {
                operation.changed.notify_waiters();
                return item;
            }
            if !operation.reattachable {
                changed.await;
            } else if tokio::time::timeout_at((self.since + self.limits.age).into(), changed).await.is_err() {
                self.ended = true;
                return None;
            }
        }
    }

    /// What comes next, if it is there.
    fn take(&mut self) -> Option<Option<Result<ExecutePlanResponse, Status>>> {
        let mut state = self.operation.lock();
        if state.stream != self.stream {
            self.ended = true;
            return Some(Some(Err(Failure::disconnected().status(None))));
        }
        // An interrupt does not wait until what lies before it was read.
        if let Some(Outcome::Cancelled(status)) = &state.outcome {
            self.ended = true;
            return Some(Some(Err(status.clone())));
        }
        if self.operation.reattachable && self.sent >= self.limits.bytes {
            self.ended = true;
            return Some(None);
        }
        let index = self.next.checked_sub(state.first);
        let found = index.and_then(|index| state.responses.get(index)).map(|kept| (kept.response.clone(), kept.cost));
        if let Some((response, cost)) = found {
            self.next += 1;
            self.sent += cost;
            state.unsent = state.unsent.max(self.next);
            if self.operation.reattachable {
                state.trim();
            } else {
                let sent = self.next - state.first;
                state.drop_first(sent);
            }
            return Some(Some(Ok(response)));
        }
        let end = match &state.outcome {
            None => return None,
            Some(Outcome::Complete) => None,
            Some(Outcome::Cancelled(status) | Outcome::Failed(status)) => Some(Err(status.clone())),
        };
        self.ended = true;
        Some(end)
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        let mut state = self.operation.lock();
        if state.stream == self.stream {
            state.detached = Some(Instant::now());
        }
        drop(state);
        if !self.operation.reattachable {
            // Nobody can ask for the rest.
            self.operation.cancel(Failure::canceled().status(None));
        }
    }
}

/// What the work tells the client.
#[derive(Debug, Clone)]
pub(crate) struct Responder(Arc<Operation>);

impl Responder {
    pub(crate) fn new(operation: &Arc<Operation>) -> Self {
        Self(Arc::clone(operation))
    }

    /// Sends one result.
    ///
    /// # Errors
    /// When nobody wants it any more; the work then ends.
    pub(crate) async fn send(&self, result: ResponseType) -> Result<(), Failure> {
        self.0.push(self.0.response(Some(result)), 0).await
    }

    /// Sends what was observed of the rows before.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub(crate) async fn send_metrics(&self, metrics: ObservedMetrics) -> Result<(), Failure> {
        self.0.push(ExecutePlanResponse { observed_metrics: vec![metrics], ..self.0.response(None) }, 0).await
    }

    /// Sends rows, with the schema of all rows if it is given.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub(crate) async fn send_batch(
        &self,
        batch: ArrowBatch,
        schema: Option<spark_connect_proto::DataType>,
    ) -> Result<(), Failure> {
        let size = batch.data.len();
        let response = self.0.response(Some(ResponseType::ArrowBatch(batch)));
        self.0.push(ExecutePlanResponse { schema, ..response }, size).await
    }
}
