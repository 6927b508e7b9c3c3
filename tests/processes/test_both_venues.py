"""Two traders on two venues under one console: a browser, a bulk update, a crash, a fall of the market."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys

from tests.browser.conftest import Console
from tests.browser.site import Site, open_browser, require_browser, wait_for
from tests.processes.product import (
    ADMIN_PASSWORD,
    BTC_JANUARY,
    VENUES,
    Product,
    recorded_fall,
    strategy,
)
from venues.serving.numerals import exact

ROW = {"strategy_id": "momentum", "symbol": "BTC"}
LIMITS: dict[str, Any] = {"stop_loss_dollars": 40, "max_strategy_loss": 50}  # the stop 8 % away


class Both:
    """A supervised product with both traders; asks each trader and account in turn."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.price = product.mark()

    def each(self, ask: Callable[[], Any]) -> dict[str, Any]:
        """Give what `ask` gives with the product turned to each venue."""
        answers = {}
        for venue in VENUES:
            self.product.venue = venue
            answers[venue] = ask()
        return answers

    def eventually(self, probe: Callable[[], Any], limit_s: float, what: str) -> None:
        self.product.eventually(lambda: all(self.each(probe).values()), limit_s, what)

    def online(self) -> bool:
        """Tell whether the trader answers, PM hears it, and its row is as PM wants it."""
        product = self.product
        return (
            product.trader_answers()
            and product.source()["status"] == "online"
            and product.row()["sync"] == "applied"
        )

    def move(self, factor: str) -> None:
        """Move the market to a multiple of the price that it began with."""
        self.product.price("BTC", (self.price * Decimal(factor)).quantize(Decimal(1)))

    def begin_again(self) -> None:
        """Have each trader hold a trade with its stop: the first price, the usual limits, no kill."""
        product = self.product
        self.eventually(self.online, 40, "both online")
        for venue in VENUES:
            product.venue = venue
            if product.row()["is_killed"]:
                assert product.order("reset-kill-switch").status_code == 200
            assert product.change(**LIMITS).status_code == 200
        self.move("1")
        self.eventually(lambda: product.size() > 0 and len(product.stops()) == 1, 60, "a trade on each venue")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Both traders and a market in which a minute takes three seconds, for all tests of this module."""
    product = Product(tmp_path_factory.mktemp("both"), supervised=True, strategies=strategy(), speed="20")
    try:
        yield Both(product.start())
    finally:
        product.stop()


@pytest.fixture
def both(shared: Both) -> Both:
    """The same with a trade open at each venue."""
    shared.begin_again()
    return shared


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    require_browser()
    found = open_browser()
    yield found
    found.quit()


@pytest.fixture(params=VENUES)
def source(request: pytest.FixtureRequest, both: Both) -> str:
    """Each trader, with the product turned to it."""
    both.product.venue = str(request.param)
    return both.product.venue


@pytest.fixture
def console(browser: Chrome, both: Both, source: str) -> Iterator[Console]:
    """The risk table in a browser, and on it the rows of one source; nothing may be in the browser's log."""
    product = both.product
    site = Site(product.ports["pm"], {}, product.processes["supervisor"])
    yield (found := Console(browser, site, source).sign_in("admin", ADMIN_PASSWORD))
    assert found.complaints() == []
    browser.get("about:blank")


def trigger_of(product: Product) -> Decimal:
    return Decimal(product.stops()[0]["trigger_price"])


@pytest.mark.browser
def test_a_stop_loss_typed_in_a_browser_moves_the_stop_at_the_venue(console: Console, both: Both) -> None:
    product = both.product
    before, revision = trigger_of(product), console.revision("BTC")
    console.type_into("BTC", "stop_loss_dollars", "30").send_keys(Keys.ENTER)
    wait_for(lambda: console.revision("BTC") == revision + 1)
    assert console.text(f"{console.row('BTC')} [data-cell=sync]") == "Applied"
    assert product.trader_row()["stop_loss_dollars"] == 30
    product.eventually(
        lambda: len(product.stops()) == 1 and trigger_of(product) > before, 5, "it moved alone"
    )
    trigger = trigger_of(product)
    title = f"return document.querySelector('{console.row('BTC')} [data-cell=position]').title"
    wait_for(lambda: str(console.run(title)).endswith(f"stop rests at {exact(trigger)}"))


