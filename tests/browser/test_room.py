"""Every figure has room: with the largest values no text touches its neighbour, at any width."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from selenium.webdriver import Chrome

from tests.browser.conftest import Console
from tests.browser.site import Site, position, running_site, strategy, wait_for
from tests.processes.product import VENUES
from venues.contract.states import Kill, StrategyState

LONG = "Cross-exchange statistical arbitrage with funding overlay"
REWARD = Decimal("-12345.6")
MILLION = {"max_strategy_loss": "1000000", "stop_loss_dollars": "99999.99"}
NEAR = {"max_strategy_loss": "400000"}

# The boxes of what is to be seen in each row: words, figures, fields, badges, buttons and meters, cut off
# where an ancestor cuts them off. Two on one line that are nearer than 3 px touch; what leaves its row too.
TOUCHING = """
const WHOLE = '.badge, .btn, .n, input, meter, .money';
const NEAR = 3;
function cut(box, element, row) {
  for (let one = element; one; one = one.parentElement) {
    const style = getComputedStyle(one);
    if (style.visibility === 'hidden' || style.clipPath !== 'none') return null;
    if (style.overflowX === 'visible') continue;
    const edge = one.getBoundingClientRect();
    const padding = style.textOverflow === 'ellipsis' ? parseFloat(style.paddingRight) : 0;
    box = {left: Math.max(box.left, edge.left), right: Math.min(box.right, edge.right - padding),
           top: Math.max(box.top, edge.top), bottom: Math.min(box.bottom, edge.bottom)};
  }
  return box.right - box.left > 1 && box.bottom - box.top > 1 ? box : null;
}
function leaves(row) {
  const found = [];
  const add = (box, element, words) => {
    const seen = box.width && box.height ? cut(box, element, row) : null;
    let flow = element;  // what flows together in a phrase stands as near as words do
    while (getComputedStyle(flow).display === 'inline') flow = flow.parentElement;
    if (seen) found.push({left: seen.left, right: seen.right, top: seen.top, bottom: seen.bottom, words, flow,
                          button: element.matches('.btn')});
  };
  for (const whole of row.querySelectorAll(WHOLE)) {
    add(whole.getBoundingClientRect(), whole, whole.value ?? whole.textContent.trim());
  }
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    if (!text.textContent.trim() || text.parentElement.closest(WHOLE)) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    for (const box of range.getClientRects()) add(box, text.parentElement, text.textContent.trim());
  }
  return found;
}
const said = [];
for (const row of document.querySelectorAll(arguments[0])) {
  const edge = row.getBoundingClientRect();
  const all = leaves(row);
  all.forEach((one, place) => {
    if (one.left < edge.left - 1 || one.right > edge.right + 1) said.push(`${one.words} leaves its row`);
    for (const other of all.slice(place + 1)) {
      const [first, second] = one.left <= other.left ? [one, other] : [other, one];
      const apart = one.flow !== other.flow && !(one.button && other.button);
      const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (height > 4 && second.left - first.right < NEAR && apart)
        said.push(`${first.words} | ${second.words}: ${(second.left - first.right).toFixed(1)}`);
    }
  });
}
return said;
"""


def killed(state: StrategyState, epoch_state: str, left: Decimal | None = None) -> StrategyState:
    kill = Kill(
        epoch=12, at="2026-11-22T11:58:41Z", cause="operator", total_pnl=state.total_pnl,
        limit=state.limits.max_strategy_loss, left=left, tries=12, state=epoch_state,
    )  # fmt: skip
    return replace(state, is_killed=True, epoch=12, kill=kill)


def extremes() -> list[StrategyState]:
    """Strategies with the largest figures and the longest names that a trader may report."""
    large = position("short", "1234567", "8.765432", "8.876543", "9.987654", "-137174.04")
    dear = position("long", "71.25", "123456.7", "123456.78", "1234.56", "-99.99")
    cheap = position("short", "987654321", "0.00001234", "0.00001235", "0.00002471", "-9.87")
    pnl, loss = Decimal("-123456.78"), Decimal("-654321.09")
    lost = {"total_pnl": loss, "drawdown": -loss, "model_reward": Decimal("-9999.9")}
    return [
        strategy("Large", "1000PEPE", total_pnl=pnl, model_reward=REWARD, position=large, **MILLION),
        strategy(LONG, "xyz:LONGNAME", total_pnl=Decimal("999999.99"), position=dear, enabled=False),
        strategy("Mean reversion", "kPEPE", total_pnl=Decimal("-304000.01"), position=cheap, **NEAR),
        killed(strategy(LONG, "1000BONK", **lost), "flat_confirmed"),
        killed(strategy("Closing", "BTC", position=large, **lost), "gate_closed", Decimal(1234567)),
    ]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory, browser: Chrome) -> Iterator[Site]:
    """PM with both traders, and all of their figures as large as they get."""
    with running_site(tmp_path_factory.mktemp("crowded"), **dict.fromkeys(VENUES, extremes())) as running:
        for trader in running.traders.values():
            trader.account = replace(trader.account, equity=Decimal("123456789.12"))
        yield running
        browser.get("about:blank")


@pytest.mark.parametrize("width", [390, 768, 1000, 1024, 1280, 1440, 1920, 2560])
def test_the_largest_figures_touch_nothing(crowded: Site, browser: Chrome, width: int) -> None:
    console = Console(browser, crowded, VENUES[0]).sign_in()
    command = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", command)
    try:
        wait_for(lambda: console.all("tbody.killed"))
        field = console.field("1000PEPE", "risk_per_trade")
        console.run("arguments[0].scrollIntoView({block: 'center'})", field)
        console.type_into("1000PEPE", "risk_per_trade", "2")
        assert console.run(TOUCHING, ".row, .risk :is(thead, tfoot) tr, .top") == []
        assert console.run("return document.documentElement.scrollWidth") <= width
        script = (
            "const table = document.getElementById('table'); return table.scrollWidth - table.clientWidth"
        )
        assert console.run(script) <= 0
        for name in ("stop_loss_dollars", "max_strategy_loss"):
            field = console.field("1000PEPE", name)
            assert console.run("return arguments[0].scrollWidth - arguments[0].clientWidth", field) <= 0
        if width == 1440:  # a name of usual length is whole on a usual screen
            for part in (".name a", ".src"):
                cell = console.one(f"{console.row('kPEPE')} {part}")
                assert console.run("return arguments[0].scrollWidth - arguments[0].clientWidth", cell) <= 0
        console.press(f"{console.row('1000PEPE')} [data-action=undo]")
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
