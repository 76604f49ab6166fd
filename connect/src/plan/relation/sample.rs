//! Samples. The rows of a seed are the same each time, and not those that Spark takes for it.

use std::sync::Arc;

use arrow::array::{Array, AsArray, UInt64Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Float64Type, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::sql::sqlparser::ast::{BinaryOperator, SelectItem};
use futures::{StreamExt, TryStreamExt};
use seatrial_engine::error::SparkError;
use seatrial_engine::session::DataFrame;
use seatrial_engine::types::DataType;
use seatrial_engine::types::values::java_number;
use spark_connect_proto::{Sample, StatSampleBy};

use super::super::expression::Translator;
use super::super::literal::value_of;
use super::super::syntax::{aliased, binary, case, cast, from, number, query_of, select};
use super::super::{Planned, Planner, requirement};
use super::project::as_they_are;
use crate::deferred;
use crate::types::malformed;

/// How often a row is taken.
#[derive(Debug, Clone, Copy)]
enum Draw {
    /// Once, where a number between 0 and 1 falls in here.
    Within(f64, f64),
    /// So often on average.
    Times(f64),
    /// Once, with the probability in the last column, which goes.
    ByLastColumn,
}

impl Planner<'_> {
    pub(super) async fn sample(&self, sample: &Sample) -> Result<Planned, SparkError> {
        let input = self.input(sample.input.as_deref()).await?;
        let fraction = sample.upper_bound - sample.lower_bound;
        let draw = if sample.with_replacement() {
            if fraction < 0.0 {
                let message = format!("Sampling fraction ({}) must be nonnegative with replacement", shown(fraction));
                return Err(requirement(&message));
            }
            Draw::Times(fraction)
        } else {
            // Bounds that were computed may miss 0 and 1 by as much.
            if !(-1e-6..=1.0 + 1e-6).contains(&fraction) {
                let message =
                    format!("Sampling fraction ({}) must be on interval [0, 1] without replacement", shown(fraction));
                return Err(requirement(&message));
            }
            Draw::Within(sample.lower_bound, sample.upper_bound)
        };
        let frame = self.drawn(&input.frame, &input.frame.arrow_schema()?, draw, sample.seed)?;
        Ok(Planned::over(frame, input.columns.clone(), input.origins.clone()))
    }

    pub(super) async fn sample_by(&self, sample: &StatSampleBy) -> Result<Planned, SparkError> {
        let input = self.input(sample.input.as_deref()).await?;
        let column = sample.col.as_ref().ok_or_else(|| malformed("a stratified sample without a column"))?;
        let mut translator = Translator::new(self, input.scope());
        let column = translator.expression(column)?;
        let mut branches = Vec::with_capacity(sample.fractions.len());
        for fraction in &sample.fractions {
            let stratum = fraction.stratum.as_ref().ok_or_else(|| malformed("a fraction without a stratum"))?;
            let stratum = value_of(stratum)?;
            let share = fraction.fraction;
            if !(0.0..=1.0).contains(&share) {
                let all = sample.fractions.iter().map(|fraction| {
                    let stratum = fraction.stratum.as_ref().and_then(|stratum| value_of(stratum).ok());
                    let stratum = stratum.map_or_else(String::new, |stratum| stratum.value.to_string());
                    format!("{stratum} -> {}", shown(fraction.fraction))
                });
                let all = all.collect::<Vec<_>>().join(", ");
                return Err(requirement(&format!("Fractions must be in [0, 1], but got Map({all}).")));
            }
            let here = binary(column.clone(), BinaryOperator::Spaceship, translator.value(stratum)?);
            let share = translator.value(super::super::literal::Typed {
                value: datafusion::common::ScalarValue::Float64(Some(share)),
                data_type: DataType::Double,
            })?;
            branches.push((here, share));
        }
        let never = cast(number(0), &DataType::Double, false);
        let share = if branches.is_empty() { never } else { case(branches, Some(never)) };
        let mut bindings = translator.bindings;
        let from_name = bindings.relation(&input.frame)?;
        let mut items: Vec<SelectItem> = as_they_are(&input.columns);
        items.push(aliased(share, &self.new_id("share")));
        let body = select(items, from(from_name));
        let shared = self.session.engine.query_over(query_of(body), &bindings)?;
        let frame = self.drawn(&shared, &input.frame.arrow_schema()?, Draw::ByLastColumn, sample.seed)?;
        Ok(Planned::over(frame, input.columns.clone(), input.origins.clone()))
    }

    fn drawn(
        &self,
        of: &DataFrame,
        schema: &SchemaRef,
        draw: Draw,
        seed: Option<i64>,
    ) -> Result<DataFrame, SparkError> {
        // Without a seed every plan draws other rows, and reading it again draws the same.
        let seed =
            seed.map_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0, |seed| u64::from_ne_bytes(seed.to_ne_bytes()));
        let (of, output) = (of.clone(), Arc::clone(schema));
        deferred::stream(&self.session.engine, Arc::clone(schema), move || {
            let (mut dice, output) = (Dice(seed), Arc::clone(&output));
            deferred::rows_of(of.clone())
                .map(move |batch| dice.draw(&batch?, draw, &output).map_err(Into::into))
                .try_filter(|batch| futures::future::ready(batch.num_rows() > 0))
                .boxed()
        })
    }
}

