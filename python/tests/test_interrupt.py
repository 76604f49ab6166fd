"""Ctrl-C while the engine works."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

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
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "reading\n"
    process.send_signal(signal.SIGINT)
    try:
        output, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert sorted(output.split()) == ["closed", "interrupted"], errors
    assert process.returncode == 0
