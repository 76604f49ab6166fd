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
import atexit
import importlib
import json
import os
import platform
import queue
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from seatrial.case_module import CASE_FILE, default_format, load_case
from seatrial.values import UnrepresentableValue, canonical_rows

__all__ = ["PROTOCOL", "main"]

#: The version of the protocol that this runner speaks.
PROTOCOL = 1

_CASE_KEYS = frozenset({"python", "register", "conf", "read", "query", "calls", "count_partitions"})
_READ_KEYS = frozenset({"format", "options", "schema", "path"})
# What a user catches when planning fails; whatever else fails may have failed at either stage.
_PLANNING_EXCEPTIONS = frozenset(
    {"AnalysisException", "ParseException", "IllegalArgumentException"}
)
# How long a case may still run after the harness has gone.
_GRACE_SECONDS = 20.0
_JOB_ABORTED = "Job aborted due to stage failure"


class CaseFailed(Exception):
    """The case cannot be run as it stands; says why."""


class Unsupported(Exception):
    """The case asks for something that this runner cannot do; says what."""


class TargetLost(Exception):
    """Spark is gone: the runner must be restarted."""


class PhaseError(Exception):
    """An exception that the target raised, with the phase it belongs to."""

    def __init__(self, phase: str, cause: BaseException) -> None:
        super().__init__(phase)
        self.phase = phase
        self.cause = cause


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


