"""Aggregates in Python of the real PySpark client on ``seatrial server``: for groups, over windows.

What is expected is what Spark 4.2.1 answers.
"""

# mypy: disable-error-code="untyped-decorator, no-any-return"

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyspark import cloudpickle
from pyspark.errors import AnalysisException, PythonException, UnsupportedOperationException
from pyspark.sql import functions
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.connect.window import Window
from pyspark.sql.types import ArrayType, DoubleType, IntegerType

from connect_process import ServerProcess, since_client

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
    rows = [(1, "a", 1.5), (1, None, None), (2, "c", 2.5), (None, "d", 4.0), (2, "e", 0.5)]
    return spark.createDataFrame(rows, "k int, s string, v double")


@F.pandas_udf(DoubleType())
def mean(v: pd.Series) -> float:
    return v.mean()


@F.pandas_udf(IntegerType())
def count(v: pd.Series) -> int:
    return len(v)


@F.pandas_udf(DoubleType())
def weighted(v: pd.Series, w: pd.Series) -> float:
    return float((v * w).sum())


@F.pandas_udf(ArrayType(DoubleType()))
def values(v: pd.Series) -> list[float]:
    return sorted(v.dropna().tolist())


@F.udf(DoubleType(), useArrow=False)
def plus_one(x: float | None) -> float | None:
    return None if x is None else x + 1


def tuples(frame: Any) -> list[tuple[Any, ...]]:
    """Return the rows, sorted, nulls first."""
    rows = [tuple(row) for row in frame.collect()]
    return sorted(rows, key=lambda row: [(value is not None, value) for value in row])


def test_groups(frame: Any) -> None:
    grouped = frame.groupBy("k").agg(mean("v"), count("s"), values("v").alias("all"))
    assert grouped.schema.simpleString() == (
        "struct<k:int,mean(v):double,count(s):int,all:array<double>>"
    )
    expected = [(None, 4.0, 1, [4.0]), (1, 1.5, 2, [1.5]), (2, 1.5, 2, [0.5, 2.5])]
    assert tuples(grouped) == expected


def test_arguments_by_name_and_constants(frame: Any) -> None:
    grouped = frame.groupBy("k").agg(weighted(w=F.lit(2.0), v="v"), weighted("v", w="k"))
    assert grouped.columns == ["k", "weighted(w => 2.0, v => v)", "weighted(v, w => k)"]
    assert tuples(grouped) == [(None, 8.0, 0.0), (1, 3.0, 1.5), (2, 6.0, 6.0)]


def test_all_rows_are_one_group(frame: Any) -> None:
    assert tuples(frame.agg(mean("v"), count("v"))) == [(2.125, 5)]
    assert tuples(frame.select(mean("v"), count("k"))) == [(2.125, 5)]


def test_no_rows_are_no_group(frame: Any) -> None:
    none = frame.filter("k > 5")
    assert none.agg(count("v")).collect() == []
    assert none.groupBy("k").agg(count("v")).collect() == []


def test_expressions_around_and_within(frame: Any) -> None:
    grouped = frame.groupBy((F.col("k") + 1).alias("key")).agg(
        (mean(plus_one("v")) * 2).alias("x"), plus_one(mean("v")).alias("y")
    )
    assert tuples(grouped) == [(None, 10.0, 5.0), (2, 5.0, 2.5), (3, 5.0, 2.5)]
    assert tuples(frame.groupBy("k").agg(mean("v").alias("m")).filter("m > 1.5")) == [(None, 4.0)]
    by_function = frame.groupBy(plus_one("v")).agg(count("v"))
    assert tuples(by_function) == [(None, 1), (1.5, 1), (2.5, 1), (3.5, 1), (5.0, 1)]


def test_groups_of_many_batches(spark: Any) -> None:
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 100)
    try:
        numbers = spark.range(10_000).select((F.col("id") % 3).alias("k"), "id")
        grouped = numbers.groupBy("k").agg(count("id"), mean("id"))
        assert tuples(grouped) == [(0, 3334, 4999.5), (1, 3333, 4999.0), (2, 3333, 5000.0)]
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")