@pytest.mark.browser
def test_a_kill_by_price_shows_in_the_browser_and_its_reset_trades_again(
    console: Console, both: Both
) -> None:
    product = both.product
    revision = console.revision("BTC")
    console.type_into("BTC", "max_strategy_loss", "10").send_keys(Keys.ENTER)
    wait_for(lambda: console.revision("BTC") == revision + 1)
    assert product.trader_row()["max_strategy_loss"] == 10
    both.move("0.97")
    wait_for(lambda: "KILLED" in console.cell("BTC", "status"), 2)
    wait_for(lambda: "flat confirmed" in console.cell("BTC", "kill"), 15)
    assert "limit 10.00, cause loss" in console.cell("BTC", "kill")
    assert product.trader_row()["is_killed"]
    assert product.size() == 0
    assert not product.stops()
    console.press(f"{console.row('BTC')} [data-action=reset]")
    assert f"momentum of a test BTC on {console.source}?" in wait_for(lambda: console.text("#question"))
    console.press("#question [data-action=confirm]")
    wait_for(lambda: console.cell("BTC", "status") == "Active")
    product.eventually(lambda: product.size() > 0, 10, "a trade after the reset")
    wait_for(lambda: console.cell("BTC", "position").startswith("Long"))


def test_bulk_update_tells_both_traders_and_gives_a_result_per_row(both: Both) -> None:
    product = both.product
    updates = [{"source": venue, **ROW, "stop_loss_dollars": 4} for venue in VENUES]
    answer = product.api("POST", "/api/risk/bulk-update", {"updates": updates}, product.token())
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [(one["source"], one["status"]) for one in results] == [(venue, "applied") for venue in VENUES]
    assert both.each(lambda: product.trader_row()["stop_loss_dollars"]) == dict.fromkeys(VENUES, 4)


def test_a_trader_that_dies_is_online_within_five_seconds_and_the_other_untouched(
    both: Both, source: str
) -> None:
    product = both.product
    before = both.each(lambda: product.pid(product.venue))
    product.venue = source
    product.kill9(source)
    product.eventually(lambda: product.restarted(source, before[source]), 4, "restarted")
    product.eventually(both.online, 5, "online again")
    after = both.each(lambda: product.pid(product.venue))
    assert [venue for venue in VENUES if after[venue] != before[venue]] == [source]
    assert all(both.each(both.online).values())


def test_one_fall_kills_both_and_each_equals_its_account(both: Both) -> None:
    product = both.product
    both.each(lambda: product.change(max_strategy_loss=15, stop_loss_dollars=5))
    both.eventually(lambda: len(product.stops()) == 1, 10, "the tighter stops alone")
    both.move("0.9")
    both.eventually(lambda: product.row()["is_killed"], 15, "both killed")
    both.eventually(lambda: product.row()["kill"]["state"] == "flat_confirmed", 30, "both confirmed flat")
    assert both.each(product.size) == dict.fromkeys(VENUES, 0)
    assert not any(both.each(product.stops).values())
    both.eventually(product.agrees, 10, "each account to the cent")
    assert all(row["total_pnl"] < -15 for row in both.each(product.row).values())


@pytest.mark.skipif(not BTC_JANUARY.is_file(), reason=f"no market data at {BTC_JANUARY}")
def test_a_recorded_fall_kills_both_and_each_equals_its_account(tmp_path: Path) -> None:
    product = Product(
        tmp_path, supervised=True, strategies=strategy(), feed=recorded_fall(tmp_path), speed="600",
        environment={"MAX_RISK_PER_TRADE": "20"},
    )  # fmt: skip
    try:
        both = Both(product.start())
        both.eventually(both.online, 40, "both online")
        both.each(lambda: product.change(risk_per_trade=20, stop_loss_dollars=80, max_strategy_loss=50))
        both.each(lambda: product.order("close"))  # what opens next is large enough to lose 50
        both.eventually(lambda: product.row()["is_killed"], 120, "both killed by the fall")
        both.eventually(lambda: product.row()["kill"]["state"] == "flat_confirmed", 60, "both confirmed flat")
        kills = both.each(lambda: product.row()["kill"])
        assert all(kill["cause"] == "loss" and kill["total_pnl"] < -50 for kill in kills.values())
        assert both.each(product.size) == dict.fromkeys(VENUES, 0)
        assert not any(both.each(product.stops).values())
        both.eventually(product.agrees, 10, "each account to the cent")
    finally:
        product.stop()
