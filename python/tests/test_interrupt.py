"""Ctrl-C while the engine works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from runner_process import PACKAGE

pytest.importorskip(
    "seatrial._native", reason="the native module is not built: run `maturin develop`"
)

SCRIPT = """\
import time
import seatrial
from seatrial.datasource import DataSource, DataSourceReader

class Reader(DataSourceReader):
    def read(self, partition):
        try:
            for number in range(10_000):
                if number == 0:
                    print("reading", flush=True)
                time.sleep(0.02)
                yield (number,)
        finally:
            print("closed", flush=True)

class Endless(DataSource):
    def schema(self):
        return "id int"
    def reader(self, schema):
        return Reader()

frame = seatrial.Session().register(Endless).read("endless").load()
try:
    frame.to_arrow()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_an_interrupt_stops_the_reader() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE)},
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "reading\n"
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=20)
        finally:
            process.kill()
    assert sorted(output.split()) == ["closed", "interrupted"]
    assert process.returncode == 0
