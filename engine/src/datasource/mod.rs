//! Python Data Sources: registered, loaded, planned as DataFusion tables, and converted to Arrow.

pub mod convert;
pub mod discovery;
pub mod exec;
pub mod options;
pub mod provider;
pub mod pushdown;
pub mod registry;
