"""What every gateway does at its venue's paper exchange: one suite for all of them (proof.md)."""

import asyncio
from decimal import Decimal

import pytest

from tests.gateways.conftest import Trading
from tests.gateways.stub import until
from venues.contract.errors import NotFound, Refused, Unknown, Unreachable
from venues.trader.gateway import AccountRead, Connected, Disconnected, Fill, Prices


async def test_the_stream_begins_with_account_and_prices(trading: Trading) -> None:
    await trading.begin()
    before = trading.events[: trading.events.index(trading.heard(Connected)[0])]
    assert {one.symbol for one in before if isinstance(one, Prices)} >= {"BTC", "ETH", "SOL"}
    account = next(one for one in before if isinstance(one, AccountRead))
    assert account.equity == 10_000
    assert account.positions == {}


async def test_a_venue_in_order_has_nothing_against_trading(trading: Trading) -> None:
    assert await trading.gateway.check() == []
    assert abs(trading.gateway.skew_ms() or 9999) < 2000
    assert trading.gateway.network == "paper"


async def test_markets_are_described_and_unknown_ones_left_out(trading: Trading) -> None:
    found = await trading.gateway.markets(["BTC", "NOPE"])
    assert list(found) == ["BTC"]
    btc = found["BTC"]
    assert btc.active
    assert btc.max_leverage >= 20
    assert 0 <= btc.maker_fee <= btc.taker_fee < Decimal("0.001")
    assert btc.min_notional == 10
    assert (
        btc.price_down(Decimal("40000.123456"))
        <= Decimal("40000.123456")
        <= btc.price_up(Decimal("40000.123456"))
    )


async def test_an_order_fills_and_its_fill_carries_its_client_id(trading: Trading) -> None:
    market = await trading.begin()
    bought = trading.order("buy", "0.01")
    reply = (await trading.place(bought))[0]
    assert (reply.status, reply.filled, reply.client_id) == ("filled", Decimal("0.01"), bought.client_id)
    await until(lambda: trading.heard(Fill))
    fill: Fill = trading.heard(Fill)[0]
    assert (fill.client_id, fill.order_id, fill.side, fill.symbol) == (
        bought.client_id,
        reply.order_id,
        "buy",
        "BTC",
    )
    assert (fill.size, fill.start_position) == (Decimal("0.01"), Decimal(0))
    assert 40_000 <= fill.price <= 40_010
    assert abs(fill.fee - fill.price * fill.size * market.taker_fee) <= Decimal("0.000001")
    assert not fill.liquidation
    told = await trading.becomes(bought, "filled")
    assert told.filled == Decimal("0.01")
    account = await trading.gateway.account()
    assert account.positions == {"BTC": Decimal("0.01")}
    assert account.equity == 10_000 - fill.fee - (fill.price - 40_000) * fill.size
    assert account.margin_used > 0
    assert account.free == account.equity - account.margin_used


async def test_what_crosses_nothing_is_rejected(trading: Trading) -> None:
    await trading.begin()
    reply = (await trading.place(trading.order("buy", "0.01", price=Decimal(39_000))))[0]
    assert (reply.status, reply.filled) == ("rejected", Decimal(0))
    assert trading.opened.ways.says["no match"] in str(reply.error)


async def test_a_resting_order_rests_and_is_cancelled(trading: Trading) -> None:
    await trading.begin()
    resting = trading.order("buy", "0.01", price=Decimal(39_000), ioc=False)
    reply = (await trading.place(resting))[0]
    assert reply.status == "open"
    shown = {one.client_id: one for one in await trading.gateway.open_orders()}[resting.client_id]
    assert (shown.status, shown.size, shown.price, shown.trigger, shown.filled) == (
        "open",
        Decimal("0.01"),
        Decimal(39_000),
        None,
        Decimal(0),
    )
    cancelled = (await trading.gateway.cancel([("BTC", resting.client_id)]))[0]
    assert cancelled.status == "canceled"
    assert (await trading.becomes(resting, "canceled")).filled == 0
    assert await trading.gateway.open_orders() == []


