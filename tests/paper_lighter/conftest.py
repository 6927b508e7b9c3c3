"""Exchanges that the tests of a module share, and Lighter's SDK as a stranger would use it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from lighter.signer_client import SignerClient, create_api_key

from tests.paper.exchange import STILL, PaperExchange, start_exchange

AT_ONCE = STILL["EXCHANGE_WITHOUT"] + ",delay,rejects,rate_limits"
KEY = 5
LIMIT_S = 5.0
indexes = itertools.count(100)


@dataclass
class Stranger:
    """One account with the official SDK in its hands."""

    paper: PaperExchange
    index: int
    public: str
    client: SignerClient

    @property
    def api(self) -> Any:
        return self.client.api_client

    @property
    def token(self) -> str:
        token, error = self.client.create_auth_token_with_expiry(api_key_index=KEY)
        assert error is None, error
        return str(token)

    def get(self, name: str, **query: Any) -> Any:
        """Give the JSON of a read as this account."""
        answer = requests.get(
            f"{self.paper.url}/api/v1/{name}", query, headers={"Authorization": self.token}, timeout=5
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self) -> Any:
        return self.paper.state(str(self.index))

    def size(self, symbol: str = "ETH") -> str:
        held = {one["symbol"]: one["size"] for one in self.state()["positions"]}
        return str(held.get(symbol, "0"))

    def order(self, client: int) -> Any:
        """Give the order of a client index; None where nothing is known of it."""
        (found,) = self.get("accountOrders", account_index=self.index, client_order_indexes=client)[
            "orders"
        ] or [None]
        return found

    def nonce(self) -> int:
        return int(self.get("nextNonce", account_index=self.index, api_key_index=KEY)["nonce"])


def done(result: Any) -> Any:
    """Give the answer of an SDK call that must have been taken."""
    _, answer, error = result
    assert error is None, error
    assert answer.code == 200
    return answer


async def until(condition: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
    """Wait until a condition holds and give its value."""
    async with asyncio.timeout(limit_s):
        while not (value := condition()):  # noqa: ASYNC110  # another process has no event to wait for
            await asyncio.sleep(0.02)
    return value


def open_account(paper: PaperExchange, balance: str = "10000") -> tuple[int, str, str]:
    """Make an account with one API key and give (index, private, public)."""
    private, public, error = create_api_key()
    assert error is None, error
    index = next(indexes)
    body = {
        "venue": "lighter",
        "account_index": index,
        "api_keys": {str(KEY): public},
        "balance": balance,
    }
    answer = requests.post(f"{paper.url}/paper/accounts", json=body, timeout=5)
    assert answer.status_code == 201, answer.text
    return index, private, public.removeprefix("0x")


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PaperExchange]:
    """A still market without chance, delay and limits; the tests of a module share it."""
    with start_exchange(tmp_path_factory.mktemp("paper"), EXCHANGE_WITHOUT=AT_ONCE) as started:
        yield started


@pytest.fixture
async def stranger(paper: PaperExchange) -> AsyncIterator[Stranger]:
    """An account with 10 000 USD and an API key; BTC at 96 000, ETH at 3 000."""
    paper.price("BTC", 96_000)
    paper.price("ETH", 3_000)
    index, private, public = open_account(paper)
    client = SignerClient(url=paper.url, account_index=index, api_private_keys={KEY: private})
    yield Stranger(paper, index, public, client)
    await client.close()
