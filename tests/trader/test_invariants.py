"""Invariants of risk.md that no other file of these tests is about: I3, I6, I15, I21."""

from decimal import Decimal

import pytest

from tests.trader.conftest import KEY, House, Told
from venues.contract.errors import Conflict
from venues.contract.names import StrategyKey
from venues.trader import gate
from venues.trader.desk import Order

OTHER = StrategyKey("second", "BTC")
TIGHT = {
    "risk_per_trade": Decimal("0.5"),
    "stop_loss_dollars": Decimal(3),
    "max_strategy_loss": Decimal(4),
}


async def both_hold(house: House) -> None:
    """Two strategies long on one symbol, the first with the nearer stop."""
    house.algorithms[OTHER] = Told("long")
    house.engine = house.build()
    await house.start()
    await house.engine.apply_settings(OTHER, {"stop_loss_dollars": Decimal(9)}, 1)
    await house.candle()
    await house.pass_(0.5)
    assert house.row().position is not None
    assert house.row(OTHER).position is not None


def assert_one_side_that_adds_up(house: House) -> None:
    core = house.engine.core
    rest = core.unattributed.get("BTC")
    held = [desk.lots for desk in core.on_symbol("BTC")] + [rest.lots if rest else 0]
    assert not (max(held) > 0 > min(held)), held
    assert min(desk.lots for desk in core.on_symbol("BTC")) >= 0, "a long strategy has become short"
    assert Decimal(sum(held)) / 100_000 == house.venue.position["BTC"]


async def test_i03_settings_acknowledged_once_are_enforced_by_a_trader_alone(house: House) -> None:
    """Nobody speaks to it after its restart: it sizes, stops and kills by what it has on disk."""
    await house.start()
    await house.engine.apply_settings(KEY, TIGHT, 7)
    await house.crash()
    await house.start()
    await house.candle()
    position = house.row().position
    assert position is not None
    assert position.size == Decimal("0.00499")  # 10000 × 0.5 % × 5 / 50100
    assert position.planned_loss is not None
    assert Decimal(2) < position.planned_loss <= 3
    for _ in range(2):
        await house.mark(str(house.venue.stops("BTC")[0].trigger))
        await house.pass_(1)
        if not house.row().is_killed:
            await house.mark(50_000)
            await house.candle()
    kill = house.row().kill
    assert kill is not None
    assert (kill.cause, kill.limit) == ("loss", Decimal(4))


async def test_i03_a_disabled_strategy_stays_so_without_pm(house: House) -> None:
    await house.start()
    await house.engine.disable(KEY, 8)
    await house.crash()
    await house.start()
    await house.candle()
    await house.pass_(1)
    assert house.opening_orders() == 0


async def test_i06_an_enable_repeated_under_its_revision_is_applied_once(house: House) -> None:
    """Applied again it would drop the signal that has come since."""
    await house.start()
    await house.engine.disable(KEY, 6)
    await house.engine.enable(KEY, 7)
    house.desk().market.leverage_ok = False
    await house.candle()
    await house.engine.enable(KEY, 7)
    house.desk().market.leverage_ok = True
    await house.pass_(1)
    assert house.opening_orders() == 1


async def test_i06_a_reset_repeated_clears_no_later_kill(house: House) -> None:
    await house.start()
    await house.engine.kill(KEY)
    await house.pass_(1)
    assert (await house.engine.reset(KEY, 0)).epoch == 1
    await house.crash()
    await house.start()
    assert (await house.engine.reset(KEY, 0)).epoch == 1
    await house.engine.kill(KEY)
    await house.pass_(1)
    with pytest.raises(Conflict):
        await house.engine.reset(KEY, 0)
    assert house.row().is_killed


async def test_i15_a_close_of_more_than_is_held_less_what_is_closing_never_leaves(house: House) -> None:
    await house.start()
    await house.candle()
    core, desk = house.engine.core, house.desk()
    sent = len(house.venue.sent)

    def close(size: str) -> None:
        number = core.client_id(desk, "close", desk.epoch)
        order = Order(number, "close", desk.epoch, "sell", Decimal(size), Decimal(49_000), expires_ms=None)
        gate.send_close(core, desk, order)

    with pytest.raises(ValueError, match="too much"):
        close("0.00999")
    close("0.00500")
    with pytest.raises(ValueError, match="too much"):
        close("0.00499")
    close("0.00498")
    await house.quiet()
    assert [order.size for order in house.venue.sent[sent:]] == [Decimal("0.00500"), Decimal("0.00498")]


async def test_i15_what_a_stop_and_a_close_take_together_is_set_off_and_never_bought_back(
    house: House,
) -> None:
    """The stop of the killed one could not be cancelled, and fires while its close is on its way."""
    await both_hold(house)
    stop = next(order for order in house.venue.stops("BTC") if order.client_id in house.desk().orders)
    house.venue.lost_cancels = 100

    def fire() -> None:
        house.venue.before_send = None
        house.venue.mark("BTC", str(stop.trigger))

    house.venue.before_send = fire
    opened = house.opening_orders()
    await house.engine.kill(KEY)
    await house.pass_(2)
    house.venue.lost_cancels = 0
    await house.pass_(5)
    assert house.venue.before_send is None
    assert house.opening_orders() == opened
    assert not house.venue.position["BTC"]
    assert_one_side_that_adds_up(house)
    assert house.row(OTHER).position is None
    assert house.engine.trades()[0].closed_by == "external"
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "flat_confirmed"


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize("size", ["0.004", "0.012", "0.05"])
async def test_i21_fills_by_hand_never_leave_two_sides_and_add_up(house: House, side: str, size: str) -> None:
    await both_hold(house)
    for one in (side, "sell", "sell"):
        house.venue.by_hand("BTC", one, size)
        await house.quiet()
        assert_one_side_that_adds_up(house)
    await house.pass_(3)
    assert_one_side_that_adds_up(house)
