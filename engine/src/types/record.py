"""Records anew what Spark and PySpark answer for the inputs of the tables in this folder.

Run it with the interpreter of a full ``pyspark`` 4.2 (a JVM is needed): it keeps the inputs of ``ddl/recorded.jsonl``,
``json/recorded.jsonl``, ``arrow/recorded.jsonl`` and ``values/variants.jsonl`` and replaces the answers. To add an input, append
a line that has only the input (``{"text": …}``, ``{"input": …}``, ``{"schema": …}``, ``{"value": …, "metadata": …}``).
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
POSITION = re.compile(r" \(line (\d+), pos (\d+)\)\n\n== SQL ==\n")


def error(exception: Any) -> dict[str, Any]:
    """Describe what a call into the JVM raised; syntax errors in short, but for every 25th line of a table."""
    if type(exception).__name__ == "Py4JJavaError":
        text = str(exception).split("\n\tat")[0].split(".\n: ", 1)[1]
        name, _, message = text.partition(": ")
        return {"error": {"jvm": name, "message": re.sub(r"@[0-9a-f]{6,8}\b", "@", message)}}
    return {
        "error": {
            "class": type(exception).__name__,
            "condition": exception.getCondition(),
            "sqlstate": exception.getSqlState(),
            "parameters": dict(exception.getMessageParameters() or {}),
            "message": str(exception),
        }
    }


def shorten(answer: dict[str, Any]) -> dict[str, Any]:
    """Reduce a syntax error to its parameters and position."""
    found = answer.get("error", {})
    place = POSITION.search(found.get("message", ""))
    if found.get("condition") != "PARSE_SYNTAX_ERROR" or not place:
        return answer
    parameters = found["parameters"]
    return {"syntax": [parameters["error"], parameters["hint"], int(place[1]), int(place[2])]}


def answer(parse: Callable[[str], Any], text: str) -> dict[str, Any]:
    """Ask the JVM for a type."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        found = parse(text)
        return {"json": json.loads(found.json()), "simple": found.simpleString(), "sql": found.sql()}
    except (PySparkException, Py4JError) as exception:
        return error(exception)


def rewrite(path: str, describe: Callable[[int, dict[str, Any]], dict[str, Any]]) -> None:
    """Replace every line of a table by its description."""
    file = HERE / path
    # Not splitlines(), which also splits at the line separators inside the texts.
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    texts = [json.dumps(describe(number, line), ensure_ascii=False) for number, line in enumerate(lines)]
    file.write_text("\n".join(texts) + "\n", encoding="utf-8")


def arrow_field(field: Any) -> dict[str, Any]:
    """Describe an Arrow field."""
    metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    return {"name": field.name, "type": arrow_type(field.type), "nullable": field.nullable, "metadata": metadata}


def arrow_type(data_type: Any) -> Any:
    """Describe an Arrow type."""
    from pyarrow import types

    if types.is_list(data_type):
        return {"list": arrow_field(data_type.value_field)}
    if types.is_map(data_type):
        return {"map": [arrow_field(data_type.key_field), arrow_field(data_type.item_field)]}
    if types.is_struct(data_type):
        return {"struct": [arrow_field(data_type.field(i)) for i in range(data_type.num_fields)]}
    return str(data_type)


def arrow(_: int, line: dict[str, Any]) -> dict[str, Any]:
    """Ask PySpark for an Arrow schema."""
    from pyspark.errors import PySparkException
    from pyspark.sql.pandas.types import to_arrow_schema
    from pyspark.sql.types import StructType

    schema = line["schema"]
    try:
        # PySpark changes the dictionaries that it reads.
        found = to_arrow_schema(StructType.fromJson(copy.deepcopy(schema)), timezone="UTC")
        return {"schema": schema, "arrow": [arrow_field(field) for field in found]}
    except PySparkException as exception:
        return {"schema": schema, "error": str(exception)}


def variant(_: int, line: dict[str, Any]) -> dict[str, Any]:
    """Ask PySpark for a variant's JSON text."""
    from pyspark.sql.types import VariantVal

    value, metadata = line["value"], line["metadata"]
    text = VariantVal(bytes.fromhex(value), bytes.fromhex(metadata)).toJson()
    return {"value": value, "metadata": metadata, "json": text}


def main() -> None:
    """Rewrite all tables."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    types = spark.sparkContext._jvm.org.apache.spark.sql.types

    def ddl(number: int, line: dict[str, Any]) -> dict[str, Any]:
        text = line["text"]
        found, schema = answer(types.DataType.fromDDL, text), answer(types.StructType.fromDDL, text)
        reduce = shorten if number % 25 else copy.copy
        return {"text": text, "type": reduce(found), "schema": "same" if schema == found else reduce(schema)}

    def from_json(_: int, line: dict[str, Any]) -> dict[str, Any]:
        return {"input": line["input"], "type": answer(types.DataType.fromJson, line["input"])}

    rewrite("ddl/recorded.jsonl", ddl)
    rewrite("json/recorded.jsonl", from_json)
    rewrite("arrow/recorded.jsonl", arrow)
    rewrite("values/variants.jsonl", variant)
    spark.stop()


if __name__ == "__main__":
    main()
