"""The runner's protocol, as far as it goes without Spark."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from runner_process import PACKAGE, RunnerProcess


@pytest.fixture
def runner() -> Iterator[RunnerProcess]:
    runner = RunnerProcess(sys.executable)
    yield runner
    runner.close()


def test_another_protocol_is_refused(runner: RunnerProcess) -> None:
    assert runner.ask("start", {"protocol": 2}) == {
        "failed": {"id": "start", "context": "this runner speaks protocol 1, not 2"}
    }
    assert runner.close() == 1


def test_a_case_before_the_start_is_refused(runner: RunnerProcess) -> None:
    assert runner.run("")["failed"]["context"] == "`run` before `start`"
    assert runner.close() == 1


def test_an_unknown_message_ends_the_runner(runner: RunnerProcess) -> None:
    runner.send("dance", {})
    assert runner.close() == 2


def test_stop_before_start(runner: RunnerProcess) -> None:
    runner.send("stop", {})
    assert runner.process.wait(30) == 0


def test_the_end_of_the_input_is_a_stop(runner: RunnerProcess) -> None:
    assert runner.close() == 0


def test_nothing_needs_the_native_module() -> None:
    """Importing the runner touches neither PySpark nor anything beyond its own five files."""
    script = (
        "import sys, seatrial.runner; "
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in "
        "('seatrial', 'pyspark', 'pyarrow', 'numpy')))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(PACKAGE)},
    )
    assert answer.stdout.split() == [
        "seatrial",
        "seatrial.case_module",
        "seatrial.runner",
        "seatrial.spark_errors",
        "seatrial.spark_target",
        "seatrial.values",
    ]


def test_output_and_input_of_user_code_stay_out_of_the_protocol() -> None:
    script = (
        "import os, subprocess, sys\n"
        "from seatrial.runner import Channel\n"
        "channel = Channel()\n"
        "print('noise'); os.write(1, b'noise'); subprocess.run(['echo', 'noise'])\n"
        "sys.stdout.flush()\n"
        "assert os.read(0, 1) == b''\n"
        "channel.send('echo', channel.receive())\n"
        "channel.send('surrogate', {'text': 'a\\ud800b'})\n"
        "channel.close()\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        input=b'{"x":"\xc3\xa9"}\n',
        env={"PYTHONPATH": str(PACKAGE), "PATH": "/usr/bin:/bin"},
    )
    assert answer.stdout.splitlines() == [
        b'{"echo": {"x": "\xc3\xa9"}}',
        b'{"surrogate": {"text": "a?b"}}',
    ]
    assert answer.stderr.count(b"noise") == 3
