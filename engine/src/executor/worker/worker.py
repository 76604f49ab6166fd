"""What a worker process of PySpark does with functions, in this process: each version's own code reads and wraps them."""

import decimal
import inspect
import io
import json

from pyspark import worker
from pyspark.serializers import CPickleSerializer, write_int, write_long, write_with_length
from pyspark.sql.types import ArrayType, DayTimeIntervalType, MapType, StructType
from pyspark.util import PythonEvalType

_pickle = CPickleSerializer()

# Before 4.1 the arguments of other functions have no names on the wire.
_NAMED_IN_4_0 = (100, 101, 200, 202, 203, 204)
_NAMED_IN_4_1 = (*_NAMED_IN_4_0, 250, 251, 252, 253)


def read(eval_type, functions, conf, input_type):
    """Return the function over a partition, its deserializer and its serializer.

    Parameters
    ----------
    eval_type : int
    functions : list of (list of (int, str or None), list of bytes)
        For each function its arguments (columns, and names where given by name) and the pickled functions to call
        one after the other.
    conf : dict of str to str
    input_type : str
        The schema of the arguments as JSON.
    """
    parameters = list(inspect.signature(worker.read_udfs).parameters)
    if "udf_info_list" in parameters:
        described = [_described(arguments, commands) for arguments, commands in functions]
        runner_conf, eval_conf = _confs(conf, input_type)
        read = worker.read_udfs(_pickle, described, eval_type, runner_conf, eval_conf)
    elif "runner_conf" in parameters:
        wire = io.BytesIO()
        write_int(len(functions), wire)
        for arguments, commands in functions:
            _write_function(wire, arguments, commands, named=True)
            write_long(0, wire)
        wire.seek(0)
        runner_conf, eval_conf = _confs(conf, input_type)
        read = worker.read_udfs(_pickle, wire, eval_type, runner_conf, eval_conf)
    else:
        with_input_type = hasattr(worker, "use_legacy_pandas_udf_conversion")
        wire = io.BytesIO()
        if eval_type != PythonEvalType.SQL_BATCHED_UDF:
            write_int(len(conf), wire)
            for key, value in conf.items():
                write_with_length(key.encode(), wire)
                write_with_length(value.encode(), wire)
            if eval_type == PythonEvalType.SQL_ARROW_BATCHED_UDF and with_input_type:
                write_with_length(input_type.encode(), wire)
        wire.write(b"\0")  # not profiled
        write_int(len(functions), wire)
        for arguments, commands in functions:
            _write_function(wire, arguments, commands, eval_type in (_NAMED_IN_4_1 if with_input_type else _NAMED_IN_4_0))
        wire.seek(0)
        read = worker.read_udfs(_pickle, wire, eval_type)
    function, _, deserializer, serializer = read
    return function, deserializer, serializer


def _confs(conf, input_type):
    runner_conf, eval_conf = worker.RunnerConf(), worker.EvalConf()
    runner_conf._conf.update(conf)
    eval_conf._conf["input_type"] = input_type
    return runner_conf, eval_conf


def _described(arguments, commands):
    from pyspark.worker_message import UDFInfo

    return UDFInfo(
        udfs=[memoryview(command) for command in commands],
        args=[offset for offset, name in arguments if name is None],
        kwargs={name: offset for offset, name in arguments if name is not None},
        result_id=0,
    )


def _write_function(wire, arguments, commands, named):
    write_int(len(arguments), wire)
    for offset, name in arguments:
        write_int(offset, wire)
        if named:
            wire.write(b"\0" if name is None else b"\1")
            if name is not None:
                write_with_length(name.encode(), wire)
    write_int(len(commands), wire)
    for command in commands:
        write_with_length(command, wire)


def schema(text):
    """The ``StructType`` of a JSON text."""
    return StructType.fromJson(json.loads(text))


def values(column, data_type, binary_as_bytes):
    """The values of an Arrow array as a function that takes rows gets them."""
    values = _internal(column, data_type)
    if data_type.needConversion():
        from_internal = data_type.fromInternal
        values = [from_internal(value) for value in values]
    if not binary_as_bytes and data_type.typeName() == "binary":
        values = [value if value is None else bytearray(value) for value in values]
    return values


def _internal(column, data_type):
    """The values as the JVM pickles them."""
    import pyarrow as pa

    kind = data_type.typeName()
    if isinstance(data_type, DayTimeIntervalType) or kind in ("timestamp", "timestamp_ntz"):
        return column.cast(pa.int64()).to_pylist()
    if kind == "date":
        return column.cast(pa.int32()).to_pylist()
    if isinstance(data_type, ArrayType):
        elements = _internal(column.values, data_type.elementType)
        return _sliced(column, elements, list)
    if isinstance(data_type, MapType):
        keys = _internal(column.keys, data_type.keyType)
        items = _internal(column.items, data_type.valueType)
        return _sliced(column, list(zip(keys, items)), dict)
    if isinstance(data_type, StructType):
        fields = [_internal(part, field.dataType) for part, field in zip(column.flatten(), data_type.fields)]
        rows = zip(*fields) if fields else (() for _ in range(len(column)))
        return [row if is_valid else None for row, is_valid in zip(rows, column.is_valid().to_pylist())]
    if hasattr(data_type, "sqlType"):
        return _internal(column, data_type.sqlType())
    return column.to_pylist()


def _sliced(column, elements, make):
    offsets = column.offsets.to_pylist()
    valid = column.is_valid().to_pylist()
    return [make(elements[start:end]) if is_valid else None for start, end, is_valid in zip(offsets, offsets[1:], valid)]


def decimals(values, precision, scale):
    """The decimals among the values as the JVM rounds them, in Arrow; what is none is null."""
    import pyarrow as pa

    unit = decimal.Decimal(1).scaleb(-scale)
    context = decimal.Context(prec=400, rounding=decimal.ROUND_HALF_UP)
    rounded = [
        value.quantize(unit, context=context) if isinstance(value, decimal.Decimal) and value.is_finite() else None
        for value in values
    ]
    return pa.array(rounded, pa.decimal128(precision, scale))