async def test_a_post_only_order_rests_and_is_refused_where_it_would_fill(trading: Trading) -> None:
    await trading.begin()
    await trading.place(trading.order("buy", "0.01"))
    at_touch = trading.order("sell", "0.01", "close", price=Decimal(40_010), ioc=False, post_only=True)
    assert (await trading.place(at_touch))[0].status == "open"
    crossing = trading.order("sell", "0.01", "close", price=Decimal(39_000), ioc=False, post_only=True)
    reply = (await trading.place(crossing))[0]
    assert (reply.status, reply.filled) in {("rejected", Decimal(0)), ("canceled", Decimal(0))}
    assert (await trading.gateway.account()).positions == {"BTC": Decimal("0.01")}
    trading.exchange.jump("BTC", 40_100)
    assert (await trading.becomes(at_touch, "filled")).filled == Decimal("0.01")
    assert (await trading.gateway.account()).positions == {}


async def test_cancelling_what_was_filled_meanwhile_says_it_was_not_open(trading: Trading) -> None:
    await trading.begin()
    bought = trading.order("buy", "0.01")
    await trading.place(bought)
    reply = (await trading.gateway.cancel([("BTC", bought.client_id)], closing=True))[0]
    assert reply.status == "unknown"
    assert (await trading.fate(bought)).status == "filled"


REJECTED = [
    ({"size": "0.01", "price": Decimal("40400.123456")}, "tick"),
    ({"size": "0.0002"}, "minimum"),
    ({"size": "0.001", "kind": "close"}, "reduce only"),
    ({"size": "30"}, "margin"),
    ({"size": "0.001", "price": Decimal(90_000)}, "far"),
]


@pytest.mark.parametrize(("given", "why"), REJECTED)
async def test_each_refusal_of_the_venue_is_passed_on(
    trading: Trading, given: dict[str, object], why: str
) -> None:
    await trading.begin()
    refused = trading.order("buy", **given)  # type: ignore[arg-type]
    try:
        reply = (await trading.place(refused))[0]
    except Refused as error:  # what the venue cannot even be told
        assert trading.opened.ways.says[why] in error.detail
    else:
        assert (reply.status, reply.filled) == ("rejected", Decimal(0))
        assert trading.opened.ways.says[why] in str(reply.error)
    fate = await trading.gateway.order("BTC", refused.client_id)
    assert fate is None or fate.status == "rejected"
    assert (await trading.gateway.account()).positions == {}


async def test_a_stop_already_past_its_trigger_ends_at_once(trading: Trading) -> None:
    await trading.begin()
    await trading.place(trading.order("buy", "0.01"))
    stop = trading.stop_order("sell", "0.01", Decimal(40_500))
    reply = (await trading.place(stop))[0]
    ended = trading.opened.ways.stop_past_its_trigger
    assert reply.status in {ended, "triggered"}
    assert (
        await trading.fate(stop) if ended == "rejected" else await trading.becomes(stop, ended)
    ).status == ended


async def test_an_entry_takes_its_stop_along_and_the_stop_fires(trading: Trading) -> None:
    await trading.begin()
    entry, stop = trading.order("buy", "0.01"), trading.stop_order("sell", "0.01", Decimal(39_500))
    replies = await trading.place(entry, stop)
    assert [one.status for one in replies] in (["filled", "open"], ["filled", "waiting"])
    resting = {one.client_id: one for one in await trading.gateway.open_orders()}[stop.client_id]
    assert (resting.status, resting.trigger, resting.reduce_only, resting.side) == (
        "open",
        Decimal(39_500),
        True,
        "sell",
    )
    trading.exchange.jump("BTC", 39_400)
    await trading.becomes(stop, "filled")
    await until(lambda: len(trading.heard(Fill)) == 2)
    closed: Fill = trading.heard(Fill)[1]
    assert (closed.client_id, closed.side, closed.size) == (stop.client_id, "sell", Decimal("0.01"))
    assert closed.price <= 39_500
    assert (await trading.gateway.account()).positions == {}
    assert await trading.gateway.open_orders() == []


