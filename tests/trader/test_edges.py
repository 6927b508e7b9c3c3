"""What an entry may still take, exactly at each edge of risk.md ("One trade", "Order gate")."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.trader.conftest import KEY, House, Told
from tests.trader.venue import btc
from venues.contract.names import StrategyKey
from venues.contract.states import Side
from venues.trader.core import Config
from venues.trader.denied import Denied
from venues.trader.gateway import Market
from venues.trader.sizing import order_size
from venues.trader.stops import Costs, check_entry_stop
from venues.trader.strategies.base import Wanted

BTC = btc()
FREE = Costs(Decimal(0), Decimal(0), Decimal(0))
SECOND, ETH = StrategyKey("second", "BTC"), StrategyKey("other", "ETH")


def passes_or_says(reason: str | None) -> AbstractContextManager[object]:
    """Give what an entry at an edge is expected to meet."""
    return nullcontext() if reason is None else pytest.raises(Denied, match=reason)


def size_of(mark: int = 100, limit: int = 100, used: str = "0", in_flight: str = "0") -> Decimal:
    return order_size(
        equity=Decimal(1000),
        risk_per_trade=Decimal(5),
        leverage=10,
        mark=Decimal(mark),
        limit_price=Decimal(limit),
        market=BTC,
        margin_used=Decimal(used),
        margin_in_flight=Decimal(in_flight),
    )


@pytest.mark.parametrize(("mark", "limit"), [(100, 125), (125, 100)])
def test_the_size_is_by_the_dearer_of_mark_and_limit(mark: int, limit: int) -> None:
    assert size_of(mark, limit) == 4


@pytest.mark.parametrize(
    ("used", "in_flight", "reason"),
    [
        ("450", "0", None),
        ("0", "450", None),
        ("450.01", "0", "less than half"),
        ("440", "10.01", "less than half"),
    ],
)
def test_exactly_half_of_equity_may_stay_free(used: str, in_flight: str, reason: str | None) -> None:
    with passes_or_says(reason):
        assert size_of(used=used, in_flight=in_flight) == 5


@pytest.mark.parametrize(("mark", "limit"), [(100, 125), (125, 100)])
def test_what_a_trade_needs_is_by_the_dearer_price_too(mark: int, limit: int) -> None:
    with passes_or_says("less than half"):
        size_of(mark, limit, used="450.01")


@pytest.mark.parametrize(
    ("market", "reason"),
    [
        (replace(BTC, min_size=Decimal("4.16666")), None),  # 1.2 times that is 4.999992
        (replace(BTC, min_size=Decimal("4.16667")), "size below minimum"),
        (replace(BTC, min_notional=Decimal("416.66")), None),
        (replace(BTC, min_notional=Decimal("416.67")), "size below minimum"),
    ],
)
def test_a_trade_is_at_least_one_fifth_above_either_minimum(market: Market, reason: str | None) -> None:
    with passes_or_says(reason):
        order_size(
            equity=Decimal(1000), risk_per_trade=Decimal(5), leverage=10,
            mark=Decimal(100), limit_price=Decimal(100), market=market,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("side", "trigger", "entry", "mark", "reason"),
    [
        ("long", "999", 1000, 1000, None),
        ("long", "999.01", 1000, 1010, "stop impossible"),
        ("long", "999.01", 1010, 1000, "stop impossible"),
        ("short", "1001", 1000, 1000, None),
        ("short", "1000.99", 1000, 990, "stop impossible"),
        ("short", "1000.99", 990, 1000, "stop impossible"),
    ],
)
def test_a_trigger_keeps_a_thousandth_from_entry_and_mark(
    side: Side, trigger: str, entry: int, mark: int, reason: str | None
) -> None:
    with passes_or_says(reason):
        check_entry_stop(side, Decimal(trigger), Decimal(entry), Decimal(mark), Decimal(1), FREE, Decimal(50))


@pytest.mark.parametrize(("room", "reason"), [("9", None), ("8.999999", "no room")])
def test_fees_of_exactly_the_room_pass(room: str, reason: str | None) -> None:
    costs = Costs(Decimal("0.0045"), Decimal("0.0045"), Decimal(0))
    with passes_or_says(reason):
        check_entry_stop("long", Decimal(900), Decimal(1000), Decimal(1000), Decimal(1), costs, Decimal(room))


@pytest.mark.parametrize(
    ("first", "second", "denied"),
    [("long", "long", False), ("short", "short", False), ("long", "short", True), ("short", "long", True)],
)
async def test_an_entry_whose_answer_is_lost_takes_a_side(
    house: House, first: Wanted, second: Wanted, denied: bool
) -> None:
    house.algorithms = {KEY: Told(first), SECOND: Told(second)}
    house.engine = house.build()
    house.venue.swallow = 1
    await house.start()
    await house.candle()
    assert house.desk().unsettled("entry")
    said = house.row(SECOND).last_denial
    assert (said is not None) is denied
    assert said is None or said.reason.startswith("opposite side")


@pytest.mark.parametrize("lost", [True, False])
async def test_margin_that_the_last_read_of_the_account_does_not_show_is_taken(
    house: House, lost: bool
) -> None:
    house.algorithms = {KEY: Told("long"), ETH: Told("long")}
    house.config = Config(max_risk_per_trade=Decimal(40))
    house.engine = house.build()
    await house.start()
    for key in (KEY, ETH):
        far = {
            "risk_per_trade": Decimal(30),
            "stop_loss_dollars": Decimal(900),
            "max_strategy_loss": Decimal(900),
        }
        await house.engine.apply_settings(key, far, 1)  # fmt: skip
    house.venue.swallow = int(lost)
    await house.candle()
    assert house.opening_orders() == 1
    await house.candle("ETH")
    said = house.row(ETH).last_denial
    assert said is not None
    assert said.reason.startswith("margin")
    assert house.opening_orders() == 1
