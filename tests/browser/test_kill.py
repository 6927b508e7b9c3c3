"""A kill on the page, its reset, the switch, the drawer; and silence."""

import re
import time
from dataclasses import replace
from decimal import Decimal

from selenium.webdriver import Keys

from tests.browser.conftest import Console, once
from tests.browser.site import wait_for
from tests.browser.test_editing import key

SOURCES_OFFLINE = """
const rows = [...document.querySelectorAll('tbody.silent tr[data-source]')];
return [...new Set(rows.map((row) => row.dataset.source))];
"""
AS_SERVED = """
const request = new XMLHttpRequest();
request.open('GET', '/', false);
request.send();
const page = new DOMParser().parseFromString(request.responseText, 'text/html');
return page.querySelector('#foot-lacks').textContent;
"""


def test_a_kill_shows_within_two_seconds_and_a_reset_names_it(console: Console) -> None:
    trader = console.trader
    trader.report(key("SUI"), total_pnl=Decimal("-50.42"))
    begun = time.monotonic()
    trader.trip(key("SUI"))
    wait_for(lambda: "KILLED" in console.cell("SUI", "status"), 2)
    assert time.monotonic() - begun < 2
    assert "at −50.42" in console.cell("SUI", "kill")
    wait_for(lambda: str(console.browser.title).startswith("(1 killed)"))
    assert "KILLED" in console.run("return document.getElementById('alarm').textContent")
    switch = f"{console.row('SUI')} [data-action=enabled]"
    assert console.all(f"{switch}:disabled")
    console.press(f"{console.row('SUI')} [data-action=reset]")
    said = wait_for(lambda: console.text("#question"))
    for words in ("−50.42", "loss", "50.00", "Trading starts again at once", "epoch 1 begins"):
        assert words in said
    console.press("#question [data-action=confirm]")
    wait_for(lambda: console.cell("SUI", "status") == "Active")
    assert not trader.states[key("SUI")].is_killed
    wait_for(lambda: console.all(f"{switch}:enabled"))
    wait_for(lambda: not str(console.browser.title).startswith("("))


def test_kill_stands_in_the_drawer_and_acts_at_once(console: Console) -> None:
    console.press(f"{console.row('AVAX')} .name a")
    console.one("#drawer [data-action=kill]")
    assert "Drawdown ($)" in console.text("#drawer")
    console.press("#drawer [data-action=kill]")
    wait_for(lambda: console.trader.states[key("AVAX")].is_killed)
    wait_for(lambda: "KILLED" in console.cell("AVAX", "status"))
    wait_for(lambda: "operator" in console.text("#drawer-live"))
    wait_for(lambda: "nothing trades until a reset" in console.text("#drawer-live"))
    assert console.all("#drawer [data-action=kill]:disabled")
    console.press("#drawer-reset")
    console.press("#question [data-action=confirm]")
    wait_for(lambda: not console.trader.states[key("AVAX")].is_killed)
    wait_for(lambda: console.all("#drawer [data-action=kill]:enabled"))
    console.press("#drawer [data-action=leave]")
    assert not console.text("#drawer")


def test_a_button_that_is_pressed_stays_while_the_drawer_follows(console: Console) -> None:
    console.press(f"{console.row('TIA')} .name a")
    console.one("#drawer [data-action=kill]")
    console.run(
        "document.querySelector('#drawer [data-action=kill]').focus(); window.held = document.activeElement"
    )
    console.trader.report(key("TIA"), total_pnl=Decimal("-3.33"))
    wait_for(lambda: "−3.33" in console.text("#drawer-live"))
    assert console.run("return document.activeElement === window.held")
    console.run("window.held.click()")
    wait_for(lambda: console.all("#drawer [data-action=kill]:disabled"))
    assert console.run("return document.getElementById('drawer').contains(document.activeElement)")
    console.trader.report(key("TIA"), is_killed=False, kill=None, epoch=1)
    wait_for(lambda: console.all("#drawer [data-action=kill]:enabled"))
    console.press("#drawer [data-action=leave]")


