//! Spark Connect in front of the engine: what an unmodified PySpark client talks to.
//!
//! [`Server`] is the entry point; [`process`] has it in a process of its own, which a source may end. A request goes `service` →
//! `session` → `execute` or `analyze` → `plan` → the engine; what comes back waits in an `operation` until the client has it.
//! Nothing in here knows what a query means: that is `plan`'s.

mod analyze;
mod arrow_stream;
mod artifact;
mod canonical;
mod codec;
mod command;
mod config;
mod constants;
mod deferred;
mod execute;
mod failure;
mod observed;
mod operation;
mod persisted;
mod plan;
mod plan_request;
pub mod process;
mod python_function;
mod reads;
mod server;
mod service;
mod session;
mod shown;
mod token;
mod types;
mod work;

#[expect(unreachable_pub, clippy::allow_attributes, reason = "generated code")]
mod generated {
    tonic::include_proto!("spark.connect.SparkConnectService");
}

pub use server::{Server, ServerError, ServerOptions};