async def test_a_stop_is_replaced_by_placing_and_then_cancelling(trading: Trading) -> None:
    await trading.begin()
    first, second = (trading.stop_order("sell", "0.01", Decimal(price)) for price in (39_000, 39_500))
    await trading.place(trading.order("buy", "0.01"), first)
    assert (await trading.place(second))[0].status == "open"
    assert (await trading.gateway.cancel([("BTC", first.client_id)], closing=True))[0].status == "canceled"
    assert [one.client_id for one in await trading.gateway.open_orders()] == [second.client_id]


async def test_a_stop_goes_when_there_is_nothing_left_to_reduce(trading: Trading) -> None:
    await trading.begin()
    stop = trading.stop_order("sell", "0.01", Decimal(39_000))
    await trading.place(trading.order("buy", "0.01"), stop)
    await trading.place(trading.order("sell", "0.01", "close"))
    gone = await trading.becomes(stop, "canceled")
    assert gone.filled == 0
    assert (await trading.fate(stop)).status == "canceled"


async def test_a_partial_fill_is_final_and_its_stop_is_known(trading: Trading) -> None:
    market = await trading.begin("SOL")
    trading.exchange.post("/paper/accounts", {**trading.opened.account, "deposit": "5000000"})
    price = market.price_up(Decimal(150) * Decimal("1.0006"))
    entry = trading.order("buy", "20000", symbol="SOL", price=price)
    stop = trading.stop_order("sell", "20000", Decimal(140), "SOL")
    reply = (await trading.place(entry, stop))[0]
    assert reply.status == "canceled"
    assert reply.filled is not None
    assert 0 < reply.filled < 20_000
    fate = await trading.fate(entry)
    assert (fate.status, fate.filled) == ("canceled", reply.filled)
    left = await trading.fate(stop)
    assert left.status == trading.opened.ways.stop_of_a_partial_fill
    assert left.status == "canceled" or left.size == reply.filled
    assert (await trading.gateway.account()).positions == {"SOL": reply.filled}


async def test_leverage_is_set_and_read_back(trading: Trading) -> None:
    await trading.gateway.set_leverage("ETH", 7, cross=True)
    assert await trading.gateway.leverage("ETH") == (7, True)
    await trading.gateway.set_leverage("ETH", 3, cross=False)
    assert await trading.gateway.leverage("ETH") == (3, False)
    with pytest.raises(Refused):
        await trading.gateway.set_leverage("ETH", 500, cross=True)
    with pytest.raises(NotFound):
        await trading.gateway.set_leverage("NOPE", 5, cross=True)


async def test_prices_are_streamed_and_read(trading: Trading) -> None:
    await trading.begin()
    trading.exchange.jump("ETH", 3_123)
    await until(lambda: any(one.symbol == "ETH" and one.mark == 3_123 for one in trading.heard(Prices)))
    read = {one.symbol: one for one in await trading.gateway.prices()}
    assert read["ETH"].mark == 3_123
    assert read["BTC"].mark == 40_000
    assert read["BTC"].mid in {None, 40_000}


async def test_closed_candles_are_read_oldest_first(trading: Trading) -> None:
    candles = await trading.gateway.candles("BTC", 50)
    assert len(candles) == 50
    opens = [one.open_ms for one in candles]
    assert opens == sorted(set(opens))
    assert all(one.closed and one.low <= min(one.open, one.close) <= one.high for one in candles)
    with pytest.raises(NotFound):
        await trading.gateway.candles("NOPE", 5)


async def test_fills_are_read_from_a_time_on(trading: Trading) -> None:
    await trading.begin()
    bought, sold = trading.order("buy", "0.01"), trading.order("sell", "0.01", "close")
    await trading.place(bought)
    await trading.place(sold)
    read = await trading.gateway.fills(trading.gateway.venue_ms() - 60_000)
    assert [one.client_id for one in read] == [bought.client_id, sold.client_id]
    await until(lambda: len(trading.heard(Fill)) == 2)
    assert {one.fill_id for one in read} == {one.fill_id for one in trading.heard(Fill)}
    assert read == sorted(trading.heard(Fill), key=lambda one: one.at_ms)
    assert await trading.gateway.fills(trading.gateway.venue_ms() + 60_000) == []


async def test_a_market_that_stands_still_pays_no_funding(trading: Trading) -> None:
    assert await trading.gateway.funding(0) == []


