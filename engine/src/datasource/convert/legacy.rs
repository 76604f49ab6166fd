//! Record batches whose types differ from the schema: Spark 4.0 and 4.1 look only at the names of a batch's columns, and let
//! the JVM read each column, by position, as whatever the schema says (ARROW-LEGACY-*).
//!
//! The JVM reads a value with the accessor of its Spark type (`getInt`, `getUTF8String`). An Arrow type of the same storage
//! has that accessor too, so an `int64` is taken for a timestamp; any other has not, which shows when the first value that is
//! no null is read. Since Spark 4.2 PySpark refuses such batches before they come here.

use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, ListArray, MapArray, StructArray, make_array, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType as ArrowType, FieldRef, Fields, IntervalUnit, TimeUnit};

use super::ReadError;
use super::batch::relabel;
use crate::error::SparkError;
use crate::error::condition::{UNSUPPORTED_ARROWTYPE, UNSUPPORTED_CALL};
use crate::types::DataType;

/// The class whose methods say that they have no such accessor.
const ACCESSOR: &str = "org.apache.spark.sql.vectorized.ArrowColumnVector$ArrowVectorAccessor";

/// The column as the JVM reads it: with the table's type `to`, which is that of the Spark type.
pub(super) fn read_as(column: ArrayData, spark: &DataType, to: &ArrowType) -> Result<ArrayRef, ReadError> {
    if column.data_type() == to {
        return Ok(make_array(column));
    }
    if let Some(relabelled) = relabel(column.clone(), to) {
        return Ok(make_array(relabelled));
    }
    check_known(column.data_type())?;
    read(&make_array(column), spark, to)
}

fn read(column: &ArrayRef, spark: &DataType, to: &ArrowType) -> Result<ArrayRef, ReadError> {
    if let DataType::Udt { sql_type, .. } = spark {
        return read(column, sql_type, to);
    }
    let data = column.to_data();
    if let Some(relabelled) = relabel(data.clone(), to) {
        return Ok(make_array(relabelled));
    }
    if column.null_count() == column.len() || *column.data_type() == ArrowType::Null {
        return Ok(new_null_array(to, column.len()));
    }
    match (column.data_type(), to) {
        (ArrowType::LargeUtf8, ArrowType::Utf8)
        | (ArrowType::LargeBinary, ArrowType::Binary)
        | (ArrowType::Decimal128(..), ArrowType::Decimal128(..)) => {
            let options = CastOptions { safe: false, ..CastOptions::default() };
            cast_with_options(column, to, &options).map_err(|error| ReadError::spark(error.to_string()))
        }
        (from, to) if storage(from).is_some() && storage(from) == storage(to) => {
            let builder = data.into_builder().data_type(to.clone());
            // SAFETY: both types keep their values in the same storage, and neither restricts them.
            Ok(make_array(unsafe { builder.build_unchecked() }))
        }
        (ArrowType::List(_), ArrowType::List(field)) => {
            let DataType::Array { element, .. } = spark else { return Err(no_accessor(spark)) };
            read_list(column, element, field)
        }
        (ArrowType::Map(..), ArrowType::Map(field, sorted)) => {
            let DataType::Map { key, value, .. } = spark else { return Err(no_accessor(spark)) };
            read_map(column, [key, value], field, *sorted)
        }
        (ArrowType::Struct(_), ArrowType::Struct(fields)) => {
            let DataType::Struct(schema) = spark else { return Err(no_accessor(spark)) };
            let types: Vec<&DataType> = schema.fields.iter().map(|field| &field.data_type).collect();
            Ok(Arc::new(read_struct(column, &types, fields)?))
        }
        _ => Err(no_accessor(spark)),
    }
}

fn read_list(column: &ArrayRef, element: &DataType, field: &FieldRef) -> Result<ArrayRef, ReadError> {
    let Some(list) = column.as_any().downcast_ref::<ListArray>() else { return Err(no_accessor(element)) };
    let values = read(list.values(), element, field.data_type())?;
    let read = ListArray::try_new(Arc::clone(field), list.offsets().clone(), values, list.nulls().cloned());
    Ok(Arc::new(read.map_err(invalid)?))
}

