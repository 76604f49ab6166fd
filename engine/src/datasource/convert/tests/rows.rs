//! What an element may be, in which order errors are found, and what of a row may change before PySpark looks at it.

use std::sync::Arc;

use pyo3::types::PyAnyMethods;

use super::{BatchReader, Scene, read_spec, with_python};

const SETUP: &str = r"
two = schema(T.IntegerType(), T.StringType())
good = (1, 'x')
Pair = collections.namedtuple('Pair', 'b a')
Third = collections.namedtuple('Third', 'b a c')
class Strange(tuple):
    def __getitem__(self, index): return 7
class Long(tuple):
    def __len__(self): return 3
class SubRow(Row): pass
class List(list): pass
def with_fields(row, fields):
    row.__fields__ = fields
    return row
class Counter:
    def __init__(self, rows): self.rows = list(rows)
    def __iter__(self): return self
    def __next__(self):
        if not self.rows: raise StopIteration
        return self.rows.pop(0)
class Other(Counter):
    def __iter__(self): return iter([(8, 'from iter'), (9, 'y')])
class BadIter(Counter):
    def __iter__(self): raise ValueError('no iter')
class NotIterator(Counter):
    def __iter__(self): return 5
class Virtual: pass
collections.abc.Iterator.register(Virtual)
class Revived(Counter):
    def __next__(self):
        row = super().__next__()
        if row is None: raise StopIteration
        return row
batch = pa.RecordBatch.from_arrays([pa.array([1], pa.int32()), pa.array(['x'])], schema=arrow(two))
double = pa.RecordBatch.from_arrays([pa.array([1, 2], pa.int32()), pa.array(['x', 'y'])], schema=arrow(two))
";

#[test]
fn every_kind_of_element() {
    with_python(|py| {
        let scene = Scene::new(py, SETUP);
        for element in [
            "(2, 'y')",
            "[2, 'y']",
            "Row(a=2, b='y')",
            "Row(b='y', a=2)",
            "Row('b', 'a')('y', 2)",
            "Row(2, 'y')",
            "Row('y', 2)",
            "Row(a=2, c='y')",
            "Row(A=2, b='y')",
            "Row(a=2)",
            "Row(a=2, b='y', c=3)",
            "Row()",
            "with_fields(Row(2, 'y'), ['a', 'a'])",
            "with_fields(Row(2, 'y'), ['a', 'b', 'a'])",
            "with_fields(Row(2, 'y'), ('b', 'a'))",
            "with_fields(Row('y', 2), ('b', 'a'))",
            "with_fields(Row(2, 'y'), {'a': 0, 'b': 1})",
            "with_fields(Row(2, 'y'), 'ab')",
            "with_fields(Row(2, 'y'), None)",
            "SubRow(a=2, b='y')",
            "SubRow(b='y', a=2)",
            "SubRow(2, 'y')",
            "Pair(2, 'y')",
            "Pair('y', 2)",
            "Third(1, 'y', 3)",
            "Strange((2, 'y'))",
            "Long((2, 'y'))",
            "List([2, 'y'])",
            "()",
            "(1,)",
            "(1, 'y', 3)",
            "[]",
            "[1]",
            "5",
            "None",
            "{1, 2}",
            "{1}",
            "np.array([1, 2])",
            "np.array([[1, 2]])",
            "range(2)",
            "pd.DataFrame({'a': [1, 2]})",
            "{'a': 1, 'b': 'x'}",
            "{'a': 1}",
            "'ab'",
            "'abc'",
            "b'ab'",
            "batch",
            "double",
            "pa.Table.from_batches([batch])",
            "object",
            "lambda: 1",
            "iter([1, 2])",
            "(2**31, 'y')",
            "(None, None)",
        ] {
            for rows in [
                format!("iter([good, {element}, good])"),
                format!("iter([good, good, {element}, good, (1.5, 'fallback'), good, good])"),
                format!("iter([good, good, good, {element}])"),
                format!("iter([(1.5, 'fallback'), {element}, good])"),
                format!("fail_after([good, {element}], ValueError('boom'))"),
                format!("fail_after([good, {element}, good], ValueError('boom'))"),
            ] {
                for batch_size in [1, 2, 3, 100] {
                    scene.check("two", &rows, batch_size);
                }
            }
            if !matches!(element, "batch" | "double") {
                scene.check("two", &format!("iter([{element}])"), 10);
            }
        }
    });
}

