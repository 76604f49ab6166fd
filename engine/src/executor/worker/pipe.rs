//! The two ends of a worker's connection: files for Python, channels for the engine.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, AsArray};
use arrow::buffer::Buffer;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tokio::sync::mpsc;

use super::{Chunk, Given, Message, WorkerTask};
use crate::error::SparkError;
use crate::error::condition::ARROW_TYPE_MISMATCH;
use crate::python::cancel::QueryCancelled;
use crate::python::interpreter::spark_minor;
use crate::types::arrow::layout::conform;
use crate::types::arrow::{fits, from_arrow_type};
use crate::types::{DataType, StructType};
use crate::udf::EvalType;

fn cancelled() -> PyErr {
    QueryCancelled::new_err("the query no longer needs this data")
}

fn failed(error: impl std::fmt::Display) -> PyErr {
    PyOSError::new_err(error.to_string())
}

/// What either file tells of itself.
#[pyclass(frozen, subclass, module = "seatrial")]
pub(super) struct Pipe {
    is_read: bool,
}

#[pymethods]
impl Pipe {
    fn readable(&self) -> bool {
        self.is_read
    }

    fn writable(&self) -> bool {
        !self.is_read
    }

    fn seekable(&self) -> bool {
        false
    }

    #[getter]
    fn closed(&self) -> bool {
        false
    }

    fn flush(&self) {}

    fn close(&self) {}
}

/// The file that a worker reads its input from: Arrow streams, made when they are read.
#[pyclass(frozen, extends = Pipe, module = "seatrial")]
pub(super) struct InputPipe(Mutex<Input>);

struct Input {
    given: mpsc::Receiver<Given>,
    framing: Framing,
    /// What was made, from `position` on still to be read.
    bytes: Vec<u8>,
    position: usize,
    ended: bool,
}

/// How rows become bytes.
enum Framing {
    /// All in one stream.
    Stream(Box<StreamWriter<Vec<u8>>>),
    /// For each group the number of its relations, and a stream of each; zero at the end.
    Groups(Vec<SchemaRef>),
}

impl InputPipe {
    /// A file of what is given.
    ///
    /// # Errors
    /// Never in practice; the encoder's own.
    pub(super) fn try_new(task: &WorkerTask, given: mpsc::Receiver<Given>) -> Result<Self, SparkError> {
        let framing = match task.layouts.as_slice() {
            // Before Spark 4.1 each batch is a group.
            [layout] if !task.eval_type.takes_groups() || spark_minor() < (4, 1) => {
                Framing::Stream(Box::new(StreamWriter::try_new(Vec::new(), layout).map_err(SparkError::internal)?))
            }
            layouts => Framing::Groups(layouts.to_vec()),
        };
        Ok(Self(Mutex::new(Input { given, framing, bytes: Vec::new(), position: 0, ended: false })))
    }

    /// The file as Python has it.
    pub(super) fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, Self>> {
        Bound::new(py, (self, Pipe { is_read: true }))
    }
}

impl Input {
    fn available(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Makes more bytes; false when whoever gives is gone.
    fn fill(&mut self) -> Result<bool, ArrowError> {
        let Some(given) = self.given.blocking_recv() else { return Ok(false) };
        if self.available() == 0 {
            self.bytes.clear();
            self.position = 0;
        }
        self.ended = matches!(given, Given::End);
        match (&mut self.framing, given) {
            (Framing::Stream(writer), given) => {
                match given {
                    Given::Chunk(Chunk::Rows(batch)) => writer.write(&batch)?,
                    Given::Chunk(Chunk::Group(relations)) => {
                        let batches = relations.into_iter().next().ok_or_else(out_of_frame)?;
                        writer
                            .write(&concat_batches(&batches.first().ok_or_else(out_of_frame)?.schema(), &batches)?)?;
                    }
                    Given::End => writer.finish()?,
                }
                let mut made = std::mem::take(writer.get_mut());
                if self.bytes.is_empty() {
                    self.bytes = made;
                } else {
                    self.bytes.append(&mut made);
                }
            }
            (Framing::Groups(layouts), Given::Chunk(Chunk::Group(relations))) => {
                let count = i32::try_from(relations.len()).map_err(|_| out_of_frame())?;
                self.bytes.extend(count.to_be_bytes());
                for (batches, layout) in relations.iter().zip(layouts) {
                    let mut writer = StreamWriter::try_new(Vec::new(), layout)?;
                    for batch in batches {
                        writer.write(batch)?;
                    }
                    self.bytes.append(&mut writer.into_inner()?);
                }
            }
            (Framing::Groups(_), Given::Chunk(Chunk::Rows(_))) => return Err(out_of_frame()),
            (Framing::Groups(_), Given::End) => self.bytes.extend(0_i32.to_be_bytes()),
        }
        Ok(true)
    }
}

fn out_of_frame() -> ArrowError {
    ArrowError::InvalidArgumentError("rows that are not grouped as the function takes them".to_owned())
}

#[pymethods]
impl InputPipe {
    /// As many bytes, unless the input ends before.
    #[pyo3(signature = (size = -1))]
    fn read<'py>(&self, py: Python<'py>, size: isize) -> PyResult<Bound<'py, PyBytes>> {
        let wanted = usize::try_from(size).unwrap_or(usize::MAX);
        let mut input = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while input.available() < wanted && !input.ended {
            let reader = &mut *input;
            if !py.detach(|| reader.fill()).map_err(failed)? {
                return Err(cancelled());
            }
        }
        let start = input.position;
        let end = start + wanted.min(input.available());
        input.position = end;
        Ok(PyBytes::new(py, &input.bytes[start..end]))
    }
}

