#!/usr/bin/env python3
"""Open an HTML report in headless Chromium: measure, try its filters, take pictures to look at.

    ci/report_check.py REPORT.html [FOLDER]

It fails when the page needs more than a second until its content is there, when a script or the
content security policy complains, or when a filter, a link to a case or the page without JavaScript
does not do what it should. Needs `chromium` (Debian: apt-get install chromium) and nothing else: it
speaks the DevTools protocol over a pipe.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

#: Seconds until DOMContentLoaded that are still quick, on a machine that has little else to do.
QUICK = 1.0
DESKTOP = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}


class Browser:
    """A Chromium with one page."""

    def __init__(self, profile: str) -> None:
        program = (
            os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        )
        if program is None:
            sys.exit(
                "report_check: chromium is missing (Debian: apt-get install chromium), "
                "or name one in CHROMIUM"
            )
        to_child, self._to = os.pipe()
        self._from, from_child = os.pipe()
        flags = (
            "--headless=new --no-sandbox --disable-gpu --hide-scrollbars "
            "--remote-debugging-pipe --no-first-run"
        )
        command = (
            f'exec "$0" {flags} --user-data-dir="$1" about:blank 3<&{to_child} 4>&{from_child}'
        )
        self._process = subprocess.Popen(
            ["bash", "-c", command, program, profile],
            pass_fds=(to_child, from_child),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_child)
        os.close(from_child)
        self._buffer = b""
        self._number = 0
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._from, 1 << 20)
            if not chunk:
                sys.exit("report_check: chromium ended")
            self._buffer += chunk
        line, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.complaints.append(message["params"]["exceptionDetails"]["text"])
            case "Log.entryAdded":
                self.complaints.append(message["params"]["entry"]["text"])
        return message

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol and wait for its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if hasattr(self, "_session"):
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == self._number:
                if "error" in answer:
                    sys.exit(f"report_check: {method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result

    def evaluate(self, expression: str) -> Any:
        """Evaluate an expression, or await it, and return its value."""
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in result:
            sys.exit(f"report_check: {expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def open(self, url: str) -> None:
        """Open an address and wait until the page is there."""
        # Another fragment alone would be no navigation.
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=url)
        unfinished = "location.href === 'about:blank' || document.readyState !== 'complete'"
        while self.evaluate(unfinished):
            time.sleep(0.02)

    def screen(self, metrics: dict[str, Any], colours: str) -> None:
        """Take the size of a screen and `light` or `dark` colours."""
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": colours}],
        )

    def picture(self, file: Path) -> None:
        """Take a picture of what the screen shows."""
        time.sleep(0.3)
        file.write_bytes(
            base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        )
        print(f"  {file}")

    def close(self) -> None:
        """End the browser."""
        self.call("Browser.close")
        self._process.wait(20)


def main() -> None:
    """Check the report that the command line names."""
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    report = Path(sys.argv[1]).resolve()
    folder = Path(sys.argv[2] if len(sys.argv) == 3 else "target/report-check")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        problems = check(browser, report.as_uri(), folder)
        browser.close()
    for problem in problems:
        print(f"report_check: {problem}", file=sys.stderr)
    sys.exit(1 if problems else 0)


def check(browser: Browser, url: str, folder: Path) -> list[str]:
    """Check everything and return what went wrong."""
    problems: list[str] = []

    def expect(what: str, ok: object) -> None:
        if not ok:
            problems.append(what)

    browser.screen(DESKTOP, "light")
    # The best of some, since a machine may have much else to do.
    times = []
    for _ in range(5):
        browser.open(url)
        timing = "performance.getEntriesByType('navigation')[0]"
        times.append(browser.evaluate(f"{timing}.domContentLoadedEventEnd") / 1000)
    size = browser.evaluate("document.documentElement.outerHTML.length") / 1e6
    cases = browser.evaluate("document.querySelectorAll('.case').length")
    shown_times = ", ".join(f"{one:.2f} s" for one in times)
    print(f"{cases} cases, {size:.1f} MB; DOMContentLoaded after {shown_times}")
    slow = f"the page needs {min(times):.2f} s, and at most {QUICK} s is quick"
    expect(slow, min(times) < QUICK)

    shown = "document.querySelectorAll('.case:not([hidden])').length"
    expect("all cases are shown at first", browser.evaluate(shown) == cases)
    # The first case of a kind, else any.
    go_to = (
        "location.hash = encodeURIComponent("
        "(document.querySelector('{}') ?? document.querySelector('.case')).id)"
    )
    for name, screen in (("desktop", DESKTOP), ("phone", PHONE)):
        for colours in ("light", "dark"):
            browser.screen(screen, colours)
            browser.open(url)
            wide = browser.evaluate("document.documentElement.scrollWidth > innerWidth")
            expect(f"the page is wider than the screen ({name})", not wide)
            browser.picture(folder / f"{name}-{colours}-top.png")
            for section in ("divergences", "cases"):
                browser.evaluate(f"document.getElementById('{section}').scrollIntoView()")
                browser.picture(folder / f"{name}-{colours}-{section}.png")
            browser.evaluate(go_to.format(".case:has(.rows.pair)"))
            time.sleep(0.2)
            browser.picture(folder / f"{name}-{colours}-case.png")
            browser.evaluate(go_to.format(".case:has(.fields.pair)"))
            time.sleep(0.2)
            browser.picture(folder / f"{name}-{colours}-error.png")
    browser.screen(DESKTOP, "light")

    # Filters: by hand, and from an address.
    browser.open(url)
    browser.evaluate("""{ const form = document.getElementById('filters');
        form.elements.verdict.value = 'not-exact';
        form.dispatchEvent(new Event('input', {bubbles: true})); }""")
    time.sleep(0.5)
    filtered = browser.evaluate(shown)
    expect(f"a filter leaves {filtered} of {cases} cases", filtered < cases)
    expect(
        "the filter stands in the address",
        browser.evaluate("location.hash") == "#?verdict=not-exact",
    )
    browser.open(url + "#?verdict=not-exact")
    expect("an address brings its filters", browser.evaluate(shown) == filtered)
    begin = time.monotonic()
    browser.evaluate("""new Promise((done) => { const form = document.getElementById('filters');
        form.elements.q.value = 'select';
        form.dispatchEvent(new Event('input', {bubbles: true})); setTimeout(done, 150); })""")
    print(f"the first search takes {time.monotonic() - begin - 0.15:.2f} s")
    browser.evaluate("document.querySelector('.matrix tbody a.fraction').click()")
    expect("a cell of the table filters", "area=" in browser.evaluate("location.hash"))

    # A link to a case opens it.
    last = browser.evaluate("[...document.querySelectorAll('.case')].at(-1).id")
    browser.open(f"{url}#{last}")
    expect(
        "a link to a case opens it",
        browser.evaluate(f"document.getElementById({json.dumps(last)}).open"),
    )
    place = f"document.getElementById({json.dumps(last)}).getBoundingClientRect().top"
    expect(
        "a link to a case leads to it",
        browser.evaluate(f"{place} >= 0 && {place} < innerHeight"),
    )

    time.sleep(0.2)
    buttons = f"document.getElementById({json.dumps(last)}).querySelectorAll('.copy').length"
    expect("an unfolded case has buttons that copy", browser.evaluate(buttons) >= 2)

    # The colours can be chosen.
    before = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    browser.evaluate(
        "document.getElementById('theme').click(); document.getElementById('theme').click()"
    )
    expect("dark is chosen", browser.evaluate("document.documentElement.dataset.theme") == "dark")
    expect(
        "dark is dark",
        browser.evaluate("getComputedStyle(document.body).backgroundColor") != before,
    )
    browser.evaluate("localStorage.clear()")

    # Without JavaScript everything but the filters is there.
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(url)
    seen = "[...document.querySelectorAll('{}')].filter((one) => one.checkVisibility()).length"
    alone = browser.evaluate(
        "({filters: document.getElementById('filters').checkVisibility(), "
        f"buttons: {seen.format('button')}, cases: {seen.format('.case')}}})"
    )
    expect(
        f"without JavaScript: {alone}", alone == {"filters": False, "buttons": 0, "cases": cases}
    )
    browser.call("Emulation.setScriptExecutionDisabled", value=False)

    problems += [f"the browser complains: {complaint}" for complaint in browser.complaints]
    return problems


if __name__ == "__main__":
    main()
