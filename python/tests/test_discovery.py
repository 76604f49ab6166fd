"""Discovery: entry points, and PySpark's `pyspark_*` modules with PySpark's rules."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seatrial.discovery import DiscoveryWarning, discover

SOURCE = """\
from pyspark.sql.datasource import DataSource

class DefaultSource(DataSource):
    @classmethod
    def name(cls):
        return {name!r}
"""

Install = Callable[..., None]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    importlib.invalidate_caches()
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith(("pyspark_", "Pyspark_", "pysparkx", "plugin_")):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def module(site: Path) -> Install:
    def write(name: str, text: str) -> None:
        (site / f"{name}.py").write_text(text, encoding="utf-8")

    return write


@pytest.fixture
def package(site: Path) -> Install:
    """Install a distribution with one entry point."""

    def write(distribution: str, point: str, value: str) -> None:
        info = site / f"{distribution}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n", encoding="utf-8"
        )
        (info / "entry_points.txt").write_text(
            f"[sail.datasources]\n{point} = {value}\n", encoding="utf-8"
        )

    return write


def test_a_default_source_is_found_under_its_own_name(module: Install) -> None:
    module("pyspark_good", SOURCE.format(name="GoodSource"))
    found = discover()["goodsource"]
    assert (found.name, found.cls.__module__) == ("GoodSource", "pyspark_good")
    assert found.origin == "the module 'pyspark_good'"
    assert "pyspark_good" not in discover()


def test_the_prefix_is_exact(module: Install) -> None:
    module("pysparkx_no", SOURCE.format(name="no1"))
    module("Pyspark_upper", SOURCE.format(name="no2"))
    assert {"no1", "no2"}.isdisjoint(discover())


def test_other_default_sources_are_ignored(module: Install) -> None:
    module("pyspark_none", "")
    module("pyspark_other", "class DefaultSource: pass")
    module("pyspark_good", SOURCE.format(name="good"))
    assert "good" in discover()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "import nowhere_to_be_found",
            "ModuleNotFoundError: No module named 'nowhere_to_be_found'",
        ),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def f(:", "SyntaxError"),
        ("DefaultSource = 5", "TypeError: issubclass"),
        (SOURCE.format(name=5), "TypeError: DefaultSource.name"),
    ],
)
def test_one_broken_module_disables_them_all(module: Install, text: str, told: str) -> None:
    module("pyspark_broken", text)
    module("pyspark_good", SOURCE.format(name="good"))
    with pytest.warns(DiscoveryWarning) as warned:
        assert "good" not in discover()
    [message] = [str(warning.message) for warning in warned]
    assert told in message
    assert "'pyspark_broken'" in message
    assert "python -c 'import pyspark_broken'" in message


def test_of_two_modules_the_later_wins(module: Install) -> None:
    module("pyspark_dupa", SOURCE.format(name="dup"))
    module("pyspark_dupb", SOURCE.format(name="Dup"))
    with pytest.warns(DiscoveryWarning, match="of the module 'pyspark_dupa' is hidden by"):
        found = discover()
    assert found["dup"].cls.__module__ == "pyspark_dupb"


def test_an_entry_point_is_found(module: Install, package: Install) -> None:
    module("plugin_good", SOURCE.format(name="Plugin"))
    package("good-plugin", "plugin", "plugin_good:DefaultSource")
    found = discover()["plugin"]
    assert found.origin == (
        "the entry point 'plugin' (plugin_good:DefaultSource) of good-plugin 1.0"
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise OSError('no harbour')", "loading it fails: OSError: no harbour"),
        ("", "loading it fails: AttributeError"),
        ("DefaultSource = 5", "5 is no subclass of DataSource"),
        (SOURCE.format(name=None), "name() gives None"),
    ],
)
def test_a_broken_entry_point_leaves_the_others(
    module: Install, package: Install, text: str, told: str
) -> None:
    module("plugin_broken", text)
    module("plugin_good", SOURCE.format(name="good"))
    package("broken-plugin", "broken", "plugin_broken:DefaultSource")
    package("good-plugin", "good", "plugin_good:DefaultSource")
    with pytest.warns(DiscoveryWarning) as warned:
        found = discover()
    assert "good" in found
    [message] = [str(warning.message) for warning in warned]
    assert message.startswith("the entry point 'broken' (plugin_broken:DefaultSource)")
    assert told in message


def test_an_entry_point_goes_by_its_classs_name(module: Install, package: Install) -> None:
    module("plugin_good", SOURCE.format(name="good"))
    package("good-plugin", "better", "plugin_good:DefaultSource")
    with pytest.warns(DiscoveryWarning, match="is found as 'good'"):
        found = discover()
    assert "good" in found
    assert "better" not in found


def test_a_module_precedes_an_entry_point(module: Install, package: Install) -> None:
    module("pyspark_same", SOURCE.format(name="same"))
    module("plugin_same", SOURCE.format(name="SAME"))
    package("same-plugin", "same", "plugin_same:DefaultSource")
    with pytest.warns(DiscoveryWarning, match=r"of the entry point .* is hidden by"):
        found = discover()
    assert found["same"].cls.__module__ == "pyspark_same"


def test_two_entry_points_of_one_name_are_told(module: Install, package: Install) -> None:
    module("plugin_a", SOURCE.format(name="same"))
    module("plugin_b", SOURCE.format(name="same"))
    package("a-plugin", "same", "plugin_a:DefaultSource")
    package("b-plugin", "same", "plugin_b:DefaultSource")
    with pytest.warns(DiscoveryWarning, match=r"'same' of the entry point .* is hidden by"):
        assert "same" in discover()
