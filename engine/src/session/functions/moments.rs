//! `skewness` and `kurtosis`: of the moments of a column, which partial results add up.

use std::mem::size_of;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDFImpl, Signature, Volatility};

/// What is made of the moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// How far one side outweighs the other.
    Skewness,
    /// How heavy the ends are, beyond those of a normal distribution.
    Kurtosis,
}

/// An aggregate function of the moments of a column.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Moment {
    shape: Shape,
    signature: Signature,
}

impl Moment {
    pub(super) fn new(shape: Shape) -> Self {
        Self { shape, signature: Signature::exact(vec![DataType::Float64], Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for Moment {
    fn name(&self) -> &str {
        match self.shape {
            Shape::Skewness => "skewness",
            Shape::Kurtosis => "kurtosis",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn accumulator(&self, _: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Moments { shape: self.shape, count: 0.0, mean: 0.0, second: 0.0, third: 0.0, fourth: 0.0 }))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let names = ["count", "mean", "second", "third", "fourth"];
        let field = |name: &&str| Arc::new(Field::new(format!("{}_{name}", args.name), DataType::Float64, true));
        Ok(names.iter().map(field).collect())
    }
}

/// The central moments of what was seen, each times the count.
#[derive(Debug, Clone, Copy)]
struct Moments {
    shape: Shape,
    count: f64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
}

impl Moments {
    /// Adds what others saw.
    fn add(&mut self, other: &Self) {
        if other.count == 0.0 {
            return;
        }
        let (own, others) = (self.count, other.count);
        let count = own + others;
        let delta = other.mean - self.mean;
        let by_count = if count == 0.0 { 0.0 } else { delta / count };
        let mean = self.mean + by_count * others;
        let second = self.second + other.second + delta * by_count * own * others;
        let third = self.third
            + other.third
            + by_count * by_count * delta * own * others * (own - others)
            + 3.0 * by_count * (own * other.second - others * self.second);
        let fourth = self.fourth
            + other.fourth
            + by_count * by_count * by_count * delta * own * others * (own * own - own * others + others * others)
            + by_count * by_count * 6.0 * (own * own * other.second + others * others * self.second)
            + 4.0 * by_count * (own * other.third - others * self.third);
        *self = Self { shape: self.shape, count, mean, second, third, fourth };
    }
}

impl Accumulator for Moments {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values] = values else { return internal_err!("moments of {} columns", values.len()) };
        for value in values.as_primitive::<Float64Type>().iter().flatten() {
            self.add(&Self { count: 1.0, mean: value, second: 0.0, third: 0.0, fourth: 0.0, ..*self });
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let value = match self.shape {
            _ if self.count == 0.0 => None,
            // All values are the same.
            _ if self.second == 0.0 => None,
            Shape::Skewness => Some(self.count.sqrt() * self.third / (self.second * self.second * self.second).sqrt()),
            Shape::Kurtosis => Some(self.count * self.fourth / (self.second * self.second) - 3.0),
        };
        Ok(ScalarValue::Float64(value))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let state = [self.count, self.mean, self.second, self.third, self.fourth];
        Ok(state.into_iter().map(|value| ScalarValue::Float64(Some(value))).collect())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [count, mean, second, third, fourth] = states else {
            return internal_err!("moments of {} states", states.len());
        };
        let value = |column: &ArrayRef, row: usize| column.as_primitive::<Float64Type>().value(row);
        for row in 0..count.len() {
            self.add(&Self {
                shape: self.shape,
                count: value(count, row),
                mean: value(mean, row),
                second: value(second, row),
                third: value(third, row),
                fourth: value(fourth, row),
            });
        }
        Ok(())
    }
}
