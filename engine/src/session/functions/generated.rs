//! What generators (`explode` and its like) need besides DataFusion's unnesting.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int32Array, ListArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{internal_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The name of [`entries`].
pub(crate) const ENTRIES: &str = "map_to_array";

/// The entries of a map as an array of structs, in their order.
pub(crate) fn entries(map: Expr) -> Expr {
    ScalarUDF::new_from_impl(Generated::new(Part::Entries)).call(vec![map])
}

/// The positions of an array's elements, from 0.
pub(crate) fn positions(array: Expr) -> Expr {
    ScalarUDF::new_from_impl(Generated::new(Part::Positions)).call(vec![array])
}

/// A generated value, which DataFusion always takes for one that may be null.
pub(crate) fn element(value: Expr, nullable: bool) -> Expr {
    ScalarUDF::new_from_impl(Generated::new(Part::Element { nullable })).call(vec![value])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Entries,
    Positions,
    Element { nullable: bool },
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Generated {
    signature: Signature,
    part: Part,
}

impl Generated {
    fn new(part: Part) -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable), part }
    }
}

impl ScalarUDFImpl for Generated {
    fn name(&self) -> &str {
        match self.part {
            Part::Entries => ENTRIES,
            Part::Positions => "positions",
            Part::Element { .. } => "generated",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(match (self.part, types) {
            (Part::Entries, [DataType::Map(entries, _)]) => DataType::List(Arc::clone(entries)),
            (Part::Positions, [_]) => DataType::List(Arc::new(Field::new("element", DataType::Int32, false))),
            (Part::Element { .. }, [data_type]) => data_type.clone(),
            _ => return plan_err!("{} of something that is no map", self.name()),
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let [argument] = args.arg_fields else { return internal_err!("{} of more than one value", self.name()) };
        let nullable = match self.part {
            Part::Element { nullable } => nullable,
            Part::Entries | Part::Positions => argument.is_nullable(),
        };
        let data_type = self.return_type(&[argument.data_type().clone()])?;
        Ok(Arc::new(argument.as_ref().clone().with_data_type(data_type).with_nullable(nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value] = args.args.as_slice() else { return internal_err!("{} of more than one value", self.name()) };
        let value = value.to_array(args.number_rows)?;
        let array: ArrayRef = match self.part {
            Part::Element { .. } => value,
            Part::Entries => {
                let (map, DataType::List(entry)) = (value.as_map(), args.return_field.data_type()) else {
                    return internal_err!("{ENTRIES} makes arrays");
                };
                let entries = Arc::new(map.entries().clone());
                Arc::new(ListArray::try_new(Arc::clone(entry), map.offsets().clone(), entries, map.nulls().cloned())?)
            }
            Part::Positions => {
                let list = value.as_list::<i32>();
                let lengths: Vec<i32> =
                    (0..list.len()).map(|row| if list.is_valid(row) { list.value_length(row) } else { 0 }).collect();
                let positions: Int32Array = lengths.iter().flat_map(|length| 0..*length).collect();
                let lengths = lengths.iter().map(|length| usize::try_from(*length).unwrap_or(0));
                let element = Arc::new(Field::new("element", DataType::Int32, false));
                let offsets = OffsetBuffer::from_lengths(lengths);
                Arc::new(ListArray::try_new(element, offsets, Arc::new(positions), list.nulls().cloned())?)
            }
        };
        Ok(ColumnarValue::Array(array))
    }
}
