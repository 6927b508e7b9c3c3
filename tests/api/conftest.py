"""A trader that is away, with two strategies, and what must not change by a refused request."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signals
from django.db import close_old_connections, connections

from portfolio import book
from portfolio.models import Trader
from riskcontrol import upkeep
from riskcontrol.models import Change, Delivery, RiskSettings
from tests.trader_api.asgi_client import Answer, ask
from venues.contract.limits import RiskLimits
from venues.contract.names import RowKey
from venues.contract.states import StrategyState

AskPm = Callable[..., Answer]
CLOSED = "http://127.0.0.1:1"  # nobody listens there


@pytest.fixture(autouse=True)
def empty_book() -> Iterator[None]:
    """Nothing is left in the live copy from another test."""
    book.forget()
    yield
    book.forget()


@pytest.fixture
def hyperliquid(db: None) -> Trader:
    """A trader in the registry that is away."""
    return Trader.objects.create(source="hyperliquid", url=CLOSED)


def state(strategy_id: str, symbol: str, **given: Any) -> StrategyState:
    known = {"enabled": True, "limits": RiskLimits(), "is_killed": False, "total_pnl": None, "revision": 0}
    return StrategyState(strategy_id=strategy_id, symbol=symbol, **{**known, **given})


@pytest.fixture
def hyperliquid_btc(hyperliquid: Trader) -> RowKey:
    """momentum on BTC at revision 0, adopted with the defaults."""
    upkeep.adopt("hyperliquid", [state("momentum", "BTC", name="Momentum")])
    return RowKey("hyperliquid", "momentum", "BTC")


@pytest.fixture
def hyperliquid_eth(hyperliquid: Trader) -> RowKey:
    """mean-reversion on ETH at revision 0."""
    upkeep.adopt("hyperliquid", [state("mean-reversion", "ETH")])
    return RowKey("hyperliquid", "mean-reversion", "ETH")


@pytest.fixture
def url_of() -> Callable[[RowKey], str]:
    """Gives the path of a row."""
    return lambda key: "/api/risk/" + "/".join(key)


def all_stored() -> Any:
    """Gives all that a write could change; refusals on the record are no change."""
    return (
        list(RiskSettings.objects.order_by("pk").values()),
        list(Delivery.objects.order_by("pk").values()),
        list(Change.objects.exclude(outcome="refused").order_by("pk").values()),
        list(Trader.objects.order_by("pk").values()),
    )


@pytest.fixture
def application(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """PM's whole ASGI application, guard included; its requests see the test's own transaction."""
    from portfolio import asgi

    ours = connections["default"]
    ours.inc_thread_sharing()
    ends = (signals.request_started, signals.request_finished)
    for end in ends:
        end.disconnect(close_old_connections)  # it would close what is in the test's transaction
    with ThreadPoolExecutor(1, initializer=lambda: connections.__setitem__("default", ours)) as threads:
        for name in ("reads", "writes", "kills"):
            monkeypatch.setattr(asgi.http, name, threads)
        yield asgi.application
    for end in ends:
        end.connect(close_old_connections)
    ours.dec_thread_sharing()


@pytest.fixture
def ask_pm(application: Any, token_of: Callable[[User], str]) -> AskPm:
    """Asks the application as a user with a token, or as nobody for None."""
    keys: dict[User, str] = {}

    def asked(user: User | None, method: str, path: str, body: bytes = b"", **more: str) -> Answer:
        headers = {"content-type": "application/json"}
        if user is not None:
            key = keys.get(user) or keys.setdefault(user, token_of(user))
            headers["authorization"] = f"Token {key}"
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        return asyncio.run(ask(application, method, path, body, headers))

    return asked
