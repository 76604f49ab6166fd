//! Column builders: one enum variant per Arrow layout, filled value by value from Python objects.
//!
//! A builder that refuses a value may have appended a part of it (the fields of a struct, say). The caller truncates
//! all columns of the row to the number of whole rows.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, BooleanBufferBuilder, ListArray, MapArray, NullArray, PrimitiveArray,
    StringArray, StructArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Date32Type, Decimal128Type, DurationMicrosecondType, FieldRef, Fields,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time64NanosecondType,
    TimestampMicrosecondType,
};
use arrow::error::ArrowError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

use super::decimal::{Quantized, quantize};
use super::pyspark::Modules;
use super::row::{self, Owner};
use super::value::{self, Refusal, Value};
use crate::types::DataType;

/// A column, or a part of a nested one, that is being filled.
pub(crate) struct Column {
    values: Values,
    /// Made when the first null comes.
    validity: Option<BooleanBufferBuilder>,
    len: usize,
    /// Whether PySpark's converter lets a null pass here. At the top level it always does.
    nullable: bool,
    modules: &'static Modules,
}

enum Values {
    Null,
    Boolean(BooleanBufferBuilder),
    Int8(Vec<i8>),
    Int16(Vec<i16>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Decimal {
        precision: u8,
        scale: u8,
        values: Vec<i128>,
    },
    Utf8(Bytes),
    Binary(Bytes),
    Date(Vec<i32>),
    Timestamp(Vec<i64>, Option<Arc<str>>),
    TimestampNtz(Vec<i64>),
    Time(Vec<i64>),
    Duration(Vec<i64>),
    List {
        offsets: Vec<i32>,
        child: Box<Column>,
        field: FieldRef,
        tuples: bool,
    },
    Map {
        offsets: Vec<i32>,
        key: Box<Column>,
        value: Box<Column>,
        entries: FieldRef,
        sorted: bool,
    },
    Struct {
        children: Vec<Column>,
        names: Vec<Py<PyString>>,
        fields: Fields,
    },
    /// No value is recognised, not even null.
    Opaque,
}

/// Values of variable length, one after the other.
struct Bytes {
    offsets: Vec<i32>,
    data: Vec<u8>,
}

impl Bytes {
    fn new(rows: usize, bytes: usize) -> Self {
        Self { offsets: offsets(rows), data: Vec::with_capacity(bytes) }
    }

    #[inline]
    fn push(&mut self, value: &[u8]) -> Result<(), Refusal> {
        let end = self.data.len() + value.len();
        self.offsets.push(i32::try_from(end).map_err(|_| Refusal::Unrecognised)?);
        self.data.extend_from_slice(value);
        Ok(())
    }

    fn truncate(&mut self, len: usize) {
        self.offsets.truncate(len + 1);
        self.data.truncate(last(&self.offsets) as usize);
    }

    fn take(&mut self) -> Self {
        let fresh = Self::new(self.offsets.len() - 1, self.data.len());
        std::mem::replace(self, fresh)
    }
}

fn offsets(rows: usize) -> Vec<i32> {
    let mut offsets = Vec::with_capacity(rows + 1);
    offsets.push(0);
    offsets
}

fn last(offsets: &[i32]) -> i32 {
    offsets.last().copied().unwrap_or(0)
}

/// Takes the values and leaves room for as many.
fn take<T>(values: &mut Vec<T>) -> Vec<T> {
    let fresh = Vec::with_capacity(values.len());
    std::mem::replace(values, fresh)
}

fn primitive<T: ArrowPrimitiveType>(values: &mut Vec<T::Native>, nulls: Option<NullBuffer>) -> PrimitiveArray<T> {
    PrimitiveArray::new(ScalarBuffer::from(take(values)), nulls)
}

impl Column {
    /// A column at the top level of a schema.
    pub(crate) fn top(py: Python<'_>, data_type: &DataType, arrow: &ArrowType) -> PyResult<Self> {
        Self::new(py, data_type, arrow, true, Modules::get(py)?)
    }

    fn new(
        py: Python<'_>,
        data_type: &DataType,
        arrow: &ArrowType,
        nullable: bool,
        modules: &'static Modules,
    ) -> PyResult<Self> {
        let values = Values::new(py, data_type, arrow, nullable, modules)?;
        Ok(Self { values, validity: None, len: 0, nullable, modules })
    }

