"""What the exchange answers to bad requests: 4xx with the field, 422 as the venue, never 5xx."""

import http.client
import json
from typing import Any

import pytest
import requests

from tests.paper.conftest import Stranger
from tests.paper.exchange import PaperExchange

ADDRESS = "0x" + "a1" * 20


def post(paper: PaperExchange, path: str, body: Any, **headers: str) -> requests.Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return requests.post(f"{paper.url}{path}", data=data, headers=headers, timeout=5)


def account(**more: Any) -> dict[str, Any]:
    return {"venue": "hyperliquid", "address": ADDRESS, **more}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/paper/price", {"symbol": "BTC"}, "price"),
        ("/paper/price", {"symbol": "BTC", "price": None}, "price"),
        ("/paper/price", {"symbol": "BTC", "price": True}, "price"),
        ("/paper/price", {"symbol": "BTC", "price": "0"}, "price"),
        ("/paper/price", {"symbol": "BTC", "price": -1}, "price"),
        ("/paper/price", {"symbol": "BTC", "price": "NaN"}, "price"),
        ("/paper/price", {"symbol": "BTC", "price": "\uff11\uff12"}, "price"),
        ("/paper/price", {"symbol": "BTC", "price": "1_000"}, "price"),
        ("/paper/price", {"symbol": "BTC", "price": "Infinity"}, "price"),
        ("/paper/price", {"symbol": "BTC", "price": "1e400"}, "price"),
        ("/paper/price", b'{"symbol":"BTC","price":1e400}', "price"),
        ("/paper/price", {"symbol": "BTC", "price": "12a"}, "price"),
        ("/paper/price", {"symbol": "BTC", "price": [1]}, "price"),
        ("/paper/price", {"symbol": "NOPE", "price": "1"}, "symbol"),
        ("/paper/price", {"symbol": ["BTC"], "price": "1"}, "symbol"),
        ("/paper/price", {"price": "1"}, "symbol"),
        ("/paper/price", {"symbol": "BTC", "price": "1", "venue": "x"}, "venue"),
        ("/paper/accounts", {"address": ADDRESS}, "venue"),
        ("/paper/accounts", account(venue="kraken"), "venue"),
        ("/paper/accounts", account(venue=["hyperliquid"]), "venue"),
        ("/paper/accounts", account(address="0x12"), "address"),
        ("/paper/accounts", account(address=None), "address"),
        ("/paper/accounts", account(agents="0x12"), "agents"),
        ("/paper/accounts", account(agents=["0x12"]), "agents"),
        ("/paper/accounts", account(agents=[ADDRESS]), "agents"),
        ("/paper/accounts", account(balance="-1"), "balance"),
        ("/paper/accounts", account(balance="0.0000001"), "balance"),
        ("/paper/accounts", account(balance="99999999999"), "balance"),
        ("/paper/accounts", account(deposit="x"), "deposit"),
        ("/paper/accounts", account(api_keys={}), "api_keys"),
    ],
)
def test_a_bad_field_is_named_and_changes_nothing(
    paper: PaperExchange, path: str, body: Any, field: str
) -> None:
    before = paper.state()
    answer = post(paper, path, body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert field in answer.json()["fields"]
    after = paper.state()
    assert (after["accounts"], after["prices"]) == (before["accounts"], before["prices"])


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 30 + b"]" * 30, b"nonsense"])
@pytest.mark.parametrize("path", ["/paper/price", "/paper/accounts"])
def test_what_is_no_json_is_refused(paper: PaperExchange, path: str, body: bytes) -> None:
    answer = post(paper, path, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


@pytest.mark.parametrize("body", [[], "x", 7, None])
def test_a_body_must_be_an_object(paper: PaperExchange, body: Any) -> None:
    assert post(paper, "/paper/price", body).status_code == 400


@pytest.mark.parametrize("path", ["/paper/price", "/paper/accounts", "/info", "/exchange"])
def test_other_methods_are_refused(paper: PaperExchange, path: str) -> None:
    assert requests.put(f"{paper.url}{path}", timeout=5).status_code == 405
    assert requests.post(f"{paper.url}/paper/state", timeout=5).status_code == 405


def test_too_large_and_unknown(paper: PaperExchange) -> None:
    assert post(paper, "/paper/price", b" " * 70_000).status_code == 413
    assert requests.get(f"{paper.url}/paper/none", timeout=5).status_code == 404
    assert requests.get(f"{paper.url}//paper/state", timeout=5).status_code == 400


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Host": "10.0.0.1:9010"}, {"Origin": "https://evil.example"}]
)
def test_a_web_page_cannot_reach_the_market(paper: PaperExchange, headers: dict[str, str]) -> None:
    answer = post(paper, "/paper/price", {"symbol": "BTC", "price": "1"}, **headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_an_account_is_made_once_and_added_to_later(paper: PaperExchange) -> None:
    address, agent, other = ("0x" + digit * 40 for digit in "cde")
    body = {"venue": "hyperliquid", "address": address.upper().replace("0X", "0x"), "balance": "500"}
    first = post(paper, "/paper/accounts", {**body, "agents": [agent]})
    assert first.status_code == 201
    assert (first.json()["address"], first.json()["balance"]) == (address, "500")
    again = post(paper, "/paper/accounts", {**body, "balance": "9000", "agents": [other], "deposit": "250.5"})
    assert again.status_code == 200
    assert again.json()["balance"] == "750.5"
    agents = {one["address"] for one in paper.info(type="extraAgents", user=address)}
    assert agents == {agent, other}
    third = post(paper, "/paper/accounts", account(address="0x" + "f" * 40, agents=[agent]))
    assert third.status_code == 400
    assert post(paper, "/paper/accounts", account(address=agent)).status_code == 400


def test_an_account_has_ten_thousand_where_nobody_says(paper: PaperExchange) -> None:
    answer = post(paper, "/paper/accounts", account(address="0x" + "9" * 40))
    assert answer.json()["equity"] == "10000"


def test_a_price_is_rounded_to_what_the_market_has(paper: PaperExchange) -> None:
    answer = post(paper, "/paper/price", {"symbol": "BTC", "price": 85613.22000000001})
    assert answer.json() == {"symbol": "BTC", "mark": "85613.2", "mid": "85613.2", "oracle": "85613.2"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"meta"',
        b"{}",
        b'{"type":7}',
        b'{"type":"nothing"}',
        b'{"type":"meta","type":"meta"}',
        b'{"type":"clearinghouseState"}',
        b'{"type":"clearinghouseState","user":"0x1"}',
        b'{"type":"userFillsByTime","user":"0x%s"}' % (b"a" * 40),
        b'{"type":"userFillsByTime","user":"0x%s","startTime":-1}' % (b"a" * 40),
        b'{"type":"userFillsByTime","user":"0x%s","startTime":1.5}' % (b"a" * 40),
        b'{"type":"orderStatus","user":"0x%s","oid":"x"}' % (b"a" * 40),
        b'{"type":"orderStatus","user":"0x%s","oid":1e3}' % (b"a" * 40),
        b'{"type":"candleSnapshot"}',
        b'{"type":"candleSnapshot","req":{"coin":"BTC","interval":"2m","startTime":0}}',
        b'{"type":"candleSnapshot","req":{"coin":"NOPE","interval":"1m","startTime":0}}',
        b'{"type":"fundingHistory","coin":"BTC"}',
        b'{"type":"activeAssetData","user":"0x%s","coin":7}' % (b"a" * 40),
    ],
)
def test_a_malformed_read_is_a_422_as_at_the_venue(paper: PaperExchange, body: bytes) -> None:
    answer = post(paper, "/info", body)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.text == "Failed to deserialize the JSON body into the target type"


