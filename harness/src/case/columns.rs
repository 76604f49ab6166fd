//! The columns of a declarative source, which decide what Python value a cell becomes.

use seatrial_engine::types::StructType;

/// The columns of a DDL text, or nothing where the text does not parse: then a case tests just that.
pub(crate) fn of_ddl(ddl: &str) -> Option<StructType> {
    StructType::from_ddl(ddl).ok()
}
