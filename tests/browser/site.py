"""PM as a process of its own with traders beside it, and a chromium that looks at it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from tests.pm.fake_trader import FakeTrader, state
from venues.contract.names import StrategyKey
from venues.contract.states import Position, StrategyState

BASE = Path(__file__).resolve().parents[2]
PASSWORD = "a long enough password"
PREPARE = (
    "import sys, django; django.setup();"
    "from portfolio.management.commands.prepare import prepare_pm; prepare_pm();"
    # Only the traders that run: another would be offline, and the page would rightly say so.
    "from portfolio.models import Trader; Trader.objects.exclude(source__in=sys.argv[1:]).delete()"
)
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def wait_for(condition: Callable[[], Any], limit_s: float = 8.0) -> Any:
    """Wait until the condition gives something true, and give that."""
    until = time.monotonic() + limit_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def csrf(page: str) -> str:
    """The CSRF token of a page's first form."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    return found[1]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def strategy(name: str, symbol: str, **fields: Any) -> StrategyState:
    """A strategy as its trader reports it; its id is its name."""
    key = StrategyKey(name.lower().replace(" ", "-"), symbol)
    return replace(state(key, **fields), name=name)


def position(side: str, size: str, entry: str, mark: str, stop: str, pnl: str) -> Position:
    """An open trade."""
    return Position(
        side=side, size=Decimal(size), entry_price=Decimal(entry), mark_price=Decimal(mark),
        unrealized_pnl=Decimal(pnl), stop_price=Decimal(stop), planned_loss=Decimal("4.98"),
    )  # fmt: skip


@dataclass
class Site:
    """PM on a port of its own, with the traders that it follows, by source."""

    port: int
    traders: dict[str, FakeTrader]
    process: subprocess.Popen[bytes]
    cookies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def save_as_operator(self, number: str, fields: dict[str, str]) -> None:
        """Save fields of a row from another browser, one without scripts."""
        with requests.Session() as session:
            page = session.get(f"{self.url}/login").text
            login = {"username": "a-operator", "password": PASSWORD, "csrfmiddlewaretoken": csrf(page)}
            page = session.post(f"{self.url}/login", login).text
            found = re.search(rf'<form id="form-{number}".*?</form>', page, re.DOTALL)
            assert found
            hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', found[0]))
            session.post(f"{self.url}/rows/{number}/save", hidden | fields).raise_for_status()

    def freeze(self) -> None:
        """Stop PM as SIGSTOP does: its sockets stay open."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def running_site(directory: Path, **strategies: Iterable[StrategyState]) -> Iterator[Site]:
    """Run PM and a trader for each source that has strategies here; all end with the block."""
    port = free_port()
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environ |= {
        "VAR_DIR": str(directory), "ENV_FILE": str(directory / "none"), "PM_PORT": str(port),
        "PM_ADMIN_PASSWORD": PASSWORD,
    }  # fmt: skip
    with ExitStack() as running:
        traders = {
            source: running.enter_context(FakeTrader(*states)) for source, states in strategies.items()
        }
        for source, trader in traders.items():
            environ |= {
                f"{source.upper()}_PORT": str(trader.port), f"{source.upper()}_TRADER_TOKEN": trader.token
            }  # fmt: skip
        _prepare(environ, *traders)
        with (directory / "pm.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "runpm"], cwd=BASE, env=environ, stdout=log, stderr=log
            )
        running.callback(_end, process)
        site = Site(port, traders, process)
        wait_for(lambda: _ready(site), 30)
        yield site


def _prepare(environ: dict[str, str], *sources: str) -> None:
    """Make PM's database with these traders, an operator and a viewer."""
    words = [sys.executable, "-c", PREPARE, *sources]
    settings = {"DJANGO_SETTINGS_MODULE": "portfolio.settings"}
    subprocess.run(words, cwd=BASE, env=environ | settings, check=True)
    for name in ("viewer", "operator"):
        words = [sys.executable, "manage.py", "adduser", f"a-{name}", "--role", name]
        known = environ | {"PM_PASSWORD": PASSWORD}
        subprocess.run(words, cwd=BASE, env=known, check=True, stdout=subprocess.DEVNULL)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(8)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _ready(site: Site) -> bool:
    assert site.process.poll() is None, "PM ended: see pm.log"
    try:
        with urllib.request.urlopen(f"{site.url}/readyz", timeout=2) as answer:
            links = json.load(answer)["links"]
            return bool(answer.status == 200 and links == dict.fromkeys(site.traders, "online"))
    except OSError:
        return False


def missing() -> str:
    """Give what of a browser is missing here; empty where nothing is."""
    return next((name for name in ("chromium", "chromedriver") if not shutil.which(name)), "")


def require_browser() -> None:
    """Skip the test where there is no browser; in CI that is a failure."""
    found = missing()
    if found and os.environ.get("CI") == "true":
        pytest.fail(f"{found} is missing, and CI must not skip the browser's tests")
    if found:
        pytest.skip(f"{found} is not installed")


def open_browser(width: int = 1440, height: int = 900) -> webdriver.Chrome:
    """Give a headless chromium whose log keeps violations and errors."""
    options = Options()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    browser.set_page_load_timeout(30)
    return browser
