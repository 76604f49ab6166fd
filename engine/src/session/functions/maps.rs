//! Functions of maps. A key is never null and never twice in a map.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapArray, NullArray, StructArray, UInt32Array, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;

use super::arrays::Keys;
use super::math::shared;
use super::scalar::{Call, Definition, Function, Parameter, gives};
use crate::error::condition::{DUPLICATED_MAP_KEY, NULL_MAP_KEY, WRONG_NUM_ARGS};
use crate::error::{ExceptionClass, SparkError};
use crate::session::coercion;

use Parameter::{Anything, List, Map};

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    Definition::new("map_keys", &[Map], |types| part_type(types, 0), |call| map_part(call, 0)),
    Definition::new("map_values", &[Map], |types| part_type(types, 1), |call| map_part(call, 1)),
    Definition::new(
        "map_entries",
        &[Map],
        |types| match types {
            [DataType::Map(entries, _)] => DataType::List(Arc::clone(entries)),
            _ => DataType::Null,
        },
        |call| {
            let (map, DataType::List(entry)) = (call.arrays[0].as_map(), call.returns) else {
                return Ok(call.arrays[0].clone());
            };
            let entries = Arc::new(map.entries().clone());
            Ok(shared(ListArray::try_new(Arc::clone(entry), map.offsets().clone(), entries, map.nulls().cloned())?))
        },
    ),
    Definition::new(
        "map_from_arrays",
        &[List, List],
        |types| match types {
            [DataType::List(key), DataType::List(value)] => {
                map_type(key.data_type(), value.data_type(), value.is_nullable())
            }
            _ => DataType::Null,
        },
        |call| {
            let (keys, values) = (call.list(0), call.list(1));
            let pairs = (0..call.rows).map(|row| {
                if call.is_null(row) {
                    return Ok(None);
                }
                let (keys, values) = (keys.value_offsets(), values.value_offsets());
                let place = |offsets: &[i32], row: usize| usize::try_from(offsets[row]).unwrap_or(0);
                let (own, others) =
                    (place(keys, row)..place(keys, row + 1), place(values, row)..place(values, row + 1));
                if own.len() != others.len() {
                    let message = "The key array and value array of MapData must have the same length.";
                    let mut error = SparkError::plain(ExceptionClass::SparkRuntime, message);
                    error.condition = Some("_LEGACY_ERROR_TEMP_2128".to_owned());
                    return Err(error.into());
                }
                Ok(Some(own.zip(others).collect()))
            });
            build_map(call.returns, keys.values(), values.values(), &pairs.collect::<Result<Vec<_>>>()?)
        },
    )
    .nullable(|arguments| arguments.iter().any(|argument| argument.is_nullable())),
    Definition::new(
        "map",
        &[Anything],
        |types| {
            let part = |first: usize| {
                types.iter().skip(first).step_by(2).find(|data_type| **data_type != DataType::Null).or(types.get(first))
            };
            let (key, value) = (part(0).cloned().unwrap_or(DataType::Null), part(1).cloned().unwrap_or(DataType::Null));
            map_type(&key, &value, true)
        },
        |call| {
            let parts = |first: usize| {
                call.arrays.iter().skip(first).step_by(2).map(AsRef::as_ref).collect::<Vec<&dyn Array>>()
            };
            let none = || shared(NullArray::new(0));
            let entries = call.arrays.len() / 2;
            let (keys, values) = if entries == 0 { (none(), none()) } else { (concat(&parts(0))?, concat(&parts(1))?) };
            let pairs: Vec<_> = (0..call.rows)
                .map(|row| Some((0..entries).map(|entry| (entry * call.rows + row, entry * call.rows + row)).collect()))
                .collect();
            build_map(call.returns, &keys, &values, &pairs)
        },
    )
    .repeating()
    .nullable(|_| false)
    .together(entries_of_one_type),
    Definition::new("map_concat", &[Map], gives::same, |call| {
        let maps: Vec<_> = call.arrays.iter().map(|map| map.as_map()).collect();
        let keys: Vec<&dyn Array> = maps.iter().map(|map| map.keys().as_ref()).collect();
        let values: Vec<&dyn Array> = maps.iter().map(|map| map.values().as_ref()).collect();
        let (keys, values) = (concat(&keys)?, concat(&values)?);
        let pairs = (0..call.rows).map(|row| {
            let mut pairs = Vec::new();
            let mut before = 0;
            for map in &maps {
                let place = |row: usize| usize::try_from(map.offsets()[row]).unwrap_or(0);
                pairs.extend((place(row)..place(row + 1)).map(|entry| (before + entry, before + entry)));
                before += map.keys().len();
            }
            (!call.is_null(row)).then_some(pairs)
        });
        build_map(call.returns, &keys, &values, &pairs.collect::<Vec<_>>())
    })
    .repeating(),
];

