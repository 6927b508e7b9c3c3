"""What the API takes and refuses: signers, nonces, client indexes, prices, sizes, forms."""

import json
from typing import Any

import pytest
import requests

from tests.paper.exchange import PaperExchange
from tests.paper_lighter.conftest import KEY, Stranger, open_account
from tests.paper_lighter.newborn import AT_ONCE, DAY_MS, OTHER_KEY, SIGNATURE, Lighter, lighter
from venues.lighter.paper.codes import Refusal
from venues.lighter.paper.signing import ORDER, is_signature

BIG = "/" * 106 + "8="


@pytest.fixture
def paper_lighter() -> Lighter:
    return lighter()


def refused(paper: Lighter, kind: int, **body: Any) -> int:
    """Give the code of a refusal; nothing of it may stay."""
    before = paper.x.numbers["record"], [list(key.nonces) for key in paper.account.keys.values()]
    with pytest.raises(Refusal) as caught:
        paper.send(kind, **body)
    paper.nonce -= 1
    assert before == (paper.x.numbers["record"], [list(key.nonces) for key in paper.account.keys.values()])
    return caught.value.code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"AccountIndex": 8}, 21100),
        ({"ApiKeyIndex": 9}, 21109),
        ({"Nonce": 0}, 21104),
        ({"Nonce": 3}, 21104),
        ({"Sig": "!"}, 21120),
        ({"Sig": SIGNATURE[:-8]}, 21120),
        ({"Sig": BIG}, 21120),
        ({"Sig": None}, 21120),
        ({"ExpiredAt": 1}, 21501),
        ({"Nonce": True}, 21501),
        ({"L2TxAttributes": 5}, 21501),
    ],
)
def test_who_signs_and_in_which_order(paper_lighter: Lighter, changed: dict[str, Any], code: int) -> None:
    assert refused(paper_lighter, 14, **{**paper_lighter.order(), **changed}) == code


def test_a_signature_is_two_scalars_below_the_groups_order() -> None:
    most = (ORDER - 1).to_bytes(40, "little")
    assert is_signature(most * 2)
    assert not is_signature(ORDER.to_bytes(40, "little") + most)
    assert not is_signature(most + bytes(40))
    assert not is_signature(most)


def test_each_key_counts_for_itself_and_may_skip_where_it_says_so(paper_lighter: Lighter) -> None:
    paper = paper_lighter
    paper.send(14, **paper.order())
    paper.send(14, **paper.order(), ApiKeyIndex=OTHER_KEY, Nonce=1)
    paper.send(14, **paper.order(), ApiKeyIndex=OTHER_KEY, Nonce=1_000, L2TxAttributes={"4": 1})
    keys = paper.account.keys
    assert (keys[str(KEY)].nonces, keys[str(OTHER_KEY)].nonces) == ([1], [1_000])
    skipping = {"ApiKeyIndex": OTHER_KEY, "Nonce": 900, "L2TxAttributes": {"4": 1}}
    assert refused(paper, 14, **paper.order(), **skipping) == 21104


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"MarketIndex": 77}, 21602),
        ({"ClientOrderIndex": 2**48}, 21727),
        ({"BaseAmount": 0}, 21701),
        ({"BaseAmount": 2**48}, 21701),
        ({"BaseAmount": 49}, 21706),
        ({"BaseAmount": 10**12}, 21706),
        ({"Price": 0}, 21702),
        ({"Price": 2**32}, 21702),
        ({"Price": 370_000}, 21733),
        ({"Price": 50_000}, 21734),
        ({"BaseAmount": 2_000_000}, 21739),
        ({"TriggerPrice": 1}, 21729),
        ({"OrderExpiry": 0}, 21711),
        ({"OrderExpiry": 5}, 21711),
        ({"Type": 6}, 21501),
        ({"TimeInForce": 3}, 21501),
        ({"IsAsk": 2}, 21501),
        ({"ReduceOnly": "1"}, 21501),
        ({"Price": 290_000.5}, 21501),
        ({"Price": None}, 21501),
        ({"Type": 1}, 21501),
        ({"Type": 1, "TimeInForce": 0}, 21711),
        ({"Type": 2, "TimeInForce": 0}, 21729),
    ],
)
def test_an_order_that_cannot_be_is_refused(
    paper_lighter: Lighter, changed: dict[str, Any], code: int
) -> None:
    assert refused(paper_lighter, 14, **{**paper_lighter.order(), **changed}) == code


