//! What the generated modules look like, and that Python compiles and runs them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use rstest::rstest;

use crate::case::{Case, load, load_text};

mod filters;

fn case(yaml: &str) -> Case {
    let text = format!("feature: f\ncases:\n  - name: a\n    {}\n", yaml.trim().replace('\n', "\n    "));
    let mut suite = load_text(Path::new("x.yaml"), "read/x", &text);
    if let Some(problem) = suite.diagnostics.first() {
        panic!("{problem}");
    }
    suite.cases.remove(0)
}

/// Runs a Python program, the texts on its standard input as JSON.
fn python(program: &str, texts: &[&str]) -> String {
    let mut child = Command::new(env!("SEATRIAL_BUILD_PYTHON"))
        .args(["-c", program])
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(serde_json::to_string(texts).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// What `read` yields in each partition, and the calls that were recorded.
fn run(case: &Case) -> String {
    let program = r"
import json, sys
calls = []
namespace = {'record_call': lambda callback, **details: calls.append({'call': callback, **details})}
exec(json.load(sys.stdin)[0], namespace)
try:
    source = namespace['Source'](options={})
    try:
        print('schema', repr(source.schema()))
        from pyspark.sql.types import StructType
        reader = source.reader(schema=StructType())
    except NotImplementedError:
        reader = source.reader(schema=None)
    try:
        partitions = reader.partitions()
    except NotImplementedError:
        partitions = [None]
    for partition in partitions:
        print(getattr(partition, 'value', None), end=':')
        for row in reader.read(partition):
            print('', row.to_pylist() if hasattr(row, 'to_pylist') else repr(row), end='')
        print()
except Exception as error:
    print('', type(error).__name__, error)
print(*calls, sep='\n', end='')
";
    python(program, &[&case.python])
}

#[test]
fn tuples_of_a_default_partition() {
    let case = case("source: {schema: 'id int, name string', rows: [[1, a], [2, null]]}");
    insta::assert_snapshot!(case.python, @r#"
    from pyspark.sql.datasource import DataSource, DataSourceReader


    class Source(DataSource):
        @classmethod
        def name(cls):
            return "source"

        def schema(self):
            return "id int, name string"

        def reader(self, schema):
            return SourceReader()


    class SourceReader(DataSourceReader):
        def read(self, partition):
            yield (1, "a")
            yield (2, None)
    "#);
    insta::assert_snapshot!(run(&case), @r"
    schema 'id int, name string'
    None: (1, 'a') (2, None)
    ");
}

#[test]
fn partitions_and_calls() {
    let case = case(
        "source:\n  name: My Source\n  schema: id int\n  partitions: [[[1], [2]], [], [[3]]]\n\
         calls: [init, schema, reader, partitions, read]",
    );
    insta::assert_snapshot!(case.python, @r#"
    from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition


    class Source(DataSource):
        @classmethod
        def name(cls):
            return "My Source"

        def __init__(self, options):
            record_call("init")
            super().__init__(options)

        def schema(self):
            record_call("schema")
            return "id int"

        def reader(self, schema):
            record_call("reader", schema=schema.fieldNames())
            return SourceReader()


    class SourceReader(DataSourceReader):
        def partitions(self):
            record_call("partitions", count=3)
            return [InputPartition(0), InputPartition(1), InputPartition(2)]

        def read(self, partition):
            record_call("read", partition=getattr(partition, "value", None))
            if partition.value == 0:
                yield (1,)
                yield (2,)
            elif partition.value == 2:
                yield (3,)
    "#);
    insta::assert_snapshot!(run(&case), @r"
    schema 'id int'
    0: (1,) (2,)
    1:
    2: (3,)
    {'call': 'init'}
    {'call': 'schema'}
    {'call': 'reader', 'schema': []}
    {'call': 'partitions', 'count': 3}
    {'call': 'read', 'partition': 0}
    {'call': 'read', 'partition': 1}
    {'call': 'read', 'partition': 2}
    ");
}

#[test]
fn record_batches() {
    let case = case(
        "source:\n  schema: id int not null, tags array<string>, at timestamp\n  yields: batches\n  batch_rows: 2\n  \
         rows: [[1, [a], '2024-02-29 12:00:00'], [2, null, null], [3, [], null]]",
    );
    insta::assert_snapshot!(case.python, @r#"
    import datetime

    import pyarrow as pa
    from pyspark.sql.datasource import DataSource, DataSourceReader

    ARROW_SCHEMA = pa.schema(
        [
            pa.field("id", pa.int32(), nullable=False),
            pa.field("tags", pa.list_(pa.field("element", pa.string()))),
            pa.field("at", pa.timestamp("us", tz="UTC")),
        ]
    )


    class Source(DataSource):
        @classmethod
        def name(cls):
            return "source"

        def schema(self):
            return "id int not null, tags array<string>, at timestamp"

        def reader(self, schema):
            return SourceReader()


    class SourceReader(DataSourceReader):
        def read(self, partition):
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array([1, 2], type=pa.int32()),
                    pa.array([["a"], None], type=pa.list_(pa.field("element", pa.string()))),
                    pa.array([datetime.datetime(2024, 2, 29, 12, 0), None], type=pa.timestamp("us", tz="UTC")),
                ],
                schema=ARROW_SCHEMA,
            )
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array([3], type=pa.int32()),
                    pa.array([[]], type=pa.list_(pa.field("element", pa.string()))),
                    pa.array([None], type=pa.timestamp("us", tz="UTC")),
                ],
                schema=ARROW_SCHEMA,
            )
    "#);
    insta::assert_snapshot!(run(&case), @r"
    schema 'id int not null, tags array<string>, at timestamp'
    None: [{'id': 1, 'tags': ['a'], 'at': datetime.datetime(2024, 2, 29, 12, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC'))}, {'id': 2, 'tags': None, 'at': None}] [{'id': 3, 'tags': [], 'at': None}]
    ");
}

#[test]
fn every_type_has_its_literal() {
    let case = case(
        r#"source:
  schema: |
    a boolean, b tinyint, c double, d decimal(10,2), e string, f binary, g date, h timestamp, i timestamp_ntz,
    j interval day to second, k array<int>, l map<string, int>, m struct<x: int, y: string>, n map<array<int>, int>
  rows:
    - [true, -1, .nan, "1.50", "é\"\n", "00ff", "2024-02-29", "2024-02-29T12:00:00+02:00", "2024-02-29 12:00:00.5",
       "1 02:03:04.5", [1, null], {x: 1}, [1, a], [[[1], 2]]]
    - [null, {py: "b'x'"}, 1, {py: decimal.Decimal(1)}, {py: np.str_("x")}, "", null, null, null,
       null, null, [[x, 1]], {y: z}, null]"#,
    );
    insta::assert_snapshot!(case.python, @r#"
    import datetime
    import decimal

    import numpy as np
    from pyspark.sql.datasource import DataSource, DataSourceReader


    class Source(DataSource):
        @classmethod
        def name(cls):
            return "source"

        def schema(self):
            return "a boolean, b tinyint, c double, d decimal(10,2), e string, f binary, g date, h timestamp, i timestamp_ntz,\nj interval day to second, k array<int>, l map<string, int>, m struct<x: int, y: string>, n map<array<int>, int>\n"

        def reader(self, schema):
            return SourceReader()


    class SourceReader(DataSourceReader):
        def read(self, partition):
            yield (
                True,
                -1,
                float("nan"),
                decimal.Decimal("1.50"),
                "é\"\n",
                bytes.fromhex("00ff"),
                datetime.date(2024, 2, 29),
                datetime.datetime(2024, 2, 29, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
                datetime.datetime(2024, 2, 29, 12, 0, 0, 500000),
                datetime.timedelta(days=1, hours=2, minutes=3, seconds=4, microseconds=500000),
                [1, None],
                {"x": 1},
                (1, "a"),
                {(1,): 2},
            )
            yield (
                None,
                b'x',
                1.0,
                decimal.Decimal(1),
                np.str_("x"),
                b"",
                None,
                None,
                None,
                None,
                None,
                {"x": 1},
                {"y": "z"},
                None,
            )
    "#);
    insta::assert_snapshot!(run(&case), @r#"
    schema 'a boolean, b tinyint, c double, d decimal(10,2), e string, f binary, g date, h timestamp, i timestamp_ntz,\nj interval day to second, k array<int>, l map<string, int>, m struct<x: int, y: string>, n map<array<int>, int>\n'
    None: (True, -1, nan, Decimal('1.50'), 'é"\n', b'\x00\xff', datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(seconds=7200))), datetime.datetime(2024, 2, 29, 12, 0, 0, 500000), datetime.timedelta(days=1, seconds=7384, microseconds=500000), [1, None], {'x': 1}, (1, 'a'), {(1,): 2}) (None, b'x', 1.0, Decimal('1'), np.str_('x'), b'', None, None, None, None, None, {'x': 1}, {'y': 'z'}, None)
    "#);
}

#[rstest]
#[case("lists", "[1, 'a']")]
#[case("rows", "Row(id=1, my col='a')")]
#[case("positional_rows", "<Row(1, 'a')>")]
#[case("tuples", "(1, 'a')")]
fn forms_of_rows(#[case] yields: &str, #[case] expected: &str) {
    let case = case(&format!("source: {{schema: 'id int, `my col` string', yields: {yields}, rows: [[1, a]]}}"));
    let output = run(&case);
    assert!(output.ends_with(&format!("None: {expected}\n")), "{output}");
}

#[rstest]
#[case("init", "ValueError boom")]
#[case("schema", "ValueError boom")]
#[case("reader", "ValueError boom")]
#[case("partitions", "ValueError boom")]
#[case("read", "None: ValueError boom")]
#[case("read, after_rows: 1", "None: (1,) ValueError boom")]
#[case("read, after_rows: 9", "None: (1,) (2,) ValueError boom")]
fn raising(#[case] place: &str, #[case] expected: &str) {
    let case = case(&format!(
        "source: {{schema: id int, rows: [[1], [2]], raises: {{in: {place}, type: ValueError, message: boom}}}}"
    ));
    let output = run(&case);
    assert!(output.contains(expected), "{output}");
}

#[test]
fn raising_in_one_partition() {
    let case = case(
        "source:\n  schema: id int\n  partitions: [[[1]], [[2], [3]], []]\n  \
         raises: {in: read, type: decimal.InvalidOperation, after_rows: 1, partition: 1}",
    );
    insta::assert_snapshot!(case.python, @r#"
    import decimal

    from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition


    class Source(DataSource):
        @classmethod
        def name(cls):
            return "source"

        def schema(self):
            return "id int"

        def reader(self, schema):
            return SourceReader()


    class SourceReader(DataSourceReader):
        def partitions(self):
            return [InputPartition(0), InputPartition(1), InputPartition(2)]

        def read(self, partition):
            if partition.value == 0:
                yield (1,)
            elif partition.value == 1:
                yield (2,)
                raise decimal.InvalidOperation()
    "#);
    insta::assert_snapshot!(run(&case), @r"
    schema 'id int'
    0: (1,)
    1: (2,) InvalidOperation
    ");
}

#[test]
fn a_source_without_rows_and_schema() {
    let case = case("source: {}\nread: {schema: id int}");
    insta::assert_snapshot!(case.python, @r#"
    from pyspark.sql.datasource import DataSource, DataSourceReader


    class Source(DataSource):
        @classmethod
        def name(cls):
            return "source"

        def reader(self, schema):
            return SourceReader()


    class SourceReader(DataSourceReader):
        def read(self, partition):
            yield from ()
    "#);
    assert_eq!(run(&case), "None:\n");
}

#[test]
fn expressions_decide_their_imports() {
    let case = case("source: {schema: 'a string', rows: [[pa], [{py: 'x.pa'}], [{py: 'pd.NA'}], [{py: Row(a=1)}]]}");
    let imports: Vec<&str> = case.python.lines().filter(|line| line.contains("import")).collect();
    assert_eq!(
        imports,
        [
            "from pyspark.sql import Row",
            "import pandas as pd",
            "from pyspark.sql.datasource import DataSource, DataSourceReader"
        ]
    );
}

/// The repository's own cases are in order, and Python compiles what they became.
#[test]
fn the_cases_of_the_repository_load_and_compile() {
    let suite = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases"));
    let problems: Vec<String> = suite.diagnostics.iter().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    let texts: Vec<&str> = suite.cases.iter().map(|case| case.python.as_str()).collect();
    let program =
        "import json, sys\nfor text in json.load(sys.stdin): compile(text, 'case', 'exec')\nprint('compiled')";
    assert_eq!(python(program, &texts), "compiled\n");
}