    /// Whether this column or a part of it is read by PySpark alone.
    pub(crate) fn is_opaque(&self) -> bool {
        match &self.values {
            Values::Opaque => true,
            Values::List { child, .. } => child.is_opaque(),
            Values::Map { key, value, .. } => key.is_opaque() || value.is_opaque(),
            Values::Struct { children, .. } => children.iter().any(Self::is_opaque),
            _ => false,
        }
    }

    /// Appends a value, or refuses it.
    #[inline]
    pub(crate) fn append(&mut self, value: Value<'_, '_>, owner: Owner) -> Result<(), Refusal> {
        // SAFETY: Py_None gives the address of an immortal object.
        if value.as_ptr() == unsafe { ffi::Py_None() } {
            return self.append_null();
        }
        match &mut self.values {
            Values::Int64(values) => values.push(value::int64(value)?),
            Values::Utf8(values) => values.push(value::utf8(value)?)?,
            Values::Float64(values) => values.push(value::float64(value)?),
            Values::Int32(values) => values.push(value::int(value)?),
            Values::Boolean(values) => values.append(value::boolean(value)?),
            Values::Int8(values) => values.push(value::int(value)?),
            Values::Int16(values) => values.push(value::int(value)?),
            Values::Float32(values) => values.push(value::float32(value)?),
            Values::Date(values) => values.push(value::date(value)?),
            Values::Timestamp(values, _) => values.push(value::instant(value, self.modules)?),
            Values::TimestampNtz(values) => values.push(value::wall_clock(value)?),
            Values::Time(values) => values.push(value::time_of_day(value)?),
            Values::Duration(values) => values.push(value::duration(value)?),
            Values::Binary(values) => {
                // SAFETY: the object is alive.
                if unsafe { ffi::PyByteArray_CheckExact(value.as_ptr()) } != 0 {
                    owner.of(value).check()?;
                }
                values.push(value::bytes(value)?)?;
            }
            Values::Decimal { precision, scale, values } => match decimal(value, *precision, *scale, self.modules)? {
                Some(unscaled) => values.push(unscaled),
                None => return self.append_null(),
            },
            Values::List { offsets, child, tuples, .. } => {
                append_list(value, owner.of(value), child, *tuples)?;
                offsets.push(i32::try_from(child.len).map_err(|_| Refusal::Unrecognised)?);
            }
            Values::Map { offsets, key, value: item, .. } => {
                append_map(value, owner.of(value), key, item)?;
                offsets.push(i32::try_from(key.len).map_err(|_| Refusal::Unrecognised)?);
            }
            Values::Struct { children, names, .. } => {
                append_struct(value, owner.of(value), children, names, self.modules)?;
            }
            Values::Null | Values::Opaque => return Err(Refusal::Unrecognised),
        }
        if let Some(validity) = &mut self.validity {
            validity.append(true);
        }
        self.len += 1;
        Ok(())
    }

    fn append_null(&mut self) -> Result<(), Refusal> {
        if !self.nullable || matches!(self.values, Values::Opaque) {
            return Err(Refusal::Unrecognised);
        }
        let len = self.len;
        self.validity
            .get_or_insert_with(|| {
                let mut validity = BooleanBufferBuilder::new(len + 1);
                validity.append_n(len, true);
                validity
            })
            .append(false);
        self.push_empty();
        self.len += 1;
        Ok(())
    }

    /// Appends a value that stands under a null, as pyarrow's builders do.
    fn append_empty(&mut self) {
        if let Some(validity) = &mut self.validity {
            validity.append(true);
        }
        self.push_empty();
        self.len += 1;
    }

    fn push_empty(&mut self) {
        match &mut self.values {
            Values::Null | Values::Opaque => {}
            Values::Boolean(values) => values.append(false),
            Values::Int8(values) => values.push(0),
            Values::Int16(values) => values.push(0),
            Values::Int32(values) | Values::Date(values) => values.push(0),
            Values::Int64(values)
            | Values::Timestamp(values, _)
            | Values::TimestampNtz(values)
            | Values::Time(values)
            | Values::Duration(values) => values.push(0),
            Values::Float32(values) => values.push(0.0),
            Values::Float64(values) => values.push(0.0),
            Values::Decimal { values, .. } => values.push(0),
            Values::Utf8(Bytes { offsets, .. })
            | Values::Binary(Bytes { offsets, .. })
            | Values::List { offsets, .. }
            | Values::Map { offsets, .. } => offsets.push(last(offsets)),
            Values::Struct { children, .. } => children.iter_mut().for_each(Self::append_empty),
        }
    }