/// The other tests would hold if PySpark did everything. Here it can do nothing: it gets no schema.
#[test]
fn common_values_do_not_go_through_pyspark() {
    with_python(|py| {
        let scene = Scene::new(py, SETUP);
        for (data_type, values) in [
            ("T.BooleanType()", "True, False, None"),
            ("T.ByteType()", "-128, 127, None"),
            ("T.ShortType()", "-2**15, 2**15 - 1"),
            ("T.IntegerType()", "-2**31, 2**31 - 1"),
            ("T.LongType()", "-2**63, 2**63 - 1"),
            ("T.FloatType()", "0.1, 1e40, float('nan'), 2**24"),
            ("T.DoubleType()", "0.1, -0.0, float('nan'), 2**53, -2**53"),
            ("T.DecimalType(10, 2)", "D('1.005'), D('NaN'), D('-0'), D('1E+7')"),
            ("T.StringType()", "'', 'é', None"),
            ("T.BinaryType()", "b'', bytearray(b'x')"),
            ("T.DateType()", "datetime.date(1, 1, 1), datetime.date.max"),
            ("T.TimestampType()", "dt(2020, 1, 1), dt(1, 1, 1, tzinfo=utc), dt.max.replace(tzinfo=utc)"),
            ("T.TimestampNTZType()", "dt.min, dt.max"),
            ("T.DayTimeIntervalType()", "td(days=-1, microseconds=1)"),
            ("T.NullType()", "None"),
            ("T.ArrayType(T.StringType())", "[], ['x', None], None"),
            ("T.ArrayType(T.IntegerType())", "[1, None], (1, 2)"),
            ("T.MapType(T.StringType(), T.ArrayType(T.IntegerType()))", "{}, {'k': [1]}, {'k': None}"),
            ("T.StructType([T.StructField('x', T.IntegerType())])", "(1,), {'x': 1}, {}, Row(1), Row(x=1), None"),
        ] {
            for row in ["(v,)", "[v]", "Row(a=v)", "Row(v)", "One(v)"] {
                let spec = Arc::new(read_spec(&scene.eval(&format!("schema({data_type})")), 10));
                scene.run("One = collections.namedtuple('One', 'z')");
                let rows = scene.eval(&format!("({row} for v in [{values}])"));
                let mut reader =
                    BatchReader::try_new(py, rows, spec, scene.eval("source"), scene.eval("None")).unwrap();
                let batch = reader.next_batch(py).unwrap_or_else(|error| panic!("{data_type} {row}: {error}"));
                assert_eq!(
                    batch.unwrap().num_rows(),
                    scene.eval(&format!("len([{values}])")).extract::<usize>().unwrap()
                );
            }
        }
    });
}

#[test]
fn every_kind_of_iterator() {
    with_python(|py| {
        let scene = Scene::new(py, SETUP);
        for rows in [
            "iter([])",
            "iter([good] * 7)",
            "iter(((i, 'x') for i in range(7)))",
            "zip(range(7), 'abcdefg')",
            "zip([[1], [2]], 'ab')",
            "map(lambda i: [i, 'x'], range(7))",
            "enumerate('abcdefg')",
            "Counter([good] * 7)",
            "Counter([])",
            "Other([good, good])",
            "BadIter([good, good])",
            "BadIter([])",
            "NotIterator([good, good])",
            "Virtual()",
            "Revived([good, good, None, good])",
            "Revived([None, good])",
            "fail_after([], ValueError('boom'))",
            "fail_after([good] * 5, ValueError('boom'))",
            "fail_after([good] * 5, SystemExit(2))",
            "fail_after([good] * 5, KeyboardInterrupt())",
            "fail_after([good] * 5, StopIteration('x'))",
            "fail_after([], StopIteration('x'))",
            "Counter([good, good, (1, object)])",
        ] {
            for batch_size in [1, 2, 3, 100] {
                scene.check("two", rows, batch_size);
            }
        }
    });
}

