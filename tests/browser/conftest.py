"""One PM, one trader and one chromium for the tests of a worker; each test edits a row of its own."""

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
    missing,
    open_browser,
    position,
    running_site,
    strategy,
    wait_for,
)

SYMBOLS = ("BTC", "ETH", "SOL", "HYPE", "SUI", "AVAX", "LINK", "XRP", "DOGE", "ARB", "OP", "TIA")
EXPECTED = ("status of 409", "status of 422")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser's tests together: each worker that has one starts a PM."""
    for item in items:
        if "/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """PM and its trader, with one strategy for every symbol."""
    found = missing()
    if found and os.environ.get("CI") == "true":
        pytest.fail(f"{found} is missing, and CI must not skip the browser's tests")
    if found:
        pytest.skip(f"{found} is not installed")
    trade = position("long", "0.012", "64210.5", "64198.0", "63801.0", "-0.15")
    strategies = [strategy(f"Strategy {symbol}", symbol, position=trade) for symbol in SYMBOLS]
    with running_site(tmp_path_factory.mktemp("site"), *strategies) as running:
        yield running


@pytest.fixture(scope="session")
def browser(site: Site) -> Iterator[Chrome]:
    """A chromium."""
    found = open_browser()
    yield found
    found.quit()


class Console:
    """The risk table page in one window."""

    def __init__(self, browser: Chrome, site: Site) -> None:
        self.browser, self.site = browser, site

    def sign_in(self, name: str = "a-operator") -> "Console":
        self.browser.get(f"{self.site.url}/healthz")
        self.browser.delete_all_cookies()
        self.browser.get(f"{self.site.url}/login")
        self.browser.find_element(By.NAME, "username").send_keys(name)
        self.browser.find_element(By.NAME, "password").send_keys(f"{PASSWORD}\n")
        wait_for(lambda: self.all("main[data-ready]"))
        return self

    def load(self, path: str = "/") -> "Console":
        self.browser.get(f"{self.site.url}{path}")
        wait_for(lambda: self.all("main[data-ready]"))
        return self

    def all(self, selector: str) -> list[WebElement]:
        return list(self.browser.find_elements(By.CSS_SELECTOR, selector))

    def one(self, selector: str) -> WebElement:
        found: list[WebElement] = wait_for(lambda: self.all(selector))
        return found[0]

    def row(self, symbol: str) -> str:
        """The selector of a row's body."""
        return f'tbody:has(tr[data-symbol="{symbol}"])'

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
        return int(self.run(script, f'tr[data-symbol="{symbol}"]'))

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
def console(browser: Chrome, site: Site) -> Iterator[Console]:
    """The page, with an operator signed in; what the browser complains of afterwards fails the test."""
    browser.switch_to.window(browser.window_handles[0])
    found = Console(browser, site).sign_in()
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
