"""Servers that Python starts: a source may end their processes, and they end with their owner."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pyspark.errors import PySparkException

from seatrial.connect import start_server
from troubled import is_alive, new_session, troubled, wait_until

MODULE = [sys.executable, "-m", "seatrial.connect"]

# Starts a server, tells about it, and does what it is told.
OWNER = """
import os, sys, time
from seatrial.connect import start_server
server = start_server(0)
print(server.url, flush=True)
"""


def children(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [int(child) for child in text.split()]


def processes(supervisor: int) -> list[int]:
    """Return the processes of a server: the one that holds the address, and the one that serves."""
    (serving,) = children(supervisor)
    return [supervisor, serving]


def server_of(owner: int) -> list[int]:
    """Return the processes of the only server that a process has started."""
    (supervisor,) = (
        child
        for child in children(owner)
        if b"\0seatrial.connect\0" in Path(f"/proc/{child}/cmdline").read_bytes()
    )
    return processes(supervisor)


def all_ended(processes: list[int]) -> bool:
    return not any(is_alive(process) for process in processes)


def refuses_connections(url: str) -> bool:
    host, port = url.removeprefix("sc://").rsplit(":", 1)
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) != 0


def survives_a_source_that_ends_it(url: str) -> None:
    """Check that the client hears of it at once, and that a new session works."""
    spark = new_session(url)
    begun = time.monotonic()
    with pytest.raises(PySparkException) as caught:
        troubled(spark, read="exit").collect()
    assert time.monotonic() - begun < 15
    assert caught.value.getCondition() == "INVALID_HANDLE.SESSION_CHANGED"
    again = new_session(url)
    assert troubled(again).count() == 3
    spark.stop()
    again.stop()


def owner(then: str) -> subprocess.Popen[str]:
    """Start a process that starts a server."""
    return subprocess.Popen(
        [sys.executable, "-c", OWNER + then],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def line(process: subprocess.Popen[Any]) -> str:
    stream = process.stdout or process.stderr
    assert stream is not None
    return str(stream.readline()).strip()


def close(process: subprocess.Popen[Any]) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def serves(url: str) -> None:
    spark = new_session(url)
    assert spark.range(3).count() == 3
    spark.stop()


def test_a_server_serves_until_it_is_stopped() -> None:
    with start_server(0) as server:
        assert repr(server) == f"<ConnectServer {server.url}>"
        spark = new_session(server.url)
        assert troubled(spark).count() == 3
        spark.stop()
        running = server_of(os.getpid())
    assert all_ended(running)
    assert refuses_connections(server.url)
    server.stop()


def test_a_source_that_ends_the_process_ends_nothing_of_its_owner(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with start_server(0) as server:
        supervisor, serving = server_of(os.getpid())
        survives_a_source_that_ends_it(server.url)
        assert server_of(os.getpid())[0] == supervisor
        assert server_of(os.getpid())[1] != serving
    assert capfd.readouterr().err.splitlines() == [
        "seatrial server: the process that runs queries ended (exit status: 3); a source crashed, "
        "or called os._exit",
        "seatrial server: serves again; the sessions that there were are gone",
    ]


def test_a_server_that_nobody_has_any_longer_ends() -> None:
    server = start_server(0)
    url, running = server.url, server_of(os.getpid())
    del server
    gc.collect()
    assert all_ended(running)
    assert refuses_connections(url)


def test_modules_of_the_owner_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "seaside.py").write_text(
        "from troubled import Troubled\n"
        "class Seaside(Troubled):\n"
        "    @classmethod\n"
        "    def name(cls): return 'seaside'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import seaside  # type: ignore[import-not-found]

    with start_server(0) as server:
        spark = new_session(server.url)
        spark.dataSource.register(seaside.Seaside)
        assert spark.read.format("seaside").load().count() == 3
        spark.stop()


def test_a_token_is_demanded_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEATRIAL_TOKEN", "of another server")
    with start_server(0, token="aye-aye") as server:
        for process in server_of(os.getpid()):
            assert b"aye-aye" not in Path(f"/proc/{process}/cmdline").read_bytes()
        # To an address the client sends it by TLS only.
        url = server.url.replace("127.0.0.1", "localhost")
        spark = new_session(f"{url}/;token=aye-aye")
        assert spark.range(3).count() == 3
        spark.stop()
        with pytest.raises(Exception, match="token"):
            new_session(server.url)
    with start_server(0) as server:
        spark = new_session(server.url)
        assert spark.range(3).count() == 3
        spark.stop()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"host": "localhost"}, ValueError, '"localhost" is no IP address, such as 127.0.0.1'),
        ({"port": 70_000}, ValueError, "70000 is no port"),
        ({"host": "0.0.0.0"}, ValueError, "0.0.0.0 is not a loopback address: "),
        ({"token": ""}, ValueError, "the token is empty"),
        ({"tls_cert": "cert.pem"}, ValueError, "tls_cert and tls_key go together"),
        (
            {"tls_cert": "/nowhere/cert.pem", "tls_key": "/nowhere/key.pem"},
            OSError,
            "/nowhere/cert.pem: No such file or directory (os error 2)",
        ),
        (
            {"tls_cert": __file__, "tls_key": __file__},
            ValueError,
            "the TLS certificate or its key is not usable: ",
        ),
    ],
)
def test_a_server_that_does_not_start(
    arguments: dict[str, Any],
    error: type[Exception],
    message: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(error) as caught:
        start_server(**{"port": 0, **arguments})
    assert str(caught.value).startswith(message)
    assert capfd.readouterr().err == ""
    assert children(os.getpid()) == []


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            OSError, match=f"^cannot listen on 127.0.0.1:{port}: Address already in"
        ):
            start_server(port)
        done = subprocess.run([*MODULE, "--port", str(port)], capture_output=True, text=True)
    assert done.returncode == 2
    assert f"error: cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr


def test_a_server_whose_python_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match=r"^the server ended before it served: exit code 1$"):
        start_server(0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--host", "0.0.0.0"], "error: 0.0.0.0 is not a loopback address: "),
        (["--tls-cert", "cert.pem"], "error: --tls-cert and --tls-key go together"),
        (["--tls-cert", __file__, "--tls-key", __file__], "error: the TLS certificate or its key"),
    ],
)
def test_a_module_that_does_not_serve(arguments: list[str], message: str) -> None:
    done = subprocess.run([*MODULE, "--port", "0", *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "then",
    [
        "time.sleep(600)",
        # Such children have the owner's descriptors.
        "os.fork()\ntime.sleep(600)",
    ],
    ids=["alone", "with a fork"],
)
def test_a_server_ends_with_an_owner_that_is_killed(then: str) -> None:
    process = owner(then)
    url = line(process)
    running = server_of(process.pid)
    process.kill()
    process.wait()
    wait_until(lambda: all_ended(running))
    assert refuses_connections(url)
    # The fork.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    close(process)


@pytest.mark.parametrize(
    ("then", "status"),
    [("", 0), ("os._exit(5)", 5), ("raise SystemExit(6)", 6)],
)
def test_a_server_ends_with_an_owner_that_ends(then: str, status: int) -> None:
    process = owner("sys.stdin.readline()\n" + then)
    url = line(process)
    running = server_of(process.pid)
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.wait(30) == status
    wait_until(lambda: all_ended(running))
    assert refuses_connections(url)
    close(process)


def test_a_fork_of_its_owner_does_not_end_a_server() -> None:
    process = owner(
        "child = os.fork()\n"
        "if child == 0:\n"
        "    server.stop()\n"
        "    sys.exit()\n"
        "os.waitpid(child, 0)\n"
        "print('forked', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    url = line(process)
    assert line(process) == "forked"
    serves(url)
    process.kill()
    process.wait()
    close(process)


def test_an_interrupt_of_the_owner_is_not_for_the_server() -> None:
    process = owner(
        "try:\n"
        "    sys.stdin.readline()\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    url = line(process)
    os.killpg(process.pid, signal.SIGINT)
    assert line(process) == "interrupted"
    serves(url)
    process.kill()
    process.wait()
    close(process)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_module_serves_until_it_is_told_to_end(number: signal.Signals) -> None:
    process = subprocess.Popen([*MODULE, "--port", "0"], stderr=subprocess.PIPE, text=True)
    url = line(process)
    running = processes(process.pid)
    survives_a_source_that_ends_it(url)
    assert "exit status: 3" in line(process)
    assert "serves again" in line(process)
    running += processes(process.pid)
    process.send_signal(number)
    assert process.wait(30) == 0
    assert all_ended(running)
    assert process.stderr is not None
    assert process.stderr.read() == ""
    close(process)


def test_a_module_that_is_killed_leaves_nothing_behind() -> None:
    process = subprocess.Popen([*MODULE, "--port", "0"], stderr=subprocess.PIPE, text=True)
    url = line(process)
    running = processes(process.pid)
    process.kill()
    process.wait()
    wait_until(lambda: all_ended(running))
    assert refuses_connections(url)
    close(process)


def test_an_interrupt_while_a_module_starts_is_no_error() -> None:
    process = subprocess.Popen(
        [*MODULE, "--port", "0"], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    # The supervisor listens to signals before it starts the other process.
    wait_until(lambda: children(process.pid) != [])
    os.killpg(process.pid, signal.SIGINT)
    process.wait(30)
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    close(process)
