"""How requests are run: static files without collectstatic, connections kept, nobody behind a slow trader."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.api.conftest import AskPm
from tests.trader_api.asgi_client import ask
from venues.contract.names import RowKey


@pytest.fixture
def busy() -> Iterator[None]:
    """Every thread for writes waits for a trader that is frozen."""
    from portfolio import asgi
    from portfolio.handler import WRITE_THREADS

    thawed = threading.Event()
    waiting = [asgi.http.writes.submit(thawed.wait, 20) for _ in range(2 * WRITE_THREADS)]
    yield
    thawed.set()
    for one in waiting:
        one.result(5)


@pytest.mark.django_db(transaction=True)
def test_kills_and_reads_are_answered_while_every_write_waits_for_its_trader(busy: None) -> None:
    from portfolio.asgi import application

    path = "/api/risk/hyperliquid/momentum/BTC"
    for method, asked in (("POST", f"{path}/kill"), ("GET", path), ("GET", "/api/risk/strategies")):
        answer = asyncio.run(asyncio.wait_for(ask(application, method, asked), 3))
        assert answer.status == 401, asked
    with pytest.raises((TimeoutError, asyncio.CancelledError)):
        asyncio.run(asyncio.wait_for(ask(application, "PUT", path), 0.3))


def test_static_files_are_served_without_collectstatic(application: Any) -> None:
    for path, kind in [
        ("/static/rest_framework/css/default.css", "text/css"),
        ("/static/rest_framework/js/default.js", "text/javascript"),
        ("/static/admin/css/base.css", "text/css"),
    ]:
        answer = asyncio.run(ask(application, "GET", path))
        assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, kind), path
        assert len(answer.body) == int(answer.headers["content-length"]) > 100


def test_head_answers_without_a_body(ask_pm: AskPm, viewer: User, hyperliquid_btc: RowKey) -> None:
    answer = ask_pm(viewer, "HEAD", "/api/risk/hyperliquid/momentum/BTC")
    assert (answer.status, answer.headers["etag"]) == (200, '"0"')


@pytest.mark.django_db(transaction=True)
def test_a_thread_keeps_its_database_connection(viewer: User) -> None:
    from portfolio import asgi
    from portfolio.handler import READ_THREADS

    all_there = threading.Barrier(READ_THREADS)

    def connection() -> Any:
        from django.db import connections

        connections["default"].ensure_connection()
        all_there.wait(10)  # so that each thread gives its own
        return connections["default"].connection

    def held() -> list[Any]:
        given = [asgi.http.reads.submit(connection) for _ in range(READ_THREADS)]
        return [one.result(15) for one in given]

    before = held()
    for _ in range(5 * READ_THREADS):
        asyncio.run(ask(asgi.application, "GET", "/readyz"))
    assert {id(one) for one in held()} == {id(one) for one in before}
    assert len(before) == READ_THREADS
