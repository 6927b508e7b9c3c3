"""Bad input changes nothing, names the field, and is never a 5xx: the whole table against PM (I11)."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests import bad_input
from tests.api.conftest import AskPm, all_stored
from tests.trader_api.asgi_client import Answer
from venues.contract.names import RowKey

Send = Callable[..., Answer]
ROW = "/api/risk/hyperliquid/momentum/BTC"


@pytest.fixture
def send(ask_pm: AskPm, operator: User, hyperliquid_btc: RowKey) -> Iterator[Send]:
    """Asks PM's whole ASGI application, guard included, as the operator; nothing may have changed after."""
    before = all_stored()
    yield lambda method, path, body=b"", **more: ask_pm(operator, method, path, body, **more)
    assert all_stored() == before, "something was changed"


def refused(answer: Answer, status: int, code: str, field: str | None = None) -> None:
    """Check an error's status, word, sentence and field."""
    body = json.loads(answer.body)
    assert (answer.status, body["code"]) == (status, code), body
    assert isinstance(body["detail"], str)
    assert body["detail"]
    if field is not None:
        assert field in body["fields"], body


def test_the_same_request_with_good_numbers_is_taken(
    ask_pm: AskPm, operator: User, hyperliquid_btc: RowKey
) -> None:
    good = b'{"risk_per_trade": 2, "stop_loss_dollars": 4.5, "max_strategy_loss": 60, "reason": "why"}'
    answer = ask_pm(operator, "PUT", ROW, good)
    assert answer.status == 202, answer.body
    assert answer.json()["stop_loss_dollars"] == Decimal("4.5")
    assert answer.headers["etag"] == '"1"'


@pytest.mark.parametrize("literals", [("0.0001", "0.01", "0.01"), ("100", "1000000", "1000000.00")])
def test_a_number_at_its_bound_is_taken(
    ask_pm: AskPm, operator: User, hyperliquid_btc: RowKey, literals: tuple[str, str, str]
) -> None:
    names = ("risk_per_trade", "stop_loss_dollars", "max_strategy_loss")
    body = ",".join(f'"{name}": {text}' for name, text in zip(names, literals, strict=True))
    answer = ask_pm(operator, "PUT", ROW, f"{{{body}}}".encode())
    assert answer.status == 202, answer.body
    assert [answer.json()[name] for name in names] == [Decimal(text) for text in literals]


def test_an_integer_longer_than_python_reads_is_refused(send: Send) -> None:
    body = b'{"stop_loss_dollars": ' + b"9" * 5000 + b"}"
    refused(send("PUT", ROW, body), 400, "invalid", "stop_loss_dollars")


@pytest.mark.parametrize(("field", "literal"), bad_input.BAD_NUMBERS)
def test_i11_a_bad_number(send: Send, field: str, literal: str) -> None:
    refused(send("PUT", ROW, f'{{"{field}": {literal}}}'.encode()), 400, "invalid", field)


@pytest.mark.parametrize(("field", "literal"), bad_input.BAD_NUMBERS[::9])
def test_i11_a_bad_number_in_bulk(send: Send, field: str, literal: str) -> None:
    names = '"source": "hyperliquid", "strategy_id": "momentum", "symbol": "BTC"'
    answer = send(
        "POST", "/api/risk/bulk-update", f'{{"updates": [{{{names}, "{field}": {literal}}}]}}'.encode()
    )
    refused(answer, 400, "invalid")
    (item,) = answer.json()["items"]
    assert item["index"] == 0
    assert item["strategy_id"] == "momentum"
    assert list(item["fields"]) == [field]


@pytest.mark.parametrize("bad", bad_input.BAD_BODIES, ids=lambda bad: bad.name)
def test_i11_a_bad_body(send: Send, bad: bad_input.BadBody) -> None:
    refused(send("PUT", ROW, bad.body), 400, bad.code, bad.field)


@pytest.mark.parametrize("bad", bad_input.BAD_BODIES[:36], ids=lambda bad: bad.name)
@pytest.mark.parametrize("path", [f"{ROW}/kill", "/api/risk/bulk-update"])
def test_i11_a_bad_body_elsewhere(send: Send, path: str, bad: bad_input.BadBody) -> None:
    refused(send("POST", path, bad.body), 400, bad.code)


@pytest.mark.parametrize("literal", bad_input.BAD_REVISIONS)
def test_a_bad_revision(send: Send, literal: str) -> None:
    body = f'{{"stop_loss_dollars": 4, "revision": {literal}}}'.encode()
    refused(send("PUT", ROW, body), 400, "invalid", "revision")


@pytest.mark.parametrize("literal", bad_input.BAD_REVISIONS)
def test_a_bad_epoch(send: Send, literal: str) -> None:
    body = f'{{"epoch": {literal}}}'.encode()
    refused(send("POST", f"{ROW}/reset-kill-switch", body), 400, "invalid", "epoch")