SIGNATURE = {"r": "0x1", "s": "0x2", "v": 27}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"action": {"type": "noop"}},
        {"action": {"type": "noop"}, "nonce": 1},
        {"action": {"type": "noop"}, "nonce": 1, "signature": "0x"},
        {"action": {"type": "noop"}, "nonce": 1, "signature": {}},
        {"action": {"type": "noop"}, "nonce": 1, "signature": {**SIGNATURE, "v": "x"}},
        {"action": {"type": "noop"}, "nonce": 1, "signature": {**SIGNATURE, "r": "zz"}},
        {"action": {"type": "noop"}, "nonce": 1, "signature": {**SIGNATURE, "r": "0x" + "f" * 64}},
        {"action": {"type": "noop"}, "nonce": "1", "signature": SIGNATURE},
        {"action": {"type": "noop"}, "nonce": -1, "signature": SIGNATURE},
        {"action": {"type": "noop"}, "nonce": True, "signature": SIGNATURE},
        {"action": {"type": "noop", "x": 1.5}, "nonce": 1, "signature": SIGNATURE},
        {"action": {"type": "noop", "x": 2**70}, "nonce": 1, "signature": SIGNATURE},
        {"action": {"type": ["order"]}, "nonce": 1, "signature": SIGNATURE},
        {"action": [], "nonce": 1, "signature": SIGNATURE},
        {"action": {"type": "noop"}, "nonce": 1, "signature": SIGNATURE, "vaultAddress": "0x1"},
        {"action": {"type": "noop"}, "nonce": 1, "signature": SIGNATURE, "expiresAfter": "soon"},
        {"action": {"type": "approveAgent"}, "nonce": 1, "signature": SIGNATURE},
    ],
)
def test_a_malformed_action_is_a_422_as_at_the_venue(paper: PaperExchange, body: Any) -> None:
    answer = post(paper, "/exchange", body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "text/plain")