#[test]
fn a_mutable_object_is_read_when_the_batch_is_complete() {
    with_python(|py| {
        let scene = Scene::new(
            py,
            r"
def one_list():
    row = [0, 'x']
    for i in range(7):
        row[0] = i
        yield row
def growing_list():
    row = []
    for i in range(4):
        row.append(i)
        yield row
        row.append('y')
        if i == 1: row = []
def kept_lists():
    rows = [[i, 'x'] for i in range(7)]
    yield from rows
def changed_later():
    row = [1, 'x']
    yield row
    row[1] = 5.5
    yield (2, 'z')
def nested(value, change):
    for i in range(5):
        yield (i, value)
        change(value, i)
def in_a_shared_tuple():
    row = (1, [1])
    for i in range(5):
        yield row
        row[1].append(i)
def in_a_shared_struct():
    inner = ([1],)
    for i in range(5):
        yield (i, inner)
        inner[0].append(i)
def of_lists():
    inner = [1]
    for i in range(5):
        yield (i, [inner])
        inner.append(i)
def then_bad():
    row = [0, 'x']
    for i in range(7):
        row[0] = i if i < 5 else 'bad'
        yield row
int_and = lambda t: schema(T.IntegerType(), t)
ints = T.ArrayType(T.IntegerType())
",
        );
        for (schema, rows) in [
            ("int_and(T.StringType())", "one_list()"),
            ("int_and(T.StringType())", "growing_list()"),
            ("int_and(T.StringType())", "kept_lists()"),
            ("int_and(T.StringType())", "changed_later()"),
            ("int_and(T.StringType())", "then_bad()"),
            ("int_and(ints)", "nested([1], lambda value, i: value.append(i))"),
            ("int_and(ints)", "nested([1], lambda value, i: value.append('bad'))"),
            ("int_and(T.BinaryType())", "nested(bytearray(b'x'), lambda value, i: value.append(i))"),
            (
                "int_and(T.MapType(T.StringType(), T.IntegerType()))",
                "nested({}, lambda value, i: value.update({str(i): i}))",
            ),
            (
                "int_and(T.StructType([T.StructField('x', T.IntegerType())]))",
                "nested({}, lambda value, i: value.update(x=i))",
            ),
            ("int_and(ints)", "in_a_shared_tuple()"),
            ("int_and(T.StructType([T.StructField('x', ints)]))", "in_a_shared_struct()"),
            ("int_and(T.ArrayType(ints))", "of_lists()"),
        ] {
            for batch_size in [1, 2, 3, 100] {
                scene.check(schema, rows, batch_size);
            }
        }
        assert!(scene.check("int_and(T.StringType())", "one_list()", 7).contains("[6, 6, 6, 6, 6, 6, 6]"));
    });
}

#[test]
fn types_that_arrow_lacks_fail_before_the_first_row() {
    with_python(|py| {
        let scene = Scene::new(py, SETUP);
        for data_type in ["T.YearMonthIntervalType()", "T.CalendarIntervalType()", "T.CharType(3)"] {
            let answer = scene.check(&format!("schema({data_type})"), "fail_after([], ValueError('never raised'))", 10);
            assert!(answer.contains("UNSUPPORTED_DATA_TYPE_FOR_ARROW_CONVERSION"), "{answer}");
        }
    });
}

#[test]
fn a_schema_without_columns_has_no_rows() {
    with_python(|py| {
        let scene = Scene::new(py, SETUP);
        scene.check("schema()", "iter([(), (), ()])", 2);
        scene.check("schema()", "iter([(), (1,)])", 2);
    });
}

