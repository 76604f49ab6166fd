"""Names of columns, and errors of the analyser, of the real PySpark client on ``seatrial server``.

What is expected is what Spark 4.2.1 answers, and 4.0.5 too unless a test says otherwise.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pyspark
import pytest
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import functions
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.connect.window import Window

from connect_process import ServerProcess

# Its stubs do not know what depends on the version.
F: Any = functions

VERSION = tuple(map(int, pyspark.__version__.split(".")[:2]))


@pytest.fixture(scope="module")
def spark(server: ServerProcess) -> Iterator[Any]:
    session = SparkSession.builder.remote(server.url).create()
    yield session
    session.stop()


@pytest.fixture
def frame(spark: Any) -> Any:
    rows = [(1, "b1", 0.5, [1, 2, None], {"k": 1}), (2, "b0", 1.0, [3], {"k": 2})]
    return spark.createDataFrame(
        rows, "a int, b string, c double, arr array<int>, m map<string,int>"
    )


LAG = "(a, {}, NULL) OVER (ORDER BY a ASC NULLS FIRST ROWS BETWEEN {} FOLLOWING AND {} FOLLOWING)"
RANKED = "() OVER (ORDER BY a ASC NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
VARIABLE = "namedlambdavariable()"


@pytest.mark.filterwarnings("ignore:WARN WindowExpression")
def test_names_of_columns(frame: Any) -> None:
    by_a = Window.orderBy("a")
    named: dict[str, Any] = {
        "A": F.col("A"),
        "negative(a)": -F.col("a"),
        "regexp_replace(b, b, q, 1)": F.regexp_replace("b", "b", "q"),
        'from_json({"x":1})': F.from_json(F.lit('{"x":1}'), "x int"),
        "lag" + LAG.format(1, -1, -1): F.lag("a").over(by_a),
        "lead" + LAG.format(2, 2, 2): F.lead("a", 2).over(by_a),
        "RANK" + RANKED: F.rank().over(by_a),
        "row_number" + RANKED: F.row_number().over(by_a),
        f"transform(arr, lambdafunction(({VARIABLE} + 1), {VARIABLE}))": F.transform(
            "arr", lambda x: x + 1
        ),
    }
    assert frame.select(*named.values()).columns == list(named)
    grouped = frame.groupBy("B").agg(F.first("a", True), F.last("a"), F.mode("a"))
    assert grouped.columns == ["B", "first(a)", "last(a)", "mode(a)"]


def test_names_of_columns_in_sql(spark: Any) -> None:
    identity = f"lambdafunction({VARIABLE}, {VARIABLE})"
    named = {
        "t + interval 1 day": "t + INTERVAL '1' DAY",
        "interval 1 day + t": "t + INTERVAL '1' DAY",
        "t - interval 2 hours": "t - INTERVAL '02' HOUR",
        "interval 1 day + interval 2 day": "(INTERVAL '1' DAY + INTERVAL '2' DAY)",
        "- a": "(- a)",
        "aggregate(array(1), 0, (x, y) -> x + y)": "aggregate(array(1), 0, lambdafunction("
        f"({VARIABLE} + {VARIABLE}), {VARIABLE}, {VARIABLE}), {identity})",
        "regexp_extract('a', 'b')": "regexp_extract(a, b, 1)",
        "to_json(struct(1))": "to_json(struct(1))",
        "random(5)": "rand(5)",
        "timestamp'2020-1-1T10:00:00.50'": "TIMESTAMP '2020-01-01 10:00:00.5'",
        "date'2020'": "DATE '2020-01-01'",
        "date'2020-01-01' + 1": "date_add(DATE '2020-01-01', 1)",
        "date'2020-01-01' - 1": "date_sub(DATE '2020-01-01', 1)",
        "'a' LIKE 'b' ESCAPE '!'": "a LIKE b ESCAPE '!'",
        "if(a > 1, 'x', 'y')": "(IF((a > 1), x, y))",
        "locate('a', 'b')": "locate(a, b, 1)",
        "percentile(a, 0.5) OVER ()": "percentile(a, 0.5, 1) OVER (ROWS BETWEEN UNBOUNDED PRECEDING"
        " AND UNBOUNDED FOLLOWING)",
    }
    values = "VALUES (1, timestamp'2020-01-01 00:00:00') AS x(a, t)"
    assert spark.sql(f"SELECT {', '.join(named)} FROM {values}").columns == list(named.values())


def test_nullability(frame: Any) -> None:
    columns = [F.concat_ws("-", "arr"), F.create_map("b", "a"), F.rand(1)]
    assert not any(field.nullable for field in frame.select(*columns).schema)


def error_of(query: Any) -> PySparkException:
    with pytest.raises(PySparkException) as caught:
        query().collect()
    return caught.value


def test_conditions_of_dataframes(spark: Any, frame: Any) -> None:
    other = spark.createDataFrame([(1,)], "n int")
    twice = spark.createDataFrame([(1, 2)], "x int, y int").toDF("q", "q")
    cases: list[tuple[Any, str, dict[str, str]]] = [
        (
            lambda: frame.select(F.col("b") + F.col("m")),
            "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
            {"sqlExpr": '"(b + m)"', "left": '"STRING"', "right": '"MAP<STRING, INT>"'},
        ),
        (
            lambda: frame.filter(F.col("a")),
            "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN",
            {"sqlExpr": '"a"', "filter": '"a"', "type": '"INT"'},
        ),
        (
            lambda: frame.groupBy("b").agg(F.col("a")),
            "MISSING_AGGREGATION",
            {"expression": '"a"', "expressionAnyValue": '"any_value(a)"'},
        ),
        (lambda: frame.agg(F.sum("a"), F.col("b")), "MISSING_GROUP_BY", {}),
        (
            lambda: frame.select(F.col("arr").cast("int")),
            "DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION",
            {"sqlExpr": '"CAST(arr AS INT)"', "srcType": '"ARRAY<INT>"', "targetType": '"INT"'},
        ),
        (
            lambda: frame.limit(-1),
            "INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE",
            {"expr": '"-1"', "name": "limit", "v": "-1"},
        ),
        (
            lambda: frame.select(other.n),
            "CANNOT_RESOLVE_DATAFRAME_COLUMN",
            {"name": '"n"'},
        ),
        (
            lambda: twice.select("q"),
            "AMBIGUOUS_REFERENCE",
            {"name": "`q`", "referenceNames": "[`q`, `q`]"},
        ),
        (
            lambda: frame.join(other, "nope"),
            "UNRESOLVED_USING_COLUMN_FOR_JOIN",
            {
                "colName": "`nope`",
                "side": "left",
                "suggestion": "`a`, `arr`, `b`, `c`, `m`",
            },
        ),
    ]
    for query, condition, parameters in cases:
        error = error_of(query)
        assert isinstance(error, AnalysisException)
        assert error.getCondition() == condition
        assert error.getMessageParameters() == parameters


def test_conditions_of_sql(spark: Any) -> None:
    numeric = '("NUMERIC" or "INTERVAL DAY TO SECOND" or "INTERVAL YEAR TO MONTH" or "INTERVAL")'
    cases: dict[str, tuple[str, dict[str, str]]] = {
        "'a' + map(1, 2)": (
            "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
            {"sqlExpr": '"(a + map(1, 2))"', "left": '"STRING"', "right": '"MAP<INT, INT>"'},
        ),
        "array(1) + array(2)": (
            "DATATYPE_MISMATCH.BINARY_OP_WRONG_TYPE",
            {
                "sqlExpr": '"(array(1) + array(2))"',
                "inputType": numeric,
                "actualDataType": '"ARRAY<INT>"',
            },
        ),
        "1 = array(1)": (
            "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
            {"sqlExpr": '"(1 = array(1))"', "left": '"INT"', "right": '"ARRAY<INT>"'},
        ),
        "1 and true": (
            "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
            {"sqlExpr": '"(1 AND true)"', "left": '"INT"', "right": '"BOOLEAN"'},
        ),
        "not 1": (
            "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
            {
                "sqlExpr": '"(NOT 1)"',
                "paramIndex": "first",
                "requiredType": '"BOOLEAN"',
                "inputSql": '"1"',
                "inputType": '"INT"',
            },
        ),
        "id, count(*) FROM range(3)": ("MISSING_GROUP_BY", {}),
        "id, count(*) FROM range(3) GROUP BY id + 1": (
            "MISSING_AGGREGATION",
            {"expression": '"id"', "expressionAnyValue": '"any_value(id)"'},
        ),
        "id FROM range(3) WHERE id + 1": (
            "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN",
            {"sqlExpr": '"(id + 1)"', "filter": '"(id + 1)"', "type": '"BIGINT"'},
        ),
        "id FROM range(3) WHERE count(id) > 1": (
            "INVALID_WHERE_CONDITION",
            {"condition": '"(count(id) > 1)"', "expressionList": "count(id)"},
        ),
        "count(*) FROM range(3) HAVING id > 1": (
            "UNRESOLVED_COLUMN.WITH_SUGGESTION",
            {"objectName": "`id`", "proposal": "`count(1)`"},
        ),
        "id FROM range(3) ORDER BY 5": (
            "ORDER_BY_POS_OUT_OF_RANGE",
            {"index": "5", "size": "1"},
        ),
    }
    for query, (condition, parameters) in cases.items():
        error = error_of(lambda query=query: spark.sql(f"SELECT {query}"))
        assert (error.getCondition(), error.getMessageParameters()) == (condition, parameters)


def unexpected(expr: str, place: str, required: str, given: str, of: str) -> tuple[str, Any]:
    return (
        "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        {
            "sqlExpr": f'"{expr}"',
            "paramIndex": place,
            "requiredType": required,
            "inputSql": f'"{given}"',
            "inputType": f'"{of}"',
        },
    )


def test_arguments_that_spark_refuses(spark: Any, frame: Any) -> None:
    over_b = Window.partitionBy("b")
    ordered = {"wf_name": "row_number", "wf_expr": "row_number()"}
    map_type = {"dataType": '"MAP<STRING, INT>"'}
    cases: list[tuple[Any, tuple[str, Any]]] = [
        (
            lambda: frame.select(F.row_number().over(over_b)),
            ("WINDOW_FUNCTION_FRAME_NOT_ORDERED", ordered),
        ),
        (
            lambda: frame.select(F.row_number()),
            ("WINDOW_FUNCTION_WITHOUT_OVER_CLAUSE", {"funcName": '"row_number()"'}),
        ),
        (
            lambda: frame.select(F.explode("a")),
            unexpected("explode(a)", "first", '("ARRAY" or "MAP")', "a", "INT"),
        ),
        (
            lambda: frame.select(F.when(F.col("a"), 1)),
            unexpected("CASE WHEN a THEN 1 END", "first", '"BOOLEAN"', "a", "INT"),
        ),
        (
            lambda: frame.select(F.coalesce("a", "arr")),
            (
                "DATATYPE_MISMATCH.DATA_DIFF_TYPES",
                {
                    "sqlExpr": '"coalesce(a, arr)"',
                    "functionName": "`coalesce`",
                    "dataType": '("INT" or "ARRAY<INT>")',
                },
            ),
        ),
        (
            lambda: frame.select(F.array_contains("arr", "x")),
            (
                "DATATYPE_MISMATCH.ARRAY_FUNCTION_DIFF_TYPES",
                {
                    "sqlExpr": '"array_contains(arr, x)"',
                    "functionName": "`array_contains`",
                    "dataType": '"ARRAY"',
                    "leftType": '"ARRAY<INT>"',
                    "rightType": '"STRING"',
                },
            ),
        ),
        (
            lambda: frame.select(F.col("a").cast("date")),
            (
                "DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION",
                {
                    "sqlExpr": '"CAST(a AS DATE)"',
                    "srcType": '"INT"',
                    "targetType": '"DATE"',
                    "functionNames": "`DATE_FROM_UNIX_DATE`",
                },
            ),
        ),
        (
            lambda: frame.select("m").distinct(),
            ("UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE", {"colName": "`m`", **map_type}),
        ),
        (
            lambda: frame.dropDuplicates(["m"]),
            ("UNSUPPORTED_FEATURE.SET_OPERATION_ON_MAP_TYPE", {"colName": "`m`", **map_type}),
        ),
        (
            lambda: frame.sort("m"),
            (
                "DATATYPE_MISMATCH.INVALID_ORDERING_TYPE",
                {"sqlExpr": '"m ASC NULLS FIRST"', "functionName": "`sortorder`", **map_type},
            ),
        ),
        (
            lambda: frame.select(F.expr("greatest(a)")),
            (
                "WRONG_NUM_ARGS.WITHOUT_SUGGESTION",
                {
                    "functionName": "`greatest`",
                    "expectedNum": "> 1",
                    "actualNum": "1",
                    "docroot": "https://spark.apache.org/docs/latest",
                },
            ),
        ),
        (
            lambda: frame.select("a").union(frame.select("arr")),
            (
                "INCOMPATIBLE_COLUMN_TYPE",
                {
                    "operator": "UNION",
                    "columnOrdinalNumber": "first",
                    "tableOrdinalNumber": "second",
                    "dataType1": '"ARRAY<INT>"',
                    "dataType2": '"INT"',
                    "hint": "",
                },
            ),
        ),
        (lambda: spark.sql("SELECT :x"), ("UNBOUND_SQL_PARAMETER", {"name": "x"})),
    ]
    for ask, (condition, parameters) in cases:
        error = error_of(lambda ask=ask: ask().collect())
        assert (error.getCondition(), error.getMessageParameters()) == (condition, parameters)


def test_what_looks_refused_and_is_not(spark: Any, frame: Any) -> None:
    taken: list[Any] = [
        frame.select(F.element_at("m", F.lit("k"))),
        frame.select(F.concat("arr", "arr")),
        frame.select(F.array("a", "c"), F.greatest("a", "c"), F.coalesce("b", F.lit(None))),
        frame.select(F.col("b").isin("b1", None), F.array_contains("arr", F.lit(1).cast("long"))),
        frame.select(F.first_value("a").over(Window.partitionBy("b"))),
        spark.sql(
            "SELECT NOT 'true', true AND 'true', -'1', 1 & '3', make_timestamp(2020, 1, 1, 0, 0, 0)"
        ),
        spark.sql("SELECT CASE WHEN NULL THEN 1 ELSE 2 END, if(NULL, 1, 2), CAST('2020' AS date)"),
        spark.sql(
            "SELECT CAST(DATE'2020-01-01' AS timestamp), CAST(1 AS boolean), CAST(1 AS timestamp)"
        ),
        spark.sql("SELECT id FROM range(3) LIMIT 1 + 1"),
        spark.sql(
            "SELECT sum(id) FILTER (WHERE id > (SELECT max(id) - 1 FROM range(3))) FROM range(3)"
        ),
    ]
    for query in taken:
        assert query.collect()


def test_a_star_that_is_counted(spark: Any, frame: Any) -> None:
    both = frame.select("a", "b").union(frame.select("a", "b"))
    assert both.select(F.count_distinct("*")).collect() == [(2,)]
    both.createOrReplaceTempView("both")
    counted = spark.sql("SELECT count(*), count(DISTINCT *) FROM both")
    assert counted.columns == ["count(1)", "count(DISTINCT a, b)"]
    assert counted.collect() == [(4, 2)]
    error = error_of(lambda: spark.sql("SELECT count(both.*) FROM both"))
    assert error.getCondition() == "INVALID_USAGE_OF_STAR_WITH_TABLE_IDENTIFIER_IN_COUNT"


def test_samples_of_tables(spark: Any) -> None:
    def numbers(sample: str) -> list[int]:
        return [
            row[0]
            for row in spark.sql(f"SELECT id FROM (SELECT * FROM range(1000)) {sample}").collect()
        ]

    assert numbers("TABLESAMPLE (0 PERCENT)") == []
    assert len(numbers("TABLESAMPLE (100 PERCENT)")) == 1000
    assert numbers("TABLESAMPLE (3 ROWS)") == [0, 1, 2]
    some = numbers("TABLESAMPLE (10 PERCENT) REPEATABLE (5)")
    assert 50 < len(some) < 200
    assert some == numbers("TABLESAMPLE (10 PERCENT) REPEATABLE (5)")
    error = error_of(lambda: numbers("TABLESAMPLE (200 PERCENT)"))
    assert "Sampling fraction (2.0) must be on interval [0, 1]" in str(error)


def test_a_query_that_reads_nothing_follows_the_settings(spark: Any) -> None:
    query = "SELECT hour(timestamp'2020-01-01T00:00:00Z') AS h"
    before = spark.sql(query)
    assert before.collect() == before.collect() == [(0,)]
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    try:
        assert spark.sql(query).collect() == before.collect() == [(9,)]
    finally:
        spark.conf.unset("spark.sql.session.timeZone")
    failing = "SELECT CAST('a' AS int) AS n"
    assert error_of(lambda: spark.sql(failing).collect()).getCondition() == "CAST_INVALID_INPUT"
    spark.conf.set("spark.sql.ansi.enabled", "false")
    try:
        assert spark.sql(failing).collect() == [(None,)]
    finally:
        spark.conf.unset("spark.sql.ansi.enabled")
    assert spark.sql("SELECT uuid()").collect() != spark.sql("SELECT uuid()").collect()


def test_a_table_that_is_missing(spark: Any) -> None:
    message = str(error_of(lambda: spark.table("nope")))
    assert message.split("\n\nJVM")[0].endswith("42P01;\n'UnresolvedRelation [nope], [], false\n")


def test_errors_quote_the_line_of_the_program(frame: Any) -> None:
    line = inspect.currentframe().f_lineno  # type: ignore[union-attr]
    queries = {
        "cast": lambda: frame.select(F.col("b").cast("int")),
        "__truediv__": lambda: frame.select(F.col("a") / F.lit(0)),
        "__getitem__": lambda: frame.select(F.col("arr")[10]),
        "__eq__": lambda: frame.filter(F.col("b") == 1),
    }
    for number, (fragment, query) in enumerate(queries.items(), start=2):
        message = str(error_of(query))
        quoted = f'\n== DataFrame ==\n"{fragment}" was called from\n{__file__}:{line + number}\n'
        assert quoted in message


def test_overflow(spark: Any) -> None:
    error = error_of(lambda: spark.range(3).select(F.col("id") + F.lit(9223372036854775807)))
    assert error.getCondition() == "ARITHMETIC_OVERFLOW"
    assert error.getMessageParameters() == {
        "message": "overflow" if VERSION >= (4, 2) else "long overflow",
        "alternative": " Use 'try_add' to tolerate overflow and return NULL instead.",
        "config": '"spark.sql.ansi.enabled"',
    }


def test_random_numbers_of_a_seed(spark: Any) -> None:
    rows = spark.range(0, 3, 1, 1).select(F.rand(42), F.randn(42)).collect()
    assert [tuple(row) for row in rows] == [
        (0.619189370225301, 2.384479054241165),
        (0.5096018842446481, 0.1920934041293524),
        (0.8325259388871524, 0.7337336533286575),
    ]
    assert 0 <= spark.range(1).select(F.rand()).first()[0] < 1


def test_what_finds_no_room_fails_alone(spark: Any) -> None:
    error = error_of(lambda: spark.sql("SELECT array_repeat('a', 2147483647)"))
    assert error.getCondition() == "COLLECTION_SIZE_LIMIT_EXCEEDED.PARAMETER"
    parameters = error.getMessageParameters()
    assert parameters is not None and parameters["functionName"] == "`array_repeat`"
    for call in [
        "array_repeat(1, 1000000000)",
        "sequence(1, 100000000000)",
        "repeat('ab', 2147483647)",
        "lpad('a', 2147483647, 'é')",
    ]:
        with pytest.raises(PySparkException, match=r"makes more (elements|bytes) of one batch"):
            spark.sql(f"SELECT {call}").collect()
    assert spark.range(1).count() == 1


def test_a_timestamp_needs_no_pattern(spark: Any) -> None:
    moment = spark.sql("SELECT timestamp'2024-01-01 12:30:00Z' AS t, date'2024-01-02' AS d")
    shown = moment.select(
        F.unix_timestamp("t"), F.to_date("t", "yyyy"), F.to_timestamp("d", "yyyy").cast("date")
    ).first()
    assert [str(value) for value in shown] == ["1704112200", "2024-01-01", "2024-01-02"]
