"""The trader's real ASGI application over a fake engine, and who asks it."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from tests.trader_api.asgi_client import Answer, Socket, ask
from tests.trader_api.fake_engine import FakeEngine
from venues.trader import facade

Ask = Callable[..., Awaitable[Answer]]
TOKEN = "the-token-of-the-tests"
PROGRAM = {"authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def trader_settings(settings: Settings) -> Settings:
    """The trader's own settings in place of PM's, where they differ for a face."""
    settings.ROOT_URLCONF = "venues.trader.urls"
    settings.MIDDLEWARE = []
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
    settings.TRADER_TOKEN = TOKEN
    settings.TRADER_BIND = "127.0.0.1"
    return settings


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    """The engine of this process."""
    fake = FakeEngine()
    facade.set_engine(fake)
    yield fake
    facade._running.clear()


@pytest.fixture
def application(trader_settings: Settings, engine: FakeEngine) -> Any:
    """The whole application, guard and access included."""
    from django.core.asgi import get_asgi_application

    from venues.trader import asgi

    asgi.django_application = get_asgi_application()  # with the middleware of these settings
    return asgi.assemble()


@pytest.fixture
def anyone(application: Any) -> Ask:
    """Asks without credentials, from loopback unless told."""
    return lambda method, path, body=b"", **how: ask(application, method, path, body, **how)


@pytest.fixture
def program(application: Any) -> Ask:
    """Asks with the token; a body is JSON."""

    def asked(method: str, path: str, body: bytes | str = b"", **headers: str) -> Awaitable[Answer]:
        sent = body.encode() if isinstance(body, str) else body
        kind = {"content-type": "application/json"} if sent else {}
        return ask(application, method, path, sent, {**PROGRAM, **kind, **headers})

    return asked


@pytest.fixture
def socket(application: Any) -> Callable[..., Socket]:
    """Opens `/ws` with the token unless other headers are given."""
    return lambda path="/ws", headers=PROGRAM, **how: Socket(application, path, headers, **how)