    /// Keeps the first `len` values.
    pub(crate) fn truncate(&mut self, len: usize) {
        match &mut self.values {
            Values::Null | Values::Opaque => {}
            Values::Boolean(values) => values.truncate(len),
            Values::Int8(values) => values.truncate(len),
            Values::Int16(values) => values.truncate(len),
            Values::Int32(values) | Values::Date(values) => values.truncate(len),
            Values::Int64(values)
            | Values::Timestamp(values, _)
            | Values::TimestampNtz(values)
            | Values::Time(values)
            | Values::Duration(values) => values.truncate(len),
            Values::Float32(values) => values.truncate(len),
            Values::Float64(values) => values.truncate(len),
            Values::Decimal { values, .. } => values.truncate(len),
            Values::Utf8(bytes) | Values::Binary(bytes) => bytes.truncate(len),
            Values::List { offsets, child, .. } => {
                offsets.truncate(len + 1);
                child.truncate(last(offsets) as usize);
            }
            Values::Map { offsets, key, value, .. } => {
                offsets.truncate(len + 1);
                key.truncate(last(offsets) as usize);
                value.truncate(last(offsets) as usize);
            }
            Values::Struct { children, .. } => children.iter_mut().for_each(|child| child.truncate(len)),
        }
        if let Some(validity) = &mut self.validity {
            validity.truncate(len);
        }
        self.len = len;
    }

    /// The values as an array. The builder is empty afterwards and has room for as many.
    pub(crate) fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let nulls = self.validity.take().map(|validity| NullBuffer::new(validity.build()));
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        let len = std::mem::take(&mut self.len);
        Ok(match &mut self.values {
            Values::Null => Arc::new(NullArray::new(len)),
            Values::Boolean(values) => {
                let fresh = BooleanBufferBuilder::new(len);
                Arc::new(BooleanArray::new(std::mem::replace(values, fresh).build(), nulls))
            }
            Values::Int8(values) => Arc::new(primitive::<Int8Type>(values, nulls)),
            Values::Int16(values) => Arc::new(primitive::<Int16Type>(values, nulls)),
            Values::Int32(values) => Arc::new(primitive::<Int32Type>(values, nulls)),
            Values::Int64(values) => Arc::new(primitive::<Int64Type>(values, nulls)),
            Values::Float32(values) => Arc::new(primitive::<Float32Type>(values, nulls)),
            Values::Float64(values) => Arc::new(primitive::<Float64Type>(values, nulls)),
            Values::Date(values) => Arc::new(primitive::<Date32Type>(values, nulls)),
            Values::TimestampNtz(values) => Arc::new(primitive::<TimestampMicrosecondType>(values, nulls)),
            Values::Time(values) => Arc::new(primitive::<Time64NanosecondType>(values, nulls)),
            Values::Duration(values) => Arc::new(primitive::<DurationMicrosecondType>(values, nulls)),
            Values::Timestamp(values, zone) => {
                Arc::new(primitive::<TimestampMicrosecondType>(values, nulls).with_timezone_opt(zone.clone()))
            }
            Values::Decimal { precision, scale, values } => Arc::new(
                primitive::<Decimal128Type>(values, nulls)
                    .with_precision_and_scale(*precision, i8::try_from(*scale).unwrap_or(i8::MAX))?,
            ),
            Values::Utf8(bytes) => {
                let Bytes { offsets, data } = bytes.take();
                // SAFETY: every value is the whole UTF-8 form of a str, and the offsets are the ends of the values in
                // ascending order: `Bytes::push` makes them.
                Arc::new(unsafe { StringArray::new_unchecked(offset_buffer(offsets), Buffer::from_vec(data), nulls) })
            }
            Values::Binary(bytes) => {
                let Bytes { offsets, data } = bytes.take();
                Arc::new(BinaryArray::try_new(offset_buffer(offsets), Buffer::from_vec(data), nulls)?)
            }
            Values::List { offsets: ends, child, field, .. } => {
                let ends = std::mem::replace(ends, offsets(len));
                Arc::new(ListArray::try_new(Arc::clone(field), offset_buffer(ends), child.finish()?, nulls)?)
            }
            Values::Map { offsets: ends, key, value, entries, sorted } => {
                let ends = std::mem::replace(ends, offsets(len));
                let ArrowType::Struct(fields) = entries.data_type() else {
                    return Err(ArrowError::SchemaError(format!("the entries of a map are {}", entries.data_type())));
                };
                let pairs = StructArray::try_new(fields.clone(), vec![key.finish()?, value.finish()?], None)?;
                Arc::new(MapArray::try_new(Arc::clone(entries), offset_buffer(ends), pairs, nulls, *sorted)?)
            }
            Values::Struct { children, fields, .. } => {
                let children = children.iter_mut().map(Self::finish).collect::<Result<_, _>>()?;
                Arc::new(StructArray::try_new_with_length(fields.clone(), children, nulls, len)?)
            }
            Values::Opaque => return Err(ArrowError::InvalidArgumentError("a column that holds no values".into())),
        })
    }
}

