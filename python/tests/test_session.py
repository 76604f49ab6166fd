"""The engine behind `seatrial.Session`."""

from __future__ import annotations

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
)
from pyspark.sql.types import IntegerType, LongType, Row, StringType, StructField, StructType

import seatrial
import seatrial.datasource
from seatrial.datasource import DataSource, DataSourceReader, InputPartition, register
from seatrial.examples import ConstantSource, RangeSource, TideTable

pytest.importorskip(
    "seatrial._native", reason="the native module is not built: run `maturin develop`"
)


class Harbours(DataSource):
    """Rows of two partitions; options decide what goes wrong."""

    def schema(self) -> str:
        if self.options.get("fail") == "schema":
            raise ValueError("no chart")
        return "id int not null, name string"

    def reader(self, schema: StructType) -> HarbourReader:
        if self.options.get("fail") == "reader":
            raise ValueError("no pilot")
        return HarbourReader(schema, dict(self.options))


class HarbourReader(DataSourceReader):
    def __init__(self, schema: StructType, options: dict[str, str]) -> None:
        self.columns = schema.names
        self.options = options

    def partitions(self) -> list[InputPartition]:
        return [InputPartition([(1, "Whitby")]), InputPartition([(2, None), (3, "Dover")])]

    def read(self, partition: InputPartition) -> Iterator[Any]:
        if self.options.get("fail") == "read":
            raise ValueError("aground")
        yield from partition.value


class Echo(DataSource):
    """Shows its options."""

    @classmethod
    def name(cls) -> str:
        return "Echo"

    def schema(self) -> str:
        return "key string, value string"

    def reader(self, schema: StructType) -> EchoReader:
        return EchoReader(sorted(self.options.items()))


class EchoReader(DataSourceReader):
    def __init__(self, rows: list[tuple[str, str]]) -> None:
        self.rows = rows

    def read(self, partition: InputPartition) -> Iterator[Any]:
        return iter(self.rows)


@pytest.fixture
def session() -> seatrial.Session:
    return seatrial.Session().register(Harbours).register(Echo)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    seatrial.datasource._classes.clear()
    yield
    seatrial.datasource._classes.clear()


def test_a_source_is_read(session: seatrial.Session) -> None:
    frame = session.read("harbours").load()
    assert frame.schema == StructType(
        [StructField("id", IntegerType(), False), StructField("name", StringType())]
    )
    assert frame.columns == ["id", "name"]
    assert repr(frame) == "DataFrame[id: int, name: string]"
    table = frame.to_arrow()
    assert table.schema == pa.schema(
        [pa.field("id", pa.int32(), nullable=False), pa.field("name", pa.string())]
    )
    assert table.to_pydict() == {"id": [1, 2, 3], "name": ["Whitby", None, "Dover"]}
    assert frame.collect() == [
        Row(id=1, name="Whitby"),
        Row(id=2, name=None),
        Row(id=3, name="Dover"),
    ]
    assert frame.to_pandas()["id"].tolist() == [1, 2, 3]


def test_sql_over_a_view(session: seatrial.Session) -> None:
    session.read("harbours").load().create_or_replace_temp_view("harbours")
    frame = session.sql("SELECT name FROM harbours WHERE id > 2")
    assert frame.to_arrow().to_pydict() == {"name": ["Dover"]}
    assert "harbours" in session.sql("SELECT * FROM harbours").explain().lower()


def test_options_become_text(session: seatrial.Session) -> None:
    reader = session.read().format("ECHO").option("A", True).option("b", 1.5).options(c=[1, 2])
    assert reader.load("/p", D="x").to_arrow().to_pydict() == {
        "key": ["a", "b", "c", "d", "path"],
        "value": ["true", "1.5", "[1, 2]", "x", "/p"],
    }
    paths = session.read("echo").load(["/a", "/b"]).to_arrow()
    assert paths.to_pydict() == {"key": ["paths"], "value": ['["/a","/b"]']}


@pytest.mark.parametrize(
    "schema",
    [
        "k bigint, v string",
        StructType([StructField("k", LongType()), StructField("v", StringType())]),
    ],
)
def test_a_schema_of_the_users_own(session: seatrial.Session, schema: Any) -> None:
    frame = session.read("harbours").schema(schema).option("fail", "schema").load()
    assert frame.schema.simpleString() == "struct<k:bigint,v:string>"
    assert frame.to_arrow().to_pydict()["k"] == [1, 2, 3]


def test_a_schema_is_text_or_a_struct(session: seatrial.Session) -> None:
    with pytest.raises(TypeError, match="a schema is a StructType or DDL text, not IntegerType"):
        session.read("harbours").schema(IntegerType())  # type: ignore[arg-type]


