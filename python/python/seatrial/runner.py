"""The target-side runner: serves cases to the harness from inside a PySpark environment.

``python -m seatrial.runner`` speaks protocol version 1: one JSON object a line on standard input
and output. It starts one Spark, gives every case a session of its own, and answers each ``run``
with exactly one of ``observation`` (what the target did, its errors included), ``unsupported``
(what it cannot be asked) and ``failed`` (the case, or the runner, is broken: never a statement
about the target). It enforces no deadline and reduces no text: the harness does both.

It needs PySpark and pyarrow, nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from typing import IO, Any, BinaryIO

from seatrial.spark_errors import summary
from seatrial.spark_target import CaseFailed, SparkTarget, TargetLost, Unsupported

__all__ = ["PROTOCOL", "main"]

#: The version of the protocol that this runner speaks.
PROTOCOL = 1

# How long a case may still run after the harness has gone.
_GRACE_SECONDS = 20.0


class Channel:
    """The protocol's two ends, moved away from descriptors 0 and 1.

    User code and the processes it starts may read standard input and print as they like: they
    find an empty input, and their output goes to standard error.
    """

    def __init__(self) -> None:
        sys.stdout.flush()
        self._input: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._output: BinaryIO = os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)

        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._ended = threading.Event()
        threading.Thread(target=self._read, name="seatrial-channel", daemon=True).start()

    def _read(self) -> None:
        while line := self._input.readline():
            self._lines.put(line)
        self._lines.put(b"")
        # The harness is gone. A case that hangs would keep this process, and Spark, for ever.
        if not self._ended.wait(_GRACE_SECONDS):
            _abandon()

    def receive(self) -> dict[str, Any] | None:
        """Return the next message, or None at the end of the input."""
        line = self._lines.get()
        if not line.strip():
            return None
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        """Say that the runner ends by itself."""
        self._ended.set()

    def send(self, kind: str, body: dict[str, Any]) -> None:
        """Send one message."""
        text = json.dumps({kind: body}, ensure_ascii=False, allow_nan=False)
        # A lone surrogate has no UTF-8 form, and no JSON reader need accept its escape.
        self._output.write(text.encode("utf-8", "replace") + b"\n")
        self._output.flush()


def _abandon() -> None:
    """End the process and its JVM at once; the Python workers follow the JVM."""
    context: Any = sys.modules.get("pyspark")
    gateway = getattr(getattr(context, "SparkContext", None), "_gateway", None)
    process = getattr(gateway, "proc", None)
    if process is not None:
        process.kill()
    os._exit(1)


class Server:
    """Our own Spark Connect server, a process beside this one.

    Parameters
    ----------
    program : str
        The program `seatrial`.
    """

    def __init__(self, program: str) -> None:
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the server; return its URL when it accepts connections."""
        command = [self._program, "server", "--port", "0"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._process = process
        assert process.stderr is not None
        said = []
        for line in iter(process.stderr.readline, b""):
            text = line.decode("utf-8", "replace").strip()
            if text.startswith("sc://"):
                threading.Thread(target=self._pass_on, args=(process.stderr,), daemon=True).start()
                return text
            said.append(text)
        raise RuntimeError(f"{' '.join(command)} ended with {process.wait()}: {' '.join(said)}")

    @staticmethod
    def _pass_on(stderr: IO[bytes]) -> None:
        """Show what the server says, so that it never waits for a reader."""
        for line in iter(stderr.readline, b""):
            os.write(2, line)

    def stop(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()


class Runner:
    """The protocol's state: a target once it is started, and the number of cases so far."""

    def __init__(self, channel: Channel, make: Callable[[], SparkTarget]) -> None:
        self._channel = channel
        self._make = make
        self._target: SparkTarget | None = None
        self._cases = 0

    def serve(self) -> int:
        """Answer messages until ``stop`` or the end of the input; return the exit status."""
        while (message := self._channel.receive()) is not None:
            kind, body = next(iter(message.items()))
            if kind == "stop":
                break
            if kind == "start":
                if not self._start(body):
                    return 1
            elif kind == "run":
                if not self._run(body):
                    return 1
            else:
                print(f"seatrial.runner: unknown message {kind!r}", file=sys.stderr)
                return 2
        if self._target is not None:
            self._target.stop()
        return 0

    def _start(self, body: dict[str, Any]) -> bool:
        if body.get("protocol") != PROTOCOL:
            self._fail(
                "start", f"this runner speaks protocol {PROTOCOL}, not {body.get('protocol')}"
            )
            return False
        try:
            self._target = self._make()
            started = {"protocol": PROTOCOL, **self._target.describe()}
        except BaseException as error:
            self._fail("start", f"Spark does not start: {summary(error)}\n{traceback.format_exc()}")
            return False
        self._channel.send("started", started)
        return True

    def _run(self, body: dict[str, Any]) -> bool:
        case_id = body["id"]
        if self._target is None:
            self._fail(case_id, "`run` before `start`")
            return False
        self._cases += 1
        calls_path = self._target.directory / f"calls-{self._cases}.jsonl"
        try:
            observation = self._target.run(body["case"], calls_path)
            self._channel.send("observation", {"id": case_id, "observation": observation})
        except Unsupported as reason:
            self._channel.send("unsupported", {"id": case_id, "reason": str(reason)})
        except CaseFailed as reason:
            self._fail(case_id, str(reason))
        except TargetLost as reason:
            self._fail(case_id, str(reason))
            return False
        except BaseException:
            self._fail(case_id, f"the runner failed:\n{traceback.format_exc()}")
            return self._target.alive()
        return True

    def _fail(self, case_id: str, context: str) -> None:
        self._channel.send("failed", {"id": case_id, "context": context})


def main(arguments: list[str] | None = None) -> int:
    """Serve the protocol on standard input and output; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m seatrial.runner",
        description="Serve Seatrial's runner protocol on standard input and output.",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--connect", action="store_true", help="use Spark Connect instead of classic mode"
    )
    mode.add_argument("--remote", metavar="URL", help="use the Spark Connect server at this URL")
    mode.add_argument(
        "--serve", metavar="PROGRAM", help="use the server that `PROGRAM server` starts"
    )
    options = parser.parse_args(arguments)
    channel = Channel()
    server = None if options.serve is None else Server(options.serve)

    def make() -> SparkTarget:
        if server is not None:
            return SparkTarget(False, server.start(), "engine")
        product = "spark" if options.remote is None else "connect"
        return SparkTarget(options.connect, options.remote, product)

    try:
        status = Runner(channel, make).serve()
    finally:
        if server is not None:
            server.stop()
    channel.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
