//! The type that values of several types have together, as Spark finds it where texts are not read as numbers.

use seatrial_engine::types::DataType;

use super::attribute::same;

/// The type of all; nothing where two have none in common.
pub(crate) fn of_all<'t>(types: impl IntoIterator<Item = &'t DataType>) -> Option<DataType> {
    types.into_iter().try_fold(DataType::Null, |known, next| of_two(&known, next))
}

/// The type of both.
pub(crate) fn of_two(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::{Array, Date, Decimal, Double, Float, Map, Null, Struct, Timestamp, TimestampNtz};
    match (left, right) {
        (left, right) if left == right => Some(left.clone()),
        (Null, other) | (other, Null) => Some(other.clone()),
        (Date, other @ (Timestamp | TimestampNtz)) | (other @ (Timestamp | TimestampNtz), Date) => Some(other.clone()),
        (Timestamp, TimestampNtz) | (TimestampNtz, Timestamp) => Some(Timestamp),
        (Decimal { .. }, Float | Double) | (Float | Double, Decimal { .. }) => Some(Double),
        (Float, Double) | (Double, Float) => Some(Double),
        (fraction @ (Float | Double), whole) | (whole, fraction @ (Float | Double)) if digits(whole).is_some() => {
            Some(fraction.clone())
        }
        (Decimal { precision, scale }, other) | (other, Decimal { precision, scale }) => {
            let (whole, fraction) = match other {
                Decimal { precision, scale } => (precision.saturating_sub(*scale), *scale),
                other => (digits(other)?, 0),
            };
            let whole = whole.max(precision.saturating_sub(*scale));
            let fraction = fraction.max(*scale);
            Some(Decimal { precision: whole.saturating_add(fraction).min(38), scale: fraction.min(38) })
        }
        (Array { element, contains_null }, Array { element: other, contains_null: and }) => {
            Some(Array { element: Box::new(of_two(element, other)?), contains_null: *contains_null || *and })
        }
        (
            Map { key, value, value_contains_null },
            Map { key: other_key, value: other_value, value_contains_null: and },
        ) => Some(Map {
            key: Box::new(of_two(key, other_key)?),
            value: Box::new(of_two(value, other_value)?),
            value_contains_null: *value_contains_null || *and,
        }),
        (Struct(one), Struct(other)) if one.fields.len() == other.fields.len() => {
            let mut fields = Vec::with_capacity(one.fields.len());
            for (field, with) in one.fields.iter().zip(&other.fields) {
                if !same(&field.name, &with.name) {
                    return None;
                }
                let mut field = field.clone();
                field.data_type = of_two(&field.data_type, &with.data_type)?;
                field.nullable |= with.nullable;
                fields.push(field);
            }
            Some(Struct(seatrial_engine::types::StructType { fields }))
        }
        (left, right) => {
            let (of_left, of_right) = (digits(left)?, digits(right)?);
            Some(if of_left >= of_right { left } else { right }.clone())
        }
    }
}

/// How many digits a whole number may have.
fn digits(data_type: &DataType) -> Option<u8> {
    Some(match data_type {
        DataType::Byte => 3,
        DataType::Short => 5,
        DataType::Integer => 10,
        DataType::Long => 20,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use rstest::rstest;

    use super::*;

    // As PySpark 4.2.1 unpivots.
    #[rstest]
    #[case(&["int", "double"], Some("double"))]
    #[case(&["int", "string"], None)]
    #[case(&["int", "boolean"], None)]
    #[case(&["int", "date"], None)]
    #[case(&["decimal(5,2)", "bigint"], Some("decimal(22,2)"))]
    #[case(&["bigint", "float"], Some("float"))]
    #[case(&["tinyint", "int", "smallint"], Some("int"))]
    fn types_meet(#[case] types: &[&str], #[case] expected: Option<&str>) {
        let types: Vec<DataType> = types.iter().map(|text| DataType::from_ddl(text).unwrap()).collect();
        assert_eq!(of_all(&types), expected.map(|text| DataType::from_ddl(text).unwrap()));
    }
}
