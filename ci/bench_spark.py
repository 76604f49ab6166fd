"""Time our Spark Connect server beside real Spark's: one client, the same sources, one run.

Both servers run at once and take turns, so that a busy machine slows both. Ratios go to
target/bench-spark.json and are held against `spark_limits` of ci/bench-limits.json. It needs
`cargo build --release --workspace`, Java 17, and the real Spark that `seatrial prepare` keeps.
Exits with 1 if a limit is not kept, with 2 if something is missing.
"""

import contextlib
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from bench import ROOT, report
from pyspark.sql import functions as F  # noqa: N812
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader

PROGRAM = ROOT / "target" / "release" / "seatrial"
SPARK = os.environ.get("SPARK", "4.2.1")
#: How long Spark may take to start.
START_SECONDS = 180

LONGS, BATCH_ROWS = 10_000_000, 250_000
TUPLES = 1_000_000


class Longs(DataSource):
    """10M longs as record batches, as in the engine's own benchmarks."""

    @classmethod
    def name(cls) -> str:
        """Return what it is read by."""
        return "longs"

    def schema(self) -> str:
        """Return its column."""
        return "id BIGINT"

    def reader(self, schema: Any) -> DataSourceReader:
        """Return its reader, of one partition."""
        return LongsReader()


class LongsReader(DataSourceReader):
    """Reads the longs."""

    def read(self, partition: Any) -> Iterator[Any]:
        """Yield the batches."""
        schema = pa.schema([("id", pa.int64())])
        for start in range(0, LONGS, BATCH_ROWS):
            numbers = pa.array(np.arange(start, start + BATCH_ROWS))
            yield pa.RecordBatch.from_arrays([numbers], schema=schema)


class Tuples(DataSource):
    """1M tuples, or as many as its option `rows` says."""

    @classmethod
    def name(cls) -> str:
        """Return what it is read by."""
        return "tuples"

    def schema(self) -> str:
        """Return its columns."""
        return "id BIGINT, name STRING, score DOUBLE"

    def reader(self, schema: Any) -> DataSourceReader:
        """Return its reader, of one partition."""
        return TuplesReader(int(self.options.get("rows", str(TUPLES))))


class TuplesReader(DataSourceReader):
    """Reads the tuples."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def read(self, partition: Any) -> Iterator[tuple[int, str, float]]:
        """Yield them one by one."""
        for i in range(self.rows):
            yield (i, f"name-{i}", i * 0.5)


class Server:
    """A server that was started, and a session on it.

    Parameters
    ----------
    command : list of str
        What starts it.
    url : str, optional
        Where it will listen; without it, the server's first line on stderr tells.
    variables : dict of str
        What it finds in its environment beside ours.
    log : path
        Where what it says goes.
    """

    def __init__(
        self,
        command: list[str],
        url: str | None,
        variables: dict[str, str],
        log: pathlib.Path,
    ) -> None:
        start = time.perf_counter()
        with log.open("wb") as said:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, **variables},
                stdout=said,
                stderr=said if url else subprocess.PIPE,
                start_new_session=True,
            )
        try:
            if url is None:
                assert self.process.stderr is not None
                url = self.process.stderr.readline().decode().strip()
            else:
                self._await(url)
            self.spark: Any = SparkSession.builder.remote(url).create()
            self.spark.dataSource.register(Tuples)
            rows = self.spark.read.format("tuples").option("rows", 1).load().collect()
            assert [row.name for row in rows] == ["name-0"]
        except BaseException:
            self.kill()
            raise
        self.first_row = time.perf_counter() - start
        self.spark.dataSource.register(Longs)

    def _await(self, url: str) -> None:
        """Return when it listens: PySpark's client waits longer and longer between its attempts."""
        host, port = url.removeprefix("sc://").split(":")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with (
                contextlib.suppress(OSError),
                socket.create_connection((host, int(port)), 1),
            ):
                return
            time.sleep(0.02)
        raise SystemExit(f"bench-spark: {url} does not answer")

    def stop(self) -> None:
        """End its session and the server."""
        self.spark.stop()
        self.kill()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def kill(self) -> None:
        """End it and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()


def ours(directory: pathlib.Path) -> Server:
    """Start our server."""
    return Server([str(PROGRAM), "server", "--port", "0"], None, {}, directory / "ours")


def real_spark(directory: pathlib.Path, environment: pathlib.Path) -> Server:
    """Start Spark's own server, with all cores."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    python = environment / "bin" / "python"
    ask = "import os, pyspark; print(os.path.dirname(pyspark.__file__))"
    home = subprocess.check_output([python, "-c", ask], text=True).strip()
    conf = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": str(directory),
        "spark.log.level": "ERROR",
        "spark.sql.warehouse.dir": str(directory / "warehouse"),
        "spark.ui.enabled": "false",
    }
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    command = [f"{home}/bin/spark-submit", "--master", "local[*]", "--class", server]
    command += [word for key, value in conf.items() for word in ("--conf", f"{key}={value}")]
    variables = {"SPARK_HOME": home, "PYSPARK_PYTHON": str(python)}
    return Server(command, f"sc://127.0.0.1:{port}", variables, directory / "spark")