@pytest.mark.filterwarnings("ignore:WARN WindowExpression")
def test_windows(frame: Any) -> None:
    whole = Window.partitionBy("k")
    windowed = frame.select("k", "v", mean("v").over(whole), F.sum("v").over(whole).alias("sum"))
    name = "mean(v) OVER (PARTITION BY k ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
    assert windowed.columns == ["k", "v", name, "sum"]
    assert tuples(windowed) == [
        (None, 4.0, 4.0, 4.0),
        (1, None, 1.5, 1.5),
        (1, 1.5, 1.5, 1.5),
        (2, 0.5, 1.5, 3.0),
        (2, 2.5, 1.5, 3.0),
    ]
    everything = frame.select(count("v").over(Window.partitionBy()))
    assert tuples(everything) == [(5,)] * 5
    around = frame.select("k", (mean(plus_one("v")).over(whole) + 1).alias("x"))
    assert tuples(around) == [(None, 6.0), (1, 3.5), (1, 3.5), (2, 3.5), (2, 3.5)]


@pytest.mark.filterwarnings("ignore:WARN WindowExpression")
def test_frames_of_windows(frame: Any) -> None:
    ordered = Window.partitionBy("k").orderBy("v")
    two = ordered.rowsBetween(-1, 0)
    windowed = frame.select(
        "k",
        "v",
        count("v").over(ordered).alias("up_to"),
        count("v").over(two).alias("two"),
        count("v").over(ordered.rowsBetween(0, 1)).alias("next"),
        count("v").over(Window.partitionBy("k")).alias("all"),
        weighted(w=F.lit(2.0), v="v").over(two).alias("weighted"),
    )
    assert tuples(windowed) == [
        (None, 4.0, 1, 1, 1, 1, 8.0),
        (1, None, 1, 1, 2, 2, 0.0),
        (1, 1.5, 2, 2, 1, 2, 3.0),
        (2, 0.5, 1, 1, 2, 2, 1.0),
        (2, 2.5, 2, 2, 1, 2, 6.0),
    ]
    near = frame.select("k", count("v").over(Window.orderBy("k").rangeBetween(-1, 0)).alias("n"))
    assert tuples(near) == [(None, 1), (1, 2), (1, 2), (2, 4), (2, 4)]
    name = "mean(v) OVER (PARTITION BY k ORDER BY v ASC NULLS FIRST "
    name += "ROWS BETWEEN -1 FOLLOWING AND CURRENT ROW)"
    assert frame.select(mean("v").over(two)).columns == [name]


def test_sql(spark: Any, frame: Any) -> None:
    spark.udf.register("average", mean)
    frame.createOrReplaceTempView("measured")
    grouped = spark.sql(
        "SELECT k, average(v) + 1 AS m FROM measured GROUP BY k HAVING average(v) > 1.5"
    )
    assert tuples(grouped) == [(None, 5.0)]
    windowed = spark.sql("""
        SELECT k, v, average(v) OVER
            (PARTITION BY k ORDER BY v ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS m
        FROM measured""")
    assert tuples(windowed) == [
        (None, 4.0, 4.0),
        (1, None, None),
        (1, 1.5, 1.5),
        (2, 0.5, 0.5),
        (2, 2.5, 1.5),
    ]
    for call, syntax in [
        ("average(DISTINCT v)", "DISTINCT"),
        ("average(v) FILTER (WHERE v > 1)", "FILTER CLAUSE"),
    ]:
        with pytest.raises(AnalysisException) as caught:
            spark.sql(f"SELECT k, {call} FROM measured GROUP BY k").collect()
        condition = "INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX"
        assert caught.value.getCondition() == condition
        parameters = {"prettyName": "`pythonudaf`", "syntax": syntax}
        assert caught.value.getMessageParameters() == parameters


