"""A Spark Connect server over the engine: an unmodified PySpark client runs on it.

Whoever may connect can run Python code in this process, because clients send data
sources as pickles. So the server listens on loopback unless told otherwise, and then
demands a token. ``python -m seatrial.connect`` serves until it is interrupted.

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
import os
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType, TracebackType

from seatrial import _native

__all__ = ["ConnectServer", "start_server"]

#: The port of Spark Connect.
DEFAULT_PORT = 15002

#: The environment variable that holds the token of ``python -m seatrial.connect``.
TOKEN_VARIABLE = "SEATRIAL_TOKEN"


class ConnectServer:
    """A running server, as :func:`start_server` returns it.

    Used as a context manager, it stops at the end of the block.
    """

    def __init__(self, native: _native.ConnectServer) -> None:
        self._native = native

    @property
    def url(self) -> str:
        """What a client on this machine connects to: ``sc://127.0.0.1:15002``.

        A token is not part of it; a client adds ``/;token=...``.
        """
        return self._native.url

    def stop(self) -> None:
        """End the server and all its sessions; nothing happens if it was stopped."""
        self._native.stop()

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
    """Start a Spark Connect server in this process.

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
    """
    if (tls_cert is None) != (tls_key is None):
        raise ValueError("tls_cert and tls_key go together")
    tls = None
    if tls_cert is not None and tls_key is not None:
        tls = (os.fspath(tls_cert), os.fspath(tls_key))
    return ConnectServer(_native.ConnectServer(host, port, token, tls))


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
    options = parser.parse_args(arguments)
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        server = start_server(
            options.port,
            host=options.host,
            token=options.token,
            tls_cert=options.tls_cert,
            tls_key=options.tls_key,
        )
    except (OSError, ValueError) as error:
        parser.error(str(error))
    with server:
        print(server.url, file=sys.stderr, flush=True)
        ended.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
