"""`seatrial.datasource`: PySpark's API, and a registry that tells conflicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyspark.sql.datasource
import pytest

import seatrial.datasource
from seatrial.datasource import (
    DataSource,
    RegistrationConflict,
    register,
    registered,
    unregister,
)


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    seatrial.datasource._classes.clear()
    yield
    seatrial.datasource._classes.clear()


def make(class_name: str, format_name: Any) -> type[DataSource]:
    members = {"name": classmethod(lambda cls: format_name), "__module__": __name__}
    return type(class_name, (DataSource,), members)


@pytest.mark.parametrize("name", pyspark.sql.datasource.__all__)
def test_the_whole_api_is_here(name: str) -> None:
    assert getattr(seatrial.datasource, name) is getattr(pyspark.sql.datasource, name)
    assert name in seatrial.datasource.__all__


def test_a_bare_decorator() -> None:
    @register
    class Harbour(DataSource):
        pass

    assert registered() == {"harbour": Harbour}


def test_a_decorator_with_parentheses() -> None:
    @register()
    class Harbour(DataSource):
        pass

    assert registered() == {"harbour": Harbour}


def test_two_classes_of_one_name_conflict_whatever_the_case() -> None:
    first = register(make("First", "Port"))
    with pytest.raises(RegistrationConflict, match=r"'pORT' belongs to .*First; .*Second cannot"):
        register(make("Second", "pORT"))
    assert registered() == {"port": first}


def test_the_same_class_defined_again_replaces_the_old_one() -> None:
    register(make("First", "port"))
    again = register(make("First", "port"))
    assert registered() == {"port": again}


def test_unregister_by_name_and_by_class() -> None:
    source = register(make("First", "Port"))
    unregister("PORT")
    register(source)
    unregister(source)
    assert registered() == {}
    with pytest.raises(KeyError, match="no registered data source 'port'; registered: none"):
        unregister("port")


@pytest.mark.parametrize("wrong", [5, "Harbour", object, DataSource({})])
def test_only_classes_of_data_sources(wrong: Any) -> None:
    with pytest.raises(TypeError, match="wants a subclass of DataSource"):
        register(wrong)


def test_a_name_is_a_string() -> None:
    with pytest.raises(TypeError, match="gives 5; a format name is a string"):
        register(make("Five", 5))


def test_what_is_handed_out_is_a_copy() -> None:
    registered()["x"] = DataSource
    assert registered() == {}
