"""Which candles still move a strategy: none older than a reset or enable, none twice (risk.md, "Reset")."""

from decimal import Decimal

from tests.trader.conftest import KEY, House, Told
from venues.trader.gateway import Candle, Disconnected


async def restarted(house: House) -> None:
    await house.crash()
    await house.start()
    await house.pass_(1)


async def unheard_candle(house: House) -> None:
    """A minute closes while nobody listens."""
    listen, house.venue.listen = house.venue.listen, lambda event: None
    house.venue.candle("BTC")
    house.venue.listen = listen


async def killed_and_reset(house: House) -> None:
    await house.engine.kill(KEY)
    await house.pass_(1)
    await house.engine.reset(KEY, 0)


async def stopped_out(house: House) -> None:
    trigger = house.venue.stops("BTC")[0].trigger
    await house.mark(str(trigger))
    await house.pass_(1)
    assert house.row().position is None


async def test_a_strategy_is_asked_at_its_start_about_the_last_candle(house: House) -> None:
    house.venue.candle("BTC")
    await house.start()
    assert house.opening_orders() == 1


async def test_a_signal_that_was_never_acted_on_is_asked_for_again_at_a_start(house: House) -> None:
    house.venue.candle("BTC")
    await house.start()
    await house.engine.close(KEY)
    await house.pass_(1)
    house.venue.levers["BTC"] = (3, True)
    house.desk().market.leverage_ok = False
    await house.candle()
    assert house.opening_orders() == 1
    await restarted(house)
    assert house.opening_orders() == 2


async def test_after_a_reset_no_restart_acts_on_an_older_signal(house: House) -> None:
    await house.start()
    await house.engine.kill(KEY)
    await house.candle()
    await house.pass_(1)
    await house.engine.reset(KEY, 0)
    for _ in range(2):
        await restarted(house)
        assert house.opening_orders() == 0
    await house.candle()
    assert house.opening_orders() == 1


async def test_after_an_enable_no_restart_acts_on_an_older_signal(house: House) -> None:
    await house.start()
    await house.engine.disable(KEY, 1)
    await house.candle()
    await house.engine.enable(KEY, 2)
    await restarted(house)
    assert house.opening_orders() == 0
    await unheard_candle(house)
    await restarted(house)
    assert house.opening_orders() == 1


async def test_a_candle_that_closed_before_an_enable_unheard_is_older_than_it(house: House) -> None:
    await house.start()
    await house.engine.disable(KEY, 1)
    await house.candle()
    house.venue.listen(Disconnected("the line broke"))
    await unheard_candle(house)
    await house.engine.enable(KEY, 2)
    await house.venue.start(house.engine.on_event, [])
    await house.pass_(2)
    assert house.opening_orders() == 0
    await house.candle()
    assert house.opening_orders() == 1


async def test_the_same_holds_where_the_trader_dies_before_it_reads_the_candles(house: House) -> None:
    await house.start()
    await killed_and_reset(house)
    house.venue.listen(Disconnected("the line broke"))
    await house.engine.disable(KEY, 1)
    await house.engine.enable(KEY, 2)
    await unheard_candle(house)
    await restarted(house)
    assert house.opening_orders() == 0
    await unheard_candle(house)
    await restarted(house)
    assert house.opening_orders() == 1


async def test_a_trade_that_was_stopped_out_is_not_opened_again_by_a_restart(house: House) -> None:
    await house.start()
    await house.candle()
    await stopped_out(house)
    await restarted(house)
    assert house.opening_orders() == 1
    await house.candle()
    assert house.opening_orders() == 2


async def test_nor_where_the_last_candle_only_said_to_stay(house: House) -> None:
    await house.start()
    await house.candle()
    await house.candle()
    await house.pass_(1)
    await stopped_out(house)
    await restarted(house)
    assert house.opening_orders() == 1


async def test_an_entry_that_a_crash_kept_from_leaving_is_not_sent_after_it(house: House) -> None:
    await house.start()
    house.venue.swallow = 1
    await house.candle()
    await house.crash()
    await house.start()
    await house.pass_(20)
    assert house.opening_orders() == 1
    await house.candle()
    assert house.opening_orders() == 2


async def test_a_trade_closed_by_hand_is_not_opened_again_by_a_restart(house: House) -> None:
    await house.start()
    await house.candle()
    house.venue.refuse_closes = "Trading is halted"
    house.algorithms[KEY].side = "short"
    await house.candle()
    await house.engine.close(KEY)
    house.venue.refuse_closes = ""
    await house.pass_(4)
    assert house.row().position is None
    await restarted(house)
    assert house.opening_orders() == 1


async def test_a_disabled_strategy_keeps_its_trade_over_a_restart(house: House) -> None:
    """The candle it has acted on says something else after the restart; the next one may close."""
    await house.start()
    await house.candle()
    await house.engine.disable(KEY, 1)
    house.algorithms[KEY].side = "short"
    await restarted(house)
    assert house.row().position is not None
    assert len(house.venue.stops("BTC")) == 1
    await house.candle()
    await house.pass_(1)
    assert house.row().position is None
    assert house.opening_orders() == 1


async def test_a_killed_strategy_that_holds_leaves_on_no_signal(house: House) -> None:
    await house.start()
    await house.candle()
    await house.engine.disable(KEY, 1)
    await house.engine.kill(KEY, flatten=False)
    house.algorithms[KEY].side = "short"
    await house.candle()
    await unheard_candle(house)
    await restarted(house)
    kill = house.row().kill
    assert kill is not None
    assert kill.state == "held"
    assert house.row().position is not None
    assert len(house.venue.stops("BTC")) == 1


async def test_a_market_born_anew_behind_the_last_candle_is_heard_again(house: House) -> None:
    """A paper exchange made anew begins at the wall's time, however far ahead the one before was."""
    house.venue.candle("BTC")
    house.venue.history = [one_at(10**12)]
    await house.start()
    await stopped_out(house)
    house.venue.history = [one_at(10**9)]
    await restarted(house)
    assert house.opening_orders() == 1
    await house.candle()
    assert house.opening_orders() == 2


def one_at(open_ms: int) -> Candle:
    price = Decimal(50_000)
    return Candle("BTC", open_ms, price, price, price, price, Decimal(1))


class Longest(Told):
    """Wants to stay only where it sees three candles."""

    def wanted(self, candles, held):  # type: ignore[no-untyped-def]
        return "long" if len(candles) >= 3 else "flat"


async def test_a_candle_heard_before_the_history_is_read_moves_nobody_alone(house: House) -> None:
    house.algorithms[KEY] = Longest()
    house.engine = house.build()
    for _ in range(3):
        house.venue.candle("BTC")
    await house.start()
    assert house.row().position is not None
    await house.crash()
    from venues.trader import restoring

    await restoring.restore(house.engine.core, house.engine.roster)
    await house.engine.core.gateway.start(house.engine.on_event, [])
    house.venue.candle("BTC")
    await house.quiet()
    await house.pass_(1)
    assert house.row().position is not None
    assert house.opening_orders() == 1
    assert [one.open_ms for one in house.desk().market.candles] == [60_000, 120_000, 180_000, 240_000]
