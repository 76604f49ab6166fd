//! `DataFrame.na`: rows and values that are missing. A NaN is missing too.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr};
use seatrial_engine::error::SparkError;
use seatrial_engine::types::DataType;
use spark_connect_proto::{NaDrop, NaFill, NaReplace};

use super::super::attribute::Attribute;
use super::super::expression::{Item, Translator};
use super::super::literal::{Typed, value_of};
use super::super::syntax::{binary, call, case, cast, conjunction, not, null, number};
use super::super::{Planned, Planner};
use super::project::renamed;
use crate::types::malformed;

/// Types whose values may stand for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Boolean,
}

impl Kind {
    fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Boolean => Some(Self::Boolean),
            DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_) => Some(Self::Text),
            data_type if is_numeric(data_type) => Some(Self::Number),
            _ => None,
        }
    }
}

impl Planner<'_> {
    pub(super) async fn fill(&self, fill: &NaFill) -> Result<Planned, SparkError> {
        let input = self.input(fill.input.as_deref()).await?;
        let values = fill.values.iter().map(value_of).collect::<Result<Vec<_>, _>>()?;
        let mut translator = Translator::new(self, input.scope());
        let mut items: Vec<Item> = input.columns.iter().map(Item::from).collect();
        match values.as_slice() {
            [] => return Err(malformed("a fill without a value")),
            // One value goes into the columns of its kind, whichever are named.
            [value] => {
                let kind = Kind::of(&value.data_type).ok_or_else(|| malformed("a fill with a value of no column"))?;
                for index in self.places(&input, &fill.cols)? {
                    if let (Some(column), Some(item)) = (input.columns.get(index), items.get_mut(index))
                        && Kind::of(&column.field.data_type) == Some(kind)
                    {
                        *item = filled(column, translator.value(value.clone())?);
                    }
                }
            }
            // Of several each belongs to its column, whatever its kind.
            values if values.len() == fill.cols.len() => {
                for (name, value) in fill.cols.iter().zip(values) {
                    for index in self.places(&input, std::slice::from_ref(name))? {
                        if let (Some(column), Some(item)) = (input.columns.get(index), items.get_mut(index)) {
                            *item = filled(column, translator.value(value.clone())?);
                        }
                    }
                }
            }
            _ => return Err(malformed("a fill with another number of values than of columns")),
        }
        self.projected(input, items, translator)
    }

    pub(super) async fn drop_missing(&self, dropped: &NaDrop) -> Result<Planned, SparkError> {
        let input = self.input(dropped.input.as_deref()).await?;
        let places = self.places(&input, &dropped.cols)?;
        let present: Vec<Expr> = places.iter().filter_map(|index| input.columns.get(*index)).map(is_there).collect();
        let wanted = dropped.min_non_nulls.map(i64::from);
        let condition = match wanted {
            Some(wanted) => {
                let one = |present| case(vec![(present, number(1))], Some(number(0)));
                let plus = |left, right| binary(left, BinaryOperator::Plus, right);
                let count = present.into_iter().map(one).reduce(plus).unwrap_or_else(|| number(0));
                (wanted > 0).then(|| binary(count, BinaryOperator::GtEq, number(wanted)))
            }
            None => conjunction(present),
        };
        match condition {
            Some(condition) => self.filtered(&input, &input, condition, Default::default()),
            None => Ok(Planned::clone(&input)),
        }
    }

    pub(super) async fn replace(&self, replace: &NaReplace) -> Result<Planned, SparkError> {
        let input = self.input(replace.input.as_deref()).await?;
        let mut replacements = Vec::new();
        for replacement in &replace.replacements {
            let missing = || malformed("a replacement without its values");
            let old = value_of(replacement.old_value.as_ref().ok_or_else(missing)?)?;
            let new = value_of(replacement.new_value.as_ref().ok_or_else(missing)?)?;
            replacements.push((in_doubles(old), in_doubles(new)));
        }
        let kind = replacements.iter().find_map(|(old, _)| Kind::of(&old.data_type));
        let mut translator = Translator::new(self, input.scope());
        let mut items: Vec<Item> = input.columns.iter().map(Item::from).collect();
        for index in self.places(&input, &replace.cols)? {
            let (Some(column), Some(item)) = (input.columns.get(index), items.get_mut(index)) else { continue };
            let data_type = &column.field.data_type;
            if kind.is_none() || Kind::of(data_type) != kind {
                continue;
            }
            let mut branches = Vec::with_capacity(replacements.len());
            for (old, new) in &replacements {
                let value = match &column.field.data_type {
                    DataType::Boolean | DataType::String { .. } => column.sql(),
                    _ if is_numeric(&old.data_type) => cast(column.sql(), &DataType::Double, false),
                    _ => column.sql(),
                };
                let is_old = binary(value, BinaryOperator::Eq, translator.value(old.clone())?);
                let new = if new.value.is_null() { null() } else { translator.value(new.clone())? };
                branches.push((is_old, cast(new, data_type, false)));
            }
            *item = Item { sql: case(branches, Some(column.sql())), ..renamed(column, column.name()) };
        }
        self.projected(input, items, translator)
    }

    /// The places of the named columns; all without names. A field within a column is none.
    ///
    /// # Errors
    /// `UNRESOLVED_COLUMN`, `AMBIGUOUS_REFERENCE`.
    fn places(&self, input: &Arc<Planned>, names: &[String]) -> Result<Vec<usize>, SparkError> {
        if names.is_empty() {
            return Ok((0..input.columns.len()).collect());
        }
        let scope = input.scope();
        let mut places = Vec::with_capacity(names.len());
        for name in names {
            if let Some(found) = scope.resolve(name, None)?.attribute {
                places.extend(input.columns.iter().position(|column| column.id == found.id));
            }
        }
        Ok(places)
    }
}

/// The column with the value where it is missing.
fn filled(column: &Attribute, value: Expr) -> Item {
    let data_type = &column.field.data_type;
    let own = match data_type {
        DataType::Float | DataType::Double => {
            case(vec![(call("isnan", vec![column.sql()]), cast(null(), data_type, false))], Some(column.sql()))
        }
        _ => column.sql(),
    };
    let sql = call("coalesce", vec![own, cast(value, data_type, false)]);
    Item { sql, ..renamed(column, column.name()) }
}

/// That the column is neither null nor NaN.
fn is_there(column: &Attribute) -> Expr {
    let is_not_null = Expr::IsNotNull(Box::new(column.sql()));
    match column.field.data_type {
        DataType::Float | DataType::Double => {
            binary(is_not_null, BinaryOperator::And, not(call("isnan", vec![column.sql()])))
        }
        _ => is_not_null,
    }
}

pub(super) fn is_numeric(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Byte
            | DataType::Short
            | DataType::Integer
            | DataType::Long
            | DataType::Float
            | DataType::Double
            | DataType::Decimal { .. }
    )
}

/// Numbers of replacements are doubles.
fn in_doubles(typed: Typed) -> Typed {
    if !is_numeric(&typed.data_type) {
        return typed;
    }
    match typed.value.cast_to(&arrow::datatypes::DataType::Float64) {
        Ok(value @ ScalarValue::Float64(_)) => Typed { value, data_type: DataType::Double },
        _ => typed,
    }
}
