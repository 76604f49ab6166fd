//! Sources that keep filters: their text, and that they keep what Spark would.

use rstest::rstest;

use super::{case, python};

#[test]
fn a_source_that_keeps_some_filters() {
    let case = case(
        "source: {schema: 'id int, name string', accepts: [EqualTo, In], rows: [[1, a], [null, b]]}\n\
         calls: [push_filters]",
    );
    insta::assert_snapshot!(case.python, @r#"
    from pyspark.sql import datasource
    from pyspark.sql.datasource import DataSource, DataSourceReader

    COLUMNS = ["id", "name"]


    class Source(DataSource):
        @classmethod
        def name(cls):
            return "source"

        def schema(self):
            return "id int, name string"

        def reader(self, schema):
            return SourceReader()


    class SourceReader(DataSourceReader):
        def __init__(self):
            self.filters = []

        def pushFilters(self, filters):
            record_call("push_filters", filters=[repr(f) for f in filters])
            for f in filters:
                if isinstance(f, (datasource.EqualTo, datasource.In)):
                    self.filters.append(f)
                else:
                    yield f

        def read(self, partition):
            for row in self.rows(partition):
                if all(holds(f, row) for f in self.filters):
                    yield row

        def rows(self, partition):
            yield (1, "a")
            yield (None, "b")


    def holds(f, row):
        """Tell whether a filter holds for a row: True, False, or None where SQL has null."""
        value = row[COLUMNS.index(f.attribute[0])]
        if value is None:
            return None
        if isinstance(f, datasource.EqualTo):
            return value == f.value
        if isinstance(f, datasource.In):
            if value in f.value:
                return True
            return None if None in f.value else False
        raise TypeError(f"this source does not know {f!r}")
    "#);
}

#[test]
fn a_source_that_returns_all_filters() {
    let case = case("source: {schema: id int, accepts: [], rows: [[1]]}");
    insta::assert_snapshot!(case.python, @r#"
    from pyspark.sql.datasource import DataSource, DataSourceReader


    class Source(DataSource):
        @classmethod
        def name(cls):
            return "source"

        def schema(self):
            return "id int"

        def reader(self, schema):
            return SourceReader()


    class SourceReader(DataSourceReader):
        def pushFilters(self, filters):
            return filters

        def read(self, partition):
            yield (1,)
    "#);
}

#[test]
fn a_source_whose_push_filters_raises() {
    let case = case(
        "source: {schema: id int, accepts: all, rows: [[1]], raises: {in: push_filters, type: ValueError, message: boom}}\n\
         calls: [push_filters]",
    );
    insta::assert_snapshot!(case.python, @r#"
    from pyspark.sql.datasource import DataSource, DataSourceReader


    class Source(DataSource):
        @classmethod
        def name(cls):
            return "source"

        def schema(self):
            return "id int"

        def reader(self, schema):
            return SourceReader()


    class SourceReader(DataSourceReader):
        def pushFilters(self, filters):
            record_call("push_filters", filters=[repr(f) for f in filters])
            raise ValueError("boom")

        def read(self, partition):
            yield (1,)
    "#);
}

#[test]
fn what_the_types_need_is_written() {
    let case = case(
        "source:\n  schema: 's struct<x: float, t: timestamp>, d double'\n  accepts: all\n  yields: rows\n  rows: []",
    );
    insta::assert_snapshot!(case.python, @r#"
    import datetime
    import struct

    from pyspark.sql import datasource
    from pyspark.sql.datasource import DataSource, DataSourceReader

    FIELDS = {
        ("s",): ["s"],
        ("s", "x"): ["s", 0],
        ("s", "t"): ["s", 1],
        ("d",): ["d"],
    }


    class Source(DataSource):
        @classmethod
        def name(cls):
            return "source"

        def schema(self):
            return "s struct<x: float, t: timestamp>, d double"

        def reader(self, schema):
            return SourceReader()


    class SourceReader(DataSourceReader):
        def __init__(self):
            self.filters = []

        def pushFilters(self, filters):
            self.filters = list(filters)
            return []

        def read(self, partition):
            for row in self.rows(partition):
                if all(holds(f, row) for f in self.filters):
                    yield row

        def rows(self, partition):
            yield from ()


    def holds(f, row):
        """Tell whether a filter holds for a row: True, False, or None where SQL has null."""
        if isinstance(f, datasource.Not):
            held = holds(f.child, row)
            return None if held is None else not held
        value = value_of(row, f.attribute)
        if isinstance(f, datasource.IsNull):
            return value is None
        if isinstance(f, datasource.IsNotNull):
            return value is not None
        if f.attribute in [("s", "t")] and value is not None:
            value = value.astimezone(datetime.timezone.utc)
        if f.attribute in [("s", "x")] and value is not None:
            value = struct.unpack("f", struct.pack("f", value))[0]
        if isinstance(f, datasource.EqualNullSafe):
            return key(value) == key(f.value)
        if value is None:
            return None
        if isinstance(f, datasource.EqualTo):
            return key(value) == key(f.value)
        if isinstance(f, datasource.GreaterThan):
            return key(value) > key(f.value)
        if isinstance(f, datasource.GreaterThanOrEqual):
            return key(value) >= key(f.value)
        if isinstance(f, datasource.LessThan):
            return key(value) < key(f.value)
        if isinstance(f, datasource.LessThanOrEqual):
            return key(value) <= key(f.value)
        if isinstance(f, datasource.In):
            if key(value) in [key(item) for item in f.value]:
                return True
            return None if None in f.value else False
        if isinstance(f, datasource.StringStartsWith):
            return value.startswith(f.value)
        if isinstance(f, datasource.StringEndsWith):
            return value.endswith(f.value)
        if isinstance(f, datasource.StringContains):
            return f.value in value
        raise TypeError(f"this source does not know {f!r}")


    def value_of(row, attribute):
        """Find the value of a column, or of a field inside of it."""
        value = row
        for position in FIELDS[attribute]:
            if isinstance(value, dict):
                value = list(value.values())
            value = None if value is None else value[position]
        return value


    def key(value):
        """Make values compare as in SQL, where NaN equals itself and is the greatest."""
        if isinstance(value, float):
            return (True, 0.0) if value != value else (False, value)
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            return [key(item) for item in value]
        return value
    "#);
}

/// The rows of which the filters hold, in a source that keeps whatever it is offered.
fn kept(source: &str, filters: &str) -> String {
    let case = case(&format!("source: {{accepts: all, {source}}}"));
    let program = r"
import datetime, decimal, json, sys
from pyspark.sql.datasource import *
namespace = {'record_call': lambda *_, **__: None}
text, filters = json.load(sys.stdin)
exec(text, namespace)
reader = namespace['Source'](options={}).reader(None)
assert list(reader.pushFilters(eval(filters))) == []
for row in reader.read(None):
    print(*(row.to_pylist() if hasattr(row, 'to_pylist') else [row]), sep=';', end=';')
";
    python(program, &[&case.python, filters])
}

const NUMBERS: &str = "schema: 'd double', rows: [[-0.0], [.nan], [null], [.inf], [1.5]]";
const TIMES: &str = "schema: 't timestamp, n timestamp_ntz', rows: [['2020-01-01 00:00:00', '2020-01-01 00:00:00'], ['2020-01-01T00:00:00+01:00', null]]";
const UTC: &str = "datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)";
const STRUCTS: &str = "schema: 's struct<x: int, y: struct<z: string>>, a array<double>', rows: [[[1, [q]], [.nan]], [{x: 2, y: {z: q}}, [0.0]], [null, null]]";

#[rstest]
#[case(NUMBERS, "EqualTo(('d',), 0.0)", "(-0.0,);")]
#[case(NUMBERS, "EqualTo(('d',), float('nan'))", "(nan,);")]
#[case(NUMBERS, "GreaterThan(('d',), float('inf'))", "(nan,);")]
#[case(NUMBERS, "LessThanOrEqual(('d',), float('inf'))", "(-0.0,);(inf,);(1.5,);")]
#[case(NUMBERS, "Not(EqualTo(('d',), 0.0))", "(nan,);(inf,);(1.5,);")]
#[case(NUMBERS, "Not(EqualNullSafe(('d',), 0.0))", "(nan,);(None,);(inf,);(1.5,);")]
#[case(NUMBERS, "IsNull(('d',))", "(None,);")]
#[case(NUMBERS, "In(('d',), [float('nan'), 0.0, None])", "(-0.0,);(nan,);")]
#[case(NUMBERS, "Not(In(('d',), [1.5, None]))", "")]
#[case("schema: 'f float', rows: [[0.1]]", "EqualTo(('f',), 0.10000000149011612)", "(0.1,);")]
#[case("schema: 's string', rows: [[ab], ['\\uFF5E'], ['😀']]", "GreaterThan(('s',), '\\uff5e')", "('😀',);")]
#[case("schema: 's string', rows: [[ab], [ba], [null]]", "Not(StringStartsWith(('s',), 'a'))", "('ba',);")]
#[case("schema: 's string', yields: rows, rows: [{s: ab}]", "StringContains(('s',), 'b')", "Row(s='ab');")]
#[case("schema: 'b binary', rows: [['00ff'], ['01']]", "LessThan(('b',), b'\\x01')", "(b'\\x00\\xff',);")]
#[case(
    TIMES,
    "EqualTo(('n',), datetime.datetime(2020, 1, 1)), IsNotNull(('t',))",
    "(datetime.datetime(2020, 1, 1, 0, 0), datetime.datetime(2020, 1, 1, 0, 0));"
)]
#[case(STRUCTS, "EqualTo(('s', 'y', 'z'), 'q'), GreaterThan(('s', 'x'), 1)", "({'x': 2, 'y': {'z': 'q'}}, [0.0]);")]
#[case(STRUCTS, "EqualTo(('s',), {'x': 1, 'y': {'z': 'q'}})", "((1, ('q',)), [nan]);")]
#[case(STRUCTS, "EqualTo(('a',), [float('nan')])", "((1, ('q',)), [nan]);")]
#[case(
    "schema: 'i int, s string', yields: batches, rows: [[1, a], [2, null]]",
    "IsNull(('s',))",
    "{'i': 2, 's': None};"
)]
fn filters_mean_what_they_mean_to_spark(#[case] source: &str, #[case] filters: &str, #[case] rows: &str) {
    assert_eq!(kept(source, &format!("[{filters}]")), rows);
}

#[test]
fn an_instant_is_compared_as_such() {
    let rows = kept(TIMES, &format!("[LessThan(('t',), {UTC})]"));
    assert_eq!(
        rows,
        "(datetime.datetime(2020, 1, 1, 0, 0, tzinfo=datetime.timezone(datetime.timedelta(seconds=3600))), None);"
    );
}
