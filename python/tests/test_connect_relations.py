"""What DataFrames show, count and describe over ``seatrial server``.

Every expected value is what PySpark 4.2.1 answered.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.errors import AnalysisException, IllegalArgumentException
from pyspark.sql import Observation, Row
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

from connect_process import ServerProcess


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    with ServerProcess() as process:
        session = SparkSession.builder.remote(process.url).create()
        yield session
        session.stop()
        assert process.stop() == 0


@pytest.fixture(scope="module")
def gaps(spark: Any) -> Any:
    rows = [
        (1, 1.5, "a", True, Decimal("1.50"), dt.date(2020, 1, 1)),
        (None, None, None, None, None, None),
        (3, float("nan"), "", False, Decimal("2.00"), None),
    ]
    schema = "i int, d double, s string, b boolean, c decimal(10,2), t date"
    return spark.createDataFrame(rows, schema)


@pytest.fixture(scope="module")
def ten(spark: Any) -> Any:
    rows: list[Any] = [
        (i, i * 1.5, chr(97 + i % 3), i % 2 == 0, dt.date(2020, 1, 1 + i), Decimal(i))
        for i in range(10)
    ]
    schema = "i int, d double, s string, b boolean, t date, c decimal(5,1)"
    return spark.createDataFrame([*rows, (None,) * 6], schema)


def shown(frame: Any, rows: int = 20, truncate: Any = True, vertical: bool = False) -> str:
    text = frame._show_string(rows, truncate, vertical)
    assert isinstance(text, str)
    return text


def one_row(spark: Any, *expressions: str) -> Any:
    return spark.range(1).selectExpr(*expressions)


def cell(text: str) -> str:
    """The only value of a table that was not truncated."""
    line = text.split("\n")[3]
    assert line.startswith("|") and line.endswith("|")
    return line[1:-1].rstrip()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cast(null as int)", "NULL"),
        ("null", "NULL"),
        ("true", "true"),
        ("cast(-5 as tinyint)", "-5"),
        ("1.0D", "1.0"),
        ("1e10D", "1.0E10"),
        ("1.0E-5D", "1.0E-5"),
        ("double('NaN')", "NaN"),
        ("cast(1.1 as float)", "1.1"),
        ("cast(16777216 as float)", "1.6777216E7"),
        ("cast(1.50 as decimal(10,2))", "1.50"),
        ("cast(-0.05 as decimal(38,18))", "-0.050000000000000000"),
        ("X'41420AFF'", "[41 42 0A FF]"),
        ("X''", "[]"),
        ("date'2024-02-29'", "2024-02-29"),
        ("timestamp'2024-02-29 12:00:00.123'", "2024-02-29 12:00:00.123"),
        ("timestamp_ntz'2024-02-29 12:00:00.000001'", "2024-02-29 12:00:00.000001"),
        ("array(1,null,3)", "[1, NULL, 3]"),
        ("array('a',null,'b c')", "[a, NULL, b c]"),
        ("map('a',1,'b',null)", "{a -> 1, b -> NULL}"),
        ("struct(1 as a, cast(null as string) as b, 'x' as c)", "{1, NULL, x}"),
        ("array(array(1),array(2))", "[[1], [2]]"),
        ("'日本語'", "日本語"),
    ],
)
def test_show_writes_values_as_spark(spark: Any, expression: str, expected: str) -> None:
    frame = one_row(spark, f"{expression} as v")
    assert cell(shown(frame, truncate=False)) == expected


def test_show_lays_tables_out(spark: Any) -> None:
    rows = [("a" * 25, 1, "日本語" * 8), ("b" * 20, None, "x"), (None, 333, None)]
    frame = spark.createDataFrame(rows, "s string, n int, w string")
    assert shown(frame) == (
        "+--------------------+----+-------------------------------------+\n"
        "|                   s|   n|                                    w|\n"
        "+--------------------+----+-------------------------------------+\n"
        "|aaaaaaaaaaaaaaaaa...|   1|日本語日本語日本語日本語日本語日本...|\n"
        "|bbbbbbbbbbbbbbbbbbbb|NULL|                                    x|\n"
        "|                NULL| 333|                                 NULL|\n"
        "+--------------------+----+-------------------------------------+\n"
    )
    assert shown(frame, 1) == (
        "+--------------------+---+-------------------------------------+\n"
        "|                   s|  n|                                    w|\n"
        "+--------------------+---+-------------------------------------+\n"
        "|aaaaaaaaaaaaaaaaa...|  1|日本語日本語日本語日本語日本語日本...|\n"
        "+--------------------+---+-------------------------------------+\n"
        "only showing top 1 row"
    )
    assert shown(frame, 2, 4, vertical=True) == (
        "-RECORD 0----\n"
        " s   | a...  \n"
        " n   | 1     \n"
        " w   | 日... \n"
        "-RECORD 1----\n"
        " s   | b...  \n"
        " n   | NULL  \n"
        " w   | x     \n"
        "only showing top 2 rows"
    )


def test_show_of_repeated_names(spark: Any) -> None:
    frame = one_row(spark, "1", "3", "5").toDF("a", "a", "x\ny")
    assert shown(frame).splitlines()[1] == "|  a|  a|x\\ny|"


def test_show_in_the_time_zone_of_the_session(spark: Any) -> None:
    instant = one_row(spark, "timestamp'2024-02-29 12:00:00Z' as v")
    spark.conf.set("spark.sql.session.timeZone", "America/Los_Angeles")
    try:
        assert cell(shown(instant, truncate=False)) == "2024-02-29 04:00:00"
    finally:
        spark.conf.unset("spark.sql.session.timeZone")


def test_fill_goes_by_kind(gaps: Any) -> None:
    filled = gaps.fillna(7)
    assert filled.collect()[1] == Row(i=7, d=7.0, s=None, b=None, c=Decimal("7.00"), t=None)
    assert filled.collect()[2].d == 7.0
    assert gaps.fillna(7.9).collect()[1].i == 7
    assert gaps.fillna(7.123).collect()[1].c == Decimal("7.12")
    assert gaps.fillna("x").collect()[1] == Row(i=None, d=None, s="x", b=None, c=None, t=None)
    assert gaps.fillna(True).collect()[1].b is True
    assert gaps.fillna(7, subset=["I", "s"]).collect()[1] == Row(
        i=7, d=None, s=None, b=None, c=None, t=None
    )
    assert gaps.fillna({"i": 5, "s": "z"}).collect()[1] == Row(
        i=5, d=None, s="z", b=None, c=None, t=None
    )
    assert gaps.fillna({"i": "12"}).collect()[1].i is None
    with pytest.raises(AnalysisException) as caught:
        gaps.fillna(1, subset=["nope"]).collect()
    assert caught.value.getCondition() == "UNRESOLVED_COLUMN.WITH_SUGGESTION"
    assert gaps.fillna(1).filter(gaps.i > 1).count() == 1


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        ({}, [1]),
        ({"how": "all"}, [1, 3]),
        ({"thresh": 3}, [1, 3]),
        ({"subset": ["i"]}, [1, 3]),
        ({"subset": ["d"]}, [1]),
        ({"how": "all", "subset": ["i", "d"]}, [1, 3]),
        ({"thresh": 1, "subset": ["I", "s"]}, [1, 3]),
        ({"thresh": 0}, [1, None, 3]),
    ],
)
def test_drop_of_what_is_missing(gaps: Any, arguments: Any, kept: list[Any]) -> None:
    assert [row.i for row in gaps.dropna(**arguments).collect()] == kept


@pytest.mark.parametrize(
    ("arguments", "row", "changed"),
    [
        ((1, 10), 0, {"i": 10}),
        (("a", "z"), 0, {"s": "z"}),
        ((1.5, 2.5), 0, {"d": 2.5, "c": Decimal("2.50")}),
        ((True, False), 0, {"b": False}),
        (([1, 3], [10, 30]), 2, {"i": 30}),
        (({"a": None},), 0, {"s": None}),
        (({"a": "b", "": "e"},), 2, {"s": "e"}),
        ((float("nan"), 9.0), 2, {"d": 9.0}),
        ((1, 2.7), 0, {"i": 2}),
        ((1, None), 0, {"i": None}),
    ],
)
def test_replace(gaps: Any, arguments: Any, row: int, changed: dict[str, Any]) -> None:
    expected = {**gaps.collect()[row].asDict(), **changed}
    found = gaps.replace(*arguments).collect()[row].asDict()
    expected_nan, found_nan = (math.isnan(values.get("d") or 0.0) for values in (expected, found))
    assert expected_nan == found_nan
    for values in (expected, found):
        if math.isnan(values.get("d") or 0.0):
            values.pop("d")
    assert found == expected


def test_describe(ten: Any) -> None:
    described = ten.describe()
    assert described.schema.simpleString() == (
        "struct<summary:string,i:string,d:string,s:string,c:string>"
    )
    assert described.collect() == [
        Row(summary="count", i="10", d="10", s="10", c="10"),
        Row(summary="mean", i="4.5", d="6.75", s=None, c="4.50000"),
        Row(
            summary="stddev",
            i="3.0276503540974917",
            d="4.541475531146237",
            s=None,
            c="3.0276503540974917",
        ),
        Row(summary="min", i="0", d="0.0", s="a", c="0.0"),
        Row(summary="max", i="9", d="13.5", s="c", c="9.0"),
    ]
    assert ten.describe("b").columns == ["summary"]
    assert ten.select("b").describe().count() == 5


def test_summary(spark: Any, ten: Any) -> None:
    assert ten.summary("count", "min", "25%", "50%", "75%", "max").collect() == [
        Row(summary="count", i="10", d="10", s="10", c="10"),
        Row(summary="min", i="0", d="0.0", s="a", c="0.0"),
        Row(summary="25%", i="2", d="3.0", s=None, c="2.0"),
        Row(summary="50%", i="4", d="6.0", s=None, c="4.0"),
        Row(summary="75%", i="7", d="10.5", s=None, c="7.0"),
        Row(summary="max", i="9", d="13.5", s="c", c="9.0"),
    ]
    assert ten.summary("count_distinct", "33.3%").collect() == [
        Row(summary="count_distinct", i="10", d="10", s="3", c="10"),
        Row(summary="33.3%", i="3", d="4.5", s=None, c="3.0"),
    ]
    texts = spark.createDataFrame([("1",), ("2",), ("x",)], "x string")
    assert [row.x for row in texts.summary().collect()] == [
        "3",
        "1.5",
        "0.7071067811865476",
        "1",
        "1.0",
        "1.0",
        "2.0",
        "x",
    ]
    with pytest.raises(IllegalArgumentException) as caught:
        ten.summary("foo").collect()
    assert caught.value.getCondition() == "UNRECOGNIZED_STATISTIC"


def test_statistics_of_two_columns(spark: Any, ten: Any) -> None:
    assert ten.cov("i", "d") == pytest.approx(15.136363636363637)
    assert ten.corr("i", "d") == pytest.approx(1.0)
    assert ten.cov("c", "i") == pytest.approx(10.09090909090909)
    rows = [(1, 2.0), (2, None), (None, 3.0), (4, 8.5)]
    missing = spark.createDataFrame(rows, "x int, y double")
    assert missing.cov("x", "y") == 4.125
    assert missing.corr("x", "y") == pytest.approx(0.6640706861964824)
    assert math.isnan(spark.range(1).corr("id", "id"))
    with pytest.raises(IllegalArgumentException, match="covariance calculation for columns with"):
        ten.cov("s", "d")


def test_crosstab(spark: Any, ten: Any) -> None:
    found = ten.crosstab("s", "b")
    assert found.schema.simpleString() == "struct<s_b:string,false:bigint,null:bigint,true:bigint>"
    assert sorted(tuple(row) for row in found.collect()) == [
        ("a", 2, 0, 2),
        ("b", 2, 0, 1),
        ("c", 1, 0, 2),
        ("null", 0, 1, 0),
    ]


def test_quantiles(ten: Any, gaps: Any) -> None:
    quarters = [0.0, 0.25, 0.5, 0.75, 1.0]
    assert ten.approxQuantile("i", quarters, 0.0) == [0.0, 2.0, 4.0, 7.0, 9.0]
    assert ten.approxQuantile(["i", "d"], [0.5, 0.1], 0.0) == [[4.0, 0.0], [6.0, 0.0]]
    assert gaps.approxQuantile("d", [0.5], 0.0) == [1.5]
    assert gaps.filter("false").approxQuantile("i", [0.5], 0.1) == []
    with pytest.raises(IllegalArgumentException, match="column s with data type StringType"):
        ten.approxQuantile("s", [0.5], 0.1)


def test_frequent_items(ten: Any) -> None:
    found = ten.freqItems(["s", "b"])
    assert found.schema.simpleString() == (
        "struct<s_freqItems:array<string>,b_freqItems:array<boolean>>"
    )
    row = found.collect()[0]
    assert set(row.s_freqItems) == {None, "a", "b", "c"}
    assert set(row.b_freqItems) == {None, True, False}


def test_samples(spark: Any, ten: Any) -> None:
    assert ten.sample(1.0).count() == 11
    assert ten.sample(0.0).count() == 0
    numbers = spark.range(1000)
    one, again = (numbers.sample(0.5, 42).collect() for _ in range(2))
    assert one == again and 400 < len(one) < 600
    assert len(set(one)) == len(one)
    assert 2000 < numbers.sample(True, 2.5, 3).count() < 3000
    left, right = numbers.randomSplit([0.5, 0.5], 1)
    assert sorted(left.union(right).collect()) == numbers.collect()
    strata = ten.sampleBy("s", {"a": 1.0, "b": 0.0}, 1).collect()
    assert [row.i for row in strata] == [0, 3, 6, 9]
    with pytest.raises(IllegalArgumentException, match=r"Sampling fraction \(1.5\)"):
        ten.sample(1.5).collect()


def test_unpivot(spark: Any) -> None:
    wide = spark.createDataFrame([(1, 11, 1.1), (2, 12, None)], "id int, int int, double double")
    long = wide.unpivot("id", ["int", "double"], "var", "val")
    assert long.schema.simpleString() == "struct<id:int,var:string,val:double>"
    rows = [
        Row(id=1, var="int", val=11.0),
        Row(id=1, var="double", val=1.1),
        Row(id=2, var="int", val=12.0),
        Row(id=2, var="double", val=None),
    ]
    assert long.collect() == rows
    assert wide.unpivot("id", None, "var", "val").collect() == rows
    assert long.filter(wide.id == 1).count() == 2
    assert [row.var for row in wide.unpivot("id", [wide.int + 1], "var", "val").collect()] == [
        "(int + 1)",
        "(int + 1)",
    ]
    with pytest.raises(AnalysisException) as caught:
        wide.withColumn("s", F.lit("x")).unpivot("id", ["int", "s"], "var", "val").collect()
    assert caught.value.getCondition() == "UNPIVOT_VALUE_DATA_TYPE_MISMATCH"


def test_transpose(spark: Any) -> None:
    rows = [("A", 1, 2), ("B", 3, 4), (None, 5, 6)]
    frame = spark.createDataFrame(rows, "k string, x int, y int")
    assert frame.transpose().collect() == [Row(key="x", A=1, B=3), Row(key="y", A=2, B=4)]
    doubles = frame.withColumn("z", F.lit(1.5)).transpose()
    assert doubles.collect()[2] == Row(key="z", A=1.5, B=1.5)
    with pytest.raises(AnalysisException) as caught:
        frame.withColumn("z", F.lit("s")).transpose().collect()
    assert caught.value.getCondition() == "TRANSPOSE_NO_LEAST_COMMON_TYPE"


def pairs() -> type[DataSource]:
    """A source that the server can load: a class of no module is sent whole."""

    class PairsReader(DataSourceReader):
        def read(self, partition: InputPartition) -> Iterator[tuple[int, str]]:
            yield 1, "x"

    class Pairs(DataSource):
        @classmethod
        def name(cls) -> str:
            return "pairs"

        def schema(self) -> str:
            return "a INT, b STRING COMMENT 'cc'"

        def reader(self, schema: Any) -> DataSourceReader:
            return PairsReader()

    return Pairs


def test_catalog(spark: Any) -> None:
    catalog = spark.catalog
    spark.dataSource.register(pairs())
    catalog.createTable("tt", source="pairs")
    assert spark.table("tt").collect() == [Row(a=1, b="x")]
    assert catalog.currentDatabase() == "default"
    assert catalog.currentCatalog() == "spark_catalog"
    assert [found.name for found in catalog.listCatalogs()] == ["spark_catalog"]
    assert [found.name for found in catalog.listDatabases()] == ["default"]
    assert catalog.databaseExists("default") and not catalog.databaseExists("nope")
    assert catalog.tableExists("default.tt") and not catalog.tableExists("nope")
    assert catalog.tableExists("spark_catalog.default.tt")
    table = catalog.getTable("tt")
    assert (table.name, table.catalog, table.namespace) == ("tt", "spark_catalog", ["default"])
    assert (table.tableType, table.isTemporary) == ("MANAGED", False)
    assert [found.name for found in catalog.listTables(pattern="t*")] == ["tt"]
    columns = [(found.name, found.dataType) for found in catalog.listColumns("tt")]
    assert columns == [("a", "int"), ("b", "string")]
    assert [found.description for found in catalog.listColumns("tt")] == [None, "cc"]
    assert catalog.functionExists("abs") and not catalog.functionExists("nope")
    assert not catalog.isCached("tt")
    catalog.cacheTable("tt")
    assert catalog.isCached("tt")
    catalog.uncacheTable("tt")
    catalog.uncacheTable("tt")
    assert not catalog.isCached("tt")
    catalog.clearCache()
    catalog.refreshTable("tt")
    catalog.setCurrentDatabase("default")
    assert not catalog.dropTempView("tt")
    assert not catalog.dropGlobalTempView("tt")
    one_row(spark, "1 as a", "'x' as b").createOrReplaceTempView("v1")
    assert catalog.tableExists("v1") and not catalog.tableExists("default.v1")
    view = catalog.getTable("v1")
    assert (view.name, view.catalog, view.namespace) == ("v1", None, [])
    assert (view.tableType, view.isTemporary) == ("TEMPORARY", True)
    assert [found.name for found in catalog.listTables()] == ["tt", "v1"]
    assert catalog.dropTempView("v1") and not catalog.dropTempView("v1")
    for attempt in (catalog.listColumns, catalog.isCached, catalog.refreshTable):
        with pytest.raises(AnalysisException) as caught:
            attempt("nope")
        assert caught.value.getCondition() == "TABLE_OR_VIEW_NOT_FOUND"
    with pytest.raises(AnalysisException) as caught:
        catalog.setCurrentDatabase("nope")
    assert caught.value.getCondition() == "SCHEMA_NOT_FOUND"


def test_observe(spark: Any) -> None:
    observation = Observation("metrics")
    frame = spark.range(10).observe(
        observation, F.count(F.lit(1)).alias("n"), F.max("id").alias("most")
    )
    assert len(frame.collect()) == 10
    assert observation.get == {"n": 10, "most": 9}


def test_table_valued_functions(spark: Any) -> None:
    tvf = spark.tvf
    assert [row.id for row in tvf.range(1, 10, 3).collect()] == [1, 4, 7]
    assert tvf.explode(F.array(F.lit(1), F.lit(2))).collect() == [Row(col=1), Row(col=2)]
    assert tvf.explode(F.create_map(F.lit("a"), F.lit(1))).collect() == [Row(key="a", value=1)]
    assert tvf.posexplode(F.array(F.lit(1), F.lit(2))).collect() == [
        Row(pos=0, col=1),
        Row(pos=1, col=2),
    ]
    pair = F.struct(F.lit(1).alias("a"), F.lit("b").alias("b"))
    assert tvf.inline(F.array(pair)).collect() == [Row(a=1, b="b")]


def test_fields_of_structs(spark: Any) -> None:
    frame = one_row(
        spark,
        "named_struct('a', 1, 'b', named_struct('c', 2, 'd', 3)) as s",
        "cast(null as struct<a:int>) as n",
        "5 as i",
    )

    def only(column: Any) -> Any:
        return frame.select(column.alias("v")).collect()[0].v

    s = F.col("s")
    assert only(s.withField("x", F.lit(9))) == Row(a=1, b=Row(c=2, d=3), x=9)
    assert only(s.withField("A", F.lit(7))) == Row(A=7, b=Row(c=2, d=3))
    assert only(s.withField("b.c", F.lit(7))) == Row(a=1, b=Row(c=7, d=3))
    assert only(s.withField("b.c", F.col("s.b.c") + 1)) == Row(a=1, b=Row(c=3, d=3))
    assert only(s.dropFields("a", "b.c")) == Row(b=Row(d=3))
    assert only(s.dropFields("nope")) == Row(a=1, b=Row(c=2, d=3))
    chain = s.withField("x", F.col("i")).withField("y", F.col("s.a")).dropFields("b")
    assert only(chain) == Row(a=1, x=5, y=1)
    assert only(F.col("n").withField("x", F.lit(1))) is None
    name = frame.select(s.withField("x", F.lit(9))).columns[0]
    assert name == "update_fields(s, WithField(9))"
    with pytest.raises(AnalysisException) as caught:
        only(s.dropFields("a", "b"))
    assert caught.value.getCondition() == "DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS"


def test_a_persisted_relation_is_read_once(spark: Any, tmp_path: Path) -> None:
    log = str(tmp_path / "reads")

    class LoggedReader(DataSourceReader):
        def read(self, partition: InputPartition) -> Iterator[tuple[int]]:
            with Path(log).open("a") as file:
                file.write("read\n")
            yield (1,)
            yield (2,)

    class Logged(DataSource):
        @classmethod
        def name(cls) -> str:
            return "logged"

        def schema(self) -> str:
            return "a int"

        def reader(self, schema: Any) -> DataSourceReader:
            return LoggedReader()

    def reads() -> int:
        return len(Path(log).read_text().splitlines())

    spark.dataSource.register(Logged)
    frame = spark.read.format("logged").load()
    frame.persist()
    assert frame.count() == 2
    assert frame.filter("a > 1").collect() == [Row(a=2)]
    assert frame.alias("l").join(frame.alias("r"), F.col("l.a") == F.col("r.a")).count() == 2
    assert reads() == 1
    frame.unpersist()
    assert frame.count() == 2
    assert reads() == 2


def test_the_first_rows_are_those_of_the_first_partition(spark: Any) -> None:
    frame = spark.range(0, 100, numPartitions=4)
    assert [row.id for row in frame.limit(3).collect()] == [0, 1, 2]
    assert [row.id for row in frame.offset(98).collect()] == [98, 99]
    assert frame.head() == Row(id=0)
    assert [row.id for row in frame.tail(2)] == [98, 99]


def test_rows_below_a_projection_order_and_filter_it(spark: Any) -> None:
    frame = spark.createDataFrame([(1, "b"), (2, "a")], "n int, s string")
    assert frame.select("s").sort(frame.n.desc()).collect() == [Row(s="a"), Row(s="b")]
    assert frame.select("s").filter(frame.n == 1).collect() == [Row(s="b")]
    assert frame.select("s").columns == ["s"]


def test_names_in_sql_stand_for_parameters_and_data_frames(spark: Any) -> None:
    frame = spark.range(5)
    query = "SELECT id FROM {frame} WHERE id > :low ORDER BY id"
    assert spark.sql(query, {"low": 2}, frame=frame).collect() == [Row(id=3), Row(id=4)]
    assert spark.sql("SELECT ? + ? AS sum", [1, 2]).collect() == [Row(sum=3)]
