"""A Spark Connect server in a process of its own, as a user starts it."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pyspark
import pytest

ROOT = Path(__file__).parent.parent.parent
PROGRAM = ROOT / "target" / "debug" / "seatrial"

# In PySpark's clients 4.0 and 4.1, a session that is collected shuts down the threads that all
# sessions share. When that happens while another one hands them a task, which it does under their
# lock, it waits for itself, whatever the server. So only `conftest` collects garbage.
gc.disable()


def is_before(version: str) -> bool:
    """Tell whether the client, and the server's PySpark with it, is older than this version."""
    release = tuple(map(int, pyspark.__version__.split(".")[:2]))
    return release < tuple(map(int, version.split(".")))


def since_client(version: str) -> pytest.MarkDecorator:
    """Skip a test with the clients before this version."""
    return pytest.mark.skipif(
        is_before(version), reason=f"the client has it since PySpark {version}"
    )


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

    @property
    def serving(self) -> int:
        """The id of the process that runs queries, which the one that was started supervises."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        (child,) = children.read_text().split()
        return int(child)

    def line(self) -> str:
        """Return what the server says next."""
        assert self.process.stderr is not None
        return self.process.stderr.readline().strip()

    def stop(self) -> int:
        """End the server as Ctrl-C does, and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)

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
        assert self.process.stderr is not None
        self.process.stderr.close()
