"""A case's Python text, executed as if it were the user's own script.

Both sides of a comparison use this module: the runner on PySpark, and the engine's runner, which
embeds its text. It therefore needs the standard library and PySpark only, and imports nothing
from its own package.
"""

from __future__ import annotations

import linecache
from typing import Any

__all__ = ["CASE_FILE", "CaseModule", "default_format"]

#: The file name that tracebacks show for lines of a case.
CASE_FILE = "<case>"

# `record_call` is compiled inside the case's namespace, so that it has the identity of the user's
# own functions: cloudpickle takes it along by value, and it works in any process that has the file.
# One `write` to a descriptor opened for appending keeps the lines of concurrent workers apart.
_RECORD_CALL = '''\
def record_call(callback, **details):
    """Report that a callback was called: one JSON line in the runner's calls file."""
    import json
    import os

    line = json.dumps({{"call": callback, **details}}, default=repr) + "\\n"
    descriptor = os.open({path!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line.encode("utf-8"))
    finally:
        os.close(descriptor)
'''


class CaseModule:
    """A case's module text, executed.

    The text runs in a namespace of its own that calls itself ``__main__`` without being
    ``sys.modules["__main__"]``: cloudpickle then pickles everything it defines by value, exactly
    as it does for a user's script, and no case sees the names of another.

    Parameters
    ----------
    python : str
        The module text. ``record_call(callback, **details)`` is predefined.
    calls_path : str
        The file to which ``record_call`` appends.

    Raises
    ------
    BaseException
        Whatever the text raises, ``SyntaxError`` and ``SystemExit`` included.
    """

    def __init__(self, python: str, calls_path: str) -> None:
        self._namespace: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
        exec(compile(_RECORD_CALL.format(path=calls_path), "<seatrial>", "exec"), self._namespace)
        # Without a modification time, `linecache.checkcache` leaves the entry alone.
        lines = python.splitlines(keepends=True)
        linecache.cache[CASE_FILE] = (len(python), None, lines, CASE_FILE)
        exec(compile(python, CASE_FILE, "exec", dont_inherit=True), self._namespace)

    def sources(self, register: list[str] | None) -> list[object]:
        """Return what to pass to ``spark.dataSource.register``, in order.

        Parameters
        ----------
        register : list of str, optional
            Expressions that are evaluated in the module, in order; one may evaluate to anything:
            registering a wrong object is a case's good right. Without them, every ``DataSource``
            subclass that the module itself defines, in the order of definition.

        Raises
        ------
        BaseException
            Whatever an expression raises.
        """
        if register is None:
            return _defined_sources(self._namespace)
        return [
            eval(compile(text.strip(), CASE_FILE, "eval", dont_inherit=True), self._namespace)
            for text in register
        ]


def default_format(objects: list[object]) -> str:
    """Return the format that a case reads when it names none: the first registered object's.

    Parameters
    ----------
    objects : list of object
        What :meth:`CaseModule.sources` returned.

    Raises
    ------
    ValueError
        If there is no object to take the name from.
    """
    if not objects:
        raise ValueError(
            "the case registers no data source and names no format: define a DataSource subclass, "
            "or set `read.format`"
        )
    first: Any = objects[0]
    name: str = first.name()
    return name


def _defined_sources(namespace: dict[str, Any]) -> list[object]:
    from pyspark.sql.datasource import DataSource

    found: list[object] = []
    for value in namespace.values():
        if (
            isinstance(value, type)
            and issubclass(value, DataSource)
            and value.__module__ == "__main__"
            and value not in found
        ):
            found.append(value)
    return found
