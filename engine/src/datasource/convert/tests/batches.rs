//! Record batches that the source made: passed through without a copy, and checked as PySpark and its worker check them.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use pyo3::types::PyAnyMethods;

use super::{Scene, with_python};
use crate::python::interpreter::PythonRuntime;

const SETUP: &str = r"
two = schema(T.IntegerType(), T.StringType())
def batch(fields, *columns):
    return pa.RecordBatch.from_arrays([pa.array(c, f.type) for c, f in zip(columns, fields)], schema=pa.schema(fields))
def good(*columns):
    return batch(arrow(two), *columns)
f = pa.field
one_two = good([1, 2], ['x', None])
struct = T.StructType([T.StructField('x', T.IntegerType()), T.StructField('y', T.ArrayType(T.StringType()))])
rich = schema(T.ArrayType(T.IntegerType()), T.MapType(T.StringType(), T.LongType()), struct, T.TimestampType(), T.DecimalType(10, 2), T.BooleanType())
rich_batch = batch(arrow(rich), [[1, None], None, []], [[('k', 1)], [], None], [{'x': 1, 'y': ['a', None]}, None, {'x': None, 'y': None}],
    [dt(2020, 1, 1, tzinfo=utc), None, dt(1, 1, 1, tzinfo=utc)], [D('1.25'), None, D('-1.00')], [True, None, False])
class Batch(pa.RecordBatch): pass
";

#[test]
fn batches_as_pyspark_takes_them() {
    with_python(|py| {
        if PythonRuntime::get().unwrap().spark_minor() < (4, 2) {
            // Older versions let batches of other types through to the JVM, which refuses most of them
            // (ARROW-LEGACY-TYPE): there PySpark's part alone is no measure.
            return;
        }
        let scene = Scene::new(py, SETUP);
        for (schema, batches) in [
            ("two", "iter([one_two])"),
            ("two", "iter([one_two, good([], []), good([3], ['z'])])"),
            ("two", "iter([good([], []), one_two])"),
            ("two", "iter([one_two.slice(1), one_two.slice(0, 1), one_two.slice(2)])"),
            ("two", "iter([one_two.replace_schema_metadata({'k': 'v'}), one_two])"),
            ("two", "pa.RecordBatchReader.from_batches(one_two.schema, [one_two, one_two])"),
            ("two", "fail_after([one_two], ValueError('boom'))"),
            ("two", "fail_after([], ValueError('boom'))"),
            ("two", "iter([batch([f('a', pa.int32())], [1])])"),
            ("two", "iter([batch([f('a', pa.int32()), f('b', pa.string()), f('c', pa.string())], [1], ['x'], ['y'])])"),
            ("two", "iter([batch([f('a', pa.int32()), f('c', pa.string())], [1], ['x'])])"),
            ("two", "iter([batch([f('b', pa.string()), f('a', pa.int32())], ['x'], [1])])"),
            ("two", "iter([batch([f('a', pa.int64()), f('b', pa.string())], [1], ['x'])])"),
            ("two", "iter([batch([f('a', pa.int32()), f('b', pa.large_string())], [1], ['x'])])"),
            ("two", "iter([batch([f('a', pa.int32()), f('b', pa.string_view())], [1], ['x'])])"),
            ("two", "iter([batch([f('a', pa.int32(), nullable=False), f('b', pa.string())], [1], ['x'])])"),
            ("two", "iter([pa.RecordBatch.from_pandas(pd.DataFrame({'a': [1], 'b': ['x']}))])"),
            ("schema(T.LongType(), nullable=False)", "iter([batch([f('a', pa.int64())], [1])])"),
            ("schema(T.LongType(), nullable=False)", "iter([batch([f('a', pa.int64(), nullable=False)], [1])])"),
            ("rich", "iter([rich_batch, rich_batch.slice(1), rich_batch.slice(2, 1), rich_batch.slice(1, 1)])"),
            ("schema(T.ArrayType(T.IntegerType()))", "iter([batch([f('a', pa.list_(pa.int32()))], [[1, None]])])"),
            (
                "schema(T.ArrayType(T.IntegerType(), False))",
                "iter([batch([f('a', pa.list_(f('item', pa.int32(), nullable=False)))], [[1]])])",
            ),
            (
                "schema(T.MapType(T.StringType(), T.IntegerType()))",
                "iter([batch([f('a', pa.map_(f('k', pa.string(), nullable=False), f('v', pa.int32())))], [[('k', 1)]])])",
            ),
            ("schema(T.TimestampType())", "iter([batch([f('a', pa.timestamp('us', 'UTC'))], [1])])"),
            ("schema(T.TimestampType())", "iter([batch([f('a', pa.timestamp('us', 'Europe/Paris'))], [1])])"),
            ("schema(T.TimestampType())", "iter([batch([f('a', pa.timestamp('ms', 'UTC'))], [1])])"),
            ("schema(T.DecimalType(10, 2))", "iter([batch([f('a', pa.decimal128(10, 3))], [D('1.5')])])"),
            ("schema(T.NullType())", "iter([batch([f('a', pa.null())], [None, None])])"),
            ("schema()", "iter([pa.RecordBatch.from_arrays([], schema=pa.schema([]))])"),
        ] {
            scene.check(schema, batches, 10);
        }
    });
}

