"""A Spark Connect server in a process of its own, as a user starts it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parent.parent.parent
PROGRAM = ROOT / "target" / "debug" / "seatrial"


class ServerProcess:
    """Runs ``seatrial server`` on a free port."""

    def __init__(
        self, arguments: Sequence[str] = (), variables: dict[str, str] | None = None
    ) -> None:
        self.process = subprocess.Popen(
            [str(PROGRAM), "server", "--port", "0", *arguments],
            stderr=subprocess.PIPE,
            env={**os.environ, **(variables or {})},
            text=True,
        )
        assert self.process.stderr is not None
        self.url = self.process.stderr.readline().strip()
        assert self.url.startswith("sc://"), self.url + self.process.stderr.read()

    def stop(self) -> int:
        """End the server as Ctrl-C does, and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=20)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
