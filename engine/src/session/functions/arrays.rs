//! Functions of arrays. Nulls among the elements are equal to one another, as are NaNs; zeros have one sign.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, UInt32Array, make_comparator, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{SortOptions, cast, concat, take};
use arrow::datatypes::{
    DataType, DurationMicrosecondType, Field, Int64Type, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType,
};
use datafusion::common::{ScalarValue, not_impl_err};
use datafusion::error::Result;
use datafusion::logical_expr::Expr;

use super::math::shared;
use super::room::Room;
use super::scalar::{Call, Definition, Parameter, gives};
use crate::error::condition::{
    INVALID_INDEX_OF_ZERO, INVALID_SLICE_LENGTH, INVALID_SLICE_START, UNEXPECTED_INPUT_TYPE,
};
use crate::error::{ExceptionClass, SparkError};
use crate::session::coercion;

use Parameter::{Anything, Int, List, Text};

/// The functions.
pub(crate) const ALL: &[Definition] = &[
    Definition::new("reverse", &[Anything], reversed_type, reverse).together(text_or_list),
    Definition::new("concat", &[Anything], concatenated_type, concatenate).repeating().together(of_one_kind),
    Definition::new("array_distinct", &[List], gives::same, |call| chosen(call, |keys, own, _| distinct(keys, own))),
    Definition::new("array_union", &[List, List], gives::same, |call| {
        chosen(call, |keys, own, other| distinct(keys, own.chain(other).collect::<Vec<_>>().into_iter()))
    })
    .together(of_one_type),
    Definition::new("array_intersect", &[List, List], gives::same, |call| {
        chosen(call, |keys, own, other| {
            let other: Vec<_> = other.collect();
            distinct(
                keys,
                own.filter(|element| other.iter().any(|known| keys.same(*known, *element)))
                    .collect::<Vec<_>>()
                    .into_iter(),
            )
        })
    })
    .together(of_one_type),
    Definition::new("array_except", &[List, List], gives::same, |call| {
        chosen(call, |keys, own, other| {
            let other: Vec<_> = other.collect();
            distinct(
                keys,
                own.filter(|element| !other.iter().any(|known| keys.same(*known, *element)))
                    .collect::<Vec<_>>()
                    .into_iter(),
            )
        })
    })
    .together(of_one_type),
    Definition::new("arrays_overlap", &[List, List], gives::boolean, overlap).together(of_one_type),
    Definition::new(
        "array_insert",
        &[List, Int, Anything],
        |types| match types.first() {
            Some(DataType::List(element)) => DataType::List(Arc::new(element.as_ref().clone().with_nullable(true))),
            _ => DataType::Null,
        },
        insert,
    )
    .together(in_element_type),
    Definition::new("array_join", &[List, Text, Text], gives::text, join).requiring(2),
    Definition::new("array_position", &[List, Anything], gives::long, |call| {
        let found = found(call, |places| places.first().map_or(0, |first| first + 1))?;
        Ok(shared(found))
    })
    .together(with_element),
    Definition::new("array_contains", &[List, Anything], gives::boolean, contains).together(with_element),
    Definition::new("array_remove", &[List, Anything], gives::same, |call| {
        let element = element_keys(call)?;
        rebuilt(call, |row, own| {
            Ok(own
                .filter(|place| element.is_null_at(*place) || !element.same(*place, element.last(row)))
                .map(Some)
                .collect())
        })
    })
    .together(with_element),
    Definition::new("array_compact", &[List], gives::same, |call| {
        let nulls = call.list(0).values().clone();
        rebuilt(call, |_, own| Ok(own.filter(|place| nulls.is_valid(*place)).map(Some).collect()))
    }),
    Definition::new("array_append", &[List, Anything], gives::same, |call| inserted(call, 1, |_, size| Ok(size)))
        .together(with_element),
    Definition::new("array_prepend", &[List, Anything], gives::same, |call| inserted(call, 1, |_, _| Ok(0)))
        .together(with_element),
    Definition::new("array_repeat", &[Anything, Int], list_of_first, repeat),
    Definition::new("array_max", &[List], element_type, |call| extreme(call, true)),
    Definition::new("array_min", &[List], element_type, |call| extreme(call, false)),
    Definition::new("array_sort", &[List], gives::same, |call| sorted(call, |_| (false, false))),
    Definition::new("sort_array", &[List, Parameter::Boolean], gives::same, |call| {
        sorted(call, |row| {
            let ascending = !call.has(1) || call.boolean(1).value(row);
            (!ascending, ascending)
        })
    })
    .requiring(1),
    Definition::new("slice", &[List, Int, Int], gives::same, slice),
    Definition::new("flatten", &[List], element_type, flatten),
    Definition::new(
        "sequence",
        &[Anything, Anything, Anything],
        |types| DataType::List(Arc::new(Field::new("element", gives::same(types), false))),
        sequence,
    )
    .requiring(2)
    .together(|args| {
        if let [(_, DataType::Date32), (_, DataType::Date32), ..] = args.as_slice() {
            return Ok(args.into_iter().map(|(expr, _)| expr).collect());
        }
        for (expr, data_type) in &args {
            if !data_type.is_integer() && data_type != &DataType::Null {
                let message = format!("sequence of {data_type} is not supported by this engine: {expr}");
                return Err(SparkError::plain(ExceptionClass::UnsupportedOperation, message).into());
            }
        }
        let widest = args.iter().map(|(_, data_type)| data_type.clone()).max_by_key(DataType::primitive_width);
        let cast = |(expr, from): (Expr, DataType)| match &widest {
            Some(to) => coercion::cast(expr, &from, to),
            None => expr,
        };
        Ok(args.into_iter().map(cast).collect())
    }),
];

