"""The trader's own page in a browser: live, clean, and nothing happens where one clicks."""

from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser.screenshots import running_trader
from tests.browser.site import wait_for
from tests.browser.test_page import RUN_AXE


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_trader_page_is_live_accessible_and_edits_nothing(
    browser: Chrome, axe: str, tmp_path: Path, theme: str
) -> None:
    with running_trader(tmp_path) as url:
        browser.get(url)
        beats = "return document.getElementById('links').dataset.now"
        first = browser.execute_script(beats)
        wait_for(lambda: browser.execute_script(beats) != first, 5)
        before = browser.execute_script("return document.querySelectorAll('*').length")
        for name in browser.find_elements(By.CSS_SELECTOR, "#side li > :first-child")[:3]:
            browser.execute_script("arguments[0].click()", name)
        assert browser.current_url == url
        assert browser.execute_script("return document.querySelectorAll('*').length") == before
        assert not browser.find_elements(By.CSS_SELECTOR, "dialog, input, button, form")
        browser.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
        browser.execute_script(axe)
        assert browser.execute_async_script(RUN_AXE) == []
        complaints = browser.get_log("browser")  # type: ignore[no-untyped-call]
        browser.get("about:blank")
    assert complaints == []
