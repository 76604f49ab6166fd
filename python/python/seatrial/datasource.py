"""PySpark's data source API, and what the engine adds to it.

Everything public of :mod:`pyspark.sql.datasource` is here, in whatever version is installed, so
that a connector needs one import. A class written against this module runs unchanged on plain
PySpark: :func:`register` only remembers it.

Examples
--------
>>> from seatrial.datasource import DataSource, DataSourceReader, register
>>> class GreetingReader(DataSourceReader):
...     def read(self, partition):
...         yield ("ahoy",)
>>> @register
... class Greeting(DataSource):
...     def schema(self):
...         return "greeting string"
...
...     def reader(self, schema):
...         return GreetingReader()
>>> registered()["greeting"].__name__
'Greeting'
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, overload

import pyspark.sql.datasource as _pyspark_api
from pyspark.sql.datasource import *  # noqa: F403
from pyspark.sql.datasource import DataSource

__all__ = [*_pyspark_api.__all__]
__all__ += ["RegistrationConflict", "register", "registered", "unregister"]

_Source = TypeVar("_Source", bound=type[DataSource])

_lock = threading.Lock()
_classes: dict[str, type[DataSource]] = {}


class RegistrationConflict(ValueError):
    """Two different classes ask for the same format name."""


@overload
def register(source: _Source) -> _Source: ...


@overload
def register() -> Callable[[_Source], _Source]: ...


def register(source: Any = None) -> Any:
    """Remember a data source class for every session of this process.

    A decorator, with or without parentheses. The class is found under its ``name()``, whatever
    the case, by each :class:`seatrial.Session` that has no source of that name of its own.

    Parameters
    ----------
    source : type
        A subclass of ``DataSource``.

    Returns
    -------
    type
        The class, unchanged.

    Raises
    ------
    TypeError
        If it is no subclass of ``DataSource``, or its ``name()`` gives no string.
    RegistrationConflict
        If another class has the name. Defining the same class again (as a notebook does when a
        cell is run twice) replaces it.
    """
    if source is None:
        return register
    name = _name_of(source)
    with _lock:
        present = _classes.get(name.lower())
        if present is not None and _path_of(present) != _path_of(source):
            raise RegistrationConflict(
                f"the data source name {name!r} belongs to {_path_of(present)}; "
                f"{_path_of(source)} cannot take it as well. Give one of them another name "
                f"(override the classmethod `name`), or call "
                f"`seatrial.datasource.unregister({name!r})` first."
            )
        _classes[name.lower()] = source
    return source


def registered() -> dict[str, type[DataSource]]:
    """Return the remembered classes by lower-case name, in the order of their registration."""
    with _lock:
        return dict(_classes)


def unregister(source: str | type[DataSource]) -> None:
    """Forget a class.

    Parameters
    ----------
    source : str or type
        The format name, in any case, or the class.

    Raises
    ------
    KeyError
        If nothing of the kind is registered.
    """
    name = source if isinstance(source, str) else _name_of(source)
    with _lock:
        present = _classes.get(name.lower())
        if present is None or not (isinstance(source, str) or present is source):
            known = ", ".join(sorted(_classes)) or "none"
            raise KeyError(f"no registered data source {name!r}; registered: {known}")
        del _classes[name.lower()]


def _name_of(source: Any) -> str:
    if not (isinstance(source, type) and issubclass(source, DataSource)):
        raise TypeError(
            f"`register` wants a subclass of DataSource, not {source!r}; decorate the class itself"
        )
    name = source.name()
    if not isinstance(name, str):
        raise TypeError(f"{_path_of(source)}.name() gives {name!r}; a format name is a string")
    return name


def _path_of(source: type) -> str:
    return f"{source.__module__}.{source.__qualname__}"