@pytest.mark.parametrize("literal", ['"yes"', '"true"', "1", "0", "null", "[]", "{}"])
@pytest.mark.parametrize(("action", "field"), [("kill", "flatten"), ("reset-kill-switch", "force")])
def test_a_bad_flag(send: Send, action: str, field: str, literal: str) -> None:
    refused(send("POST", f"{ROW}/{action}", f'{{"{field}": {literal}}}'.encode()), 400, "invalid", field)


@pytest.mark.parametrize("literal", ["5", "null", "[]", '"a\\u0000b"', '"a\\nb"', f'"{"x" * 501}"'])
def test_a_bad_reason(send: Send, literal: str) -> None:
    for method, path in [("PUT", ROW), ("POST", f"{ROW}/kill"), ("POST", f"{ROW}/disable")]:
        setting = '"stop_loss_dollars": 4, ' if method == "PUT" else ""
        body = f'{{{setting}"reason": {literal}}}'.encode()
        refused(send(method, path, body), 400, "invalid", "reason")


@pytest.mark.parametrize(
    ("field", "name"), [(field, name) for field, names in bad_input.BAD_NAMES.items() for name in names]
)
def test_a_bad_name_in_a_path(send: Send, field: str, name: str) -> None:
    names = {"strategy_id": "momentum", "symbol": "BTC", field: name}
    path = f"/api/risk/hyperliquid/{names['strategy_id']}/{names['symbol']}"
    refused(send("GET", path), 400, "invalid", field)
    refused(send("PUT", path, b'{"stop_loss_dollars": 4}'), 400, "invalid", field)
    refused(send("POST", f"{path}/kill"), 400, "invalid", field)


BAD_SOURCES = (
    "Hyperliquid",
    "1abc",
    "-abc",
    "hyper_liquid",
    "hyper.liquid",
    "h" * 33,
    "a:b",
    "a@b",
    "h!",
    "HL",
)


@pytest.mark.parametrize("source", BAD_SOURCES)
def test_a_bad_source_in_a_path(send: Send, source: str) -> None:
    refused(send("GET", f"/api/risk/{source}/momentum/BTC"), 400, "invalid", "source")
    refused(send("GET", f"/api/traders/{source}"), 400, "invalid", "source")


@pytest.mark.parametrize("source", [*BAD_SOURCES, "", None, 5, True, [], {}])
def test_a_bad_source_in_bulk(send: Send, source: Any) -> None:
    update = {"source": source, "strategy_id": "momentum", "symbol": "BTC", "stop_loss_dollars": 4}
    answer = send("POST", "/api/risk/bulk-update", json.dumps({"updates": [update]}).encode())
    refused(answer, 400, "invalid")
    assert "source" in answer.json()["items"][0]["fields"]


@pytest.mark.parametrize(
    "names",
    [
        "lighter/momentum/BTC",
        "hyperliquid/momentun/BTC",
        "hyperliquid/momentum/btc",
        "hyperliquid/BTC/momentum",
    ],
)
def test_a_well_formed_name_that_nobody_has(send: Send, names: str) -> None:
    path = f"/api/risk/{names}"
    for method, where in [
        ("GET", path), ("GET", f"{path}/changes"), ("PUT", path), ("POST", f"{path}/enable"),
        ("POST", f"{path}/disable"), ("POST", f"{path}/kill"), ("POST", f"{path}/close"),
        ("POST", f"{path}/reset-kill-switch"),
    ]:  # fmt: skip
        body = b'{"stop_loss_dollars": 4}' if method == "PUT" else b""
        refused(send(method, where, body), 404, "not_found")


@pytest.mark.parametrize("segment", bad_input.BAD_SEGMENTS)
def test_a_path_that_could_be_read_in_two_ways(send: Send, segment: bytes) -> None:
    path = f"/api/risk/hyperliquid/{segment.decode()}/BTC"
    refused(send("GET", path), 400, "bad_path")
    refused(send("POST", f"{path}/kill"), 400, "bad_path")


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/risk/",
        "/api/risk/strategies/",
        "/api/risk/a/b",
        f"{ROW}/",
        f"{ROW}/explode",
    ],
)
def test_an_unknown_path_under_api(send: Send, path: str) -> None:
    refused(send("GET", path), 404, "not_found")
    refused(send("POST", path), 404, "not_found")


