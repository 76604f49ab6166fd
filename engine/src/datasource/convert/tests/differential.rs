//! Every type against every value.

use pyo3::types::PyAnyMethods;

use super::{Scene, with_python};

/// Types of one column, as expressions.
pub(super) const TYPES: &[&str] = &[
    "T.BooleanType()",
    "T.ByteType()",
    "T.ShortType()",
    "T.IntegerType()",
    "T.LongType()",
    "T.FloatType()",
    "T.DoubleType()",
    "T.DecimalType(10, 2)",
    "T.DecimalType(38, 18)",
    "T.DecimalType(38, 0)",
    "T.DecimalType(3, 3)",
    "T.StringType()",
    "T.BinaryType()",
    "T.DateType()",
    "T.TimestampType()",
    "T.TimestampNTZType()",
    "T.DayTimeIntervalType()",
    "T.TimeType(6)",
    "T.NullType()",
    "T.VariantType()",
    "T.YearMonthIntervalType()",
    "T.CalendarIntervalType()",
    "T.CharType(3)",
    "T.ArrayType(T.IntegerType())",
    "T.ArrayType(T.IntegerType(), False)",
    "T.ArrayType(T.StringType())",
    "T.ArrayType(T.DoubleType())",
    "T.ArrayType(T.ArrayType(T.LongType()))",
    "T.ArrayType(T.ArrayType(T.LongType()), False)",
    "T.ArrayType(T.ArrayType(T.LongType(), False))",
    "T.ArrayType(T.StructType([T.StructField('x', T.IntegerType()), T.StructField('y', T.StringType())]))",
    "T.ArrayType(T.NullType())",
    "T.MapType(T.StringType(), T.IntegerType())",
    "T.MapType(T.StringType(), T.IntegerType(), False)",
    "T.MapType(T.IntegerType(), T.ArrayType(T.IntegerType()))",
    "T.StructType([T.StructField('x', T.IntegerType()), T.StructField('y', T.StringType())])",
    "T.StructType([T.StructField('x', T.IntegerType(), False), T.StructField('y', T.ArrayType(T.IntegerType()))])",
    "T.StructType([T.StructField('x', T.StructType([T.StructField('z', T.DecimalType(5, 1), False)])), T.StructField('y', T.MapType(T.StringType(), T.StringType()))])",
];

