"""PM as a process of its own with a trader beside it, and a chromium that looks at it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

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
    "import django; django.setup();"
    "from portfolio.management.commands.prepare import prepare_pm; prepare_pm();"
    # The one trader of these tests: another would be offline, and the page would rightly say so.
    "from portfolio.models import Trader; Trader.objects.exclude(source='hyperliquid').delete()"
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
    """PM on a port of its own, with the trader that it follows."""

    port: int
    trader: FakeTrader
    process: subprocess.Popen[bytes]

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
def running_site(directory: Path, *strategies: StrategyState) -> Iterator[Site]:
    """Run PM and a trader with these strategies; both end with the block."""
    port = free_port()
    trader = FakeTrader(*strategies)
    with trader:
        environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        environ |= {
            "VAR_DIR": str(directory), "ENV_FILE": str(directory / "none"), "PM_PORT": str(port),
            "HYPERLIQUID_PORT": str(trader.port), "HYPERLIQUID_TRADER_TOKEN": trader.token,
            "PM_ADMIN_PASSWORD": PASSWORD,
        }  # fmt: skip
        settings = {"DJANGO_SETTINGS_MODULE": "portfolio.settings"}
        subprocess.run([sys.executable, "-c", PREPARE], cwd=BASE, env=environ | settings, check=True)
        for name in ("viewer", "operator"):
            words = [sys.executable, "manage.py", "adduser", f"a-{name}", "--role", name]
            subprocess.run(
                words,
                cwd=BASE,
                env=environ | {"PM_PASSWORD": PASSWORD},
                check=True,
                stdout=subprocess.DEVNULL,
            )
        with (directory / "pm.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "runpm"], cwd=BASE, env=environ, stdout=log, stderr=log
            )
            try:
                site = Site(port, trader, process)
                wait_for(lambda: _ready(site, len(strategies)), 30)
                yield site
            finally:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                try:
                    process.wait(8)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _ready(site: Site, strategies: int) -> bool:
    assert site.process.poll() is None, "PM ended: see pm.log"
    try:
        with urllib.request.urlopen(f"{site.url}/readyz", timeout=2) as answer:
            return answer.status == 200 and b"online" in answer.read()
    except OSError:
        return False


def missing() -> str:
    """Give what of a browser is missing here; empty where nothing is."""
    return next((name for name in ("chromium", "chromedriver") if not shutil.which(name)), "")


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
