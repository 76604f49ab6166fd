"""The engine in this process: sessions, readers, DataFrames.

Examples
--------
>>> from seatrial.examples import RangeSource
>>> numbers = Session().register(RangeSource).read("range").option("end", 3).load()
>>> numbers.schema.simpleString()
'struct<id:bigint>'
>>> numbers.to_arrow().to_pydict()
{'id': [0, 1, 2]}
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyspark.errors
from pyspark.sql.types import Row, StructType

from seatrial import _native
from seatrial.datasource import DataSource, registered
from seatrial.discovery import DiscoveredSource, discover

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["DataFrame", "DataFrameReader", "Session"]


class Session:
    """A session of the engine: its data sources, settings and temporary views.

    A format name means, in this order: a class that :meth:`register` was given, one that
    :func:`seatrial.datasource.register` remembers, one that an installed package offers
    (:mod:`seatrial.discovery`).
    """

    def __init__(self) -> None:
        self._native = _native.Session()
        self._own: set[str] = set()
        self._remembered: dict[str, type[DataSource]] = {}

    def register(self, source: type[DataSource]) -> Session:
        """Register a data source class in this session, under its ``name()``.

        Parameters
        ----------
        source : type
            The class. As on Spark, it is looked at only when it is loaded.

        Returns
        -------
        Session
            This session.

        Raises
        ------
        pyspark.errors.AnalysisException
            ``DATA_SOURCE_ALREADY_EXISTS`` for the name of a source that Spark has built in.
        """
        self._own.add(self._native.register(source).lower())
        return self

    def read(self, format: str | None = None) -> DataFrameReader:  # noqa: A002
        """Return a reader, of a format if one is named."""
        return DataFrameReader(self, format)

    def sql(self, query: str) -> DataFrame:
        """Plan a SQL query over the temporary views.

        Raises
        ------
        pyspark.errors.ParseException
            If the text does not parse.
        pyspark.errors.AnalysisException
            If it names what there is not.
        """
        return DataFrame(self._native.sql(query))

    def set_conf(self, key: str, value: object) -> Session:
        """Set a runtime setting, as ``spark.conf.set``, and return this session."""
        self._native.set_conf(key, _text(value))
        return self

    def _prepare(self, format: str | None) -> None:  # noqa: A002
        """Hand over a remembered class, unless the session has one of its own."""
        name = (format or "").lower()
        source = registered().get(name)
        if source is None or name in self._own or self._remembered.get(name) is source:
            return
        self._native.register(source)
        self._remembered[name] = source


class DataFrameReader:
    """Collects what a read needs; :meth:`load` ends it.

    Parameters
    ----------
    session : Session
        The session that reads.
    format : str, optional
        The data source's name, in any case.
    """

    def __init__(self, session: Session, format: str | None = None) -> None:  # noqa: A002
        self._session = session
        self._format = format
        self._options: list[tuple[str, str | None]] = []
        self._schema: StructType | str | None = None

    def format(self, name: str) -> DataFrameReader:
        """Choose the data source by name, in any case."""
        self._format = name
        return self

    def option(self, key: str, value: object) -> DataFrameReader:
        """Set an option. Its name has no case; its value becomes text as on Spark."""
        self._options.append((key, None if value is None else _text(value)))
        return self

    def options(self, **options: object) -> DataFrameReader:
        """Set several options."""
        for key, value in options.items():
            self.option(key, value)
        return self

    def schema(self, schema: StructType | str) -> DataFrameReader:
        """Set the schema to read with, a StructType or DDL; the source is not asked for its own."""
        if not isinstance(schema, (StructType, str)):
            raise TypeError(f"a schema is a StructType or DDL text, not {type(schema).__name__}")
        self._schema = schema
        return self

    def load(self, path: str | Sequence[str] | None = None, **options: object) -> DataFrame:
        """Create the data source and ask it for its schema, at once.

        Parameters
        ----------
        path : str or sequence of str, optional
            Reaches the source as the option ``path``, or ``paths`` if there are several.
        **options
            More options.

        Raises
        ------
        pyspark.errors.PySparkException
            ``DATA_SOURCE_NOT_FOUND``, or ``PYTHON_DATA_SOURCE_ERROR`` with the source's traceback.
        """
        self.options(**options)
        self._session._prepare(self._format)
        paths = [] if path is None else [path] if isinstance(path, str) else list(path)
        schema = self._schema
        try:
            frame = self._session._native.load(
                self._format,
                self._options,
                paths,
                schema_ddl=schema if isinstance(schema, str) else None,
                schema_json=schema.json() if isinstance(schema, StructType) else None,
            )
        except pyspark.errors.PySparkException as error:
            if error.getCondition() == "DATA_SOURCE_NOT_FOUND":
                # The engine logs what keeps an installed source out; a warning reaches the user.
                _installed()
            raise
        return DataFrame(frame)


class DataFrame:
    """A loaded source, or a query; nothing is read before its rows are asked for.

    Each of :meth:`to_arrow`, :meth:`to_pandas` and :meth:`collect` reads the sources anew.
    """

    def __init__(self, native: _native.DataFrame) -> None:
        self._native = native

    @functools.cached_property
    def schema(self) -> StructType:
        """The schema."""
        return StructType.fromJson(json.loads(self._native.schema_json()))

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return list(self.schema.names)

    def to_arrow(self) -> pa.Table:
        """Execute the query and return its rows, in the order of the partitions.

        Raises
        ------
        pyspark.errors.AnalysisException
            If a source's ``reader`` or ``partitions`` fails.
        pyspark.errors.PythonException
            If its ``read`` does.
        """
        return self._native.collect().read_all()

    def to_pandas(self) -> pd.DataFrame:
        """Execute the query and return its rows as pandas has it; see :meth:`to_arrow`."""
        return self.to_arrow().to_pandas()

    def collect(self) -> list[Row]:
        """Execute the query and return its rows as PySpark does; see :meth:`to_arrow`."""
        return _rows(self.to_arrow(), self.schema)

    def create_or_replace_temp_view(self, name: str) -> None:
        """Give the query a name in the SQL of its session."""
        self._native.create_or_replace_temp_view(name)

    def explain(self) -> str:
        """Return the physical plan, an operator a line. Readers are planned for it."""
        return self._native.explain()

    def __repr__(self) -> str:
        columns = ", ".join(
            f"{field.name}: {field.dataType.simpleString()}" for field in self.schema.fields
        )
        return f"DataFrame[{columns}]"


@functools.lru_cache(maxsize=1)
def _installed() -> dict[str, DiscoveredSource]:
    return discover()


def _text(value: object) -> str:
    """Return an option's value as Spark stores it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rows(table: pa.Table, schema: StructType) -> list[Row]:
    conversion: Any
    try:
        import pyspark.sql.conversion as conversion
    except ImportError:
        # PySpark 4.0 has it where Spark Connect lives.
        import pyspark.sql.connect.conversion as conversion
    rows: list[Row] = conversion.ArrowTableToRowsConversion.convert(table, schema)
    return rows
