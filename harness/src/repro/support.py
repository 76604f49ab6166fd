def _main() -> int:
    """Run the scenario, show what came of it, and say whether it is what real Spark answered."""
    import argparse
    import collections
    import platform
    import re
    import shutil
    import subprocess

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", action="store_true", help="run on the engine instead of on real PySpark")
    options = parser.parse_args()

    # ---- Values and errors as goldens have them: seatrial/values.py and seatrial/spark_errors.py

    #{values}

    #{errors}

    # ---- Real PySpark, the engine as a Python package, and the engine as a program

    def on_pyspark() -> dict[str, Any]:
        import pyspark
        from pyspark.sql import SparkSession

        os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
        if not hasattr(pyspark, "cloudpickle") or not (pathlib.Path(pyspark.__file__).parent / "jars").is_dir():
            sys.exit("This PySpark has no JVM: install `pyspark` itself, not `pyspark-client`, or run this file with `uv run`.")
        print(f"== real PySpark {pyspark.__version__} on Python {platform.python_version()}", flush=True)
        builder: Any = SparkSession.builder.master("local[2]")
        settings = {
            "spark.app.name": "repro",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.log.level": "ERROR",
            "spark.sql.catalogImplementation": "in-memory",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.warehouse.dir": os.path.join(_FOLDER, "warehouse"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        for key, value in settings.items():
            builder = builder.config(key, value)
        # A new session is the active one of the JVM here, which is where Spark registers sources.
        make_session = SparkSession.newSession

        def new_session(session: Any) -> Any:
            made: Any = make_session(session)
            made._jvm.SparkSession.setActiveSession(made._jsparkSession)
            return made

        SparkSession.newSession = new_session
        spark = builder.getOrCreate()
        spark.sparkContext.setLogLevel("ERROR")
        try:
            return observed(spark)
        finally:
            spark.stop()

    class EngineFrame:
        """A DataFrame of the engine with the names that PySpark has."""

        def __init__(self, frame: Any) -> None:
            self._frame = frame
            self.createOrReplaceTempView = frame.create_or_replace_temp_view
            self.collect = frame.collect

        @property
        def schema(self) -> Any:
            return self._frame.schema

    class EngineReader:
        """A reader of the engine, whose `load` gives an :class:`EngineFrame`."""

        def __init__(self, reader: Any) -> None:
            self._reader = reader

        def __getattr__(self, name: str) -> Any:
            def call(*arguments: Any) -> Any:
                result = getattr(self._reader, name)(*arguments)
                return EngineFrame(result) if name == "load" else self

            return call

    class EngineSession:
        """A session of the engine with the names that PySpark has."""

        def __init__(self) -> None:
            import seatrial

            self._session = seatrial.Session()
            self.dataSource = self.conf = self

        def set(self, key: str, value: str) -> None:
            self._session.set_conf(key, value)

        def register(self, source: Any) -> None:
            self._session.register(source)

        @property
        def read(self) -> EngineReader:
            return EngineReader(self._session.read())

        def sql(self, query: str) -> EngineFrame:
            return EngineFrame(self._session.sql(query))

        def newSession(self) -> Any:
            return EngineSession()

    def on_engine() -> dict[str, Any]:
        program = os.environ.get("SEATRIAL")
        if program is None:
            try:
                from seatrial import _native  # noqa: F401
            except ImportError:
                program = shutil.which("seatrial")
            else:
                import seatrial

                print(f"== the engine, the Python package seatrial {seatrial.__version__}", flush=True)
                return observed(EngineSession())
        if program is None:
            sys.exit("The engine is not here: install the Python package `seatrial`, or let SEATRIAL name the program `seatrial`.")
        return on_runner(program)

    def on_runner(program: str) -> dict[str, Any]:
        """Ask `seatrial runner`: JSON lines over its standard input and output."""
        own = pathlib.Path(__file__).read_text(encoding="utf-8")
        module = own.split("# >>> the data source\n", 1)[1].split("# <<< the data source\n", 1)[0]
        messages = [
            {"start": {"protocol": 1}},
            {"run": {"id": _ID, "case": {**_CASE, "python": module}, "deadline": 60.0}},
            {"stop": {}},
        ]
        text = "".join(json.dumps(message) + "\n" for message in messages)
        environment = {"SEATRIAL_PYTHON": sys.executable, **os.environ}
        answers = subprocess.run(
            [program, "runner"], input=text, env=environment, stdout=subprocess.PIPE, encoding="utf-8", check=False
        ).stdout
        for line in answers.splitlines():
            [(kind, body)] = json.loads(line).items()
            if kind == "started":
                versions = ", ".join(f"{name} {version}" for name, version in body["versions"].items())
                print(f"== {program} runner: {body['target']} ({versions})", flush=True)
            elif kind == "observation":
                return dict(body["observation"])
            else:
                sys.exit(f"{program} runner gave no answer: {kind}: {body}")
        sys.exit(f"{program} runner gave no answer")

    def observed(spark: Any) -> dict[str, Any]:
        """Run the scenario and return what was seen, in the form of goldens."""
        seen: dict[str, Any] = dict.fromkeys(["schema", "rows", "error", "partitions"])
        try:
            frame = scenario(spark)
            seen["schema"] = frame.schema.jsonValue()
            seen["rows"] = canonical_rows(frame.collect(), frame.schema)
        except BaseException as error:
            seen["error"] = describe_error(PhaseError("action", error))
        else:
            seen["error"] = None
        calls = pathlib.Path(_CALLS)
        lines = calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []
        seen["calls"] = [call for call in map(json.loads, lines) if call["call"] in _CASE["calls"]]
        if _CASE["count_partitions"] and seen["error"] is None and hasattr(frame, "rdd"):
            seen["partitions"] = frame.rdd.getNumPartitions()
        return seen

    # ---- Showing and comparing

    def reduced(text: str) -> str:
        """Return a text without what is particular to a run: frames of tracebacks, addresses, ids, paths."""
        text = re.split(r"\n\tat |\nDriver stacktrace:|\n\nJVM stacktrace:\n", text, maxsplit=1)[0]
        text = re.sub(r"(Job aborted due to stage failure: ).*?, most recent failure: Lost task .*?\): ", r"\1", text)
        before, header, body = text.partition("Traceback (most recent call last):\n")
        after = ""
        if header:
            if found := re.search(r"\n SQLSTATE: \w{5}$", body):
                body, after = body[: found.start()], found.group()
            body = body.rsplit("\nTraceback (most recent call last):\n", 1)[-1]
            lines = body.split("\n")
            while lines and lines[0].startswith("  "):
                del lines[0]
            body = "\n".join(lines).rstrip("\n")
        text = before + body + after
        for pattern, replacement in [
            (r"(?<!\w)0x[0-9a-fA-F]{6,}", "0x…"),
            (r"(?<!\w)(id=|address:)\d{9,}", r"\1…"),
            (r"(?<!\w)ArrowBuf\[\d+", "ArrowBuf[…"),
            (r"(?<=[\w)`])#\d+L?", "#…"),
            (r"(?<!\w)/tmp/[^\s'\"`)\],;]*", "/tmp/…"),
        ]:
            text = re.sub(pattern, replacement, text)
        return text

    def normal(value: Any, kind: Any) -> Any:
        """Return a value in which the entries of maps have one order."""
        if value is None or not isinstance(kind, dict):
            return value
        if kind["type"] == "array":
            return [normal(item, kind["elementType"]) for item in value]
        if kind["type"] == "map":
            pairs = [[normal(key, kind["keyType"]), normal(item, kind["valueType"])] for key, item in value]
            return sorted(pairs, key=json.dumps)
        if kind["type"] == "struct":
            return [normal(item, field["type"]) for item, field in zip(value, kind["fields"], strict=True)]
        return normal(value, kind["sqlType"]) if kind["type"] == "udt" else value

    def comparable(seen: dict[str, Any]) -> dict[str, Any]:
        """Return what is compared, by name."""
        parts: dict[str, Any] = {"schema": seen["schema"]}
        if seen["rows"] is not None:
            rows = [json.dumps(normal(row, {**seen["schema"], "type": "struct"})) for row in seen["rows"]]
            parts["rows"] = rows if _ORDERED else sorted(rows)
        error = seen["error"]
        if error is not None:
            for field in ("exception", "condition", "sqlstate"):
                parts[f"the error's {field}"] = error[field]
            parts["the error's parameters"] = {key: reduced(text) for key, text in error["parameters"].items()}
            parts["the error's message"] = reduced(error["message"])
        # Tasks run side by side, so that only the number of their calls is fixed.
        calls = [json.dumps(call, sort_keys=True) for call in seen["calls"]]
        parts["calls"] = collections.Counter(reduced(call) for call in calls)
        if seen["partitions"] is not None:
            parts["partitions"] = seen["partitions"]
        return parts

    def show(seen: dict[str, Any]) -> None:
        if seen["schema"] is not None:
            fields = [
                f"{field['name']}: {field['type'] if isinstance(field['type'], str) else json.dumps(field['type'])}"
                + ("" if field["nullable"] else " not null")
                for field in seen["schema"]["fields"]
            ]
            print(f"schema: {', '.join(fields) or 'no columns'}")
        if seen["rows"] is not None:
            print(f"rows: {len(seen['rows'])}")
            for row in seen["rows"]:
                print(f"  {json.dumps(row, ensure_ascii=False)}")
        error = seen["error"]
        if error is not None:
            print(f"error: {error['exception']}")
            print(f"  condition: {error['condition']}, SQLSTATE: {error['sqlstate']}")
            message = reduced(error["message"]).strip()
            print("  message:\n    " + message.replace("\n", "\n    "))
        for call in seen["calls"]:
            print(f"call: {json.dumps(call, ensure_ascii=False)}")
        if seen["partitions"] is not None:
            print(f"partitions: {seen['partitions']}")
        print()

    seen = on_engine() if options.engine else on_pyspark()
    show(seen)
    if GOLDEN is None:
        print(f"Real Spark {_SPARK} was not asked, or was asked about another form of this case: nothing to compare with.")
        return 0
    print(f"== real PySpark {_SPARK}, as recorded")
    show(GOLDEN)
    mine, recorded = comparable(seen), comparable(GOLDEN)
    if options.engine and "partitions" not in mine:
        recorded.pop("partitions", None)
    differing = [name for name in {**recorded, **mine} if recorded.get(name) != mine.get(name)]
    if not differing:
        print("THE SAME as real Spark answered.")
        return 0
    if options.engine and seen["error"] is not None and (GOLDEN["error"] or {}).get("jvm") and not GOLDEN["error"]["condition"]:
        print("EQUIVALENT: real Spark failed inside the JVM without saying what is wrong; this failed too.")
        return 0
    print(f"NOT THE SAME as real Spark answered: {', '.join(differing)}.")
    return 1


if __name__ == "__main__":
    sys.exit(_main())
