#!/usr/bin/env python3
"""Asks real Spark for the answers in engine/tests/data/functions.txt, and writes them there.

The names of all its functions go into engine/tests/data/function_names.txt.

The file is the list of what is asked: a new line needs only its expression, and everything but
the answers stays as it is.
Run it with the Python of a whole PySpark, whose version stands in the file's first line:

    PYTHONPATH=python/python ~/.cache/seatrial/spark-4.2.1/bin/python ci/functions.py
"""

import json
import re
import sys
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from seatrial.values import canonical_rows

TABLE = Path(__file__).parent.parent / "engine/tests/data/functions.txt"
NAMES = TABLE.with_name("function_names.txt")

# What Spark lists among its functions and SQL has a syntax of its own for.
SYNTAX = ["and", "between", "case", "cast", "extract", "ilike", "in", "like", "not", "or", "when"]


def query(expression):
    """Return the query of a line: maybe itself, or one of the view whose columns it names."""
    if expression.startswith("SELECT "):
        return expression
    of_view = expression.endswith(" FROM t")
    return f"SELECT {expression.removesuffix(' FROM t')} AS v" + (" FROM t" if of_view else "")


def answer(spark, query):
    """Return Spark's answer: the type and value of each row, or the error's condition."""
    try:
        frame = spark.sql(query)
        rows = canonical_rows(frame.collect(), frame.schema)
    except PySparkException as error:
        return f"ERROR {error.getCondition() or type(error).__name__}"
    except Py4JJavaError as error:
        # An error that PySpark has no class for tells its condition in its text.
        condition = re.search(r"\[([A-Z_.]+)\]", str(error.java_exception))
        return f"ERROR {condition.group(1) if condition else type(error).__name__}"
    except (ValueError, OverflowError) as error:
        sys.exit(f"Python cannot hold what this gives; take another value: {query}\n{error}")
    name = frame.schema.fields[0].dataType.simpleString()
    values = [json.dumps(row[0], ensure_ascii=False, separators=(",", ":")) for row in rows]
    return f"{name}: {' | '.join(values)}"


def main():
    """Rewrite the file with today's answers."""
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    names = [row[0] for row in spark.sql("SHOW SYSTEM FUNCTIONS").collect()]
    called = [n for n in names if re.fullmatch("[a-z_0-9]+", n) and n not in SYNTAX]
    NAMES.write_text("\n".join(called) + "\n")
    lines = []
    for line in TABLE.read_text().splitlines():
        if line.startswith("@sql "):
            spark.sql(line.removeprefix("@sql "))
        elif line and not line.startswith(("#", " ")):
            expression = line.rsplit(" => ", 1)[0].rstrip()
            line = f"{expression} => {answer(spark, query(expression))}"
        lines.append(line)
    TABLE.write_text("\n".join(lines) + "\n")
    spark.stop()


if __name__ == "__main__":
    main()
