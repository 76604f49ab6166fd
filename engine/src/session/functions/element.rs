//! An element of an array by its position, or a value of a map by its key: `a[0]`, `element_at(a, 1)`, `get(a, 0)`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array, UInt32Builder, make_comparator};
use arrow::compute::{SortOptions, cast, take};
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::internal_err;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::error::SparkError;
use crate::error::condition::{INVALID_ARRAY_INDEX, INVALID_ARRAY_INDEX_IN_ELEMENT_AT, INVALID_INDEX_OF_ZERO};

/// `element_at`.
pub(crate) const AT: &str = "element_at";
/// `array[index]`.
pub(crate) const ITEM: &str = "array_item";

/// `f(array, index[, condition])` or `f(map, key)`: the element. A position that is not there is an error or null; it is no error
/// for rows of which the condition is not true.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Element {
    signature: Signature,
    name: &'static str,
    /// The position of the first element. Where it is 1, negative ones count from the end.
    first: i64,
    /// Whether a position that is not there is an error.
    ansi: bool,
    /// What ends the message of an error.
    context: String,
}

impl Element {
    fn new(name: &'static str, first: i64, ansi: bool, context: Option<&str>) -> Self {
        let signature = Signature::variadic_any(Volatility::Immutable);
        Self { signature, name, first, ansi, context: context.unwrap_or_default().to_owned() }
    }

    /// `element_at`, which counts from 1.
    pub(crate) fn at_position(ansi: bool, context: Option<&str>) -> Self {
        Self::new(AT, 1, ansi, context)
    }

    /// The function of that name for which what is not there is null.
    pub(crate) fn tolerant(name: &'static str, first: i64) -> Self {
        Self::new(name, first, false, None)
    }

    /// `array[index]`, which counts from 0.
    pub(crate) fn item(array: Expr, index: Expr, ansi: bool, context: Option<&str>) -> Expr {
        ScalarUDF::new_from_impl(Self::new(ITEM, 0, ansi, context)).call(vec![array, index])
    }

    fn out_of_bounds(&self, index: i64, size: i64) -> SparkError {
        let condition = if self.first == 1 { INVALID_ARRAY_INDEX_IN_ELEMENT_AT } else { INVALID_ARRAY_INDEX };
        let parameters = [("indexValue", index.to_string()), ("arraySize", size.to_string())];
        self.with_context(condition.error(parameters))
    }

    fn with_context(&self, mut error: SparkError) -> SparkError {
        error.message.push_str(&self.context);
        error
    }

    /// The place of each row's element among all elements.
    fn places(&self, array: &ArrayRef, index: &ArrayRef, tried: impl Fn(usize) -> bool) -> Result<UInt32Array> {
        let (array, index) = (array.as_list::<i32>(), cast(index, &DataType::Int64)?);
        let index = index.as_primitive::<Int64Type>();
        let mut places = UInt32Builder::with_capacity(array.len());
        for row in 0..array.len() {
            if array.is_null(row) || index.is_null(row) {
                places.append_null();
                continue;
            }
            let (position, size) = (index.value(row), i64::from(array.value_length(row)));
            if self.first == 1 && position == 0 && tried(row) {
                return Err(self.with_context(INVALID_INDEX_OF_ZERO.error([])).into());
            }
            let offset = match position {
                0.. => position - self.first,
                _ if self.first == 1 => size + position,
                _ => -1,
            };
            match u32::try_from(i64::from(array.value_offsets()[row]) + offset) {
                Ok(place) if (0..size).contains(&offset) => places.append_value(place),
                _ if self.ansi && tried(row) => return Err(self.out_of_bounds(position, size).into()),
                _ => places.append_null(),
            }
        }
        Ok(places.finish())
    }
}

/// The place of each row's key among all entries of the maps.
pub(super) fn key_places(map: &ArrayRef, key: &ArrayRef) -> Result<UInt32Array> {
    let map = map.as_map();
    let key = cast(key, map.keys().data_type())?;
    let order = make_comparator(map.keys(), &key, SortOptions::default())?;
    let offsets = map.offsets();
    let mut places = UInt32Builder::with_capacity(map.len());
    for row in 0..map.len() {
        let entries = usize::try_from(offsets[row]).unwrap_or(0)..usize::try_from(offsets[row + 1]).unwrap_or(0);
        let found = if map.is_null(row) || key.is_null(row) {
            None
        } else {
            entries.into_iter().find(|entry| order(*entry, row).is_eq())
        };
        places.append_option(found.and_then(|entry| u32::try_from(entry).ok()));
    }
    Ok(places.finish())
}

