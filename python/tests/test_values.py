"""Canonical values: one form per Spark type."""

from __future__ import annotations

import datetime
import json
import math
import os
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    CalendarIntervalType,
    DataType,
    DateType,
    DayTimeIntervalType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    MapType,
    NullType,
    Row,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
    TimeType,
    UserDefinedType,
    VariantType,
    VariantVal,
)

from seatrial.values import UnrepresentableValue, canonical_rows, canonical_value

UTC = datetime.timezone.utc


@pytest.fixture(autouse=True)
def zone() -> Iterator[Any]:
    """Run in UTC, as the runner does; call it to move elsewhere."""
    before = os.environ.get("TZ")

    def move(name: str) -> None:
        os.environ["TZ"] = name
        time.tzset()

    move("UTC")
    yield move
    if before is None:
        del os.environ["TZ"]
        time.tzset()
    else:
        move(before)


POINT = StructType([StructField("x", IntegerType()), StructField("y", ArrayType(DoubleType()))])


@pytest.mark.parametrize(
    ("value", "data_type", "canonical"),
    [
        (None, IntegerType(), None),
        (None, NullType(), None),
        (True, BooleanType(), True),
        (2**63 - 1, LongType(), 9223372036854775807),
        (0.10000000149011612, FloatType(), 0.10000000149011612),
        (1.0, DoubleType(), 1.0),
        (math.nan, DoubleType(), "NaN"),
        (-math.inf, FloatType(), "-Infinity"),
        (math.inf, DoubleType(), "Infinity"),
        (Decimal("1.5"), DecimalType(5, 2), "1.50"),
        (Decimal("0E-18"), DecimalType(38, 18), "0.000000000000000000"),
        (Decimal("9" * 38), DecimalType(38, 0), "9" * 38),
        (Decimal("-1E+3"), DecimalType(10, 0), "-1000"),
        ("naïve\x00", StringType(), "naïve\x00"),
        (b"\x00\xff", BinaryType(), "00ff"),
        (bytearray(b"\x01"), BinaryType(), "01"),
        (datetime.date(1, 2, 3), DateType(), "0001-02-03"),
        (datetime.datetime(2020, 1, 1, 5), TimestampType(), "2020-01-01T05:00:00.000000Z"),
        (datetime.datetime(1, 1, 1), TimestampType(), "0001-01-01T00:00:00.000000Z"),
        (
            datetime.datetime.max,
            TimestampType(),
            "9999-12-31T23:59:59.999999Z",
        ),
        (
            datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
            TimestampType(),
            "2019-12-31T22:00:00.000000Z",
        ),
        (
            datetime.datetime(2020, 1, 1, 0, 0, 0, 7),
            TimestampNTZType(),
            "2020-01-01T00:00:00.000007",
        ),
        (datetime.time(12, 34, 56), TimeType(), "12:34:56.000000"),
        (datetime.timedelta(days=-1, microseconds=1), DayTimeIntervalType(), -86399999999),
        ([1, None], ArrayType(IntegerType()), [1, None]),
        ({"z": 1, "a": None}, MapType(StringType(), IntegerType()), [["z", 1], ["a", None]]),
        (Row(x=1, y=[math.nan]), POINT, [1, ["NaN"]]),
        (
            VariantVal.parseJson('{"a": [1, null]}'),
            VariantType(),
            {"variant": '{"a":[1,null]}'},
        ),
    ],
)
def test_value(value: Any, data_type: DataType, canonical: Any) -> None:
    answer = canonical_value(value, data_type)
    assert answer == canonical
    assert type(answer) is type(canonical)
    json.dumps(answer, allow_nan=False)


def test_minus_zero_survives() -> None:
    assert json.dumps(canonical_value(-0.0, DoubleType())) == "-0.0"


def test_a_naive_timestamp_is_in_the_zone_of_the_process(zone: Any) -> None:
    zone("America/Los_Angeles")
    first = datetime.datetime(2020, 11, 1, 1, 30)
    assert canonical_value(first, TimestampType()) == "2020-11-01T08:30:00.000000Z"
    second = first.replace(fold=1)
    assert canonical_value(second, TimestampType()) == "2020-11-01T09:30:00.000000Z"
    assert canonical_value(first, TimestampNTZType()) == "2020-11-01T01:30:00.000000"
    aware = datetime.datetime(2020, 1, 1, 5, tzinfo=UTC)
    assert canonical_value(aware, TimestampType()) == "2020-01-01T05:00:00.000000Z"


def test_user_defined_types_show_what_they_store() -> None:
    class Celsius(UserDefinedType):
        @classmethod
        def sqlType(cls) -> DataType:  # noqa: N802
            return DecimalType(5, 2)

        def serialize(self, obj: Any) -> Any:
            return Decimal(obj)

    assert canonical_value("21.5", Celsius()) == "21.50"


def test_what_has_no_form_is_named() -> None:
    with pytest.raises(UnrepresentableValue, match="interval"):
        canonical_value(object(), CalendarIntervalType())


def test_rows_keep_columns_of_one_name_apart() -> None:
    schema = StructType([StructField("a", IntegerType()), StructField("a", StringType())])
    assert canonical_rows([(1, "x"), (2, None)], schema) == [[1, "x"], [2, None]]
