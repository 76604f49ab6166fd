#!/usr/bin/env python3
"""Asks real Spark about the statements in engine/tests/data/errors.txt, and writes the answers.

The file is the list of what is asked: a new line needs only its statement, and everything but the
answers stays as it is.
Run it with the Python of a whole PySpark, whose version stands in the file's first line:

    ~/.cache/seatrial/spark-4.2.1/bin/python ci/errors.py
"""

import json
import logging
from pathlib import Path

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

TABLE = Path(__file__).parent.parent / "engine/tests/data/errors.txt"


def answer(spark, statement):
    """Return the class and condition of Spark's error with its parameters, or OK."""
    try:
        spark.sql(statement).collect()
    except PySparkException as error:
        condition = error.getCondition()
        if condition is None:
            return type(error).__name__
        parameters = json.dumps(
            error.getMessageParameters() or {},
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )
        return f"{type(error).__name__} {condition} {parameters}"
    except Py4JJavaError:
        # What Spark's own code did not foresee.
        return "Py4JJavaError"
    return "OK"


def main():
    """Rewrite the file with today's answers."""
    logging.disable(logging.CRITICAL)
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = spark.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    lines = []
    for line in TABLE.read_text().splitlines():
        if line.startswith("@sql "):
            spark.sql(line.removeprefix("@sql "))
        elif line and not line.startswith(("#", " ")):
            statement = line.rsplit(" => ", 1)[0].rstrip()
            line = f"{statement} => {answer(spark, statement)}"
        lines.append(line)
    TABLE.write_text("\n".join(lines) + "\n")
    spark.stop()


main()
