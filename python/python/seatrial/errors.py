"""The engine's errors: instances of PySpark's own exception classes.

``except pyspark.errors.AnalysisException`` catches what it catches on Spark, and
``getCondition()``, ``getSqlState()`` and ``getMessageParameters()`` answer the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyspark.errors as base

__all__ = [
    "AnalysisException",
    "ArithmeticException",
    "DateTimeException",
    "IllegalArgumentException",
    "NumberFormatException",
    "ParseException",
    "PythonException",
    "SparkException",
    "SparkRuntimeException",
    "UnsupportedOperationException",
    "spark_error",
]


class SparkException(base.PySparkException):
    """An error of the engine; by itself, a failure that belongs to no class of PySpark's.

    Parameters
    ----------
    message : str
        The whole text, condition and SQLSTATE included.
    condition : str, optional
        The error condition, such as ``DATA_SOURCE_NOT_FOUND``.
    sqlstate : str, optional
        Its SQLSTATE.
    parameters : mapping of str to str, optional
        The message's parameters.
    """

    def __init__(
        self,
        message: str,
        condition: str | None = None,
        sqlstate: str | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            message=message,
            errorClass=condition,
            messageParameters=None if condition is None else dict(parameters or {}),
        )
        self._sqlstate = sqlstate

    def getSqlState(self) -> str | None:  # noqa: N802
        """Return the SQLSTATE, if the condition has one."""
        return self._sqlstate

    def getMessage(self) -> str:  # noqa: N802
        """Return the whole text."""
        return self._message

    def __str__(self) -> str:
        return self._message


class AnalysisException(SparkException, base.AnalysisException):
    """Planning failed, a planning callback of a data source included."""


class ParseException(AnalysisException, base.ParseException):
    """SQL or DDL text does not parse."""


class IllegalArgumentException(SparkException, base.IllegalArgumentException):
    """A value that a setting or a function does not take."""


class PythonException(SparkException, base.PythonException):
    """Python code failed inside a task: ``read``, or what it yields."""


class UnsupportedOperationException(SparkException, base.UnsupportedOperationException):
    """What Spark, or this engine, does not do."""


class ArithmeticException(SparkException, base.ArithmeticException):
    """A computation has no result, such as a division by zero."""


class NumberFormatException(IllegalArgumentException, base.NumberFormatException):
    """A text is no number."""


class DateTimeException(SparkException, base.DateTimeException):
    """A text is no date or time."""


class SparkRuntimeException(SparkException, base.SparkRuntimeException):
    """A query failed while it ran."""


def spark_error(
    name: str,
    message: str,
    condition: str | None,
    sqlstate: str | None,
    parameters: Mapping[str, str],
) -> SparkException:
    """Build the exception of that class name; a name that has no class here is a SparkException."""
    class_: object = globals().get(name)
    if not (isinstance(class_, type) and issubclass(class_, SparkException)):
        class_ = SparkException
    return class_(message, condition, sqlstate, parameters)
