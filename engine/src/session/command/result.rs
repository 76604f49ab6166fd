//! The results of statements, as relations.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, StringArray};

use crate::error::SparkError;
use crate::session::{DataFrame, Session, planning};
use crate::types::arrow::to_table_schema;
use crate::types::{DataType, StructField, StructType};

/// The result of a statement that has none.
pub(super) fn nothing(session: &Session) -> Result<DataFrame, SparkError> {
    relation(session, StructType::default(), vec![], 0)
}

/// A column of texts; one of them may be missing only if the column is nullable.
pub(super) fn texts(
    name: &str,
    nullable: bool,
    comment: Option<&str>,
    values: impl IntoIterator<Item = Option<String>>,
) -> (StructField, ArrayRef) {
    let mut field = StructField { nullable, ..StructField::new(name, DataType::String { collation: None }) };
    if let Some(comment) = comment {
        field.metadata.insert("comment".to_owned(), comment.into());
    }
    (field, Arc::new(values.into_iter().collect::<StringArray>()))
}

/// A column of booleans that are never missing.
pub(super) fn flags(name: &str, values: impl IntoIterator<Item = bool>) -> (StructField, ArrayRef) {
    let field = StructField { nullable: false, ..StructField::new(name, DataType::Boolean) };
    (field, Arc::new(values.into_iter().map(Some).collect::<BooleanArray>()))
}

/// A relation of these columns.
pub(super) fn table(session: &Session, columns: Vec<(StructField, ArrayRef)>) -> Result<DataFrame, SparkError> {
    let rows = columns.first().map_or(0, |(_, values)| values.len());
    let (fields, arrays) = columns.into_iter().unzip();
    relation(session, StructType { fields }, arrays, rows)
}

fn relation(
    session: &Session,
    schema: StructType,
    columns: Vec<ArrayRef>,
    rows: usize,
) -> Result<DataFrame, SparkError> {
    let arrow = Arc::new(to_table_schema(&schema)?);
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(arrow, columns, &options).map_err(SparkError::internal)?;
    Ok(DataFrame::from_plan(session.clone(), planning::rows(batch)?, Arc::default()))
}
