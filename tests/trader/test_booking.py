"""To whom a fill and a payment go, and in which order (risk.md, "Several strategies"; I10, I16)."""

from decimal import Decimal

import pytest

from tests.trader.conftest import KEY, House, Told
from venues.contract.names import StrategyKey
from venues.trader.gateway import Funding

SECOND = StrategyKey("second", "BTC")


async def small_and_large(house: House) -> tuple[int, int]:
    """Two strategies long on BTC, the second with twice the size; gives what each holds, in lots."""
    house.algorithms[SECOND] = Told()
    house.engine = house.build()
    await house.start()
    await house.engine.apply_settings(SECOND, {"risk_per_trade": Decimal(2)}, 1)
    await house.candle()
    await house.pass_(1)
    small, large = house.desk().lots, house.desk(SECOND).lots
    assert 0 < small < large
    return small, large


def pay(house: House, micros: int, at_ms: int) -> None:
    """A payment of the venue, in micro-dollars."""
    amount = Decimal(micros) / 1_000_000
    house.venue.cash += amount
    payment = Funding(f"f{at_ms}", "BTC", amount, at_ms)
    house.venue.payments.append(payment)
    house.venue.listen(payment)


async def test_an_entry_that_the_disk_refuses_never_leaves(house: House) -> None:
    await house.start()
    house.disk.full = True
    await house.candle()
    assert house.opening_orders() == 0
    house.disk.full = False
    await house.pass_(1)
    assert house.opening_orders() == 0
    await house.candle()
    assert house.opening_orders() == 1


async def test_i21_what_is_sold_by_hand_is_taken_from_the_largest_trade(house: House) -> None:
    small, large = await small_and_large(house)
    house.venue.by_hand("BTC", "sell", "0.001")
    await house.quiet()
    assert (house.desk().lots, house.desk(SECOND).lots) == (small, large - 100)


async def test_funding_is_split_by_size_and_the_rest_goes_to_the_largest(house: House) -> None:
    small, large = await small_and_large(house)
    pay(house, 1000, house.venue.now_ms)
    await house.quiet()
    share = 1000 * small // (small + large)
    assert (house.desk().ledger.funding, house.desk(SECOND).ledger.funding) == (share, 1000 - share)
    assert 1000 * large % (small + large)  # there was a rest


async def test_funding_is_split_by_what_was_held_at_its_venue_time(house: House) -> None:
    house.algorithms[SECOND] = Told("flat")
    house.engine = house.build()
    await house.start()
    await house.candle()
    await house.pass_(1)
    at_ms = house.venue.now_ms
    await house.pass_(1)
    house.algorithms[SECOND].side = "long"
    await house.candle()
    assert house.desk(SECOND).lots
    pay(house, -1000, at_ms)
    await house.quiet()
    assert (house.desk().ledger.funding, house.desk(SECOND).ledger.funding) == (-1000, 0)


async def test_a_fill_of_an_earlier_epoch_is_booked_to_it_and_closed(house: House) -> None:
    await house.start()
    await house.candle()
    await house.engine.kill(KEY)
    await house.pass_(3)
    assert (await house.engine.reset(KEY, 0)).epoch == 1
    before = house.desk().old[0].total(0)
    entry = next(order for order in house.venue.sent if order.kind == "entry")
    house.venue._execute(entry, "late", Decimal("0.001"))
    await house.pass_(2)
    assert not house.venue.position["BTC"]
    assert house.row().total_pnl == 0
    assert not house.row().is_killed
    assert house.desk().old[0].lots == 0
    assert house.desk().old[0].total(0) < before  # its two fees


@pytest.mark.parametrize(("paid_ms", "killed"), [(1000, False), (3000, True)])
async def test_i16_what_happened_while_it_was_away_is_taken_in_the_venue_s_order(
    house: House, paid_ms: int, killed: bool
) -> None:
    """A payment before the stop fired keeps total_pnl above Max DD; one that came when flat is nobody's."""
    await house.start()
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(55)}, 1)
    await house.candle()
    await house.pass_(1)
    await house.crash()
    began = house.venue.now_ms
    pay(house, 8_000_000, began + paid_ms)
    house.venue.now_ms = began + 2000
    house.venue.mark("BTC", 44_500)
    assert not house.venue.position["BTC"]
    house.venue.now_ms = began + 4000
    await house.start()
    total = house.row().total_pnl
    assert total is not None
    assert (total < -50) is killed
    assert house.row().is_killed is killed
