//! The service as a gRPC client sees it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod support;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use prost::Message;
use seatrial_connect::{Server, ServerError, ServerOptions};
use spark_connect_proto as proto;
use spark_connect_proto::analyze_plan_request::{Analyze, SparkVersion};
use spark_connect_proto::analyze_plan_response::Result as Answer;
use spark_connect_proto::config_request::operation::OpType as ConfigOperation;
use spark_connect_proto::config_request::{Get, Set};
use spark_connect_proto::execute_plan_response::ResponseType;
use spark_connect_proto::plan::OpType;
use spark_connect_proto::spark_connect_service_client::SparkConnectServiceClient;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};
use uuid::Uuid;

use support::{Client, TestServer, all, condition, range, rows};

fn version() -> Analyze {
    Analyze::SparkVersion(SparkVersion {})
}

#[test]
fn the_version_is_that_of_the_installed_pyspark() {
    TestServer::start().run(async |mut client: Client| {
        let answer = client.analyze(version()).await.unwrap();
        let Some(Answer::SparkVersion(version)) = answer.result else { panic!("{answer:?}") };
        assert!(version.version.starts_with("4."), "{version:?}");
        assert!(!answer.server_side_session_id.is_empty());
    });
}

#[test]
fn an_id_that_is_no_uuid_is_refused() {
    TestServer::start().run(async |mut client: Client| {
        client.session_id = "mine".to_owned();
        let status = client.analyze(version()).await.unwrap_err();
        assert_eq!((status.code(), condition(&status).as_str()), (Code::Internal, "INVALID_HANDLE.FORMAT"));
        assert!(status.message().starts_with("[INVALID_HANDLE.FORMAT] The handle mine is invalid."), "{status}");
    });
}

#[test]
fn sessions_of_two_users_are_two_and_a_session_is_known_again() {
    TestServer::start().run(async |mut client: Client| {
        let mut other = client.clone();
        other.user = Some(proto::UserContext { user_id: "ada".to_owned(), ..Default::default() });
        let first = client.analyze(version()).await.unwrap().server_side_session_id;
        assert_eq!(client.analyze(version()).await.unwrap().server_side_session_id, first);
        assert_ne!(other.analyze(version()).await.unwrap().server_side_session_id, first);
        let request = proto::AnalyzePlanRequest {
            session_id: client.session_id.clone(),
            client_observed_server_side_session_id: Some(Uuid::new_v4().to_string()),
            analyze: Some(version()),
            ..Default::default()
        };
        let status = client.stub.analyze_plan(request).await.unwrap_err();
        assert_eq!(condition(&status), "INVALID_HANDLE.SESSION_CHANGED");
    });
}

#[test]
fn a_session_that_is_idle_expires() {
    let options = ServerOptions { session_idle: Duration::from_millis(100), ..Default::default() };
    TestServer::with(options).run(async |mut client: Client| {
        client.analyze(version()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        let status = client.analyze(version()).await.unwrap_err();
        assert_eq!(condition(&status), "INVALID_HANDLE.SESSION_CLOSED");
    });
}

#[test]
fn there_are_only_so_many_sessions() {
    let server = TestServer::with(ServerOptions { max_sessions: 1, ..Default::default() });
    server.run(async |mut client: Client| {
        client.analyze(version()).await.unwrap();
        let status = server.client().await.analyze(version()).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted);
        client.analyze(version()).await.unwrap();
    });
}

#[test]
fn a_cloned_session_begins_with_the_settings_of_the_first() {
    TestServer::start().run(async |mut client: Client| {
        let pair = |value: &str| proto::KeyValue { key: "spark.x".to_owned(), value: Some(value.to_owned()) };
        let set = |value: &str| ConfigOperation::Set(Set { pairs: vec![pair(value)], silent: None });
        let get = || ConfigOperation::Get(Get { keys: vec!["spark.x".to_owned()] });
        client.config(set("1")).await.unwrap();
        let request = proto::CloneSessionRequest { session_id: client.session_id.clone(), ..Default::default() };
        let cloned = client.stub.clone_session(request).await.unwrap().into_inner();
        let mut clone = Client { session_id: cloned.new_session_id, ..client.clone() };
        assert_eq!(clone.config(get()).await.unwrap(), [pair("1")]);
        clone.config(set("2")).await.unwrap();
        assert_eq!(client.config(get()).await.unwrap(), [pair("1")]);
    });
}

