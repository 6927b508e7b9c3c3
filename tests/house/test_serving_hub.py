"""The hub: keys reach every reader, the latest text wins, nobody slow holds the others up."""

import asyncio
import threading

from venues.serving.hub import MOST_PENDING, Audience, Client, Hub


class Reader:
    """Collects the keys it hears, and on which thread."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.threads: set[int] = set()
        self._more = asyncio.Event()

    def __call__(self, key: str) -> None:
        self.heard.append(key)
        self.threads.add(threading.get_ident())
        self._more.set()

    async def hears(self, count: int) -> list[str]:
        async with asyncio.timeout(2):
            while len(self.heard) < count:
                await self._more.wait()
                self._more.clear()
        return self.heard


async def test_a_key_reaches_every_reader_in_order() -> None:
    hub = Hub()
    first, second = Reader(), Reader()
    hub.listen(first)
    hub.listen(second)
    keys = [f"row:{number}" for number in range(100)]
    for key in keys:
        hub.publish(key)
    assert await first.hears(100) == await second.hears(100) == keys


async def test_a_key_published_by_another_thread_is_heard_on_the_loop_s_own() -> None:
    hub = Hub()
    reader = Reader()
    hub.listen(reader)
    await asyncio.to_thread(hub.publish, "row:1")
    await reader.hears(1)
    assert reader.threads == {threading.get_ident()}


async def test_a_reader_that_ended_hears_nothing() -> None:
    hub = Hub()
    gone, stays = Reader(), Reader()
    end = hub.listen(gone)
    hub.listen(stays)
    end()
    end()
    hub.publish("row:1")
    await stays.hears(1)
    assert gone.heard == []


def test_a_reader_whose_loop_is_gone_harms_nobody() -> None:
    hub = Hub()

    async def listen() -> None:
        hub.listen(print)

    asyncio.run(listen())
    hub.publish("row:1")


async def test_the_latest_text_of_a_key_wins_and_comes_last() -> None:
    client = Client()
    client.put("row:1", "old")
    client.put("row:2", "other")
    client.put("row:1", "latest")
    assert await client.take() == ["other", "latest"]


async def test_a_client_takes_each_text_once_and_waits_for_the_next() -> None:
    client = Client()
    client.put("a", "1")
    assert await client.take() == ["1"]
    waiting = asyncio.create_task(client.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    client.put("a", "2")
    assert await waiting == ["2"]


async def test_a_client_too_far_behind_is_dropped_and_the_others_are_not() -> None:
    audience = Audience()
    slow, quick = audience.join(), audience.join()
    for number in range(MOST_PENDING + 1):
        audience.send(f"row:{number}", "text")
        if number % 100 == 0:
            assert await quick.take()
    assert await slow.take() is None
    audience.send("row:0", "later")
    assert await quick.take() == ["later"]


async def test_repeating_one_key_never_drops_a_client() -> None:
    client = Client()
    for number in range(MOST_PENDING * 2):
        client.put("row:1", str(number))
    assert await client.take() == [str(MOST_PENDING * 2 - 1)]


async def test_a_client_whose_session_is_over_is_woken() -> None:
    client = Client()
    waiting = asyncio.create_task(client.take())
    await asyncio.sleep(0)
    client.drop()
    assert await waiting is None


def test_who_left_the_audience_is_sent_nothing() -> None:
    audience = Audience()
    client = audience.join()
    audience.leave(client)
    audience.leave(client)
    audience.send("a", "1")
    assert client.pending == {}
