#!/usr/bin/env python3
"""Asks real Spark what arguments its functions take, and writes it down.

The result is engine/src/session/functions/signatures.txt, by which errors of calls are Spark's.
Each function is called with every number of arguments, and then with a value of every kind in each
place; what the analyser refuses is what stands in the file. Nothing is executed.
Run it with the Python of a whole PySpark, whose version stands in the file's first line:

    ~/.cache/seatrial/spark-4.2.1/bin/python ci/signatures.py [FUNCTION ...]

With functions, only these are asked for anew; all of them take half an hour.
"""

import itertools
import logging
import sys
from pathlib import Path

import pyspark
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

ROOT = Path(__file__).parent.parent
NAMES = ROOT / "engine/tests/data/function_names.txt"
TABLE = ROOT / "engine/src/session/functions/signatures.txt"

#: A value of each kind of type. The engine tells kinds apart by the same names.
VALUES = {
    "VOID": "NULL",
    "BOOLEAN": "true",
    "INT": "1",
    "BIGINT": "1L",
    "DOUBLE": "1.5D",
    "DECIMAL": "1.5",
    "STRING": "'a'",
    "BINARY": "X'61'",
    "DATE": "DATE'2020-01-01'",
    "TIMESTAMP": "TIMESTAMP'2020-01-01'",
    "YEAR": "INTERVAL '1' YEAR",
    "DAY": "INTERVAL '1' DAY",
    "ARRAY<INT>": "array(1)",
    "ARRAY<STRING>": "array('a')",
    "ARRAY<ARRAY>": "array(array(1))",
    "ARRAY<STRUCT>": "array(struct(1, 2))",
    "MAP": "map('a', 1)",
    "STRUCT": "struct(1)",
}
#: What some functions want and no value is.
LAMBDA = "LAMBDA"

#: The first arguments with which others are tried.
FIRST = ["INT", "STRING", "DATE", "ARRAY<INT>", "MAP"]

#: How many arguments are tried, and in how many places values of all kinds.
MOST, PLACES = 6, 4
ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh"]

HEADER = """\
# What Spark {version} takes as arguments, as ci/signatures.py found it; do not edit.
# <function> = <expected number, in Spark's words> <the numbers that it takes; 6 is "6 and more">
# <function> <place> <required type, in Spark's words> <kinds of values that it refuses>
# <function> + <what is shown behind the arguments> <how many these are>
"""


class Asked:
    """Asks Spark about calls.

    Parameters
    ----------
    spark : SparkSession
        Which analyses them.
    """

    def __init__(self, spark: SparkSession) -> None:
        self.spark = spark

    def refusal(self, function, kinds):
        """Return the condition and parameters by which Spark refuses a call, or None."""
        try:
            self.call(function, kinds)
        except PySparkException as error:
            return error.getCondition() or type(error).__name__, error.getMessageParameters() or {}
        except Py4JJavaError as error:
            # What Spark's own code did not foresee.
            return type(error).__name__, {}
        return None

    def call(self, function, kinds):
        """Return the analysed query of a call."""
        arguments = ["x -> x" if kind == LAMBDA else VALUES[kind] for kind in kinds]
        return self.spark.sql(f"SELECT {function}({', '.join(arguments)})")

    def counts(self, function):
        """Return the numbers of arguments that it takes, and how Spark words them."""
        taken, expected = [], None
        for count in range(MOST + 1):
            condition, parameters = self.refusal(function, ["VOID"] * count) or ("", {})
            if condition == "WRONG_NUM_ARGS.WITHOUT_SUGGESTION":
                expected = expected or parameters["expectedNum"]
            elif not condition.startswith("WRONG_NUM_ARGS"):
                taken.append(count)
        return taken, expected

    def accepted(self, function, count):
        """Return kinds of arguments of which Spark takes as many as can be found."""
        kinds = ["VOID"] * count
        reached = self.reached(function, kinds)
        for place in range(count):
            if reached > place:
                continue
            for kind in [*VALUES, LAMBDA]:
                tried = [*kinds[:place], kind, *kinds[place + 1 :]]
                further = self.reached(function, tried)
                if further > place:
                    kinds, reached = tried, further
                    break
        return kinds

    def reached(self, function, kinds):
        """Return the place of the argument that is refused, or their number."""
        refusal = self.refusal(function, kinds)
        if refusal is None:
            return len(kinds)
        ordinal = refusal[1].get("paramIndex")
        return ORDINALS.index(ordinal) if ordinal in ORDINALS else 0

    def places(self, function, count):
        """Yield the place, required type and refused kind of each value that is refused."""
        base = self.accepted(function, count)
        first = [kind for kind in FIRST if not self.refuses(function, [kind, *base[1:]], 0)]
        for place in range(min(count, PLACES)):
            refused = {}
            for kind in VALUES:
                required = self.refuses(function, [*base[:place], kind, *base[place + 1 :]], place)
                if required:
                    refused.setdefault(required, []).append(kind)
            for required, kinds in refused.items():
                tried = [*base[1:place], kinds[-1], *base[place + 1 :]]
                # What depends on the first argument is no matter of the place alone.
                depends = place > 0 and any(
                    self.refuses(function, [kind, *tried], place) != required for kind in first
                )
                if not depends:
                    yield from ((place + 1, required, kind) for kind in kinds)

    def refuses(self, function, kinds, place):
        """Return the type that a place requires instead of the one that it is given, or None."""
        condition, parameters = self.refusal(function, kinds) or ("", {})
        if condition != "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE":
            return None
        return parameters["requiredType"] if parameters["paramIndex"] == ORDINALS[place] else None

    def shown(self, function, count):
        """Return what Spark shows behind the arguments of a call, as in `locate(a, b, 1)`."""
        kinds = self.accepted(function, count)
        if LAMBDA in kinds or self.refusal(function, kinds):
            return ""
        name = self.call(function, kinds).columns[0]
        given = ", ".join(self.spark.sql(f"SELECT {VALUES[kind]}").columns[0] for kind in kinds)
        before = f"{function}({given}"
        return name[len(before) : -1] if name.startswith(before) and name.endswith(")") else ""


def main():
    """Rewrite the file with today's answers."""
    logging.disable(logging.CRITICAL)
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = spark.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    asked = Asked(spark)
    wanted = sys.argv[1:]
    known = [line for line in TABLE.read_text().splitlines(keepends=True) if "\t" in line]
    lines = [HEADER.format(version=pyspark.__version__)]
    for function in NAMES.read_text().split():
        if wanted and function not in wanted:
            lines += [line for line in known if line.split("\t")[0] == function]
            continue
        taken, expected = asked.counts(function)
        if expected is not None:
            lines.append(f"{function}\t=\t{expected}\t{','.join(map(str, taken))}\n")
        for count in taken:
            if 0 < count <= PLACES and (shown := asked.shown(function, count)):
                lines.append(f"{function}\t+\t{shown}\t{count}\n")
        # Few and many: what lies between is like one of them.
        counts = {count for count in [*taken[:1], *taken[1:2], *taken[-1:]] if count}
        found = {count: list(asked.places(function, count)) for count in counts}
        refused = {}
        for place, required, kind in dict.fromkeys(itertools.chain(*found.values())):
            # What depends on the number of arguments is no matter of the place alone.
            if all((place, required, kind) in of for count, of in found.items() if count >= place):
                refused.setdefault((place, required), []).append(kind)
        lines += [
            f"{function}\t{place}\t{required}\t{','.join(kinds)}\n"
            for (place, required), kinds in refused.items()
        ]
        print(function, flush=True)
    TABLE.write_text("".join(lines))
    spark.stop()


main()
