"""A standard account's limits: 60 requests and 60 transactions in any minute."""

from pathlib import Path

import lighter
import pytest
import requests
from lighter.signer_client import SignerClient

from tests.paper.exchange import STILL, start_exchange
from tests.paper_lighter.conftest import KEY, Stranger, open_account
from tests.paper_lighter.newborn import AT_ONCE
from tests.paper_lighter.newborn import lighter as newborn
from venues.lighter.paper.codes import Refusal
from venues.lighter.paper.limits import Limits, Window


def test_a_window_rolls() -> None:
    now = [0.0]
    window = Window(60, 23000, lambda: now[0])
    for second in range(60):
        now[0] = float(second)
        window.take("a")
    with pytest.raises(Refusal) as refused:
        window.take("a")
    assert (refused.value.code, refused.value.status) == (23000, 429)
    window.take("b", 60)
    now[0] = 60.0
    window.take("a")
    with pytest.raises(Refusal):
        window.take("a")


def test_what_is_refused_is_not_counted() -> None:
    window = Window(5, 23000, lambda: 0.0)
    with pytest.raises(Refusal):
        window.take("a", 6)
    window.take("a", 5)


def test_nothing_is_counted_without_the_model() -> None:
    limits = Limits(active=False)
    limits.take(limits.requests, "a", 1000)


def test_each_transaction_of_a_batch_counts() -> None:
    paper = newborn(without=AT_ONCE - {"rate_limits"})
    for _ in range(2):
        paper.batch(*[(14, paper.info(**paper.order())) for _ in range(29)])
    with pytest.raises(Refusal, match="Too Many"):
        paper.batch(*[(14, paper.info(**paper.order())) for _ in range(3)])
    paper.nonce -= 3
    paper.batch(*[(14, paper.info(**paper.order())) for _ in range(2)])


def test_forty_changes_of_leverage_a_minute() -> None:
    paper = newborn(without=AT_ONCE - {"rate_limits"})
    leverage = {"MarketIndex": 0, "InitialMarginFraction": 500, "MarginMode": 0}
    for _ in range(40):
        paper.send(20, **leverage)
    with pytest.raises(Refusal, match="Too Many"):
        paper.send(20, **leverage)
    paper.nonce -= 1
    paper.send(14, **paper.order())


async def test_the_61st_of_a_minute_is_a_429_and_reads_and_transactions_count_apart(tmp_path: Path) -> None:
    models = STILL["EXCHANGE_WITHOUT"] + ",delay,rejects"
    with start_exchange(tmp_path, EXCHANGE_WITHOUT=models) as paper:
        paper.price("ETH", 3_000)
        index, private, public = open_account(paper)
        other, _, _ = open_account(paper)
        client = SignerClient(url=paper.url, account_index=index, api_private_keys={KEY: private})
        stranger = Stranger(paper, index, public, client)
        try:
            await _spend_reads(stranger)
            client.nonce_manager.nonce[KEY] = 0
            for _ in range(60):
                _, answer, error = await client.cancel_all_orders(0, 0)
                assert error is None
                assert answer.code == 200
            with pytest.raises(lighter.exceptions.ApiException) as refused:
                await client.cancel_all_orders(0, 0)
            assert refused.value.status == 429
            assert '"code":23000' in str(refused.value.body)
        finally:
            await client.close()
        free = await lighter_account(paper.url, other)
        assert free == other


async def _spend_reads(stranger: Stranger) -> None:
    """Read 60 times as one account; the 61st is refused."""
    accounts = lighter.AccountApi(stranger.api)
    for _ in range(60):
        await accounts.account(by="index", value=str(stranger.index))
    with pytest.raises(lighter.exceptions.ApiException) as refused:
        await accounts.account(by="index", value=str(stranger.index))
    assert refused.value.status == 429


async def lighter_account(url: str, index: int) -> int:
    """Read an account that has spent nothing."""
    async with lighter.ApiClient(lighter.Configuration(host=url)) as api:
        found = await lighter.AccountApi(api).account(by="index", value=str(index))
        return int(found.accounts[0].index)


def test_a_read_that_names_nobody_counts_for_its_address(tmp_path: Path) -> None:
    with start_exchange(tmp_path) as paper:
        codes = [requests.get(f"{paper.url}/api/v1/orderBooks", timeout=5).status_code for _ in range(61)]
        assert codes == [200] * 60 + [429]
        assert requests.get(f"{paper.url}/healthz", timeout=5).status_code == 200
        assert paper.info(type="meta")
