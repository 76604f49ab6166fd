//! A Spark-compatible engine that runs PySpark Python Data Sources unmodified.
//!
//! DataFusion plans and executes; Python sources run in process. The entry point is [`Session`](session::Session).

pub mod datasource;
pub mod error;
pub mod executor;
pub mod operator;
pub mod python;
pub mod session;
pub mod types;
pub mod udf;
