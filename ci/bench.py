"""Time `seatrial check`, and hold the ratios in target/bench.json against ci/bench-limits.json.

Exits with 1 if a ratio is beyond its limit or was not measured. `make bench` runs the benchmarks
first.
"""

import json
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def judge(limit: dict[str, float], ratio: float | None) -> tuple[bool, str]:
    """Say whether a ratio keeps its limit, and how the limit reads."""
    (bound, value), *_ = limit.items()
    if bound not in ("at_most", "at_least"):
        raise SystemExit(f"ci/bench-limits.json: {bound!r} is neither at_most nor at_least")
    text = f"{'at most' if bound == 'at_most' else 'at least'} {value}"
    if ratio is None:
        return False, text
    return (ratio <= value if bound == "at_most" else ratio >= value), text


def time_check() -> float:
    """Return the seconds that all cases take on the engine, the shortest of three warm runs."""
    command = [ROOT / "target" / "debug" / "seatrial", "check"]
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def report(section: str, measured: dict[str, float]) -> bool:
    """Print every ratio with its limit, and return whether all limits are kept."""
    limits = json.loads((ROOT / "ci" / "bench-limits.json").read_text())[section]
    kept = True
    for name in sorted(limits.keys() | measured.keys()):
        ratio = measured.get(name)
        shown = "not measured" if ratio is None else f"{ratio:.3f}"
        if name not in limits:
            print(f"    {name:<28} {shown:>12}")
            continue
        ok, text = judge(limits[name], ratio)
        kept &= ok
        print(f"{'ok ' if ok else 'BAD'} {name:<28} {shown:>12}  {text}")
    return kept


def main() -> int:
    """Time `seatrial check`, and judge what was measured."""
    measured_file = ROOT / "target" / "bench.json"
    if not measured_file.exists():
        print(f"bench: {measured_file} is missing: run `make bench`", file=sys.stderr)
        return 1
    measured = json.loads(measured_file.read_text())
    seconds = time_check()
    print(f"seatrial check over all cases: {seconds:.1f} s")
    measured["check_over_10s"] = round(seconds / 10, 3)
    measured_file.write_text(json.dumps(measured, indent=2, sort_keys=True) + "\n")
    return 0 if report("limits", measured) else 1


if __name__ == "__main__":
    sys.exit(main())
