"""``seatrial server`` under load, with clients and sources that end badly."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyspark import cloudpickle
from pyspark.errors import PySparkException, PythonException
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader

from connect_process import ServerProcess
from troubled import EndsTheProcess, Troubled, is_alive, new_session, troubled, wait_until

# As for a class of a script: the server cannot import this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]


def in_background(action: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    """Start the action; its errors come into the list."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def conditions(errors: list[BaseException]) -> list[str | None]:
    return [error.getCondition() for error in errors if isinstance(error, PySparkException)]


def status(process: int, key: str) -> int:
    """Return a number of ``/proc``: ``VmRSS`` in KiB, ``Threads``."""
    text = Path(f"/proc/{process}/status").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1])


def test_a_thousand_queries_leave_nothing_behind(server: ServerProcess) -> None:
    spark = new_session(server.url)

    def queries(count: int) -> None:
        for number in range(count // 4):
            assert spark.sql(f"SELECT {number} AS n").collect()[0].n == number
            assert spark.range(number).count() == number
            assert troubled(spark, rows=5).filter("a > 1").toArrow().num_rows == 3
            frame = spark.createDataFrame([(number, "x" * 100)], "n INT, s STRING")
            frame.createOrReplaceTempView("v")
            assert spark.table("v").collect()[0].n == number

    serving = server.serving
    queries(200)
    memory, threads = status(serving, "VmRSS"), status(serving, "Threads")
    queries(1000)
    wait_until(lambda: status(serving, "Threads") <= threads + 4)
    assert status(serving, "VmRSS") - memory < 12 * 1024
    assert spark.interruptAll() == []
    spark.stop()


def test_sessions_at_once_do_not_meet(server: ServerProcess) -> None:
    processes = [
        subprocess.Popen([sys.executable, __file__, server.url, str(number)]) for number in range(2)
    ]
    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(use_a_session, server.url, f"here{n}", n) for n in range(16)]:
            done.result(timeout=120)
    assert [process.wait(timeout=120) for process in processes] == [0, 0]


def use_a_session(url: str, word: str, number: int) -> None:
    """Check that a session has what it was given, while others are given something else."""

    class Own(DataSource):
        @classmethod
        def name(cls) -> str:
            return "own"

        def schema(self) -> str:
            return f"{word} STRING, n BIGINT"

        def reader(self, schema: Any) -> DataSourceReader:
            return OwnReader(word, number)

    spark: Any = SparkSession.builder.remote(url).create()
    spark.dataSource.register(Own)
    zone = ["UTC", "Asia/Tokyo", "America/New_York"][number % 3]
    spark.conf.set("spark.sql.session.timeZone", zone)
    spark.range(number).createOrReplaceTempView("own_view")
    for _ in range(3):
        table = spark.read.format("own").load().toArrow()
        assert table.column_names == [word, "n"]
        assert table.column(word).unique().to_pylist() == [word]
        assert sum(table.column("n").to_pylist()) == 500 * (number + 1)
        assert spark.table("own_view").count() == number
        assert spark.sql("SELECT current_timezone()").collect()[0][0] == zone
        with pytest.raises(PySparkException, match=f"no{word}"):
            spark.table(f"no{word}").collect()
    assert [table.name for table in spark.catalog.listTables()] == ["own_view"]
    spark.stop()


class OwnReader(DataSourceReader):
    def __init__(self, word: str, number: int) -> None:
        self.word = word
        self.number = number

    def read(self, partition: Any) -> Iterator[tuple[str, int]]:
        for _ in range(500):
            yield self.word, self.number + 1


def test_the_work_ends_with_a_client_that_is_killed(tmp_path: Path) -> None:
    with ServerProcess(["--detached-seconds", "1"]) as server:
        warm = new_session(server.url)
        assert troubled(warm).count() == 3
        warm.stop()
        threads = status(server.serving, "Threads")
        started, ended = tmp_path / "started", tmp_path / "ended"
        command = [sys.executable, __file__, server.url, str(started), str(ended)]
        client = subprocess.Popen(command)
        wait_until(started.exists, 60)
        client.kill()
        client.wait()
        wait_until(ended.exists)
        wait_until(lambda: status(server.serving, "Threads") <= threads)
        assert server.stop() == 0


def sleep_in_a_reader(url: str, started: str, ended: str) -> None:
    """Be the client that is killed."""
    spark: Any = SparkSession.builder.remote(url).create()
    spark.dataSource.register(Troubled)
    troubled(spark, read="sleep", started=started, ended=ended).collect()