/// Compares elements by their places.
pub(super) struct Keys {
    array: ArrayRef,
    order: arrow::array::DynComparator,
    /// How many elements are those of the arrays; those of a second argument follow.
    own: usize,
}

impl Keys {
    pub(super) fn try_new(array: ArrayRef, own: usize) -> Result<Self> {
        let order = make_comparator(&array, &array, SortOptions::default())?;
        Ok(Self { array, order, own })
    }

    pub(super) fn same(&self, one: usize, other: usize) -> bool {
        match (self.array.is_null(one), self.array.is_null(other)) {
            (false, false) => (self.order)(one, other).is_eq(),
            (one, other) => one && other,
        }
    }

    fn is_null_at(&self, place: usize) -> bool {
        self.array.is_null(place)
    }

    /// The place of the second argument's value of a row.
    fn last(&self, row: usize) -> usize {
        self.own + row
    }
}

fn range(list: &ListArray, row: usize) -> std::ops::Range<usize> {
    let place = |row: usize| usize::try_from(list.value_offsets()[row]).unwrap_or(0);
    if list.is_null(row) { 0..0 } else { place(row)..place(row + 1) }
}

fn distinct(keys: &Keys, places: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for place in places {
        if !kept.iter().any(|known| keys.same(*known, place)) {
            kept.push(place);
        }
    }
    kept
}

/// The list of the elements that are chosen from those of one or two arrays.
fn chosen(
    call: &Call<'_>,
    choose: impl Fn(&Keys, std::vec::IntoIter<usize>, std::vec::IntoIter<usize>) -> Vec<usize>,
) -> Result<ArrayRef> {
    if call.arrays.iter().any(|array| array.data_type() == &DataType::Null) {
        return Ok(new_null_array(call.returns, call.rows));
    }
    let lists: Vec<_> = (0..call.arrays.len()).map(|index| call.list(index)).collect();
    let values: Vec<&dyn Array> = lists.iter().map(|list| list.values().as_ref()).collect();
    let keys = Keys::try_new(concat(&values)?, lists[0].values().len())?;
    let places = |row: usize| {
        let other =
            lists.get(1).map(|list| range(list, row).map(|place| keys.own + place).collect()).unwrap_or_default();
        (range(lists[0], row).collect::<Vec<_>>(), other)
    };
    build_list(call, &keys.array, |row| {
        let (own, other): (Vec<usize>, Vec<usize>) = places(row);
        Ok((!call.is_null(row))
            .then(|| choose(&keys, own.into_iter(), other.into_iter()).into_iter().map(Some).collect()))
    })
}

