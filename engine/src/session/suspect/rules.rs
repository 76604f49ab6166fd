//! Which types go together, as Spark has it in ANSI mode.

use crate::error::condition::{
    ARRAY_FUNCTION_DIFF_TYPES, BINARY_ARRAY_DIFF_TYPES, CAST_WITH_CONF_SUGGESTION, CAST_WITH_FUNC_SUGGESTION,
    CAST_WITHOUT_SUGGESTION, Condition, MAP_FUNCTION_DIFF_TYPES,
};
use crate::types::DataType;

pub(super) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_))
}

pub(super) fn is_number(data_type: &DataType) -> bool {
    use DataType::{Byte, Decimal, Double, Float, Integer, Long, Short};
    matches!(data_type, Byte | Short | Integer | Long | Float | Double | Decimal { .. })
}

pub(super) fn all_alike(types: &[DataType]) -> bool {
    types.iter().enumerate().all(|(index, one)| types[..index].iter().all(|other| are_alike(one, other)))
}

/// Whether two types have one in common, which Spark casts both to in ANSI mode.
pub(super) fn are_alike(one: &DataType, other: &DataType) -> bool {
    use DataType::{Array, Date, DayTimeInterval, Map, Null, Struct, Timestamp, TimestampNtz, YearMonthInterval};
    let is_moment = |data_type| matches!(data_type, &(Date | Timestamp | TimestampNtz));
    let is_nested = |data_type| matches!(data_type, &(Array { .. } | Map { .. } | Struct(_)));
    match (one, other) {
        _ if one == other => true,
        (Null, _) | (_, Null) => true,
        (Array { element: one, .. }, Array { element: other, .. }) => are_alike(one, other),
        (Map { key, value, .. }, Map { key: other_key, value: other_value, .. }) => {
            are_alike(key, other_key) && are_alike(value, other_value)
        }
        (Struct(one), Struct(other)) => {
            let mut fields = one.fields.iter().zip(&other.fields);
            one.fields.len() == other.fields.len()
                && fields.all(|(one, other)| are_alike(&one.data_type, &other.data_type))
        }
        (YearMonthInterval { .. }, YearMonthInterval { .. }) | (DayTimeInterval { .. }, DayTimeInterval { .. }) => true,
        (one, other) if is_text(one) || is_text(other) => !is_nested(one) && !is_nested(other),
        (one, other) => (is_number(one) && is_number(other)) || (is_moment(one) && is_moment(other)),
    }
}

/// Why no cast leads from one type to another: the condition, and the function that it names.
pub(super) fn cast_refusal(from: &DataType, to: &DataType, ansi: bool) -> Option<(Condition, &'static str)> {
    use DataType::{Array, Binary, Boolean, Date, Map, Null, Struct, Timestamp, TimestampNtz};
    let without = Some((CAST_WITHOUT_SUGGESTION, ""));
    match (from, to) {
        _ if from == to || is_text(to) || *from == Null => None,
        (Array { element: from, .. }, Array { element: to, .. }) => within(cast_refusal(from, to, ansi)),
        (Map { key, value, .. }, Map { key: to_key, value: to_value, .. }) => {
            within(cast_refusal(key, to_key, ansi).or_else(|| cast_refusal(value, to_value, ansi)))
        }
        (Struct(from), Struct(to)) => {
            if from.fields.len() != to.fields.len() {
                return without;
            }
            let mut fields = from.fields.iter().zip(&to.fields);
            within(fields.find_map(|(from, to)| cast_refusal(&from.data_type, &to.data_type, ansi)))
        }
        (Array { .. } | Map { .. } | Struct(_), _) | (_, Array { .. } | Map { .. } | Struct(_) | Null) => without,
        _ if !ansi || is_text(from) => None,
        (Date, to) if is_number(to) => Some((CAST_WITH_FUNC_SUGGESTION, "`UNIX_DATE`")),
        (from, Date) if is_number(from) => Some((CAST_WITH_FUNC_SUGGESTION, "`DATE_FROM_UNIX_DATE`")),
        (Boolean, Timestamp) | (Date | Timestamp, Boolean) => Some((CAST_WITH_CONF_SUGGESTION, "")),
        (Boolean | TimestampNtz, Date | Boolean) if *from != TimestampNtz || *to == Boolean => without,
        (from, Binary) if is_whole(from) => Some((CAST_WITH_CONF_SUGGESTION, "")),
        (_, Binary) | (Binary, _) => without,
        _ => None,
    }
}

/// A refusal of what is within a type, which is one of the whole.
fn within(refusal: Option<(Condition, &'static str)>) -> Option<(Condition, &'static str)> {
    refusal.map(|_| (CAST_WITHOUT_SUGGESTION, ""))
}

pub(super) fn is_whole(data_type: &DataType) -> bool {
    is_number(data_type) && !is_fraction(data_type)
}

pub(super) fn is_interval(data_type: &DataType) -> bool {
    use DataType::{CalendarInterval, DayTimeInterval, YearMonthInterval};
    matches!(data_type, CalendarInterval | DayTimeInterval { .. } | YearMonthInterval { .. })
}

fn is_fraction(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float | DataType::Double | DataType::Decimal { .. })
}

/// What is wrong with a collection and another, or one of its elements: the condition, what the collection is, and the parameter
/// that says so.
pub(super) fn unlike_pair(
    function: &str,
    left: &DataType,
    right: &DataType,
) -> Option<(Condition, &'static str, &'static str)> {
    let unlike = |one: &DataType, other: &DataType| !are_alike(one, other) || is_text(one) != is_text(other);
    match (function, left, right) {
        (_, _, DataType::Null) => None,
        (
            "array_contains" | "array_position" | "array_remove" | "array_append" | "array_prepend" | "array_insert",
            DataType::Array { element, .. },
            right,
        ) if unlike(element, right) => Some((ARRAY_FUNCTION_DIFF_TYPES, "ARRAY", "dataType")),
        (
            "arrays_overlap" | "array_union" | "array_intersect" | "array_except",
            DataType::Array { element: one, .. },
            DataType::Array { element: other, .. },
        ) if unlike(one, other) => Some((BINARY_ARRAY_DIFF_TYPES, "ARRAY", "arrayType")),
        ("element_at", DataType::Map { key, .. }, right) if unlike(key, right) => {
            Some((MAP_FUNCTION_DIFF_TYPES, "MAP", "dataType"))
        }
        _ => None,
    }
}
