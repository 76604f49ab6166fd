//! Functions that take a lambda of several values at once: of a map's entries, of the elements of two arrays, of the entries of two
//! maps.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, MapArray, UInt32Array, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, concat, take, take_arrays};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{internal_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDFImpl,
    LambdaParametersProgress, ValueOrLambda, Volatility,
};

use super::arrays::Keys;
use super::maps::{build_map, map_type};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    TransformKeys,
    TransformValues,
    MapFilter,
    ZipWith,
    MapZipWith,
}

/// A function of one or two collections and a lambda.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct EntriesFunction {
    signature: HigherOrderSignature,
    kind: Kind,
}

impl EntriesFunction {
    /// Each of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let kinds = [Kind::TransformKeys, Kind::TransformValues, Kind::MapFilter, Kind::ZipWith, Kind::MapZipWith];
        kinds.into_iter().map(|kind| {
            let mut arguments = vec![ValueOrLambda::Value(()); if kind.is_of_two() { 2 } else { 1 }];
            arguments.push(ValueOrLambda::Lambda(()));
            Self { signature: HigherOrderSignature::exact(arguments, Volatility::Immutable), kind }
        })
    }
}

impl Kind {
    fn is_of_two(self) -> bool {
        matches!(self, Self::ZipWith | Self::MapZipWith)
    }
}

/// The key and the value of a map's entries.
fn entry_of(data_type: &DataType) -> Result<(FieldRef, FieldRef)> {
    if let DataType::Map(entries, _) = data_type
        && let DataType::Struct(fields) = entries.data_type()
        && let [key, value] = fields.as_ref()
    {
        return Ok((Arc::clone(key), Arc::clone(value)));
    }
    plan_err!("a lambda for the entries of {data_type}, which is no map")
}

fn element_of(data_type: &DataType) -> Result<FieldRef> {
    match data_type {
        DataType::List(element) => Ok(Arc::clone(element)),
        other => plan_err!("a lambda for the elements of {other}, which is no array"),
    }
}

fn nullable(field: &Field) -> FieldRef {
    Arc::new(field.clone().with_nullable(true))
}

/// Where the entries of each row begin and end.
fn places(offsets: &[i32]) -> Vec<std::ops::Range<usize>> {
    let place = |offset: i32| usize::try_from(offset).unwrap_or(0);
    offsets.windows(2).map(|ends| place(ends[0])..place(ends[1])).collect()
}

fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

impl HigherOrderUDFImpl for EntriesFunction {
    fn name(&self) -> &str {
        match self.kind {
            Kind::TransformKeys => "transform_keys",
            Kind::TransformValues => "transform_values",
            Kind::MapFilter => "map_filter",
            Kind::ZipWith => "zip_with",
            Kind::MapZipWith => "map_zip_with",
        }
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        // What has no type is a collection of nulls.
        let of_nothing = match self.kind {
            Kind::ZipWith => DataType::new_list(DataType::Null, true),
            _ => map_type(&DataType::Null, &DataType::Null, true),
        };
        let typed = |given: &DataType| if given == &DataType::Null { of_nothing.clone() } else { given.clone() };
        Ok(types.iter().map(typed).collect())
    }