fn offset_buffer(offsets: Vec<i32>) -> OffsetBuffer<i32> {
    // SAFETY: there is a first offset, zero, and every other is at least the one before: they are the lengths of
    // something that only grew.
    unsafe { OffsetBuffer::new_unchecked(ScalarBuffer::from(offsets)) }
}

impl Values {
    fn new(
        py: Python<'_>,
        data_type: &DataType,
        arrow: &ArrowType,
        nullable: bool,
        modules: &'static Modules,
    ) -> PyResult<Self> {
        let child = |data_type, field: &FieldRef, nullable| {
            Column::new(py, data_type, field.data_type(), nullable, modules).map(Box::new)
        };
        Ok(match (data_type, arrow) {
            (DataType::Null, ArrowType::Null) => Self::Null,
            (DataType::Boolean, ArrowType::Boolean) => Self::Boolean(BooleanBufferBuilder::new(0)),
            (DataType::Byte, ArrowType::Int8) => Self::Int8(Vec::new()),
            (DataType::Short, ArrowType::Int16) => Self::Int16(Vec::new()),
            (DataType::Integer, ArrowType::Int32) => Self::Int32(Vec::new()),
            (DataType::Long, ArrowType::Int64) => Self::Int64(Vec::new()),
            (DataType::Float, ArrowType::Float32) => Self::Float32(Vec::new()),
            (DataType::Double, ArrowType::Float64) => Self::Float64(Vec::new()),
            (DataType::Decimal { precision, scale }, ArrowType::Decimal128(..)) => {
                Self::Decimal { precision: *precision, scale: *scale, values: Vec::new() }
            }
            (DataType::String { .. }, ArrowType::Utf8) => Self::Utf8(Bytes::new(0, 0)),
            (DataType::Binary, ArrowType::Binary) => Self::Binary(Bytes::new(0, 0)),
            (DataType::Date, ArrowType::Date32) => Self::Date(Vec::new()),
            (DataType::Timestamp, ArrowType::Timestamp(_, zone)) => Self::Timestamp(Vec::new(), zone.clone()),
            (DataType::TimestampNtz, ArrowType::Timestamp(_, None)) => Self::TimestampNtz(Vec::new()),
            (DataType::Time(_), ArrowType::Time64(_)) => Self::Time(Vec::new()),
            (DataType::DayTimeInterval { .. }, ArrowType::Duration(_)) => Self::Duration(Vec::new()),
            (DataType::Array { element, contains_null }, ArrowType::List(field)) => Self::List {
                offsets: offsets(0),
                child: child(element, field, *contains_null)?,
                field: Arc::clone(field),
                tuples: nullable && !needs_converter(element, *contains_null),
            },
            (DataType::Map { key, value, value_contains_null }, ArrowType::Map(entries, sorted)) => {
                let ArrowType::Struct(fields) = entries.data_type() else { return Ok(Self::Opaque) };
                let [key_field, value_field] = fields.as_ref() else { return Ok(Self::Opaque) };
                Self::Map {
                    offsets: offsets(0),
                    key: child(key, key_field, false)?,
                    value: child(value, value_field, *value_contains_null)?,
                    entries: Arc::clone(entries),
                    sorted: *sorted,
                }
            }
            (DataType::Struct(schema), ArrowType::Struct(fields)) => {
                let names = schema.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>();
                let duplicates = names.iter().enumerate().any(|(index, name)| names[..index].contains(name));
                if duplicates || names.is_empty() || names.len() != fields.len() {
                    return Ok(Self::Opaque);
                }
                Self::Struct {
                    children: schema
                        .fields
                        .iter()
                        .zip(fields)
                        .map(|(field, arrow)| {
                            Column::new(py, &field.data_type, arrow.data_type(), field.nullable, modules)
                        })
                        .collect::<PyResult<_>>()?,
                    names: names.iter().map(|name| PyString::intern(py, name).unbind()).collect(),
                    fields: fields.clone(),
                }
            }
            _ => Self::Opaque,
        })
    }
}

