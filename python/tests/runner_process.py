"""A runner in a process of its own, as the harness starts it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent.parent / "python"


class RunnerProcess:
    """Speaks the protocol with ``python -m seatrial.runner``."""

    def __init__(self, python: Path | str, arguments: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [str(python), "-m", "seatrial.runner", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(PACKAGE)},
        )

    def send(self, kind: str, body: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({kind: body}).encode() + b"\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def ask(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        self.send(kind, body)
        return self.receive()

    def run(self, python: str, **case: Any) -> dict[str, Any]:
        """Run a case; return the answer's body by its kind."""
        defaults: dict[str, Any] = {
            "register": None,
            "conf": {},
            "read": {"format": None, "options": [], "schema": None, "path": None},
            "query": "SELECT * FROM source",
            "calls": [],
            "count_partitions": False,
        }
        body = {"id": "a/b::c", "case": {"python": python, **defaults, **case}, "deadline": 30.0}
        return self.ask("run", body)

    def close(self) -> int:
        """Close the runner's input, which means stop; return the exit status."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        try:
            return self.process.wait(60)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