#[test]
fn a_later_element_is_checked_as_the_worker_checks_it() {
    with_python(|py| {
        let scene = Scene::new(py, SETUP);
        for (batches, expected) in [
            (
                "iter([one_two, batch([f('a', pa.int64()), f('b', pa.string())], [1], ['x'])])",
                "'pyarrow.lib.ArrowInvalid', 'Tried to write record batch with different schema'",
            ),
            (
                "iter([one_two, batch([f('a', pa.int32(), nullable=False), f('b', pa.string())], [1], ['x'])])",
                "'pyarrow.lib.ArrowInvalid', 'Tried to write record batch with different schema'",
            ),
            (
                "iter([one_two, (1, 'x')])",
                "PySparkTypeError', '[UDF_RETURN_TYPE] Return type of the user-defined function should be iterator of \
                 pyarrow.RecordBatch, but is iterator of tuple.'",
            ),
            ("iter([one_two, None])", "but is iterator of NoneType."),
        ] {
            let answer = scene.ours("two", batches, 10).to_string();
            assert!(answer.contains(expected), "{answer}");
        }
    });
}

#[test]
fn nulls_and_names_that_the_jvm_refuses() {
    with_python(|py| {
        let scene = Scene::new(py, SETUP);
        let batches = "iter([batch([f('a', pa.int64(), nullable=False)], [1, 2]), batch([f('a', pa.int64(), \
                       nullable=False)], [3, None])])";
        let answer = scene.ours("schema(T.LongType(), nullable=False)", batches, 10).to_string();
        assert!(answer.contains("Row 4 of a partition has a null in column `a`"), "{answer}");
        scene.run("twice = T.StructType([T.StructField('a', T.LongType())] * 2)");
        let answer = scene.ours("twice", "iter([batch(arrow(twice), [1], [2])])", 10).to_string();
        assert!(answer.contains("two fields named `a`"), "{answer}");
    });
}

#[test]
fn the_values_are_not_copied() {
    with_python(|py| {
        let scene = Scene::new(
            py,
            r"
numbers = np.arange(100_000)
array = pa.array(numbers)
batch = pa.RecordBatch.from_arrays([array], ['a'])
address = array.buffers()[1].address
",
        );
        let mut reader = scene.reader("schema(T.LongType())", "iter([batch, batch.slice(5)])", 10).unwrap();
        let whole = reader.next_batch(py).unwrap().unwrap();
        let sliced = reader.next_batch(py).unwrap().unwrap();
        assert!(reader.next_batch(py).unwrap().is_none());
        let address: usize = scene.eval("address").extract().unwrap();
        assert_eq!(scene.eval("numbers.ctypes.data").extract::<usize>().unwrap(), address);
        let whole = whole.column(0).as_primitive::<Int64Type>();
        assert_eq!(whole.values().as_ptr() as usize, address);
        let sliced = sliced.column(0).as_primitive::<Int64Type>();
        assert_eq!(sliced.values().as_ptr() as usize, address + 40);
        assert_eq!((sliced.len(), sliced.value(0)), (99_995, 5));
    });
}
