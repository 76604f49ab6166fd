//! Aggregates that need all values in their order: percentiles and the most frequent value.
//!
//! `percentile_approx` is exact here: it takes the value that Spark takes as long as its sketch holds all of them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray, UInt32Array, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{SortOptions, cast, concat, sort_to_indices, take};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{ScalarValue, internal_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

use crate::error::condition::VALUE_OUT_OF_RANGE;

/// `percentile_disc`, by the order of its `WITHIN GROUP`.
pub(crate) const DISCRETE: &str = "percentile_discrete";
/// See [`DISCRETE`].
pub(crate) const DISCRETE_DESCENDING: &str = "percentile_discrete_descending";

/// What is made of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Between two values, as far as the percentage lies between their places.
    Continuous,
    /// The first value that so many percent of all reach, as a double.
    Discrete,
    /// The same from the greatest value on.
    DiscreteDescending,
    /// The same, in the type that the values have.
    Nearest,
    /// The most frequent value.
    Mode,
}

/// An aggregate function of all values of a column.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Ordered {
    name: &'static str,
    kind: Kind,
    signature: Signature,
}

impl Ordered {
    /// Each of them.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let named = [
            ("percentile", Kind::Continuous),
            (DISCRETE, Kind::Discrete),
            (DISCRETE_DESCENDING, Kind::DiscreteDescending),
            ("percentile_approx", Kind::Nearest),
            ("approx_percentile", Kind::Nearest),
            ("mode", Kind::Mode),
        ];
        let signature = || Signature::user_defined(Volatility::Immutable);
        named.into_iter().map(move |(name, kind)| Self { name, kind, signature: signature() })
    }
}

impl Kind {
    fn gives_doubles(self) -> bool {
        matches!(self, Self::Continuous | Self::Discrete | Self::DiscreteDescending)
    }
}

fn percentages(data_type: &DataType) -> DataType {
    match data_type {
        DataType::List(_) => DataType::List(Arc::new(Field::new("element", DataType::Float64, true))),
        _ => DataType::Float64,
    }
}

