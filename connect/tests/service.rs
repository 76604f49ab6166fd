//! The service as a gRPC client sees it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod support;

use spark_connect_proto as proto;
use spark_connect_proto::analyze_plan_request::{Analyze, SparkVersion};
use spark_connect_proto::analyze_plan_response::Result as Answer;
use tonic::Code;

use support::{Client, TestServer};

#[test]
fn the_version_is_that_of_the_installed_pyspark() {
    let server = TestServer::start();
    server.run(async |mut client: Client| {
        let answer = client.analyze(Analyze::SparkVersion(SparkVersion {})).await.unwrap();
        let Some(Answer::SparkVersion(version)) = answer.result else { panic!("{answer:?}") };
        assert!(version.version.starts_with("4."), "{version:?}");
        assert!(!answer.server_side_session_id.is_empty());
    });
}

#[test]
fn an_id_that_is_no_uuid_is_refused() {
    let server = TestServer::start();
    server.run(async |mut client: Client| {
        let request = proto::ConfigRequest { session_id: "mine".to_owned(), ..Default::default() };
        let status = client.stub.config(request).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        assert!(status.message().starts_with("[INVALID_HANDLE.FORMAT] The handle mine is invalid."), "{status}");
    });
}
