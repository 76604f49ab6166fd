"""What the benchmarks read: a million tuples, ten million longs as record batches. They pickle by value."""

import collections


def tuples(rows=1_000_000):
    for i in range(rows):
        yield (i, f"name-{i}", i * 0.5)


def batches(rows=10_000_000, size=250_000):
    import numpy as np
    import pyarrow as pa

    schema = pa.schema([("id", pa.int64())])
    for start in range(0, rows, size):
        yield pa.RecordBatch.from_arrays([pa.array(np.arange(start, start + size))], schema=schema)


def drain(elements):
    collections.deque(elements, maxlen=0)
