"""The trader's own page in a browser: live, clean, and nothing happens where one clicks."""

from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.screenshots import running_trader
from tests.browser.site import wait_for
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
