"""What a user catches on real Spark, as the ``error`` of an observation.

Nothing is reduced here beyond Java's stack traces: tracebacks and addresses are the harness's to
normalise, once for every target.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["PhaseError", "describe_error", "summary"]

# What a user catches when planning fails; whatever else fails may have failed at either stage.
_PLANNING_EXCEPTIONS = frozenset(
    {"AnalysisException", "ParseException", "IllegalArgumentException"}
)
_JOB_ABORTED = "Job aborted due to stage failure"


class PhaseError(Exception):
    """An exception that the target raised, with the phase it belongs to."""

    def __init__(self, phase: str, cause: BaseException) -> None:
        super().__init__(phase)
        self.phase = phase
        self.cause = cause


def describe_error(raised: PhaseError) -> dict[str, Any]:
    """Return the observation's ``error`` for an exception that a target raised.

    Parameters
    ----------
    raised : PhaseError
        The exception as the user would catch it, and the step that raised it. For the step
        ``action`` the phase is told from the exception: ``plan`` or ``read``.
    """
    error = raised.cause
    java = _java_exception(error)
    condition, sqlstate, parameters = _condition(error, java)
    from_java_only = java is not None and type(error).__name__ == "Py4JJavaError"
    if from_java_only:
        message = _without_stack(java.getMessage() or java.toString())
    else:
        # Spark Connect appends the server's stack, when it has it.
        message = text(error).split("\n\nJVM stacktrace:\n", 1)[0]
        if type(error).__name__ == "Py4JError":
            message = _without_stack(message)
    return {
        "phase": _action_phase(error, java) if raised.phase == "action" else raised.phase,
        "exception": type(error).__name__,
        "condition": condition,
        "sqlstate": sqlstate,
        "parameters": parameters,
        "message": message,
        "jvm": _jvm(java) if from_java_only else None,
    }


def text(error: BaseException) -> str:
    """Return ``str(error)``, whatever it does."""
    try:
        return str(error)
    except BaseException as failure:
        return f"<{type(failure).__name__} while printing a {type(error).__name__}>"


def summary(error: BaseException) -> str:
    """Return the exception's class and text in one line."""
    return f"{type(error).__name__}: {text(error)}"


def _java_exception(error: BaseException) -> Any:
    """Return the Java exception behind an exception of PySpark's classic mode, if there is one."""
    if type(error).__name__ == "Py4JJavaError":
        return getattr(error, "java_exception", None)
    return getattr(error, "_origin", None)


def _causes(java: Any) -> list[Any]:
    found: list[Any] = []
    while java is not None and len(found) < 64:
        found.append(java)
        java = java.getCause()
    return found


def _jvm(java: Any) -> dict[str, str]:
    deepest = _causes(java)[-1]
    return {
        "class": java.getClass().getName(),
        # A throwable prints itself as "class: message", or as its class if it has none.
        "root": _without_stack(deepest.toString()),
    }


def _condition(error: BaseException, java: Any) -> tuple[str | None, str | None, dict[str, str]]:
    from pyspark.errors import PySparkException

    if isinstance(error, PySparkException):
        condition = error.getCondition()
        if condition is None:
            return None, error.getSqlState(), {}
        parameters = error.getMessageParameters() or {}
        return condition, error.getSqlState(), _strings(parameters)
    for cause in _causes(java):
        found = _java_condition(cause)
        if found is not None:
            return found
    return None, None, {}


def _java_condition(java: Any) -> tuple[str, str | None, dict[str, str]] | None:
    from py4j.java_gateway import is_instance_of
    from pyspark import SparkContext

    gateway: Any = SparkContext._gateway
    if not is_instance_of(gateway, java, "org.apache.spark.SparkThrowable"):
        return None
    try:
        condition = java.getCondition()
        if condition is None:
            return None
        return condition, java.getSqlState(), _strings(dict(java.getMessageParameters()))
    except Exception as error:
        # Not every implementation can be reached by reflection.
        print(f"seatrial.runner: no condition from Java: {error!r}", file=sys.stderr)
        return None


def _strings(parameters: dict[Any, Any]) -> dict[str, str]:
    return {str(key): str(parameters[key]) for key in sorted(parameters)}


def _action_phase(error: BaseException, java: Any) -> str:
    """Tell planning from reading, where one call does both.

    On classic, the Java stack tells: planning callbacks run under ``PythonPlannerRunner``, and
    what fails in a task either carries the task runner's frames or comes as an aborted job.
    An exception that Python itself raised comes from turning the result into rows.
    """
    if type(error).__name__ in _PLANNING_EXCEPTIONS:
        return "plan"
    if java is None:
        shown = text(error)
        remote = type(error).__module__.startswith("pyspark.errors.exceptions.connect")
        in_task = _JOB_ABORTED in shown or type(error).__name__ == "PythonException"
        return "plan" if remote and not in_task else "read"
    stack = _java_stack(java)
    if "PythonPlannerRunner" in stack:
        return "plan"
    in_task = _JOB_ABORTED in stack or "org.apache.spark.executor.Executor$TaskRunner" in stack
    return "read" if in_task or type(error).__name__ == "PythonException" else "plan"


def _java_stack(java: Any) -> str:
    from pyspark import SparkContext

    jvm: Any = SparkContext._jvm
    return str(getattr(jvm, "org.apache.spark.util.Utils").exceptionString(java))


def _without_stack(text: str) -> str:
    kept = [
        line
        for line in text.split("\n")
        if not line.startswith("\tat ")
        and not (line.startswith("\t... ") and line.endswith(" more"))
        and line != "Driver stacktrace:"
    ]
    return "\n".join(kept).rstrip("\n")
