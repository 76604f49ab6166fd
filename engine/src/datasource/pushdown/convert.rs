//! A conjunct as a filter, or the reason why a reader isn't offered it.

use arrow::array::Array;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::filter::{Filter, Test, Value};
use super::hash_order;
use super::path::Path;
use crate::types::{DataType, StructType};

/// Above this many values Spark keeps an `IN` list as a set (`spark.sql.optimizer.inSetConversionThreshold`).
const LIST_LIMIT: usize = 10;

/// The filter that a reader of this schema is offered for the conjunct.
///
/// # Errors
/// Why there is none, as a fragment for the log.
pub(super) fn filter(conjunct: &Expr, schema: &StructType) -> Result<Filter, &'static str> {
    let (expr, test, negated) = match conjunct {
        Expr::IsNull(child) => (child.as_ref(), Test::IsNull, false),
        Expr::IsNotNull(child) => (child.as_ref(), Test::IsNotNull, false),
        Expr::Not(child) => {
            let inner = filter(child, schema)?;
            if inner.negated {
                return Err("a negation of a negation");
            }
            return Ok(Filter { negated: true, ..inner });
        }
        Expr::InList(InList { expr, list, negated }) => {
            let values = list
                .iter()
                .map(|value| match value {
                    Expr::Literal(value, _) => literal(value),
                    _ => Err("a list with a value that is no constant"),
                })
                .collect::<Result<Vec<_>, _>>()?;
            let values = if values.len() > LIST_LIMIT { hash_order::sort(values) } else { values };
            (expr.as_ref(), Test::In(values), *negated)
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let Expr::Literal(value, _) = right.as_ref() else {
                return Err(match op {
                    Operator::Or => "an OR",
                    _ => "a comparison without a constant",
                });
            };
            if value.is_null() {
                return Err("a comparison with null");
            }
            let value = literal(value)?;
            let (test, negated) = match op {
                Operator::Eq => (Test::EqualTo(value), false),
                Operator::NotEq => (Test::EqualTo(value), true),
                Operator::IsNotDistinctFrom => (Test::EqualNullSafe(value), false),
                Operator::IsDistinctFrom => (Test::EqualNullSafe(value), true),
                Operator::Gt => (Test::GreaterThan(value), false),
                Operator::GtEq => (Test::GreaterThanOrEqual(value), false),
                Operator::Lt => (Test::LessThan(value), false),
                Operator::LtEq => (Test::LessThanOrEqual(value), false),
                _ => return Err("an operator without a filter"),
            };
            (left.as_ref(), test, negated)
        }
        Expr::ScalarFunction(call) => {
            let test = match call.name() {
                "starts_with" => Test::StringStartsWith,
                "ends_with" => Test::StringEndsWith,
                "contains" => Test::StringContains,
                _ if Path::of(conjunct).is_some() => return boolean_column(conjunct, schema),
                _ => return Err("a function without a filter"),
            };
            let [subject, Expr::Literal(text @ ScalarValue::Utf8(Some(_)), _)] = call.args.as_slice() else {
                return Err("a text test without a constant");
            };
            (subject, test(literal(text)?), false)
        }
        conjunct if Path::of(conjunct).is_some() => return boolean_column(conjunct, schema),
        Expr::Literal(..) => return Err("a constant"),
        Expr::Like(_) => return Err("a pattern that is no prefix, suffix or substring"),
        Expr::InSubquery(_) | Expr::Exists(_) | Expr::ScalarSubquery(_) | Expr::SetComparison(_) => {
            return Err("a subquery");
        }
        _ => return Err("an expression without a filter"),
    };
    let (attribute, data_type) = attribute(expr, schema)?;
    let null_check = matches!(test, Test::IsNull | Test::IsNotNull);
    if !null_check {
        comparable(data_type)?;
    }
    Ok(Filter { attribute, test, negated })
}

/// A bare boolean column is a comparison with true.
fn boolean_column(expr: &Expr, schema: &StructType) -> Result<Filter, &'static str> {
    let (attribute, _) = attribute(expr, schema)?;
    Ok(Filter { attribute, test: Test::EqualTo(Value::Boolean(true)), negated: false })
}