    fn lambda_parameters(
        &self,
        _step: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        let parameters = match (self.kind, fields) {
            (Kind::ZipWith, [ValueOrLambda::Value(one), ValueOrLambda::Value(other), _]) => {
                vec![nullable(element_of(one.data_type())?.as_ref()), nullable(element_of(other.data_type())?.as_ref())]
            }
            (Kind::MapZipWith, [ValueOrLambda::Value(one), ValueOrLambda::Value(other), _]) => {
                let ((key, one), (_, other)) = (entry_of(one.data_type())?, entry_of(other.data_type())?);
                vec![key, nullable(&one), nullable(&other)]
            }
            (_, [ValueOrLambda::Value(map), _]) => {
                let (key, value) = entry_of(map.data_type())?;
                vec![key, value]
            }
            _ => return plan_err!("{} expects other arguments", self.name()),
        };
        Ok(LambdaParametersProgress::Complete(vec![parameters]))
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let Some((ValueOrLambda::Lambda(body), values)) = args.arg_fields.split_last() else {
            return plan_err!("{} expects a lambda at the end", self.name());
        };
        let values: Vec<&FieldRef> = values
            .iter()
            .filter_map(|value| if let ValueOrLambda::Value(field) = value { Some(field) } else { None })
            .collect();
        let Some(first) = values.first() else { return plan_err!("{} expects a collection", self.name()) };
        let data_type = match self.kind {
            Kind::TransformKeys => {
                let (_, value) = entry_of(first.data_type())?;
                map_type(body.data_type(), value.data_type(), value.is_nullable())
            }
            Kind::TransformValues | Kind::MapZipWith => {
                let (key, _) = entry_of(first.data_type())?;
                map_type(key.data_type(), body.data_type(), body.is_nullable())
            }
            Kind::MapFilter if !matches!(body.data_type(), DataType::Boolean | DataType::Null) => {
                return plan_err!("map_filter expects a lambda that is true or false, not {}", body.data_type());
            }
            Kind::MapFilter => first.data_type().clone(),
            Kind::ZipWith => {
                let element = Field::new("element", body.data_type().clone(), body.is_nullable());
                DataType::List(Arc::new(element))
            }
        };
        let nullable = values.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(self.name(), data_type, nullable)))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let Some((ValueOrLambda::Lambda(lambda), values)) = args.args.split_last() else {
            return internal_err!("{} expects a lambda at the end", self.name());
        };
        let mut arrays = Vec::with_capacity(values.len());
        for value in values {
            let ValueOrLambda::Value(value) = value else { return internal_err!("{} of a lambda", self.name()) };
            arrays.push(value.to_array(args.number_rows)?);
        }
        if arrays.iter().any(|array| array.data_type() == &DataType::Null) {
            return Ok(ColumnarValue::Array(new_null_array(args.return_type(), args.number_rows)));
        }
        let evaluate = |parameters: &[ArrayRef], rows: &UInt32Array| -> Result<ArrayRef> {
            let given: Vec<_> = parameters.iter().map(|array| move || Ok(Arc::clone(array))).collect();
            let given: Vec<&dyn Fn() -> Result<ArrayRef>> =
                given.iter().map(|given| given as &dyn Fn() -> Result<ArrayRef>).collect();
            lambda.evaluate(&given, |captured| Ok(take_arrays(captured, rows, None)?))?.into_array(rows.len())
        };
        let result = match (self.kind, arrays.as_slice()) {
            (Kind::ZipWith, [one, other]) => zipped(one, other, args.return_type(), evaluate)?,
            (Kind::MapZipWith, [one, other]) => zipped_maps(one, other, args.return_type(), evaluate)?,
            (kind, [map]) => of_entries(kind, map.as_map(), args.return_type(), evaluate)?,
            _ => return internal_err!("{} of {} collections", self.name(), arrays.len()),
        };
        Ok(ColumnarValue::Array(result))
    }
}

type Taken = (ArrayRef, Vec<std::ops::Range<usize>>, UInt32Array);

/// The rows that entries at these places are of.
fn rows_of(places: &[std::ops::Range<usize>]) -> UInt32Array {
    places.iter().enumerate().flat_map(|(row, own)| std::iter::repeat_n(index(row), own.len())).collect()
}

/// The entries of all rows, one after the other from the first one on.
fn content(array: &ArrayRef, offsets: &[i32]) -> Taken {
    let own = places(offsets);
    let (first, last) = (own.first().map_or(0, |own| own.start), own.last().map_or(0, |own| own.end));
    let places = own.into_iter().map(|own| own.start - first..own.end - first).collect::<Vec<_>>();
    let rows = rows_of(&places);
    (array.slice(first, last - first), places, rows)
}

