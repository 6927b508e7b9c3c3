"""No page of PM makes the browser complain: not the API's page, not its forms, not the admin."""

import pytest

from tests.browser.conftest import Console, once
from tests.browser.site import wait_for

ROW = "/api/risk/hyperliquid/strategy-btc/BTC"
FORMS = (
    "/api/risk/strategies", ROW, f"{ROW}/changes", "/api/risk/changes", "/api/traders",
    "/api/traders/hyperliquid", "/api/portfolio/summary",
)  # fmt: skip
FORMS_TO_POST = (
    f"{ROW}/enable", f"{ROW}/disable", f"{ROW}/kill", f"{ROW}/close", f"{ROW}/reset-kill-switch",
    "/api/risk/bulk-update",
)  # fmt: skip
ADMIN = tuple(
    f"/admin/{path}"
    for path in (
        "", "portfolio/trader/", "portfolio/trader/add/", "portfolio/trader/1/change/", "portfolio/strategy/",
        "riskcontrol/risksettings/", "riskcontrol/risksettings/1/change/", "riskcontrol/change/",
        "auth/user/", "auth/user/1/change/", "auth/user/add/",
    )
)  # fmt: skip
# The answer to a GET of what takes POST, whose page is the form; two fields of Django's that want the focus.
HARMLESS = {FORMS: "nothing", FORMS_TO_POST: "status of 405", ADMIN: "Autofocus processing"}


AT_THE_TITLE = """
const title = document.querySelector('h1');
const box = title.getBoundingClientRect();
return title.contains(document.elementFromPoint(box.left + 4, box.top + box.height / 2));
"""


@pytest.mark.parametrize("pages", [FORMS, FORMS_TO_POST, ADMIN], ids=["api", "forms", "admin"])
def test_no_page_breaks_its_own_policy(console: Console, pages: tuple[str, ...]) -> None:
    console.sign_in("admin")
    for path in pages:
        open_page(console, path)
    assert [said for said in console.complaints() if HARMLESS[pages] not in said] == []


def test_the_api_s_page_breaks_no_policy_while_it_is_used(console: Console) -> None:
    open_page(console, "/api/docs")
    wait_for(lambda: console.all(".opblock"))
    for block in range(3):
        console.run("document.querySelectorAll('.opblock-summary-control')[arguments[0]].click()", block)
    wait_for(lambda: len(console.all(".opblock.is-open .try-out__btn")) == 3)
    console.press(".opblock-get .try-out__btn")
    console.press(".opblock-get .execute")
    wait_for(lambda: "open_pnl" in console.text(".live-responses-table"))
    assert console.complaints() == []


@once
def test_the_api_s_page_hides_no_title_on_a_phone(console: Console) -> None:
    command = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    console.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", command)
    try:
        open_page(console, "/api/traders")
        assert console.run(AT_THE_TITLE)
        assert (
            console.run("return document.querySelector('.navbar button').getBoundingClientRect().right") < 390
        )
    finally:
        console.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def open_page(console: Console, path: str) -> None:
    console.browser.get(f"{console.site.url}{path}")
    wait_for(lambda: console.run("return document.readyState") == "complete")
