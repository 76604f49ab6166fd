//! Columns that a table declares as `char(n)`: the source knows them as strings, and what it gives is padded to the length when
//! it is read (SQL-CHAR-TABLE).

use std::sync::Arc;

use arrow::array::{Array, AsArray, StringBuilder};
use arrow::datatypes::{DataType as ArrowType, FieldRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{ScalarValue, internal_err};
use datafusion::datasource::ViewTable;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, LogicalPlanBuilder, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, col, lit,
};

use super::planning;
use crate::error::SparkError;
use crate::types::{DataType, StructType};

/// The relation with its `char` columns padded; itself where there are none.
pub(super) fn pad(
    provider: Arc<dyn TableProvider>,
    declared: &StructType,
) -> Result<Arc<dyn TableProvider>, SparkError> {
    if !declared.fields.iter().any(|field| matches!(field.data_type, DataType::Char(_))) {
        return Ok(provider);
    }
    let padding = ScalarUDF::new_from_impl(PadCharacters::new());
    let columns = declared.fields.iter().map(|field| {
        let column = col(datafusion::common::Column::from_name(&field.name));
        match field.data_type {
            DataType::Char(length) => {
                padding.call(vec![column, lit(i32::try_from(length).unwrap_or(i32::MAX))]).alias(&field.name)
            }
            _ => column,
        }
    });
    let padded = LogicalPlanBuilder::from(planning::scan(provider)?).project(columns)?.build()?;
    Ok(Arc::new(ViewTable::new(padded, None)))
}

/// `char_padding(text, length)`: spaces up to `length` characters; a longer text as it is.
#[derive(Debug, PartialEq, Eq, Hash)]
struct PadCharacters {
    signature: Signature,
}

impl PadCharacters {
    fn new() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for PadCharacters {
    fn name(&self) -> &str {
        "char_padding"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[ArrowType]) -> Result<ArrowType> {
        Ok(ArrowType::Utf8)
    }

    /// The column stays what it is: its Spark type, its comment and its nullability are in the field.
    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        match args.arg_fields.first() {
            Some(field) => Ok(Arc::clone(field)),
            None => internal_err!("char_padding without a column"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [text, ColumnarValue::Scalar(ScalarValue::Int32(Some(length)))] = args.args.as_slice() else {
            return internal_err!("char_padding without a length");
        };
        let length = usize::try_from(*length).unwrap_or(0);
        let text = text.to_array(args.number_rows)?;
        let mut padded = StringBuilder::new();
        for value in text.as_string::<i32>() {
            padded.append_option(value.map(|value| {
                let missing = length.saturating_sub(value.chars().count());
                format!("{value}{}", " ".repeat(missing))
            }));
        }
        let padded = padded.finish();
        debug_assert_eq!(padded.len(), args.number_rows);
        Ok(ColumnarValue::Array(Arc::new(padded)))
    }
}