class SparkTarget:
    """A real Spark in this process's environment.

    Parameters
    ----------
    connect : bool
        Use Spark Connect (a server that is started for the purpose) instead of classic mode.
    """

    def __init__(self, connect: bool) -> None:
        self.connect = connect
        self.directory = Path(tempfile.mkdtemp(prefix="seatrial-runner-"))
        atexit.register(shutil.rmtree, self.directory, ignore_errors=True)
        self._prepare_environment()
        from pyspark.sql import SparkSession

        builder: Any = SparkSession.builder
        for key, value in self._configuration().items():
            builder = builder.config(key, value)
        self.spark: Any = (
            builder.remote("local[2]") if connect else builder.master("local[2]")
        ).getOrCreate()
        if not connect:
            self.spark.sparkContext.setLogLevel("ERROR")
        # PySpark has replaced the handler by now. A terminal's Ctrl-C is the harness's to handle:
        # it ends its runners, and the case that happens to run is not interrupted by accident.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _prepare_environment(self) -> None:
        # The process's zone decides what naive datetimes mean, in the workers too.
        os.environ["TZ"] = "UTC"
        time.tzset()
        # The Spark of this interpreter, and none of the settings that surround another one.
        for name in (
            "SPARK_HOME",
            "SPARK_REMOTE",
            "SPARK_LOCAL_REMOTE",
            "SPARK_CONNECT_MODE",
            "SPARK_CONNECT_MODE_ENABLED",
            "SPARK_API_MODE",
            "SPARK_TESTING",
            "PYSPARK_SUBMIT_ARGS",
            "PYSPARK_DRIVER_PYTHON_OPTS",
        ):
            os.environ.pop(name, None)
        configuration = self.directory / "conf"
        configuration.mkdir()
        os.environ["SPARK_CONF_DIR"] = str(configuration)
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
        # Relative search paths keep their meaning when the working directory changes.
        path = os.environ.get("PYTHONPATH")
        if path:
            os.environ["PYTHONPATH"] = os.pathsep.join(
                os.path.abspath(entry) for entry in path.split(os.pathsep) if entry
            )
        sys.path[:] = [os.path.abspath(entry or ".") for entry in sys.path]
        work = self.directory / "work"
        work.mkdir()
        os.chdir(work)

    def _configuration(self) -> dict[str, str]:
        configuration = {
            "spark.app.name": "seatrial",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": str(self.directory / "local"),
            "spark.sql.catalogImplementation": "in-memory",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.warehouse.dir": str(self.directory / "warehouse"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        if self.connect:
            configuration["spark.connect.grpc.binding.address"] = "127.0.0.1"
            configuration["spark.log.level"] = "ERROR"
        return configuration

    def describe(self) -> dict[str, Any]:
        """Return the body of ``started``."""
        versions = {"spark": str(self.spark.version), "python": platform.python_version()}
        for package in ("pyarrow", "pandas"):
            try:
                versions[package] = str(importlib.import_module(package).__version__)
            except ImportError:
                continue
        java = self._java_version()
        if java is not None:
            versions["java"] = java
        return {
            "protocol": PROTOCOL,
            "target": "spark",
            "versions": versions,
            "mode": "connect" if self.connect else "classic",
            "capabilities": ["read"],
        }

    def _java_version(self) -> str | None:
        from pyspark import SparkContext

        jvm: Any = getattr(SparkContext, "_jvm", None)
        return None if jvm is None else str(jvm.System.getProperty("java.version"))

    def new_session(self) -> Any:
        """Return a session that shares nothing but the JVM with the sessions before it."""
        if self.connect:
            from pyspark.sql import SparkSession

            builder: Any = SparkSession.builder
            return builder.remote(os.environ.get("SPARK_REMOTE", "sc://localhost")).create()
        session = self.spark.newSession()
        # DDL text is parsed under the settings of the JVM's active session, and a user has but one.
        session._jvm.SparkSession.setActiveSession(session._jsparkSession)
        return session

    def alive(self) -> bool:
        """Return whether Spark still answers."""
        try:
            return bool(self.spark.version)
        except BaseException:
            return False

    def run(self, case: dict[str, Any], calls_path: Path) -> dict[str, Any]:
        """Run one case and return its observation."""
        _reject_unknown(case, _CASE_KEYS, "case")
        read = case.get("read") or {}
        _reject_unknown(read, _READ_KEYS, "read")
        objects = _load(case, calls_path)
        session = self._configured_session(case)
        observation: dict[str, Any] = {
            "schema": None,
            "rows": None,
            "error": None,
            "calls": [],
            "partitions": None,
        }
        frame: Any = None
        try:
            _in_phase("register", lambda: _register(session, objects))
            source_format = read.get("format")
            if source_format is None:
                source_format = _or_failed(lambda: default_format(objects))
            loaded = _in_phase("load", lambda: _read(session, source_format, read))
            frame = _in_phase("plan", lambda: _query(session, loaded, case.get("query")))
            schema = _in_phase("plan", lambda: frame.schema)
            observation["schema"] = schema.jsonValue()
            rows = _in_phase("action", frame.collect)
            observation["rows"] = _canonical(rows, schema)
        except PhaseError as raised:
            observation["error"] = describe_error(raised)
            if not self.alive():
                raise TargetLost(f"Spark is gone: {_summary(raised.cause)}") from raised
        # Counting the partitions may plan the source once more: what it calls then is not the case's.
        observation["calls"] = read_calls(calls_path, case.get("calls") or [])
        if case.get("count_partitions") and observation["error"] is None:
            observation["partitions"] = _count_partitions(frame)
        return observation

    def _configured_session(self, case: dict[str, Any]) -> Any:
        session = self.new_session()
        for key, value in (case.get("conf") or {}).items():
            try:
                session.conf.set(key, value)
            except Exception as error:
                raise CaseFailed(f"cannot set {key} = {value!r}: {_summary(error)}") from error
        return session

    def stop(self) -> None:
        """Stop Spark; a failure to do so must not keep the runner from ending."""
        try:
            self.spark.stop()
        except BaseException as error:
            print(f"seatrial.runner: Spark did not stop: {error!r}", file=sys.stderr)


def _load(case: dict[str, Any], calls_path: Path) -> list[object]:
    try:
        return load_case(case["python"], case.get("register"), str(calls_path))
    except BaseException as error:
        raise CaseFailed(_case_traceback(error)) from error


def _or_failed(action: Any) -> Any:
    try:
        return action()
    except BaseException as error:
        raise CaseFailed(_summary(error)) from error


def _in_phase(phase: str, action: Any) -> Any:
    """Run a step; its exception, whatever its kind, becomes that phase's error."""
    try:
        return action()
    except BaseException as error:
        raise PhaseError(phase, error) from error


def _register(session: Any, objects: list[object]) -> None:
    for source in objects:
        session.dataSource.register(source)


def _read(session: Any, source_format: str, read: dict[str, Any]) -> Any:
    reader = session.read.format(source_format)
    for key, value in read.get("options") or []:
        reader = reader.option(key, value)
    if read.get("schema") is not None:
        reader = reader.schema(read["schema"])
    path = read.get("path")
    frame = reader.load() if path is None else reader.load(path)
    # On Spark Connect `load` sends nothing: the schema is what makes it resolve the source.
    frame.schema
    return frame


def _query(session: Any, loaded: Any, query: str | None) -> Any:
    if query is None:
        return loaded
    loaded.createOrReplaceTempView("source")
    return session.sql(query)


def _canonical(rows: list[Any], schema: Any) -> list[list[Any]]:
    try:
        return canonical_rows(rows, schema)
    except UnrepresentableValue as error:
        raise Unsupported(str(error)) from error


def _count_partitions(frame: Any) -> int | None:
    try:
        return int(frame.rdd.getNumPartitions())
    except Exception:
        # Spark Connect has no RDDs.
        return None


def read_calls(path: Path, wanted: list[str]) -> list[dict[str, Any]]:
    """Return the recorded calls of the wanted callbacks, in the order of the file."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    calls = [json.loads(line) for line in lines if line]
    return [call for call in calls if call["call"] in wanted]


def describe_error(raised: PhaseError) -> dict[str, Any]:
    """Return the observation's ``error`` for an exception that a target raised.

    Parameters
    ----------
    raised : PhaseError
        The exception as the user would catch it, and the step that raised it. For the step
        ``action`` the phase is told from the exception: ``plan`` or ``read``.
    """
    error = raised.cause
    java = _java_exception(error)
    condition, sqlstate, parameters = _condition(error, java)
    from_java_only = java is not None and type(error).__name__ == "Py4JJavaError"
    if from_java_only:
        message = _without_stack(java.getMessage() or java.toString())
    else:
        # Spark Connect appends the server's stack, when it has it.
        message = _text(error).split("\n\nJVM stacktrace:\n", 1)[0]
        if type(error).__name__ == "Py4JError":
            message = _without_stack(message)
    return {
        "phase": _action_phase(error, java) if raised.phase == "action" else raised.phase,
        "exception": type(error).__name__,
        "condition": condition,
        "sqlstate": sqlstate,
        "parameters": parameters,
        "message": message,
        "jvm": _jvm(java) if from_java_only else None,
    }


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException as failure:
        return f"<{type(failure).__name__} while printing a {type(error).__name__}>"


def _summary(error: BaseException) -> str:
    return f"{type(error).__name__}: {_text(error)}"


def _java_exception(error: BaseException) -> Any:
    """Return the Java exception behind an exception of PySpark's classic mode, if there is one."""
    if type(error).__name__ == "Py4JJavaError":
        return getattr(error, "java_exception", None)
    return getattr(error, "_origin", None)


def _causes(java: Any) -> list[Any]:
    found: list[Any] = []
    while java is not None and len(found) < 64:
        found.append(java)
        java = java.getCause()
    return found


def _jvm(java: Any) -> dict[str, str]:
    deepest = _causes(java)[-1]
    return {
        "class": java.getClass().getName(),
        # A throwable prints itself as "class: message", or as its class if it has none.
        "root": _without_stack(deepest.toString()),
    }


def _condition(error: BaseException, java: Any) -> tuple[str | None, str | None, dict[str, str]]:
    from pyspark.errors import PySparkException

    if isinstance(error, PySparkException):
        condition = error.getCondition()
        if condition is None:
            return None, error.getSqlState(), {}
        parameters = error.getMessageParameters() or {}
        return condition, error.getSqlState(), _strings(parameters)
    for cause in _causes(java):
        found = _java_condition(cause)
        if found is not None:
            return found
    return None, None, {}


def _java_condition(java: Any) -> tuple[str, str | None, dict[str, str]] | None:
    from py4j.java_gateway import is_instance_of
    from pyspark import SparkContext

    gateway: Any = SparkContext._gateway
    if not is_instance_of(gateway, java, "org.apache.spark.SparkThrowable"):
        return None
    try:
        condition = java.getCondition()
        if condition is None:
            return None
        return condition, java.getSqlState(), _strings(dict(java.getMessageParameters()))
    except Exception as error:
        # Not every implementation can be reached by reflection.
        print(f"seatrial.runner: no condition from Java: {error!r}", file=sys.stderr)
        return None


def _strings(parameters: dict[Any, Any]) -> dict[str, str]:
    return {str(key): str(parameters[key]) for key in sorted(parameters)}


def _action_phase(error: BaseException, java: Any) -> str:
    """Tell planning from reading, where one call does both.

    On classic, the Java stack tells: planning callbacks run under ``PythonPlannerRunner``, and
    what fails in a task either carries the task runner's frames or comes as an aborted job.
    An exception that Python itself raised comes from turning the result into rows.
    """
    if type(error).__name__ in _PLANNING_EXCEPTIONS:
        return "plan"
    if java is None:
        text = _text(error)
        remote = type(error).__module__.startswith("pyspark.errors.exceptions.connect")
        in_task = _JOB_ABORTED in text or type(error).__name__ == "PythonException"
        return "plan" if remote and not in_task else "read"
    stack = _java_stack(java)
    if "PythonPlannerRunner" in stack:
        return "plan"
    in_task = _JOB_ABORTED in stack or "org.apache.spark.executor.Executor$TaskRunner" in stack
    return "read" if in_task or type(error).__name__ == "PythonException" else "plan"


def _java_stack(java: Any) -> str:
    from pyspark import SparkContext

    jvm: Any = SparkContext._jvm
    return str(getattr(jvm, "org.apache.spark.util.Utils").exceptionString(java))


def _without_stack(text: str) -> str:
    kept = [
        line
        for line in text.split("\n")
        if not line.startswith("\tat ")
        and not (line.startswith("\t... ") and line.endswith(" more"))
        and line != "Driver stacktrace:"
    ]
    return "\n".join(kept).rstrip("\n")


def _case_traceback(error: BaseException) -> str:
    """Return the traceback of a broken case, from its first own line on."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != CASE_FILE:
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames)).rstrip("\n")


def _reject_unknown(mapping: dict[str, Any], known: frozenset[str], what: str) -> None:
    unknown = sorted(set(mapping) - known)
    if unknown:
        raise Unsupported(f"{what}: this runner does not know {', '.join(unknown)}")


class Runner:
    """The protocol's state: a target once it is started, and the number of cases so far."""

    def __init__(self, channel: Channel, connect: bool) -> None:
        self._channel = channel
        self._connect = connect
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
            self._target = SparkTarget(self._connect)
            started = self._target.describe()
        except BaseException as error:
            self._fail(
                "start", f"Spark does not start: {_summary(error)}\n{traceback.format_exc()}"
            )
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
    parser.add_argument(
        "--connect", action="store_true", help="use Spark Connect instead of classic mode"
    )
    options = parser.parse_args(arguments)
    channel = Channel()
    status = Runner(channel, options.connect).serve()
    channel.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