fn of_entries(
    kind: Kind,
    map: &MapArray,
    returns: &DataType,
    evaluate: impl Fn(&[ArrayRef], &UInt32Array) -> Result<ArrayRef>,
) -> Result<ArrayRef> {
    let (keys, places, rows) = content(map.keys(), map.offsets());
    let (values, ..) = content(map.values(), map.offsets());
    let body = evaluate(&[Arc::clone(&keys), Arc::clone(&values)], &rows)?;
    let own = |row: usize| if map.is_null(row) { None } else { Some(places[row].clone()) };
    let pairs: Vec<Option<Vec<(usize, usize)>>> = match kind {
        Kind::MapFilter => {
            let kept = cast(&body, &DataType::Boolean)?;
            let kept: &BooleanArray = kept.as_boolean();
            let is_kept = |place: &usize| kept.is_valid(*place) && kept.value(*place);
            (0..map.len())
                .map(|row| own(row).map(|own| own.filter(is_kept).map(|place| (place, place)).collect()))
                .collect()
        }
        _ => (0..map.len()).map(|row| own(row).map(|own| own.map(|place| (place, place)).collect())).collect(),
    };
    match kind {
        Kind::TransformKeys => build_map(returns, &body, &values, &pairs),
        Kind::TransformValues => build_map(returns, &keys, &body, &pairs),
        _ => build_map(returns, &keys, &values, &pairs),
    }
}

fn zipped(
    one: &ArrayRef,
    other: &ArrayRef,
    returns: &DataType,
    evaluate: impl Fn(&[ArrayRef], &UInt32Array) -> Result<ArrayRef>,
) -> Result<ArrayRef> {
    let (one, other) = (one.as_list::<i32>(), other.as_list::<i32>());
    let (ones, others) = (places(one.value_offsets()), places(other.value_offsets()));
    let (mut left, mut right, mut rows, mut lengths) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let nulls = NullBuffer::union(one.nulls(), other.nulls());
    for row in 0..one.len() {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            lengths.push(0);
            continue;
        }
        let (own, others) = (&ones[row], &others[row]);
        let longest = own.len().max(others.len());
        for position in 0..longest {
            left.push((position < own.len()).then(|| index(own.start + position)));
            right.push((position < others.len()).then(|| index(others.start + position)));
            rows.push(index(row));
        }
        lengths.push(longest);
    }
    let (left, right) = (UInt32Array::from(left), UInt32Array::from(right));
    let parameters = [take(one.values(), &left, None)?, take(other.values(), &right, None)?];
    let body = evaluate(&parameters, &UInt32Array::from(rows))?;
    let DataType::List(element) = returns else { return internal_err!("zip_with makes arrays") };
    let body = if body.data_type() == element.data_type() { body } else { cast(&body, element.data_type())? };
    let list = ListArray::try_new(Arc::clone(element), OffsetBuffer::from_lengths(lengths), body, nulls)?;
    Ok(Arc::new(list))
}

fn zipped_maps(
    one: &ArrayRef,
    other: &ArrayRef,
    returns: &DataType,
    evaluate: impl Fn(&[ArrayRef], &UInt32Array) -> Result<ArrayRef>,
) -> Result<ArrayRef> {
    let (one, other) = (one.as_map(), other.as_map());
    let (ones, others) = (places(one.offsets()), places(other.offsets()));
    let other_keys = cast(other.keys(), one.keys().data_type())?;
    let keys = concat(&[one.keys().as_ref(), other_keys.as_ref()])?;
    let behind = one.keys().len();
    let order = Keys::try_new(Arc::clone(&keys), keys.len())?;
    let (mut key, mut left, mut right, mut rows) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut pairs: Vec<Option<Vec<(usize, usize)>>> = Vec::with_capacity(one.len());
    for row in 0..one.len() {
        if one.is_null(row) || other.is_null(row) {
            pairs.push(None);
            continue;
        }
        let from = key.len();
        for place in ones[row].clone() {
            let twin = others[row].clone().find(|other| order.same(place, behind + other));
            key.push(index(place));
            left.push(Some(index(place)));
            right.push(twin.map(index));
        }
        for place in others[row].clone() {
            if !ones[row].clone().any(|known| order.same(known, behind + place)) {
                key.push(index(behind + place));
                left.push(None);
                right.push(Some(index(place)));
            }
        }
        rows.extend(std::iter::repeat_n(index(row), key.len() - from));
        pairs.push(Some((from..key.len()).map(|place| (place, place)).collect()));
    }
    let keys = take(&keys, &UInt32Array::from(key), None)?;
    let left = take(one.values(), &UInt32Array::from(left), None)?;
    let right = take(other.values(), &UInt32Array::from(right), None)?;
    let body = evaluate(&[Arc::clone(&keys), left, right], &UInt32Array::from(rows))?;
    build_map(returns, &keys, &body, &pairs)
}
