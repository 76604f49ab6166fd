"""The engine's errors are PySpark's own."""

from __future__ import annotations

import pickle

import pyspark.errors
import pytest
from pyspark.errors import PySparkException

from seatrial.errors import ParseException, SparkException, spark_error


@pytest.mark.parametrize(
    "name",
    [
        "AnalysisException",
        "ArithmeticException",
        "DateTimeException",
        "IllegalArgumentException",
        "NumberFormatException",
        "ParseException",
        "PythonException",
        "SparkRuntimeException",
        "UnsupportedOperationException",
    ],
)
def test_an_error_is_caught_as_pysparks_class(name: str) -> None:
    error = spark_error(name, "[A_B] Text.", "A_B", "42000", {"x": "1"})
    assert type(error).__name__ == name
    assert isinstance(error, getattr(pyspark.errors, name))
    assert isinstance(error, PySparkException)
    assert str(error) == error.getMessage() == "[A_B] Text."
    assert (error.getCondition(), error.getSqlState()) == ("A_B", "42000")
    assert error.getMessageParameters() == {"x": "1"}
    assert error.getQueryContext() == []


def test_a_parse_error_is_an_analysis_error_too() -> None:
    assert issubclass(ParseException, pyspark.errors.AnalysisException)


def test_an_error_without_a_condition() -> None:
    error = spark_error("SparkException", "Job aborted", None, None, {})
    assert type(error) is SparkException
    assert (error.getCondition(), error.getSqlState(), error.getMessageParameters()) == (
        None,
        None,
        None,
    )
    assert str(error) == "Job aborted"


@pytest.mark.parametrize("name", ["NewException", "base", "spark_error"])
def test_a_class_that_is_not_known_here(name: str) -> None:
    assert type(spark_error(name, "x", None, None, {})) is SparkException


def test_an_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(spark_error("ParseException", "x", "A", "42000", {"k": "v"})))
    assert type(error) is ParseException
    assert (str(error), error.getSqlState(), error.getMessageParameters()) == (
        "x",
        "42000",
        {"k": "v"},
    )
