"""Seatrial: PySpark's Python data sources on a Spark-compatible engine, compared with Spark.

Names are imported when they are first used, so that the modules which run inside somebody else's
environment (:mod:`seatrial.runner`, :mod:`seatrial.case_module`, :mod:`seatrial.values`) need
neither the native module nor, until they start Spark, PySpark.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seatrial.session import DataFrame, DataFrameReader, Session

__version__ = "0.1.0"

# Where each lazily imported name lives.
_HOMES = {
    "DataFrame": "seatrial.session",
    "DataFrameReader": "seatrial.session",
    "Session": "seatrial.session",
}

__all__ = ["DataFrame", "DataFrameReader", "Session", "__version__"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