fn read_map(column: &ArrayRef, types: [&DataType; 2], entries: &FieldRef, sorted: bool) -> Result<ArrayRef, ReadError> {
    let (Some(map), ArrowType::Struct(fields)) = (column.as_any().downcast_ref::<MapArray>(), entries.data_type())
    else {
        return Err(no_accessor(types[0]));
    };
    let pairs: ArrayRef = Arc::new(map.entries().clone());
    let pairs = read_struct(&pairs, &types, fields)?;
    let read = MapArray::try_new(Arc::clone(entries), map.offsets().clone(), pairs, map.nulls().cloned(), sorted);
    Ok(Arc::new(read.map_err(invalid)?))
}

fn read_struct(column: &ArrayRef, types: &[&DataType], fields: &Fields) -> Result<StructArray, ReadError> {
    let found = column.as_any().downcast_ref::<StructArray>().filter(|found| found.num_columns() >= types.len());
    let Some(found) = found else {
        return Err(ReadError::spark("A struct of a record batch has fewer fields than the schema says.".to_owned()));
    };
    let columns = found
        .columns()
        .iter()
        .zip(types)
        .zip(fields)
        .map(|((column, spark), field)| read(column, spark, field.data_type()))
        .collect::<Result<Vec<_>, _>>()?;
    StructArray::try_new(fields.clone(), columns, found.nulls().cloned()).map_err(invalid)
}

fn invalid(error: impl std::fmt::Display) -> ReadError {
    ReadError::spark(format!("The data source gave a batch that is not valid: {error}"))
}

/// The accessor of a type whose values are bare integers; types with the same one can stand for each other.
fn storage(arrow: &ArrowType) -> Option<&'static str> {
    match arrow {
        ArrowType::Int32 | ArrowType::Date32 | ArrowType::Interval(IntervalUnit::YearMonth) => Some("getInt"),
        ArrowType::Int64
        | ArrowType::Timestamp(TimeUnit::Microsecond, _)
        | ArrowType::Duration(TimeUnit::Microsecond)
        | ArrowType::Time64(TimeUnit::Nanosecond) => Some("getLong"),
        _ => None,
    }
}

/// The accessor that the JVM asks for a value of the type.
fn accessor(spark: &DataType) -> &'static str {
    match spark {
        DataType::Boolean => "getBoolean",
        DataType::Byte => "getByte",
        DataType::Short => "getShort",
        DataType::Integer | DataType::Date | DataType::YearMonthInterval { .. } => "getInt",
        DataType::Long
        | DataType::Timestamp
        | DataType::TimestampNtz
        | DataType::Time(_)
        | DataType::DayTimeInterval { .. } => "getLong",
        DataType::Float => "getFloat",
        DataType::Double => "getDouble",
        DataType::Decimal { .. } => "getDecimal",
        DataType::String { .. } | DataType::Char(_) | DataType::Varchar(_) => "getUTF8String",
        DataType::Binary => "getBinary",
        DataType::Array { .. } => "getArray",
        DataType::Map { .. } => "getMap",
        _ => "getStruct",
    }
}

fn no_accessor(spark: &DataType) -> ReadError {
    let parameters = [("methodName", accessor(spark).to_owned()), ("className", ACCESSOR.to_owned())];
    ReadError::Spark(UNSUPPORTED_CALL.error(parameters))
}

/// Whether the JVM knows the type at all; it looks before it reads a value.
fn check_known(arrow: &ArrowType) -> Result<(), SparkError> {
    match arrow {
        ArrowType::List(field) => check_known(field.data_type()),
        ArrowType::Map(entries, _) => check_known(entries.data_type()),
        ArrowType::Struct(fields) => fields.iter().try_for_each(|field| check_known(field.data_type())),
        // In Java a dictionary-encoded field has the type of its indices.
        ArrowType::Dictionary(indices, _) => check_known(indices),
        ArrowType::Boolean
        | ArrowType::Int8
        | ArrowType::Int16
        | ArrowType::Int32
        | ArrowType::Int64
        | ArrowType::Float32
        | ArrowType::Float64
        | ArrowType::Utf8
        | ArrowType::LargeUtf8
        | ArrowType::Binary
        | ArrowType::LargeBinary
        | ArrowType::Decimal128(..)
        | ArrowType::Decimal256(..)
        | ArrowType::Date32
        | ArrowType::Timestamp(TimeUnit::Microsecond, _)
        | ArrowType::Time64(TimeUnit::Nanosecond)
        | ArrowType::Duration(TimeUnit::Microsecond)
        | ArrowType::Interval(IntervalUnit::YearMonth)
        | ArrowType::Null => Ok(()),
        unknown => Err(UNSUPPORTED_ARROWTYPE.error([("typeName", java_name(unknown))])),
    }
}

