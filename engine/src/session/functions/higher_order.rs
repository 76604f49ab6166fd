//! Functions that take a lambda: `exists`, `forall`, `filter`, `transform`, `aggregate`.
//!
//! A lambda's body is evaluated for all elements of a batch at once, the columns that it uses repeated for each element.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, UInt32Array, new_null_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, filter, interleave, is_null, nullif, take, take_arrays};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{internal_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDFImpl,
    LambdaParametersProgress, ValueOrLambda, Volatility,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Exists,
    ForAll,
    Filter,
    Transform,
}

/// A function of an array and a lambda of its elements, which may take their positions too.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct ArrayFunction {
    signature: HigherOrderSignature,
    kind: Kind,
}

impl ArrayFunction {
    /// Each of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Kind::Exists, Kind::ForAll, Kind::Filter, Kind::Transform].into_iter().map(|kind| {
            let arguments = vec![ValueOrLambda::Value(()), ValueOrLambda::Lambda(())];
            Self { signature: HigherOrderSignature::exact(arguments, Volatility::Immutable), kind }
        })
    }
}

fn element_of(data_type: &DataType) -> Result<FieldRef> {
    match data_type {
        DataType::List(element) => Ok(Arc::clone(element)),
        other => plan_err!("a lambda for the elements of {other}, which is no array"),
    }
}

/// An array without a type is one of nulls.
fn as_arrays(types: &[DataType]) -> Vec<DataType> {
    let mut types = types.to_vec();
    if let Some(first) = types.first_mut()
        && *first == DataType::Null
    {
        *first = DataType::new_list(DataType::Null, true);
    }
    types
}

/// The elements of all rows, where those of each row begin and end, and the row of each.
struct Elements {
    values: ArrayRef,
    offsets: Vec<usize>,
    rows: UInt32Array,
}

impl Elements {
    fn of(list: &ListArray) -> Self {
        let offsets: Vec<usize> = list.offsets().iter().map(|offset| usize::try_from(*offset).unwrap_or(0)).collect();
        let (first, last) = (offsets.first().copied().unwrap_or(0), offsets.last().copied().unwrap_or(0));
        let values = list.values().slice(first, last - first);
        let offsets: Vec<usize> = offsets.into_iter().map(|offset| offset - first).collect();
        let rows = offsets.windows(2).enumerate().flat_map(|(row, ends)| {
            std::iter::repeat_n(u32::try_from(row).unwrap_or(u32::MAX), ends[1].saturating_sub(ends[0]))
        });
        let rows = rows.collect();
        Self { values, offsets, rows }
    }

    fn lengths(&self) -> impl Iterator<Item = usize> {
        self.offsets.windows(2).map(|ends| ends[1] - ends[0])
    }

    /// The position of each element in its array, from 0.
    fn positions(&self) -> ArrayRef {
        let positions = self.lengths().flat_map(|length| 0..i32::try_from(length).unwrap_or(i32::MAX));
        Arc::new(positions.collect::<arrow::array::Int32Array>())
    }
}

impl HigherOrderUDFImpl for ArrayFunction {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Exists => "exists",
            Kind::ForAll => "forall",
            Kind::Filter => "filter",
            Kind::Transform => "transform",
        }
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(as_arrays(types))
    }

    fn lambda_parameters(
        &self,
        _step: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Lambda(_)] = fields else {
            return plan_err!("{} expects an array and a lambda", self.name());
        };
        let element = element_of(list.data_type())?;
        let position = Arc::new(Field::new("position", DataType::Int32, false));
        let parameters = match self.kind {
            Kind::Filter | Kind::Transform => vec![element, position],
            Kind::Exists | Kind::ForAll => vec![element],
        };
        Ok(LambdaParametersProgress::Complete(vec![parameters]))
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Lambda(body)] = args.arg_fields else {
            return plan_err!("{} expects an array and a lambda", self.name());
        };
        if self.kind != Kind::Transform && !matches!(body.data_type(), DataType::Boolean | DataType::Null) {
            return plan_err!("{} expects a lambda that is true or false, not {}", self.name(), body.data_type());
        }
        let (data_type, nullable) = match self.kind {
            Kind::Exists | Kind::ForAll => (DataType::Boolean, list.is_nullable() || body.is_nullable()),
            Kind::Filter => (list.data_type().clone(), list.is_nullable()),
            Kind::Transform => {
                let element = Field::new("element", body.data_type().clone(), body.is_nullable());
                (DataType::List(Arc::new(element)), list.is_nullable())
            }
        };
        Ok(Arc::new(Field::new(self.name(), data_type, nullable)))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Lambda(lambda)] = args.args.as_slice() else {
            return internal_err!("{} expects an array and a lambda", self.name());
        };
        let list = list.to_array(args.number_rows)?;
        if list.data_type() == &DataType::Null {
            return Ok(ColumnarValue::Array(new_null_array(args.return_type(), args.number_rows)));
        }
        let list = list.as_list::<i32>();
        let elements = Elements::of(list);
        let (value, position) = (|| Ok(Arc::clone(&elements.values)), || Ok(elements.positions()));
        let body =
            lambda.evaluate(&[&value, &position], |captured| Ok(take_arrays(captured, &elements.rows, None)?))?;
        let body = body.into_array(elements.values.len())?;
        if self.kind == Kind::Transform {
            let DataType::List(element) = args.return_type() else {
                return internal_err!("transform makes arrays");
            };
            let body = if body.data_type() == element.data_type() { body } else { cast(&body, element.data_type())? };
            let offsets = OffsetBuffer::from_lengths(elements.lengths());
            let transformed = ListArray::try_new(Arc::clone(element), offsets, body, list.nulls().cloned())?;
            return Ok(ColumnarValue::Array(Arc::new(transformed)));
        }
        let body = cast(&body, &DataType::Boolean)?;
        let tests = body.as_boolean();
        let is = |index: usize, value: bool| tests.is_valid(index) && tests.value(index) == value;
        let result: ArrayRef = match self.kind {
            Kind::Filter => {
                let kept: BooleanArray = (0..tests.len()).map(|index| Some(is(index, true))).collect();
                let lengths =
                    elements.offsets.windows(2).map(|ends| (ends[0]..ends[1]).filter(|i| is(*i, true)).count());
                let offsets = OffsetBuffer::from_lengths(lengths);
                let values = filter(&elements.values, &kept)?;
                let element = element_of(list.data_type())?;
                Arc::new(ListArray::try_new(element, offsets, values, list.nulls().cloned())?)
            }
            // One element decides; without it a test that is null leaves the result open.
            kind => {
                let deciding = kind == Kind::Exists;
                let decided = elements.offsets.windows(2).enumerate().map(|(row, ends)| {
                    let mut tested = ends[0]..ends[1];
                    if list.is_null(row) {
                        None
                    } else if tested.clone().any(|index| is(index, deciding)) {
                        Some(deciding)
                    } else if tested.any(|index| tests.is_null(index)) {
                        None
                    } else {
                        Some(!deciding)
                    }
                });
                Arc::new(decided.collect::<BooleanArray>())
            }
        };
        Ok(ColumnarValue::Array(result))
    }
}