LIMIT: dict[str, Any] = {"limit": {"tif": "Gtc"}}
TRIGGER = {"isMarket": True, "triggerPx": "90000", "tpsl": "sl"}
ORDER: dict[str, Any] = {"a": 0, "b": True, "p": "90000", "s": "0.01", "r": False, "t": LIMIT}
WRONG_ORDERS: list[dict[str, Any]] = [
    {"a": 99},
    {"a": "0"},
    {"a": -1},
    {"b": 1},
    {"p": 90000},
    {"p": "-1"},
    {"p": "1e5"},
    {"p": "NaN"},
    {"s": "x"},
    {"s": None},
    {"r": "no"},
    {"t": {}},
    {"t": {"limit": {"tif": "Fok"}}},
    {"t": {"trigger": {**TRIGGER, "tpsl": "x"}}},
    {"t": {"trigger": {**TRIGGER, "isMarket": 1}}},
    {"t": {"trigger": {**TRIGGER, "triggerPx": 1}}},
    {"c": "7"},
]


@pytest.mark.parametrize(
    "action",
    [
        {"type": "dance"},
        {"type": "order"},
        {"type": "order", "orders": {}, "grouping": "na"},
        {"type": "order", "orders": [ORDER], "grouping": "none"},
        {"type": "order", "orders": [7], "grouping": "na"},
        *({"type": "order", "orders": [{**ORDER, **wrong}], "grouping": "na"} for wrong in WRONG_ORDERS),
        {"type": "order", "orders": [ORDER, ORDER], "grouping": "normalTpsl"},
        {"type": "cancel", "cancels": [{"a": 0}]},
        {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": 7}]},
        {"type": "batchModify", "modifies": [{"oid": 1.5, "order": ORDER}]},
        {"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": "5"},
        {"type": "updateIsolatedMargin", "asset": 0, "isBuy": True, "ntli": 1.5},
        {"type": "scheduleCancel", "time": "soon"},
    ],
)
def test_a_well_signed_action_of_a_wrong_shape_is_a_422_and_does_nothing(
    stranger: Stranger, action: dict[str, Any]
) -> None:
    from eth_account import Account
    from hyperliquid.utils.signing import get_timestamp_ms, sign_l1_action

    nonce = get_timestamp_ms()
    wallet = Account.from_key(stranger.account.agent.key)
    signature = sign_l1_action(wallet, action, None, nonce, None, False)
    body = {"action": action, "nonce": nonce, "signature": signature}
    answer = post(stranger.paper, "/exchange", body)
    assert answer.status_code == 422, answer.text
    assert stranger.state()["orders"] == []


def test_reading_and_trading_go_on_after_all_of_this(paper: PaperExchange) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", paper.port, timeout=5)
    connection.request("GET", "/healthz")
    assert json.loads(connection.getresponse().read()) == {"status": "ok"}
    assert "Traceback" not in paper.log()