def test_an_order_lives_30_days_at_most(paper_lighter: Lighter) -> None:
    now = paper_lighter.clock.ms
    assert refused(paper_lighter, 14, **paper_lighter.order(OrderExpiry=now + 31 * DAY_MS)) == 21711
    assert paper_lighter.known(**paper_lighter.order(OrderExpiry=now + 30 * DAY_MS)).status == "open"


def test_a_stops_worst_price_is_within_five_percent_of_its_trigger(paper_lighter: Lighter) -> None:
    paper_lighter.create(**paper_lighter.market())
    assert refused(paper_lighter, 14, **paper_lighter.stop(290_000, 275_400)) == 21735
    assert refused(paper_lighter, 14, **paper_lighter.stop(290_000, 1)) == 21735
    assert paper_lighter.known(**paper_lighter.stop(290_000, 275_500)).waits


def test_a_client_index_is_used_once_in_all_markets(paper_lighter: Lighter) -> None:
    paper = paper_lighter
    paper.create(**paper.market(ClientOrderIndex=500))
    again = paper.order(MarketIndex=1, Price=900_000, ClientOrderIndex=500)
    assert refused(paper, 14, **again) == 21728
    for _ in range(2):
        paper.send(14, **paper.order(ClientOrderIndex=0))


async def test_what_is_queued_holds_its_client_index_too() -> None:
    paper = lighter(without=AT_ONCE - {"delay"})
    paper.send(14, **paper.order(ClientOrderIndex=500))
    assert paper.x.orders_of(paper.account) == []
    assert refused(paper, 14, **paper.order(ClientOrderIndex=500)) == 21728


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (15, {"MarketIndex": 0, "Index": 999}, 21700),
        (15, {"MarketIndex": 0, "Index": 2**48 + 5}, 21700),
        (17, {"MarketIndex": 0, "Index": 9, "BaseAmount": 1, "Price": 1, "TriggerPrice": 0}, 21700),
        (16, {"TimeInForce": 0, "Time": 5}, 21714),
        (16, {"TimeInForce": 1, "Time": 5}, 21714),
        (16, {"TimeInForce": 3, "Time": 0}, 21501),
        (16, {"TimeInForce": 0, "Time": 0, "L2TxAttributes": {"5": 99}}, 21602),
        (20, {"MarketIndex": 0, "InitialMarginFraction": 199, "MarginMode": 0}, 21113),
        (20, {"MarketIndex": 0, "InitialMarginFraction": 10_001, "MarginMode": 0}, 21113),
        (20, {"MarketIndex": 0, "InitialMarginFraction": 500, "MarginMode": 2}, 21613),
        (28, {"GroupingType": 4, "Orders": []}, 21741),
        (28, {"GroupingType": 3, "Orders": [{}, {}]}, 21742),
        (13, {}, 21505),
        (99, {}, 21505),
    ],
)
def test_other_transactions_are_checked_too(
    paper_lighter: Lighter, kind: int, body: dict[str, Any], code: int
) -> None:
    assert refused(paper_lighter, kind, **body) == code


def test_an_order_that_has_ended_is_not_cancelled_or_changed(paper_lighter: Lighter) -> None:
    order = paper_lighter.known(**paper_lighter.market(ClientOrderIndex=70))
    assert order.status == "filled"
    assert refused(paper_lighter, 15, MarketIndex=0, Index=70) == 21715
    changed = {"Index": 70, "BaseAmount": 2_000, "Price": 290_000, "TriggerPrice": 0}
    assert refused(paper_lighter, 17, MarketIndex=0, **changed) == 21715


