//! A server and a client for the tests.

use futures::StreamExt;
use seatrial_connect::{Server, ServerOptions};
use spark_connect_proto as proto;
use spark_connect_proto::analyze_plan_request::Analyze;
use spark_connect_proto::config_request::operation::OpType as ConfigOperation;
use spark_connect_proto::execute_plan_request::RequestOption;
use spark_connect_proto::execute_plan_request::request_option::RequestOption as Choice;
use spark_connect_proto::execute_plan_response::ResponseType;
use spark_connect_proto::plan::OpType;
use spark_connect_proto::relation::RelType;
use spark_connect_proto::spark_connect_service_client::SparkConnectServiceClient;
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use tonic_types::StatusExt;
use uuid::Uuid;

/// A server that ends with the test.
pub(crate) struct TestServer {
    pub(crate) server: Server,
    runtime: tokio::runtime::Runtime,
}

impl TestServer {
    pub(crate) fn start() -> Self {
        Self::with(ServerOptions::default())
    }

    pub(crate) fn with(options: ServerOptions) -> Self {
        let server = Server::start(&ServerOptions { port: 0, ..options }).unwrap();
        Self { server, runtime: tokio::runtime::Runtime::new().unwrap() }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Runs a test with a new session's client.
    pub(crate) fn run(&self, test: impl AsyncFnOnce(Client)) {
        self.runtime.block_on(async { test(self.client().await).await });
    }

    pub(crate) async fn client(&self) -> Client {
        let stub = SparkConnectServiceClient::connect(self.address()).await.unwrap();
        Client { stub, session_id: Uuid::new_v4().to_string(), user: None }
    }
}

/// A client with a session of its own.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) stub: SparkConnectServiceClient<Channel>,
    pub(crate) session_id: String,
    pub(crate) user: Option<proto::UserContext>,
}

impl Client {
    pub(crate) async fn analyze(&mut self, analyze: Analyze) -> Result<proto::AnalyzePlanResponse, Status> {
        let request = proto::AnalyzePlanRequest {
            session_id: self.session_id.clone(),
            user_context: self.user.clone(),
            analyze: Some(analyze),
            ..Default::default()
        };
        Ok(self.stub.analyze_plan(request).await?.into_inner())
    }

    pub(crate) async fn config(&mut self, operation: ConfigOperation) -> Result<Vec<proto::KeyValue>, Status> {
        let request = proto::ConfigRequest {
            session_id: self.session_id.clone(),
            user_context: self.user.clone(),
            operation: Some(proto::config_request::Operation { op_type: Some(operation) }),
            ..Default::default()
        };
        Ok(self.stub.config(request).await?.into_inner().pairs)
    }

    /// Executes a plan; one with an operation's id can be attached to again.
    pub(crate) async fn execute(
        &mut self,
        plan: proto::Plan,
        operation_id: Option<&str>,
    ) -> Result<Streaming<proto::ExecutePlanResponse>, Status> {
        let reattach = Choice::ReattachOptions(proto::ReattachOptions { reattachable: operation_id.is_some() });
        let request = proto::ExecutePlanRequest {
            session_id: self.session_id.clone(),
            user_context: self.user.clone(),
            operation_id: operation_id.map(str::to_owned),
            plan: Some(plan),
            request_options: vec![RequestOption { request_option: Some(reattach) }],
            ..Default::default()
        };
        Ok(self.stub.execute_plan(request).await?.into_inner())
    }

    pub(crate) async fn reattach(
        &mut self,
        operation_id: &str,
        after: Option<&str>,
    ) -> Result<Streaming<proto::ExecutePlanResponse>, Status> {
        let request = proto::ReattachExecuteRequest {
            session_id: self.session_id.clone(),
            operation_id: operation_id.to_owned(),
            last_response_id: after.map(str::to_owned),
            ..Default::default()
        };
        Ok(self.stub.reattach_execute(request).await?.into_inner())
    }

    pub(crate) async fn release_all(&mut self, operation_id: &str) -> Option<String> {
        let request = proto::ReleaseExecuteRequest {
            session_id: self.session_id.clone(),
            operation_id: operation_id.to_owned(),
            release: Some(proto::release_execute_request::Release::ReleaseAll(Default::default())),
            ..Default::default()
        };
        self.stub.release_execute(request).await.unwrap().into_inner().operation_id
    }
}

/// `spark.range(end)`.
pub(crate) fn range(end: i64) -> proto::Plan {
    let range = proto::Range { start: Some(0), end, step: 1, num_partitions: Some(1) };
    let relation = proto::Relation { common: None, rel_type: Some(RelType::Range(range)) };
    proto::Plan { op_type: Some(OpType::Root(relation)) }
}

/// All that a stream gives.
pub(crate) async fn all(
    mut stream: Streaming<proto::ExecutePlanResponse>,
) -> Result<Vec<proto::ExecutePlanResponse>, Status> {
    let mut responses = Vec::new();
    while let Some(response) = stream.next().await {
        responses.push(response?);
    }
    Ok(responses)
}

/// How many rows the responses have.
pub(crate) fn rows(responses: &[proto::ExecutePlanResponse]) -> i64 {
    let rows = responses.iter().map(|response| match &response.response_type {
        Some(ResponseType::ArrowBatch(batch)) => batch.row_count,
        _ => 0,
    });
    rows.sum()
}

/// The condition of an error.
pub(crate) fn condition(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().unwrap().metadata.get("errorClass").cloned().unwrap_or_default()
}
