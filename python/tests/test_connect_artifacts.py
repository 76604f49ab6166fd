"""Files that a client sends along, with the real PySpark client."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyspark import cloudpickle
from pyspark.errors import PySparkException
from pyspark.sql import Row
from pyspark.sql.connect.session import SparkSession
from pyspark.sql.datasource import DataSource, DataSourceReader

from connect_process import ServerProcess, since_client

# As for a class of a script: the server cannot import this module.
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # type: ignore[no-untyped-call]


class ImportingReader(DataSourceReader):
    def __init__(self, module: str) -> None:
        self.module = module

    def read(self, partition: Any) -> Iterator[tuple[str]]:
        import importlib

        yield (importlib.import_module(self.module).WORD,)


class Importing(DataSource):
    @classmethod
    def name(cls) -> str:
        return "importing"

    def schema(self) -> str:
        return "word STRING"

    def reader(self, schema: Any) -> DataSourceReader:
        return ImportingReader(self.options["module"])


def word(spark: Any, module: str) -> list[Row]:
    spark.dataSource.register(Importing)
    rows: list[Row] = spark.read.format("importing").option("module", module).load().collect()
    return rows


def test_a_module_is_imported_by_sources(spark: Any, tmp_path: Path) -> None:
    path = tmp_path / "words_of_one.py"
    path.write_text("WORD = 'module'\n")
    spark.addArtifacts(str(path), pyfile=True)
    assert word(spark, "words_of_one") == [Row(word="module")]


def test_a_large_archive_comes_in_chunks(spark: Any, tmp_path: Path) -> None:
    path = tmp_path / "words.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("words_of_zip.py", "WORD = 'zip'\n")
        archive.writestr("padding", "x" * 100_000)
    assert path.stat().st_size > 32 * 1024
    spark.addArtifacts(str(path), pyfile=True)
    assert word(spark, "words_of_zip") == [Row(word="zip")]
    sys.path.remove(str(path))  # the client put it there


def test_a_module_goes_with_its_session(server: ServerProcess, tmp_path: Path) -> None:
    path = tmp_path / "words_that_change.py"
    for text in ["first", "second"]:
        path.write_text(f"WORD = '{text}'\n")
        spark: Any = SparkSession.builder.remote(server.url).create()
        spark.addArtifacts(str(path), pyfile=True)
        assert word(spark, "words_that_change") == [Row(word=text)]
        spark.stop()


def test_an_artifact_is_not_replaced(spark: Any, tmp_path: Path) -> None:
    path = tmp_path / "words_of_two.py"
    path.write_text("WORD = 'one'\n")
    spark.addArtifacts(str(path), pyfile=True)
    spark.addArtifacts(str(path), pyfile=True)
    path.write_text("WORD = 'two'\n")
    with pytest.raises(PySparkException) as caught:
        spark.addArtifacts(str(path), pyfile=True)
    assert caught.value.getCondition() == "ARTIFACT_ALREADY_EXISTS"


@since_client("4.1")
def test_blobs_are_cached_by_their_hash(spark: Any) -> None:
    blobs = [b"small", b"large" * 100_000]
    hashes = spark._client.cache_artifacts(blobs)
    known = spark._client._artifact_manager.get_cached_artifacts([*hashes, "0" * 64])
    assert known == set(hashes)