def test_planning_errors(session: seatrial.Session) -> None:
    with pytest.raises(AnalysisException) as raised:
        session.read("harbours").option("fail", "schema").load()
    error = raised.value
    assert (error.getCondition(), error.getSqlState()) == ("PYTHON_DATA_SOURCE_ERROR", "38000")
    parameters = error.getMessageParameters()
    assert parameters is not None
    assert (parameters["action"], parameters["type"]) == ("create", "instance")
    assert parameters["msg"].endswith("ValueError: no chart\n")
    assert "Failed to create Python data source instance: Traceback" in str(error)

    frame = session.read("harbours").option("fail", "reader").load()
    with pytest.raises(AnalysisException, match="ValueError: no pilot"):
        frame.to_arrow()


def test_reading_errors(session: seatrial.Session) -> None:
    frame = session.read("harbours").option("fail", "read").load()
    with pytest.raises(PythonException, match="ValueError: aground") as raised:
        frame.to_arrow()
    assert raised.value.getCondition() == "PYTHON_EXCEPTION"


def test_other_errors(session: seatrial.Session) -> None:
    with pytest.raises(PySparkException) as raised:
        session.read("nowhere").load()
    assert raised.value.getCondition() == "DATA_SOURCE_NOT_FOUND"
    with pytest.raises(ParseException):
        session.read("harbours").schema("a: int").load()
    with pytest.raises(ParseException):
        session.sql("SELEC 1 FRM")
    with pytest.raises(AnalysisException):
        session.sql("SELECT nope FROM nowhere")
    with pytest.raises(IllegalArgumentException):
        session.set_conf("spark.sql.execution.arrow.maxRecordsPerBatch", "many")


def test_a_name_of_sparks_own_is_refused(session: seatrial.Session) -> None:
    json_source = type("json", (DataSource,), {})
    with pytest.raises(AnalysisException) as raised:
        session.register(json_source)
    assert raised.value.getCondition() == "DATA_SOURCE_ALREADY_EXISTS"


def test_what_a_class_raises_while_it_is_registered(session: seatrial.Session) -> None:
    class Nameless(DataSource):
        @classmethod
        def name(cls) -> str:
            raise LookupError("no name")

    with pytest.raises(LookupError, match="no name"):
        session.register(Nameless)


def test_sessions_pick_up_what_is_registered_for_all() -> None:
    session = seatrial.Session()
    register(RangeSource)
    frame = session.read("RANGE").option("end", 2).load()
    assert frame.to_arrow().to_pydict() == {"id": [0, 1]}


def test_a_class_defined_again_is_picked_up_again() -> None:
    def define(value: int) -> None:
        class Reader(DataSourceReader):
            def read(self, partition: InputPartition) -> Iterator[tuple[int]]:
                yield (value,)

        @register
        class Cell(DataSource):
            def schema(self) -> str:
                return "value int"

            def reader(self, schema: StructType) -> DataSourceReader:
                return Reader()

    session = seatrial.Session()
    answers = []
    for value in (1, 2):
        define(value)
        answers.append(session.read("cell").load().to_arrow().to_pydict()["value"])
    assert answers == [[1], [2]]


def test_a_sessions_own_class_comes_first() -> None:
    own = type("Own", (ConstantSource,), {"name": classmethod(lambda cls: "constant")})
    session = seatrial.Session().register(own)

    @register
    class Constant(DataSource):
        pass

    assert session.read("constant").option("value", "x").load().to_arrow().num_rows == 1


def test_the_examples() -> None:
    session = seatrial.Session().register(RangeSource).register(TideTable).register(ConstantSource)
    numbers = session.read("range").options(end=10, numPartitions=3).load()
    assert numbers.to_arrow().to_pydict() == {"id": list(range(10))}
    tides = session.read("tides").options(harbour="Whitby", every=720).load()
    assert tides.to_arrow().column("height_m").to_pylist() == [2.01, 1.94]
    with pytest.raises(AnalysisException, match="option 'end' is required"):
        session.read("range").load()


class Slow(DataSource):
    def schema(self) -> str:
        return "id int"

    def reader(self, schema: StructType) -> SlowReader:
        return SlowReader()


class SlowReader(DataSourceReader):
    def read(self, partition: InputPartition) -> Iterator[tuple[int]]:
        for number in range(20):
            time.sleep(0.01)
            yield (number,)


def test_other_threads_run_while_the_engine_works() -> None:
    frame = seatrial.Session().register(Slow).read("slow").load()
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.wait(0.005):
            ticks += 1

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        assert frame.to_arrow().num_rows == 20
    finally:
        done.set()
        thread.join()
    assert ticks > 5


def test_queries_of_several_threads(session: seatrial.Session) -> None:
    frame = session.read("harbours").load()
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(frame.to_arrow().num_rows)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [3] * 8
