"""SQL and the catalogue over ``seatrial server``: what users of DataFrames meet first.

Every expected value is what PySpark 4.2.1 answered.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark.errors import AnalysisException, IllegalArgumentException
from pyspark.sql import Observation, Row
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader

from connect_process import ServerProcess


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess() as process:
        yield process


@pytest.fixture(scope="module")
def spark(server: ServerProcess) -> Iterator[Any]:
    session = SparkSession.builder.remote(server.url).create()
    session.sql(
        "CREATE OR REPLACE TEMPORARY VIEW t AS SELECT * FROM VALUES "
        "(1, 10, 'a'), (2, 20, 'B'), (3, CAST(NULL AS INT), NULL), (-4, 20, 'a') AS t(i, j, s)"
    )
    yield session
    session.stop()


def test_a_range_has_a_column_id(spark: Any) -> None:
    assert spark.sql("SELECT * FROM range(1, 10, 3)").collect() == [
        Row(id=1),
        Row(id=4),
        Row(id=7),
    ]
    assert spark.sql("SELECT r.id FROM range(5, 0, -2, 2) AS r").count() == 3


def test_a_global_view_is_seen_by_all_sessions(server: ServerProcess, spark: Any) -> None:
    spark.range(2).createGlobalTempView("gg")
    with pytest.raises(AnalysisException, match="TEMP_TABLE_OR_VIEW_ALREADY_EXISTS"):
        spark.range(3).createGlobalTempView("gg")
    spark.range(3).createOrReplaceGlobalTempView("gg")
    other = SparkSession.builder.remote(server.url).create()
    assert other.table("global_temp.gg").count() == 3
    assert other.sql("SELECT gg.id FROM global_temp.gg").columns == ["id"]
    assert other.sql("SELECT id FROM GLOBAL_TEMP.GG").count() == 3
    [listed] = [table for table in other.catalog.listTables("global_temp") if table.name == "gg"]
    assert (listed.namespace, listed.tableType, listed.isTemporary) == (
        ["global_temp"],
        "TEMPORARY",
        True,
    )
    assert other.catalog.tableExists("global_temp.gg")
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        other.table("gg").collect()
    assert other.catalog.dropGlobalTempView("gg") is True
    assert spark.catalog.dropGlobalTempView("gg") is False
    other.stop()


def test_a_time_zone_that_nobody_knows_is_refused(spark: Any) -> None:
    with pytest.raises(IllegalArgumentException) as refused:
        spark.conf.set("spark.sql.session.timeZone", "nope")
    assert refused.value.getCondition() == "INVALID_CONF_VALUE.TIME_ZONE"
    spark.conf.set("spark.sql.session.timeZone", "GMT+8")
    shown = spark.sql("SELECT CAST(timestamp'2020-01-01 00:00:00Z' AS STRING)").first()[0]
    spark.conf.unset("spark.sql.session.timeZone")
    assert shown == "2020-01-01 08:00:00"


def test_a_cast_of_a_column_keeps_its_name(spark: Any) -> None:
    frame = spark.range(2)
    columns = frame.select(frame.id.cast("string"), (frame.id + 1).cast("string")).columns
    assert columns == ["id", "CAST((id + 1) AS STRING)"]
    assert spark.sql("SELECT i, CAST(i AS STRING), CAST(t.i AS LONG) FROM t").columns == ["i"] * 3


def test_values_are_counted_together(spark: Any) -> None:
    counted = spark.table("t").select(F.count_distinct("s", "j").alias("n"))
    assert counted.collect() == [Row(n=3)]


def test_intervals_move_dates(spark: Any) -> None:
    row = spark.sql(
        "SELECT interval 1 day 2 hours AS a, date'2020-01-02' - date'2020-01-01' AS b, "
        "date'2020-01-31' + interval 1 month AS c, date'2020-01-01' + interval 1 hour AS d"
    ).first()
    assert row.a == dt.timedelta(days=1, hours=2)
    assert row.b == dt.timedelta(days=1)
    assert row.c == dt.date(2020, 2, 29)
    assert row.d == dt.datetime(2020, 1, 1, 1)
    frame = spark.createDataFrame([(dt.date(2020, 1, 1),)], "d date")
    moved = frame.select((F.col("d") + F.expr("interval 2 days")).alias("d"))
    assert moved.collect() == [Row(d=dt.date(2020, 1, 3))]


def test_bits_are_shifted(spark: Any) -> None:
    assert list(spark.sql("SELECT 1 << 3, -8 >>> 28, 1 + 1 << 2").first()) == [8, 15, 8]


def test_subqueries_depend_on_their_rows(spark: Any) -> None:
    found = spark.sql(
        "SELECT i, (SELECT u.j FROM t u WHERE u.i = t.i) AS j FROM t "
        "WHERE EXISTS (SELECT 1 FROM t u WHERE u.i = t.i + 1) ORDER BY i"
    )
    assert found.collect() == [Row(i=1, j=10), Row(i=2, j=20)]
    pairs = spark.sql("SELECT i FROM t WHERE (i, j) IN (SELECT i, j FROM t) ORDER BY i")
    assert [row.i for row in pairs.collect()] == [-4, 1, 2]
    with pytest.raises(Exception, match="SCALAR_SUBQUERY_TOO_MANY_ROWS"):
        spark.sql("SELECT (SELECT u.i FROM t u WHERE u.s = t.s) FROM t").collect()


def test_lateral_relations_see_what_stands_before_them(spark: Any) -> None:
    exploded = spark.sql("SELECT l.z FROM t, LATERAL explode(array(t.i, 7)) AS l(z) WHERE i = 1")
    assert [row.z for row in exploded.collect()] == [1, 7]
    made = spark.sql("SELECT l.x FROM t, LATERAL (SELECT t.i + 1 AS x) l ORDER BY x")
    assert [row.x for row in made.collect()] == [-3, 2, 3, 4]


def test_arguments_have_names(spark: Any) -> None:
    masked = spark.sql("SELECT mask('AbCD', digitChar => 'x', upperChar => 'Q')").first()[0]
    assert masked == "QxQQ"
    with pytest.raises(AnalysisException, match="NAMED_PARAMETERS_NOT_SUPPORTED"):
        spark.sql("SELECT upper(str => 'x')").collect()


def test_functions_of_frames(spark: Any) -> None:
    schema = "m map<string,int>, x array<int>, y array<int>"
    frame = spark.createDataFrame([({"a": 1, "b": 2}, [1, 2], [3, 4])], schema)
    row = frame.select(
        F.transform_values("m", lambda k, v: v + 1).alias("values"),
        F.map_filter("m", lambda k, v: v > 1).alias("filtered"),
        F.zip_with("x", "y", lambda x, y: x + y).alias("zipped"),
        F.array_insert("x", 1, 9).alias("inserted"),
    ).first()
    assert tuple(row) == ({"a": 2, "b": 3}, {"b": 2}, [4, 6], [9, 1, 2])
    ids = spark.range(0, 4, 1, 2).select(F.monotonically_increasing_id().alias("n"))
    assert [row.n for row in ids.collect()] == [0, 1, 2**33, 2**33 + 1]


def test_aggregates_of_order(spark: Any) -> None:
    row = (
        spark.table("t")
        .select(
            F.percentile("i", F.lit(0.5)).alias("p"),
            F.percentile_approx("i", 0.5).alias("a"),
            F.mode("j").alias("m"),
            F.listagg("s", F.lit(",")).alias("l"),
        )
        .first()
    )
    assert (row.p, row.a, row.m, row.l) == (1.5, 1, 20, "a,B,a")


def test_what_is_observed_is_read_once(spark: Any, tmp_path: Path) -> None:
    log = tmp_path / "reads"

    class Counted(DataSource):
        @classmethod
        def name(cls) -> str:
            return "counted_once"

        def schema(self) -> str:
            return "x int"

        def reader(self, schema: Any) -> DataSourceReader:
            return Reader()

    class Reader(DataSourceReader):
        def read(self, partition: Any) -> Iterator[tuple[int]]:
            with log.open("a") as file:
                file.write("read\n")
            for x in range(5):
                yield (x,)

    spark.dataSource.register(Counted)
    observation = Observation("seen")
    frame = spark.read.format("counted_once").load()
    observed = frame.observe(observation, F.count(F.lit(1)).alias("n"), F.max("x").alias("m"))
    assert observed.filter("x > 2").count() == 2
    assert observation.get == {"n": 5, "m": 4}
    assert Path(log).read_text().splitlines() == ["read"]