def test_arrow(frame: Any) -> None:
    if not hasattr(F, "arrow_udf"):
        pytest.skip("the client has it since PySpark 4.1")

    @F.arrow_udf("double")
    def mean(v: pa.Array) -> float:
        return pc.mean(v)

    @F.arrow_udf("int")
    def count(v: pa.Array) -> int:
        return len(v)

    grouped = frame.groupBy("k").agg(mean("v"), count("v"))
    assert tuples(grouped) == [(None, 4.0, 1), (1, 1.5, 2), (2, 1.5, 2)]
    ordered = Window.partitionBy("k").orderBy("v")
    windowed = frame.select(
        "k", "v", count("v").over(ordered), count("v").over(Window.partitionBy("k"))
    )
    assert tuples(windowed) == [
        (None, 4.0, 1, 1),
        (1, None, 1, 2),
        (1, 1.5, 2, 2),
        (2, 0.5, 1, 2),
        (2, 2.5, 2, 2),
    ]


@since_client("4.2")
def test_iterators(frame: Any) -> None:
    @F.pandas_udf("double")
    def mean_of_batches(batches: Iterator[pd.Series]) -> float:
        total = rows = 0.0
        for batch in batches:
            total += batch.sum()
            rows += len(batch)
        return total / rows

    @F.arrow_udf("double")
    def mean_of_arrays(arrays: Iterator[pa.Array]) -> float:
        total = rows = 0.0
        for array in arrays:
            total += pc.sum(array).as_py() or 0
            rows += len(array)
        return total / rows

    for function in [mean_of_batches, mean_of_arrays]:
        grouped = frame.groupBy("k").agg(function("v"))
        assert tuples(grouped) == [(None, 4.0), (1, 0.75), (2, 1.5)]
    # Spark itself ends with an internal error here.
    whole = Window.partitionBy("k")
    for refused in [
        frame.groupBy("k").agg(mean_of_batches("v"), mean("v")),
        frame.groupBy("k").agg(mean_of_batches("v"), mean_of_batches("k")),
        frame.select(mean_of_batches("v").over(whole)),
    ]:
        with pytest.raises(UnsupportedOperationException, match="on iterators"):
            refused.collect()


def test_what_cannot_be_together(frame: Any) -> None:
    cases: list[tuple[Any, str, dict[str, str]]] = [
        (
            lambda: frame.groupBy("k").agg(mean("v"), count("v"), F.sum("v")),
            "INVALID_PANDAS_UDF_PLACEMENT",
            {"functionList": "`mean`, `count`"},
        ),
        (
            lambda: frame.groupBy("k").pivot("s", ["a"]).agg(mean("v")),
            "UNSUPPORTED_FEATURE.PANDAS_UDAF_IN_PIVOT",
            {},
        ),
        (
            lambda: frame.groupBy("k").agg(F.max(mean("v"))),
            "NESTED_AGGREGATE_FUNCTION",
            {},
        ),
    ]
    for query, condition, parameters in cases:
        with pytest.raises(AnalysisException) as caught:
            query().collect()
        assert caught.value.getCondition() == condition
        assert caught.value.getMessageParameters() == parameters
    with pytest.raises(UnsupportedOperationException, match="grouping sets"):
        frame.rollup("k").agg(mean("v")).collect()


def test_an_error_is_the_function_s(frame: Any) -> None:
    @F.pandas_udf("double")
    def fails(v: pd.Series) -> float:
        raise ValueError("boom")

    @F.pandas_udf("int")
    def wrong(v: pd.Series) -> int:
        return "x"  # type: ignore[return-value]

    for query in [
        frame.groupBy("k").agg(fails("v")),
        frame.select(fails("v").over(Window.partitionBy("k"))),
    ]:
        with pytest.raises(PythonException, match="ValueError: boom"):
            query.collect()
    with pytest.raises(PythonException, match="ArrowInvalid"):
        frame.groupBy("k").agg(wrong("v")).collect()
