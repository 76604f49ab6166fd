//! Spark Connect in front of the engine: what an unmodified PySpark client talks to.

mod deferred;
mod plan;
mod session;
mod types;

#[expect(unreachable_pub, reason = "generated code")]
mod service {
    tonic::include_proto!("spark.connect.SparkConnectService");
}
