"""A real Spark of this interpreter's environment, and how a case runs on it."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import platform
import secrets
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from seatrial.case_module import CASE_FILE, CaseModule, default_format
from seatrial.spark_errors import PhaseError, describe_error, summary
from seatrial.values import UnrepresentableValue, canonical_rows

__all__ = ["CaseFailed", "SparkTarget", "TargetLost", "Unsupported", "read_calls"]

_T = TypeVar("_T")
_CASE_KEYS = frozenset(
    {"python", "register", "conf", "read", "steps", "query", "calls", "count_partitions"}
)
_READ_KEYS = frozenset({"format", "options", "schema", "path"})


class CaseFailed(Exception):
    """The case cannot be run as it stands; says why."""


class Unsupported(Exception):
    """The case asks for something that this runner cannot do; says what."""


class TargetLost(Exception):
    """Spark is gone: the runner must be restarted."""


class SparkTarget:
    """A real Spark in this process's environment.

    Parameters
    ----------
    connect : bool
        Use Spark Connect (a server that is started for the purpose) instead of classic mode.
    remote : str, optional
        The URL of a Spark Connect server that is there already.
    product : str
        What answers behind it, as the harness calls it.
    """

    def __init__(self, connect: bool, remote: str | None = None, product: str = "spark") -> None:
        self.connect = connect or remote is not None
        self._remote: Any = remote
        self._product = product
        # By their settings: see `session_for`.
        self._shared: dict[frozenset[tuple[str, str]], Any] = {}
        # Whether a session was ended that Python may still have to collect.
        self._ended = False
        self.directory = Path(tempfile.mkdtemp(prefix="seatrial-runner-"))
        atexit.register(shutil.rmtree, self.directory, ignore_errors=True)
        self._prepare_environment()
        # The Spark of this process, if it has one.
        self._own: Any = None if remote is not None else self._start()
        if self.connect and remote is None:
            # PySpark's own `remote("local")` takes one port, which two runners cannot share. To
            # another name than this one the client would send the token by TLS alone.
            self._remote = f"sc://localhost:{self._connect_port()}"
        self.spark: Any = self._connected() if self.connect else self._own
        # PySpark has replaced the handler by now. A terminal's Ctrl-C is the harness's to handle:
        # it ends its runners, and the case that happens to run is not interrupted by accident.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _prepare_environment(self) -> None:
        # The process's zone decides what naive datetimes mean, in the workers too. A case may
        # choose it.
        os.environ.setdefault("TZ", "UTC")
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

    def _start(self) -> Any:
        from pyspark.sql import SparkSession

        builder: Any = SparkSession.builder
        if self.connect:
            # The server demands it, and the client takes it from there.
            os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = secrets.token_hex()
        for key, value in self._configuration().items():
            builder = builder.config(key, value)
        session = builder.master("local[2]").getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        return session

    def _connect_port(self) -> int:
        services = self._own._jvm.org.apache.spark.sql.connect.service
        # Scala's names of an object and of its only instance.
        service = getattr(getattr(services, "SparkConnectService$"), "MODULE$")
        return int(service.localPort())

    def _connected(self) -> Any:
        # From here on PySpark's functions make columns of Spark Connect.
        os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
        from pyspark.sql.connect.session import SparkSession

        return SparkSession.builder.remote(self._remote).getOrCreate()

    def _configuration(self) -> dict[str, str]:
        configuration = {
            "spark.app.name": "seatrial",
            "spark.driver.bindAddress": "127.0.0.1",
            # What the JVM leaves behind when it is killed goes with this process's own files.
            "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={tempfile.gettempdir()}",
            "spark.driver.host": "127.0.0.1",
            "spark.local.dir": str(self.directory / "local"),
            "spark.sql.catalogImplementation": "in-memory",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.warehouse.dir": str(self.directory / "warehouse"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        if self.connect:
            configuration["spark.plugins"] = "org.apache.spark.sql.connect.SparkConnectPlugin"
            configuration["spark.connect.grpc.binding.address"] = "127.0.0.1"
            configuration["spark.connect.grpc.binding.port"] = "0"
        return configuration

    def describe(self) -> dict[str, Any]:
        """Return the body of ``started``, but for the protocol."""
        versions = {"spark": str(self.spark.version), "python": platform.python_version()}
        for package in ("pyarrow", "pandas"):
            try:
                versions[package] = str(importlib.import_module(package).__version__)
            except ImportError:
                continue
        if self._own is None:
            # Client and server are two programs: this is the client's.
            versions["pyspark"] = str(importlib.import_module("pyspark").__version__)
        java = self._java_version()
        if java is not None:
            versions["java"] = java
        return {
            "target": self._product,
            "versions": versions,
            "mode": "connect" if self.connect else "classic",
            "capabilities": ["read"],
        }

    def _java_version(self) -> str | None:
        import pyspark

        # PySpark's client has no contexts.
        jvm: Any = getattr(getattr(pyspark, "SparkContext", None), "_jvm", None)
        return None if jvm is None else str(jvm.System.getProperty("java.version"))

    def new_session(self) -> Any:
        """Return a session that shares nothing but the JVM with the sessions before it."""
        if self.connect:
            from pyspark.sql.connect.session import SparkSession

            connected: Any = SparkSession.builder.remote(self._remote).create()
            if self._own is None:
                # Where naive datetimes are, as for every other target.
                connected.conf.set("spark.sql.session.timeZone", "UTC")
            return connected
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
        if self._ended:
            # In PySpark 4.0 and 4.1 a session that is collected closes the thread pool of all: amid
            # another's request that request would fail, or wait for ever.
            gc.collect()
            self._ended = False
        module = _loaded(case, calls_path)
        observation: dict[str, Any] = {
            "schema": None,
            "rows": None,
            "error": None,
            "calls": [],
            "partitions": None,
        }
        course = _Course(self, module, case)
        try:
            frame = course.observed_frame()
            schema = _in_phase("plan", lambda: frame.schema)
            observation["schema"] = schema.jsonValue()
            rows = _in_phase("action", frame.collect)
            observation["rows"] = _canonical(rows, schema)
        except PhaseError as raised:
            observation["error"] = describe_error(raised)
            if not self.alive():
                raise TargetLost(f"Spark is gone: {summary(raised.cause)}") from raised
        # Counting the partitions may plan the source once more: those calls are not the case's.
        observation["calls"] = read_calls(calls_path, case.get("calls") or [])
        if case.get("count_partitions") and observation["error"] is None:
            observation["partitions"] = _count_partitions(frame)
        if not self._may_share(case):
            self._drop_tables(course.sessions)
            if self.connect:
                for session in course.sessions:
                    session.stop()
                self._ended = True
        return observation

    def session_for(self, case: dict[str, Any]) -> Any:
        """Return the session in which a case begins.

        Over Spark Connect every session starts Python workers of its own, which takes longer than
        the case. Cases that see nothing of each other share one with those of the same settings.
        """
        conf = case.get("conf") or {}
        if not self._may_share(case):
            return self.configured_session(conf)
        settings = frozenset(conf.items())
        if settings not in self._shared:
            self._shared[settings] = self.configured_session(conf)
        return self._shared[settings]

    def _may_share(self, case: dict[str, Any]) -> bool:
        """Return whether a case can neither see what others left in its session nor leave anything.

        It reads the source that it registers, whatever was registered before, and its view replaces
        theirs.
        """
        plain = case.get("steps") is None and (case.get("read") or {}).get("format") is None
        return self.connect and plain

    def configured_session(self, conf: dict[str, str]) -> Any:
        """Return a new session with these settings."""
        session = self.new_session()
        for key, value in conf.items():
            try:
                session.conf.set(key, value)
            except Exception as error:
                raise CaseFailed(f"cannot set {key} = {value!r}: {summary(error)}") from error
        return session

    def _drop_tables(self, sessions: list[Any]) -> None:
        """Remove what outlives a session: the catalogue's tables and views, and their files."""
        if self._own is None:
            for session in sessions:
                for table in session.sql("SHOW TABLES IN default").collect():
                    if not table.isTemporary:
                        # Only a session that knows its source can drop a table.
                        with contextlib.suppress(Exception):
                            session.sql(f"DROP TABLE IF EXISTS default.`{table.tableName}`")
        else:
            # Not by SQL: this resolves nothing, takes views as well, and costs next to nothing.
            catalog = self._own._jsparkSession.sharedState().externalCatalog()
            tables = catalog.listTables("default").mkString("\0")
            for table in filter(None, tables.split("\0")):
                catalog.dropTable("default", table, True, True)
        shutil.rmtree(self.directory / "warehouse", ignore_errors=True)

    def stop(self) -> None:
        """Stop Spark; a failure to do so must not keep the runner from ending."""
        try:
            for session in self._shared.values():
                session.stop()
            if self._own is not None and self.connect:
                # The server ends with its Spark, and a client without one would wait for it.
                self.spark.client.close()
            (self._own or self.spark).stop()
        except BaseException as error:
            print(f"seatrial.runner: Spark did not stop: {error!r}", file=sys.stderr)


