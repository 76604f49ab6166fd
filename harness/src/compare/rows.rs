//! Rows: a multiset unless their order counts.

use std::collections::BTreeMap;

use super::{ChangedRow, RowsDifference};
use crate::observation::Value;

type Row = Vec<Value>;

/// Rows of each side that may be paired by looking at all pairs; beyond it they are paired in order.
const PAIRED_BY_LIKENESS: usize = 300;

pub(super) fn compare(
    reference: &[Row],
    candidate: &[Row],
    columns: Vec<String>,
    ordered: bool,
) -> Option<RowsDifference> {
    let missing = without(reference, candidate);
    let unexpected = without(candidate, reference);
    if missing.is_empty() && unexpected.is_empty() {
        let reordered_at = reference.iter().zip(candidate).position(|(left, right)| left != right).filter(|_| ordered);
        return reordered_at.map(|at| RowsDifference { columns, reordered_at: Some(at), ..RowsDifference::default() });
    }
    let (changed, missing, unexpected) = pair(missing, unexpected);
    Some(RowsDifference { columns, changed, missing, unexpected, reordered_at: None })
}

/// The rows of `from` that `other` does not have as often, in order: of equal rows, the last ones.
fn without<'r>(from: &'r [Row], other: &[Row]) -> Vec<&'r Row> {
    let mut counts: BTreeMap<&Row, usize> = BTreeMap::new();
    for row in other {
        *counts.entry(row).or_default() += 1;
    }
    let surplus = |row: &&Row| match counts.get_mut(*row) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    };
    from.iter().filter(surplus).collect()
}

/// Pairs the rows that most likely belong together: the most equal cells first, and what then remains in order.
fn pair(missing: Vec<&Row>, unexpected: Vec<&Row>) -> (Vec<ChangedRow>, Vec<Row>, Vec<Row>) {
    let mut partner: Vec<Option<usize>> = vec![None; missing.len()];
    let mut taken = vec![false; unexpected.len()];
    if missing.len() <= PAIRED_BY_LIKENESS && unexpected.len() <= PAIRED_BY_LIKENESS {
        let mut likeness: Vec<(usize, usize, usize)> = Vec::new();
        for (i, left) in missing.iter().enumerate() {
            for (j, right) in unexpected.iter().enumerate() {
                let equal = left.iter().zip(right.iter()).filter(|(l, r)| l == r).count();
                // Fewer than half of the cells in common is no likeness.
                if left.len() == right.len() && equal * 2 >= left.len().max(1) {
                    likeness.push((equal, i, j));
                }
            }
        }
        likeness.sort_by_key(|(equal, i, j)| (std::cmp::Reverse(*equal), *i, *j));
        for (_, i, j) in likeness {
            if partner[i].is_none() && !taken[j] {
                partner[i] = Some(j);
                taken[j] = true;
            }
        }
    }
    let open: Vec<usize> = (0..missing.len()).filter(|i| partner[*i].is_none()).collect();
    let free: Vec<usize> = (0..unexpected.len()).filter(|j| !taken[*j]).collect();
    if open.len() == free.len() {
        for (i, j) in open.into_iter().zip(free) {
            if missing[i].len() == unexpected[j].len() {
                partner[i] = Some(j);
                taken[j] = true;
            }
        }
    }
    let mut changed = Vec::new();
    let mut alone = Vec::new();
    for (row, partner) in missing.into_iter().zip(partner) {
        match partner {
            None => alone.push(row.clone()),
            Some(j) => {
                let other = unexpected[j];
                let cells = (0..row.len()).filter(|cell| row[*cell] != other[*cell]).collect();
                changed.push(ChangedRow { reference: row.clone(), candidate: other.clone(), cells });
            }
        }
    }
    let surplus = unexpected.into_iter().zip(taken).filter(|(_, taken)| !taken).map(|(row, _)| row.clone());
    (changed, alone, surplus.collect())
}
