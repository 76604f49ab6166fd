"""What PySpark itself makes of the elements of an iterator, and how two answers are compared."""

import array
import collections
import datetime
import decimal
import enum
import re
import zoneinfo

import numpy as np
import pandas as pd
import pyarrow as pa
from pyspark.sql import Row
from pyspark.sql import types as T
from pyspark.sql.datasource import DataSource
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import VariantVal
from pyspark.sql.worker.plan_data_source_read import records_to_arrow_batches

D = decimal.Decimal
dt = datetime.datetime
td = datetime.timedelta
utc = datetime.timezone.utc


class Source(DataSource):
    @classmethod
    def name(cls):
        return "src"


source = Source({})


def schema(*types, nullable=True):
    """A struct of columns a, b, c…"""
    return T.StructType([T.StructField("abcdefghij"[i], t, nullable) for i, t in enumerate(types)])


def arrow(schema):
    """The Arrow schema that PySpark expects; 4.0 has no time zone to choose."""
    try:
        return to_arrow_schema(schema, timezone="UTC")
    except TypeError:
        return to_arrow_schema(schema)


def fail_after(rows, error):
    yield from rows
    raise error


def answer_of_batches(batches, schema):
    if not batches:
        return ("table", None, "empty")
    table = pa.Table.from_batches(batches)
    try:
        table.validate(full=True)
    except pa.ArrowInvalid:
        # A time of -1 ns, say: pyarrow converts any int to a time.
        return ("table", table, "not valid")
    return ("table", table, "valid")


def answer_of_error(error):
    """Class and text; addresses and the numbers of threads aside."""
    kind = type(error)
    return ("error", f"{kind.__module__}.{kind.__qualname__}", re.sub(r"0x[0-9a-f]+", "0x", str(error)))


def answer_of_spark(message):
    return ("spark", message)


def oracle(rows, batch_size, schema):
    try:
        batches = list(records_to_arrow_batches(rows, batch_size, schema, source))
    except BaseException as error:
        return answer_of_error(error)
    return answer_of_batches(batches, schema)


def text(values):
    return re.sub(r"0x[0-9a-f]+", "0x", repr(values))


def plain(column):
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    try:
        return text(column.to_pylist())
    except (OverflowError, ValueError):
        return [numbers(chunk) for chunk in column.chunks]


def numbers(values):
    """The values with all dates and times as numbers, for those that Python cannot show."""
    valid = values.is_valid().to_pylist()
    kind = values.type
    if pa.types.is_struct(kind):
        return [valid, *(numbers(field) for field in values.flatten())]
    if pa.types.is_list(kind) or pa.types.is_map(kind):
        offsets = values.offsets.to_pylist()
        parts = [values.keys, values.items] if pa.types.is_map(kind) else [values.values]
        parts = [numbers(part[offsets[0] : offsets[-1]]) for part in parts]
        return [valid, [offset - offsets[0] for offset in offsets], *parts]
    if pa.types.is_temporal(kind) and kind.bit_width <= 64:
        values = values.cast({32: pa.int32(), 64: pa.int64()}[kind.bit_width])
    return text(values.to_pylist())


def same(one, other):
    if one[0] != other[0] or one[0] != "table":
        return one == other
    if one[2:] != other[2:]:
        return False
    one, other = one[1], other[1]
    if one is None or other is None:
        return one is other
    # Metadata, and the names of the elements of lists and maps, are the engine's own: no difference to pyarrow.
    if not one.schema.equals(other.schema):
        return False
    # NaN is not equal to itself: then the values' texts decide, which also tell -0.0 from 0.0.
    return [plain(column) for column in one.columns] == [plain(column) for column in other.columns]


def show(answer):
    if answer[0] == "table" and answer[1] is not None:
        return f"{answer[1].schema} {[plain(column) for column in answer[1].columns]}"
    return repr(answer)
