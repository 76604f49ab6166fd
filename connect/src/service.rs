//! The service's methods: who asks, what for, and in which session.

use std::pin::Pin;
use std::sync::Arc;

use futures::Stream;
use spark_connect_proto as proto;
use spark_connect_proto::artifact_statuses_response::ArtifactStatus;
use spark_connect_proto::execute_plan_request::request_option::RequestOption;
use spark_connect_proto::get_status_response::OperationStatus;
use spark_connect_proto::get_status_response::operation_status::OperationState;
use spark_connect_proto::interrupt_request::{Interrupt, InterruptType};
use spark_connect_proto::release_execute_request::Release;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use crate::artifact::Transfer;
use crate::failure::Failure;
use crate::generated::spark_connect_service_server::SparkConnectService;
use crate::operation::{Begun, Cursor, NewOperation, Operation, StreamLimits};
use crate::session::{ConnectSession, SessionKey, Sessions};
use crate::work::Workers;
use crate::{analyze, config, execute};

/// The service over an engine's sessions.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) workers: Workers,
    pub(crate) stream_limits: StreamLimits,
    /// The bytes that a compressed plan may have.
    pub(crate) plan_limit: usize,
}

type Responses = Pin<Box<dyn Stream<Item = Result<proto::ExecutePlanResponse, Status>> + Send>>;

impl Service {
    /// The session that a request names, made now if it is new.
    fn open(
        &self,
        user: Option<proto::UserContext>,
        id: String,
        seen: Option<&str>,
    ) -> Result<Arc<ConnectSession>, Status> {
        self.sessions.open(key(user, id), seen).map_err(|failure| failure.status(None))
    }

    /// The session that a request names.
    fn find(
        &self,
        user: Option<proto::UserContext>,
        id: String,
        seen: Option<&str>,
    ) -> Result<Arc<ConnectSession>, Status> {
        self.sessions.find(&key(user, id), seen).map_err(|failure| failure.status(None))
    }

    fn stream(
        &self,
        session: &Arc<ConnectSession>,
        operation: &Arc<Operation>,
        after: Option<&str>,
    ) -> Result<Response<Responses>, Status> {
        let cursor = operation.attach(after, self.stream_limits).map_err(|failure| session.status(&failure))?;
        let attached = Attached { cursor, session: Arc::clone(session), operation: Arc::clone(operation) };
        let responses = futures::stream::unfold(attached, async |mut attached| {
            let next = attached.cursor.next().await?;
            Some((next, attached))
        });
        Ok(Response::new(Box::pin(responses)))
    }
}

/// A stream of an operation, and what ends with it.
struct Attached {
    cursor: Cursor,
    session: Arc<ConnectSession>,
    operation: Arc<Operation>,
}

impl Drop for Attached {
    fn drop(&mut self) {
        if !self.operation.reattachable {
            // Nobody can ask for the rest.
            self.session.operations.release(&self.operation.id);
        }
    }
}

fn key(user: Option<proto::UserContext>, session_id: String) -> SessionKey {
    SessionKey { user_id: user.map(|user| user.user_id).unwrap_or_default(), session_id }
}

#[tonic::async_trait]
impl SparkConnectService for Service {
    type ExecutePlanStream = Responses;
    type ReattachExecuteStream = Responses;

    async fn execute_plan(&self, request: Request<proto::ExecutePlanRequest>) -> Result<Response<Responses>, Status> {
        let request = request.into_inner();
        let seen = request.client_observed_server_side_session_id;
        let session = self.open(request.user_context, request.session_id, seen.as_deref())?;
        let id = match request.operation_id {
            Some(id) if Uuid::try_parse(&id).is_ok() => id,
            Some(id) => return Err(session.status(&Failure::handle_format(&id))),
            None => Uuid::new_v4().to_string(),
        };
        let reattachable = request.request_options.iter().any(|option| {
            matches!(&option.request_option, Some(RequestOption::ReattachOptions(options)) if options.reattachable)
        });
        let plan = Arc::new(request.plan);
        let new = NewOperation {
            id,
            tags: request.tags,
            reattachable,
            plan: Arc::clone(&plan),
            session_id: session.key.session_id.clone(),
            server_side_session_id: session.server_side_id.clone(),
        };
        let operation = match session.operations.begin(new).map_err(|failure| session.status(&failure))? {
            Begun::New(operation) => {
                let work = execute::run(Arc::clone(&session), Arc::clone(&operation), plan, self.plan_limit);
                self.workers.start(work);
                operation
            }
            Begun::Known(operation) => operation,
        };
        self.stream(&session, &operation, None)
    }