/// The list whose elements are at these places, of which none is a null element.
fn build_list(
    call: &Call<'_>,
    values: &ArrayRef,
    mut places: impl FnMut(usize) -> Result<Option<Vec<Option<usize>>>>,
) -> Result<ArrayRef> {
    let DataType::List(field) = call.returns else { return Ok(new_null_array(call.returns, call.rows)) };
    let (mut taken, mut lengths, mut valid) =
        (Vec::new(), Vec::with_capacity(call.rows), Vec::with_capacity(call.rows));
    for row in 0..call.rows {
        let places = places(row)?;
        valid.push(places.is_some());
        let places = places.unwrap_or_default();
        lengths.push(places.len());
        taken.extend(places.into_iter().map(|place| place.and_then(|place| u32::try_from(place).ok())));
    }
    let elements = take(values, &UInt32Array::from(taken), None)?;
    let field = Arc::new(field.as_ref().clone().with_nullable(field.is_nullable() || elements.null_count() > 0));
    let list = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), elements, Some(NullBuffer::from(valid)))?;
    Ok(cast(&shared(list), call.returns)?)
}

/// The lists of the first argument with other places.
fn rebuilt(
    call: &Call<'_>,
    places: impl Fn(usize, std::ops::Range<usize>) -> Result<Vec<Option<usize>>>,
) -> Result<ArrayRef> {
    if call.arrays[0].data_type() == &DataType::Null {
        return Ok(new_null_array(call.returns, call.rows));
    }
    let list = call.list(0);
    build_list(
        call,
        list.values(),
        |row| {
            if call.is_null(row) { Ok(None) } else { places(row, range(list, row)).map(Some) }
        },
    )
}

/// The elements, followed by the second argument's values.
fn element_keys(call: &Call<'_>) -> Result<Keys> {
    let elements = call.list(0).values();
    let wanted = cast(&call.arrays[1], elements.data_type())?;
    Keys::try_new(concat(&[elements.as_ref(), wanted.as_ref()])?, elements.len())
}

/// The lists with the value of an argument put in at a place.
fn inserted(call: &Call<'_>, argument: usize, place: impl Fn(usize, usize) -> Result<usize>) -> Result<ArrayRef> {
    let list = call.list(0);
    let wanted = cast(&call.arrays[argument], list.values().data_type())?;
    let all = concat(&[list.values().as_ref(), wanted.as_ref()])?;
    build_list(call, &all, |row| {
        if list.is_null(row) {
            return Ok(None);
        }
        let mut places: Vec<_> = range(list, row).map(Some).collect();
        places.insert(place(row, places.len())?.min(places.len()), Some(list.values().len() + row));
        Ok(Some(places))
    })
}

fn found(call: &Call<'_>, answer: impl Fn(&[i64]) -> i64) -> Result<Int64Array> {
    let keys = element_keys(call)?;
    let list = call.list(0);
    let found = (0..call.rows).map(|row| {
        if call.is_null(row) {
            return None;
        }
        let places: Vec<i64> = range(list, row)
            .enumerate()
            .filter(|(_, place)| keys.same(*place, keys.last(row)))
            .filter_map(|(index, _)| i64::try_from(index).ok())
            .collect();
        Some(answer(&places))
    });
    Ok(found.collect())
}

fn contains(call: &Call<'_>) -> Result<ArrayRef> {
    let keys = element_keys(call)?;
    let list = call.list(0);
    call.booleans(|row| {
        let found = range(list, row).any(|place| keys.same(place, keys.last(row)));
        let unknown = range(list, row).any(|place| keys.is_null_at(place));
        Ok(if found {
            Some(true)
        } else if unknown {
            None
        } else {
            Some(false)
        })
    })
}