def select_one(spark: Any) -> None:
    """Ask for one number."""
    assert spark.sql("SELECT 1").collect()[0][0] == 1


def sum_of_longs(spark: Any) -> None:
    """Read the longs and add them up."""
    rows = spark.read.format("longs").load().agg(F.sum("id")).collect()
    assert rows[0][0] == LONGS * (LONGS - 1) // 2


def sum_of_tuples(spark: Any) -> None:
    """Read the tuples and add them up."""
    frame = spark.read.format("tuples").load()
    rows = frame.agg(F.sum("id"), F.count("name"), F.sum("score")).collect()
    numbers = TUPLES * (TUPLES - 1) // 2
    assert tuple(rows[0]) == (numbers, TUPLES, numbers * 0.5)


def interleaved(
    servers: list[Server],
    action: Callable[[Any], None],
    runs: int,
    warm: int,
    turn: int = 1,
) -> list[list[float]]:
    """Return the seconds of every run for each of the servers, which take turns.

    A turn has several runs where these are so short that the other server's caches and threads
    would be what is measured.
    """
    seconds: list[list[float]] = [[] for _ in servers]
    for first in range(0, warm + runs, turn):
        for server, times in zip(servers, seconds, strict=True):
            for run in range(first, first + turn):
                start = time.perf_counter()
                action(server.spark)
                if run >= warm:
                    times.append(time.perf_counter() - start)
    return seconds


def measure(directory: pathlib.Path, environment: pathlib.Path) -> dict[str, float]:
    """Print what took how long, and return the ratios."""
    first_rows = []
    for _ in range(3):
        server = ours(directory)
        first_rows.append(server.first_row)
        server.stop()
    with ours(directory) as engine, real_spark(directory, environment) as spark:
        servers = [engine, spark]
        first_row = min(*first_rows, engine.first_row)
        one = [
            statistics.median(times) for times in interleaved(servers, select_one, 300, 50, turn=50)
        ]
        longs = [min(times) for times in interleaved(servers, sum_of_longs, 5, 2)]
        tuples = [min(times) for times in interleaved(servers, sum_of_tuples, 5, 2)]
    rows = [
        ("server start to the first row", first_row, spark.first_row),
        ("SELECT 1, median of 300", *one),
        ("10M longs as batches, sum", *longs),
        ("1M tuples, sums", *tuples),
    ]
    print(f"{'':<32} {'seatrial':>11} {f'Spark {SPARK}':>13} {'ratio':>8}")
    for name, our, their in rows:
        print(f"{name:<32} {our * 1000:>8.1f} ms {their * 1000:>10.1f} ms {their / our:>7.1f}x")
    return {
        "first_row_over_500ms": round(first_row / 0.5, 3),
        "first_row_vs_spark": round(spark.first_row / first_row, 3),
        "select_one_over_5ms": round(one[0] / 0.005, 3),
        "select_one_vs_spark": round(one[1] / one[0], 3),
        "longs_vs_spark": round(longs[1] / longs[0], 3),
        "tuples_vs_spark": round(tuples[1] / tuples[0], 3),
    }


def main() -> int:
    """Measure, and hold the ratios against their limits."""
    cache = os.environ.get("SEATRIAL_CACHE") or pathlib.Path.home() / ".cache" / "seatrial"
    environment = pathlib.Path(cache) / f"spark-{SPARK}"
    for path, remedy in [
        (PROGRAM, "cargo build --release --workspace --bins"),
        (environment / "bin" / "python", f"seatrial check --target spark:{SPARK}"),
    ]:
        if not path.exists():
            print(
                f"bench-spark: {path} is missing; it comes with `{remedy}`",
                file=sys.stderr,
            )
            return 2
    with tempfile.TemporaryDirectory(prefix="seatrial-bench-") as directory:
        measured = measure(pathlib.Path(directory), environment)
    file = ROOT / "target" / "bench-spark.json"
    file.write_text(json.dumps(measured, indent=2, sort_keys=True) + "\n")
    return 0 if report("spark_limits", measured) else 1


if __name__ == "__main__":
    sys.exit(main())
