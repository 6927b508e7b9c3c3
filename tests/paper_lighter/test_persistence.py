"""What was told survives kill -9: orders, nonces, client indexes, leverage, and what waits to be executed."""

from pathlib import Path
from typing import Any

import pytest
import requests
from lighter.signer_client import SignerClient

from tests.paper.exchange import STILL, start_exchange
from tests.paper.test_initexchange import initexchange
from tests.paper_lighter.conftest import AT_ONCE, KEY, Stranger, done, open_account, until
from tests.paper_lighter.newborn import lighter

ETH = 0


async def test_everything_is_there_after_kill_9(tmp_path: Path) -> None:
    with start_exchange(tmp_path, EXCHANGE_WITHOUT=AT_ONCE) as paper:
        paper.price("ETH", 3_000)
        index, private, public = open_account(paper)
        client = SignerClient(url=paper.url, account_index=index, api_private_keys={KEY: private})
        stranger = Stranger(paper, index, public, client)
        done(await client.update_leverage(ETH, 0, 7))
        done(await client.create_market_order(ETH, 1, 1000, 315_000, is_ask=False))
        done(await client.create_sl_order(ETH, 2, 1000, 294_000, 285_000, True, True))
        answer = done(await client.create_order(ETH, 3, 1000, 290_000, False, 0, 1))
        reads: dict[str, dict[str, Any]] = {
            "account": {"by": "index", "value": index},
            "nextNonce": {"account_index": index, "api_key_index": KEY},
            "accountActiveOrders": {"account_index": index},
            "accountInactiveOrders": {"account_index": index, "limit": 10},
            "trades": {"account_index": index, "sort_by": "timestamp", "limit": 10},
            "tx": {"by": "hash", "value": answer.tx_hash},
        }
        before = {name: stranger.get(name, **query) for name, query in reads.items()}
        paper.kill9()
        paper.start()
        assert {name: stranger.get(name, **query) for name, query in reads.items()} == before
        assert before["nextNonce"]["nonce"] == 5
        _, _, error = await client.create_order(ETH, 3, 1000, 290_000, False, 0, 1)
        assert "21728" in error
        done(await client.cancel_order(ETH, 3))
        paper.price("ETH", 2_930)
        assert (stranger.order(2)["status"], stranger.size()) == ("filled", "0")
        await client.close()


async def test_what_was_accepted_is_executed_after_kill_9(tmp_path: Path) -> None:
    slow = STILL["EXCHANGE_WITHOUT"] + ",rejects,rate_limits"
    with start_exchange(tmp_path, EXCHANGE_WITHOUT=slow) as paper:
        paper.price("ETH", 3_000)
        index, private, public = open_account(paper)
        client = SignerClient(url=paper.url, account_index=index, api_private_keys={KEY: private})
        stranger = Stranger(paper, index, public, client)
        done(await client.create_market_order(ETH, 1, 1000, 315_000, is_ask=False))
        paper.kill9()
        paper.start()
        order = await until(lambda: stranger.order(1))
        assert (order["status"], stranger.size(), stranger.nonce()) == ("filled", "0.1", 2)
        await client.close()


def test_both_venues_accounts_are_made_by_one_command(tmp_path: Path) -> None:
    master, public = "0x" + "1" * 40, "c" * 80
    one = {"venue": "hyperliquid", "address": master, "balance": "777"}
    keys = {"5": public, "6": "d" * 80}
    other = {"venue": "lighter", "account_index": 77, "api_keys": keys, "balance": "777"}
    for _ in range(2):
        made = initexchange(tmp_path, one, other)
        assert made.returncode == 0, made.stderr
    with start_exchange(tmp_path) as paper:
        assert [paper.state(name)["balance"] for name in (master, "77")] == ["777", "777"]
        known = requests.get(f"{paper.url}/api/v1/apikeys", {"account_index": 77}, timeout=5).json()
        assert [one["api_key_index"] for one in known["api_keys"]] == [5, 6]
        later = initexchange(tmp_path, {"venue": "lighter", "account_index": 78, "api_keys": keys})
        assert later.returncode == 0, later.stderr
        assert paper.state("78")["balance"] == "10000"


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ({"account_index": 0}, "account_index"),
        ({"account_index": "x"}, "account_index"),
        ({"account_index": 7, "api_keys": ["5"]}, "api_keys"),
        ({"account_index": 7, "api_keys": {"5": "ab"}}, "public key"),
    ],
)
def test_a_bad_account_is_said_in_a_sentence(tmp_path: Path, account: dict[str, Any], said: str) -> None:
    done_badly = initexchange(tmp_path, {"venue": "lighter", **account})
    assert done_badly.returncode != 0
    assert said in done_badly.stderr
    assert "Traceback" not in done_badly.stderr


async def test_both_venues_have_one_market_and_accounts_of_their_own(tmp_path: Path) -> None:
    with start_exchange(tmp_path, EXCHANGE_WITHOUT=AT_ONCE) as paper:
        paper.account()
        index, private, public = open_account(paper)
        client = SignerClient(url=paper.url, account_index=index, api_private_keys={KEY: private})
        paper.price("ETH", 2_500)
        stranger = Stranger(paper, index, public, client)
        done(await client.create_market_order(ETH, 1, 1000, 260_000, is_ask=False))
        assert paper.info(type="allMids")["ETH"] == "2500.0"
        (details,) = stranger.get("orderBookDetails", market_id=ETH)["order_book_details"]
        assert details["mark_price"] == "2500.00"
        by_venue = {one["venue"]: one for one in paper.state()["accounts"]}
        assert by_venue["hyperliquid"]["positions"] == []
        assert [one["size"] for one in by_venue["lighter"]["positions"]] == ["0.1"]
        await client.close()


def test_a_memory_from_before_a_venue_gives_it_the_markets_price() -> None:
    market = lighter().x.markets["ETH"]
    state = {**market.to_json(), "marks": {"hyperliquid": 1}}
    fresh = lighter().x.markets["ETH"]
    fresh.restore(state)
    assert fresh.marks == {"lighter": market.mid}