/// Values, as expressions.
pub(super) const VALUES: &[&str] = &[
    "None",
    "True",
    "False",
    "0",
    "1",
    "-1",
    "5",
    "127",
    "128",
    "-128",
    "-129",
    "255",
    "32767",
    "32768",
    "-32769",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "2**24",
    "2**24 + 1",
    "-2**24 - 1",
    "2**53",
    "2**53 + 1",
    "-2**53",
    "-2**53 - 1",
    "2**60",
    "2**63 - 1",
    "2**63",
    "-2**63",
    "-2**63 - 1",
    "2**64",
    "10**40",
    "0.0",
    "-0.0",
    "1.0",
    "1.5",
    "1.9",
    "-1.9",
    "0.1",
    "1e40",
    "1e20",
    "1e-320",
    "float('nan')",
    "float('inf')",
    "float('-inf')",
    "D('1.5')",
    "D('1.555')",
    "D('1.005')",
    "D('1.015')",
    "D('-1.005')",
    "D('0')",
    "D('-0')",
    "D('0E+10')",
    "D('1E-19')",
    "D('1E+7')",
    "D('1E+8')",
    "D('99999999.99')",
    "D('99999999.994')",
    "D('99999999.995')",
    "D('100000000')",
    "D('3.5')",
    "D('.9995')",
    "D('.9994')",
    "D('NaN')",
    "D('sNaN')",
    "D('Infinity')",
    "D('-Infinity')",
    "D(1) / D(3)",
    "D('9' * 38)",
    "D('9' * 39)",
    "D('9' * 38 + '.5')",
    "D('1' * 60 + 'E-50')",
    "D('0.' + '0' * 60 + '1')",
    "D('12345678901234567890.123456789012345678')",
    "D('1E+999')",
    "''",
    "'x'",
    "'12'",
    "'true'",
    "'é'",
    "'\\U0001f600'",
    "'a\\0b'",
    "'\\ud800'",
    "'a' * 1000",
    "'2020-01-01'",
    "b''",
    "b'x'",
    "b'\\xff\\x00'",
    "bytearray(b'xy')",
    "memoryview(b'xy')",
    "datetime.date(2020, 1, 2)",
    "datetime.date(1, 1, 1)",
    "datetime.date(9999, 12, 31)",
    "datetime.date(1582, 10, 10)",
    "datetime.date(2000, 2, 29)",
    "datetime.date(1900, 3, 1)",
    "datetime.date(1969, 12, 31)",
    "dt(2020, 1, 2, 3, 4, 5, 678901)",
    "dt(1, 1, 1)",
    "dt(9999, 12, 31, 23, 59, 59, 999999)",
    "dt(1969, 12, 31, 23, 59, 59, 999999)",
    "dt(2020, 11, 1, 1, 30, fold=1)",
    "dt(2020, 3, 8, 2, 30)",
    "dt(2020, 1, 2, 3, 4, 5, tzinfo=utc)",
    "dt(1, 1, 1, tzinfo=utc)",
    "dt(9999, 12, 31, 23, 59, 59, tzinfo=utc)",
    "dt(2020, 1, 2, 3, tzinfo=datetime.timezone(td(hours=2)))",
    "dt(1, 1, 1, tzinfo=datetime.timezone(td(hours=2)))",
    "dt(9999, 12, 31, 23, tzinfo=datetime.timezone(-td(hours=2)))",
    "dt(2020, 1, 2, tzinfo=datetime.timezone(td(hours=2, seconds=7, microseconds=3)))",
    "dt(2020, 11, 1, 1, 30, fold=1, tzinfo=zoneinfo.ZoneInfo('America/Los_Angeles'))",
    "dt(2020, 3, 8, 2, 30, tzinfo=zoneinfo.ZoneInfo('America/Los_Angeles'))",
    "dt(1900, 1, 1, tzinfo=zoneinfo.ZoneInfo('America/Los_Angeles'))",
    "dt(2020, 1, 2, tzinfo=Odd())",
    "dt(2020, 1, 2, tzinfo=NoOffset())",
    "Stamp(2020, 1, 2, 3)",
    "Day(2020, 1, 2)",
    "td(days=1, microseconds=2)",
    "td(days=-1)",
    "td(0)",
    "td.max",
    "td.min",
    "td(days=106751991)",
    "td(days=106751992)",
    "datetime.time(1, 2, 3, 4)",
    "datetime.time(23, 59, 59, 999999)",
    "datetime.time(1, 2, tzinfo=utc)",
    "np.int8(3)",
    "np.int32(3)",
    "np.int64(3)",
    "np.int64(2**40)",
    "np.uint64(2**63)",
    "np.float32(1.5)",
    "np.float64(1.5)",
    "np.float64('nan')",
    "np.bool_(True)",
    "np.str_('x')",
    "np.bytes_(b'x')",
    "np.datetime64('2020-01-01')",
    "np.timedelta64(1, 'D')",
    "np.array([1, 2])",
    "np.array([1.5])",
    "np.array([[1], [2]])",
    "np.array(5)",
    "pd.Timestamp('2020-01-01 01:02:03')",
    "pd.Timestamp('2020-01-01', tz='UTC')",
    "pd.Timestamp('2020-01-01 00:00:00.000000001', tz='UTC')",
    "pd.NaT",
    "pd.NA",
    "pd.Timedelta(days=1)",
    "pd.Series([1, 2])",
    "pa.scalar(1)",
    "pa.scalar('x')",
    "Number.THREE",
    "Text('x')",
    "Int(4)",
    "Float(1.5)",
    "Bytes(b'x')",
    "Flag.ON",
    "Shouty('x')",
    "object",
    "lambda: 1",
    "Thing(x=1, y='q')",
    "Thing()",
    "Slotted()",
    "Raises()",
    "1j",
    "...",
    "range(3)",
    "iter([1, 2])",
    "(i for i in (1, 2))",
    "set()",
    "{1}",
    "frozenset({1})",
    "array.array('i', [1, 2])",
    "array.array('d', [1.5])",
    "collections.deque([1])",
    "[]",
    "[1, 2]",
    "[1, None]",
    "[None]",
    "[1.5]",
    "[True]",
    "['x']",
    "['x', None]",
    "['\\ud800']",
    "[[1], [2, 3]]",
    "[[1], None]",
    "[[None]]",
    "[(1,), (2,)]",
    "[[]]",
    "[(1, 'q')]",
    "[{'x': 1}]",
    "[[1, 'q']]",
    "[2**31]",
    "[b'x', 1]",
    "[{1}]",
    "['x' * 100] * 50",
    "()",
    "(1,)",
    "(1, 2)",
    "(1, 'q')",
    "('q', 1)",
    "(1, 'q', 2)",
    "(None, None)",
    "(1, None)",
    "(None, 'q')",
    "(1, [1, None])",
    "(1, (1, 2))",
    "([1],)",
    "((1,), {'k': 'v'})",
    "((D('1.25'),), {'k': None})",
    "((None,), {})",
    "(None, {})",
    "({'z': D('NaN')}, {})",
    "(b'x',)",
    "(1.5, 'q')",
    "(2**31, 'q')",
    "{}",
    "{'x': 1, 'y': 'q'}",
    "{'y': 'q'}",
    "{'x': None, 'y': None}",
    "{'x': 'bad'}",
    "{'x': 1, 'z': 2}",
    "{'k': 1}",
    "{'k': None}",
    "{1: 1}",
    "{None: 1}",
    "{'k': 'v'}",
    "{True: 2}",
    "{'k': 2**31}",
    "{'k': 1.5}",
    "{1: [1, 2]}",
    "{1: None}",
    "{1: (1, 2)}",
    "{1: [None]}",
    "{'1': [1]}",
    "{'\\ud800': 1}",
    "{'x': {'z': D('1.25')}, 'y': {'k': 'v'}}",
    "{'x': 1, 'y': [1, 2]}",
    "{'x': 1, 'y': (1, 2)}",
    "collections.OrderedDict(k=1)",
    "collections.defaultdict(int, k=1)",
    "collections.Counter('aab')",
    "{'a': None, 'b': True}",
    "{i: [i] for i in range(100)}",
    "Row(x=1, y='q')",
    "Row(y='q', x=1)",
    "Row(1, 'q')",
    "Row(x=1)",
    "Row('x', 'y')(1, 'q')",
    "Pair(1, 'q')",
    "Pair('q', 1)",
    "Strange((1, 'q'))",
    "Dict(k=1)",
    "List([1])",
    "List(['x'])",
    "VariantVal.parseJson('{\"a\": 1}')",
    "[VariantVal.parseJson('1')]",
];

