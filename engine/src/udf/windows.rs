//! The frames of windows, row by row: where in its partition the rows are that a function over a window is given.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int32Array};
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType as ArrowType, Field};
use arrow::record_batch::RecordBatch;
use datafusion::error::Result;
use datafusion::logical_expr::WindowFrame;
use datafusion::logical_expr::window_state::WindowFrameContext;

use crate::error::SparkError;

/// The windows of functions that have the same partitions and order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Windows {
    /// The columns that the rows of a partition are in the order of.
    pub(super) order: Vec<(usize, SortOptions)>,
    /// The frames that are no whole partitions, each once.
    pub(super) frames: Vec<Arc<WindowFrame>>,
    /// For each function whether it has such a frame.
    pub(super) bounded: Vec<bool>,
}

impl Windows {
    /// What a worker is told of the frames; Spark 4.0 has another name for it.
    pub(super) fn conf(&self) -> [(String, String); 2] {
        let types: Vec<_> = self.bounded.iter().map(|bounded| if *bounded { "bounded" } else { "unbounded" }).collect();
        ["window_bound_types", "pandas_window_bound_types"].map(|key| (key.to_owned(), types.join(",")))
    }

    /// The columns behind those of the values: where the frame of a row begins and where it ends, for each frame.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field> {
        let names = (0..self.frames.len()).flat_map(|index| [format!("begin_{index}"), format!("end_{index}")]);
        names.map(|name| Field::new(name, ArrowType::Int32, false))
    }

    /// These columns for the rows of a partition, which are in order.
    ///
    /// # Errors
    /// When the rows are in the order of what has no distances; when there are more rows than Spark can count.
    pub(super) fn bounds(&self, partition: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let (order, options): (Vec<ArrayRef>, Vec<SortOptions>) =
            self.order.iter().map(|(index, options)| (Arc::clone(partition.column(*index)), *options)).unzip();
        let rows = partition.num_rows();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(2 * self.frames.len());
        for frame in &self.frames {
            let mut context = WindowFrameContext::new(Arc::clone(frame), options.clone());
            let mut last = Range { start: 0, end: 0 };
            let (mut begins, mut ends) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
            for row in 0..rows {
                last = context.calculate_range(&order, &last, rows, row)?;
                // A frame beyond the partition is empty.
                begins.push(number(last.start.min(last.end))?);
                ends.push(number(last.end)?);
            }
            columns.extend([Arc::new(Int32Array::from(begins)) as ArrayRef, Arc::new(Int32Array::from(ends))]);
        }
        Ok(columns)
    }
}

fn number(place: usize) -> Result<i32> {
    Ok(i32::try_from(place).map_err(|_| SparkError::internal("more rows in a window than a partition can have"))?)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use arrow::array::AsArray;
    use arrow::datatypes::Int32Type;
    use datafusion::common::ScalarValue;
    use datafusion::logical_expr::{WindowFrameBound, WindowFrameUnits};
    use rstest::rstest;

    use super::*;

    fn rows(units: WindowFrameUnits, before: ScalarValue, after: Option<ScalarValue>) -> Vec<(i32, i32)> {
        let end = after.map_or(WindowFrameBound::CurrentRow, WindowFrameBound::Following);
        let frame = WindowFrame::new_bounds(units, WindowFrameBound::Preceding(before), end);
        let windows =
            Windows { order: vec![(0, SortOptions::default())], frames: vec![Arc::new(frame)], bounded: vec![true] };
        let values: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 2, 5]));
        let bounds = windows.bounds(&RecordBatch::try_from_iter([("v", values)]).unwrap()).unwrap();
        let [begins, ends] = [0, 1].map(|index| bounds[index].as_primitive::<Int32Type>().values().to_vec());
        begins.into_iter().zip(ends).collect()
    }

    #[rstest]
    #[case::rows(WindowFrameUnits::Rows, ScalarValue::UInt64(Some(1)), None, [(0, 1), (0, 2), (1, 3), (2, 4)])]
    #[case::all_before(WindowFrameUnits::Rows, ScalarValue::UInt64(None), None, [(0, 1), (0, 2), (0, 3), (0, 4)])]
    #[case::peers(WindowFrameUnits::Range, ScalarValue::Int32(None), None, [(0, 1), (0, 3), (0, 3), (0, 4)])]
    #[case::distances(
        WindowFrameUnits::Range, ScalarValue::Int32(Some(1)), Some(ScalarValue::Int32(Some(3))),
        [(0, 3), (0, 4), (0, 4), (3, 4)]
    )]
    fn frames_are_places_in_the_partition(
        #[case] units: WindowFrameUnits,
        #[case] before: ScalarValue,
        #[case] after: Option<ScalarValue>,
        #[case] expected: [(i32, i32); 4],
    ) {
        assert_eq!(rows(units, before, after), expected);
    }
}
