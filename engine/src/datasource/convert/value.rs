//! Scalars out of Python objects of exactly the types that need no coercion.
//!
//! Every function gives `Err(Refusal::Unrecognised)` for anything else, never a Python exception.

use pyo3::prelude::*;
use pyo3::{Borrowed, ffi};

use super::pyspark::Modules;

/// Why a value or a row was not appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// PySpark has to say what becomes of it.
    Unrecognised,
    /// It is mutable and somebody else holds it too: it may still change before PySpark would look at it, which is
    /// when all rows of the batch were taken.
    Shared,
}

/// A Python object that is alive for as long as it is looked at.
pub(crate) type Value<'a, 'py> = Borrowed<'a, 'py, PyAny>;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;
/// Days from 0001-01-01 to 1970-01-01.
const EPOCH_ORDINAL: i64 = 719_162;

#[inline]
pub(crate) fn boolean(value: Value<'_, '_>) -> Result<bool, Refusal> {
    // SAFETY: Py_True and Py_False give the addresses of immortal objects.
    let (yes, no) = unsafe { (ffi::Py_True(), ffi::Py_False()) };
    if value.as_ptr() == yes {
        Ok(true)
    } else if value.as_ptr() == no {
        Ok(false)
    } else {
        Err(Refusal::Unrecognised)
    }
}

#[inline]
pub(crate) fn int64(value: Value<'_, '_>) -> Result<i64, Refusal> {
    // SAFETY: the object is alive; the overflow flag is only read after the call wrote it. An exact int makes no
    // exception but sets the flag.
    unsafe {
        if ffi::PyLong_CheckExact(value.as_ptr()) == 0 {
            return Err(Refusal::Unrecognised);
        }
        let mut overflow = 0;
        let result = ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &mut overflow);
        if overflow == 0 { Ok(result) } else { Err(Refusal::Unrecognised) }
    }
}

#[inline]
pub(crate) fn int<T: TryFrom<i64>>(value: Value<'_, '_>) -> Result<T, Refusal> {
    T::try_from(int64(value)?).map_err(|_| Refusal::Unrecognised)
}

#[inline]
fn exact_float(value: Value<'_, '_>) -> Option<f64> {
    // SAFETY: the object is alive and its type was checked.
    unsafe {
        if ffi::PyFloat_CheckExact(value.as_ptr()) == 0 {
            return None;
        }
        Some(ffi::PyFloat_AS_DOUBLE(value.as_ptr()))
    }
}

/// A float, or an int of at most 53 bits.
#[inline]
pub(crate) fn float64(value: Value<'_, '_>) -> Result<f64, Refusal> {
    match exact_float(value) {
        Some(float) => Ok(float),
        None => match int64(value)? {
            int if int.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS => Ok(int as f64),
            _ => Err(Refusal::Unrecognised),
        },
    }
}

/// A float, rounded to single precision, or an int of at most 24 bits.
#[inline]
pub(crate) fn float32(value: Value<'_, '_>) -> Result<f32, Refusal> {
    match exact_float(value) {
        Some(float) => Ok(float as f32),
        None => match int64(value)? {
            int if int.unsigned_abs() <= 1 << f32::MANTISSA_DIGITS => Ok(int as f32),
            _ => Err(Refusal::Unrecognised),
        },
    }
}

/// The UTF-8 of an exact str without lone surrogates.
#[inline]
pub(crate) fn utf8<'a>(value: Value<'a, '_>) -> Result<&'a [u8], Refusal> {
    // SAFETY: the object is alive and its type was checked; the buffer belongs to it and lives as long.
    unsafe {
        if ffi::PyUnicode_CheckExact(value.as_ptr()) == 0 {
            return Err(Refusal::Unrecognised);
        }
        let mut len = 0;
        let data = ffi::PyUnicode_AsUTF8AndSize(value.as_ptr(), &mut len);
        if data.is_null() {
            ffi::PyErr_Clear();
            return Err(Refusal::Unrecognised);
        }
        Ok(std::slice::from_raw_parts(data.cast(), len as usize))
    }
}

/// The bytes of an exact bytes or bytearray. A bytearray is mutable: the caller has to know that nobody changes it.
#[inline]
pub(crate) fn bytes<'a>(value: Value<'a, '_>) -> Result<&'a [u8], Refusal> {
    let object = value.as_ptr();
    // SAFETY: the object is alive and its type was checked. The slice is copied before any Python code can run.
    unsafe {
        if ffi::PyBytes_CheckExact(object) != 0 {
            Ok(std::slice::from_raw_parts(ffi::PyBytes_AsString(object).cast(), ffi::PyBytes_Size(object) as usize))
        } else if ffi::PyByteArray_CheckExact(object) != 0 {
            let len = ffi::PyByteArray_Size(object) as usize;
            Ok(std::slice::from_raw_parts(ffi::PyByteArray_AsString(object).cast(), len))
        } else {
            Err(Refusal::Unrecognised)
        }
    }
}

/// Days since 1970-01-01 of an exact `datetime.date`.
#[inline]
pub(crate) fn date(value: Value<'_, '_>) -> Result<i32, Refusal> {
    // SAFETY: the datetime API was imported when `Modules` was made; the type was checked.
    unsafe {
        if ffi::PyDate_CheckExact(value.as_ptr()) == 0 {
            return Err(Refusal::Unrecognised);
        }
        i32::try_from(days(value.as_ptr())).map_err(|_| Refusal::Unrecognised)
    }
}