def test_interrupt_all_stops_a_reader_that_sleeps(server: ServerProcess, tmp_path: Path) -> None:
    spark = new_session(server.url)
    other = new_session(server.url)
    started, ended = tmp_path / "started", tmp_path / "ended"
    frame = troubled(spark, read="sleep", started=started, ended=ended)
    thread, errors = in_background(frame.collect)
    wait_until(started.exists)
    assert other.interruptAll() == []
    assert len(spark.interruptAll()) == 1
    thread.join(timeout=10)
    assert conditions(errors) == ["OPERATION_CANCELED"]
    wait_until(ended.exists)
    assert spark.range(3).count() == 3
    spark.stop()
    other.stop()


def test_a_source_that_fails_harms_nobody(server: ServerProcess) -> None:
    spark = new_session(server.url)
    for _ in range(20):
        with pytest.raises(PythonException, match="no more numbers"):
            troubled(spark, read="fail").collect()
    assert troubled(spark).count() == 3
    spark.stop()


def test_a_local_relation_of_100_megabytes(spark: Any) -> None:
    numbers = pa.array(range(1 << 20), pa.int64())
    table = pa.table({"n": pa.chunked_array([numbers] * 13)})
    assert table.nbytes > 100_000_000
    frame = spark.createDataFrame(table)
    (row,) = frame.selectExpr("count(*) AS c", "sum(n) AS s").collect()
    assert (row.c, row.s) == (13 << 20, 13 * sum(range(1 << 20)))


@pytest.mark.parametrize("kind", ["sleep", "foreign"])
def test_a_server_stops_though_a_source_hangs(kind: str, tmp_path: Path) -> None:
    with ServerProcess() as server:
        spark = new_session(server.url)
        serving = server.serving
        started = tmp_path / "started"
        thread, errors = in_background(troubled(spark, read=kind, started=started).collect)
        wait_until(started.exists)
        assert server.stop() == 0
        assert not is_alive(serving)
        thread.join(timeout=10)
        assert [str(error) for error in errors] == [
            "The server was stopped, and the query with it."
        ]
        spark._client.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"schema": "exit"}, "exit status: 3"),
        ({"read": "exit", "rows": 0}, "exit status: 3"),
        # The client has some of the rows by then.
        ({"read": "exit", "rows": 100_000}, "exit status: 3"),
        ({"read": "crash"}, "signal: 11 (SIGSEGV)"),
    ],
)
def test_a_source_that_ends_the_process(options: dict[str, object], said: str) -> None:
    with ServerProcess() as server:
        spark, other = new_session(server.url), new_session(server.url)
        serving = server.serving
        begun = time.monotonic()
        with pytest.raises(PySparkException) as caught:
            list(troubled(spark, **options).toLocalIterator())
        assert time.monotonic() - begun < 15
        assert caught.value.getCondition() == "INVALID_HANDLE.SESSION_CHANGED"
        assert "restarted. Please reconnect." in str(caught.value)
        assert said in server.line()
        assert (
            server.line() == "seatrial server: serves again; the sessions that there were are gone"
        )
        assert server.serving != serving
        # What another session had is gone too; it hears so at once.
        with pytest.raises(PySparkException) as gone:
            other.version  # noqa: B018
        assert gone.value.getCondition() == "INVALID_HANDLE.SESSION_CHANGED"
        again = new_session(server.url)
        assert troubled(again).count() == 3
        for session in (spark, other, again):
            session.stop()
        assert server.stop() == 0


def test_a_source_that_ends_the_process_when_it_is_registered() -> None:
    with ServerProcess() as server:

        class Deadly(Troubled):
            trap = EndsTheProcess()

        spark: Any = SparkSession.builder.remote(server.url).create()
        with pytest.raises(PySparkException) as caught:
            spark.dataSource.register(Deadly)
            spark.read.format("troubled").load().collect()
        assert caught.value.getCondition() == "INVALID_HANDLE.SESSION_CHANGED"
        assert "exit status: 7" in server.line()
        assert "serves again" in server.line()
        spark.stop()
        assert server.stop() == 0


def test_what_serves_ends_with_its_supervisor() -> None:
    with ServerProcess() as server:
        serving = server.serving
        server.process.kill()
        server.process.wait()
        wait_until(lambda: not is_alive(serving))


if __name__ == "__main__":
    match sys.argv[1:]:
        case [url, number]:
            with ThreadPoolExecutor(4) as pool:
                words = [f"process{number}thread{n}" for n in range(4)]
                list(pool.map(lambda word: use_a_session(url, word, int(word[-1])), words))
        case [url, started, ended]:
            sleep_in_a_reader(url, started, ended)
