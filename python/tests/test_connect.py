"""The real PySpark client on ``seatrial server``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark import cloudpickle
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

from connect_process import PROGRAM, ServerProcess, since_client

# As for a class of a script: the server cannot import this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]


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


def test_the_server_tells_where_it_listens(server: ServerProcess) -> None:
    assert re.fullmatch(r"sc://127\.0\.0\.1:\d+", server.url)


def test_version(spark: Any) -> None:
    assert spark.version.startswith("4.")


def test_a_source_is_registered_and_read(spark: Any) -> None:
    spark.dataSource.register(Numbers)
    frame = spark.read.format("numbers").option("count", 2).load()
    assert frame.schema.simpleString() == "struct<a:bigint,b:string>"
    assert frame.collect() == [
        Row(a=0, b="n0"),
        Row(a=1, b="n1"),
        Row(a=2, b="n0"),
        Row(a=3, b="n1"),
    ]
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
    parameters = error.getMessageParameters() or {}
    assert parameters["type"] == "instance"
    assert "KeyError: 'no schema'" in parameters["msg"]
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
    assert (
        spark._client._analyze(method="ddl_parse", ddl_string="int").parsed.simpleString() == "int"
    )
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


def test_a_stopped_session_is_closed(server: ServerProcess) -> None:
    session: Any = SparkSession.builder.remote(server.url).create()
    assert session.version
    client = session._client
    client.release_session()
    with pytest.raises(PySparkException) as caught:
        client._analyze(method="spark_version")
    assert caught.value.getCondition() == "INVALID_HANDLE.SESSION_CLOSED"
    client.close()


def test_a_relation_tells_how_it_is_persisted(spark: Any) -> None:
    frame = spark.range(3)
    assert str(frame.storageLevel) == "Serialized 1x Replicated"
    frame.persist()
    assert frame.storageLevel.useMemory and frame.storageLevel.useDisk
    assert frame.is_cached
    frame.unpersist()
    assert not frame.storageLevel.useMemory


def test_relations_are_compared_by_what_they_ask_for(spark: Any) -> None:
    assert spark.range(3).sameSemantics(spark.range(3))
    assert not spark.range(3).sameSemantics(spark.range(4))
    assert spark.range(3).semanticHash() == spark.range(3).semanticHash()


def test_a_plan_may_be_deep(spark: Any) -> None:
    frame = spark.range(10)
    for number in range(60):
        frame = frame.filter(f"id <> {number + 5}")
    assert frame.count() == 5


def test_plans_are_explained(spark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    frame = spark.range(3)
    frame.explain()
    assert capsys.readouterr().out.startswith("== Physical Plan ==\n")
    frame.explain("extended")
    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith("==")]
    assert heads == [
        "== Parsed Logical Plan ==",
        "== Analyzed Logical Plan ==",
        "== Optimized Logical Plan ==",
        "== Physical Plan ==",
    ]
    frame.printSchema()
    assert capsys.readouterr().out == "root\n |-- id: long (nullable = false)\n\n"


def test_instants_are_shown_in_the_time_zone_of_the_session(spark: Any) -> None:
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    frame = spark.range(1).selectExpr("TIMESTAMP '2020-01-01 00:00:00' AS t")
    assert frame.toArrow().column("t").to_pylist()[0].isoformat() == "2019-12-31T15:00:00+00:00"
    assert frame.toPandas()["t"][0].isoformat() == "2020-01-01T00:00:00"


def test_an_interrupt_by_tag_and_by_operation(spark: Any) -> None:
    assert spark.interruptTag("nothing") == []
    assert spark.interruptOperation("00112233-4455-6677-8899-aabbccddeeff") == []


@since_client("4.1")
def test_a_cloned_session_goes_its_own_way(spark: Any) -> None:
    spark.dataSource.register(Numbers)
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    clone = spark.cloneSession()
    assert clone.conf.get("spark.sql.session.timeZone") == "Asia/Tokyo"
    assert clone.read.format("numbers").load().count() == 6
    clone.conf.set("spark.sql.session.timeZone", "UTC")
    assert spark.conf.get("spark.sql.session.timeZone") == "Asia/Tokyo"
    clone._client.release_session()
    clone._client.close()


def test_a_command_that_is_not_supported_is_named(spark: Any) -> None:
    with pytest.raises(PySparkException, match="command `get_resources_command`"):
        spark._client._resources()


def test_a_token_is_asked_for() -> None:
    with ServerProcess(variables={"SEATRIAL_TOKEN": "secret"}) as process:
        # Without TLS, clients send a token to this name only.
        url = process.url.replace("127.0.0.1", "localhost")
        spark: Any = SparkSession.builder.remote(f"{url}/;token=secret").create()
        assert spark.range(3).count() == 3
        spark.stop()
        other: Any = SparkSession.builder.remote(process.url).create()
        with pytest.raises(PySparkException, match="token"):
            other.version  # noqa: B018
        other._client.close()
        assert process.stop() == 0


def test_a_public_address_demands_a_token() -> None:
    command = [str(PROGRAM), "server", "--host", "0.0.0.0", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "0.0.0.0 is not a loopback address" in done.stderr


def test_tls(tmp_path: Path) -> None:
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    options = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", key, "-out", certificate]
    subprocess.run(["openssl", *options.split(), *names, *files], check=True, capture_output=True)
    with ServerProcess(["--tls-cert", certificate, "--tls-key", key, "--token", "t"]) as process:
        script = tmp_path / "count.py"
        script.write_text(
            "import sys\nfrom pyspark.sql.connect.session import SparkSession\n"
            "spark = SparkSession.builder.remote(sys.argv[1]).create()\n"
            "print(spark.range(3).count())"
        )
        url = process.url.replace("127.0.0.1", "localhost") + "/;use_ssl=true;token=t"
        # The client trusts what gRPC trusts.
        trusted = {**os.environ, "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": certificate}
        command = [sys.executable, str(script), url]
        assert subprocess.check_output(command, env=trusted, timeout=60) == b"3\n"
        assert process.stop() == 0
