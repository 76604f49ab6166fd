//! `sum` and `avg`, of texts too. A sum of integers fails where it overflows (ANSI mode), instead of starting again at the other
//! end.

use std::mem::size_of;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array};
use arrow::compute::sum_checked;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{ScalarValue, internal_err};
use datafusion::error::Result;
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::type_coercion::functions::fields_with_udf;
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, ReversedUDAF, SetMonotonicity, Signature,
    Volatility,
};

use super::math::overflow_of;
use crate::error::SparkError;

/// DataFusion's function, but for texts, and for sums of integers that fill no window's moving frame.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct OfNumbers {
    inner: Arc<AggregateUDF>,
    signature: Signature,
    /// Whether it is a sum.
    sums: bool,
}

impl OfNumbers {
    pub(super) fn sum() -> Self {
        Self { inner: sum_udaf(), signature: Signature::user_defined(Volatility::Immutable), sums: true }
    }

    pub(super) fn average() -> Self {
        Self { inner: avg_udaf(), signature: Signature::user_defined(Volatility::Immutable), sums: false }
    }

    fn is_checked(&self, args: &AccumulatorArgs<'_>) -> bool {
        self.sums && !args.is_distinct && args.return_field.data_type() == &DataType::Int64
    }
}

/// The types that a function gets of such arguments, texts and nulls being numbers.
fn with_texts(inner: &AggregateUDF, types: &[DataType]) -> Result<Vec<DataType>> {
    let numbers = types.iter().map(|given| match given {
        DataType::Utf8 | DataType::Null => DataType::Float64,
        given => given.clone(),
    });
    let fields: Vec<FieldRef> = numbers.map(|given| Arc::new(Field::new("", given, true))).collect();
    let coerced = fields_with_udf(&fields, inner)?;
    Ok(coerced.iter().map(|field| field.data_type().clone()).collect())
}

fn overflowed() -> SparkError {
    overflow_of(&DataType::Int64, "try_add")
}

impl AggregateUDFImpl for OfNumbers {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        with_texts(&self.inner, types)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.inner().return_type(types)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if self.is_checked(&args) { Ok(Box::new(Total { sum: None })) } else { self.inner.inner().accumulator(args) }
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        self.inner.inner().state_fields(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.inner.inner().groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        if self.is_checked(&args) {
            Ok(Box::new(Totals::default()))
        } else {
            self.inner.inner().create_groups_accumulator(args)
        }
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        self.inner.inner().create_sliding_accumulator(args)
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.inner().order_sensitivity()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.inner.inner().set_monotonicity(data_type)
    }
}

/// The sum of all rows; none as long as no value was seen.
#[derive(Debug)]
struct Total {
    sum: Option<i64>,
}

fn longs(values: &[ArrayRef]) -> Result<&Int64Array> {
    match values {
        [values] => Ok(values.as_primitive::<Int64Type>()),
        _ => internal_err!("a sum of {} columns", values.len()),
    }
}

impl Accumulator for Total {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let batch = sum_checked(longs(values)?).map_err(|_| overflowed())?;
        if let Some(batch) = batch {
            self.sum = Some(self.sum.unwrap_or(0).checked_add(batch).ok_or_else(overflowed)?);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(self.sum))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Int64(self.sum)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }
}

/// The sum of each group.
#[derive(Debug, Default)]
struct Totals {
    sums: Vec<i64>,
    /// Whether a group has a value at all.
    seen: Vec<bool>,
}

impl Totals {
    fn add(&mut self, value: i64, group: usize) -> Result<()> {
        let (sum, seen) = (&mut self.sums[group], &mut self.seen[group]);
        *sum = sum.checked_add(value).ok_or_else(overflowed)?;
        *seen = true;
        Ok(())
    }
}

impl GroupsAccumulator for Totals {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        let values = longs(values)?;
        self.sums.resize(count, 0);
        self.seen.resize(count, false);
        if filter.is_none() && values.null_count() == 0 {
            for (value, group) in values.values().iter().zip(groups) {
                self.add(*value, *group)?;
            }
            return Ok(());
        }
        for (row, group) in groups.iter().enumerate() {
            let kept = filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            if kept && values.is_valid(row) {
                self.add(values.value(row), *group)?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let (sums, seen) = (emit_to.take_needed(&mut self.sums), emit_to.take_needed(&mut self.seen));
        Ok(Arc::new(Int64Array::new(sums.into(), Some(seen.into()))))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit_to)?])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.update_batch(values, groups, None, count)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = longs(values)?;
        let Some(filter) = filter else { return Ok(vec![Arc::new(values.clone())]) };
        let kept = values.iter().zip(filter).map(|(value, kept)| value.filter(|_| kept == Some(true)));
        Ok(vec![Arc::new(kept.collect::<Int64Array>())])
    }

    fn size(&self) -> usize {
        self.sums.capacity() * size_of::<i64>() + self.seen.capacity()
    }
}