fn overlap(call: &Call<'_>) -> Result<ArrayRef> {
    let (one, other) = (call.list(0), call.list(1));
    let keys = Keys::try_new(concat(&[one.values().as_ref(), other.values().as_ref()])?, one.values().len())?;
    call.booleans(|row| {
        let others: Vec<_> = range(other, row).map(|place| keys.own + place).collect();
        let mut own = range(one, row);
        let found =
            own.clone().any(|place| !keys.is_null_at(place) && others.iter().any(|other| keys.same(place, *other)));
        let unknown = !others.is_empty()
            && !own.is_empty()
            && (own.any(|place| keys.is_null_at(place)) || others.iter().any(|place| keys.is_null_at(*place)));
        Ok(if found {
            Some(true)
        } else if unknown {
            None
        } else {
            Some(false)
        })
    })
}

fn join(call: &Call<'_>) -> Result<ArrayRef> {
    if call.arrays[0].data_type() == &DataType::Null {
        return Ok(new_null_array(call.returns, call.rows));
    }
    let list = call.list(0);
    let texts = cast(list.values(), &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    call.texts(|row| {
        let nulls = call.has(2).then(|| call.text(2).value(row));
        let parts =
            range(list, row).filter_map(|place| if texts.is_null(place) { nulls } else { Some(texts.value(place)) });
        Ok(Some(parts.collect::<Vec<_>>().join(call.text(1).value(row))))
    })
}

fn repeat(call: &Call<'_>) -> Result<ArrayRef> {
    let times = call.int(1);
    let mut room = Room::for_elements("array_repeat");
    build_list(call, &call.arrays[0], |row| {
        if times.is_null(row) {
            return Ok(None);
        }
        let times = usize::try_from(times.value(row)).unwrap_or(0);
        room.take(times, "count")?;
        Ok(Some(vec![Some(row); times]))
    })
}

fn extreme(call: &Call<'_>, greatest: bool) -> Result<ArrayRef> {
    if call.arrays[0].data_type() == &DataType::Null || call.returns == &DataType::Null {
        return Ok(new_null_array(call.returns, call.rows));
    }
    let list = call.list(0);
    let order = make_comparator(list.values(), list.values(), SortOptions::default())?;
    let places = (0..call.rows).map(|row| {
        let valid = range(list, row).filter(|place| list.values().is_valid(*place));
        let found = valid.reduce(|best, place| {
            if (order(place, best).is_gt() == greatest) && order(place, best).is_ne() { place } else { best }
        });
        found.and_then(|place| u32::try_from(place).ok())
    });
    Ok(take(list.values(), &places.collect::<UInt32Array>(), None)?)
}

/// Sorted as a row asks for: descending or not, nulls first or not.
fn sorted(call: &Call<'_>, order: impl Fn(usize) -> (bool, bool)) -> Result<ArrayRef> {
    if call.arrays[0].data_type() == &DataType::Null {
        return Ok(new_null_array(call.returns, call.rows));
    }
    let values = call.list(0).values().clone();
    let compare = make_comparator(&values, &values, SortOptions::default())?;
    rebuilt(call, |row, own| {
        let (descending, nulls_first) = order(row);
        let (nulls, mut places): (Vec<_>, Vec<_>) = own.partition(|place| values.is_null(*place));
        places.sort_by(|one, other| if descending { compare(*other, *one) } else { compare(*one, *other) });
        let sorted: Vec<_> = if nulls_first {
            nulls.into_iter().chain(places).collect()
        } else {
            places.into_iter().chain(nulls).collect()
        };
        Ok(sorted.into_iter().map(Some).collect())
    })
}

fn slice(call: &Call<'_>) -> Result<ArrayRef> {
    rebuilt(call, |row, own| {
        let (start, length) = (call.int(1).value(row), call.int(2).value(row));
        let of = |name: &str| [("parameter", format!("`{name}`")), ("functionName", "`slice`".to_owned())];
        if start == 0 {
            return Err(INVALID_SLICE_START.error(of("start")).into());
        }
        let Ok(length) = usize::try_from(length) else {
            let [parameter, function] = of("length");
            return Err(INVALID_SLICE_LENGTH.error([parameter, function, ("length", length.to_string())]).into());
        };
        let magnitude = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
        let skipped = if start > 0 { Some(magnitude - 1) } else { own.len().checked_sub(magnitude) };
        Ok(skipped.map(|skipped| own.skip(skipped).take(length).map(Some).collect()).unwrap_or_default())
    })
}

/// Null where any of the inner arrays is.
fn flatten(call: &Call<'_>) -> Result<ArrayRef> {
    if call.arrays[0].data_type() == &DataType::Null {
        return Ok(new_null_array(call.returns, call.rows));
    }
    let outer = call.list(0);
    let Some(inner) = outer.values().as_list_opt::<i32>() else {
        return Err(UNEXPECTED_INPUT_TYPE
            .error([
                ("sqlExpr", "\"flatten\"".to_owned()),
                ("paramIndex", "first".to_owned()),
                ("requiredType", "\"ARRAY\" of \"ARRAY\"".to_owned()),
                ("inputSql", "\"array\"".to_owned()),
                ("inputType", format!("\"{}\"", call.arrays[0].data_type())),
            ])
            .into());
    };
    build_list(call, inner.values(), |row| {
        if outer.is_null(row) || range(outer, row).any(|place| inner.is_null(place)) {
            return Ok(None);
        }
        Ok(Some(range(outer, row).flat_map(|place| range(inner, place)).map(Some).collect()))
    })
}

fn sequence(call: &Call<'_>) -> Result<ArrayRef> {
    let DataType::List(field) = call.returns else { return Ok(new_null_array(call.returns, call.rows)) };
    if field.data_type() == &DataType::Date32 {
        return dates(call, field);
    }
    let bounds = call.arrays.iter().map(|array| cast(array, &DataType::Int64)).collect::<Result<Vec<_>, _>>()?;
    let bound = |index: usize, row: usize| bounds[index].as_primitive::<Int64Type>().value(row);
    let mut room = Room::for_elements("sequence");
    let (mut values, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..call.rows {
        valid.push(!call.is_null(row));
        let before = values.len();
        if !call.is_null(row) {
            let (start, stop) = (bound(0, row), bound(1, row));
            let step = if bounds.len() > 2 {
                bound(2, row)
            } else if start <= stop {
                1
            } else {
                -1
            };
            if (step == 0 && start != stop) || (step > 0 && start > stop) || (step < 0 && start < stop) {
                let message = format!("requirement failed: Illegal sequence boundaries: {start} to {stop} by {step}");
                return Err(SparkError::plain(ExceptionClass::IllegalArgument, message).into());
            }
            let mut value = start;
            while (step >= 0 && value <= stop) || (step < 0 && value >= stop) {
                room.take(1, "stop")?;
                values.push(value);
                let Some(next) = value.checked_add(step) else { break };
                if step == 0 {
                    break;
                }
                value = next;
            }
        }
        lengths.push(values.len() - before);
    }
    let elements = cast(&Int64Array::from(values), field.data_type())?;
    Ok(shared(ListArray::try_new(
        Arc::clone(field),
        OffsetBuffer::from_lengths(lengths),
        elements,
        Some(NullBuffer::from(valid)),
    )?))
}

/// Days from one to another, by days or by an interval.
fn dates(call: &Call<'_>, field: &Arc<Field>) -> Result<ArrayRef> {
    let (mut values, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..call.rows {
        valid.push(!call.is_null(row));
        let before = values.len();
        if !call.is_null(row) {
            let (start, stop) = (call.date(0).value(row), call.date(1).value(row));
            let (months, days) = match call.arrays.get(2).map(|step| (step, step.data_type())) {
                None => (0, if start <= stop { 1 } else { -1 }),
                Some((step, DataType::Interval(IntervalUnit::MonthDayNano))) => {
                    let step = step.as_primitive::<IntervalMonthDayNanoType>().value(row);
                    (step.months, step.days)
                }
                Some((step, DataType::Interval(IntervalUnit::YearMonth))) => {
                    (step.as_primitive::<IntervalYearMonthType>().value(row), 0)
                }
                Some((step, DataType::Duration(_))) => {
                    let micros = step.as_primitive::<DurationMicrosecondType>().value(row);
                    (0, i32::try_from(micros / super::super::interval::DAY).unwrap_or(i32::MAX))
                }
                Some((_, other)) => return not_impl_err!("a sequence of dates by {other}"),
            };
            let forward = months > 0 || (months == 0 && days > 0);
            if (months, days) == (0, 0) || (forward && start > stop) || (!forward && start < stop) {
                let message = format!("requirement failed: Illegal sequence boundaries: {start} to {stop}");
                return Err(SparkError::plain(ExceptionClass::IllegalArgument, message).into());
            }
            for step in 0.. {
                let Some(day) = super::dates::plus(start, months.saturating_mul(step), days.saturating_mul(step))
                else {
                    break;
                };
                if (forward && day > stop) || (!forward && day < stop) {
                    break;
                }
                values.push(day);
            }
        }
        lengths.push(values.len() - before);
    }
    let elements = shared(arrow::array::Date32Array::from(values));
    let nulls = Some(NullBuffer::from(valid));
    Ok(shared(ListArray::try_new(Arc::clone(field), OffsetBuffer::from_lengths(lengths), elements, nulls)?))
}

/// The last argument in the type that the array's elements have.
fn in_element_type(args: Vec<(Expr, DataType)>) -> Result<Vec<Expr>> {
    let element = match args.first() {
        Some((_, DataType::List(element))) => Some(element.data_type().clone()),
        _ => None,
    };
    let typed = args.into_iter().enumerate().map(|(index, (expr, given))| match &element {
        Some(element) if index == 2 => coercion::cast(expr, &given, element),
        _ => expr,
    });
    Ok(typed.collect())
}

/// An element before that of a position; nulls fill the way to a position beyond the ends.
fn insert(call: &Call<'_>) -> Result<ArrayRef> {
    let (list, positions) = (call.list(0), call.int(1));
    let DataType::List(field) = call.returns else { return Ok(new_null_array(call.returns, call.rows)) };
    let elements = concat(&[list.values().as_ref(), cast(&call.arrays[2], list.values().data_type())?.as_ref()])?;
    let behind = list.values().len();
    let index = |place: usize| u32::try_from(place).ok();
    let (mut places, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..call.rows {
        let is_valid = list.is_valid(row) && positions.is_valid(row);
        valid.push(is_valid);
        let before = places.len();
        if is_valid {
            let own: Vec<_> = range(list, row).map(index).collect();
            let new = index(behind + row);
            let size = i64::try_from(own.len()).unwrap_or(i64::MAX);
            let at = match i64::from(positions.value(row)) {
                0 => return Err(INVALID_INDEX_OF_ZERO.error([]).into()),
                position if position > 0 => position - 1,
                position => size + position + 1,
            };
            match usize::try_from(at) {
                Ok(at) => {
                    places.extend(own.iter().take(at).copied());
                    places.extend(std::iter::repeat_n(None, at.saturating_sub(own.len())));
                    places.push(new);
                    places.extend(own.iter().skip(at).copied());
                }
                Err(_) => {
                    places.push(new);
                    places.extend(std::iter::repeat_n(None, usize::try_from(-at).unwrap_or(0)));
                    places.extend(own);
                }
            }
        }
        lengths.push(places.len() - before);
    }
    let elements = take(&elements, &UInt32Array::from(places), None)?;
    let (ends, nulls) = (OffsetBuffer::from_lengths(lengths), Some(NullBuffer::from(valid)));
    Ok(shared(ListArray::try_new(Arc::clone(field), ends, elements, nulls)?))
}

fn reversed_type(types: &[DataType]) -> DataType {
    match types {
        [list @ DataType::List(_)] => list.clone(),
        _ => DataType::Utf8,
    }
}

fn text_or_list(args: Vec<(Expr, DataType)>) -> Result<Vec<Expr>> {
    let text = |(expr, from): (Expr, DataType)| match from {
        DataType::List(_) => expr,
        from => coercion::cast(expr, &from, &DataType::Utf8),
    };
    Ok(args.into_iter().map(text).collect())
}

fn reverse(call: &Call<'_>) -> Result<ArrayRef> {
    match call.arrays[0].data_type() {
        DataType::List(_) => rebuilt(call, |_, own| Ok(own.rev().map(Some).collect())),
        _ => call.texts(|row| Ok(Some(call.text(0).value(row).chars().rev().collect()))),
    }
}

/// Arrays of one type, bytes if all are, else texts.
fn of_one_kind(args: Vec<(Expr, DataType)>) -> Result<Vec<Expr>> {
    if args.iter().any(|(_, data_type)| matches!(data_type, DataType::List(_))) {
        return Ok(coercion::alternatives(args));
    }
    let kind = if !args.is_empty() && args.iter().all(|(_, data_type)| data_type == &DataType::Binary) {
        DataType::Binary
    } else {
        DataType::Utf8
    };
    Ok(args.into_iter().map(|(expr, from)| coercion::cast(expr, &from, &kind)).collect())
}

fn concatenated_type(types: &[DataType]) -> DataType {
    match types.iter().find(|data_type| matches!(data_type, DataType::List(_))) {
        Some(list) => list.clone(),
        None if !types.is_empty() && types.iter().all(|data_type| data_type == &DataType::Binary) => DataType::Binary,
        None => DataType::Utf8,
    }
}

fn concatenate(call: &Call<'_>) -> Result<ArrayRef> {
    match call.returns {
        DataType::Utf8 => {
            call.texts(|row| Ok(Some((0..call.arrays.len()).map(|index| call.text(index).value(row)).collect())))
        }
        DataType::Binary => call.binaries(|row| {
            Ok(Some((0..call.arrays.len()).flat_map(|index| call.bytes(index).value(row).to_vec()).collect()))
        }),
        _ => {
            let lists: Vec<_> = (0..call.arrays.len()).map(|index| call.list(index)).collect();
            let values: Vec<&dyn Array> = lists.iter().map(|list| list.values().as_ref()).collect();
            let all = concat(&values)?;
            build_list(call, &all, |row| {
                if call.is_null(row) {
                    return Ok(None);
                }
                let (mut places, mut before) = (Vec::new(), 0);
                for list in &lists {
                    places.extend(range(list, row).map(|place| Some(before + place)));
                    before += list.values().len();
                }
                Ok(Some(places))
            })
        }
    }
}

/// Two arrays whose elements get one type.
fn of_one_type(args: Vec<(Expr, DataType)>) -> Result<Vec<Expr>> {
    Ok(coercion::alternatives(args))
}

/// An array, and a value that gets the type of its elements or gives them its own.
fn with_element(args: Vec<(Expr, DataType)>) -> Result<Vec<Expr>> {
    let [(list, list_type), (element, element_type)] = match <[(Expr, DataType); 2]>::try_from(args) {
        Ok(both) => both,
        Err(args) => return Ok(args.into_iter().map(|(expr, _)| expr).collect()),
    };
    let DataType::List(field) = &list_type else {
        let error = UNEXPECTED_INPUT_TYPE.error([
            ("sqlExpr", "\"array function\"".to_owned()),
            ("paramIndex", "first".to_owned()),
            ("requiredType", "\"ARRAY\"".to_owned()),
            ("inputSql", format!("\"{list}\"")),
            ("inputType", format!("\"{list_type}\"")),
        ]);
        return Err(error.into());
    };
    let comparison = coercion::comparison(
        (Expr::Literal(ScalarValue::try_from(field.data_type())?, None), field.data_type()),
        datafusion::logical_expr::Operator::Eq,
        (element.clone(), &element_type),
    );
    let common = match &comparison {
        Expr::BinaryExpr(both) => match both.left.as_ref() {
            Expr::Literal(value, _) => value.data_type(),
            Expr::Cast(cast) => cast.field.data_type().clone(),
            _ => field.data_type().clone(),
        },
        _ => field.data_type().clone(),
    };
    let list_of_common = DataType::List(Arc::new(field.as_ref().clone().with_data_type(common.clone())));
    Ok(vec![coercion::cast(list, &list_type, &list_of_common), coercion::cast(element, &element_type, &common)])
}

fn list_of_first(types: &[DataType]) -> DataType {
    DataType::List(Arc::new(Field::new("element", gives::same(types), true)))
}

fn element_type(types: &[DataType]) -> DataType {
    match types {
        [DataType::List(element)] => element.data_type().clone(),
        _ => DataType::Null,
    }
}
