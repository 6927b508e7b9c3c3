"""What a listener is told of a row while the market stands still and no price carries it along."""

from decimal import Decimal

from tests.trader.conftest import KEY, House


async def test_a_stop_that_has_moved_is_told(house: House) -> None:
    await house.start()
    await house.candle()
    await house.pass_(1)
    known = house.follow_rows()
    await house.engine.apply_settings(KEY, {"stop_loss_dollars": Decimal(4)}, 1)
    await house.pass_(1)
    told, row = known[KEY], house.row()
    assert told.position == row.position
    assert told.warnings == row.warnings == ()


async def test_a_warning_that_comes_with_time_is_told(house: House) -> None:
    await house.start()
    house.venue.refuse_stops = "Too many orders"
    await house.candle()
    known = house.follow_rows()
    await house.pass_(3)
    assert "the open trade has no stop at the venue" in house.row().warnings
    assert known[KEY].warnings == house.row().warnings


async def test_the_tries_of_a_kill_are_told(house: House) -> None:
    await house.start()
    await house.candle()
    house.venue.refuse_closes = "Trading is halted"
    known = house.follow_rows()
    await house.engine.kill(KEY)
    await house.pass_(5)
    told, row = known[KEY].kill, house.row().kill
    assert told is not None
    assert told == row
    assert told.tries > 3