pub(super) const SETUP: &str = r"
class Odd(datetime.tzinfo):
    def utcoffset(self, when): return td(hours=1)
    def dst(self, when): return None
    def tzname(self, when): return 'odd'
class NoOffset(datetime.tzinfo):
    def utcoffset(self, when): return None
    def dst(self, when): return None
class Stamp(datetime.datetime): pass
class Day(datetime.date): pass
class Number(enum.IntEnum): THREE = 3
class Text(str): pass
class Shouty(str):
    def __str__(self): return self.upper()
class Int(int): pass
class Float(float): pass
class Bytes(bytes): pass
class Dict(dict): pass
class List(list): pass
class Flag(enum.Enum): ON = 1
class Thing:
    def __init__(self, **fields): self.__dict__.update(fields)
    def __repr__(self): return 'Thing'
class Slotted:
    __slots__ = ()
    def __repr__(self): return 'Slotted'
class Raises:
    def __str__(self): raise StopIteration('no text')
Pair = collections.namedtuple('Pair', 'y x')
class Strange(tuple):
    def __getitem__(self, index): return 7
";

#[test]
fn every_value_in_a_column_of_every_type() {
    with_python(|py| {
        let scene = Scene::new(py, SETUP);
        // PySpark 4.0 has no TimeType.
        let has_time = scene.eval("hasattr(T, 'TimeType')").is_truthy().unwrap();
        for data_type in TYPES.iter().filter(|data_type| has_time || !data_type.contains("TimeType(")) {
            for value in VALUES {
                let schema = format!("schema({data_type})");
                scene.check(&schema, &format!("iter([({value},)])"), 10);
            }
        }
    });
}

#[test]
fn a_value_between_good_rows() {
    with_python(|py| {
        let scene = Scene::new(py, SETUP);
        for (data_type, good) in [
            ("T.LongType()", "7"),
            ("T.StringType()", "'good'"),
            ("T.DoubleType()", "1.25"),
            ("T.DecimalType(10, 2)", "D('1.25')"),
            ("T.TimestampType()", "dt(2020, 1, 1, tzinfo=utc)"),
            ("T.ArrayType(T.IntegerType())", "[1, None]"),
            ("T.ArrayType(T.StringType())", "['x', None]"),
            ("T.MapType(T.StringType(), T.IntegerType())", "{'k': None}"),
            ("T.StructType([T.StructField('x', T.IntegerType()), T.StructField('y', T.StringType())])", "(1, 'q')"),
        ] {
            for value in VALUES {
                let schema = format!("schema(T.IntegerType(), {data_type}, T.StringType())");
                let rows = format!(
                    "iter([(1, {good}, 'é'), (2, None, 'b'), (3, {value}, 'c'), (4, {good}, None), (5, {good}, 'e')])"
                );
                scene.check(&schema, &rows, 3);
                scene.check(&schema, &rows, 10);
            }
        }
    });
}
