//! A server and a client for the tests.

use seatrial_connect::{Server, ServerOptions};
use spark_connect_proto as proto;
use spark_connect_proto::analyze_plan_request::Analyze;
use spark_connect_proto::spark_connect_service_client::SparkConnectServiceClient;
use tonic::Status;
use tonic::transport::Channel;
use uuid::Uuid;

/// A server that ends with the test.
pub(crate) struct TestServer {
    server: Server,
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
        Client { stub, session_id: Uuid::new_v4().to_string() }
    }
}

/// A client with a session of its own.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) stub: SparkConnectServiceClient<Channel>,
    pub(crate) session_id: String,
}

impl Client {
    pub(crate) async fn analyze(&mut self, analyze: Analyze) -> Result<proto::AnalyzePlanResponse, Status> {
        let request = proto::AnalyzePlanRequest {
            session_id: self.session_id.clone(),
            analyze: Some(analyze),
            ..Default::default()
        };
        Ok(self.stub.analyze_plan(request).await?.into_inner())
    }
}