    async fn reattach_execute(
        &self,
        request: Request<proto::ReattachExecuteRequest>,
    ) -> Result<Response<Responses>, Status> {
        let request = request.into_inner();
        let seen = request.client_observed_server_side_session_id;
        let session = self.find(request.user_context, request.session_id, seen.as_deref())?;
        let operation = session.operations.find(&request.operation_id).map_err(|failure| session.status(&failure))?;
        if !operation.reattachable {
            return Err(session.status(&Failure::not_reattachable()));
        }
        self.stream(&session, &operation, request.last_response_id.as_deref())
    }

    async fn release_execute(
        &self,
        request: Request<proto::ReleaseExecuteRequest>,
    ) -> Result<Response<proto::ReleaseExecuteResponse>, Status> {
        let request = request.into_inner();
        let seen = request.client_observed_server_side_session_id;
        let session = self.find(request.user_context, request.session_id, seen.as_deref())?;
        let id = request.operation_id;
        let known = match request.release {
            Some(Release::ReleaseUntil(until)) => match session.operations.find(&id) {
                Ok(operation) => {
                    operation.release_until(&until.response_id);
                    true
                }
                Err(_) => false,
            },
            Some(Release::ReleaseAll(_)) => session.operations.release(&id),
            None => return Err(session.status(&Failure::unsupported("release", "unknown"))),
        };
        Ok(Response::new(proto::ReleaseExecuteResponse {
            session_id: session.key.session_id.clone(),
            server_side_session_id: session.server_side_id.clone(),
            operation_id: known.then_some(id),
        }))
    }

    async fn analyze_plan(
        &self,
        request: Request<proto::AnalyzePlanRequest>,
    ) -> Result<Response<proto::AnalyzePlanResponse>, Status> {
        let request = request.into_inner();
        let seen = request.client_observed_server_side_session_id;
        let session = self.open(request.user_context, request.session_id, seen.as_deref())?;
        let (asking, limit) = (Arc::clone(&session), self.plan_limit);
        let answer = self.workers.run(async move { analyze::run(&asking, request.analyze, limit).await }).await;
        let result = answer.map_err(|failure| session.status(&failure))?;
        Ok(Response::new(proto::AnalyzePlanResponse {
            session_id: session.key.session_id.clone(),
            server_side_session_id: session.server_side_id.clone(),
            result: Some(result),
        }))
    }

    async fn config(&self, request: Request<proto::ConfigRequest>) -> Result<Response<proto::ConfigResponse>, Status> {
        let request = request.into_inner();
        let seen = request.client_observed_server_side_session_id;
        let session = self.open(request.user_context, request.session_id, seen.as_deref())?;
        let answer = config::run(&session, request.operation).map_err(|failure| session.status(&failure))?;
        Ok(Response::new(proto::ConfigResponse {
            session_id: session.key.session_id.clone(),
            server_side_session_id: session.server_side_id.clone(),
            pairs: answer.pairs,
            warnings: answer.warnings,
        }))
    }

    async fn add_artifacts(
        &self,
        request: Request<Streaming<proto::AddArtifactsRequest>>,
    ) -> Result<Response<proto::AddArtifactsResponse>, Status> {
        let mut messages = request.into_inner();
        let mut transfer = Transfer::default();
        let mut session: Option<Arc<ConnectSession>> = None;
        while let Some(message) = messages.message().await? {
            let (id, user, seen) =
                (message.session_id, message.user_context, message.client_observed_server_side_session_id);
            let adding = match &session {
                Some(session) if session.key == key(user.clone(), id.clone()) => Arc::clone(session),
                Some(session) => return Err(session.status(&Failure::invalid("The messages are of several sessions."))),
                None => self.open(user, id, seen.as_deref())?,
            };
            session = Some(Arc::clone(&adding));
            let taking = Arc::clone(&adding);
            let taken = self.workers.run(async move {
                transfer.take(&taking.artifacts, message.payload)?;
                Ok(transfer)
            });
            transfer = taken.await.map_err(|failure| adding.status(&failure))?;
        }
        let session = session.ok_or_else(|| Failure::invalid("No artifact was sent.").status(None))?;
        let artifacts = transfer.end().map_err(|failure| session.status(&failure))?;
        Ok(Response::new(proto::AddArtifactsResponse {
            session_id: session.key.session_id.clone(),
            server_side_session_id: session.server_side_id.clone(),
            artifacts,
        }))
    }

    async fn artifact_status(
        &self,
        request: Request<proto::ArtifactStatusesRequest>,
    ) -> Result<Response<proto::ArtifactStatusesResponse>, Status> {
        let request = request.into_inner();
        let seen = request.client_observed_server_side_session_id;
        let session = self.open(request.user_context, request.session_id, seen.as_deref())?;
        let statuses = request.names.into_iter().map(|name| {
            let exists = session.artifacts.has(&name);
            (name, ArtifactStatus { exists })
        });
        Ok(Response::new(proto::ArtifactStatusesResponse {
            session_id: session.key.session_id.clone(),
            server_side_session_id: session.server_side_id.clone(),
            statuses: statuses.collect(),
        }))
    }

