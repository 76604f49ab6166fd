//! The rows of a relation by groups: those of a group in their order, the groups in the order of their keys.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{SortOptions, concat_batches, take_record_batch};
use arrow::datatypes::{DataType as ArrowType, Float32Type, Float64Type};
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, Rows, SortField};
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::TryStreamExt;

use crate::error::SparkError;

/// A relation whose rows are sorted by group.
#[derive(Debug)]
pub(super) struct Groups {
    rows: RecordBatch,
    /// The keys, as bytes that compare as they do, with the rows that have them.
    groups: Vec<(Vec<u8>, Range<usize>)>,
}

impl Groups {
    /// All rows of a relation, by the columns `keys`; those of a group in the order of `order`, and as they came where that
    /// says nothing. Without keys all rows are one group, if there are rows.
    pub(super) async fn read(
        input: SendableRecordBatchStream,
        keys: &[usize],
        order: &[(usize, SortOptions)],
    ) -> Result<Self> {
        let schema = input.schema();
        let batches: Vec<RecordBatch> = input.try_collect().await?;
        Self::of(concat_batches(&schema, &batches)?, keys, order)
    }

    fn of(rows: RecordBatch, keys: &[usize], order: &[(usize, SortOptions)]) -> Result<Self> {
        if rows.num_rows() == 0 {
            return Ok(Self { rows, groups: Vec::new() });
        }
        let by_key: Vec<_> = keys.iter().map(|index| (*index, SortOptions::default())).collect();
        let (keys, within) = (comparable_rows(&rows, &by_key)?, comparable_rows(&rows, order)?);
        let count = u32::try_from(rows.num_rows())
            .map_err(|_| SparkError::internal("more rows to group than a partition can have"))?;
        let mut order: Vec<u32> = (0..count).collect();
        let place = |row: &u32| usize::try_from(*row).unwrap_or_default();
        let key = |row: &u32| keys.as_ref().map(|keys| keys.row(place(row)));
        let in_group = |row: &u32| within.as_ref().map(|within| within.row(place(row)));
        // A stable sort: rows of which nothing is said stay in their order.
        order.sort_by(|left, right| (key(left), in_group(left)).cmp(&(key(right), in_group(right))));
        let mut groups: Vec<(Vec<u8>, Range<usize>)> = Vec::new();
        let mut start = 0;
        for place in 1..=order.len() {
            if place == order.len() || key(&order[place]) != key(&order[start]) {
                let bytes = key(&order[start]).map(|key| key.as_ref().to_vec());
                groups.push((bytes.unwrap_or_default(), start..place));
                start = place;
            }
        }
        let rows = take_record_batch(&rows, &UInt32Array::from(order))?;
        Ok(Self { rows, groups })
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// The rows of a group, if there are as many.
    pub(super) fn group(&self, index: usize) -> Option<RecordBatch> {
        let (_, range) = self.groups.get(index)?;
        Some(self.rows.slice(range.start, range.len()))
    }

    /// No rows, of the same columns.
    pub(super) fn none(&self) -> RecordBatch {
        self.rows.slice(0, 0)
    }

    /// How the keys of two relations' groups compare.
    fn compare(&self, index: usize, other: &Self, of_other: usize) -> Option<Ordering> {
        match (self.groups.get(index), other.groups.get(of_other)) {
            (Some((left, _)), Some((right, _))) => Some(left.cmp(right)),
            (Some(_), None) => Some(Ordering::Less),
            (None, Some(_)) => Some(Ordering::Greater),
            (None, None) => None,
        }
    }
}

/// The groups of two relations by their keys, each with those of the other that have the same one, if there are any.
pub(super) fn matched(left: &Groups, right: &Groups) -> Vec<(Option<usize>, Option<usize>)> {
    let (mut of_left, mut of_right) = (0, 0);
    let mut pairs = Vec::new();
    while let Some(order) = left.compare(of_left, right, of_right) {
        pairs.push(((order != Ordering::Greater).then_some(of_left), (order != Ordering::Less).then_some(of_right)));
        of_left += usize::from(order != Ordering::Greater);
        of_right += usize::from(order != Ordering::Less);
    }
    pairs
}

/// What these columns have in each row, as bytes that compare as the values do; nothing if there are no columns.
fn comparable_rows(rows: &RecordBatch, columns: &[(usize, SortOptions)]) -> Result<Option<Rows>> {
    if columns.is_empty() {
        return Ok(None);
    }
    let fields = columns
        .iter()
        .map(|(index, options)| SortField::new_with_options(rows.column(*index).data_type().clone(), *options));
    let converter = RowConverter::new(fields.collect())?;
    let columns: Vec<ArrayRef> = columns.iter().map(|(index, _)| comparable(rows.column(*index))).collect();
    Ok(Some(converter.convert_columns(&columns)?))
}

/// The keys with one zero and one NaN.
fn comparable(column: &ArrayRef) -> ArrayRef {
    macro_rules! normal {
        ($type:ty) => {
            Arc::new(column.as_primitive::<$type>().unary::<_, $type>(|value| {
                if value.is_nan() { <$type as arrow::datatypes::ArrowPrimitiveType>::Native::NAN } else { value + 0.0 }
            })) as ArrayRef
        };
    }
    match column.data_type() {
        ArrowType::Float32 => normal!(Float32Type),
        ArrowType::Float64 => normal!(Float64Type),
        _ => Arc::clone(column),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use arrow::array::{Float64Array, Int32Array, StringArray};

    use super::*;

    fn rows<const N: usize>(columns: [ArrayRef; N]) -> RecordBatch {
        RecordBatch::try_from_iter(["k", "v"].into_iter().zip(columns)).unwrap()
    }

    fn numbers(values: &[Option<i32>]) -> ArrayRef {
        Arc::new(Int32Array::from(values.to_vec()))
    }

    fn groups(rows: RecordBatch) -> Groups {
        Groups::of(rows, &[0], &[]).unwrap()
    }

    fn column(batch: &RecordBatch, index: usize) -> Vec<Option<i32>> {
        batch.column(index).as_primitive::<arrow::datatypes::Int32Type>().iter().collect()
    }

    #[test]
    fn groups_come_by_their_keys_and_rows_in_their_order() {
        let keys = numbers(&[Some(2), None, Some(1), Some(2), None]);
        let groups = groups(rows([keys, numbers(&[Some(1), Some(2), Some(3), Some(4), Some(5)])]));
        let values: Vec<_> = (0..groups.len()).map(|index| column(&groups.group(index).unwrap(), 1)).collect();
        assert_eq!(values, [vec![Some(2), Some(5)], vec![Some(3)], vec![Some(1), Some(4)]]);
    }

    #[test]
    fn rows_of_a_group_come_in_order() {
        let keys = numbers(&[Some(1), Some(2), Some(1), Some(1)]);
        let rows = rows([keys, numbers(&[Some(3), Some(1), None, Some(5)])]);
        let order = [(1, SortOptions { descending: true, nulls_first: false })];
        let groups = Groups::of(rows.clone(), &[0], &order).unwrap();
        assert_eq!(column(&groups.group(0).unwrap(), 1), [Some(5), Some(3), None]);
        let one = Groups::of(rows, &[], &order).unwrap();
        assert_eq!((one.len(), column(&one.group(0).unwrap(), 1)), (1, vec![Some(5), Some(3), Some(1), None]));
    }

    #[test]
    fn both_zeros_are_one_key_and_so_are_all_nans() {
        let keys: ArrayRef = Arc::new(Float64Array::from(vec![0.0, f64::NAN, -0.0, -f64::NAN]));
        assert_eq!(groups(rows([keys])).len(), 2);
    }

    #[test]
    fn without_keys_all_rows_are_one_group() {
        let rows = rows([numbers(&[Some(1), Some(2), Some(3)])]);
        assert_eq!(Groups::of(rows.clone(), &[], &[]).unwrap().group(0), Some(rows.clone()));
        assert_eq!(Groups::of(rows.slice(0, 0), &[], &[]).unwrap().len(), 0);
    }

    #[test]
    fn groups_of_two_relations_meet_by_their_keys() {
        let left = groups(rows([numbers(&[Some(3), Some(1)])]));
        let right = groups(rows([numbers(&[Some(2), Some(3)])]));
        assert_eq!(matched(&left, &right), [(Some(0), None), (None, Some(0)), (Some(1), Some(1))]);
    }

    #[test]
    fn texts_are_keys() {
        let keys: ArrayRef = Arc::new(StringArray::from(vec!["b", "a", "b"]));
        let groups = groups(rows([keys, numbers(&[Some(1), Some(2), Some(3)])]));
        assert_eq!(column(&groups.group(1).unwrap(), 1), [Some(1), Some(3)]);
    }
}
