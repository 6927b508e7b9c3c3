"""`/ws/risk`: snapshot first, then rows, sources and heartbeats; closed when the role goes."""

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from knox.models import AuthToken

from portfolio import book
from portfolio.access import give_role
from riskcontrol import live
from tests.pm.conftest import adopted, register
from tests.pm.fake_trader import state

pytestmark = pytest.mark.django_db(transaction=True)


def prepared() -> tuple[User, str]:
    register(None)
    adopted()
    user = User.objects.create_user("vera")
    give_role(user, "viewer")
    return user, AuthToken.objects.create(user)[1]


@pytest.fixture
async def socket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[WebsocketCommunicator, User]]:
    """A program's socket, by token, and whose it is."""
    from portfolio.asgi import application

    monkeypatch.setattr(live, "STAY_CHECK_S", 0.1)
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.1)
    user, key = await sync_to_async(prepared)()
    headers = [(b"authorization", f"Token {key}".encode()), (b"host", b"127.0.0.1")]
    communicator = WebsocketCommunicator(application, "/ws/risk", headers=headers)
    connected, _ = await communicator.connect()
    assert connected
    yield communicator, user
    await communicator.disconnect()


async def next_of(communicator: WebsocketCommunicator, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(3):
        while True:
            message: dict[str, Any] = json.loads(await communicator.receive_from(timeout=3))
            if message["type"] == kind:
                return message


async def test_a_snapshot_comes_first_then_every_change(
    socket: tuple[WebsocketCommunicator, User],
) -> None:
    communicator, _ = socket
    first = json.loads(await communicator.receive_from(timeout=3))
    assert first["type"] == "snapshot"
    assert first["sources"][0]["source"] == "hyperliquid"
    assert [row["strategy_id"] for row in first["strategies"]] == ["momentum"]
    assert not [name for name in first["strategies"][0] if name.startswith("_")]
    await sync_to_async(book.record)("hyperliquid", [state(total_pnl=Decimal("-3.25"))])
    assert (await next_of(communicator, "row"))["row"]["total_pnl"] == -3.25
    await sync_to_async(book.failed)("hyperliquid", "gone", True)
    assert (await next_of(communicator, "source"))["source"]["status"] == "offline"
    assert "as_of" in await next_of(communicator, "heartbeat")


async def test_it_is_closed_when_the_role_goes(socket: tuple[WebsocketCommunicator, User]) -> None:
    communicator, user = socket
    await sync_to_async(user.groups.clear)()
    async with asyncio.timeout(3):
        while (message := await communicator.receive_output(timeout=3))["type"] != "websocket.close":
            pass
    assert message["code"] == live.GONE


async def test_without_a_token_the_handshake_is_refused() -> None:
    from portfolio.asgi import application

    communicator = WebsocketCommunicator(application, "/ws/risk", headers=[(b"host", b"127.0.0.1")])
    connected, _ = await communicator.connect()
    assert not connected
