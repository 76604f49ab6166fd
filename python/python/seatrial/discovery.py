"""Data sources that installed packages offer without being registered.

Two ways lead here: entry points of the group ``sail.datasources``, and PySpark's own convention,
a top-level module named ``pyspark_…`` with a class ``DefaultSource``. Of the second, the rules are
PySpark's to the letter, the harsh one included: a single module that cannot be imported disables
the lookup of them all. What PySpark leaves to a log line is a :class:`DiscoveryWarning` here.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import warnings
from dataclasses import dataclass
from typing import Any

from pyspark.sql.datasource import DataSource

__all__ = ["ENTRY_POINT_GROUP", "DiscoveredSource", "DiscoveryWarning", "discover"]

#: The entry points that name data source classes.
ENTRY_POINT_GROUP = "sail.datasources"

# The comparison is exact: neither `Pyspark_x` nor `pysparkx` is one.
_MODULE_PREFIX = "pyspark_"
_CLASS_NAME = "DefaultSource"


class DiscoveryWarning(UserWarning):
    """An installed data source was left out, or hides another."""


@dataclass(frozen=True)
class DiscoveredSource:
    """A data source class that an installed package offers.

    Attributes
    ----------
    name : str
        The format name as ``name()`` spells it.
    cls : type
        The subclass of ``DataSource``.
    origin : str
        Where it comes from, for people.
    """

    name: str
    cls: type[DataSource]
    origin: str


def discover() -> dict[str, DiscoveredSource]:
    """Find the data sources that installed packages offer.

    Importing them runs their code. What cannot be used is told by a :class:`DiscoveryWarning`,
    never by an exception: a broken package must not keep the others from working.

    Returns
    -------
    dict of str to DiscoveredSource
        By lower-case name, as names are looked up whatever their case. Of two sources of one
        name the later wins, and a ``pyspark_…`` module over an entry point, since that is the
        one that PySpark itself finds.
    """
    found: dict[str, DiscoveredSource] = {}
    for source in [*_from_entry_points(), *_from_modules()]:
        hidden = found.get(source.name.lower())
        if hidden is not None and hidden.cls is not source.cls:
            _warn(
                f"the data source {source.name!r} of {hidden.origin} is hidden by that of "
                f"{source.origin}; uninstall one of the two, or register the class you want"
            )
        found[source.name.lower()] = source
    return dict(sorted(found.items()))


def _from_modules() -> list[DiscoveredSource]:
    found: list[DiscoveredSource] = []
    for info in pkgutil.iter_modules():
        if not info.name.startswith(_MODULE_PREFIX):
            continue
        try:
            source = _default_source(info.name)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:
            _warn(
                f"no `{_MODULE_PREFIX}*` data source is available, as in PySpark, because the "
                f"module {info.name!r} fails: {type(error).__name__}: {error}. Repair or uninstall "
                f"it (try `python -c 'import {info.name}'`), or register the classes that you need"
            )
            return []
        if source is not None:
            found.append(source)
    return found


def _default_source(module_name: str) -> DiscoveredSource | None:
    candidate: Any = getattr(importlib.import_module(module_name), _CLASS_NAME, None)
    if candidate is None or not issubclass(candidate, DataSource):
        return None
    name = candidate.name()
    if not isinstance(name, str):
        raise TypeError(f"{_CLASS_NAME}.name() gives {name!r}, not a string")
    return DiscoveredSource(name, candidate, f"the module {module_name!r}")


def _from_entry_points() -> list[DiscoveredSource]:
    points = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)
    return [source for point in points if (source := _load(point)) is not None]


def _load(point: importlib.metadata.EntryPoint) -> DiscoveredSource | None:
    package = getattr(point, "dist", None)
    origin = f"the entry point {point.name!r} ({point.value})"
    if package is not None:
        origin += f" of {package.name} {package.version}"
    try:
        candidate: Any = point.load()
        if not (isinstance(candidate, type) and issubclass(candidate, DataSource)):
            _warn(f"{origin} is left out: {candidate!r} is no subclass of DataSource")
            return None
        name: object = candidate.name()
        if not isinstance(name, str):
            _warn(f"{origin} is left out: its name() gives {name!r}, not a string")
            return None
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        _warn(
            f"{origin} is left out, because loading it fails: {type(error).__name__}: {error}. "
            f"Repair or uninstall the package (try `python -c 'import {point.module}'`)"
        )
        return None
    if name.lower() != point.name.lower():
        _warn(f"{origin} is found as {name!r}, the class's own name, and not as {point.name!r}")
    return DiscoveredSource(name, candidate, origin)


def _warn(message: str) -> None:
    warnings.warn(message, DiscoveryWarning, stacklevel=2)
