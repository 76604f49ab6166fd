//! Python Data Sources: from `reader.read(partition)` to Arrow.

pub mod convert;