fn shown(number: f64) -> String {
    java_number::text(number, false)
}

/// Numbers that look random (SplitMix64).
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    /// At least 0 and less than 1.
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        // The 53 bits that a double has.
        let high = u32::try_from(bits >> 32).unwrap_or_default();
        let low = u32::try_from((bits >> 11) & 0x1f_ffff).unwrap_or_default();
        (f64::from(high) * 2_097_152.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// A number of Poisson's distribution with this mean.
    fn count(&mut self, mean: f64) -> usize {
        // Of large means in parts, whose sum has the mean of the whole.
        let mut rest = mean;
        let mut count = 0;
        while rest > 0.0 {
            let part = rest.min(16.0);
            rest -= part;
            let limit = (-part).exp();
            let mut product = self.roll();
            while product > limit {
                count += 1;
                product *= self.roll();
            }
        }
        count
    }

    fn draw(&mut self, batch: &RecordBatch, draw: Draw, schema: &SchemaRef) -> Result<RecordBatch, SparkError> {
        let shares = match draw {
            Draw::ByLastColumn => batch.columns().last().map(|shares| shares.as_primitive::<Float64Type>().clone()),
            _ => None,
        };
        let mut rows: Vec<u64> = Vec::new();
        for (row, index) in (0..batch.num_rows()).zip(0_u64..) {
            let times = match draw {
                Draw::Within(from, to) => usize::from((from..to).contains(&self.roll())),
                Draw::Times(mean) => self.count(mean),
                Draw::ByLastColumn => {
                    let share = shares.as_ref().filter(|shares| shares.is_valid(row)).map(|shares| shares.value(row));
                    usize::from(self.roll() < share.unwrap_or_default())
                }
            };
            rows.extend(std::iter::repeat_n(index, times));
        }
        let taken = rows.len();
        let drawn = take_record_batch(batch, &UInt64Array::from(rows)).map_err(SparkError::internal)?;
        let columns = drawn.columns().iter().take(schema.fields().len()).cloned().collect();
        let options = RecordBatchOptions::new().with_row_count(Some(taken));
        RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(SparkError::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_sequence() {
        let rolls = |seed| {
            let mut dice = Dice(seed);
            (0..1_000).map(|_| dice.roll()).collect::<Vec<_>>()
        };
        assert_eq!(rolls(1), rolls(1));
        assert_ne!(rolls(1), rolls(2));
        assert!(rolls(3).iter().all(|roll| (0.0..1.0).contains(roll)));
        let mean = rolls(4).iter().sum::<f64>() / 1_000.0;
        assert!((mean - 0.5).abs() < 0.05, "{mean}");
    }

    #[test]
    fn counts_have_their_mean() {
        for mean in [0.3, 2.5, 40.0] {
            let mut dice = Dice(5);
            let sum: usize = (0..2_000).map(|_| dice.count(mean)).sum();
            let found = f64::from(u32::try_from(sum).unwrap_or_default()) / 2_000.0;
            assert!((found - mean).abs() < 0.1 * mean, "{found} of {mean}");
        }
        assert_eq!(Dice(5).count(0.0), 0);
    }
}
