"""A trader's stream: gaps in `seq` are noticed, asked about once, and silence ends it."""

import asyncio
import json
from typing import Any, cast

import pytest
from websockets.asyncio.client import ClientConnection

from venues.contract.errors import Unreachable
from venues.stream import Stream


class Said:
    """A connection on which these messages come, and then nothing more."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.coming = [json.dumps(one) for one in messages]
        self.sent: list[Any] = []

    async def recv(self) -> str:
        if not self.coming:
            await asyncio.Event().wait()
        return self.coming.pop(0)

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))


def beat(seq: int) -> dict[str, Any]:
    return {"type": "heartbeat", "seq": seq}


def snapshot(seq: int) -> dict[str, Any]:
    return {"type": "snapshot", "seq": seq, "strategies": [], "account": {}}


def resyncs(*messages: dict[str, Any]) -> int:
    """Give how often a resync was asked for; every message has to be given, and silence to end it."""
    connection = Said(*messages)

    async def hear() -> int:
        given = 0
        with pytest.raises(Unreachable, match="silent"):
            async for _ in Stream(cast("ClientConnection", connection), silence_s=0.05).messages():
                given += 1
        return given

    assert asyncio.run(hear()) == len(messages)
    assert all(one == {"type": "resync"} for one in connection.sent)
    return len(connection.sent)


@pytest.mark.parametrize(
    ("seqs", "asked"),
    [((2, 3, 4), 0), ((2, 4), 1), ((3,), 1), ((2, 2), 1), ((2, 1), 1), ((2, 5, 9, 12), 1), ((2, 2**60), 1)],
)
def test_any_step_but_one_is_a_gap_and_one_gap_is_asked_about_once(seqs: tuple[int, ...], asked: int) -> None:
    assert resyncs(snapshot(1), *map(beat, seqs)) == asked


def test_a_gap_after_the_snapshot_is_asked_about_again() -> None:
    assert resyncs(snapshot(1), beat(5), snapshot(6), beat(7), beat(9)) == 2


def test_a_stream_that_does_not_begin_at_one_has_a_gap() -> None:
    assert resyncs(beat(2)) == 1
