//! One partition's rows or batches as record batches.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType as ArrowType;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use pyo3::{ffi, intern};

use super::batch::{self, Imported, Layout};
use super::column::Column;
use super::pyspark::{self, Modules};
use super::row::RowReader;
use super::{ReadError, ReadSpec};

/// Reads what `reader.read(partition)` returned.
///
/// Dropping it stops the generator of the user (its `finally` runs). Do that with the GIL held, or it happens only when
/// Python gets to it. The batches of a source that yields batches share their memory with Python: pyarrow takes the GIL
/// when the last reference to a buffer that belongs to a numpy array is dropped.
pub struct BatchReader {
    spec: Arc<ReadSpec>,
    modules: &'static Modules,
    /// The iterator: first what `read` returned, later its `iter()`.
    elements: Py<PyAny>,
    data_source: Py<PyAny>,
    py_schema: Py<PyAny>,
    /// The `pyarrow.Schema` that the source described itself by.
    declared: Option<Py<PyAny>>,
    state: State,
    rows: RowReader,
    columns: Vec<Column>,
    /// Whether every row has to go through PySpark.
    opaque: bool,
    /// Batches that are made but not given out.
    ready: VecDeque<RecordBatch>,
    /// The rows of all batches that were made.
    made: u64,
}

enum State {
    /// Nothing was taken from the iterator.
    Fresh,
    /// The first element was no record batch.
    Rows,
    /// The first element was a record batch.
    Batches(First),
    /// The iterator has come to its end, or there was an error.
    Done,
}

/// The first record batch, which all others must be like.
struct First {
    /// Its schema as pyarrow's object.
    schema: Py<PyAny>,
    data_type: ArrowType,
    layout: Layout,
}

impl BatchReader {
    /// Reads `output`, which `read` returned.
    ///
    /// `data_source` is the source's `DataSource` instance, whose `name()` is in messages; `py_schema` the PySpark
    /// `StructType` that equals the schema of `spec`.
    ///
    /// # Errors
    /// PySpark's own `DATA_SOURCE_INVALID_RETURN_TYPE` if `output` is no iterator (READ-NOT-ITERATOR); whatever an
    /// import of PySpark or pyarrow raises.
    pub fn try_new(
        py: Python<'_>,
        output: Bound<'_, PyAny>,
        spec: Arc<ReadSpec>,
        data_source: Bound<'_, PyAny>,
        py_schema: Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let modules = Modules::get(py)?;
        if !output.is_instance(modules.iterator.bind(py))? {
            return Err(pyspark::not_an_iterator(&output, &data_source));
        }
        let fields = &spec.schema().fields;
        let columns = fields
            .iter()
            .zip(spec.table_schema().fields())
            .map(|(field, arrow)| Column::top(py, &field.data_type, arrow.data_type()))
            .collect::<PyResult<Vec<_>>>()?;
        let rows = RowReader::new(py, fields.iter().map(|field| field.name.as_str()))?;
        // Without a column, pyarrow makes batches without rows, however many rows there were.
        let opaque = columns.is_empty() || columns.len() != fields.len() || columns.iter().any(Column::is_opaque);
        Ok(Self {
            modules,
            elements: output.unbind(),
            data_source: data_source.unbind(),
            py_schema: py_schema.unbind(),
            declared: None,
            state: State::Fresh,
            rows,
            columns,
            opaque,
            ready: VecDeque::new(),
            made: 0,
            spec,
        })
    }

    /// Takes batches of this `pyarrow.Schema` for what the table's columns are made of, beside those of the table's own schema.
    #[must_use]
    pub fn with_declared_schema(mut self, schema: Option<Bound<'_, PyAny>>) -> Self {
        self.declared = schema.map(Bound::unbind);
        self
    }