/// Whether PySpark looks at values of this type itself before pyarrow does. Where it does not, pyarrow's wider notion of
/// a list counts.
fn needs_converter(data_type: &DataType, nullable: bool) -> bool {
    match data_type {
        _ if !nullable => true,
        DataType::Array { element, contains_null } => needs_converter(element, *contains_null),
        DataType::Boolean
        | DataType::Byte
        | DataType::Short
        | DataType::Integer
        | DataType::Long
        | DataType::Float
        | DataType::Double
        | DataType::Date
        | DataType::Time(_)
        | DataType::DayTimeInterval { .. } => false,
        _ => true,
    }
}

/// The unscaled value of an exact `decimal.Decimal`; none for NaN.
fn decimal(value: Value<'_, '_>, precision: u8, scale: u8, modules: &Modules) -> Result<Option<i128>, Refusal> {
    // SAFETY: the object is alive.
    if unsafe { ffi::Py_TYPE(value.as_ptr()) } != modules.decimal.as_ptr().cast() {
        return Err(Refusal::Unrecognised);
    }
    let text = value.str().map_err(|_| Refusal::Unrecognised)?;
    let text = text.to_str().map_err(|_| Refusal::Unrecognised)?;
    match quantize(text, precision, scale, modules.rounds_decimals) {
        Quantized::Value(unscaled) => Ok(Some(unscaled)),
        Quantized::NaN => Ok(None),
        Quantized::Refused => Err(Refusal::Unrecognised),
    }
}

fn append_list(value: Value<'_, '_>, owner: Owner, child: &mut Column, tuples: bool) -> Result<(), Refusal> {
    // SAFETY: the object is alive.
    let (list, tuple) =
        unsafe { (ffi::PyList_CheckExact(value.as_ptr()) != 0, ffi::PyTuple_CheckExact(value.as_ptr()) != 0) };
    if list {
        owner.check()?;
        // SAFETY: the type was checked.
        unsafe { row::for_each_list_item(value, |item| child.append(item, owner.held())) }
    } else if tuple && tuples {
        // SAFETY: the type was checked.
        unsafe { row::for_each_tuple_item(value, |item| child.append(item, owner)) }
    } else {
        Err(Refusal::Unrecognised)
    }
}

fn append_map(value: Value<'_, '_>, owner: Owner, keys: &mut Column, values: &mut Column) -> Result<(), Refusal> {
    // SAFETY: the object is alive.
    if unsafe { ffi::PyDict_CheckExact(value.as_ptr()) } == 0 {
        return Err(Refusal::Unrecognised);
    }
    owner.check()?;
    // SAFETY: the type was checked.
    unsafe {
        row::for_each_dict_item(value, |key, item| {
            keys.append(key, owner.held())?;
            values.append(item, owner.held())
        })
    }
}

fn append_struct(
    value: Value<'_, '_>,
    owner: Owner,
    children: &mut [Column],
    names: &[Py<PyString>],
    modules: &Modules,
) -> Result<(), Refusal> {
    // SAFETY: the object is alive.
    if unsafe { ffi::PyDict_CheckExact(value.as_ptr()) } != 0 {
        owner.check()?;
        for (child, name) in children.iter_mut().zip(names) {
            // SAFETY: the object is a dict; the name is a str, whose hash does not fail.
            let item = unsafe { row::dict_item(value, name) }?;
            match item {
                Some(item) => child.append(item.as_borrowed(), owner.held())?,
                None => child.append_null()?,
            }
        }
        return Ok(());
    }
    // Here a `Row` counts by position, whatever its names (STRUCT-ROW-POSITIONAL).
    if !row::is_positional(value, modules) {
        return Err(Refusal::Unrecognised);
    }
    // SAFETY: the object is a tuple.
    if unsafe { ffi::PyTuple_GET_SIZE(value.as_ptr()) } as usize != children.len() {
        return Err(Refusal::Unrecognised);
    }
    let mut children = children.iter_mut();
    // SAFETY: the object is a tuple, and has as many items as there are children.
    unsafe {
        row::for_each_tuple_item(value, |item| match children.next() {
            Some(child) => child.append(item, owner),
            None => Err(Refusal::Unrecognised),
        })
    }
}