class _Course:
    """What a case does: registers, loads, goes through its steps, queries.

    Parameters
    ----------
    target : SparkTarget
        Where it runs.
    module : CaseModule
        Its Python.
    case : dict
        The case as the protocol carries it.
    """

    def __init__(self, target: SparkTarget, module: CaseModule, case: dict[str, Any]) -> None:
        self._target = target
        self._module = module
        self._case = case
        self._registered: list[object] = []
        self._loaded: Any = None
        self.session = target.session_for(case)
        # All that the case has had, in their order.
        self.sessions = [self.session]

    def observed_frame(self) -> Any:
        """Do all that comes before the observation; return the DataFrame that is observed."""
        self._register(self._case.get("register"))
        steps, query = self._case.get("steps"), self._case.get("query")
        if steps is None:
            self._load(self._case.get("read") or {}, None if query is None else "source")
        for step in steps or []:
            self._step(step)
        return self._loaded if query is None else _in_phase("plan", lambda: self.session.sql(query))

    def _step(self, step: dict[str, Any]) -> None:
        [(kind, body)] = step.items()
        if kind == "load":
            self._load(body["read"], body["view"])
        elif kind == "sql":
            # Spark carries out some statements at once, and others when their result is wanted.
            _in_phase("action", lambda: self.session.sql(body).collect())
        elif kind == "register":
            self._register(body)
        elif kind == "new_session":
            self.session = self._target.configured_session(self._case.get("conf") or {})
            self.sessions.append(self.session)
        else:
            raise Unsupported(f"step: this runner does not know {kind}")

    def _register(self, expressions: list[str] | None) -> None:
        try:
            sources = self._module.sources(expressions)
        except BaseException as error:
            raise CaseFailed(_case_traceback(error)) from error
        self._registered += sources
        _in_phase("register", lambda: _register(self.session, sources))

    def _load(self, read: dict[str, Any], view: str | None) -> None:
        _reject_unknown(read, _READ_KEYS, "read")
        source_format = read.get("format")
        if source_format is None:
            source_format = _or_failed(lambda: default_format(self._registered))
        self._loaded = _in_phase("load", lambda: _read(self.session, source_format, read))
        if view is not None:
            _in_phase("plan", lambda: self._loaded.createOrReplaceTempView(view))


def _loaded(case: dict[str, Any], calls_path: Path) -> CaseModule:
    try:
        return CaseModule(case["python"], str(calls_path))
    except BaseException as error:
        raise CaseFailed(_case_traceback(error)) from error


def _or_failed(action: Callable[[], _T]) -> _T:
    try:
        return action()
    except BaseException as error:
        raise CaseFailed(summary(error)) from error


def _in_phase(phase: str, action: Callable[[], _T]) -> _T:
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
    _ = frame.schema
    return frame


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