/// The map of these keys and values, one after the other.
pub(super) fn map_of(args: Vec<Expr>) -> Option<Expr> {
    let definition = ALL.iter().find(|definition| definition.name == "map")?;
    Some(Function::new(*definition).call(args))
}

fn part_type(types: &[DataType], part: usize) -> DataType {
    match types {
        [DataType::Map(entries, _)] => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                let field = fields[part]
                    .as_ref()
                    .clone()
                    .with_name("element")
                    .with_nullable(part == 0 || fields[part].is_nullable());
                DataType::List(Arc::new(field))
            }
            _ => DataType::Null,
        },
        _ => DataType::List(Arc::new(Field::new("element", DataType::Null, true))),
    }
}

fn map_part(call: &Call<'_>, part: usize) -> Result<ArrayRef> {
    let (Some(map), DataType::List(field)) = (call.arrays[0].as_map_opt(), call.returns) else {
        return Ok(new_null_array(call.returns, call.rows));
    };
    let values = if part == 0 { map.keys() } else { map.values() };
    let list = ListArray::try_new(Arc::clone(field), map.offsets().clone(), Arc::clone(values), map.nulls().cloned())?;
    Ok(shared(list))
}

/// The type of a map.
pub(super) fn map_type(key: &DataType, value: &DataType, nullable: bool) -> DataType {
    let fields =
        Fields::from(vec![Field::new("key", key.clone(), false), Field::new("value", value.clone(), nullable)]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(fields), false)), false)
}

/// Keys of one type and values of one type.
fn entries_of_one_type(args: Vec<(Expr, DataType)>) -> Result<Vec<Expr>> {
    if !args.len().is_multiple_of(2) {
        let parameters = [
            ("functionName", "`map`".to_owned()),
            ("expectedNum", "2n (n > 0)".to_owned()),
            ("actualNum", args.len().to_string()),
            ("docroot", "https://spark.apache.org/docs/latest".to_owned()),
        ];
        return Err(WRONG_NUM_ARGS.error(parameters).into());
    }
    let (keys, values): (Vec<_>, Vec<_>) = args.into_iter().enumerate().partition(|(index, _)| index % 2 == 0);
    let alike =
        |part: Vec<(usize, (Expr, DataType))>| coercion::alternatives(part.into_iter().map(|(_, arg)| arg).collect());
    let (keys, values) = (alike(keys), alike(values));
    Ok(keys.into_iter().zip(values).flat_map(|(key, value)| [key, value]).collect())
}

/// The map of the keys and values at these places.
pub(super) fn build_map(
    returns: &DataType,
    keys: &ArrayRef,
    values: &ArrayRef,
    pairs: &[Option<Vec<(usize, usize)>>],
) -> Result<ArrayRef> {
    let DataType::Map(entries, _) = returns else { return Ok(new_null_array(returns, pairs.len())) };
    let DataType::Struct(fields) = entries.data_type() else { return Ok(new_null_array(returns, pairs.len())) };
    let order = if keys.is_empty() { None } else { Some(Keys::try_new(Arc::clone(keys), keys.len())?) };
    for pairs in pairs.iter().flatten() {
        for (index, (key, _)) in pairs.iter().enumerate() {
            if keys.is_null(*key) || keys.data_type() == &DataType::Null {
                return Err(NULL_MAP_KEY.error([]).into());
            }
            let same = |known: usize| order.as_ref().is_some_and(|order| order.same(known, *key));
            if pairs[..index].iter().any(|(known, _)| same(*known)) {
                let key = ScalarValue::try_from_array(keys, *key)?.to_string();
                let policy = "\"spark.sql.mapKeyDedupPolicy\"".to_owned();
                return Err(DUPLICATED_MAP_KEY.error([("key", key), ("mapKeyDedupPolicy", policy)]).into());
            }
        }
    }
    let place = |place: usize| u32::try_from(place).ok();
    let taken = |part: fn(&(usize, usize)) -> usize| {
        pairs.iter().flatten().flatten().map(|pair| place(part(pair))).collect::<UInt32Array>()
    };
    let keys = cast(&take(keys, &taken(|pair| pair.0), None)?, fields[0].data_type())?;
    let values = cast(&take(values, &taken(|pair| pair.1), None)?, fields[1].data_type())?;
    let lengths = pairs.iter().map(|pairs| pairs.as_ref().map_or(0, Vec::len));
    let nulls = NullBuffer::from(pairs.iter().map(Option::is_some).collect::<Vec<_>>());
    let content = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    Ok(shared(MapArray::try_new(
        Arc::clone(entries),
        OffsetBuffer::from_lengths(lengths),
        content,
        Some(nulls),
        false,
    )?))
}
