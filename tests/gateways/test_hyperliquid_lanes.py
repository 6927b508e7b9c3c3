"""Lanes: what has not begun in time never does, what has begun may have happened."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from venues.contract.errors import Unknown, Unreachable
from venues.hyperliquid.lanes import Lane


class Desk:
    def __init__(self) -> None:
        self.thread = threading.get_ident()


@pytest.fixture
def lane() -> Iterator[Lane[Desk]]:
    lane = Lane("order", 1, Desk, 0.2, Unknown)
    yield lane
    lane.close()


async def test_a_thread_keeps_its_desk(lane: Lane[Desk]) -> None:
    desks = [await lane.call(lambda desk: (desk, desk.thread, threading.get_ident())) for _ in range(3)]
    assert len(set(desks)) == 1
    assert desks[0][1] == desks[0][2] != threading.get_ident()


async def test_an_error_comes_back(lane: Lane[Desk]) -> None:
    with pytest.raises(Unreachable, match="away"):
        await lane.call(refuse)


def refuse(desk: Desk) -> None:
    raise Unreachable("away")


async def test_what_has_begun_and_not_ended_is_unknown_and_what_waits_never_leaves(lane: Lane[Desk]) -> None:
    release, left = threading.Event(), []
    hung = asyncio.create_task(lane.call(lambda _: release.wait(5)))
    queued = asyncio.create_task(lane.call(lambda _: left.append(1)))
    with pytest.raises(Unknown):
        await hung
    with pytest.raises(Unreachable, match="Never sent"):
        await queued
    release.set()
    assert await lane.call(lambda _: "next") == "next"
    assert left == []


async def test_a_call_that_is_given_up_before_it_began_never_leaves(lane: Lane[Desk]) -> None:
    release, left = threading.Event(), []
    hung = asyncio.create_task(lane.call(lambda _: release.wait(0.1)))
    queued = asyncio.create_task(lane.call(lambda _: left.append(1)))
    await asyncio.sleep(0)
    queued.cancel()
    await asyncio.wait({queued})
    release.set()
    await hung
    await lane.call(lambda _: None)
    assert left == []


async def test_a_closed_lane_takes_nothing(lane: Lane[Desk]) -> None:
    lane.close()
    with pytest.raises(Unreachable, match="stopped"):
        await lane.call(lambda _: None)
