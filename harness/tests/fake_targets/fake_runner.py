"""A runner that does whatever a case tells it to: answers, lies, crashes, hangs, stutters.

A case tells it by a line ``# fake: ACTION [ARGUMENT]`` in its Python text. Options of the command line change how it
introduces itself: ``--protocol N``, ``--target NAME``, ``--spark VERSION``, ``--spark-is VERSION``, ``--first die|garbage``.
"""

import json
import os
import signal
import subprocess
import sys
import time

EMPTY = {"schema": {"type": "struct", "fields": []}, "rows": [], "error": None, "calls": [], "partitions": None}


def option(name, default=None):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def write(text):
    data = text if isinstance(text, bytes) else text.encode()
    while data:
        data = data[os.write(1, data) :]


def line(message):
    return json.dumps(message) + "\n"


def observation(case_id, answer=None):
    return line({"observation": {"id": case_id, "observation": answer or EMPTY}})


def directive(python):
    for text in python.splitlines():
        if text.strip().startswith("# fake: "):
            action, _, argument = text.strip()[len("# fake: ") :].partition(" ")
            return action, argument
    return "answer", ""


def sleeper(**options):
    child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"], **options)
    print(f"child {child.pid}", file=sys.stderr, flush=True)


def act(case_id, action, argument):
    right = observation(case_id)
    if action == "answer":
        write(observation(case_id, json.loads(argument)) if argument else right)
    elif action == "unsupported":
        write(line({"unsupported": {"id": case_id, "reason": argument}}))
    elif action == "failed":
        write(line({"failed": {"id": case_id, "context": argument}}))
    elif action == "crash":
        print("about to crash", file=sys.stderr, flush=True)
        os._exit(3)
    elif action == "signal":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif action == "exit-after-answer":
        write(right)
        os._exit(0)
    elif action == "hang":
        print("about to hang", file=sys.stderr, flush=True)
        time.sleep(600)
    elif action == "hang-hard":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sleeper()
        time.sleep(600)
    elif action == "stutter":
        for i in range(0, len(right), 7):
            write(right[i : i + 7])
            time.sleep(0.002)
    elif action == "twice":
        write(right + right)
    elif action == "garbage":
        write("Setting default log level to \x1b[1mWARN\x1b[0m\n")
    elif action == "array":
        write("[1, 2]\n")
    elif action == "two-on-a-line":
        write(right.strip() + right)
    elif action == "unknown-message":
        write(line({"progress": {"id": case_id}}))
    elif action == "started-again":
        introduce()
    elif action == "not-text":
        write(b"\xff\xfe\n")
    elif action == "half":
        write(right[:40])
        os._exit(0)
    elif action == "half-and-hang":
        write(right[:40])
        time.sleep(600)
    elif action == "close":
        os.close(1)
        time.sleep(600)
    elif action == "wrong-id":
        write(observation("another/file::case"))
    elif action == "flood-stdout":
        chunk = b"x" * 1_000_000
        for _ in range(100):
            write(chunk)
        write("\n")
    elif action == "flood-lines":
        chunk = b"print\n" * 1_000_000
        for _ in range(17):
            write(chunk)
    elif action == "flood-stderr":
        chunk = b"print\n" * 100_000
        for _ in range(170):
            os.write(2, chunk)
        write(right)
    elif action == "grandchild":
        sleeper()
        os._exit(3)
    elif action == "detached-grandchild":
        sleeper(start_new_session=True)
        time.sleep(600)
    elif action == "deaf":
        write(right)
        time.sleep(600)
    elif action == "pid":
        write(observation(case_id, dict(EMPTY, partitions=os.getpid())))
    elif action == "from-file":
        # Does what a file says, which may change from run to run while the case stays the same.
        with open(argument) as file:
            inner, _, rest = file.read().strip().partition(" ")
        act(case_id, inner, rest)
    elif action == "hang-with-pid":
        with open(argument, "w") as file:
            print(os.getpid(), file=file)
        time.sleep(600)
    elif action == "remember":
        # Crashes the first time only: the file named by the argument remembers.
        first_time = not os.path.exists(argument)
        with open(argument, "w"):
            pass
        if first_time:
            os._exit(3)
        write(right)
    else:
        raise SystemExit(f"no such action: {action}")


def introduce():
    versions = {"python": "3.11.0", "java": "17.0.1", "pyarrow": "26.0.1", "pandas": "2.3.3"}
    if option("--spark"):
        versions["spark"] = option("--spark-is", option("--spark"))
    started = {
        "protocol": int(option("--protocol", "1")),
        "target": option("--target", "fake"),
        "versions": versions,
        "mode": "classic",
        "capabilities": ["read"],
    }
    write(line({"started": started}))


def main():
    for text in sys.stdin:
        message = json.loads(text)
        if "start" in message:
            first = option("--first")
            if first == "die":
                sys.exit("there is no Java here")
            elif first == "garbage":
                write("Welcome to Spark\n")
            else:
                introduce()
        elif "run" in message:
            run = message["run"]
            act(run["id"], *directive(run["case"]["python"]))
        elif "stop" in message:
            return


main()
