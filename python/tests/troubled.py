"""A data source that goes wrong where its options say so, and what tests of it need."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pyspark import cloudpickle
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader

# As for a class of a script: the server cannot import this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]


class TroubledReader(DataSourceReader):
    def __init__(self, options: dict[str, str]) -> None:
        self.options = options

    def read(self, partition: Any) -> Iterator[tuple[int]]:
        for number in range(int(self.options.get("rows", "3"))):
            yield (number,)
        try:
            if "started" in self.options:
                Path(self.options["started"]).touch()
            trouble(self.options.get("read", ""))
        finally:
            if "ended" in self.options:
                Path(self.options["ended"]).touch()


class Troubled(DataSource):
    """Its options say what goes wrong, and where."""

    @classmethod
    def name(cls) -> str:
        return "troubled"

    def schema(self) -> str:
        trouble(self.options.get("schema", ""))
        return "a BIGINT"

    def reader(self, schema: Any) -> DataSourceReader:
        return TroubledReader(dict(self.options))


def end_the_process(status: int) -> None:
    os._exit(status)


class EndsTheProcess:
    def __reduce__(self) -> Any:
        return end_the_process, (7,)


def trouble(kind: str) -> None:
    if kind == "fail":
        raise ValueError("no more numbers")
    if kind == "sleep":
        time.sleep(600)
    if kind == "foreign":
        # Releases the GIL and cannot be interrupted.
        ctypes.CDLL(None).sleep(600)
    if kind == "exit":
        os._exit(3)
    if kind == "crash":
        ctypes.string_at(0)


def new_session(url: str) -> Any:
    session: Any = SparkSession.builder.remote(url).create()
    session.dataSource.register(Troubled)
    return session


def troubled(spark: Any, **options: object) -> Any:
    return spark.read.format("troubled").options(**options).load()


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.02)


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
