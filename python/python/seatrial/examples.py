"""Example data sources, to read, to try and to copy from.

They use PySpark's data source API alone, so they run on plain PySpark as they stand.

Examples
--------
>>> spark.dataSource.register(TideTable)                                       # doctest: +SKIP
>>> spark.read.format("tides").option("harbour", "Whitby").load().show(4)      # doctest: +SKIP
"""

from __future__ import annotations

import datetime
import itertools
import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition
from pyspark.sql.types import StructType

__all__ = ["ConstantSource", "RangeSource", "TideTable"]

_T = TypeVar("_T")
_UTC = datetime.timezone.utc


def _option(
    options: Mapping[str, str], name: str, default: _T, convert: Callable[[str], _T], wanted: str
) -> _T:
    text = options.get(name)
    if text is None:
        return default
    try:
        return convert(text)
    except ValueError:
        raise ValueError(f"option {name!r} must be {wanted}, but is {text!r}") from None


def _whole_number(options: Mapping[str, str], name: str, default: int, least: int) -> int:
    value = _option(options, name, default, int, "a whole number")
    if value < least:
        raise ValueError(f"option {name!r} must be at least {least}, but is {value}")
    return value


@dataclass(frozen=True)
class RangePartition(InputPartition):
    """Consecutive members of a range.

    Attributes
    ----------
    first : int
        The first number.
    count : int
        How many there are; 0 makes an empty partition.
    """

    first: int
    count: int


class RangeSource(DataSource):
    """Numbers with equal distances, split evenly between partitions.

    Options
    -------
    start : int
        The first number; 0 by default.
    end : int
        Where to stop; it is not itself a member. Required.
    step : int
        The distance; 1 by default, negative to count down, never 0.
    numPartitions : int
        How many partitions; 1 by default.

    Notes
    -----
    The schema is ``id bigint``.
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        if options.get("end") is None:
            raise ValueError("option 'end' is required: the number to stop before")
        self.start = _option(options, "start", 0, int, "a whole number")
        self.end = _option(options, "end", 0, int, "a whole number")
        self.step = _option(options, "step", 1, int, "a whole number")
        if self.step == 0:
            raise ValueError("option 'step' must not be 0: the range would never end")
        self.num_partitions = _whole_number(options, "numPartitions", 1, least=1)

    @classmethod
    def name(cls) -> str:
        """Return ``range``."""
        return "range"

    def schema(self) -> str:
        """Return the schema, one column ``id``."""
        return "id bigint"

    def reader(self, schema: StructType) -> RangeReader:
        """Return the reader."""
        return RangeReader(range(self.start, self.end, self.step), self.num_partitions)


class RangeReader(DataSourceReader):
    """Reads the members of a Python range."""

    def __init__(self, members: range, num_partitions: int) -> None:
        self.members = members
        self.num_partitions = num_partitions

    def partitions(self) -> list[InputPartition]:
        """Split the members; sizes differ by one at most."""
        total, parts = len(self.members), self.num_partitions
        bounds = [total * index // parts for index in range(parts + 1)]
        return [
            RangePartition(self.members.start + low * self.members.step, high - low)
            for low, high in itertools.pairwise(bounds)
        ]

    def read(self, partition: InputPartition) -> Iterator[tuple[int]]:
        """Yield a row for each member."""
        assert isinstance(partition, RangePartition)
        for index in range(partition.count):
            yield (partition.first + index * self.members.step,)


_CONVERSIONS: dict[str, tuple[Callable[[str], Any], str]] = {
    "string": (str, "text"),
    "int": (int, "a whole number"),
    "bigint": (int, "a whole number"),
    "double": (float, "a number"),
    "boolean": (lambda text: {"true": True, "false": False}[text.lower()], "true or false"),
    "date": (datetime.date.fromisoformat, "a date such as 2024-02-29"),
}


class ConstantSource(DataSource):
    """The same value, over and over: a source whose schema depends on its options.

    Options
    -------
    value : str
        The value; NULL if it is absent.
    type : str
        ``string`` (the default), ``int``, ``bigint``, ``double``, ``boolean`` or ``date``.
    rows : int
        How many rows; 1 by default.

    Notes
    -----
    The schema is ``value <type>``.
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        self.type = options.get("type", "string").lower()
        if self.type not in _CONVERSIONS:
            raise ValueError(
                f"option 'type' must be one of {', '.join(_CONVERSIONS)}, but is {self.type!r}"
            )
        convert, wanted = _CONVERSIONS[self.type]
        try:
            self.value = _option(options, "value", None, convert, wanted)
        except KeyError:
            raise ValueError(
                f"option 'value' must be {wanted}, but is {options['value']!r}"
            ) from None
        self.rows = _whole_number(options, "rows", 1, least=0)

    @classmethod
    def name(cls) -> str:
        """Return ``constant``."""
        return "constant"

    def schema(self) -> str:
        """Return the schema, one column ``value`` of the type asked for."""
        return f"value {self.type}"

    def reader(self, schema: StructType) -> ConstantReader:
        """Return the reader."""
        return ConstantReader(self.value, self.rows)


class ConstantReader(DataSourceReader):
    """Repeats a value, in one partition."""

    def __init__(self, value: Any, rows: int) -> None:
        self.value = value
        self.rows = rows

    def read(self, partition: InputPartition) -> Iterator[tuple[Any]]:
        """Yield the rows."""
        for _ in range(self.rows):
            yield (self.value,)