@pytest.mark.parametrize("media_type", bad_input.BAD_MEDIA_TYPES)
def test_a_media_type_that_nobody_reads(send: Send, media_type: str) -> None:
    body = b'{"stop_loss_dollars": 4}'
    refused(send("PUT", ROW, body, content_type=media_type), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "tag",
    ["7", "'7'", '"', '"a"', 'w/"7"', '"-1"', '"7.0"', '"7", "8"', "null", '"１"', '"99999999999999999"'],
)
def test_a_bad_if_match(send: Send, tag: str) -> None:
    if not tag.isascii():
        tag = tag.encode().decode("latin-1")
    refused(send("PUT", ROW, b'{"stop_loss_dollars": 4}', if_match=tag), 400, "invalid", "If-Match")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", ROW), ("PATCH", ROW), ("POST", ROW), ("GET", f"{ROW}/kill"), ("PUT", f"{ROW}/kill"),
        ("POST", "/api/risk/strategies"), ("GET", "/api/risk/bulk-update"), ("DELETE", "/api/risk/changes"),
        ("POST", "/api/traders"), ("DELETE", "/api/traders/hyperliquid"), ("POST", "/api/portfolio/summary"),
        ("OPTIONS", ROW), ("TRACE", ROW), ("NONSENSE", ROW), ("POST", "/healthz"), ("PUT", "/metrics"),
        ("POST", "/api/schema"), ("PUT", "/api/docs"),
    ],
)  # fmt: skip
def test_a_method_that_is_not_there(send: Send, method: str, path: str) -> None:
    answer = send(method, path)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "authorization",
    [
        "Token",
        "Token ",
        "Token x",
        "Token x y",
        "Bearer x",
        "Basic YTpi",
        "Tökén x",
        "Token schlüssel",
        "\xff\xfe",
        "Token " + "a" * 5000,
    ],
)
def test_credentials_that_are_none(send: Send, authorization: str) -> None:
    answer = send("PUT", ROW, b'{"stop_loss_dollars": 4}', authorization=authorization)
    refused(answer, 401, "not_authenticated")
    assert answer.headers["www-authenticate"] == "Token"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=Dead", "status"), ("ordering=nothing", "ordering"), ("ordering=--symbol", "ordering"),
        ("source=A", "source"), ("symbol=-", "symbol"), ("strategy_id=_", "strategy_id"), ("q=%00", "q"),
        ("q=" + "x" * 101, "q"), ("symbol=%EF%BC%A2", "symbol"),
    ],
)  # fmt: skip
def test_a_bad_filter(send: Send, query: str, field: str) -> None:
    refused(send("GET", f"/api/risk/strategies?{query}"), 400, "invalid", field)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"), ("until=2026-13-01", "until"), ("since=12", "since"),
        ("since=2026-11-22T25:00:00Z", "since"), ("action=explode", "action"), ("source=A", "source"),
        ("since=" + "9" * 50, "since"), ("actor=%0A", "actor"),
        ("since=0001-01-01T00:00:00%2B14:00", "since"), ("until=9999-12-31T23:59:59-14:00", "until"),
    ],
)  # fmt: skip
def test_a_bad_filter_of_changes(send: Send, query: str, field: str) -> None:
    refused(send("GET", f"/api/risk/changes?{query}"), 400, "invalid", field)


@pytest.mark.parametrize("page", ["0", "-1", "x", "1e3", "99999999999999999999"])
def test_a_page_that_is_not_there(send: Send, page: str) -> None:
    refused(send("GET", f"/api/risk/changes?page={page}"), 404, "not_found")


def test_a_body_too_large(send: Send) -> None:
    refused(send("PUT", ROW, b'{"reason": "' + b"x" * 65536 + b'"}'), 413, "too_large")
    refused(send("POST", "/api/risk/bulk-update", b" " * (4 * 1024 * 1024 + 1)), 413, "too_large")
    refused(send("POST", "/api/risk/bulk-update", b" " * 1024 * 1024), 400, "bad_json")


def test_a_host_that_is_not_ours(send: Send) -> None:
    answer = send("GET", ROW, host="evil.example")
    refused(answer, 400, "invalid")


def test_a_root_path_is_not_believed(send: Send) -> None:
    refused(send("GET", "/x/api/risk/strategies", daphne_root_path="/x"), 404, "not_found")


FORMS = [
    "stop_loss_dollars=", "stop_loss_dollars=1e3", "stop_loss_dollars=4&stop_loss_dollars=5", "x=1",
    "revision=1", "stop_loss_dollars=%EF%BC%91", "stop_loss_dollars=true", "stop_loss_dollars=0",
    "stop_loss_dollars=5.001", "", "%ff=1", "stop_loss_dollars=4&" + "&".join(f"a{n}=1" for n in range(1001)),
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS, ids=range(len(FORMS)))
def test_i11_a_bad_form(send: Send, form: str) -> None:
    answer = send("PUT", ROW, form.encode(), content_type="application/x-www-form-urlencoded")
    refused(answer, 400, "invalid")


def test_a_broken_multipart_form_and_a_file(send: Send) -> None:
    refused(send("PUT", ROW, b"nothing", content_type="multipart/form-data"), 400, "invalid")
    refused(send("PUT", ROW, b"nothing", content_type="multipart/form-data; boundary=x"), 400, "invalid")
    part = (
        b'--x\r\nContent-Disposition: form-data; name="stop_loss_dollars"; filename="a"\r\n\r\n4\r\n--x--\r\n'
    )
    refused(
        send("PUT", ROW, part, content_type="multipart/form-data; boundary=x"),
        400,
        "invalid",
        "stop_loss_dollars",
    )
