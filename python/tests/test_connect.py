"""The real PySpark client on ``seatrial server``."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from pyspark.errors import (
    AnalysisException,
    IllegalArgumentException,
    ParseException,
    PySparkException,
    PythonException,
    SparkNoSuchElementException,
)
from pyspark.sql import Row
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

from connect_process import ServerProcess


class NumbersReader(DataSourceReader):
    def __init__(self, options: dict[str, str]) -> None:
        self.count = int(options.get("count", "3"))
        self.options = options

    def partitions(self) -> list[InputPartition]:
        return [InputPartition(part) for part in range(int(self.options.get("parts", "2")))]

    def read(self, partition: InputPartition) -> Iterator[tuple[int, str]]:
        for number in range(self.count):
            if "sleep" in self.options:
                time.sleep(float(self.options["sleep"]))
            if "fail" in self.options:
                raise ValueError("no more numbers")
            yield partition.value * self.count + number, f"n{number}"


class Numbers(DataSource):
    @classmethod
    def name(cls) -> str:
        return "numbers"

    def schema(self) -> str:
        if "broken" in self.options:
            raise KeyError("no schema")
        return "a BIGINT, b STRING"

    def reader(self, schema: Any) -> DataSourceReader:
        return NumbersReader(dict(self.options))


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess() as process:
        yield process
        assert process.stop() == 0


@pytest.fixture
def spark(server: ServerProcess) -> Iterator[Any]:
    session = SparkSession.builder.remote(server.url).create()
    yield session
    session.stop()


def test_the_server_tells_where_it_listens(server: ServerProcess) -> None:
    assert re.fullmatch(r"sc://127\.0\.0\.1:\d+", server.url)


def test_version(spark: Any) -> None:
    assert spark.version.startswith("4.")


def test_a_source_is_registered_and_read(spark: Any) -> None:
    spark.dataSource.register(Numbers)
    frame = spark.read.format("numbers").option("count", 2).load()
    assert frame.schema.simpleString() == "struct<a:bigint,b:string>"
    assert frame.collect() == [Row(a=0, b="n0"), Row(a=1, b="n1"), Row(a=2, b="n0"), Row(a=3, b="n1")]
    table = frame.toArrow()
    assert table.schema == pa.schema([("a", pa.int64()), ("b", pa.string())])
    assert list(frame.toPandas()["a"]) == [0, 1, 2, 3]


def test_no_rows_have_a_schema_too(spark: Any) -> None:
    spark.dataSource.register(Numbers)
    frame = spark.read.format("numbers").option("count", 0).load()
    assert frame.collect() == []
    assert frame.toArrow().num_rows == 0


def test_many_rows_arrive_in_order(spark: Any) -> None:
    spark.dataSource.register(Numbers)
    frame = spark.read.format("numbers").option("count", 50_000).load()
    assert [row.a for row in frame.toLocalIterator()] == list(range(100_000))


def test_a_planning_error_is_an_analysis_exception(spark: Any) -> None:
    spark.dataSource.register(Numbers)
    with pytest.raises(AnalysisException) as caught:
        spark.read.format("numbers").option("broken", 1).load().collect()
    error = caught.value
    assert (error.getCondition(), error.getSqlState()) == ("PYTHON_DATA_SOURCE_ERROR", "38000")
    assert error.getMessageParameters()["type"] == "instance"
    assert "KeyError: 'no schema'" in error.getMessageParameters()["msg"]
    assert str(error).startswith("[PYTHON_DATA_SOURCE_ERROR] Failed to create Python data source")
    assert str(error).endswith("SQLSTATE: 38000")


def test_a_reading_error_is_a_python_exception_with_its_traceback(spark: Any) -> None:
    spark.dataSource.register(Numbers)
    with pytest.raises(PythonException) as caught:
        spark.read.format("numbers").option("fail", 1).load().collect()
    assert "Traceback (most recent call last):" in str(caught.value)
    assert "ValueError: no more numbers" in str(caught.value)


def test_an_unknown_source(spark: Any) -> None:
    with pytest.raises(PySparkException) as caught:
        spark.read.format("nowhere").load().collect()
    assert caught.value.getCondition() == "DATA_SOURCE_NOT_FOUND"
    assert caught.value.getMessageParameters() == {"provider": "nowhere"}


def test_settings(spark: Any) -> None:
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    assert spark.conf.get("spark.sql.session.timeZone") == "Asia/Tokyo"
    assert spark.conf.getAll == {"spark.sql.session.timeZone": "Asia/Tokyo"}
    spark.conf.unset("spark.sql.session.timeZone")
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
    assert spark.conf.get("nothing", "else") == "else"
    assert spark.conf.get("nothing", None) is None
    assert spark.conf.isModifiable("spark.sql.ansi.enabled")
    assert not spark.conf.isModifiable("spark.sql.warehouse.dir")
    with pytest.raises(SparkNoSuchElementException) as missing:
        spark.conf.get("nothing")
    assert missing.value.getCondition() == "SQL_CONF_NOT_FOUND"
    with pytest.raises(IllegalArgumentException) as wrong:
        spark.conf.set("spark.sql.ansi.enabled", "perhaps")
    assert wrong.value.getCondition() == "INVALID_CONF_VALUE.TYPE_MISMATCH"
    with pytest.raises(AnalysisException) as fixed:
        spark.conf.set("spark.sql.warehouse.dir", "/tmp")
    assert fixed.value.getCondition() == "CANNOT_MODIFY_STATIC_CONFIG"


def test_ddl_is_parsed(spark: Any) -> None:
    parsed = spark._client._analyze(method="ddl_parse", ddl_string="a INT, b ARRAY<STRING>").parsed
    assert parsed.simpleString() == "struct<a:int,b:array<string>>"
    assert spark._client._analyze(method="ddl_parse", ddl_string="int").parsed.simpleString() == "int"
    with pytest.raises(ParseException):
        spark._client._analyze(method="ddl_parse", ddl_string="a b c d")


def test_sessions_do_not_see_each_other(server: ServerProcess, spark: Any) -> None:
    spark.dataSource.register(Numbers)
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    other: Any = SparkSession.builder.remote(server.url).create()
    assert other.conf.get("spark.sql.session.timeZone") == "UTC"
    with pytest.raises(PySparkException):
        other.read.format("numbers").load().collect()
    other.stop()
    assert spark.read.format("numbers").load().count() == 6


def test_interrupt_all_stops_a_reader_that_sleeps(spark: Any) -> None:
    spark.dataSource.register(Numbers)
    frame = spark.read.format("numbers").option("sleep", 60).load()
    errors: list[BaseException] = []

    def collect() -> None:
        try:
            frame.collect()
        except PySparkException as error:
            errors.append(error)

    thread = threading.Thread(target=collect)
    thread.start()
    deadline = time.monotonic() + 20
    while not spark.interruptAll() and time.monotonic() < deadline:
        time.sleep(0.05)
    thread.join(timeout=10)
    assert [error.getCondition() for error in errors] == ["OPERATION_CANCELED"]  # type: ignore[attr-defined]
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"


def test_a_stopped_session_is_closed(server: ServerProcess) -> None:
    session: Any = SparkSession.builder.remote(server.url).create()
    assert session.version
    client = session._client
    client.release_session()
    with pytest.raises(PySparkException) as caught:
        client._analyze(method="spark_version")
    assert caught.value.getCondition() == "INVALID_HANDLE.SESSION_CLOSED"
    client.close()
