//! Makes a disagreement small before it is reported.

use std::fmt;

use super::Table;

/// A predicate as it was put together.
#[derive(Clone)]
pub(crate) enum Predicate {
    And(Box<Predicate>, Box<Predicate>),
    Or(Box<Predicate>, Box<Predicate>),
    Not(Box<Predicate>),
    /// `c IN` or `c NOT IN`, and the values.
    In(String, Vec<String>),
    Atom(String),
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(left, right) => write!(f, "({left} AND {right})"),
            Self::Or(left, right) => write!(f, "({left} OR {right})"),
            Self::Not(child) => write!(f, "NOT ({child})"),
            Self::In(value, list) => write!(f, "{value} ({})", list.join(", ")),
            Self::Atom(text) => f.write_str(text),
        }
    }
}

impl Predicate {
    /// Predicates with one part less.
    fn smaller(&self) -> Vec<Self> {
        let both = |left: &Self, right: &Self, join: fn(Box<Self>, Box<Self>) -> Self| {
            let mut all = vec![left.clone(), right.clone()];
            all.extend(left.smaller().into_iter().map(|left| join(Box::new(left), Box::new(right.clone()))));
            all.extend(right.smaller().into_iter().map(|right| join(Box::new(left.clone()), Box::new(right))));
            all
        };
        match self {
            Self::And(left, right) => both(left, right, Self::And),
            Self::Or(left, right) => both(left, right, Self::Or),
            Self::Not(child) => {
                let below = child.smaller().into_iter().map(|child| Self::Not(Box::new(child)));
                std::iter::once(child.as_ref().clone()).chain(below).collect()
            }
            Self::In(value, list) if list.len() > 1 => {
                let without = |index: usize| {
                    let kept = list.iter().enumerate().filter(|(other, _)| *other != index);
                    Self::In(value.clone(), kept.map(|(_, value)| value.clone()).collect())
                };
                (0..list.len()).map(without).collect()
            }
            Self::In(..) | Self::Atom(_) => Vec::new(),
        }
    }
}

/// The smallest predicate and table found for which the disagreement stays.
pub(crate) fn shrink(
    mut predicate: Predicate,
    mut table: Table,
    disagrees: impl Fn(&Predicate, &Table) -> bool,
) -> (Predicate, Table) {
    while let Some(smaller) = predicate.smaller().into_iter().find(|smaller| disagrees(smaller, &table)) {
        predicate = smaller;
    }
    let mut row = 0;
    while let Some(fewer) = table.without_row(row) {
        if disagrees(&predicate, &fewer) {
            table = fewer;
        } else {
            row += 1;
        }
    }
    (predicate, table)
}

#[cfg(test)]
mod tests {
    use super::super::Random;
    use super::*;

    #[test]
    fn only_what_disagrees_is_left() {
        let atom = |text: &str| Box::new(Predicate::Atom(text.to_owned()));
        let list = Predicate::In("c0 IN".to_owned(), vec!["1".to_owned(), "2".to_owned(), "3".to_owned()]);
        let large =
            Predicate::Not(Box::new(Predicate::And(Box::new(Predicate::Or(atom("a"), Box::new(list))), atom("b"))));
        let table = Table::random(&mut Random::new(1));
        let (small, table) = shrink(large, table, |predicate, table| {
            predicate.to_string().contains('2') && table.rows().contains("'id': 1")
        });
        assert_eq!(small.to_string(), "c0 IN (2)");
        assert_eq!(table.rows().matches("'id'").count(), 2);
    }
}
