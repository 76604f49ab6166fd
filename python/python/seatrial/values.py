"""Collected rows as canonical JSON values.

Every value is rendered by its column's Spark type, never by what Python happens to print, so that
answers of different targets compare field by field. The forms are those of the observation
format; what has no form there raises :class:`UnrepresentableValue`.
"""

from __future__ import annotations

import datetime
import decimal
import math
import time
from collections.abc import Iterable
from typing import Any

__all__ = ["UnrepresentableValue", "canonical_rows", "canonical_value"]

_MICROSECOND = datetime.timedelta(microseconds=1)
# Large enough for every digit of a decimal(38, 38) that had to be rescaled.
_EXACT = decimal.Context(prec=128)


class UnrepresentableValue(Exception):
    """A value whose column type has no canonical form."""


def canonical_rows(rows: Iterable[Any], schema: Any) -> list[list[Any]]:
    """Render collected rows.

    Parameters
    ----------
    rows : iterable of Row
        What ``DataFrame.collect()`` returned.
    schema : StructType
        The DataFrame's schema.

    Returns
    -------
    list of list
        A list of JSON values for each row, by position.
    """
    types = [field.dataType for field in schema.fields]
    return [
        [canonical_value(cell, type_) for cell, type_ in zip(row, types, strict=True)]
        for row in rows
    ]


def canonical_value(value: Any, data_type: Any) -> Any:
    """Render one value by its Spark type.

    Parameters
    ----------
    value : object
        The Python value as collected; ``None`` is null in every type.
    data_type : DataType
        The Spark type.

    Raises
    ------
    UnrepresentableValue
        If there is no canonical form for the type.
    """
    if value is None:
        return None
    kind = data_type.typeName()
    if kind in ("float", "double"):
        return _float(value)
    if kind in ("boolean", "byte", "short", "integer", "long", "string", "char", "varchar"):
        return value
    if kind == "decimal":
        return _decimal(value, data_type.scale)
    if kind == "binary":
        return bytes(value).hex()
    if kind == "date":
        return value.isoformat()
    if kind == "timestamp":
        return _wall_clock(_instant(value)) + "Z"
    if kind == "timestamp_ntz":
        return _wall_clock(value)
    if kind == "time":
        return value.isoformat(timespec="microseconds")
    if kind == "array":
        return [canonical_value(element, data_type.elementType) for element in value]
    if kind == "map":
        return [
            [canonical_value(key, data_type.keyType), canonical_value(item, data_type.valueType)]
            for key, item in value.items()
        ]
    if kind == "struct":
        return [
            canonical_value(item, field.dataType)
            for item, field in zip(value, data_type.fields, strict=True)
        ]
    if kind == "variant":
        return {"variant": value.toJson()}
    if isinstance(value, datetime.timedelta):
        return value // _MICROSECOND
    if hasattr(data_type, "sqlType") and hasattr(data_type, "serialize"):
        return canonical_value(data_type.serialize(value), data_type.sqlType())
    raise UnrepresentableValue(f"a value of type {data_type.simpleString()} has no canonical form")


def _float(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(value)


def _decimal(value: decimal.Decimal, scale: int) -> str:
    return format(value.quantize(decimal.Decimal(1).scaleb(-scale), context=_EXACT), "f")


def _wall_clock(moment: datetime.datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


def _instant(moment: datetime.datetime) -> datetime.datetime:
    """Return the moment in UTC; `collect` gives naive datetimes in the zone of this process.

    The process's zone tells repeated local times apart by ``fold``. The arithmetic of
    ``astimezone`` leaves the range of the platform's clock near the years 1 and 9999; where the
    zone is UTC there is nothing to convert.
    """
    if moment.tzinfo is None:
        if time.timezone == 0 and time.daylight == 0:
            return moment
        return moment.astimezone(datetime.timezone.utc)
    return moment.astimezone(datetime.timezone.utc)
