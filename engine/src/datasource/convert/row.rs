//! The elements that `read` yields, taken apart; and who else may still change them.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};
use pyo3::{Borrowed, Py, ffi};

use super::column::Column;
use super::pyspark::Modules;
use super::value::{Refusal, Value};

/// Who else holds an object that is being read.
///
/// PySpark first takes all rows of a batch from the iterator and then looks at them. A source that yields one list over
/// and over, or keeps a dict that it has yielded and changes it later, gives other rows than one would read at once. So
/// a mutable object is read at once only if nobody but the row holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// All rows of the batch were taken: it no longer matters.
    Settled,
    /// Only what it is part of holds it.
    Sole,
    /// Only what it is part of and the code that reads it hold it.
    Held,
    /// Somebody else holds it, or something that it is part of.
    Shared,
}

impl Owner {
    /// The owner of a part.
    #[inline]
    pub(crate) fn of(self, value: Value<'_, '_>) -> Self {
        match self {
            // SAFETY: the object is alive.
            Self::Sole if unsafe { ffi::Py_REFCNT(value.as_ptr()) } > 1 => Self::Shared,
            // SAFETY: the object is alive.
            Self::Held if unsafe { ffi::Py_REFCNT(value.as_ptr()) } > 2 => Self::Shared,
            Self::Held => Self::Sole,
            owner => owner,
        }
    }

    /// The owner of an item to which the reading code has taken a reference of its own.
    #[inline]
    pub(crate) fn held(self) -> Self {
        if self == Self::Sole { Self::Held } else { self }
    }

    /// Refuses a mutable object that somebody else holds.
    #[inline]
    pub(crate) fn check(self) -> Result<(), Refusal> {
        if self == Self::Shared { Err(Refusal::Shared) } else { Ok(()) }
    }
}

/// Takes rows apart into columns.
pub(crate) struct RowReader {
    modules: &'static Modules,
    /// The columns' names, if none comes twice.
    names: Option<Vec<Py<PyString>>>,
    /// For the field names of the last keyword `Row`: which column each belongs to.
    order: Option<(Vec<Py<PyAny>>, Vec<usize>)>,
    /// The last subclass of tuple that was met, and whether it is read by position.
    class: Option<(Py<PyType>, bool)>,
}

impl RowReader {
    /// A reader of rows with columns of these names.
    pub(crate) fn new<'a>(py: Python<'_>, names: impl Iterator<Item = &'a str>) -> PyResult<Self> {
        let names = names.collect::<Vec<_>>();
        let distinct = names.iter().enumerate().all(|(index, name)| !names[..index].contains(name));
        Ok(Self {
            modules: Modules::get(py)?,
            names: distinct.then(|| names.iter().map(|name| PyString::intern(py, name).unbind()).collect()),
            order: None,
            class: None,
        })
    }

    /// Appends a row to the columns, or refuses it. Some columns may then have its value already.
    #[inline]
    pub(crate) fn append(&mut self, row: Value<'_, '_>, columns: &mut [Column], settled: bool) -> Result<(), Refusal> {
        let owner = if settled { Owner::Settled } else { Owner::Sole.of(row) };
        // SAFETY: the object is alive.
        if unsafe { ffi::PyTuple_CheckExact(row.as_ptr()) } != 0 {
            // SAFETY: the type was checked.
            return unsafe { append_tuple(row, columns, owner) };
        }
        self.append_other(row, columns, owner)
    }

    fn append_other(&mut self, row: Value<'_, '_>, columns: &mut [Column], owner: Owner) -> Result<(), Refusal> {
        // SAFETY: the object is alive.
        if unsafe { ffi::PyList_CheckExact(row.as_ptr()) } != 0 {
            owner.check()?;
            // SAFETY: the type was checked.
            return unsafe { append_list(row, columns, owner) };
        }
        // SAFETY: the object is alive.
        if unsafe { ffi::PyTuple_Check(row.as_ptr()) } == 0 {
            return Err(Refusal::Unrecognised);
        }
        if is_exactly(row, &self.modules.row) {
            return match field_names(row)? {
                Some(fields) => self.append_named(row, &fields, columns, owner),
                // SAFETY: `Row` is a tuple.
                None => unsafe { append_tuple(row, columns, owner) },
            };
        }
        if !self.is_plain(row) {
            return Err(Refusal::Unrecognised);
        }
        // SAFETY: the object is a tuple.
        unsafe { append_tuple(row, columns, owner) }
    }

    /// Appends a keyword `Row`: its values belong to the columns of the same names.
    fn append_named(
        &mut self,
        row: Value<'_, '_>,
        fields: &Bound<'_, PyAny>,
        columns: &mut [Column],
        owner: Owner,
    ) -> Result<(), Refusal> {
        let order = self.order(fields)?;
        // SAFETY: `Row` is a tuple.
        unsafe {
            if ffi::PyTuple_GET_SIZE(row.as_ptr()) as usize != columns.len() || order.len() != columns.len() {
                return Err(Refusal::Unrecognised);
            }
            let mut order = order.iter();
            for_each_tuple_item(row, |item| match order.next().and_then(|&index| columns.get_mut(index)) {
                Some(column) => column.append(item, owner),
                None => Err(Refusal::Unrecognised),
            })
        }
    }

    /// Which column each field belongs to. Rows of one source mostly have the very same name objects.
    fn order(&mut self, fields: &Bound<'_, PyAny>) -> Result<&[usize], Refusal> {
        let py = fields.py();
        let fields = names_of(fields)?;
        let known = self.order.as_ref().is_some_and(|(known, _)| {
            known.len() == fields.len() && known.iter().zip(&fields).all(|(known, field)| field.is(known))
        });
        if !known {
            let names = self.names.as_ref().ok_or(Refusal::Unrecognised)?;
            if names.len() != fields.len() {
                return Err(Refusal::Unrecognised);
            }
            let mut order = Vec::with_capacity(names.len());
            for field in &fields {
                let field = field.cast_exact::<PyString>().map_err(|_| Refusal::Unrecognised)?;
                let index = names
                    .iter()
                    .position(|name| field.as_any().eq(name.bind(py)).unwrap_or(false))
                    .filter(|index| !order.contains(index))
                    .ok_or(Refusal::Unrecognised)?;
                order.push(index);
            }
            self.order = Some((fields.into_iter().map(Bound::unbind).collect(), order));
        }
        self.order.as_ref().map(|(_, order)| order.as_slice()).ok_or(Refusal::Unrecognised)
    }

    fn is_plain(&mut self, row: Value<'_, '_>) -> bool {
        match &self.class {
            Some((class, plain)) if is_exactly(row, class) => *plain,
            _ => {
                let class = row.get_type();
                let plain = self.modules.is_plain_tuple(&class).unwrap_or(false);
                self.class = Some((class.unbind(), plain));
                plain
            }
        }
    }
}