async def test_an_order_that_is_not_permitted_does_not_reach_the_venue(trading: Trading) -> None:
    await trading.begin()
    denied = trading.order("buy", "0.01")
    with pytest.raises(Unreachable) as caught:
        await trading.place(denied, permit=lambda: False)
    assert caught.value.code == "denied"
    assert await trading.gateway.order("BTC", denied.client_id) is None


async def test_an_expired_order_does_not_open(trading: Trading) -> None:
    await trading.begin()
    late = trading.order("buy", "0.01", expires_ms=trading.gateway.venue_ms() - 1)
    with pytest.raises(Unreachable):
        await trading.place(late)
    in_time = trading.order("buy", "0.01", expires_ms=trading.gateway.venue_ms() + 10_000)
    assert (await trading.place(in_time))[0].status == "filled"
    assert await trading.gateway.order("BTC", late.client_id) is None


async def test_a_break_in_the_middle_loses_nothing_and_repeats_fills(trading: Trading) -> None:
    await trading.begin()
    await trading.place(trading.order("buy", "0.01"))
    await until(lambda: trading.heard(Fill))
    trading.proxy.cut()
    await until(lambda: trading.heard(Disconnected))
    await trading.place(trading.order("sell", "0.01", "close"))
    await until(lambda: len(trading.heard(Connected)) == 2)
    await until(lambda: len({one.fill_id for one in trading.heard(Fill)}) == 2)
    repeated = [one for one in trading.heard(Fill) if one.side == "buy"]
    assert len(repeated) == 2
    assert repeated[0] == repeated[1]


async def test_a_connection_begins_the_venue_s_time_anew(trading: Trading) -> None:
    vars(trading.gateway)["_clock"].told(trading.gateway.venue_ms() + 3_600_000)  # of another life
    await trading.begin()
    await until(lambda: abs(trading.gateway.skew_ms() or 0) < 2000)


async def test_a_lost_answer_is_unknown_and_the_order_tells(trading: Trading) -> None:
    await trading.begin()
    trading.proxy.losing_answers = True
    lost = trading.order("buy", "0.01")
    with pytest.raises(Unknown):
        await trading.place(lost)
    trading.proxy.losing_answers = False
    fate = await trading.known(lost)
    assert (fate.status, fate.filled) == ("filled", Decimal("0.01"))


async def test_i24_an_order_whose_connection_broke_is_sent_once(trading: Trading) -> None:
    await trading.begin()
    trading.proxy.losing_answers = True
    lost = trading.order("buy", "0.01")
    with pytest.raises(Unknown):
        await trading.place(lost)
    trading.proxy.losing_answers = False
    await trading.known(lost)
    assert len(await trading.gateway.fills(0)) == 1


async def test_a_venue_that_is_gone_is_unreachable(trading: Trading) -> None:
    await trading.begin()
    trading.proxy.close()
    await until(lambda: trading.heard(Disconnected))
    with pytest.raises(Unreachable):
        await trading.place(trading.order("sell", "0.01", "close"))
    with pytest.raises(Unreachable):
        await trading.gateway.account()


async def test_many_cancels_at_once_keep_their_nonces_apart(trading: Trading) -> None:
    await trading.begin()
    resting = [trading.order("buy", "0.001", price=Decimal(39_000 - n), ioc=False) for n in range(20)]
    replies = await asyncio.gather(*(trading.place(one) for one in resting))
    assert {reply.status for (reply,) in replies} == {"open"}
    gone = await asyncio.gather(
        *(
            trading.gateway.cancel([("BTC", one.client_id)], closing=bool(n % 2))
            for n, one in enumerate(resting)
        )
    )
    assert {reply.status for (reply,) in gone} == {"canceled"}


async def test_a_key_that_is_not_the_account_s_is_said_clearly(trading: Trading) -> None:
    stranger = trading.opened.stranger
    with pytest.raises(Unreachable) as caught:
        await stranger.place([trading.order("buy", "0.01", price=Decimal(40_400))], lambda: True)
    assert caught.value.code == "agent_unknown"
    assert len(await stranger.check()) == 1
