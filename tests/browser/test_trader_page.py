"""The trader's own page in a browser: live, clean, and nothing happens where one clicks."""

import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.screenshots import running_trader, trader_process
from tests.browser.site import free_port, wait_for
from tests.browser.test_page import RUN_AXE
from tests.processes.product import VENUES


@pytest.mark.parametrize("venue", VENUES)
def test_the_trader_page_is_live_accessible_and_edits_nothing(
    browser: Chrome, axe: str, tmp_path: Path, venue: str
) -> None:
    with running_trader(tmp_path, venue) as url:
        browser.get(url)
        assert browser.find_element(By.CSS_SELECTOR, "header").text.startswith(f"{venue} trader")
        beats = "return document.getElementById('links').dataset.now"
        first = browser.execute_script(beats)
        wait_for(lambda: browser.execute_script(beats) != first, 5)
        before = browser.execute_script("return document.querySelectorAll('*').length")
        for name in browser.find_elements(By.CSS_SELECTOR, "#side li > :first-child")[:3]:
            browser.execute_script("arguments[0].click()", name)
        assert browser.current_url == url
        assert browser.execute_script("return document.querySelectorAll('*').length") == before
        assert not browser.find_elements(By.CSS_SELECTOR, "dialog, input, button, form")
        browser.execute_script(axe)
        for theme in ("light", "dark"):
            browser.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
            assert browser.execute_async_script(RUN_AXE) == []
        complaints = browser.get_log("browser")  # type: ignore[no-untyped-call]
        browser.get("about:blank")
    assert complaints == []


# What is still shown as live: a green mark, or a figure in the ink of what is known.
LIVE = """
const probe = document.body.appendChild(document.createElement('i'));
const shade = (name) => {
  probe.style.setProperty('color', `var(${name})`);
  return getComputedStyle(probe).color;
};
const [green, ink] = [shade('--green'), shade('--ink')];
probe.remove();
const marks = [...document.querySelectorAll('.badge.active svg, .ok')];
const figures = [...document.querySelectorAll('.figure, .totals div:not(.stop) dd, .list td, .side li')];
return marks.filter((one) => getComputedStyle(one).color === green).length
  + figures.filter((one) => getComputedStyle(one).color === ink).length;
"""
ENDINGS: dict[str, Callable[[subprocess.Popen[bytes]], object]] = {
    "frozen": lambda process: process.send_signal(signal.SIGSTOP),
    "ended": lambda process: process.kill(),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("venue", VENUES)
def test_the_page_of_a_silent_trader_says_so_and_shows_nothing_as_live(
    browser: Chrome, tmp_path: Path, venue: str, ending: str
) -> None:
    def text(selector: str) -> str:
        script = "return document.querySelector(arguments[0])?.innerText ?? ''"
        return str(browser.execute_script(script, selector))

    def banner() -> bool:
        return bool(browser.find_element(By.ID, "lost").is_displayed())

    port = free_port()
    with trader_process(tmp_path, venue, port) as process:
        browser.get(f"http://127.0.0.1:{port}/")
        wait_for(lambda: "live" in text("#links"))
        assert browser.execute_script(LIVE) > 10
        assert not banner()
        strategies = text("#side")
        ENDINGS[ending](process)
        wait_for(banner, 10)
        said = text("#lost")
        assert re.match(
            r"Nothing heard for [5-9][\d.]*\u202fs. Everything below is from [\d:]{8} UTC\.", said
        )
        assert "only the stops that rest at the venue protect its open trades" in said
        assert "live" not in text("#links")
        assert "silent" in text("#links")
        assert browser.execute_script(LIVE) == 0
        assert text("#side") == strategies  # what was last known stays, and so do the kills
        if ending == "frozen":
            process.send_signal(signal.SIGCONT)
            wait_for(lambda: not banner(), 10)
    if ending == "ended":
        with trader_process(tmp_path, venue, port):
            wait_for(lambda: not banner(), 10)
            wait_for(lambda: "live" in text("#links"))
            assert browser.execute_script(LIVE) > 10
            browser.get("about:blank")
    browser.get("about:blank")
    browser.get_log("browser")  # type: ignore[no-untyped-call]  # a socket that finds nobody is told of there
