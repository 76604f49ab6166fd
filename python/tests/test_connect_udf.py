"""User-defined functions of the real PySpark client on ``seatrial server``.

What is expected is what Spark 4.2.1 answers.
"""

from __future__ import annotations

import datetime
import decimal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark import cloudpickle
from pyspark.errors import AnalysisException, PySparkException, PythonException
from pyspark.sql import Row, functions
from pyspark.sql.connect.session import SparkSession

from connect_process import ServerProcess, is_before, since_client

# Its stubs do not know what depends on the version.
F: Any = functions

# The server cannot import this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def spark(server: ServerProcess) -> Iterator[Any]:
    session = SparkSession.builder.remote(server.url).create()
    yield session
    session.stop()


@pytest.fixture
def frame(spark: Any) -> Any:
    rows = [(1, "a", 1.5), (2, None, None), (None, "c", 2.5)]
    return spark.createDataFrame(rows, "i int, s string, d double")


@pytest.fixture(params=[False, True], ids=["pickled", "arrow"])
def arrow(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def plus(x: int | None, y: int = 1) -> int | None:
    return None if x is None else x + y


def test_a_function_on_rows(frame: Any, arrow: bool) -> None:
    added = F.udf(plus, "int", useArrow=arrow)
    rows = frame.select(
        added("i").alias("a"),
        added(frame.i, y=F.lit(3)).alias("b"),
        added(added("i")).alias("c"),
        (added("i") + 1).alias("d"),
        added(frame.i + 1).alias("e"),
        frame.s,
    ).collect()
    assert rows == [
        Row(a=2, b=4, c=3, d=3, e=3, s="a"),
        Row(a=3, b=5, c=4, d=4, e=4, s=None),
        Row(a=None, b=None, c=None, d=None, e=None, s="c"),
    ]


class Same:
    def __call__(self, x: Any) -> Any:
        return x


def test_names_of_columns(spark: Any, frame: Any) -> None:
    added = F.udf(plus, "int", useArrow=True)
    selected = frame.select(
        F.udf(lambda x: x, "int", useArrow=True)("i"),
        added("i"),
        added(frame.i, F.lit(2)),
        added(frame.i, y=F.lit(3)),
        F.udf(Same(), useArrow=True)("s"),
        added(added("i")),
        added("i") + 1,
    )
    assert selected.columns == [
        "<lambda>(i)",
        "plus(i)",
        "plus(i, 2)",
        "plus(i, y => 3)",
        "Same(s)",
        "plus(plus(i))",
        "(plus(i) + 1)",
    ]
    assert selected.schema["plus(i)"].simpleString() == "plus(i):int"
    assert selected.schema["plus(i)"].nullable


def test_a_registered_function(spark: Any, frame: Any) -> None:
    spark.udf.register("MyF", F.udf(lambda x: x, "string", useArrow=True))
    query = spark.sql("SELECT myf('a'), MYF(1) AS b, upper(MyF('x'))")
    assert query.columns == ["MyF(a)", "b", "upper(MyF(x))"]
    assert [tuple(row) for row in query.collect()] == [("a", "1", "X")]
    named = frame.select(F.call_function("myf", "s"), F.expr("myf(s)"))
    assert named.columns == ["MyF(s)", "MyF(s)"]
    assert [tuple(row) for row in named.collect()] == [("a", "a"), (None, None), ("c", "c")]


@pytest.mark.parametrize("use", ["filter", "sort", "group", "join", "aggregate", "case", "window"])
def test_a_function_anywhere(frame: Any, arrow: bool, use: str) -> None:
    added = F.udf(plus, "int", useArrow=arrow)
    frames: dict[str, tuple[Any, list[Any]]] = {
        "filter": (frame.filter((added("i") > 2) & (frame.i < 5)), [(2, None, None)]),
        "sort": (
            frame.orderBy(added("i").desc()).select("i"),
            [(2,), (1,), (None,)],
        ),
        "group": (
            frame.groupBy(added("i").alias("k")).count().orderBy("k"),
            [(None, 1), (2, 1), (3, 1)],
        ),
        "join": (
            frame.alias("a")
            .join(frame.alias("b"), added("a.i") == F.col("b.i"))
            .select("a.i", "b.i"),
            [(1, 2)],
        ),
        "aggregate": (frame.agg(F.sum(added("i")), F.count("*")), [(5, 3)]),
        "case": (
            frame.select(F.when(F.col("i") == 1, added("i")).otherwise(F.lit(0))),
            [(2,), (0,), (0,)],
        ),
        "window": (
            frame.selectExpr("i")
            .withColumn("n", F.expr("row_number() OVER (ORDER BY i)"))
            .select(added("n")),
            [(2,), (3,), (4,)],
        ),
    }
    asked, expected = frames[use]
    assert [tuple(row) for row in asked.collect()] == expected


def test_columns_of_both_sides_in_a_join(frame: Any, arrow: bool) -> None:
    equal = F.udf(lambda a, b: a == b, "boolean", useArrow=arrow)
    left, right = frame.alias("a"), frame.alias("b")
    condition = equal(F.col("a.i"), F.col("b.i"))
    # By Arrow, 4.0 hands over what pandas makes of nulls, NaN, which equals nothing.
    assert left.join(right, condition).count() == (2 if arrow and is_before("4.1") else 3)
    with pytest.raises(AnalysisException) as caught:
        left.join(right, condition, "left").collect()
    assert caught.value.getCondition() == "UNSUPPORTED_FEATURE.PYTHON_UDF_IN_ON_CLAUSE"
    assert "in the ON clause of a LEFT OUTER JOIN" in str(caught.value)


def test_a_function_in_a_lambda(frame: Any) -> None:
    added = F.udf(plus, "int", useArrow=True)
    with pytest.raises(AnalysisException) as caught:
        frame.select(F.transform(F.array("i"), lambda x: added(x))).collect()
    assert caught.value.getCondition() == "UNSUPPORTED_FEATURE.LAMBDA_FUNCTION_WITH_PYTHON_UDF"


VALUES: list[Any] = [
    True,
    7,
    2**40,
    2**70,
    1.5,
    "x",
    b"ab",
    [1, 2],
    (1, "a"),
    {"k": 1},
    decimal.Decimal("1.50"),
    None,
]
NOTHING: list[Any] = [None] * len(VALUES)


def only(**values: Any) -> list[Any]:
    """Nothing but these values, by their places."""
    places = ["bool", "int", "big", "huge", "float", "str", "bytes", "list", "tuple", "dict", "dec"]
    return [values.get(place) for place in places] + [None]


@pytest.mark.parametrize(
    ("data_type", "expected"),
    [
        ("boolean", only(bool=True)),
        ("tinyint", only(int=7, big=0)),
        ("smallint", only(int=7, big=0)),
        ("int", only(int=7, big=0)),
        ("bigint", only(int=7, big=2**40)),
        ("float", only(float=1.5)),
        ("double", only(float=1.5)),
        ("binary", only(str=b"x", bytes=b"ab")),
        ("decimal(10,2)", only(dec=decimal.Decimal("1.50"))),
        ("array<int>", only(bytes=[97, 98], list=[1, 2], tuple=[1, None])),
        ("map<string,int>", only(dict={"k": 1})),
    ],
)
def test_what_pickled_values_become(spark: Any, data_type: str, expected: list[Any]) -> None:
    made = F.udf(lambda i: VALUES[i], data_type, useArrow=False)
    rows = spark.range(len(VALUES)).select(made("id")).collect()
    assert [row[0] for row in rows] == expected


def test_everything_has_a_text_as_java_writes_it(spark: Any) -> None:
    texts = {
        0: "true",
        1: "7",
        3: str(2**70),
        4: "1.5",
        7: "[1, 2]",
        9: "{k=1}",
        10: "1.50",
        11: None,
    }
    made = F.udf(lambda i: VALUES[i], "string", useArrow=False)
    rows = spark.range(len(VALUES)).select("id", made("id").alias("t")).collect()
    assert {row.id: row.t for row in rows if row.id in texts} == texts


@pytest.mark.parametrize(
    ("data_type", "value", "expected"),
    [
        ("string", 7, "7"),
        ("string", {"k": 1}, "{'k': 1}"),
        ("int", 1.5, 1),
        ("boolean", 7, True),
        # Through pandas, as in 4.0, an integer is no date.
        pytest.param("date", 7, datetime.date(1970, 1, 8), marks=since_client("4.1")),
        ("double", 2**40, float(2**40)),
        ("struct<x:int,y:string>", {"a": 1}, Row(x=None, y=None)),
        ("struct<x:int,y:string>", (1, "a"), Row(x=1, y="a")),
    ],
)
def test_what_arrow_makes_of_values(spark: Any, data_type: str, value: Any, expected: Any) -> None:
    made = F.udf(lambda _: value, data_type, useArrow=True)
    assert spark.range(1).select(made("id")).collect()[0][0] == expected


def kinds_of(value: Any, arrow: bool) -> list[str]:
    """Return the names of the classes of the value and of a null, as functions get them."""
    kind = type(value).__name__
    if not is_before("4.1"):
        return [kind, "NoneType"]
    # 4.0 makes no `bytes` of pickles, and by Arrow hands over what pandas makes of a column.
    if not arrow:
        return ["bytearray" if kind == "bytes" else kind, "NoneType"]
    by_pandas = {
        "int": ["float", "float"],
        "float": ["float", "float"],
        "datetime": ["Timestamp", "NaTType"],
        "timedelta": ["Timedelta", "NaTType"],
    }
    return by_pandas.get(kind, [kind, "NoneType"])


def test_values_of_every_type_go_in_and_out(spark: Any, arrow: bool) -> None:
    values = {
        "b boolean": True,
        "y tinyint": 1,
        "h smallint": 2,
        "i int": 3,
        "l bigint": 4,
        "f float": 1.5,
        "d double": 2.5,
        "c decimal(10,2)": decimal.Decimal("1.25"),
        "s string": "é",
        "x binary": b"\x00\x01",
        "t date": datetime.date(2024, 2, 29),
        "p timestamp": datetime.datetime(2024, 2, 29, 1, 2, 3, 4),
        "n timestamp_ntz": datetime.datetime(2024, 2, 29, 1, 2, 3, 4),
        "v interval day to second": datetime.timedelta(days=1, microseconds=5),
        "a array<int>": [1, None],
        "m map<string,date>": {"k": datetime.date(2024, 1, 1)},
        "r struct<a:int,b:array<timestamp_ntz>>": Row(a=1, b=[datetime.datetime(2024, 1, 1)]),
    }
    frame = spark.createDataFrame(
        [tuple(values.values()), (None,) * len(values)], ", ".join(values)
    )
    kinds = F.udf(lambda x: type(x).__name__, "string", useArrow=arrow)
    for declared, value in values.items():
        name, data_type = declared.split(" ", 1)
        same = F.udf(lambda x: x, data_type, useArrow=arrow)
        rows = frame.select(same(name).alias("v"), kinds(name).alias("k")).collect()
        assert [row.v for row in rows] == [value, None], declared
        assert [row.k for row in rows] == kinds_of(value, arrow), declared


def fails(_: Any) -> int:
    raise ValueError("oops")


def test_an_error_has_its_traceback(frame: Any, arrow: bool) -> None:
    with pytest.raises(PythonException) as caught:
        frame.select(F.udf(fails, "int", useArrow=arrow)("i")).collect()
    text = str(caught.value)
    assert "An exception was thrown from the Python worker" in text
    assert "in fails\n" in text and "ValueError: oops" in text
    assert "worker.py" not in text


def test_numpy_values(frame: Any) -> None:
    five = lambda _: np.int64(5)  # noqa: E731
    assert frame.select(F.udf(five, "long", useArrow=True)("i")).first()[0] == 5
    with pytest.raises(PySparkException, match="expected zero arguments for construction of Cl"):
        frame.select(F.udf(five, "long", useArrow=False)("i")).collect()


def test_a_function_that_sleeps_ends_when_it_is_interrupted(server: ServerProcess) -> None:
    spark = SparkSession.builder.remote(server.url).create()
    failures: list[Exception] = []

    def run() -> None:
        try:
            spark.range(10).select(
                F.udf(lambda _: time.sleep(60), "int", useArrow=True)("id")
            ).collect()
        except Exception as error:
            failures.append(error)

    running = threading.Thread(target=run)
    running.start()
    deadline = time.monotonic() + 30
    while not spark.interruptAll() and time.monotonic() < deadline:
        time.sleep(0.1)
    running.join(20)
    assert not running.is_alive()
    assert "OPERATION_CANCELED" in str(failures[0])
    spark.stop()


def test_a_function_that_is_not_deterministic_is_called_once_for_each_row(spark: Any) -> None:
    calls: list[int] = []

    def count(_: int) -> int:
        calls.append(1)
        return len(calls)

    counted = F.udf(count, "int", useArrow=True).asNondeterministic()
    frame = spark.range(4).withColumn("n", counted("id"))
    rows = frame.select("n", F.col("n").alias("m"), (F.col("n") + 1).alias("o")).filter("m > 1")
    assert [tuple(row) for row in rows.collect()] == [(2, 2, 3), (3, 3, 4), (4, 4, 5)]


def test_pandas_functions(frame: Any) -> None:
    more = F.pandas_udf(lambda s: s + 1, "double")
    missing = F.pandas_udf(lambda s: s.isna(), "boolean")
    rows = frame.select(more("d"), missing("i"), more(more("d"))).collect()
    assert [tuple(row) for row in rows] == [
        (2.5, False, 3.5),
        (None, False, None),
        (3.5, True, 4.5),
    ]


def add_to_batches(batches: Iterator[pd.Series[Any]]) -> Iterator[pd.Series[Any]]:
    for batch in batches:
        yield batch + 1


@pytest.mark.filterwarnings("ignore:In Python 3.6")
def test_pandas_functions_of_iterators(frame: Any) -> None:
    more = F.pandas_udf(add_to_batches, "double", F.PandasUDFType.SCALAR_ITER)
    rows = frame.select("i", more("d"), more(frame.i)).collect()
    assert [tuple(row) for row in rows] == [(1, 2.5, 2.0), (2, None, 3.0), (None, 3.5, None)]


def test_structs_are_data_frames(frame: Any) -> None:
    swap = F.pandas_udf(lambda p: pd.DataFrame({"a": p.s, "b": p.i}), "a string, b int")
    rows = frame.select(swap(F.struct("i", "s")).alias("x")).select("x.*").collect()
    assert rows == [Row(a="a", b=1), Row(a=None, b=2), Row(a="c", b=None)]


def test_a_pandas_function_of_another_length(frame: Any) -> None:
    short = F.pandas_udf(lambda s: s[:1], "int")
    said = "not the required length: expected 3, got 1"
    if not is_before("4.3"):
        said = r"output rows \(1\) must match the number of input rows \(3\)"
    with pytest.raises(PythonException, match=said):
        frame.select(short("i")).collect()


def add_to_array(array: pa.Array) -> pa.Array:
    return pc.add(array, 1)


@pytest.mark.skipif(not hasattr(F, "arrow_udf"), reason="since Spark 4.1")
def test_arrow_functions(frame: Any) -> None:
    rows = frame.select(F.arrow_udf(add_to_array, "int")("i")).collect()
    assert rows == [
        Row(**{"add_to_array(i)": 2}),
        Row(**{"add_to_array(i)": 3}),
        Row(**{"add_to_array(i)": None}),
    ]


def test_batches_have_as_many_rows_as_the_setting_says(spark: Any) -> None:
    length = F.pandas_udf(lambda s: pd.Series([len(s)] * len(s)), "int")
    lengths = spark.range(25_000, numPartitions=1).select(length("id").alias("n"))
    assert [tuple(row) for row in lengths.groupBy("n").count().orderBy("n").collect()] == [
        (5_000, 5_000),
        (10_000, 20_000),
    ]


def test_functions_of_several_kinds_in_one_expression(frame: Any) -> None:
    on_rows = F.udf(plus, "int", useArrow=False)
    on_series = F.pandas_udf(lambda s: s * 10, "int")
    rows = frame.select(on_series(on_rows("i")) + on_rows(on_series("i")), on_rows("i")).collect()
    assert [tuple(row) for row in rows] == [(31, 2), (51, 3), (None, None)]


def keep_large(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for batch in batches:
        yield batch[batch.i > 1]


def test_map_in_pandas(frame: Any) -> None:
    assert frame.mapInPandas(keep_large, frame.schema).collect() == [Row(i=2, s=None, d=None)]
    kept = frame.mapInPandas(keep_large, "i int, s string, d double")
    assert kept.filter(kept.i > 0).select("s", "i").collect() == [Row(s=None, i=2)]
    with pytest.raises(PythonException, match=r"RESULT_COLUMN_NAMES_MISMATCH.*Missing: z"):
        frame.mapInPandas(keep_large, "i int, z string").collect()


def test_map_in_arrow(frame: Any) -> None:
    rows = frame.collect()
    assert frame.mapInArrow(lambda batches: batches, frame.schema).collect() == rows
    names = frame.select(frame.i, frame.i.alias("j")).mapInArrow(
        lambda batches: (
            pa.record_batch([pa.array([",".join(batch.schema.names)])], ["n"]) for batch in batches
        ),
        "n string",
    )
    assert names.collect() == [Row(n="i,j")]


def test_batches_are_mapped_as_they_are_asked_for(spark: Any) -> None:
    def forever(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            while True:
                yield batch

    endless = spark.range(1).mapInArrow(forever, "id long")
    assert endless.limit(3).collect() == [Row(id=0)] * 3


@pytest.mark.filterwarnings("ignore:Cannot infer the eval type")
def test_foreach(frame: Any) -> None:
    assert frame.foreach(lambda row: None) is None
    assert frame.foreachPartition(list) is None
    with pytest.raises(PythonException, match="ZeroDivisionError: division by zero"):
        frame.foreach(lambda row: 1 / 0)


def test_apply_in_pandas(frame: Any) -> None:
    twice = frame.unionAll(frame).groupBy("s")
    summed = twice.applyInPandas(lambda p: p.assign(d=p.d.sum()), frame.schema)
    assert summed.collect() == [
        Row(i=2, s=None, d=0.0),
        Row(i=2, s=None, d=0.0),
        Row(i=1, s="a", d=3.0),
        Row(i=1, s="a", d=3.0),
        Row(i=None, s="c", d=5.0),
        Row(i=None, s="c", d=5.0),
    ]
    counted = twice.applyInPandas(lambda key, p: pd.DataFrame([(*key, len(p))]), "s string, n long")
    assert counted.collect() == [Row(s=None, n=2), Row(s="a", n=2), Row(s="c", n=2)]
    with pytest.raises(PythonException, match=r"Missing: d. Unexpected: x\."):
        twice.applyInPandas(lambda p: p.rename(columns={"d": "x"}), frame.schema).collect()


def test_groups_by_expressions_and_by_nothing(frame: Any) -> None:
    shown = frame.groupBy((F.col("i") % 2).alias("m")).applyInPandas(
        lambda key, p: pd.DataFrame([(str(key[0]), ",".join(p.columns))]), "k string, n string"
    )
    assert shown.collect() == [
        Row(k="nan", n="i,s,d"),
        Row(k="0", n="i,s,d"),
        Row(k="1", n="i,s,d"),
    ]
    everything = frame.groupBy().applyInPandas(lambda p: pd.DataFrame({"n": [len(p)]}), "n int")
    assert everything.collect() == [Row(n=3)]


def test_apply_in_arrow(frame: Any) -> None:
    same = frame.groupBy("s").applyInArrow(lambda table: table, frame.schema)
    assert [row.s for row in same.collect()] == [None, "a", "c"]
    keyed = frame.groupBy("s").applyInArrow(
        lambda key, table: pa.table(
            {"k": pa.array([key[0].as_py()], pa.string()), "n": [table.num_rows]}
        ),
        "k string, n long",
    )
    assert keyed.collect() == [Row(k=None, n=1), Row(k="a", n=1), Row(k="c", n=1)]


def test_cogroups(spark: Any, frame: Any) -> None:
    other = spark.createDataFrame([("a", 1), ("a", 2), ("b", 3)], "s string, v int")
    both = frame.groupBy("s").cogroup(other.groupBy("s"))
    shown = both.applyInPandas(
        lambda key, left, right: pd.DataFrame([(key[0], len(left), len(right))]),
        "k string, l int, r int",
    )
    expected = [(None, 1, 0), ("a", 1, 2), ("b", 0, 1), ("c", 1, 0)]
    assert [tuple(row) for row in shown.collect()] == expected
    tables = both.applyInArrow(
        lambda left, right: pa.table({"l": [left.num_rows], "r": [right.num_rows]}),
        "l long, r long",
    )
    assert [tuple(row) for row in tables.collect()] == [row[1:] for row in expected]