def test_leverage_that_the_account_cannot_carry_is_refused(paper_lighter: Lighter) -> None:
    paper_lighter.create(**paper_lighter.market(lots=100_000))
    body = {"MarketIndex": 0, "InitialMarginFraction": 10_000, "MarginMode": 0}
    assert refused(paper_lighter, 20, **body) == 21508


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"IsAsk": 0}, 21742),
        ({"BaseAmount": 5}, 21742),
        ({"ReduceOnly": 0}, 21742),
        ({"Type": 4}, 21742),
        ({"MarketIndex": 1, "Price": 8_500_000, "TriggerPrice": 8_600_000}, 21742),
        ({"ClientOrderIndex": 900}, 21728),
    ],
)
def test_a_group_is_held_to_its_rules(paper_lighter: Lighter, change: dict[str, Any], code: int) -> None:
    entry = paper_lighter.order(ClientOrderIndex=900)
    profit = paper_lighter.stop(310_000, 300_000, Type=4, BaseAmount=0)
    stop = paper_lighter.stop(280_000, 270_000, BaseAmount=0)
    group = [entry, profit, {**stop, **change}]
    assert refused(paper_lighter, 28, GroupingType=3, Orders=group) == code


def test_a_batch_is_of_one_key_and_has_at_most_50(paper_lighter: Lighter) -> None:
    paper = paper_lighter
    mixed = [(14, paper.info(**paper.order())), (14, paper.info(**paper.order(), ApiKeyIndex=OTHER_KEY))]
    with pytest.raises(Refusal, match="one account and api key"):
        paper.batch(*mixed)
    many = [(14, paper.info(**paper.order())) for _ in range(51)]
    with pytest.raises(Refusal, match="at most 50"):
        paper.batch(*many)
    assert paper.account.keys[str(KEY)].nonces == [0]


# ── on the wire ─────────────────────────────────────────────────────────────────


def wire(stranger: Stranger, number: int) -> dict[str, str]:
    """Give the form of a signed order."""
    kind, text, _, error = stranger.client.sign_create_order(
        0, number, 1000, 290_000, 0, 0, 1, nonce=stranger.nonce(), api_key_index=KEY
    )
    assert error is None, error
    return {"tx_type": str(kind), "tx_info": text}


def test_urlencoded_and_multipart_are_the_same(stranger: Stranger) -> None:
    url = f"{stranger.paper.url}/api/v1/sendTx"
    plain = requests.post(url, data=wire(stranger, 1), timeout=5)
    parts = {name: (None, value) for name, value in wire(stranger, 2).items()}
    multipart = requests.post(url, files=parts, timeout=5)
    assert "multipart/form-data" in str(multipart.request.headers["Content-Type"])
    assert [one.json()["code"] for one in (plain, multipart)] == [200, 200]
    assert [stranger.order(one)["status"] for one in (1, 2)] == ["open", "open"]
    form = wire(stranger, 3)
    batch = {"tx_types": "[14]", "tx_infos": json.dumps([form["tx_info"]])}
    parts = {name: (None, str(value)) for name, value in batch.items()}
    assert requests.post(f"{url}Batch", files=parts, timeout=5).json()["code"] == 200
    assert stranger.order(3)["status"] == "open"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"tx_type": "14"},
        {"tx_type": "x", "tx_info": "{}"},
        {"tx_type": "14", "tx_info": "{"},
        {"tx_type": "14", "tx_info": "[]"},
        {"tx_type": "14", "tx_info": '{"AccountIndex": 1e3}'},
        {"tx_type": "14", "tx_info": '{"AccountIndex": 1, "AccountIndex": 1}'},
        {"tx_types": "[14]", "tx_infos": "[]"},
        {"tx_types": "[]", "tx_infos": "[]"},
        {"tx_types": "14", "tx_infos": "{}"},
        {"tx_types": '["14"]', "tx_infos": '["{}"]'},
        {"tx_types": "[[]]", "tx_infos": "[null]"},
    ],
)
def test_a_bad_form_is_a_400_with_a_code(paper: PaperExchange, form: dict[str, str]) -> None:
    for name in ("sendTx", "sendTxBatch"):
        answer = requests.post(f"{paper.url}/api/v1/{name}", data=form, timeout=5)
        assert answer.status_code == 400
        assert {"code", "message"} == set(answer.json())


