"""The trader's WebSocket: snapshot, seq, resync, pace, heartbeat (api.md, section 2)."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.trader_api.asgi_client import Socket
from tests.trader_api.fake_engine import BTC, ETH, TSLA, FakeEngine, trade
from venues.contract import messages
from venues.contract.names import StrategyKey
from venues.trader import live

SocketTo = Callable[..., Socket]


def pnl_of(message: Any) -> Decimal:
    return Decimal(message["strategy"]["total_pnl"])


async def test_a_snapshot_comes_first_and_reads_back_by_the_contract(
    socket: SocketTo, engine: FakeEngine
) -> None:
    async with socket() as opened:
        first = await opened.next()
    assert (first["type"], first["seq"]) == ("snapshot", 1)
    seq, message = messages.from_json(first)
    assert seq == 1
    assert message == messages.Snapshot(tuple(engine.rows()), engine.account())


async def test_seq_counts_every_message_from_one_on_each_connection(
    socket: SocketTo, engine: FakeEngine
) -> None:
    async with socket() as one:
        await one.next("snapshot")
        engine.closed = [trade(1)]
        engine.hub.publish("trade:1")
        await engine.disable(BTC, 3)
        engine.hub.publish("account")
        assert [((await one.next())["seq"]) for _ in range(3)] == [2, 3, 4]
        async with socket() as two:
            assert (await two.next())["seq"] == 1


async def test_every_kind_of_change_arrives_in_the_words_of_the_contract(
    socket: SocketTo, engine: FakeEngine
) -> None:
    async with socket() as opened:
        await opened.next("snapshot")
        await engine.kill(BTC)
        killed = await opened.next("killed")
        assert (killed["strategy_id"], killed["symbol"], killed["kill"]["cause"]) == (*BTC, "operator")
        assert (await opened.next("strategy"))["strategy"]["status"] == "Killed"
        engine.closed = [trade(7)]
        engine.hub.publish("trade:7")
        assert (await opened.next("trade"))["trade"]["trade_id"] == "7"
        engine.told = replace(engine.told, halted="day loss")
        engine.hub.publish("account")
        assert (await opened.next("account"))["account"]["halted"] == "day loss"
        await engine.disable(TSLA, 2)
        assert (await opened.next("strategy"))["strategy"]["symbol"] == "xyz:TSLA"


async def test_a_strategy_that_leaves_is_told_by_a_snapshot(socket: SocketTo, engine: FakeEngine) -> None:
    async with socket() as opened:
        before = (await opened.next("snapshot"))["strategies"]
        del engine.states[BTC]
        engine.hub.publish("strategies")
        after = (await opened.next("snapshot"))["strategies"]
    assert [row for row in before if row not in after] == before[:1]


async def test_a_resync_gets_a_snapshot_and_seq_goes_on(socket: SocketTo, engine: FakeEngine) -> None:
    async with socket() as opened:
        await opened.next("snapshot")
        await engine.disable(BTC, 3)
        await opened.next("strategy")
        await opened.say('{"type": "resync"}')
        again = await opened.next("snapshot")
        assert again["seq"] >= 3
        assert again["strategies"][0]["revision"] == 3


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '{"type": "other"}', "[" * 50_000, "\u2028"])
async def test_nonsense_from_a_client_is_ignored(socket: SocketTo, engine: FakeEngine, text: str) -> None:
    async with socket() as opened:
        await opened.next("snapshot")
        await opened.say(text)
        await engine.disable(BTC, 3)
        assert (await opened.next())["type"] == "strategy"


async def test_a_heartbeat_comes_every_second(socket: SocketTo) -> None:
    async with socket() as opened:
        await opened.next("snapshot")
        begun = asyncio.get_running_loop().time()
        for _ in range(2):
            await opened.next("heartbeat")
        assert asyncio.get_running_loop().time() - begun < 2.5


async def test_pnl_comes_at_most_four_times_a_second_and_the_last_one_always(
    socket: SocketTo, engine: FakeEngine
) -> None:
    async with socket() as opened:
        await opened.next("snapshot")
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number in range(100):
            engine.move(BTC, str(-number))
            await asyncio.sleep(0.01)
        seen: list[Any] = []
        while not seen or pnl_of(seen[-1]) != -99:
            seen.append(await opened.next("strategy"))
        lasted = loop.time() - begun
        assert len(seen) <= 2 + lasted * 4
        assert len(seen) >= 3


async def test_one_busy_strategy_does_not_delay_another(socket: SocketTo, engine: FakeEngine) -> None:
    async with socket() as opened:
        await opened.next("snapshot")
        engine.move(BTC, "-1")
        await opened.next("strategy")
        engine.move(BTC, "-2")
        engine.move(ETH, "-3")
        assert (await opened.next("strategy"))["strategy"]["symbol"] == "ETH"


async def reset_of(engine: FakeEngine) -> None:
    await engine.kill(BTC)
    await engine.reset(BTC, None)


URGENT: dict[str, Callable[[FakeEngine], Any]] = {
    "settings": lambda engine: engine.apply_settings(BTC, {"stop_loss_dollars": Decimal(4)}, 5),
    "disable": lambda engine: engine.disable(BTC, 5),
    "kill": lambda engine: engine.kill(BTC),
    "reset": reset_of,
    "close": lambda engine: engine.close(BTC),
}


@pytest.mark.parametrize("change", URGENT)
async def test_what_an_operator_must_see_is_never_delayed(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    feed = live.Feed(engine, clock=lambda: 100.0)  # a clock that stands: nothing may wait for it
    client = feed.join()
    engine.move(BTC, "-1")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    client.pending.clear()
    engine.move(BTC, "-2")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not any(key.startswith("strategy") for key in client.pending)
    await URGENT[change](engine)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert any(key == "strategy:momentum:BTC" for key in client.pending)
    feed.leave(client)


async def test_a_change_is_encoded_once_for_all_clients(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = live.Feed(engine)
    clients = [feed.join() for _ in range(50)]
    encoded: list[Any] = []
    encode = live.encode

    def counted(message: dict[str, Any]) -> str:
        encoded.append(message)
        return encode(message)

    monkeypatch.setattr(live, "encode", counted)
    await engine.disable(BTC, 3)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    texts = [client.pending["strategy:momentum:BTC"] for client in clients]
    assert len(encoded) == 1
    assert all(text is texts[0] for text in texts)
    assert json.loads("{" + texts[0])["strategy"]["revision"] == 3
    for client in clients:
        feed.leave(client)


async def test_a_client_that_does_not_take_is_dropped_and_the_others_are_served(
    socket: SocketTo, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "SEND_LIMIT_S", 0.05)
    feed = live.feed_of(engine)

    async def stuck(message: Any) -> None:
        if message["type"] == "websocket.send":
            await asyncio.Event().wait()

    async def silent() -> Any:
        await asyncio.sleep(0)
        return {"type": "websocket.connect"} if not feed.audience.clients else await asyncio.Event().wait()

    await asyncio.wait_for(live.socket({"type": "websocket"}, silent, stuck), 2)
    assert feed.audience.clients == set()
    async with socket() as opened:
        assert (await opened.next())["type"] == "snapshot"


async def test_a_client_too_far_behind_is_closed(engine: FakeEngine) -> None:
    sent: list[Any] = []
    never = asyncio.Event()

    async def slow(message: Any) -> None:
        sent.append(message)
        if message["type"] == "websocket.send" and len(sent) == 2:
            engine.closed = [trade(number) for number in range(6000)]
            for one in engine.closed:
                next(iter(feed.audience.clients)).put(f"trade:{one.trade_id}", "x")

    async def receive() -> Any:
        if not sent:
            return {"type": "websocket.connect"}
        return await never.wait()

    feed = live.feed_of(engine)
    await asyncio.wait_for(live.socket({"type": "websocket"}, receive, slow), 2)
    assert sent[-1] == {"type": "websocket.close", "code": live.TOO_SLOW}


async def test_the_last_client_ends_the_feeds_own_work(socket: SocketTo, engine: FakeEngine) -> None:
    async with socket() as opened:
        await opened.next("snapshot")
        assert engine.hub._readers
    assert engine.hub._readers == []
    assert live.feed_of(engine)._heart is None


async def test_a_strategy_that_left_sends_nothing(socket: SocketTo, engine: FakeEngine) -> None:
    async with socket() as opened:
        await opened.next("snapshot")
        gone = StrategyKey("gone", "BTC")
        engine.hub.publish(f"strategy:{gone.strategy_id}:{gone.symbol}")
        engine.hub.publish(f"killed:{gone.strategy_id}:{gone.symbol}")
        await engine.disable(BTC, 3)
        assert (await opened.next())["strategy"]["strategy_id"] == "momentum"


@pytest.mark.parametrize("path", ["/ws", "/ws/page"])
async def test_a_socket_opens_only_once_memory_is_read(
    socket: SocketTo, engine: FakeEngine, path: str
) -> None:
    engine.restored = False
    async with socket(path) as refused:
        assert not refused.accepted
    asyncio.get_running_loop().call_later(0.1, setattr, engine, "restored", True)
    async with socket(path) as opened:
        assert opened.accepted
