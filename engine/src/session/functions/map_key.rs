//! `map_contains_key`.

use arrow::array::{Array, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::is_not_null;
use arrow::datatypes::DataType;
use datafusion::common::{internal_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::element::key_places;

/// Whether a map has a key; null where either is null.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct MapContainsKey {
    signature: Signature,
}

impl MapContainsKey {
    pub(crate) fn new() -> Self {
        Self { signature: Signature::any(2, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for MapContainsKey {
    fn name(&self) -> &str {
        "map_contains_key"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::Map(..), _] => Ok(DataType::Boolean),
            _ => plan_err!("map_contains_key of something that is no map"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [map, key] = args.args.as_slice() else {
            return internal_err!("map_contains_key with {} arguments", args.args.len());
        };
        let (map, key) = (map.to_array(args.number_rows)?, key.to_array(args.number_rows)?);
        let found: BooleanBuffer = is_not_null(&key_places(&map, &key)?)?.values().clone();
        let nulls = arrow::buffer::NullBuffer::union(map.logical_nulls().as_ref(), key.logical_nulls().as_ref());
        Ok(ColumnarValue::Array(std::sync::Arc::new(BooleanArray::new(found, nulls))))
    }
}