/// Whether the object is an instance of exactly this class.
#[inline]
fn is_exactly(value: Value<'_, '_>, class: &Py<PyType>) -> bool {
    // SAFETY: the object is alive.
    unsafe { ffi::Py_TYPE(value.as_ptr()) == class.as_ptr().cast() }
}

/// Whether the object is a tuple whose items count by position, for a struct.
#[inline]
pub(crate) fn is_positional(value: Value<'_, '_>, modules: &Modules) -> bool {
    // SAFETY: the object is alive.
    unsafe {
        ffi::PyTuple_CheckExact(value.as_ptr()) != 0
            || is_exactly(value, &modules.row)
            || (ffi::PyTuple_Check(value.as_ptr()) != 0 && modules.is_plain_tuple(&value.get_type()).unwrap_or(false))
    }
}

/// The `__fields__` of a `Row`, if it has any. `Row.__getattr__` is not asked: its exception costs microseconds.
fn field_names<'py>(row: Value<'_, 'py>) -> Result<Option<Bound<'py, PyAny>>, Refusal> {
    let py = row.py();
    let name = pyo3::intern!(py, "__fields__");
    // SAFETY: both objects are alive; the result is a new reference or null with an exception set.
    let fields = unsafe { ffi::PyObject_GenericGetAttr(row.as_ptr(), name.as_ptr()) };
    // SAFETY: as above.
    match unsafe { Bound::from_owned_ptr_or_err(py, fields) } {
        Ok(fields) => Ok(Some(fields)),
        Err(error) if error.is_instance_of::<pyo3::exceptions::PyAttributeError>(py) => Ok(None),
        Err(_) => Err(Refusal::Unrecognised),
    }
}

/// The names in `__fields__`: a list in a keyword `Row`, a `Row` in one made from a template.
fn names_of<'py>(fields: &Bound<'py, PyAny>) -> Result<Vec<Bound<'py, PyAny>>, Refusal> {
    let mut names = Vec::new();
    let mut push = |name: Value<'_, 'py>| {
        names.push(name.to_owned());
        Ok(())
    };
    // SAFETY: the types are checked before the items are taken.
    unsafe {
        if ffi::PyList_CheckExact(fields.as_ptr()) != 0 {
            for_each_list_item(fields.as_borrowed(), &mut push)?;
        } else if is_positional(fields.as_borrowed(), Modules::get(fields.py()).map_err(|_| Refusal::Unrecognised)?) {
            for_each_tuple_item(fields.as_borrowed(), &mut push)?;
        } else {
            return Err(Refusal::Unrecognised);
        }
    }
    Ok(names)
}