    /// The next batch, or none at the end. After an error there are no more batches.
    ///
    /// A batch that was made from rows has at most `batch_size` rows; one that the source made is passed through.
    ///
    /// # Errors
    /// An exception of the user's iterator, or what PySpark's conversion raises: see [`ReadError`].
    pub fn next_batch(&mut self, py: Python<'_>) -> Result<Option<RecordBatch>, ReadError> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            let step = match &self.state {
                State::Done => return Ok(None),
                State::Fresh => self.start(py),
                State::Rows => self.read_rows(py, None),
                State::Batches(_) => self.read_batch(py),
            };
            if let Err(error) = step {
                self.state = State::Done;
                self.ready.clear();
                return Err(error);
            }
        }
    }

    /// Looks at the first element, which decides what all are.
    fn start(&mut self, py: Python<'_>) -> Result<(), ReadError> {
        if self.opaque {
            // PySpark rejects some types of columns before it takes the first row.
            self.convert(py, &PyList::empty(py))?;
        }
        // SAFETY: the object is alive.
        if unsafe { ffi::PyIter_Check(self.elements.as_ptr()) } == 0 {
            // A class that was registered as an iterator but is none: `next` says so.
            py.import("builtins")?.getattr("next")?.call1((&self.elements,))?;
        }
        let Some(first) = self.next_element(py)? else {
            self.state = State::Done;
            return Ok(());
        };
        if first.is_instance(self.modules.record_batch.bind(py))? {
            return self.first_batch(py, &first);
        }
        self.state = State::Rows;
        self.elements = self.elements.bind(py).try_iter()?.into_any().unbind();
        self.read_rows(py, Some(first))
    }

    /// Reads up to `batch_size` rows, starting with `first`.
    ///
    /// All of them are taken from the iterator before an error of any is reported, and none goes out if one has an
    /// error: PySpark takes a whole batch before it looks at its rows.
    fn read_rows(&mut self, py: Python<'_>, mut first: Option<Bound<'_, PyAny>>) -> Result<(), ReadError> {
        let mut read = 0;
        let mut kept: Option<Bound<'_, PyList>> = None;
        for _ in 0..self.spec.batch_size() {
            let element = match first.take() {
                Some(element) => element,
                None => match self.next_element(py)? {
                    Some(element) => element,
                    None => {
                        self.state = State::Done;
                        break;
                    }
                },
            };
            match &kept {
                Some(kept) => kept.append(element)?,
                None if self.append(&element, read, false) => read += 1,
                None => kept = Some(PyList::new(py, [element])?),
            }
        }
        let rest = match kept {
            Some(kept) => self.settle(py, kept, &mut read)?,
            None => Vec::new(),
        };
        if read > 0 {
            let columns = self
                .columns
                .iter_mut()
                .map(Column::finish)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| ReadError::spark(format!("A batch could not be built: {error}")))?;
            self.push(batch::assemble(&self.spec, columns, read, self.made)?);
        }
        for imported in rest {
            let batch = imported.into_batch(&self.spec, self.made, Layout::Table)?;
            self.push(batch);
        }
        Ok(())
    }

    /// Reads the rows that were kept until the batch was complete: as far as possible as all others, then by PySpark.
    fn settle(
        &mut self,
        py: Python<'_>,
        kept: Bound<'_, PyList>,
        read: &mut usize,
    ) -> Result<Vec<Imported>, ReadError> {
        let mut done = 0;
        for row in &kept {
            if !self.append(&row, *read, true) {
                break;
            }
            done += 1;
            *read += 1;
        }
        if done == kept.len() {
            return Ok(Vec::new());
        }
        let rest = kept.get_slice(done, kept.len());
        if rest.get_item(0)?.is_instance(self.modules.record_batch.bind(py))? {
            // As the first element it would make all the rest batches. Behind a row it is an invalid row.
            rest.insert(0, PyTuple::new(py, self.columns.iter().map(|_| py.None()))?)?;
        }
        self.convert(py, &rest)
    }

    /// Appends a row to the columns, which have `read` rows. A row that is refused leaves no trace in them.
    #[inline]
    fn append(&mut self, row: &Bound<'_, PyAny>, read: usize, settled: bool) -> bool {
        if self.opaque {
            return false;
        }
        let appended = self.rows.append(row.as_borrowed(), &mut self.columns, settled).is_ok();
        if !appended {
            self.columns.iter_mut().for_each(|column| column.truncate(read));
        }
        appended
    }

    fn convert(&self, py: Python<'_>, elements: &Bound<'_, PyList>) -> Result<Vec<Imported>, ReadError> {
        let batches = pyspark::records_to_arrow_batches(elements, self.py_schema.bind(py), self.data_source.bind(py))?;
        let batches = batches.map(|batch| Imported::try_new(&batch?)).collect::<PyResult<_>>()?;
        Ok(batches)
    }

    fn first_batch(&mut self, py: Python<'_>, first: &Bound<'_, PyAny>) -> Result<(), ReadError> {
        let imported = Imported::try_new(first)?;
        let schema = first.getattr(intern!(py, "schema"))?;
        let mut layout = Layout::Table;
        if !batch::has_fields(imported.data_type(), self.spec.table_schema().fields()) {
            let declared = match &self.declared {
                Some(declared) => schema.call_method1(intern!(py, "equals"), (declared,))?.is_truthy()?,
                None => false,
            };
            if declared {
                layout = Layout::Declared;
            } else {
                self.convert(py, &PyList::new(py, [first])?)?;
            }
        }
        self.elements = self.elements.bind(py).try_iter()?.into_any().unbind();
        let data_type = imported.data_type().clone();
        self.state = State::Batches(First { schema: schema.unbind(), data_type, layout });
        let batch = imported.into_batch(&self.spec, self.made, layout)?;
        self.push(batch);
        Ok(())
    }

    fn read_batch(&mut self, py: Python<'_>) -> Result<(), ReadError> {
        let Some(element) = self.next_element(py)? else {
            self.state = State::Done;
            return Ok(());
        };
        if !element.is_instance(self.modules.record_batch.bind(py))? {
            return Err(pyspark::not_a_batch(&element).into());
        }
        let State::Batches(first) = &self.state else { return Ok(()) };
        let schema = element.getattr(intern!(py, "schema"))?;
        let expected = &first.schema;
        if !schema.is(expected) && !expected.bind(py).call_method1(intern!(py, "equals"), (schema,))?.is_truthy()? {
            return Err(pyspark::different_schema(py).into());
        }
        // SAFETY: the schema equals that of the first batch, of which this is the type.
        let imported = unsafe { Imported::with_type(&element, &first.data_type) }?;
        let batch = imported.into_batch(&self.spec, self.made, first.layout)?;
        self.push(batch);
        Ok(())
    }

    fn push(&mut self, batch: RecordBatch) {
        self.made += batch.num_rows() as u64;
        self.ready.push_back(batch);
    }

    #[inline]
    fn next_element<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        // SAFETY: the object is alive and an iterator: `start` has checked. The result is a new reference, or null at
        // the end or with an exception set.
        match unsafe { Bound::from_owned_ptr_or_opt(py, ffi::PyIter_Next(self.elements.as_ptr())) } {
            Some(element) => Ok(Some(element)),
            None => PyErr::take(py).map_or(Ok(None), Err),
        }
    }
}
