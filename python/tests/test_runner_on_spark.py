"""The runner on real Spark: each version that has an environment here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner_process import RunnerProcess

pytestmark = pytest.mark.spark

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "seatrial"
VERSIONS = ["4.0.5", "4.2.1"]

GOOD = """\
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from threading import Lock
import os

class Reader(DataSourceReader):
    def partitions(self):
        record_call("partitions")
        return [InputPartition(0), InputPartition(1)]

    def read(self, partition):
        record_call("read", partition=partition.value)
        print("noise")
        yield (partition.value, "x")

class Source(DataSource):
    def schema(self):
        record_call("schema")
        return "a int, b string"

    def reader(self, schema):
        return Reader()
"""


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def spark(version: str) -> Iterator[RunnerProcess]:
    python = CACHE / f"spark-{version}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no environment with PySpark {version} at {python.parent.parent}")
    if shutil.which("java") is None:
        pytest.skip("no Java on the PATH")
    runner = RunnerProcess(python)
    started = runner.ask("start", {"protocol": 1})["started"]
    assert started["protocol"] == 1
    assert started["target"] == "spark"
    assert started["mode"] == "classic"
    assert started["versions"]["spark"] == version
    assert set(started["versions"]) == {"spark", "python", "pyarrow", "pandas", "java"}
    yield runner
    assert runner.close() == 0


def observe(spark: RunnerProcess, python: str, **case: Any) -> dict[str, Any]:
    answer = spark.run(python, **case)
    assert list(answer) == ["observation"], answer
    assert answer["observation"]["id"] == "a/b::c"
    observation: dict[str, Any] = answer["observation"]["observation"]
    return observation


def error_of(spark: RunnerProcess, python: str, **case: Any) -> dict[str, Any]:
    error: dict[str, Any] = observe(spark, python, **case)["error"]
    assert error is not None
    return error


def test_rows_schema_calls_and_partitions(spark: RunnerProcess) -> None:
    answer = observe(spark, GOOD, calls=["schema", "partitions"], count_partitions=True)
    assert sorted(answer["rows"]) == [[0, "x"], [1, "x"]]
    assert [field["name"] for field in answer["schema"]["fields"]] == ["a", "b"]
    assert answer["calls"] == [{"call": "schema"}, {"call": "partitions"}]
    assert (answer["partitions"], answer["error"]) == (2, None)


def test_sessions_are_kept_apart(spark: RunnerProcess) -> None:
    observe(spark, GOOD)
    error = error_of(spark, "x = 1", register=[], read={"format": "Source"})
    assert (error["phase"], error["exception"]) == ("load", "Py4JJavaError")
    assert (error["condition"], error["sqlstate"]) == ("DATA_SOURCE_NOT_FOUND", "42K02")
    assert error["parameters"] == {"provider": "Source"}
    assert error["jvm"]["class"] == "org.apache.spark.SparkClassNotFoundException"


def test_options_path_and_schema(spark: RunnerProcess) -> None:
    python = GOOD.replace('"a int, b string"', '"a int"').replace(
        "        return Reader()\n",
        '        record_call("reader", options=dict(self.options))\n        return Reader()\n',
    )
    options = [["Some", "Thing"], ["n", 1], ["b", True]]
    read = {"options": options, "schema": "x int, y string", "path": "/p"}
    answer = observe(spark, python, read=read, calls=["reader"])
    assert [field["name"] for field in answer["schema"]["fields"]] == ["x", "y"]
    assert answer["calls"][0]["options"] == {"some": "Thing", "n": "1", "b": "true", "path": "/p"}


def test_steps_are_carried_out_in_order(spark: RunnerProcess) -> None:
    read: dict[str, Any] = {"format": None, "options": [], "schema": None, "path": None}
    steps: list[dict[str, Any]] = [
        {"load": {"view": "first", "read": read}},
        {"sql": "CREATE TEMPORARY VIEW second AS SELECT a + 10 AS a FROM first"},
        {"new_session": {}},
        {"register": ["Source"]},
        {"load": {"view": "third", "read": read}},
        {"sql": "CREATE TABLE kept USING Source"},
        {"new_session": {}},
        {"register": ["Source"]},
    ]
    answer = observe(spark, GOOD, steps=steps, query="SELECT a FROM kept ORDER BY a")
    assert (answer["rows"], answer["error"]) == ([[0], [1]], None)
    loaded = observe(spark, GOOD, steps=steps[:1], query=None)
    assert sorted(loaded["rows"]) == [[0, "x"], [1, "x"]]
    for view in ["first", "second", "third"]:
        error = error_of(spark, GOOD, steps=steps, query=f"SELECT * FROM {view}")
        assert (error["phase"], error["condition"]) == ("plan", "TABLE_OR_VIEW_NOT_FOUND")


def test_an_error_ends_the_steps_and_tables_are_dropped(spark: RunnerProcess) -> None:
    steps = [{"sql": "CREATE TABLE t (a INT) USING parquet"}, {"sql": "CREATE VIEW v AS SELECT 1"}]
    for _ in range(2):
        assert observe(spark, GOOD, steps=steps, query="SELECT * FROM t, v")["rows"] == []
    error = error_of(spark, GOOD, steps=[*steps, steps[0], {"nonsense": 1}], query="SELECT 1")
    assert error["condition"] == "TABLE_OR_VIEW_ALREADY_EXISTS"
    failing = [{"sql": "SELECT assert_true(id < 1) FROM range(2)"}]
    assert error_of(spark, GOOD, steps=failing, query="SELECT 1")["phase"] == "read"


@pytest.mark.parametrize(
    ("replace", "by", "phase", "exception", "condition"),
    [
        ('record_call("schema")', "1 / 0", "load", "AnalysisException", "DSERR"),
        ("return Reader()", "return None", "plan", "AnalysisException", "DSERR"),
        ("return Reader()", "os._exit(5)", "plan", "Py4JJavaError", None),
        ("InputPartition(1)", "InputPartition(Lock())", "plan", "Py4JJavaError", None),
        ("yield (", "raise ValueError('boom'); yield (", "read", "PythonException", "TASKERR"),
        ("yield (", "os._exit(5); yield (", "read", "Py4JJavaError", None),
        ("a int,", "a: int,", "load", "ParseException", "PARSE_SYNTAX_ERROR"),
        ("a int,", "a int not null,", "read", "Py4JJavaError", None),
    ],
)
def test_errors(
    spark: RunnerProcess,
    version: str,
    replace: str,
    by: str,
    phase: str,
    exception: str,
    condition: str | None,
) -> None:
    python = GOOD.replace(replace, by)
    if "not null" in by:
        python = python.replace("(partition.value, ", "(None, ")
    error = error_of(spark, python)
    expected = {
        "DSERR": ("PYTHON_DATA_SOURCE_ERROR", "38000"),
        "TASKERR": ("PYTHON_EXCEPTION", "38000") if version >= "4.2" else (None, None),
        "PARSE_SYNTAX_ERROR": ("PARSE_SYNTAX_ERROR", "42601"),
        None: (None, None),
    }[condition]
    assert (error["phase"], error["exception"]) == (phase, exception)
    assert (error["condition"], error["sqlstate"]) == expected
    assert (error["jvm"] is None) == (exception != "Py4JJavaError")
    assert "\n\tat " not in error["message"]
    assert "JVM stacktrace" not in error["message"]


def test_the_root_of_a_failure_inside_the_jvm(spark: RunnerProcess) -> None:
    python = GOOD.replace("a int,", "a int not null,").replace("(partition.value, ", "(None, ")
    assert error_of(spark, python)["jvm"] == {
        "class": "org.apache.spark.SparkException",
        "root": "java.lang.IllegalStateException: Value at index is null",
    }


def test_exceptions_of_the_driver_do_not_end_the_runner(spark: RunnerProcess) -> None:
    name = "    @classmethod\n    def name(cls):\n        "
    for statement, exception in [
        ("raise SystemExit(3)", "SystemExit"),
        ("raise KeyboardInterrupt()", "KeyboardInterrupt"),
        ("return 5", "Py4JError"),
    ]:
        error = error_of(spark, GOOD + name + statement, read={"format": "x"})
        assert (error["phase"], error["exception"]) == ("register", exception)


def test_where_an_action_fails_is_told_apart(spark: RunnerProcess) -> None:
    conf = {"spark.sql.ansi.enabled": "true"}
    while_reading = error_of(spark, GOOD, query="SELECT 1 / a FROM source", conf=conf)
    while_planning = error_of(spark, GOOD, query="SELECT 1 / 0 FROM source", conf=conf)
    assert while_reading["condition"] == while_planning["condition"] == "DIVIDE_BY_ZERO"
    assert (while_reading["phase"], while_planning["phase"]) == ("read", "plan")
    assert error_of(spark, GOOD, query="SELECT nope FROM source")["phase"] == "plan"


@pytest.mark.parametrize(
    ("python", "case", "told"),
    [
        ("def f(:", {}, 'File "<case>", line 1'),
        ("raise SystemExit(3)", {}, "SystemExit: 3"),
        ("x = 1", {}, "names no format"),
        (GOOD, {"register": ["Sorce"]}, "NameError: name 'Sorce' is not defined"),
        (GOOD, {"conf": {"spark.sql.warehouse.dir": "x"}}, "CANNOT_MODIFY_"),
    ],
)
def test_a_broken_case_is_not_a_matter_of_the_target(
    spark: RunnerProcess, python: str, case: dict[str, Any], told: str
) -> None:
    assert told in spark.run(python, **case)["failed"]["context"]


def test_what_this_runner_does_not_know_is_unsupported(spark: RunnerProcess) -> None:
    answer = spark.run(GOOD, write={"mode": "append"})
    assert answer["unsupported"]["reason"] == "case: this runner does not know write"


def test_values(spark: RunnerProcess) -> None:
    columns = [
        ("timestamp", "datetime.datetime(2020, 1, 1, 5)", "2020-01-01T05:00:00.000000Z"),
        ("timestamp_ntz", "datetime.datetime(2020, 1, 1, 5)", "2020-01-01T05:00:00.000000"),
        ("date", "datetime.date(2, 1, 2)", "0002-01-02"),
        ("decimal(5,2)", "decimal.Decimal('1.5')", "1.50"),
        ("binary", "b'\\x00\\xff'", "00ff"),
        ("interval day to second", "datetime.timedelta(microseconds=7)", 7),
        ("float", "0.1", 0.10000000149011612),
        ("double", "float('-inf')", "-Infinity"),
        ("map<string,int>", "{'k': 1}", [["k", 1]]),
        ("struct<x:int,y:array<double>>", "(1, [-0.0])", [1, [-0.0]]),
        ("void", "None", None),
    ]
    ddl = ", ".join(f"c{index} {column[0]}" for index, column in enumerate(columns))
    row = "(" + ", ".join(column[1] for column in columns) + ")"
    python = "import datetime, decimal\n" + GOOD.replace("a int, b string", ddl)
    answer = observe(spark, python.replace('(partition.value, "x")', row), query=None)
    assert answer["rows"] == [[column[2] for column in columns]] * 2


def test_the_example_sources_run_on_plain_spark(spark: RunnerProcess) -> None:
    def rows(source: str, name: str, **options: str) -> list[list[Any]]:
        read = {"format": name, "options": [list(item) for item in options.items()]}
        python = f"from seatrial.examples import {source}"
        answer = observe(spark, python, register=[source], read=read)
        assert answer["error"] is None
        collected: list[list[Any]] = answer["rows"]
        return collected

    assert sorted(rows("RangeSource", "range", end="5", numPartitions="2")) == [
        [0],
        [1],
        [2],
        [3],
        [4],
    ]
    assert rows("ConstantSource", "constant", value="7", type="int", rows="2") == [[7], [7]]
    assert rows("TideTable", "tides", harbour="Whitby", every="720") == [
        ["2026-01-01T00:00:00.000000Z", 2.01, "flood", "🌔", "≈≈≈≈≈⛵"],
        ["2026-01-01T12:00:00.000000Z", 1.94, "flood", "🌔", "≈≈≈≈⛵"],
    ]
