"""The scripts of `seatrial repro`, run on this package. The harness runs them on the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip(
    "seatrial._native", reason="the native module is not built: run `maturin develop`"
)

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target/debug/seatrial"


@pytest.mark.skipif(not PROGRAM.exists(), reason="the program is not built: run `make build`")
@pytest.mark.parametrize(
    "case",
    [
        "sql/create_table::a table without columns",
        "errors/where_it_fails::in read()",
        "registration/sessions::each session has its own class",
    ],
)
def test_a_script_shows_the_behaviour_on_this_package(case: str, tmp_path: Path) -> None:
    script = tmp_path / "repro.py"
    subprocess.run([PROGRAM, "repro", case, "-o", script], cwd=ROOT, check=True)
    # The package, and not the program that a user's environment may name.
    environment = {name: value for name, value in os.environ.items() if name != "SEATRIAL"}
    environment["PYTHONPATH"] = str(ROOT / "python/python")
    result = subprocess.run(
        [sys.executable, script, "--engine"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.startswith("== the engine, the Python package seatrial ")
    assert result.stdout.endswith("THE SAME as real Spark answered.\n")
