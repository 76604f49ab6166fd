//! The Arrow types in which rows leave the engine, for a client or for a worker: those of a session's settings.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, PrimitiveArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Fields, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;

use crate::session::SessionConf;

/// What a session's settings say of the Arrow types.
#[derive(Debug, Clone)]
pub struct Layout {
    zone: Arc<str>,
    /// Whether offsets have 64 bits.
    large: bool,
}

impl Layout {
    /// That of a session with these settings.
    pub fn of_session(conf: &SessionConf) -> Self {
        Self {
            zone: conf.shown("spark.sql.session.timeZone").unwrap_or("UTC").into(),
            large: conf.shown("spark.sql.execution.arrow.useLargeVarTypes") == Some("true"),
        }
    }

    /// The type that a column of this type leaves the engine in.
    pub fn of(&self, data_type: &DataType) -> DataType {
        match data_type {
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
                DataType::Timestamp(TimeUnit::Microsecond, Some(Arc::clone(&self.zone)))
            }
            DataType::Utf8 if self.large => DataType::LargeUtf8,
            DataType::Binary if self.large => DataType::LargeBinary,
            DataType::List(field) => DataType::List(self.field(field)),
            DataType::Map(field, sorted) => DataType::Map(self.field(field), *sorted),
            DataType::Struct(fields) => {
                DataType::Struct(fields.iter().map(|field| self.field(field)).collect::<Fields>())
            }
            other => other.clone(),
        }
    }

    fn field(&self, field: &FieldRef) -> FieldRef {
        Arc::new(field.as_ref().clone().with_data_type(self.of(field.data_type())))
    }
}

/// The array as one of that type; what it is called inside does not matter.
///
/// # Errors
/// When a value has no counterpart in the type.
pub fn conform(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == wanted {
        return Ok(Arc::clone(array));
    }
    Ok(match (array.data_type(), wanted) {
        (
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)),
            DataType::Timestamp(TimeUnit::Microsecond, Some(zone)),
        ) => {
            let instants: &PrimitiveArray<TimestampMicrosecondType> = array.as_primitive();
            Arc::new(instants.clone().with_timezone(Arc::clone(zone)))
        }
        (DataType::Struct(given), DataType::Struct(fields)) if given.len() == fields.len() => {
            let (_, columns, nulls) = array.as_struct().clone().into_parts();
            let rows = array.len();
            let columns = conform_all(&columns, fields)?;
            Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, rows)?)
        }
        (DataType::List(_), DataType::List(element)) => {
            let (_, offsets, values, nulls) = array.as_list::<i32>().clone().into_parts();
            Arc::new(ListArray::try_new(Arc::clone(element), offsets, conform(&values, element.data_type())?, nulls)?)
        }
        (DataType::LargeList(from) | DataType::FixedSizeList(from, _), DataType::List(_)) => {
            conform(&cast(array, &DataType::List(Arc::clone(from)))?, wanted)?
        }
        (DataType::Map(..), DataType::Map(entries, sorted)) => {
            let DataType::Struct(fields) = entries.data_type() else {
                return Err(ArrowError::SchemaError("a map without entries".to_owned()));
            };
            let (_, offsets, pairs, nulls, _) = array.as_map().clone().into_parts();
            let (_, columns, pair_nulls) = pairs.into_parts();
            let pairs = StructArray::try_new(fields.clone(), conform_all(&columns, fields)?, pair_nulls)?;
            Arc::new(MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, *sorted)?)
        }
        _ => cast(array, wanted)?,
    })
}

fn conform_all(columns: &[ArrayRef], fields: &Fields) -> Result<Vec<ArrayRef>, ArrowError> {
    columns.iter().zip(fields).map(|(column, field)| conform(column, field.data_type())).collect()
}