/// The attribute that the expression names, spelled as in the schema, and its type.
fn attribute<'s>(expr: &Expr, schema: &'s StructType) -> Result<(Vec<String>, &'s DataType), &'static str> {
    let Some(path) = Path::of(expr) else { return Err("the left side is neither a column nor a field") };
    let mut fields = &schema.fields;
    let mut attribute = Vec::with_capacity(path.fields.len() + 1);
    let mut found: Option<&DataType> = None;
    for name in std::iter::once(path.column.name.as_str()).chain(path.fields) {
        if let Some(DataType::Struct(inner)) = found {
            fields = &inner.fields;
        } else if found.is_some() {
            return Err("a field of something that is no struct");
        }
        let Some(field) = fields.iter().find(|field| field.name == name) else { return Err("an unknown column") };
        attribute.push(field.name.clone());
        found = Some(&field.data_type);
    }
    found.map(|data_type| (attribute, data_type)).ok_or("an unknown column")
}

/// Values cross as variants, which know neither intervals nor collations.
fn comparable(data_type: &DataType) -> Result<(), &'static str> {
    match data_type {
        DataType::String { collation: Some(_) } => Err("a collated string"),
        DataType::DayTimeInterval { .. } | DataType::YearMonthInterval { .. } | DataType::CalendarInterval => {
            Err("an interval")
        }
        DataType::Map { .. } => Err("a map"),
        DataType::Time(_) => Err("a time of day"),
        DataType::Variant | DataType::Geo(_) | DataType::Udt { .. } => Err("a type without literals"),
        DataType::Array { element, .. } => comparable(element),
        DataType::Struct(fields) => fields.fields.iter().try_for_each(|field| comparable(&field.data_type)),
        _ => Ok(()),
    }
}

fn literal(value: &ScalarValue) -> Result<Value, &'static str> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    Ok(match value {
        ScalarValue::Boolean(Some(value)) => Value::Boolean(*value),
        ScalarValue::Int8(Some(value)) => Value::Integer(i64::from(*value)),
        ScalarValue::Int16(Some(value)) => Value::Integer(i64::from(*value)),
        ScalarValue::Int32(Some(value)) => Value::Integer(i64::from(*value)),
        ScalarValue::Int64(Some(value)) => Value::Integer(*value),
        ScalarValue::Float32(Some(value)) => Value::Float(f64::from(*value).to_bits()),
        ScalarValue::Float64(Some(value)) => Value::Float(value.to_bits()),
        ScalarValue::Decimal128(Some(unscaled), _, scale) => Value::Decimal {
            unscaled: *unscaled,
            scale: u8::try_from(*scale).map_err(|_| "a decimal of negative scale")?,
        },
        ScalarValue::Utf8(Some(text)) => Value::String(text.clone()),
        ScalarValue::Binary(Some(bytes)) => Value::Binary(bytes.clone()),
        ScalarValue::Date32(Some(days)) => Value::Date(*days),
        ScalarValue::TimestampMicrosecond(Some(micros), Some(_)) => Value::Timestamp(*micros),
        ScalarValue::TimestampMicrosecond(Some(micros), None) => Value::TimestampNtz(*micros),
        ScalarValue::List(list) => {
            let values = list.value(0);
            Value::List((0..values.len()).map(|index| element(&values, index)).collect::<Result<_, _>>()?)
        }
        ScalarValue::Struct(fields) => {
            let mut entries = fields
                .fields()
                .iter()
                .zip(fields.columns())
                .map(|(field, column)| Ok((field.name().clone(), element(column, 0)?)))
                .collect::<Result<Vec<_>, &'static str>>()?;
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            Value::Dict(entries)
        }
        _ => return Err("a constant of a type without a filter value"),
    })
}

fn element(array: &dyn Array, index: usize) -> Result<Value, &'static str> {
    ScalarValue::try_from_array(array, index)
        .map_err(|_| "a constant that can't be taken apart")
        .and_then(|value| literal(&value))
}