#[test]
fn rows_come_with_their_schema_and_an_end() {
    TestServer::start().run(async |mut client: Client| {
        let responses = all(client.execute(range(20_000), None).await.unwrap()).await.unwrap();
        assert!(responses[0].schema.is_some());
        assert_eq!(rows(&responses), 20_000);
        assert!(matches!(responses.last().unwrap().response_type, Some(ResponseType::ResultComplete(_))));
    });
}

#[test]
fn a_client_attaches_again_where_it_stopped() {
    TestServer::start().run(async |mut client: Client| {
        let id = Uuid::new_v4().to_string();
        let responses = all(client.execute(range(20_000), Some(&id)).await.unwrap()).await.unwrap();
        let second = responses[1].response_id.as_str();
        let rest = all(client.reattach(&id, Some(second)).await.unwrap()).await.unwrap();
        assert_eq!(rest, responses[2..]);
        assert_eq!(all(client.reattach(&id, None).await.unwrap()).await.unwrap(), responses);
        let again = all(client.execute(range(20_000), Some(&id)).await.unwrap()).await.unwrap();
        assert_eq!(again, responses, "a repeated request finds what the first began");
        let status = client.execute(range(1), Some(&id)).await.unwrap_err();
        assert_eq!(condition(&status), "INVALID_HANDLE.OPERATION_ALREADY_EXISTS");
        let status = client.reattach(&id, Some("nothing")).await.unwrap_err();
        assert_eq!(condition(&status), "INVALID_CURSOR.POSITION_NOT_FOUND");
        assert_eq!(client.release_all(&id).await, Some(id.clone()));
        let status = client.reattach(&id, Some(second)).await.unwrap_err();
        assert!(status.message().contains("INVALID_HANDLE.OPERATION_NOT_FOUND"), "{status}");
        assert_eq!(client.release_all(&id).await, None);
    });
}

#[test]
fn a_stream_ends_by_itself_and_the_next_one_goes_on() {
    let options = ServerOptions { max_stream_bytes: 1, ..Default::default() };
    TestServer::with(options).run(async |mut client: Client| {
        let id = Uuid::new_v4().to_string();
        let mut responses = all(client.execute(range(20_000), Some(&id)).await.unwrap()).await.unwrap();
        assert_eq!(responses.len(), 1);
        while !matches!(responses.last().unwrap().response_type, Some(ResponseType::ResultComplete(_))) {
            let after = responses.last().unwrap().response_id.clone();
            responses.extend(all(client.reattach(&id, Some(&after)).await.unwrap()).await.unwrap());
        }
        assert_eq!(rows(&responses), 20_000);
    });
}

#[test]
fn an_operation_without_a_client_is_abandoned() {
    let options = ServerOptions { detached: Duration::from_millis(100), ..Default::default() };
    TestServer::with(options).run(async |mut client: Client| {
        let id = Uuid::new_v4().to_string();
        drop(client.execute(range(10_000_000_000), Some(&id)).await.unwrap());
        tokio::time::sleep(Duration::from_millis(1000)).await;
        let status = client.reattach(&id, None).await.unwrap_err();
        assert_eq!(condition(&status), "INVALID_HANDLE.OPERATION_ABANDONED");
    });
}

#[test]
fn an_interrupt_ends_a_query_whose_rows_nobody_takes() {
    TestServer::start().run(async |mut client: Client| {
        let id = Uuid::new_v4().to_string();
        let mut stream = client.execute(range(10_000_000_000), Some(&id)).await.unwrap();
        stream.message().await.unwrap();
        let request = proto::InterruptRequest {
            session_id: client.session_id.clone(),
            interrupt_type: proto::interrupt_request::InterruptType::All.into(),
            ..Default::default()
        };
        let interrupted = client.stub.interrupt(request).await.unwrap().into_inner().interrupted_ids;
        assert_eq!(interrupted, [id]);
        let status = all(stream).await.unwrap_err();
        assert_eq!(condition(&status), "OPERATION_CANCELED");
    });
}