/// # Safety
/// `row` is a tuple.
#[inline]
unsafe fn append_tuple(row: Value<'_, '_>, columns: &mut [Column], owner: Owner) -> Result<(), Refusal> {
    // SAFETY: the caller's promise; the indices are below the size. A tuple keeps its items alive and is not changed.
    unsafe {
        if ffi::PyTuple_GET_SIZE(row.as_ptr()) as usize != columns.len() {
            return Err(Refusal::Unrecognised);
        }
        for (index, column) in columns.iter_mut().enumerate() {
            let item = ffi::PyTuple_GET_ITEM(row.as_ptr(), index as ffi::Py_ssize_t);
            column.append(Borrowed::from_ptr(row.py(), item), owner)?;
        }
    }
    Ok(())
}

/// # Safety
/// `row` is a list.
unsafe fn append_list(row: Value<'_, '_>, columns: &mut [Column], owner: Owner) -> Result<(), Refusal> {
    // SAFETY: the caller's promise.
    unsafe {
        if ffi::PyList_Size(row.as_ptr()) as usize != columns.len() {
            return Err(Refusal::Unrecognised);
        }
        let mut columns = columns.iter_mut();
        for_each_list_item(row, |item| match columns.next() {
            Some(column) => column.append(item, owner.held()),
            None => Err(Refusal::Unrecognised),
        })
    }
}

/// Calls `each` with the items of a tuple.
///
/// # Safety
/// `value` is a tuple.
#[inline]
pub(crate) unsafe fn for_each_tuple_item<'py>(
    value: Value<'_, 'py>,
    mut each: impl FnMut(Value<'_, 'py>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    // SAFETY: the caller's promise; the indices are below the size. A tuple keeps its items alive and is not changed.
    unsafe {
        for index in 0..ffi::PyTuple_GET_SIZE(value.as_ptr()) {
            each(Borrowed::from_ptr(value.py(), ffi::PyTuple_GET_ITEM(value.as_ptr(), index)))?;
        }
    }
    Ok(())
}

/// Calls `each` with the items of a list, each kept alive during the call.
///
/// # Safety
/// `value` is a list.
#[inline]
pub(crate) unsafe fn for_each_list_item<'py>(
    value: Value<'_, 'py>,
    mut each: impl FnMut(Value<'_, 'py>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    // SAFETY: the caller's promise. `PyList_GetItemRef` checks the index and gives a new reference.
    unsafe {
        for index in 0..ffi::PyList_Size(value.as_ptr()) {
            let item = ffi::compat::PyList_GetItemRef(value.as_ptr(), index);
            let Ok(item) = Bound::from_owned_ptr_or_err(value.py(), item) else { return Err(Refusal::Unrecognised) };
            each(item.as_borrowed())?;
        }
    }
    Ok(())
}

/// Calls `each` with the keys and values of a dict in its order, each kept alive during the call.
///
/// # Safety
/// `value` is a dict.
pub(crate) unsafe fn for_each_dict_item<'py>(
    value: Value<'_, 'py>,
    mut each: impl FnMut(Value<'_, 'py>, Value<'_, 'py>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let py = value.py();
    let mut position = 0;
    let (mut key, mut item) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the caller's promise; the borrowed references become owned ones before anything else runs.
    unsafe {
        while ffi::PyDict_Next(value.as_ptr(), &mut position, &mut key, &mut item) != 0 {
            let (key, item) = (Bound::from_borrowed_ptr(py, key), Bound::from_borrowed_ptr(py, item));
            each(key.as_borrowed(), item.as_borrowed())?;
        }
    }
    Ok(())
}

/// The value of a key.
///
/// # Safety
/// `value` is a dict.
pub(crate) unsafe fn dict_item<'py>(
    value: Value<'_, 'py>,
    key: &Py<PyString>,
) -> Result<Option<Bound<'py, PyAny>>, Refusal> {
    let mut item = std::ptr::null_mut();
    // SAFETY: the caller's promise; the item is a new reference, or null if the answer is not 1.
    unsafe {
        match ffi::compat::PyDict_GetItemRef(value.as_ptr(), key.as_ptr(), &mut item) {
            1 => Ok(Bound::from_owned_ptr_or_opt(value.py(), item)),
            0 => Ok(None),
            _ => {
                ffi::PyErr_Clear();
                Err(Refusal::Unrecognised)
            }
        }
    }
}
