"""What was answered survives: kill -9 at any moment, restart, another speed, another feed."""

import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from hyperliquid.exchange import Exchange
from hyperliquid.utils.types import Cloid

from tests.paper.exchange import PaperAccount, PaperExchange, start_exchange
from tests.paper.newborn import account, newborn, order, stop
from venues.paper.accounts import account_from_json
from venues.paper.engine import jump, step
from venues.paper.exchange import Exchange as Engine
from venues.paper.funding import pay
from venues.paper.placing import place
from venues.paper.store import Store

GTC: Any = {"limit": {"tif": "Gtc"}}


def trader(paper: PaperExchange, mine: PaperAccount) -> Exchange:
    return Exchange(mine.agent, paper.url, account_address=mine.address, timeout=5)


def test_everything_is_there_after_a_kill(tmp_path: Path) -> None:
    with start_exchange(tmp_path, EXCHANGE_WITHOUT="partial_ioc") as paper:
        mine = paper.account()
        exchange = trader(paper, mine)
        paper.price("BTC", 96_000)
        exchange.update_leverage(7, "BTC")
        exchange.market_open("BTC", True, 0.02)
        cloid = Cloid.from_int(5)
        stop_wire: Any = {"trigger": {"isMarket": True, "triggerPx": 93_000, "tpsl": "sl"}}
        exchange.order("BTC", False, 0.02, 84_000, stop_wire, reduce_only=True, cloid=cloid)
        exchange.order("BTC", True, 0.01, 90_000, GTC)
        nonce = int(time.time() * 1000) + 5
        assert exchange.noop(nonce)["status"] == "ok"
        before, fills = paper.state(), paper.info(type="userFills", user=mine.address)
        candles = paper.info(type="candleSnapshot", req={"coin": "BTC", "interval": "1m", "startTime": 0})

        paper.kill9()
        paper.start()

        after = paper.state()
        assert {**after, "as_of": ""} == {**before, "as_of": ""}
        assert paper.info(type="userFills", user=mine.address) == fills
        again = paper.info(type="candleSnapshot", req={"coin": "BTC", "interval": "1m", "startTime": 0})
        assert again == candles
        assert "duplicate nonce" in exchange.noop(nonce)["response"]
        status = paper.info(type="orderStatus", user=mine.address, oid=cloid.to_raw())
        assert status["order"]["status"] == "open"
        active = paper.info(type="activeAssetData", user=mine.address, coin="BTC")
        assert active["leverage"] == {"type": "cross", "value": 7}
        paper.price("BTC", 92_000)
        assert paper.state(mine.address)["positions"] == []
        assert [one["side"] for one in paper.state(mine.address)["orders"]] == ["buy"]
        numbers = [one["tid"] for one in paper.info(type="userFills", user=mine.address)]
        assert len(numbers) == len(set(numbers))


def test_market_time_goes_on_where_it_was_and_does_not_catch_up(tmp_path: Path) -> None:
    with start_exchange(tmp_path, EXCHANGE_SPEED="600") as paper:
        until = time.monotonic() + 5
        born = paper.state()["market_time"]
        while (before := paper.state()["market_time"]) == born:
            assert time.monotonic() < until
        paper.kill9()
        paper.env["EXCHANGE_SPEED"] = "0"
        paper.start()
        after = paper.state()["market_time"]
    assert before <= after < before[:14] + "59:60"


def test_what_is_told_is_on_disk(tmp_path: Path) -> None:
    with start_exchange(tmp_path) as paper:
        mine = paper.account()
        exchange = trader(paper, mine)
        for number in range(3):
            exchange.order("ETH", True, 0.1, 2_000 + number, GTC)
        paper.kill9()
        rows = sqlite3.connect(tmp_path / "exchange.sqlite3").execute(
            "SELECT COUNT(*) FROM paper_orderrow WHERE is_final = 0"
        )
        assert rows.fetchone() == (3,)


