"""A Spark Connect server for each module of tests, and a session of it for each test."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
from pyspark.sql.connect.session import SparkSession

from connect_process import ServerProcess

# The whole PySpark has two APIs; `SparkSession.builder.remote` chooses so for the functions too.
os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"


@pytest.fixture(scope="module", autouse=True)
def no_session_of_another_module() -> None:
    """Let the first session of a module be the active one: one whose server died stays it."""
    SparkSession._default_session = None
    SparkSession._active_session.session = None
    # See `connect_process`.
    gc.collect()


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