/// `aggregate(array, start, merge[, finish])`: the elements merged one after the other.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fold {
    signature: HigherOrderSignature,
    name: &'static str,
}

impl Fold {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { signature: HigherOrderSignature::user_defined(Volatility::Immutable), name }
    }
}

impl HigherOrderUDFImpl for Fold {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(as_arrays(types))
    }

    fn lambda_parameters(
        &self,
        _step: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Value(start), ValueOrLambda::Lambda(_), rest @ ..] = fields
        else {
            return plan_err!("{} expects an array, a start and a lambda", self.name);
        };
        let so_far = Arc::new(start.as_ref().clone().with_nullable(true));
        let mut parameters = vec![vec![Arc::clone(&so_far), element_of(list.data_type())?]];
        match rest {
            [] => {}
            [ValueOrLambda::Lambda(_)] => parameters.push(vec![so_far]),
            _ => return plan_err!("{} expects nothing but a lambda at the end", self.name),
        }
        Ok(LambdaParametersProgress::Complete(parameters))
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let result = match args.arg_fields {
            [_, ValueOrLambda::Value(start), ValueOrLambda::Lambda(_)] => start,
            [_, _, _, ValueOrLambda::Lambda(finish)] => finish,
            _ => return plan_err!("{} expects an array, a start and one or two lambdas", self.name),
        };
        Ok(Arc::new(Field::new(self.name, result.data_type().clone(), true)))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let [ValueOrLambda::Value(list), ValueOrLambda::Value(start), ValueOrLambda::Lambda(merge), finish @ ..] =
            args.args.as_slice()
        else {
            return internal_err!("{} expects an array, a start and a lambda", self.name);
        };
        let list = list.to_array(args.number_rows)?;
        if list.data_type() == &DataType::Null {
            return Ok(ColumnarValue::Array(new_null_array(args.return_type(), args.number_rows)));
        }
        let list = list.as_list::<i32>();
        let elements = Elements::of(list);
        let mut so_far = start.to_array(args.number_rows)?;
        let longest = elements.lengths().max().unwrap_or(0);
        for position in 0..longest {
            // The rows that have an element there, and the place of it among all elements.
            let with_element: Vec<(u32, u32)> = elements
                .offsets
                .windows(2)
                .enumerate()
                .filter(|(row, ends)| list.is_valid(*row) && ends[1] - ends[0] > position)
                .filter_map(|(row, ends)| Some((u32::try_from(row).ok()?, u32::try_from(ends[0] + position).ok()?)))
                .collect();
            if with_element.is_empty() {
                break;
            }
            let rows: UInt32Array = with_element.iter().map(|(row, _)| *row).collect();
            let places: UInt32Array = with_element.iter().map(|(_, place)| *place).collect();
            let (before, next) = (take(&so_far, &rows, None)?, take(&elements.values, &places, None)?);
            let (one, other) = (|| Ok(Arc::clone(&before)), || Ok(Arc::clone(&next)));
            let merged = merge.evaluate(&[&one, &other], |captured| Ok(take_arrays(captured, &rows, None)?))?;
            let merged = merged.into_array(rows.len())?;
            let merged =
                if merged.data_type() == so_far.data_type() { merged } else { cast(&merged, so_far.data_type())? };
            let mut sources: Vec<(usize, usize)> = (0..args.number_rows).map(|row| (0, row)).collect();
            for (index, (row, _)) in with_element.iter().enumerate() {
                sources[*row as usize] = (1, index);
            }
            so_far = interleave(&[so_far.as_ref(), merged.as_ref()], &sources)?;
        }
        if let [ValueOrLambda::Lambda(finish)] = finish {
            let all = || Ok(Arc::clone(&so_far));
            let finished = finish.evaluate(&[&all], |captured| Ok(captured.to_vec()))?;
            so_far = finished.into_array(args.number_rows)?;
        }
        Ok(ColumnarValue::Array(nullif(&so_far, &is_null(list)?)?))
    }
}