def test_another_feed_takes_over_an_older_memory(tmp_path: Path) -> None:
    with start_exchange(tmp_path / "var") as paper:
        mine = paper.account()
        paper.kill9()
        file = tmp_path / "other.csv"
        file.write_text("timestamp,open,high,low,close,volume\n1640995200,50000,50000,50000,50000,1\n")
        paper.env["EXCHANGE_FEED"] = f"replay:{file}"
        paper.start()
        assert paper.state()["prices"]["BTC"]["mark"] == "50000"
        assert paper.state(mine.address)["balance"] == "10000"


def test_two_exchanges_do_not_share_a_memory(tmp_path: Path) -> None:
    with start_exchange(tmp_path), pytest.raises(AssertionError, match="runs already, at http"):
        start_exchange(tmp_path)


def test_a_feed_that_cannot_be_read_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="EXCHANGE_FEED: cannot read"):
        start_exchange(tmp_path, EXCHANGE_FEED="replay:none.csv")
    with pytest.raises(AssertionError, match="gravity is none of mark, spread"):
        start_exchange(tmp_path, EXCHANGE_WITHOUT="gravity")


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """An exchange's memory with its tables, made by the command."""
    from tests.paper.test_initexchange import initexchange

    initexchange(tmp_path)
    return tmp_path / "exchange.sqlite3"


def reloaded(file: Path) -> Engine:
    again = newborn(speed=1)
    again.accounts.clear()
    for market in again.markets.values():
        market.candles.clear()
    store = Store(file)
    assert store.load(again)
    store.close()
    return again


def test_a_busy_exchange_comes_back_as_it_was(tables: Path) -> None:
    x = newborn(speed=1)
    store = Store(tables)
    x.keeper = store
    for name, market in x.markets.items():
        x.batch.markets[name] = market
        x.batch.candles += [(name, candle) for candle in market.candles]
    x.touch(account(x))
    place(x, account(x), [order(True, "0.02", 97_000, tif="ioc"), stop(False, "0.02", 90_000, 85_000)])
    entry, child = order(True, "0.01", 94_000, client_id="0x" + "3" * 32), stop(False, "0.01", 90_000, 85_000)
    place(x, account(x), [entry, child], with_stops=True)
    for _ in range(90):
        step(x)
    pay(x)
    x.commit()
    store.close()

    y = reloaded(tables)
    assert y.accounts == x.accounts
    assert y.orders == x.orders
    assert dict(y.open) == {name: orders for name, orders in x.open.items() if orders}
    assert y.by_client == x.by_client
    assert y.counters() == x.counters()
    assert {k: list(v) for k, v in y.fills.items() if v} == {k: list(v) for k, v in x.fills.items() if v}
    assert {k: list(v) for k, v in y.payments.items()} == {k: list(v) for k, v in x.payments.items()}
    assert y.rates == x.rates
    for name, market in x.markets.items():
        assert y.markets[name].to_json() == market.to_json()
        assert y.markets[name].candles == market.candles
    for engine in (x, y):
        engine.keeper = newborn().keeper
        jump(engine, "BTC", 93_000_000_000)
        jump(engine, "BTC", 89_000_000_000)
    assert account(y) == account(x)
    assert account(x).positions == {}


def test_an_unborn_memory_is_empty(tables: Path) -> None:
    store = Store(tables)
    assert not store.load(newborn())
    store.close()


def test_a_batch_that_fails_leaves_nothing_behind(tables: Path) -> None:
    x = newborn()
    store = Store(tables)
    x.keeper = store
    x.touch(account(x))
    x.commit()
    place(x, account(x), [order(True, "0.02", 97_000, tif="ioc")])
    x.batch.candles.append(("BTC", None))  # type: ignore[arg-type]  # what cannot be written
    with pytest.raises(AttributeError):
        x.commit()
    store.close()
    assert account(reloaded(tables)).positions == {}


def test_an_account_is_the_same_after_json() -> None:
    x = newborn()
    place(x, account(x), [order(True, "0.02", 97_000, tif="ioc")])
    assert account_from_json(account(x).to_json()) == account(x)
