"""One PM, its traders and one chromium for the tests of a worker; each test edits a row of its own.

A test runs once for each trader's rows; `once` marks those that are about the page as a whole.
"""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser.site import (
    PASSWORD,
    Site,
    open_browser,
    position,
    require_browser,
    running_site,
    strategy,
    wait_for,
)
from tests.pm.fake_trader import FakeTrader
from tests.processes.product import VENUES

SYMBOLS = ("BTC", "ETH", "SOL", "HYPE", "SUI", "AVAX", "LINK", "XRP", "DOGE", "ARB", "OP", "TIA")
EXPECTED = ("status of 409", "status of 422")
once = pytest.mark.parametrize("source", VENUES[:1])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser's tests together: each worker that has one starts a PM."""
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """PM and its traders, each with the same strategies, one for every symbol."""
    require_browser()
    trade = position("long", "0.012", "64210.5", "64198.0", "63801.0", "-0.15")
    strategies = [strategy(f"Strategy {symbol}", symbol, position=trade) for symbol in SYMBOLS]
    with running_site(tmp_path_factory.mktemp("site"), **dict.fromkeys(VENUES, strategies)) as running:
        yield running


@pytest.fixture(scope="session")
def browser(site: Site) -> Iterator[Chrome]:
    """A chromium."""
    found = open_browser()
    yield found
    found.quit()


@pytest.fixture(params=VENUES)
def source(request: pytest.FixtureRequest) -> str:
    """Each trader: what holds for a row of one holds for the same row of the other, beside it."""
    return str(request.param)


class Console:
    """The risk table page in one window, and on it the rows of one source."""

    def __init__(self, browser: Chrome, site: Site, source: str) -> None:
        self.browser, self.site, self.source = browser, site, source

    @property
    def trader(self) -> FakeTrader:
        """The source's trader."""
        return self.site.traders[self.source]

    def sign_in(self, name: str = "a-operator", password: str = PASSWORD) -> "Console":
        """Open the page as somebody; whose session has not ended need not log in again."""
        self.browser.get(f"{self.site.url}/healthz")
        self.browser.delete_all_cookies()
        for cookie in self.site.cookies.get(name, ()):
            self.browser.add_cookie(cookie)
        self.browser.get(self.site.url)
        if self.all("input[name=username]"):
            # The field takes the focus by itself; who focuses it earlier is told of in the log.
            wait_for(lambda: self.run("return document.activeElement.name === 'username'"))
            self.browser.find_element(By.NAME, "username").send_keys(name)
            self.browser.find_element(By.NAME, "password").send_keys(f"{password}\n")
        wait_for(lambda: self.all("main[data-ready]"))
        self.site.cookies[name] = self.browser.get_cookies()
        return self

    def load(self, path: str = "/") -> "Console":
        self.browser.get(f"{self.site.url}{path}")
        wait_for(lambda: self.all("main[data-ready]"))
        return self

    def another(self) -> "Console":
        """The same page in a window of its own, which is the browser's from here on."""
        self.browser.switch_to.new_window("window")
        return Console(self.browser, self.site, self.source).load()

    def all(self, selector: str) -> list[WebElement]:
        return list(self.browser.find_elements(By.CSS_SELECTOR, selector))

    def one(self, selector: str) -> WebElement:
        found: list[WebElement] = wait_for(lambda: self.all(selector))
        return found[0]

    def row(self, symbol: str) -> str:
        """The selector of a row's body."""
        return f'tbody:has(tr[data-source="{self.source}"][data-symbol="{symbol}"])'

    def field(self, symbol: str, name: str) -> WebElement:
        return self.one(f'{self.row(symbol)} input[name="{name}"]')

    def cell(self, symbol: str, name: str) -> str:
        """The text of a live cell, read in one step: it may be replaced at any moment."""
        selector = f'{self.row(symbol)} [data-cell="{name}"]'
        return str(self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector))

    def wait_cell(self, symbol: str, name: str, text: str) -> None:
        """Wait until a live cell says this."""
        wait_for(lambda: self.cell(symbol, name) == text)

    def text(self, selector: str) -> str:
        script = "return document.querySelector(arguments[0])?.innerText ?? ''"
        return str(self.run(script, selector))

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.execute_script(script, *arguments)

    def press(self, selector: str) -> None:
        self.one(selector)
        self.run("document.querySelector(arguments[0]).click()", selector)

    def type_into(self, symbol: str, name: str, text: str) -> WebElement:
        field = self.field(symbol, name)
        field.click()
        self.run("arguments[0].select()", field)
        field.send_keys(text)
        return field

    def revision(self, symbol: str) -> int:
        script = "return Number(document.querySelector(arguments[0]).dataset.revision)"
        return int(self.run(script, f"{self.row(symbol)} tr[data-revision]"))

    def value(self, symbol: str, name: str) -> str:
        """What stands in a field, read in one step."""
        script = "return document.querySelector(arguments[0]).value"
        return str(self.run(script, f'{self.row(symbol)} input[name="{name}"]'))

    def is_on(self, symbol: str) -> bool:
        """Whether the switch of a row is on, read in one step."""
        script = "return document.querySelector(arguments[0]).checked"
        return bool(self.run(script, f"{self.row(symbol)} [data-action=enabled]"))

    def complaints(self) -> list[str]:
        """What the browser has logged: errors and violations, refusals that a test asked for aside."""
        logged = [str(entry["message"]) for entry in self.browser.get_log("browser")]  # type: ignore[no-untyped-call]
        return [said for said in logged if not any(known in said for known in EXPECTED)]


@pytest.fixture
def console(browser: Chrome, site: Site, source: str) -> Iterator[Console]:
    """The page, with an operator signed in.

    What the browser complains of afterwards fails the test, as does a changed row of another source.
    """
    others = {trader: dict(trader.states) for name, trader in site.traders.items() if name != source}
    browser.switch_to.window(browser.window_handles[0])
    found = Console(browser, site, source).sign_in()
    yield found
    for handle in browser.window_handles[1:]:
        browser.switch_to.window(handle)
        browser.close()
    browser.switch_to.window(browser.window_handles[0])
    browser.execute_script(
        "document.querySelectorAll('tbody.dirty').forEach((body) => body.classList.remove('dirty'))"
    )
    complaints = found.complaints()
    browser.get("about:blank")
    assert not complaints
    assert {trader: trader.states for trader in others} == others


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, fetched once into a cache outside the repository."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pog-pm-tests"
    script = cache / "package" / "axe.min.js"
    if not script.is_file():
        _fetch_axe(cache)
    return script.read_text()


def _fetch_axe(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(
            ["npm", "pack", "axe-core@4", "--silent"], cwd=cache, check=True, capture_output=True, timeout=120
        )
    except (OSError, subprocess.SubprocessError) as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"axe-core could not be fetched: {error}")
        pytest.skip(f"axe-core could not be fetched: {error}")
    archive = done.stdout.decode().split()[-1]
    subprocess.run(["tar", "xzf", archive], cwd=cache, check=True)


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits until a condition holds."""
    return wait_for