#[test]
fn an_unknown_plan_is_an_error_of_that_request_alone() {
    TestServer::start().run(async |mut client: Client| {
        for plan in [proto::Plan { op_type: None }, proto::Plan { op_type: Some(OpType::Root(Default::default())) }] {
            let status = all(client.execute(plan, None).await.unwrap()).await.unwrap_err();
            assert!(matches!(status.code(), Code::Internal | Code::Unimplemented), "{status}");
        }
        let compressed = |data: Vec<u8>| {
            let operation = proto::plan::CompressedOperation {
                data: data.into(),
                op_type: proto::plan::compressed_operation::OpType::Relation.into(),
                compression_codec: proto::CompressionCodec::Zstd.into(),
            };
            proto::Plan { op_type: Some(OpType::CompressedOperation(operation)) }
        };
        for garbage in [Vec::new(), vec![7; 100], zstd::encode_all(&[0xff; 64][..], 1).unwrap()] {
            let status = all(client.execute(compressed(garbage), None).await.unwrap()).await.unwrap_err();
            assert_eq!(condition(&status), "CONNECT_INVALID_PLAN.CANNOT_PARSE");
        }
        let Some(OpType::Root(relation)) = range(3).op_type else { panic!("a range is a relation") };
        let plan = compressed(zstd::encode_all(&*relation.encode_to_vec(), 1).unwrap());
        assert_eq!(rows(&all(client.execute(plan, None).await.unwrap()).await.unwrap()), 3);
    });
}

#[test]
fn a_bomb_is_not_unpacked() {
    let options = ServerOptions { max_message_bytes: 1 << 20, ..Default::default() };
    TestServer::with(options).run(async |mut client: Client| {
        let operation = proto::plan::CompressedOperation {
            data: zstd::encode_all(&vec![0; 64 << 20][..], 1).unwrap().into(),
            op_type: proto::plan::compressed_operation::OpType::Relation.into(),
            compression_codec: proto::CompressionCodec::Zstd.into(),
        };
        let plan = proto::Plan { op_type: Some(OpType::CompressedOperation(operation)) };
        let status = all(client.execute(plan, None).await.unwrap()).await.unwrap_err();
        assert_eq!(condition(&status), "CONNECT_INVALID_PLAN.PLAN_SIZE_LARGER_THAN_MAX");
    });
}

#[test]
fn only_a_client_with_the_token_is_served() {
    let server = TestServer::with(ServerOptions { token: Some("secret".to_owned()), ..Default::default() });
    server.run(async |mut client: Client| {
        let status = client.analyze(version()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        let channel = tonic::transport::Endpoint::new(server.address()).unwrap().connect().await.unwrap();
        let call = async |token: &str| {
            let token: MetadataValue<_> = format!("Bearer {token}").parse().unwrap();
            let mut stub =
                SparkConnectServiceClient::with_interceptor(channel.clone(), move |mut request: Request<()>| {
                    request.metadata_mut().insert("authorization", token.clone());
                    Ok::<_, Status>(request)
                });
            let request = proto::AnalyzePlanRequest {
                session_id: Uuid::new_v4().to_string(),
                analyze: Some(version()),
                ..Default::default()
            };
            stub.analyze_plan(request).await.map(drop)
        };
        assert!(call("secret").await.is_ok());
        assert_eq!(call("other").await.unwrap_err().code(), Code::Unauthenticated);
    });
}

#[test]
fn the_network_is_not_let_in_without_a_token() {
    let host = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let refused = Server::start(&ServerOptions { host, port: 0, ..Default::default() });
    assert!(matches!(refused, Err(ServerError::TokenMissing(_))));
    let server = Server::start(&ServerOptions { host, port: 0, token: Some("x".to_owned()), ..Default::default() });
    let server = server.unwrap();
    assert_eq!(server.url(), format!("sc://127.0.0.1:{}", server.address().port()));
    server.stop();
}
