"""A row that PM knows, and browsers of the people, with and without htmx."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portfolio import book
from riskcontrol import rows, screen
from tests.pm.conftest import adopted, register
from tests.pm.fake_trader import FakeTrader

HTMX = {"HX-Request": "true"}
ZONE = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The live copy and the kept markup of one test."""
    monkeypatch.setenv("HYPERLIQUID_TRADER_TOKEN", "a-token")
    book.forget()
    screen._kept.clear()
    yield
    book.forget()


@pytest.fixture
def fake() -> Iterator[FakeTrader]:
    """A trader that runs."""
    with FakeTrader() as trader:
        yield trader


@pytest.fixture
def known(fake: FakeTrader, transactional_db: None) -> FakeTrader:
    """A trader that runs and that PM knows."""
    register(fake)
    adopted(*fake.states.values())
    return fake


class Page:
    """One person's browser on the row of the test."""

    def __init__(self, user: User | None, htmx: bool) -> None:
        self.client = Client(headers=ZONE | (HTMX if htmx else {}))
        if user is not None:
            self.client.force_login(user)

    @property
    def row(self) -> dict[str, Any]:
        return rows.rows()[0]

    def get(self, path: str = "/") -> Any:
        return self.client.get(path)

    def post(self, action: str, **fields: str) -> Any:
        return self.client.post(f"/rows/{self.row['_id']}/{action}", fields)

    def seen(self) -> dict[str, str]:
        """The hidden fields of the row's form, as the page gives them."""
        row = self.row
        names = ("risk_per_trade", "stop_loss_dollars", "max_strategy_loss")
        was = {f"was_{name}": f"{row[name]:f}" for name in names}
        return {"revision": str(row["revision"]), "was_enabled": "1" if row["enabled"] else "0", **was}


@pytest.fixture
def page_of(known: FakeTrader) -> Callable[..., Page]:
    """Gives a person's browser; `htmx=False` is one without scripts."""
    return lambda user, htmx=True: Page(user, htmx)


@pytest.fixture
def operator_page(page_of: Callable[..., Page], operator: User) -> Page:
    """The operator's browser."""
    return page_of(operator)


@pytest.fixture
def plain_page(page_of: Callable[..., Page], operator: User) -> Page:
    """The operator's browser without scripts."""
    return page_of(operator, htmx=False)


@pytest.fixture
def viewer_page(page_of: Callable[..., Page], viewer: User) -> Page:
    """The viewer's browser."""
    return page_of(viewer)
