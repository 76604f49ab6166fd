//! Bytes that are no message never end the server.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use prost::Message;
use prost::bytes::{Buf, BufMut};
use seatrial_connect::{Server, ServerOptions};
use spark_connect_proto as proto;
use spark_connect_proto::analyze_plan_request::{Analyze, SparkVersion};
use spark_connect_proto::relation::RelType;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use uuid::Uuid;

/// Sends bytes as they are.
#[derive(Debug, Default, Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining()).to_vec()))
    }
}

async fn call(channel: &Channel, method: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = format!("/spark.connect.SparkConnectService/{method}").parse().unwrap();
    Ok(client.unary(Request::new(bytes), path, Raw).await?.into_inner())
}

/// `spark.range(1).limit(1).limit(1)…`, asked for its schema.
fn limits(count: usize) -> Vec<u8> {
    let range = proto::Range { start: None, end: 1, step: 1, num_partitions: None };
    let relation = proto::Relation { common: None, rel_type: Some(RelType::Range(range)) };
    let limit = proto::Limit { input: None, limit: 1 };
    let limit = proto::Relation { common: None, rel_type: Some(RelType::Limit(Box::new(limit))) }.encode_to_vec();
    let mut bytes = relation.encode_to_vec();
    // A message of so many levels cannot be made of Rust's values: they would need the stack that the server must not.
    let nest = |tag: u8, inner: Vec<u8>, rest: &[u8]| {
        let mut outer = vec![tag];
        prost::encoding::encode_varint((inner.len() + rest.len()) as u64, &mut outer);
        outer.extend(inner);
        outer.extend(rest);
        outer
    };
    let tag = limit[0];
    for _ in 0..count {
        bytes = nest(tag, nest(0x0a, bytes, &[]), &[0x10, 0x01]);
    }
    let plan = nest(0x0a, bytes, &[]);
    let schema = nest(0x0a, plan, &[]);
    let request = proto::AnalyzePlanRequest { session_id: Uuid::new_v4().to_string(), ..Default::default() };
    let mut message = request.encode_to_vec();
    message.extend(nest(0x22, schema, &[]));
    message
}

#[test]
fn deep_plans_are_planned_and_deeper_ones_refused() {
    let server = Server::start(&ServerOptions { port: 0, ..Default::default() }).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let channel = Endpoint::new(format!("http://{}", server.address())).unwrap().connect().await.unwrap();
        let answer = call(&channel, "AnalyzePlan", limits(50)).await.unwrap();
        assert!(proto::AnalyzePlanResponse::decode(&*answer).unwrap().result.is_some());
        // Whatever the planner makes of it, it says so.
        let _ = call(&channel, "AnalyzePlan", limits(500)).await;
        for levels in [600, 20_000] {
            let status = call(&channel, "AnalyzePlan", limits(levels)).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::InvalidArgument, TOO_DEEP));
        }
        assert!(call(&channel, "AnalyzePlan", limits(1)).await.is_ok());
    });
}

const TOO_DEEP: &str = "the message is nested more than 1024 levels deep";

#[test]
fn garbage_and_truncated_messages_are_errors_of_their_own() {
    let server = Server::start(&ServerOptions { port: 0, ..Default::default() }).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let channel = Endpoint::new(format!("http://{}", server.address())).unwrap().connect().await.unwrap();
        let request = proto::AnalyzePlanRequest {
            session_id: Uuid::new_v4().to_string(),
            analyze: Some(Analyze::SparkVersion(SparkVersion {})),
            ..Default::default()
        };
        let message = request.encode_to_vec();
        for length in 0..message.len() {
            // What is cut between two fields is a message that lacks some.
            let status = call(&channel, "AnalyzePlan", message[..length].to_vec()).await.unwrap_err();
            assert!(
                matches!(status.code(), Code::InvalidArgument | Code::Internal | Code::Unimplemented),
                "{length}: {status}"
            );
        }
        let mut state = 1_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        for _ in 0..200 {
            let mut bytes = message.clone();
            for _ in 0..=random() % 8 {
                let index = usize::from(random()) % bytes.len();
                bytes[index] = random();
            }
            // Whatever it is now, it gets an answer.
            let _ = call(&channel, "AnalyzePlan", bytes).await;
        }
        for method in ["Config", "Interrupt", "ReleaseExecute", "ReleaseSession", "FetchErrorDetails", "GetStatus"] {
            let status = call(&channel, method, vec![0xff; 50]).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{method}: {status}");
        }
        let status = call(&channel, "Nothing", Vec::new()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented);
        assert!(call(&channel, "AnalyzePlan", message).await.is_ok());
    });
}