def test_the_switch_disables_at_once_and_keeps_what_is_typed(console: Console) -> None:
    console.type_into("OP", "stop_loss_dollars", "4")
    console.press(f"{console.row('OP')} [data-action=enabled]")
    wait_for(lambda: not console.trader.states[key("OP")].enabled)
    wait_for(lambda: console.cell("OP", "status") == "Disabled")
    wait_for(lambda: not console.is_on("OP"))
    assert console.value("OP", "stop_loss_dollars") == "4.00"
    assert console.text("#unsaved") == "1 unsaved row"
    console.field("OP", "stop_loss_dollars").send_keys(Keys.ENTER)
    wait_for(lambda: console.trader.states[key("OP")].limits.stop_loss_dollars == 4)
    console.press(f"{console.row('OP')} [data-action=enabled]")
    wait_for(lambda: console.trader.states[key("OP")].enabled)


@once
def test_a_silent_pm_raises_the_stale_banner_and_a_waking_one_clears_it(console: Console) -> None:
    wait_for(lambda: not console.one("#stale").is_displayed(), 20)
    console.site.freeze()
    try:
        wait_for(lambda: console.one("#lost").is_displayed(), 8)
        assert console.one("#stale").is_displayed()
        assert console.run("return document.body.classList.contains('lost')")
        assert "live" not in console.text("#links")
        assert "silent" in console.text("#links")
    finally:
        console.site.thaw()
    wait_for(lambda: not console.one("#stale").is_displayed(), 15)
    wait_for(lambda: "silent" not in console.text("#links"))


def test_rows_of_an_offline_trader_are_never_shown_as_live(console: Console) -> None:
    trader = console.trader
    trader.stop()
    try:
        wait_for(lambda: console.cell("DOGE", "status") == "was Active", 20)
        assert f"{console.source} has been silent" in console.text("#stale")
        assert "Nobody watches Max DD there: only the stops that rest" in console.text("#stale")
        assert console.run(SOURCES_OFFLINE) == [console.source]
        sums = wait_for(lambda: console.text("#foot-lacks:not([hidden])"))
        assert re.fullmatch(rf"\* {console.source} as of \d+ \w+ [\d:]+ UTC", sums)
        assert console.text("#foot .pnl").endswith("*")
        assert console.text("#foot .worth").endswith("*")
        page = str(console.run(AS_SERVED))
        assert sums in page  # the page marks by itself what PM marks in a new one
        tighter = round(trader.states[key("DOGE")].limits.stop_loss_dollars / 2, 2)  # whatever was left there
        console.type_into("DOGE", "stop_loss_dollars", str(tighter)).send_keys(Keys.ENTER)
        wait_for(lambda: f"Pending: {console.source} offline since" in console.cell("DOGE", "notes"), 20)
    finally:
        trader.start()
    wait_for(lambda: trader.states[key("DOGE")].limits.stop_loss_dollars == tighter, 10)
    wait_for(lambda: console.text(f"{console.row('DOGE')} [data-cell=sync]") == "Applied", 10)
    wait_for(lambda: console.cell("DOGE", "status") == "Active")
    wait_for(lambda: console.all("#foot-lacks[hidden]"))
    assert "*" not in console.text("#foot")


def test_a_kill_that_is_not_flat_says_so_and_offers_no_reset(console: Console) -> None:
    trader = console.trader
    trader.flat = False
    try:
        trader.trip(key("TIA"))
        wait_for(lambda: "KILLED closing" in console.cell("TIA", "status"))
        assert not console.all(f"{console.row('TIA')} [data-action=reset]")
    finally:
        trader.flat = True
        kill = trader.states[key("TIA")].kill
        assert kill is not None
        trader.report(key("TIA"), kill=replace(kill, state="flat_confirmed"))
    wait_for(lambda: console.all(f"{console.row('TIA')} [data-action=reset]"))
