"""Exchanges that the tests of a module share, and the SDK as a stranger would use it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info

from tests.paper.exchange import PaperAccount, PaperExchange, start_exchange


@dataclass
class Stranger:
    """One account with the official SDK in its hands."""

    paper: PaperExchange
    account: PaperAccount
    info: Info
    exchange: Exchange

    @property
    def address(self) -> str:
        return self.account.address

    def state(self) -> Any:
        return self.paper.state(self.address)

    def size(self, symbol: str = "BTC") -> str:
        held = {one["symbol"]: one["size"] for one in self.state()["positions"]}
        return str(held.get(symbol, "0"))


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaperExchange]:
    """A still market without chance; the tests of a module share it, each with its own account."""
    with start_exchange(tmp_path_factory.mktemp("paper")) as started:
        yield started


@pytest.fixture
def stranger(paper: PaperExchange) -> Stranger:
    """An account with 10 000 USD, BTC at 96 000 and ETH at 3 000, and an agent that signs."""
    paper.price("BTC", 96_000)
    paper.price("ETH", 3_000)
    account = paper.account()
    info = Info(paper.url, skip_ws=True, timeout=5)
    exchange = Exchange(account.agent, paper.url, account_address=account.address, timeout=5)
    return Stranger(paper, account, info, exchange)
