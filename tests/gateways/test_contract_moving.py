"""What every gateway does while the market moves: an hour of it a second, so funding and candles come."""

from pathlib import Path

from tests.gateways.conftest import Trading
from tests.gateways.stub import until
from tests.gateways.trader import running_trader
from tests.trader.conftest import KEY
from venues.trader.gateway import Candle, Funding, Prices

SPEED = 3600


async def test_funding_is_told_and_read_under_one_id(trading: Trading) -> None:
    await trading.begin()
    await trading.place(trading.order("buy", "0.01"))
    await until(lambda: trading.heard(Funding), 8)
    told: Funding = trading.heard(Funding)[0]
    assert (told.symbol, bool(told.amount)) == ("BTC", True)
    read = {one.funding_id: one for one in await trading.gateway.funding(0)}
    assert read[told.funding_id] == told
    assert await trading.gateway.funding(told.at_ms + 10 * 365 * 86_400_000) == []


async def test_candles_close_when_the_next_begins(trading: Trading) -> None:
    await trading.begin()
    await until(lambda: len([one for one in trading.heard(Candle) if one.closed and one.symbol == "BTC"]) > 2)
    closed = [one for one in trading.heard(Candle) if one.closed and one.symbol == "BTC"]
    assert [one.open_ms for one in closed] == sorted({one.open_ms for one in closed})
    newest = (await trading.gateway.candles("BTC", 300))[-1]
    assert newest.open_ms >= closed[-1].open_ms
    assert newest.closed


async def test_candles_of_a_market_ahead_of_the_wall_clock_are_the_latest(trading: Trading) -> None:
    read = await trading.gateway.candles("BTC", 30)
    assert len(read) == 30
    assert read[-1].open_ms - read[0].open_ms < 3 * 30 * 60_000


async def test_prices_move(trading: Trading) -> None:
    await trading.begin()
    await until(lambda: len({one.mark for one in trading.heard(Prices) if one.symbol == "BTC"}) > 3)


async def test_an_enabled_strategy_trades_on_the_next_candle_of_a_market_ahead_of_the_wall_clock(
    trading: Trading, transactional_db: None, tmp_path: Path
) -> None:
    async with running_trader(trading, tmp_path) as trader:
        await trader.engine.disable(KEY, 1)
        trader.algorithm.side = "long"
        await trader.engine.enable(KEY, 2)
        await trader.becomes(lambda: trader.engine.row(KEY).position)