    async fn interrupt(
        &self,
        request: Request<proto::InterruptRequest>,
    ) -> Result<Response<proto::InterruptResponse>, Status> {
        let request = request.into_inner();
        let kind = request.interrupt_type();
        let seen = request.client_observed_server_side_session_id;
        let session = self.open(request.user_context, request.session_id, seen.as_deref())?;
        let interrupted_ids = match (kind, request.interrupt) {
            (InterruptType::All, _) => session.interrupt(|_| true),
            (InterruptType::Tag, Some(Interrupt::OperationTag(tag))) => {
                session.interrupt(|operation| operation.tags.contains(&tag))
            }
            (InterruptType::OperationId, Some(Interrupt::OperationId(id))) => {
                session.interrupt(|operation| operation.id == id)
            }
            _ => return Err(session.status(&Failure::invalid("The request does not say what to interrupt."))),
        };
        Ok(Response::new(proto::InterruptResponse {
            session_id: session.key.session_id.clone(),
            server_side_session_id: session.server_side_id.clone(),
            interrupted_ids,
        }))
    }

    async fn release_session(
        &self,
        request: Request<proto::ReleaseSessionRequest>,
    ) -> Result<Response<proto::ReleaseSessionResponse>, Status> {
        let request = request.into_inner();
        let session_id = request.session_id.clone();
        let key = key(request.user_context, request.session_id);
        let sessions = Arc::clone(&self.sessions);
        let released = self.workers.run(async move { Ok(sessions.release(&key, request.allow_reconnect)) }).await;
        let released = released.map_err(|failure| failure.status(None))?;
        let server_side_session_id = released.map(|session| session.server_side_id.clone()).unwrap_or_default();
        Ok(Response::new(proto::ReleaseSessionResponse { session_id, server_side_session_id }))
    }

    async fn fetch_error_details(
        &self,
        request: Request<proto::FetchErrorDetailsRequest>,
    ) -> Result<Response<proto::FetchErrorDetailsResponse>, Status> {
        let request = request.into_inner();
        let seen = request.client_observed_server_side_session_id;
        let session = self.find(request.user_context, request.session_id, seen.as_deref())?;
        let error = session.errors.details(&request.error_id);
        Ok(Response::new(proto::FetchErrorDetailsResponse {
            session_id: session.key.session_id.clone(),
            server_side_session_id: session.server_side_id.clone(),
            root_error_idx: error.is_some().then_some(0),
            errors: error.into_iter().collect(),
        }))
    }

    async fn clone_session(
        &self,
        request: Request<proto::CloneSessionRequest>,
    ) -> Result<Response<proto::CloneSessionResponse>, Status> {
        let request = request.into_inner();
        let seen = request.client_observed_server_side_session_id;
        let session = self.find(request.user_context, request.session_id, seen.as_deref())?;
        let (sessions, from, id) = (Arc::clone(&self.sessions), Arc::clone(&session), request.new_session_id);
        let copied = self.workers.run(async move { sessions.copy(&from, id.as_deref()) }).await;
        let copied = copied.map_err(|failure| session.status(&failure))?;
        Ok(Response::new(proto::CloneSessionResponse {
            session_id: session.key.session_id.clone(),
            server_side_session_id: session.server_side_id.clone(),
            new_session_id: copied.key.session_id.clone(),
            new_server_side_session_id: copied.server_side_id.clone(),
        }))
    }

    async fn get_status(
        &self,
        request: Request<proto::GetStatusRequest>,
    ) -> Result<Response<proto::GetStatusResponse>, Status> {
        let request = request.into_inner();
        let seen = request.client_observed_server_side_session_id;
        let session = self.find(request.user_context, request.session_id, seen.as_deref())?;
        let wanted = request.operation_status.map(|status| status.operation_ids);
        let state = |operation: &Operation| OperationStatus {
            operation_id: operation.id.clone(),
            state: operation.state().into(),
            ..OperationStatus::default()
        };
        let operation_statuses = match wanted {
            None => Vec::new(),
            Some(ids) if ids.is_empty() => session.operations.all().iter().map(|operation| state(operation)).collect(),
            Some(ids) => ids
                .into_iter()
                .map(|id| match session.operations.find(&id) {
                    Ok(operation) => state(&operation),
                    Err(_) => OperationStatus {
                        operation_id: id,
                        state: OperationState::Unknown.into(),
                        ..OperationStatus::default()
                    },
                })
                .collect(),
        };
        Ok(Response::new(proto::GetStatusResponse {
            session_id: session.key.session_id.clone(),
            server_side_session_id: session.server_side_id.clone(),
            operation_statuses,
            ..proto::GetStatusResponse::default()
        }))
    }
}