/// Microseconds since the epoch of an exact `datetime.datetime`: an instant.
///
/// A naive one is taken in the zone of the process, as `astimezone` takes it (TZ-NAIVE).
pub(crate) fn instant(value: Value<'_, '_>, modules: &Modules) -> Result<i64, Refusal> {
    // SAFETY: the datetime API was imported when `Modules` was made; the type was checked.
    unsafe {
        if ffi::PyDateTime_CheckExact(value.as_ptr()) == 0 {
            return Err(Refusal::Unrecognised);
        }
        let zone = ffi::PyDateTime_DATE_GET_TZINFO(value.as_ptr());
        if zone == modules.utc.as_ptr() {
            return Ok(wall_micros(value.as_ptr()));
        }
        // Code of the user must run exactly when PySpark runs it: its own tzinfo classes are not for us.
        let kind = ffi::Py_TYPE(zone);
        if zone != ffi::Py_None() && kind != modules.timezone_type() && kind != modules.zone_info_type() {
            return Err(Refusal::Unrecognised);
        }
        let py = value.py();
        match value.call_method1(modules.astimezone.bind(py), (modules.utc.bind(py),)) {
            Ok(moved) if ffi::PyDateTime_CheckExact(moved.as_ptr()) != 0 => Ok(wall_micros(moved.as_ptr())),
            _ => Err(Refusal::Unrecognised),
        }
    }
}

/// Microseconds since 1970-01-01 00:00 on the wall clock of an exact naive `datetime.datetime`.
#[inline]
pub(crate) fn wall_clock(value: Value<'_, '_>) -> Result<i64, Refusal> {
    // SAFETY: the datetime API was imported when `Modules` was made; the type was checked.
    unsafe {
        if ffi::PyDateTime_CheckExact(value.as_ptr()) == 0
            || ffi::PyDateTime_DATE_GET_TZINFO(value.as_ptr()) != ffi::Py_None()
        {
            return Err(Refusal::Unrecognised);
        }
        Ok(wall_micros(value.as_ptr()))
    }
}

/// Nanoseconds since midnight of an exact naive `datetime.time`.
#[inline]
pub(crate) fn time_of_day(value: Value<'_, '_>) -> Result<i64, Refusal> {
    let object = value.as_ptr();
    // SAFETY: the datetime API was imported when `Modules` was made; the type was checked.
    unsafe {
        if ffi::PyTime_CheckExact(object) == 0 || ffi::PyDateTime_TIME_GET_TZINFO(object) != ffi::Py_None() {
            return Err(Refusal::Unrecognised);
        }
        let minutes =
            i64::from(ffi::PyDateTime_TIME_GET_HOUR(object)) * 60 + i64::from(ffi::PyDateTime_TIME_GET_MINUTE(object));
        let seconds = minutes * 60 + i64::from(ffi::PyDateTime_TIME_GET_SECOND(object));
        Ok((seconds * MICROS_PER_SECOND + i64::from(ffi::PyDateTime_TIME_GET_MICROSECOND(object))) * 1_000)
    }
}

/// Microseconds of an exact `datetime.timedelta`.
#[inline]
pub(crate) fn duration(value: Value<'_, '_>) -> Result<i64, Refusal> {
    let object = value.as_ptr();
    // SAFETY: the datetime API was imported when `Modules` was made; the type was checked.
    unsafe {
        if ffi::PyDelta_CheckExact(object) == 0 {
            return Err(Refusal::Unrecognised);
        }
        let rest = i64::from(ffi::PyDateTime_DELTA_GET_SECONDS(object)) * MICROS_PER_SECOND
            + i64::from(ffi::PyDateTime_DELTA_GET_MICROSECONDS(object));
        i64::from(ffi::PyDateTime_DELTA_GET_DAYS(object))
            .checked_mul(MICROS_PER_DAY)
            .and_then(|days| days.checked_add(rest))
            .ok_or(Refusal::Unrecognised)
    }
}

/// # Safety
/// `object` is a live `datetime.datetime`.
#[inline]
unsafe fn wall_micros(object: *mut ffi::PyObject) -> i64 {
    // SAFETY: the caller's promise.
    unsafe {
        let minutes =
            i64::from(ffi::PyDateTime_DATE_GET_HOUR(object)) * 60 + i64::from(ffi::PyDateTime_DATE_GET_MINUTE(object));
        let seconds =
            days(object) * SECONDS_PER_DAY + minutes * 60 + i64::from(ffi::PyDateTime_DATE_GET_SECOND(object));
        seconds * MICROS_PER_SECOND + i64::from(ffi::PyDateTime_DATE_GET_MICROSECOND(object))
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
///
/// # Safety
/// `object` is a live `datetime.date` or `datetime.datetime`.
#[inline]
unsafe fn days(object: *mut ffi::PyObject) -> i64 {
    // SAFETY: the caller's promise.
    let (year, month, day) = unsafe {
        (ffi::PyDateTime_GET_YEAR(object), ffi::PyDateTime_GET_MONTH(object), ffi::PyDateTime_GET_DAY(object))
    };
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let before = i64::from(year) - 1;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month = usize::try_from(month).unwrap_or(1).clamp(1, 12);
    before * 365 + before / 4 - before / 100
        + before / 400
        + BEFORE[month - 1]
        + i64::from(leap && month > 2)
        + i64::from(day)
        - 1
        - EPOCH_ORDINAL
}
