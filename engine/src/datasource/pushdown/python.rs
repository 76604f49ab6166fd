//! Filters as objects of `pyspark.sql.datasource`, and the call of `pushFilters`.

use std::collections::HashSet;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use super::filter::{Filter, Test, Value};
use crate::python::exception::type_name;
use crate::types::values::decimal_text;

/// Offers the filters to a reader and returns which of them it keeps, by index. What it returns it leaves to the engine; every
/// returned object must be one of the offered, by identity (FLT-RET-EXTRANEOUS).
pub(crate) fn push_filters(reader: &Bound<'_, PyAny>, filters: &[Filter]) -> PyResult<Vec<usize>> {
    let py = reader.py();
    let api = py.import("pyspark.sql.datasource")?;
    let offered = filters.iter().map(|filter| filter_object(&api, filter)).collect::<PyResult<Vec<_>>>()?;
    let returned = reader.call_method1("pushFilters", (PyList::new(py, &offered)?,))?;
    // The objects are kept alive until the identities are compared: a dead object's address may be another's.
    let returned = returned.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    let returned_ids: HashSet<_> = returned.iter().map(|object| object.as_ptr()).collect();
    let offered_ids: HashSet<_> = offered.iter().map(|object| object.as_ptr()).collect();
    if !returned_ids.is_subset(&offered_ids) {
        return Err(extraneous(reader, &offered, &returned, &offered_ids)?);
    }
    let kept = offered.iter().enumerate().filter(|(_, object)| !returned_ids.contains(&object.as_ptr()));
    Ok(kept.map(|(index, _)| index).collect())
}

/// The error of a reader that returns what it was not offered. Text and failures of its own are those of the installed PySpark.
fn extraneous(
    reader: &Bound<'_, PyAny>,
    offered: &[Bound<'_, PyAny>],
    returned: &[Bound<'_, PyAny>],
    offered_ids: &HashSet<*mut pyo3::ffi::PyObject>,
) -> PyResult<PyErr> {
    let py = reader.py();
    let reference = py.import("pyspark.sql.worker.data_source_pushdown_filters")?.getattr("FilterRef")?;
    let references = |objects: &mut dyn Iterator<Item = &Bound<'_, PyAny>>| -> PyResult<String> {
        let mut seen = HashSet::new();
        let objects = objects.filter(|object| seen.insert(object.as_ptr()));
        let references = objects.map(|object| reference.call1((object,))).collect::<PyResult<Vec<_>>>()?;
        Ok(PyList::new(py, references)?.str()?.to_string())
    };
    let input = references(&mut offered.iter())?;
    let extraneous = references(&mut returned.iter().filter(|object| !offered_ids.contains(&object.as_ptr())))?;
    let parameters = PyDict::new(py);
    parameters.set_item("type", type_name(reader))?;
    parameters.set_item("input", input)?;
    parameters.set_item("extraneous", extraneous)?;
    let arguments = PyDict::new(py);
    arguments.set_item("errorClass", "DATA_SOURCE_EXTRANEOUS_FILTERS")?;
    arguments.set_item("messageParameters", parameters)?;
    // Before 4.3 the error's own text can't be made, which is the error that users see.
    Ok(PyErr::from_value(py.import("pyspark.errors")?.getattr("PySparkValueError")?.call((), Some(&arguments))?))
}

fn filter_object<'py>(api: &Bound<'py, PyModule>, filter: &Filter) -> PyResult<Bound<'py, PyAny>> {
    let py = api.py();
    let class = api.getattr(filter.test.class())?;
    let attribute = PyTuple::new(py, &filter.attribute)?;
    let object = match &filter.test {
        Test::IsNull | Test::IsNotNull => class.call1((attribute,))?,
        Test::In(values) => class.call1((attribute, list(py, values)?))?,
        Test::EqualTo(value)
        | Test::EqualNullSafe(value)
        | Test::GreaterThan(value)
        | Test::GreaterThanOrEqual(value)
        | Test::LessThan(value)
        | Test::LessThanOrEqual(value)
        | Test::StringStartsWith(value)
        | Test::StringEndsWith(value)
        | Test::StringContains(value) => class.call1((attribute, value_object(py, value)?))?,
    };
    if filter.negated { api.getattr("Not")?.call1((object,)) } else { Ok(object) }
}

fn list<'py>(py: Python<'py>, values: &[Value]) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, values.iter().map(|value| value_object(py, value)).collect::<PyResult<Vec<_>>>()?)
}

/// `datetime.date(1970, 1, 1).toordinal()`.
const EPOCH_ORDINAL: i64 = 719_163;

fn value_object<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    let datetime = || py.import("datetime");
    let epoch = |zone: Option<Bound<'py, PyAny>>, micros: i64| {
        let arguments = PyDict::new(py);
        arguments.set_item("tzinfo", zone)?;
        let epoch = datetime()?.getattr("datetime")?.call((1970, 1, 1), Some(&arguments))?;
        let elapsed = PyDict::new(py);
        elapsed.set_item("microseconds", micros)?;
        epoch.add(datetime()?.getattr("timedelta")?.call((), Some(&elapsed))?)
    };
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Boolean(value) => value.into_pyobject(py)?.to_owned().into_any(),
        Value::Integer(value) => value.into_pyobject(py)?.into_any(),
        Value::Float(bits) => f64::from_bits(*bits).into_pyobject(py)?.into_any(),
        Value::Decimal { unscaled, scale } => {
            py.import("decimal")?.getattr("Decimal")?.call1((decimal_text(*unscaled, *scale),))?
        }
        Value::String(text) => text.into_pyobject(py)?.into_any(),
        Value::Binary(bytes) => PyBytes::new(py, bytes).into_any(),
        Value::Date(days) => {
            let ordinal = EPOCH_ORDINAL + i64::from(*days);
            datetime()?.getattr("date")?.call_method1("fromordinal", (ordinal,))?
        }
        Value::Timestamp(micros) => {
            let utc = py.import("zoneinfo")?.getattr("ZoneInfo")?.call1(("UTC",))?;
            epoch(Some(utc), *micros)?
        }
        Value::TimestampNtz(micros) => epoch(None, *micros)?,
        Value::List(values) => list(py, values)?.into_any(),
        Value::Dict(entries) => {
            let dict = PyDict::new(py);
            for (key, value) in entries {
                dict.set_item(key, value_object(py, value)?)?;
            }
            dict.into_any()
        }
    })
}