impl ScalarUDFImpl for Element {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::List(element), _, ..] => Ok(element.data_type().clone()),
            [DataType::Map(entries, _), _, ..] => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => Ok(fields[1].data_type().clone()),
                other => internal_err!("a map of {other}"),
            },
            [DataType::Null, ..] => Ok(DataType::Null),
            _ => datafusion::common::plan_err!("{} of something that is neither an array nor a map", self.name),
        }
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<_> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        Ok(Arc::new(Field::new(self.name, self.return_type(&types)?, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [collection, key, condition @ ..] = args.args.as_slice() else {
            return internal_err!("{} with {} arguments", self.name, args.args.len());
        };
        let collection = collection.to_array(args.number_rows)?;
        let key = key.to_array(args.number_rows)?;
        let condition = condition.first().map(|condition| condition.to_array(args.number_rows)).transpose()?;
        let tried = |row: usize| match &condition {
            Some(condition) => condition.as_boolean().is_valid(row) && condition.as_boolean().value(row),
            None => true,
        };
        let element = match collection.data_type() {
            DataType::List(_) => {
                take(collection.as_list::<i32>().values(), &self.places(&collection, &key, tried)?, None)?
            }
            DataType::Map(..) => take(collection.as_map().values(), &key_places(&collection, &key)?, None)?,
            _ => arrow::array::new_null_array(&DataType::Null, args.number_rows),
        };
        Ok(ColumnarValue::Array(element))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use arrow::array::{Int32Array, ListArray};
    use arrow::datatypes::Int32Type;
    use datafusion::common::ScalarValue;
    use rstest::rstest;

    use super::*;

    fn call(function: &Element, index: i32) -> Result<Vec<Option<i32>>> {
        let rows = vec![Some(vec![Some(1), None, Some(3)]), None];
        let array: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(rows));
        let index = ColumnarValue::Scalar(ScalarValue::Int32(Some(index)));
        let args = ScalarFunctionArgs {
            args: vec![ColumnarValue::Array(array), index],
            arg_fields: Vec::new(),
            number_rows: 2,
            return_field: Arc::new(Field::new("", DataType::Int32, true)),
            config_options: Arc::default(),
        };
        let elements = function.invoke_with_args(args)?.into_array(2)?;
        Ok(elements.as_any().downcast_ref::<Int32Array>().unwrap().iter().collect())
    }

    #[rstest]
    #[case(Element::at_position(true, None), 1, Some(1))]
    #[case(Element::at_position(true, None), 2, None)]
    #[case(Element::at_position(true, None), -1, Some(3))]
    #[case(Element::at_position(true, None), -3, Some(1))]
    #[case(Element::at_position(false, None), 4, None)]
    #[case(Element::tolerant("get", 0), 0, Some(1))]
    #[case(Element::tolerant("get", 0), -1, None)]
    fn an_element_is_found(#[case] function: Element, #[case] index: i32, #[case] expected: Option<i32>) {
        assert_eq!(call(&function, index).unwrap(), [expected, None]);
    }

    #[rstest]
    #[case(Element::at_position(true, None), 4, "INVALID_ARRAY_INDEX_IN_ELEMENT_AT")]
    #[case(Element::at_position(true, None), -4, "INVALID_ARRAY_INDEX_IN_ELEMENT_AT")]
    #[case(Element::at_position(false, None), 0, "INVALID_INDEX_OF_ZERO")]
    #[case(Element::new(ITEM, 0, true, None), -1, "INVALID_ARRAY_INDEX")]
    #[case(Element::new(ITEM, 0, true, None), 3, "INVALID_ARRAY_INDEX")]
    fn a_position_that_is_not_there_is_an_error(
        #[case] function: Element,
        #[case] index: i32,
        #[case] condition: &str,
    ) {
        let error = SparkError::from(call(&function, index).unwrap_err());
        assert_eq!(error.condition.as_deref(), Some(condition));
    }
}
