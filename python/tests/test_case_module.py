"""Case modules: namespaces of their own, pickled by value, with tracebacks that show the case."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from pyspark import cloudpickle

from seatrial.case_module import CaseModule, default_format

SOURCES = """\
from pyspark.sql.datasource import DataSource, DataSourceReader

OFFSET = 40

class Second(DataSource):
    @classmethod
    def name(cls):
        return "second"

    def answer(self):
        record_call("answer", offset=OFFSET)
        return OFFSET + 2

class First(Second):
    pass

alias = Second
"""


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


def load_case(python: str, register: list[str] | None, calls: str) -> list[object]:
    return CaseModule(python, calls).sources(register)


def names(objects: list[object]) -> list[str]:
    return [getattr(item, "__name__", repr(item)) for item in objects]


def test_own_sources_are_registered_in_the_order_of_definition(calls: Path) -> None:
    assert names(load_case(SOURCES, None, str(calls))) == ["Second", "First"]


def test_imported_sources_are_not_registered(calls: Path) -> None:
    text = "from seatrial.examples import RangeSource\nfrom pyspark.sql.datasource import *\n"
    assert load_case(text, None, str(calls)) == []


def test_expressions_decide_what_is_registered(calls: Path) -> None:
    assert names(load_case(SOURCES, ["First", " 1 + 1"], str(calls))) == ["First", "2"]


def test_a_case_is_executed_once_and_asked_many_times(calls: Path) -> None:
    case = CaseModule(SOURCES + "\nrecord_call('executed')\n", str(calls))
    [first] = case.sources(["First"])
    assert case.sources(["First", "OFFSET"]) == [first, 40]
    assert json.loads(calls.read_text()) == {"call": "executed"}


def test_the_format_is_the_first_name(calls: Path) -> None:
    assert default_format(load_case(SOURCES, None, str(calls))) == "second"
    with pytest.raises(ValueError, match=r"read\.format"):
        default_format([])


def test_cases_do_not_see_each_other(calls: Path) -> None:
    load_case("leak = 1", None, str(calls))
    with pytest.raises(NameError):
        load_case("leak", None, str(calls))


def test_main_is_left_alone(calls: Path) -> None:
    before = sys.modules["__main__"]
    load_case("leak_into_main = 1", None, str(calls))
    assert sys.modules["__main__"] is before
    assert not hasattr(before, "leak_into_main")


def test_future_imports_of_this_module_do_not_reach_the_case(calls: Path) -> None:
    [annotations] = load_case(
        "def f(x: int): pass", ["[v for v in f.__annotations__.values()]"], str(calls)
    )
    assert annotations == [int]


def test_classes_travel_by_value(calls: Path, tmp_path: Path) -> None:
    """Another process has neither the case nor this package, but gets the class and its calls."""
    source, _ = load_case(SOURCES, None, str(calls))
    pickled = tmp_path / "source.pickle"
    pickled.write_bytes(cloudpickle.dumps(source))  # type: ignore[no-untyped-call]
    script = (
        "import pickle, pathlib, sys; "
        "source = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()); "
        "print(source({}).answer(), source.__module__)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, str(pickled)], check=True, capture_output=True, text=True
    )
    assert answer.stdout.split() == ["42", "__main__"]
    assert json.loads(calls.read_text()) == {"call": "answer", "offset": 40}


def test_the_standard_pickle_finds_no_such_name(calls: Path) -> None:
    """As in Spark's workers, where `__main__` is not the user's script."""
    source, _ = load_case(SOURCES, None, str(calls))
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(source)


def test_calls_keep_their_order_and_show_what_json_cannot(calls: Path) -> None:
    load_case("record_call('a', value={1})\nrecord_call('b', text='é')", None, str(calls))
    assert [json.loads(line) for line in calls.read_text().splitlines()] == [
        {"call": "a", "value": "{1}"},
        {"call": "b", "text": "é"},
    ]


def test_errors_propagate_and_show_the_line(calls: Path) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        load_case("def f():\n    return 1 / 0\n\nf()\n", None, str(calls))
    text = "".join(traceback.format_exception(raised.value))
    assert 'File "<case>", line 2, in f\n    return 1 / 0\n' in text


def test_a_syntax_error_has_its_position(calls: Path) -> None:
    with pytest.raises(SyntaxError) as raised:
        load_case("x = 1\ndef f(:\n", None, str(calls))
    assert (raised.value.filename, raised.value.lineno, raised.value.offset) == ("<case>", 2, 7)


def test_exits_propagate(calls: Path) -> None:
    with pytest.raises(SystemExit):
        load_case("raise SystemExit(3)", None, str(calls))
