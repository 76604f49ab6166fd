"""The example sources by themselves: no engine, no Spark."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

import pytest
from pyspark.sql.datasource import CaseInsensitiveDict, DataSource, InputPartition
from pyspark.sql.types import StructType

from seatrial.examples import ConstantSource, RangeSource, TideTable


def read(source: type[DataSource], **options: Any) -> list[list[tuple[Any, ...]]]:
    """Return the rows of every partition, as Spark would read them."""
    texts = CaseInsensitiveDict({key: str(value) for key, value in options.items()})
    reader = source(texts).reader(StructType())
    partitions = reader.partitions() or [InputPartition(None)]
    return [[tuple(row) for row in reader.read(partition)] for partition in partitions]


def flat(partitions: list[list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
    return [row for partition in partitions for row in partition]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"end": 3}, [[0, 1, 2]]),
        ({"end": 5, "numPartitions": 2}, [[0, 1], [2, 3, 4]]),
        ({"start": 10, "end": 4, "step": -3, "numPartitions": 2}, [[10], [7]]),
        ({"end": 1, "numPartitions": 3}, [[], [], [0]]),
        ({"start": 1, "end": 1}, [[]]),
        ({"end": 2**62, "start": 2**62 - 1}, [[2**62 - 1]]),
    ],
)
def test_range(options: dict[str, int], expected: list[list[int]]) -> None:
    assert read(RangeSource, **options) == [[(member,) for member in part] for part in expected]


@pytest.mark.parametrize(
    ("source", "options", "told"),
    [
        (RangeSource, {}, "option 'end' is required"),
        (RangeSource, {"end": "ten"}, "option 'end' must be a whole number, but is 'ten'"),
        (RangeSource, {"end": 1, "step": 0}, "option 'step' must not be 0"),
        (RangeSource, {"end": 1, "numPartitions": 0}, "'numPartitions' must be at least 1"),
        (ConstantSource, {"type": "money"}, "option 'type' must be one of string, int"),
        (ConstantSource, {"type": "int", "value": "x"}, "'value' must be a whole number"),
        (ConstantSource, {"type": "boolean", "value": "x"}, "'value' must be true or false"),
        (ConstantSource, {"rows": -1}, "option 'rows' must be at least 0"),
        (TideTable, {"start": "yesterday"}, "option 'start' must be a date such as 2026-01-01"),
        (TideTable, {"every": 0}, "option 'every' must be at least 1"),
    ],
)
def test_options_are_checked(source: type[DataSource], options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read(source, **options)


@pytest.mark.parametrize(
    ("options", "schema", "value"),
    [
        ({}, "value string", None),
        ({"value": "ahoy"}, "value string", "ahoy"),
        ({"value": "7", "type": "BIGINT"}, "value bigint", 7),
        ({"value": "0.5", "type": "double"}, "value double", 0.5),
        ({"value": "True", "type": "boolean"}, "value boolean", True),
        ({"value": "2024-02-29", "type": "date"}, "value date", datetime.date(2024, 2, 29)),
    ],
)
def test_constant(options: dict[str, str], schema: str, value: Any) -> None:
    assert ConstantSource(CaseInsensitiveDict(options)).schema() == schema
    assert read(ConstantSource, rows=2, **options) == [[(value,), (value,)]]


def test_tides_have_a_partition_a_day() -> None:
    days = read(TideTable, days=3, every=60)
    assert [len(day) for day in days] == [24, 24, 24]
    assert days[1][0][0] == datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
    assert read(TideTable, days=0) == [[]]


def test_tides_are_the_same_everywhere() -> None:
    assert [row[1:] for row in read(TideTable, every=360, harbour="Whitby")[0]] == GOLDEN
    assert read(TideTable, harbour=" whitby ") == read(TideTable, harbour="Whitby")
    assert read(TideTable, harbour="Whitby") != read(TideTable, harbour="Mole Ness")


def test_every_high_water_is_followed_by_a_low_one() -> None:
    rows = flat(read(TideTable, days=30, every=10))
    turns = [row[2] for row in rows if row[2] in ("high water", "low water")]
    assert set(itertools.pairwise(turns)) == {
        ("high water", "low water"),
        ("low water", "high water"),
    }
    # Two tides a lunar day of 24 h 50 min.
    assert turns.count("high water") in (57, 58, 59)


def test_springs_are_higher_than_neaps() -> None:
    def range_of(first: str) -> float:
        heights: list[float] = [row[1] for row in flat(read(TideTable, start=first, every=10))]
        return max(heights) - min(heights)

    # New moon on 2026-01-18, first quarter on 2026-01-26.
    assert range_of("2026-01-18") > 1.3 * range_of("2026-01-26")


def test_the_moon_goes_through_its_phases() -> None:
    moons = [row[3] for row in flat(read(TideTable, days=60, every=1440))]
    assert moons[2] == "🌕"  # 2026-01-03
    assert set(moons) == set("🌑🌒🌓🌔🌕🌖🌗🌘")


GOLDEN: list[tuple[Any, ...]] = [
    (2.01, "flood", "🌔", "≈≈≈≈≈⛵"),
    (4.84, "ebb", "🌔", "≈≈≈≈≈≈≈≈≈≈≈⛵"),
    (1.94, "flood", "🌔", "≈≈≈≈⛵"),
    (5.81, "ebb", "🌔", "≈≈≈≈≈≈≈≈≈≈≈≈≈⛵"),
]