# Periods in hours of the constituents that make most of a tide, after their usual names: the
# moon's and the sun's two tides a day, the ellipse of the moon's orbit, and the two that make one
# high water of a day higher than the other.
_PERIODS = {"M2": 12.4206012, "S2": 12.0, "N2": 12.65834751, "K1": 23.93447213, "O1": 25.81933871}
# A new moon, when moon and sun pull together. Counting phases from it makes the highest tides fall
# on new and full moon, as they do at sea (where they lag by a day or two).
_NEW_MOON = datetime.datetime(2000, 1, 6, 18, 14, tzinfo=_UTC)
_SYNODIC_HOURS = 24 * 29.530588853
_MOONS = "🌑🌒🌓🌔🌕🌖🌗🌘"


@dataclass(frozen=True)
class Day(InputPartition):
    """One day of the table; every day is read as a partition of its own."""

    date: datetime.date


class TideTable(DataSource):
    """The tide at a harbour, for sailors of any sea, real or imagined.

    The water follows five harmonic constituents with their true periods; how strongly it follows
    each depends on the harbour's name alone. So every name has a tide of its own, the same on
    every machine and in every year, with springs at new and full moon and neaps in between.
    Not for navigation.

    Options
    -------
    harbour : str
        Any name; ``Port Seatrial`` by default.
    start : date
        The first day, in UTC; 2026-01-01 by default.
    days : int
        How many days, each a partition; 1 by default.
    every : int
        Minutes between two rows; 30 by default. The first row of a day is at midnight.

    Notes
    -----
    The schema is ``time timestamp, height_m double, tide string, moon string, chart string``;
    ``tide`` is one of flood, high water, ebb and low water.
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        self.harbour = options.get("harbour", "Port Seatrial")
        self.start = _option(
            options,
            "start",
            datetime.date(2026, 1, 1),
            datetime.date.fromisoformat,
            "a date such as 2026-01-01",
        )
        self.days = _whole_number(options, "days", 1, least=0)
        self.every = _whole_number(options, "every", 30, least=1)

    @classmethod
    def name(cls) -> str:
        """Return ``tides``."""
        return "tides"

    def schema(self) -> str:
        """Return the schema."""
        return "time timestamp, height_m double, tide string, moon string, chart string"

    def reader(self, schema: StructType) -> TideReader:
        """Return the reader."""
        days = [self.start + datetime.timedelta(days=day) for day in range(self.days)]
        return TideReader(self.harbour, days, self.every)


class TideReader(DataSourceReader):
    """Computes the tide, a day at a time."""

    def __init__(self, harbour: str, days: list[datetime.date], every: int) -> None:
        self.days = days
        self.every = every
        self.amplitudes = _amplitudes(harbour)

    def partitions(self) -> list[InputPartition]:
        """Return the days."""
        return [Day(day) for day in self.days]

    def read(self, partition: InputPartition) -> Iterator[tuple[Any, ...]]:
        """Yield a row for each moment of a day."""
        if not isinstance(partition, Day):
            # No days: an empty list of partitions still has one of them read.
            return
        midnight = datetime.datetime.combine(partition.date, datetime.time(), tzinfo=_UTC)
        for minute in range(0, 24 * 60, self.every):
            moment = midnight + datetime.timedelta(minutes=minute)
            yield self.row(moment)

    def row(self, moment: datetime.datetime) -> tuple[Any, ...]:
        """Return the table's row for a moment."""
        height = self.height(moment)
        # The water turns at this row if it turns nearer to it than to its neighbours.
        near = datetime.timedelta(minutes=min(self.every, 30)) / 2
        tide = {
            (True, True): "flood",
            (True, False): "high water",
            (False, False): "ebb",
            (False, True): "low water",
        }[self.slope(moment - near) > 0, self.slope(moment + near) > 0]
        return moment, round(height, 2), tide, _moon(moment), self._chart(height)

    def height(self, moment: datetime.datetime) -> float:
        """Return the height of the water in metres above the lowest tide."""
        return sum(
            amplitude * (1 + math.cos(_phase(moment, name)))
            for name, amplitude in self.amplitudes.items()
        )

    def slope(self, moment: datetime.datetime) -> float:
        """Return how fast the water rises, in metres an hour."""
        return sum(
            -amplitude * math.sin(_phase(moment, name)) * 2 * math.pi / _PERIODS[name]
            for name, amplitude in self.amplitudes.items()
        )

    def _chart(self, height: float) -> str:
        highest = 2 * sum(self.amplitudes.values())
        return "≈" * round(16 * height / highest) + "⛵"


def _amplitudes(harbour: str) -> dict[str, float]:
    """Derive a harbour's constituents, in metres, from its name."""
    seed = zlib.crc32(harbour.strip().lower().encode("utf-8"))
    # Bytes of the checksum as fractions: how large the tide is, how much the sun adds, and so on.
    scale, sun, ellipse, diurnal = (((seed >> shift) & 0xFF) / 255 for shift in (0, 8, 16, 24))
    moon = 0.3 + 2.2 * scale
    return {
        "M2": moon,
        "S2": moon * (0.15 + 0.3 * sun),
        "N2": moon * (0.1 + 0.15 * ellipse),
        "K1": 0.1 + 0.4 * diurnal,
        "O1": 0.05 + 0.3 * diurnal,
    }


def _phase(moment: datetime.datetime, constituent: str) -> float:
    hours = (moment - _NEW_MOON).total_seconds() / 3600
    return 2 * math.pi * hours / _PERIODS[constituent]


def _moon(moment: datetime.datetime) -> str:
    age = (moment - _NEW_MOON).total_seconds() / 3600 / _SYNODIC_HOURS % 1
    return _MOONS[round(8 * age) % 8]
