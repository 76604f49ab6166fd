"""Sources over the same rows that differ in what they do with filters.

`Source` knows nothing of filters. `Applying` applies, with Spark's meaning, those that its option `keep` names: `all`, or a
number that chooses some of them. The options `columns` (DDL) and `rows` (a Python literal: a list of dictionaries) are the table.
"""

import datetime
import decimal
import math
import random
from zoneinfo import ZoneInfo

from pyspark.sql.datasource import DataSource, DataSourceReader, InputPartition

UTC = ZoneInfo("UTC")
NAMES = {"datetime": datetime, "Decimal": decimal.Decimal, "UTC": UTC, "nan": math.nan, "inf": math.inf}


def order(value):
    """A key that sorts values of one type as Spark does: NaN last, zeros equal, null first, text by its bytes."""
    if value is None:
        return (0,)
    if isinstance(value, float):
        return (1, math.isnan(value), 0.0 if math.isnan(value) else value + 0.0)
    if isinstance(value, str):
        return (1, value.encode())
    if isinstance(value, list):
        return (1, [order(element) for element in value])
    if isinstance(value, dict):
        return (1, [order(value[key]) for key in sorted(value)])
    return (1, value)


def passes(filter, row):
    """Whether the filter holds; None where SQL has null."""
    kind = type(filter).__name__
    if kind == "Not":
        inner = passes(filter.child, row)
        return None if inner is None else not inner
    value = row
    for name in filter.attribute:
        value = None if value is None else value[name]
    if kind == "IsNull":
        return value is None
    if kind == "IsNotNull":
        return value is not None
    if kind == "EqualNullSafe":
        return order(value) == order(filter.value)
    if value is None:
        return None
    if kind == "In":
        if any(element is not None and order(element) == order(value) for element in filter.value):
            return True
        return None if None in filter.value else False
    if kind.startswith("String"):
        test = {"StringStartsWith": str.startswith, "StringEndsWith": str.endswith, "StringContains": str.__contains__}
        return test[kind](value, filter.value)
    left, right = order(value), order(filter.value)
    return {
        "EqualTo": left == right,
        "GreaterThan": left > right,
        "GreaterThanOrEqual": left >= right,
        "LessThan": left < right,
        "LessThanOrEqual": left <= right,
    }[kind]


class Reader(DataSourceReader):
    def __init__(self, options):
        self.rows = eval(options["rows"], dict(NAMES))

    def partitions(self):
        return [InputPartition(0), InputPartition(1)]

    def read(self, partition):
        for row in self.rows[partition.value :: 2]:
            yield tuple(row.values())


class ApplyingReader(Reader):
    def __init__(self, options):
        super().__init__(options)
        self.keep = options["keep"]

    def pushFilters(self, filters):
        for index, filter in enumerate(filters):
            kept = self.keep == "all" or random.Random(f"{self.keep}/{index}").random() < 0.5
            if kept:
                self.rows = [row for row in self.rows if passes(filter, row) is True]
            else:
                yield filter


class Source(DataSource):
    def schema(self):
        return self.options["columns"]

    def reader(self, schema):
        return Reader(self.options)


class Applying(Source):
    @classmethod
    def name(cls):
        return "Applying"

    def reader(self, schema):
        return ApplyingReader(self.options)