/// The type as Arrow's Java library shows it, for those that Spark does not know.
fn java_name(arrow: &ArrowType) -> String {
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::Second => "SECOND",
        TimeUnit::Millisecond => "MILLISECOND",
        TimeUnit::Microsecond => "MICROSECOND",
        TimeUnit::Nanosecond => "NANOSECOND",
    };
    match arrow {
        ArrowType::UInt8 => "Int(8, false)".to_owned(),
        ArrowType::UInt16 => "Int(16, false)".to_owned(),
        ArrowType::UInt32 => "Int(32, false)".to_owned(),
        ArrowType::UInt64 => "Int(64, false)".to_owned(),
        ArrowType::Float16 => "FloatingPoint(HALF)".to_owned(),
        ArrowType::FixedSizeBinary(width) => format!("FixedSizeBinary({width})"),
        ArrowType::Date64 => "Date(MILLISECOND)".to_owned(),
        ArrowType::Time32(of) => format!("Time({}, 32)", unit(of)),
        ArrowType::Time64(of) => format!("Time({}, 64)", unit(of)),
        ArrowType::Timestamp(of, zone) => format!("Timestamp({}, {})", unit(of), zone.as_deref().unwrap_or("null")),
        ArrowType::Duration(of) => format!("Duration({})", unit(of)),
        ArrowType::Interval(IntervalUnit::DayTime) => "Interval(DAY_TIME)".to_owned(),
        ArrowType::Interval(IntervalUnit::MonthDayNano) => "Interval(MONTH_DAY_NANO)".to_owned(),
        ArrowType::FixedSizeList(_, length) => format!("FixedSizeList({length})"),
        ArrowType::LargeList(_) => "LargeList".to_owned(),
        ArrowType::ListView(_) => "ListView".to_owned(),
        ArrowType::LargeListView(_) => "LargeListView".to_owned(),
        ArrowType::Utf8View => "Utf8View".to_owned(),
        ArrowType::BinaryView => "BinaryView".to_owned(),
        ArrowType::RunEndEncoded(..) => "RunEndEncoded".to_owned(),
        ArrowType::Union(fields, mode) => {
            let ids: Vec<String> = fields.iter().map(|(id, _)| id.to_string()).collect();
            format!("Union({mode:?}, [{}])", ids.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use arrow::array::{Int32Array, Int64Array, StringArray, TimestampMillisecondArray};
    use rstest::rstest;

    use super::*;
    use crate::types::StructType;
    use crate::types::arrow::to_table_schema;

    fn read_column(column: impl Array, ddl: &str) -> Result<ArrayRef, String> {
        let schema = StructType::from_ddl(&format!("a {ddl}")).unwrap();
        let table = to_table_schema(&schema).unwrap();
        read_as(column.to_data(), &schema.fields[0].data_type, table.field(0).data_type())
            .map_err(|error| error.to_string())
    }

    #[rstest]
    #[case("timestamp")]
    #[case("interval day to second")]
    fn a_long_stands_for_what_is_stored_as_one(#[case] ddl: &str) {
        assert_eq!(read_column(Int64Array::from(vec![Some(1), None]), ddl).unwrap().null_count(), 1);
    }

    #[rstest]
    #[case("int", "getInt")]
    #[case("string", "getUTF8String")]
    #[case("array<int>", "getArray")]
    fn a_value_without_its_accessor_fails(#[case] ddl: &str, #[case] method: &str) {
        let error = read_column(Int64Array::from(vec![1]), ddl).unwrap_err();
        assert!(error.contains(&format!("Cannot call the method \"{method}\" of the class")), "{error}");
    }

    #[test]
    fn nulls_need_no_accessor() {
        assert_eq!(read_column(Int64Array::from(vec![None, None]), "string").unwrap().null_count(), 2);
        assert_eq!(read_column(StringArray::from(Vec::<&str>::new()), "int").unwrap().len(), 0);
    }

    #[test]
    fn a_type_that_java_does_not_know_fails_at_once() {
        let empty = TimestampMillisecondArray::from(Vec::<i64>::new()).with_timezone("UTC");
        let error = read_column(empty, "timestamp").unwrap_err();
        assert!(error.contains("Unsupported arrow type Timestamp(MILLISECOND, UTC)."), "{error}");
    }

    #[test]
    fn days_stand_for_dates() {
        let read = read_column(Int32Array::from(vec![18_000]), "date").unwrap();
        assert_eq!(read.data_type(), &ArrowType::Date32);
    }
}
