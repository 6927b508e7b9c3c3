"""The page as a whole: keys, themes, accessibility, widths, roles."""

import pytest
from selenium.webdriver import ActionChains, Keys

from tests.browser.conftest import Console, once
from tests.browser.site import wait_for
from tests.browser.test_editing import key

RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ['violations']}).then(
  (found) => done(found.violations.map((one) => [one.id, ...one.nodes.map((node) => node.html)].join(' | '))),
  (error) => done([String(error)]));
"""


def violations(console: Console, axe: str) -> list[str]:
    console.browser.set_script_timeout(60)
    console.run(axe)
    found: list[str] = console.browser.execute_async_script(RUN_AXE)
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(console: Console, axe: str, theme: str) -> None:
    console.load(f"/?source={console.source}")
    console.run("document.documentElement.dataset.theme = arguments[0]", theme)
    assert violations(console, axe) == []
    console.trader.report(key("BTC"), warnings=("stop_moving",))
    console.type_into("BTC", "max_strategy_loss", "600")
    console.type_into("ETH", "max_strategy_loss", "x").send_keys(Keys.ENTER)
    wait_for(lambda: console.text(f'{console.row("ETH")} [data-error="max_strategy_loss"]'))
    console.press(f"{console.row('ETH')} .name a")
    console.one("#drawer [data-action=kill]")
    assert violations(console, axe) == []
    console.field("BTC", "max_strategy_loss").send_keys(Keys.ENTER)
    wait_for(lambda: console.text("#question"))
    assert violations(console, axe) == []
    console.press("#question [data-action=cancel]")


@once
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_way_in(console: Console, axe: str, theme: str) -> None:
    console.browser.delete_all_cookies()
    console.browser.get(f"{console.site.url}/login")
    console.run("document.documentElement.dataset.theme = arguments[0]", theme)
    assert violations(console, axe) == []


def test_everything_can_be_done_with_the_keys_alone(console: Console) -> None:
    def press(*keys: str) -> None:
        ActionChains(console.browser).send_keys(*keys).perform()

    def focused(attribute: str) -> str:
        return str(console.run(f"return document.activeElement.{attribute} || ''"))

    console.run("document.activeElement.blur()")
    press("/")
    assert focused("id") == "q"
    press("LINK")
    wait_for(lambda: len(console.all("tbody.row")) == len(console.site.traders))
    press(Keys.TAB, console.source)
    wait_for(lambda: len(console.all("tbody.row")) == 1)
    assert f"q=LINK&source={console.source}" in console.browser.current_url
    press(Keys.TAB)
    for _ in range(40):
        if focused("name") == "risk_per_trade":
            break
        press(Keys.TAB)
    press(Keys.TAB)
    assert focused("name") == "stop_loss_dollars"
    before = console.revision("LINK")
    press("4,5", Keys.ENTER)
    wait_for(lambda: console.revision("LINK") == before + 1)
    assert str(console.trader.states[key("LINK")].limits.stop_loss_dollars) == "4.5"
    press(Keys.TAB, Keys.TAB)
    assert focused("dataset.action") == "enabled"
    press(Keys.SPACE)
    wait_for(lambda: not console.trader.states[key("LINK")].enabled)
    wait_for(lambda: not console.is_on("LINK"))
    assert focused("dataset.action") == "enabled"
    press(Keys.SPACE)
    wait_for(lambda: console.trader.states[key("LINK")].enabled)
    console.load("/")
    console.field("ARB", "risk_per_trade").click()
    press(Keys.ARROW_DOWN)
    wait_for(lambda: focused("name") == "risk_per_trade" and "AVAX" in focused("ariaLabel"))
    console.run("document.activeElement.blur()")
    press("?")
    wait_for(lambda: console.one("#keys").is_displayed())
    press(Keys.ESCAPE)
    wait_for(lambda: not console.one("#keys").is_displayed())


# In one step: the next heartbeat takes the words away again.
HALTED = """
const said = Object.assign(document.createElement('strong'), {className: 'bad'});
said.textContent = 'halted: venue disconnected: LIGHTER_ACCOUNT_INDEX must be set to trade on testnet.';
document.querySelector('#links li').append(said);
return document.documentElement.scrollWidth;
"""


@once
@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1440, 2560])
def test_nothing_scrolls_sideways(console: Console, width: int) -> None:
    command = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    console.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", command)
    try:
        console.press(f"{console.row('BTC')} .name a")
        console.one("#drawer [data-action=kill]")
        assert console.run("return document.documentElement.scrollWidth") <= width
        assert console.run(HALTED) <= width
        script = (
            "const table = document.getElementById('table'); return table.scrollWidth - table.clientWidth"
        )
        assert console.run(script) <= 0
    finally:
        console.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_viewer_sees_everything_and_no_control_that_acts(console: Console) -> None:
    console.sign_in("a-viewer")
    assert len(console.all("tbody.row")) > 5
    for selector in (
        ".limit input",
        "[data-action=save]",
        "[data-action=enabled]",
        "#act",
        "[data-action=reset]",
    ):
        assert not console.all(f"tbody {selector}" if selector != "#act" else selector)
    number = console.one(f"{console.row('DOGE')} tr[data-revision]").get_attribute("id")
    console.site.save_as_operator(str(number).removeprefix("row-"), {"stop_loss_dollars": "1.33"})
    wait_for(lambda: console.cell("DOGE", "stop_loss_dollars") == "1.33")
    console.press(f"{console.row('BTC')} .name a")
    wait_for(lambda: "Drawdown" in console.text("#drawer"))
    assert not console.all("#drawer [data-action=kill], #drawer form")


@once
def test_unsaved_rows_hold_the_order_and_keep_the_page(console: Console) -> None:
    console.type_into("ETH", "stop_loss_dollars", "4")
    console.type_into("ARB", "stop_loss_dollars", "2.5")
    assert console.text("#unsaved") == "2 unsaved rows"
    before = console.browser.current_url
    console.press("thead .sym a")
    wait_for(lambda: "held" in console.text("#toast"))
    assert console.browser.current_url == before
    assert console.value("ETH", "stop_loss_dollars") == "4"
    script = "const event = new Event('beforeunload', {cancelable: true}); return !dispatchEvent(event)"
    assert console.run(script) is True
    console.press(f"{console.row('ETH')} [data-action=undo]")
    console.press(f"{console.row('ARB')} [data-action=undo]")
    wait_for(lambda: not console.text("#unsaved"))
    assert console.run(script) is False
    console.press("thead .sym a")
    wait_for(lambda: "ordering=symbol" in console.browser.current_url)


@once
def test_the_end_of_a_session_ends_its_page(console: Console) -> None:
    first = console.browser.current_window_handle
    console.another().press(".account button:not(#theme)")
    wait_for(lambda: "/login" in console.browser.current_url)
    console.browser.switch_to.window(first)
    wait_for(lambda: "/login" in console.browser.current_url, 12)
    console.sign_in()


UNDER_FOOTER = """
const foot = document.querySelector('tfoot');
return [...document.querySelectorAll('.name a')].filter((name) => {
  name.scrollIntoView({ block: 'end' });
  return name.getBoundingClientRect().bottom > foot.getBoundingClientRect().top;
}).length;
"""
COVERED = """
const drawer = document.getElementById('drawer').getBoundingClientRect();
const range = document.createRange();
range.selectNodeContents(document.querySelector(arguments[0]));
return range.getBoundingClientRect().right > drawer.left;
"""


@once
def test_a_phone_keeps_its_room_for_rows_and_no_name_under_the_footer(console: Console) -> None:
    command = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    console.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", command)
    try:
        assert console.run("return document.querySelector('.top').offsetHeight") < 844 / 6
        assert console.run(UNDER_FOOTER) == 0
    finally:
        console.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@once
def test_the_drawer_lies_beside_banners_and_notes(console: Console) -> None:
    command = {"width": 1280, "height": 860, "deviceScaleFactor": 1, "mobile": False}
    console.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", command)
    try:
        console.press(f"{console.row('BTC')} .name a")
        console.one("#drawer [data-action=kill]")
        console.type_into("BTC", "max_strategy_loss", "1")
        note = f"{console.row('BTC')} [data-note=edit]"
        wait_for(lambda: console.text(note))
        assert not console.run(COVERED, note)
        console.run(
            "document.getElementById('lost').hidden = document.getElementById('stale').hidden = false"
        )
        assert not console.run(COVERED, "#lost p")
    finally:
        console.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