#[test]
fn what_is_no_iterator_is_refused() {
    with_python(|py| {
        let scene = Scene::new(py, SETUP);
        for (output, name) in
            [("[good]", "list"), ("(good,)", "tuple"), ("None", "NoneType"), ("'x'", "str"), ("batch", "RecordBatch")]
        {
            let answer = scene.ours("two", output, 10).to_string();
            let expected = format!(
                "[DATA_SOURCE_INVALID_RETURN_TYPE] Unsupported return type ('{name}') from Python data source 'src'. \
                 Expected types: iterator."
            );
            assert!(answer.contains("PySparkRuntimeError") && answer.contains(&expected), "{answer}");
        }
    });
}

#[test]
fn a_null_in_a_column_without_nulls_names_column_and_row() {
    with_python(|py| {
        let scene = Scene::new(py, "strict = schema(T.IntegerType(), T.StringType(), nullable=False)");
        for rows in [
            "iter([(1, 'x')] * 4 + [(5, None), (6, 'x')])",
            "iter([(1, 'x')] * 4 + [(5, None), (6.5, 'x')])",
            "iter([(1, 'x'), (1.5, 'x'), (1, 'x'), (1, 'x'), (5.5, None)])",
        ] {
            for batch_size in [1, 2, 5, 100] {
                let answer = scene.ours("strict", rows, batch_size).to_string();
                assert!(answer.contains("Row 5 of a partition has a null in column `b`"), "{answer}");
            }
        }
        // PySpark takes the whole batch and converts it before the JVM meets the null.
        let answer = scene.ours("strict", "fail_after([(None, 'x')], ValueError('boom'))", 10).to_string();
        assert!(answer.contains("boom"), "{answer}");
        let answer = scene.ours("strict", "iter([(None, 'x'), ('bad', 'x')])", 10).to_string();
        assert!(answer.contains("ArrowInvalid"), "{answer}");
        let answer = scene.ours("strict", "iter([(None, 'x'), ('bad', 'x')])", 1).to_string();
        assert!(answer.contains("Row 1 of"), "{answer}");
    });
}

#[test]
fn a_name_that_comes_twice_is_an_error_of_its_own() {
    with_python(|py| {
        let scene = Scene::new(
            py,
            r"
a = T.StructField('a', T.IntegerType())
twice = T.StructType([a, a])
nested = schema(T.ArrayType(T.StructType([a, a])))
",
        );
        for (schema, rows) in [("twice", "iter([(1, 2)])"), ("nested", "iter([([(1, 2)],)])")] {
            let answer = scene.ours(schema, rows, 10).to_string();
            assert!(answer.contains("two fields named `a`"), "{answer}");
            scene.check(schema, "iter([])", 10);
            scene.check(schema, "iter([(1,)])", 10);
        }
    });
}

/// The zone of this process, whatever it is; the test below sets it.
#[test]
fn naive_timestamps() {
    with_python(|py| {
        let scene = Scene::new(py, "");
        for value in [
            "dt(2020, 1, 1, 12)",
            "dt(2020, 3, 8, 2, 30)",
            "dt(2020, 11, 1, 1, 30)",
            "dt(2020, 11, 1, 1, 30, fold=1)",
            "dt(1900, 1, 1)",
            "dt(1, 1, 1)",
            "dt.max",
        ] {
            let answer = scene.check("schema(T.TimestampType())", &format!("iter([({value},)])"), 10);
            if value == "dt(2020, 1, 1, 12)" {
                println!("{answer}");
            }
        }
    });
}

#[test]
fn the_zone_of_the_process_decides_for_naive_timestamps() {
    // The zone belongs to the whole process, in which other tests run: each zone gets a process of its own.
    let test = format!("{}::naive_timestamps", module_path!().split_once("::").unwrap().1);
    for (zone, expected) in [("America/Los_Angeles", "2020, 1, 1, 20, 0"), ("Asia/Kathmandu", "2020, 1, 1, 6, 15")] {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &test, "--nocapture"])
            .env("TZ", zone)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains(expected), "{zone}: {text}");
    }
}