impl AggregateUDFImpl for Ordered {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let number = match types.first() {
            Some(DataType::Utf8 | DataType::Null) if self.kind != Kind::Mode => DataType::Float64,
            Some(_) if self.kind.gives_doubles() => DataType::Float64,
            Some(given) => given.clone(),
            None => return plan_err!("{} expects an argument", self.name),
        };
        match (self.kind, types) {
            (Kind::Mode, [_]) => Ok(vec![number]),
            (Kind::Mode, [_, _]) => Ok(vec![number, DataType::Boolean]),
            (Kind::Mode, _) | (_, [_]) => plan_err!("{} with {} arguments", self.name, types.len()),
            (_, [_, percentage]) => Ok(vec![number, percentages(percentage)]),
            (_, [_, percentage, _]) => Ok(vec![number, percentages(percentage), DataType::Int64]),
            (_, types) => plan_err!("{} with {} arguments", self.name, types.len()),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let Some(first) = types.first() else { return plan_err!("{} expects an argument", self.name) };
        let one = if self.kind.gives_doubles() { &DataType::Float64 } else { first };
        Ok(match (self.kind, types.get(1)) {
            (Kind::Continuous | Kind::Nearest, Some(DataType::List(_))) => {
                DataType::List(Arc::new(Field::new("element", one.clone(), false)))
            }
            _ => one.clone(),
        })
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let data_type = |index: usize| args.expr_fields.get(index).map(|field| field.data_type().clone());
        let weighted = self.kind == Kind::Continuous && args.expr_fields.len() == 3;
        Ok(Box::new(Values {
            kind: self.kind,
            name: self.name,
            distinct: args.is_distinct,
            weighted,
            data_type: data_type(0).unwrap_or(DataType::Null),
            option_type: data_type(1).unwrap_or(DataType::Null),
            returns: args.return_field.data_type().clone(),
            values: Vec::new(),
            weights: Vec::new(),
            option: None,
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let data_type = |index: usize| args.input_fields.get(index).map(|field| field.data_type().clone());
        let list = |name: &str, of: DataType| {
            let element = Arc::new(Field::new("element", of, true));
            Arc::new(Field::new(format!("{}_{name}", args.name), DataType::List(element), true))
        };
        let option = data_type(1).unwrap_or(DataType::Null);
        Ok(vec![
            list("values", data_type(0).unwrap_or(DataType::Null)),
            list("weights", DataType::Int64),
            Arc::new(Field::new(format!("{}_option", args.name), option, true)),
        ])
    }
}

/// The values that were seen.
#[derive(Debug)]
struct Values {
    kind: Kind,
    name: &'static str,
    distinct: bool,
    weighted: bool,
    data_type: DataType,
    option_type: DataType,
    returns: DataType,
    values: Vec<ArrayRef>,
    /// How often each value counts, if that is told.
    weights: Vec<ArrayRef>,
    /// The percentages.
    option: Option<ScalarValue>,
}

impl Values {
    fn all(&self, parts: &[ArrayRef], data_type: &DataType) -> Result<ArrayRef> {
        if parts.is_empty() {
            return Ok(new_empty_array(data_type));
        }
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        Ok(concat(&parts)?)
    }

    /// The values in their order without nulls, and how often each counts.
    fn ordered(&self) -> Result<(ArrayRef, Vec<u64>)> {
        let values = self.all(&self.values, &self.data_type)?;
        let options = SortOptions { descending: false, nulls_first: false };
        let order = sort_to_indices(&values, Some(options), None)?;
        let order = order.slice(0, values.len() - values.null_count());
        let mut weights = vec![1; order.len()];
        if self.weighted {
            let all = self.all(&self.weights, &DataType::Int64)?;
            let all = all.as_primitive::<Int64Type>();
            for (weight, place) in weights.iter_mut().zip(order.values()) {
                let place = *place as usize;
                *weight = if all.is_null(place) { 0 } else { u64::try_from(all.value(place)).unwrap_or(0) };
            }
        }
        let values = take(&values, &order, None)?;
        if !self.distinct {
            return Ok((values, weights));
        }
        let rows = RowConverter::new(vec![SortField::new(values.data_type().clone())])?
            .convert_columns(std::slice::from_ref(&values))?;
        let first: UInt32Array = (0..rows.num_rows())
            .filter(|row| *row == 0 || rows.row(*row) != rows.row(row - 1))
            .filter_map(|row| u32::try_from(row).ok())
            .collect();
        Ok((take(&values, &first, None)?, vec![1; first.len()]))
    }

    fn wanted(&self) -> Result<Option<Vec<f64>>> {
        let Some(option) = &self.option else { return Ok(None) };
        let array = option.to_array()?;
        let numbers = match array.data_type() {
            DataType::List(_) => array.as_list::<i32>().value(0),
            _ => array,
        };
        let numbers = cast(&numbers, &DataType::Float64)?;
        let numbers: Vec<f64> = numbers.as_primitive::<Float64Type>().iter().flatten().collect();
        if let Some(wrong) = numbers.iter().find(|number| !(0.0..=1.0).contains(*number)) {
            let name = if self.name.starts_with(DISCRETE) { "percentile_disc" } else { self.name };
            return Err(VALUE_OUT_OF_RANGE
                .error([
                    ("sqlExpr", format!("\"{name}\"")),
                    ("exprName", "percentage".to_owned()),
                    ("valueRange", "[0.0, 1.0]".to_owned()),
                    ("currentValue", format!("{wrong:?}D")),
                ])
                .into());
        }
        Ok(Some(numbers))
    }

    fn mode(&self) -> Result<ScalarValue> {
        let (values, _) = self.ordered()?;
        if values.is_empty() {
            return ScalarValue::try_from(&self.returns);
        }
        let rows = RowConverter::new(vec![SortField::new(values.data_type().clone())])?
            .convert_columns(std::slice::from_ref(&values))?;
        let (mut best, mut most, mut start) = (0, 0, 0);
        for row in 0..rows.num_rows() {
            if rows.row(row) != rows.row(start) {
                start = row;
            }
            // Of values that are as frequent the least one.
            if row - start + 1 > most {
                (best, most) = (start, row - start + 1);
            }
        }
        ScalarValue::try_from_array(&values, best)
    }
}

/// The value before which so many lie.
fn at(ends: &[u64], place: u64) -> usize {
    ends.partition_point(|end| *end <= place)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among the values is neither negative nor beyond them"
)]
fn place_of(kind: Kind, total: u64, percentage: f64) -> (u64, u64, f64) {
    match kind {
        Kind::Continuous => {
            let position = total.saturating_sub(1) as f64 * percentage;
            (position.floor() as u64, position.ceil() as u64, position - position.floor())
        }
        kind => {
            let rank = ((total as f64 * percentage).ceil() as u64).max(1) - 1;
            let rank = if kind == Kind::DiscreteDescending { total.saturating_sub(1 + rank) } else { rank };
            (rank, rank, 0.0)
        }
    }
}

impl Accumulator for Values {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [column, options @ ..] = values else { return internal_err!("{} of no column", self.name) };
        self.values.push(Arc::clone(column));
        if let [option, weights @ ..] = options {
            if self.option.is_none() && !option.is_empty() {
                self.option = Some(ScalarValue::try_from_array(option, 0)?);
            }
            if let ([weights], true) = (weights, self.weighted) {
                self.weights.push(cast(weights, &DataType::Int64)?);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        if self.kind == Kind::Mode {
            return self.mode();
        }
        let (wanted, (values, weights)) = (self.wanted()?, self.ordered()?);
        let ends: Vec<u64> = weights
            .iter()
            .scan(0_u64, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        let total = ends.last().copied().unwrap_or(0);
        let (Some(wanted), true) = (wanted, total > 0) else { return ScalarValue::try_from(&self.returns) };
        let found: ArrayRef = match self.kind {
            Kind::Nearest => {
                let places = wanted.iter().map(|percentage| at(&ends, place_of(self.kind, total, *percentage).0));
                let places: UInt32Array = places.filter_map(|place| u32::try_from(place).ok()).collect();
                take(&values, &places, None)?
            }
            kind => {
                let numbers = values.as_primitive::<Float64Type>();
                let between = wanted.iter().map(|percentage| {
                    let (lower, higher, part) = place_of(kind, total, *percentage);
                    let (low, high) = (numbers.value(at(&ends, lower)), numbers.value(at(&ends, higher)));
                    if part == 0.0 || low == high { low } else { (1.0 - part) * low + part * high }
                });
                Arc::new(between.collect::<Float64Array>())
            }
        };
        match &self.returns {
            DataType::List(element) => {
                let ends = OffsetBuffer::from_lengths([found.len()]);
                Ok(ScalarValue::List(Arc::new(ListArray::try_new(Arc::clone(element), ends, found, None)?)))
            }
            _ => ScalarValue::try_from_array(&found, 0),
        }
    }

    fn size(&self) -> usize {
        size_of::<Self>()
            + self.values.iter().chain(&self.weights).map(|array| array.get_array_memory_size()).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let list = |array: ArrayRef| -> Result<ScalarValue> {
            let element = Arc::new(Field::new("element", array.data_type().clone(), true));
            let ends = OffsetBuffer::from_lengths([array.len()]);
            Ok(ScalarValue::List(Arc::new(ListArray::try_new(element, ends, array, None)?)))
        };
        Ok(vec![
            list(self.all(&self.values, &self.data_type)?)?,
            list(self.all(&self.weights, &DataType::Int64)?)?,
            match &self.option {
                Some(option) => option.clone(),
                None => ScalarValue::try_from(&self.option_type)?,
            },
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [values, weights, options] = states else { return internal_err!("{} states", states.len()) };
        for row in 0..values.len() {
            self.values.push(values.as_list::<i32>().value(row));
            self.weights.push(weights.as_list::<i32>().value(row));
            if self.option.is_none() && options.is_valid(row) {
                self.option = Some(ScalarValue::try_from_array(options, row)?);
            }
        }
        Ok(())
    }
}
