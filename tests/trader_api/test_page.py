"""The trader's own page: every strategy in the sidebar, the account beside it, nothing to edit."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.trader_api.asgi_client import Socket
from tests.trader_api.conftest import Ask
from tests.trader_api.fake_engine import BTC, ETH, FakeEngine, trade
from venues.contract.states import Kill

AT = "2026-11-22T08:00:00Z"


async def heard(page: Socket) -> str:
    return str((await page.talk.receive_output(3))["text"])


def text(markup: str) -> str:
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", markup)).strip()


@pytest.fixture
def busy(engine: FakeEngine) -> FakeEngine:
    """One strategy in a trade, one disabled, one closed trade."""
    engine.move(BTC, "-12.34")
    engine.states[ETH] = replace(engine.states[ETH], enabled=False, model_reward=None)
    engine.closed = [replace(trade(7), pnl=Decimal("-88.02"), closed_by="stop")]
    return engine


async def test_the_sidebar_names_every_strategy_with_reward_and_badge(busy: FakeEngine, anyone: Ask) -> None:
    answer = await anyone("GET", "/")
    assert answer.status == 200
    side = text(answer.body.decode().split('id="side"')[1].split("</ul>")[0])
    for words in ("Momentum", "R: 123.4", "Active", "Mean-Reversion", "Disabled", "xyz:TSLA"):
        assert words in side


async def test_the_page_shows_account_positions_orders_and_trades(busy: FakeEngine, anyone: Ask) -> None:
    shown = text((await anyone("GET", "/")).body.decode())
    for words in (
        "10\u202f012.50",
        "Open positions",
        "0 .012",
        "63\u202f801",
        "\u221288.02",
        "stop",
        "PAPER",
    ):
        assert words in shown


async def test_there_is_nothing_to_press_and_nothing_to_fill_in(busy: FakeEngine, anyone: Ask) -> None:
    markup = (await anyone("GET", "/")).body.decode()
    for tag in ("<form", "<input", "<button", "<select", "<dialog", "onclick", "style="):
        assert tag not in markup
    side = markup.split("<aside")[1].split("</aside>")[0]
    assert "<a " not in side


async def test_a_kill_is_pushed_to_the_page(busy: FakeEngine, socket: Callable[..., Socket]) -> None:
    async with socket("/ws/page", {}) as page:
        seen = ""
        while 'id="trades"' not in seen:
            seen += await heard(page)
        assert "KILLED" not in seen
        killed = replace(busy.states[BTC], is_killed=True, kill=Kill(0, AT, "loss", state="flat_confirmed"))
        busy.put("kill", BTC, killed)
        while 'class="badge killed"' not in seen:
            seen += await heard(page)


async def test_a_page_elsewhere_gets_no_socket(socket: Callable[..., Socket]) -> None:
    async with socket("/ws/page", {}, client="203.0.113.9") as page:
        assert not page.accepted