/// Why a result was refused, for whoever called the worker: what it raises itself says less.
#[derive(Debug, Clone, Default)]
pub(super) struct Refusal(Arc<Mutex<Option<SparkError>>>);

impl Refusal {
    /// The first reason, if there is one.
    pub(super) fn take(&self) -> Option<SparkError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note(&self, error: SparkError) -> PyErr {
        let message = error.message.clone();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        PyRuntimeError::new_err(message)
    }
}

/// The file that a worker writes its results to: one Arrow stream behind four bytes that announce it.
#[pyclass(frozen, extends = Pipe, module = "seatrial")]
pub(super) struct OutputPipe {
    state: Mutex<Output>,
    results: Results,
    refusal: Refusal,
}

struct Output {
    /// Bytes of the announcement that are still to come.
    announced: usize,
    decoder: StreamDecoder,
}

impl OutputPipe {
    /// A file whose batches become batches of this schema.
    pub(super) fn new(results: Results) -> Self {
        let state = Mutex::new(Output { announced: 4, decoder: StreamDecoder::new() });
        Self { state, results, refusal: Refusal::default() }
    }

    /// The file as Python has it.
    pub(super) fn into_python(self, py: Python<'_>) -> PyResult<Bound<'_, Self>> {
        Bound::new(py, (self, Pipe { is_read: false }))
    }

    pub(super) fn refusal(&self) -> Refusal {
        self.refusal.clone()
    }
}

#[pymethods]
impl OutputPipe {
    fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<usize> {
        let bytes = match data.cast::<PyBytes>() {
            Ok(bytes) => bytes.as_bytes().to_vec(),
            Err(_) => py.get_type::<PyBytes>().call1((data,))?.cast::<PyBytes>()?.as_bytes().to_vec(),
        };
        let written = bytes.len();
        let mut output = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let skipped = output.announced.min(written);
        output.announced -= skipped;
        let mut rest = Buffer::from_vec(bytes).slice(skipped);
        while !rest.is_empty() {
            let Some(batch) = output.decoder.decode(&mut rest).map_err(failed)? else { continue };
            let batch = self.results.conformed(&batch).map_err(|error| self.refusal.note(error))?;
            self.results.send(py, batch)?;
        }
        Ok(written)
    }
}

/// What becomes of the batches that a function gave.
pub(super) struct Results {
    pub(super) eval_type: EvalType,
    pub(super) output: StructType,
    pub(super) schema: SchemaRef,
    pub(super) sender: mpsc::Sender<Message>,
}

impl Results {
    /// Hands a batch on, without holding the GIL while it waits.
    pub(super) fn send(&self, py: Python<'_>, batch: RecordBatch) -> PyResult<()> {
        py.detach(|| self.sender.blocking_send(Message::Batch(batch))).map_err(|_| cancelled())
    }

    /// The batch in the table's types.
    fn conformed(&self, batch: &RecordBatch) -> Result<RecordBatch, SparkError> {
        let columns: Vec<ArrayRef> = if self.eval_type.gives_tables() {
            // The columns come as the fields of one.
            match batch.columns().first().and_then(|column| column.as_struct_opt()) {
                Some(table) => table.columns().to_vec(),
                None => return Err(SparkError::internal("a function's table that is no struct")),
            }
        } else {
            batch.columns().to_vec()
        };
        let fields = &self.output.fields;
        let fitting = columns.iter().zip(fields).all(|(column, field)| fits(&field.data_type, column.data_type()));
        if columns.len() < fields.len() || !fitting {
            return Err(self.mismatch(&columns));
        }
        let columns = columns.iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| conform(column, field.data_type()));
        let columns = columns.collect::<Result<Vec<_>, _>>().map_err(SparkError::internal)?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options).map_err(SparkError::internal)
    }

    fn mismatch(&self, columns: &[ArrayRef]) -> SparkError {
        let names = |types: Vec<DataType>| types.iter().map(DataType::scala).collect::<Vec<_>>().join(", ");
        let expected = self.output.fields.iter().map(|field| field.data_type.clone()).collect();
        let actual =
            columns.iter().map(|column| from_arrow_type(column.data_type()).unwrap_or(DataType::Null)).collect();
        ARROW_TYPE_MISMATCH.error([
            ("operation", self.eval_type.operation().to_owned()),
            ("outputTypes", names(expected)),
            ("actualDataTypes", names(actual)),
        ])
    }
}