READS = (
    "account?by=index&value=x",
    "account?by=name&value=1",
    "account",
    "account?by=index&value=99999",
    "nextNonce?account_index=1",
    "nextNonce?account_index=-1&api_key_index=5",
    "orderBookOrders?market_id=0&limit=251",
    "orderBookOrders?market_id=999&limit=1",
    "recentTrades?market_id=0",
    "candles?market_id=0&resolution=2m",
    "candles?market_id=0&resolution=1m&count_back=1e5",
    "fundings?market_id=0&resolution=1y",
    "orderBooks?filter=all%20",
    "accountActiveOrders?account_index=1",
    "accountOrders?account_index=99999&client_order_indexes=1",
    "tx?by=hash&value=none",
    "tx?by=name&value=none",
    "trades?account_index=99999&sort_by=timestamp&limit=1",
)


@pytest.mark.parametrize("path", READS)
def test_a_bad_read_is_a_400_with_a_code(paper: PaperExchange, path: str) -> None:
    answer = requests.get(f"{paper.url}/api/v1/{path}", timeout=5)
    assert (answer.status_code, set(answer.json())) == (400, {"code", "message"})


def test_other_methods_are_refused(paper: PaperExchange) -> None:
    assert requests.get(f"{paper.url}/api/v1/sendTx", timeout=5).status_code == 405
    assert requests.post(f"{paper.url}/api/v1/account", timeout=5).status_code == 405
    assert requests.post(f"{paper.url}/", timeout=5).status_code == 405
    assert requests.get(f"{paper.url}/api/v1/gossip", timeout=5).status_code == 404


def test_a_private_read_asks_for_a_token_of_the_account(stranger: Stranger) -> None:
    expired, _ = stranger.client.create_auth_token_with_expiry(1, timestamp=1_000_000, api_key_index=KEY)
    far, _ = stranger.client.create_auth_token_with_expiry(9 * 3600, api_key_index=KEY)
    other, _, _ = open_account(stranger.paper)
    others = stranger.token.replace(f":{stranger.index}:", f":{other}:")
    url = f"{stranger.paper.url}/api/v1/accountActiveOrders"
    query = {"account_index": str(stranger.index)}
    for token in (None, "", "x", expired, far, others, stranger.token.replace(":5:", ":6:")):
        headers = {"Authorization": token} if token is not None else {}
        answer = requests.get(url, query, headers=headers, timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (400, 20013), token
    assert requests.get(url, query, headers={"Authorization": stranger.token}, timeout=5).ok
    assert requests.get(url, {**query, "auth": stranger.token}, timeout=5).ok
    trades = stranger.paper.url + "/api/v1/trades"
    assert requests.get(trades, {**query, "sort_by": "timestamp", "limit": "1"}, timeout=5).ok


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"account_index": 0}, "account_index"),
        ({"account_index": "7"}, "account_index"),
        ({"account_index": True}, "account_index"),
        ({"api_keys": ["5"]}, "api_keys"),
        ({"api_keys": {"255": "a" * 80}}, "api_keys"),
        ({"api_keys": {"x": "a" * 80}}, "api_keys"),
        ({"api_keys": {"5": "a" * 79}}, "api_keys"),
        ({"api_keys": {"5": None}}, "api_keys"),
        ({"address": "0x"}, "address"),
    ],
)
def test_a_bad_account_is_refused_naming_the_field(
    paper: PaperExchange, change: dict[str, Any], field: str
) -> None:
    body = {"venue": "lighter", "account_index": 7, "api_keys": {"5": "a" * 80}, **change}
    answer = requests.post(f"{paper.url}/paper/accounts", json=body, timeout=5)
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {field}


def test_an_account_is_made_once_and_takes_more_keys_and_cash(paper: PaperExchange) -> None:
    body = {"venue": "lighter", "account_index": 55, "api_keys": {"5": "a" * 80}, "balance": "500"}
    url = f"{paper.url}/paper/accounts"
    assert requests.post(url, json=body, timeout=5).status_code == 201
    more = {**body, "api_keys": {"6": "0x" + "B" * 80}, "deposit": "5"}
    answer = requests.post(url, json=more, timeout=5)
    assert (answer.status_code, answer.json()["balance"], answer.json()["address"]) == (200, "505", "55")
    keys = requests.get(f"{paper.url}/api/v1/apikeys", {"account_index": 55}, timeout=5).json()["api_keys"]
    assert {one["api_key_index"]: one["public_key"] for one in keys} == {5: "a" * 80, 6: "b" * 80}
