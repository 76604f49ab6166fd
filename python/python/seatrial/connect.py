"""A Spark Connect server over the engine: an unmodified PySpark client runs on it.

Whoever may connect can run Python code in the server, because clients send data sources
as pickles. So it listens on loopback unless told otherwise, and then demands a token.

The server is two processes of its own: one runs queries, and may be ended by a source that
crashes or calls ``os._exit``; the other holds the address and starts it again.
``python -m seatrial.connect`` serves until it is interrupted, :func:`start_server` until
the process ends that called it.

Examples
--------
>>> from pyspark.sql.connect.session import SparkSession
>>> with start_server(port=0) as server:
...     spark = SparkSession.builder.remote(server.url).create()
...     print(spark.sql("SELECT 1 AS one").collect())
...     spark.stop()
[Row(one=1)]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from seatrial import _native

__all__ = ["ConnectServer", "start_server"]

#: The port of Spark Connect.
DEFAULT_PORT = 15002

#: The environment variable that holds the token of ``python -m seatrial.connect``.
TOKEN_VARIABLE = "SEATRIAL_TOKEN"

#: How long a server may take to stop, in seconds; it ends by itself before.
STOP_LIMIT = 60

#: What a failure raises, by whose fault it is.
FAULTS: dict[str, type[Exception]] = {
    "option": ValueError,
    "system": OSError,
    "internal": RuntimeError,
}


class ConnectServer:
    """A running server, as :func:`start_server` returns it.

    Used as a context manager, it stops at the end of the block; it also does when nobody
    refers to it any longer.
    """

    def __init__(self, process: subprocess.Popen[bytes], line: socket.socket, url: str) -> None:
        self._url = url
        self._end = weakref.finalize(self, _end, process, line, os.getpid())

    @property
    def url(self) -> str:
        """What a client on this machine connects to: ``sc://127.0.0.1:15002``.

        A token is not part of it; a client adds ``/;token=...``.
        """
        return self._url

    def stop(self) -> None:
        """End the server and all its sessions; nothing happens if it was stopped."""
        self._end()

    def __enter__(self) -> ConnectServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<ConnectServer {self.url}>"


def start_server(
    port: int = DEFAULT_PORT,
    *,
    host: str = "127.0.0.1",
    token: str | None = None,
    tls_cert: str | os.PathLike[str] | None = None,
    tls_key: str | os.PathLike[str] | None = None,
) -> ConnectServer:
    """Start a Spark Connect server, which ends with this process.

    It finds modules where this process does. What it has to say goes to this process's
    stderr.

    Parameters
    ----------
    port : int
        The port; 0 takes a free one, which :attr:`ConnectServer.url` tells.
    host : str
        The IP address to listen on. Any but a loopback address demands a token.
    token : str, optional
        What clients must send: ``sc://localhost:port/;token=...``. To any other name,
        PySpark's client sends it by TLS only.
    tls_cert, tls_key : path, optional
        The files of the TLS certificate and of its key, in PEM form.

    Returns
    -------
    ConnectServer
        The server, which accepts connections.

    Raises
    ------
    ValueError
        If the token or the certificate is missing or wrong.
    OSError
        If the port is taken, or a file cannot be read.
    RuntimeError
        If the server does not start for another reason.
    """
    if (tls_cert is None) != (tls_key is None):
        raise ValueError("tls_cert and tls_key go together")
    arguments = [f"--host={host}", f"--port={port}", f"--owner={os.getpid()}"]
    tls = None
    if tls_cert is not None and tls_key is not None:
        tls = (os.fspath(tls_cert), os.fspath(tls_key))
        arguments += [f"--tls-cert={tls[0]}", f"--tls-key={tls[1]}"]
    # What is wrong in itself is found without a process.
    _native.ServerOptions(host, port, token, tls)
    line, theirs = socket.socketpair()
    with theirs:
        try:
            # A session of its own: a Ctrl-C in this process's terminal is not for it.
            process = subprocess.Popen(
                [*_program(safe_path=sys.version_info >= (3, 11)), *arguments],
                stdin=theirs.fileno(),
                env=_environment(token),
                start_new_session=True,
            )
        except BaseException:
            line.close()
            raise
    try:
        return ConnectServer(process, line, _url(process, line))
    except BaseException:
        _end(process, line, os.getpid())
        raise


def _program(*, safe_path: bool) -> list[str]:
    """Return the command of this module; a safe path has no working folder of its own."""
    if not sys.executable:
        raise RuntimeError("the Python that runs this has no program to start a server with")
    return [sys.executable, *(["-P"] if safe_path else []), "-m", "seatrial.connect"]


def _environment(token: str | None) -> dict[str, str]:
    """Return the server's environment, which has the token: command lines are for all to see."""
    variables = {name: value for name, value in os.environ.items() if name != TOKEN_VARIABLE}
    if token is not None:
        variables[TOKEN_VARIABLE] = token
    # Classes of importable modules are pickled by their names, and are to be found there too.
    folders = [path or str(Path.cwd()) for path in sys.path if isinstance(path, str)]
    variables["PYTHONPATH"] = os.pathsep.join(folders)
    return variables


def _url(process: subprocess.Popen[bytes], line: socket.socket) -> str:
    """Wait until the server serves; raise what keeps it from that."""
    with line.makefile("rb") as report:
        said = report.readline()
    if not said:
        raise RuntimeError(f"the server ended before it served: exit code {process.wait()}")
    message: dict[str, Any] = json.loads(said)
    if "serves" in message:
        return str(message["serves"])
    failure = message["failed"]
    raise FAULTS[failure["fault"]](failure["message"])


def _end(process: subprocess.Popen[bytes], line: socket.socket, owner: int) -> None:
    """Hang up, and wait for the server's end."""
    if os.getpid() != owner:
        # A fork of the owner; the server is not its own.
        line.close()
        return
    # It fails where the server ended before.
    with contextlib.suppress(OSError):
        # Forks have copies of the line, so that closing it would not be noticed.
        line.shutdown(socket.SHUT_RDWR)
    line.close()
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; the first line on stderr is the URL."""
    parser = argparse.ArgumentParser(
        prog="python -m seatrial.connect", description="Serve Spark Connect on the engine."
    )
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="default: %(default)s; 0 takes a free one"
    )
    parser.add_argument(
        "--token",
        default=os.environ.get(TOKEN_VARIABLE),
        help=f"what clients must send; default: the environment's {TOKEN_VARIABLE}",
    )
    parser.add_argument("--tls-cert", metavar="FILE", help="the certificate, in PEM form")
    parser.add_argument("--tls-key", metavar="FILE", help="its key, in PEM form")
    # For the process that started this one, at the other end of stdin: its id.
    parser.add_argument("--owner", type=int, help=argparse.SUPPRESS)
    # What the supervisor starts: the process that runs queries.
    parser.add_argument("--listener", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--replaces-crashed", action="store_true", help=argparse.SUPPRESS)
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(given)
    if (options.tls_cert is None) != (options.tls_key is None):
        parser.error("--tls-cert and --tls-key go together")
    tls = None if options.tls_cert is None else (options.tls_cert, options.tls_key)
    # The native module waits for these, and would else leave them to Python as well.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    try:
        server = _native.ServerOptions(options.host, options.port, options.token, tls)
        if options.listener is None:
            program = _program(safe_path=getattr(sys.flags, "safe_path", False))
            return _native.supervise(server, [*program, *given], options.owner)
        status = _native.serve(server, options.listener, options.replaces_crashed)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    # Threads of sources that do not end would keep the interpreter from ending.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
