"""The browsable API: its pages show working forms, and HTML form bodies change rows."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from riskcontrol.models import Change
from venues.contract.names import RowKey

ROW = "/api/risk/hyperliquid/momentum/BTC"


@pytest.fixture
def browser(operator: User, hyperliquid_btc: RowKey, client: Client) -> Client:
    """The operator's browser."""
    client.force_login(operator, "portfolio.access.RoleBackend")
    return client


def page(browser: Client, path: str) -> str:
    answer = browser.get(path, HTTP_ACCEPT="text/html,application/xhtml+xml")
    assert answer.status_code in {200, 405}
    assert answer.headers["Content-Type"].startswith("text/html")
    return answer.content.decode()


def form(browser: Client, verb: str, path: str, data: dict[str, str], multipart: bool) -> Any:

    body = encode_multipart(BOUNDARY, data) if multipart else urlencode(data).encode()
    kind = MULTIPART_CONTENT if multipart else "application/x-www-form-urlencoded"
    return browser.generic(verb, path, body, content_type=kind, HTTP_ACCEPT="text/html")


def test_a_rows_page_has_a_put_form_filled_with_the_row(browser: Client) -> None:
    html = page(browser, ROW)
    put = html[html.index('id="put-object-form"') :]
    for name, value in [("risk_per_trade", "1"), ("stop_loss_dollars", "5"), ("max_strategy_loss", "50")]:
        tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', put)
        assert tag is not None, name
        assert re.search(rf'value="{value}(\.0+)?"', tag[0]), tag[0]
    raw = html[html.index('id="put-generic-content-form"') :]
    assert "&quot;stop_loss_dollars&quot;: 5" in raw


@pytest.mark.parametrize("multipart", [True, False])
def test_a_put_form_with_blanks_changes_only_what_is_filled_in(browser: Client, multipart: bool) -> None:
    data = {
        "risk_per_trade": "",
        "stop_loss_dollars": "4.5",
        "max_strategy_loss": "",
        "revision": "",
        "reason": "",
    }
    answer = form(browser, "PUT", ROW, data, multipart)
    assert answer.status_code == 202, answer.content[-500:]
    record = Change.objects.get(action="change")
    assert list(record.after) == ["stop_loss_dollars"]
    assert record.after["stop_loss_dollars"] == 4.5


@pytest.mark.parametrize("multipart", [True, False])
def test_a_form_has_the_same_rules_as_json(browser: Client, multipart: bool) -> None:
    for value in ("0", "-1", "1e3", "5.001", "abc", "1_000", "NaN"):
        answer = form(browser, "PUT", ROW, {"stop_loss_dollars": value}, multipart)
        assert answer.status_code == 400, value
        assert b"stop_loss_dollars" in answer.content
    stale = form(browser, "PUT", ROW, {"stop_loss_dollars": "4", "revision": "3"}, multipart)
    assert stale.status_code == 409
    assert not Change.objects.exclude(action="adopt").exists()


@pytest.mark.parametrize("action", ["kill", "disable", "enable", "close", "reset-kill-switch"])
def test_an_actions_page_has_a_form(browser: Client, action: str) -> None:
    html = page(browser, f"{ROW}/{action}")
    assert 'name="reason"' in html
    assert 'method="POST"' in html


def test_an_actions_form_acts(browser: Client) -> None:
    data = {"reason": "by form", "flatten": "true"}
    answer = form(browser, "POST", f"{ROW}/kill", data, True)
    assert answer.status_code == 202
    assert Change.objects.get(action="kill").reason == "by form"
    blank = form(browser, "POST", f"{ROW}/disable", {"reason": "", "revision": ""}, True)
    assert blank.status_code == 202


def test_a_viewers_page_shows_no_form_and_leaves_no_record(
    viewer: User, client: Client, hyperliquid_btc: RowKey
) -> None:
    client.force_login(viewer, "portfolio.access.RoleBackend")
    html = page(client, ROW)
    assert "put-object-form" not in html
    assert not Change.objects.exclude(action="adopt").exists()


READS = (
    "/api/risk/strategies", "/api/risk/changes", f"{ROW}/changes", "/api/traders", "/api/traders/hyperliquid",
    "/api/portfolio/summary", "/api/risk/bulk-update",
)  # fmt: skip


@pytest.mark.parametrize("path", READS)
def test_every_endpoint_has_a_page(browser: Client, path: str) -> None:
    html = page(browser, path)
    assert "PoG PM" in html
    assert 'action="/logout"' in html


def test_a_page_without_credentials_says_so_and_shows_the_way_in(client: Client, db: None) -> None:
    answer = client.get(ROW, HTTP_ACCEPT="text/html")
    assert answer.status_code == 401
    assert b"/login?next=" in answer.content


def test_docs_without_credentials_answer_json(client: Client, db: None) -> None:
    for path in ("/api/docs", "/api/schema"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_a_browser_without_a_session_is_sent_from_the_docs_to_log_in(client: Client, db: None) -> None:
    browsers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = client.get("/api/docs", headers=browsers)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=/api/docs")
    wrong = client.get("/api/docs", headers={**browsers, "Authorization": "Token wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize(
    ("verb", "path", "body", "status"),
    [
        ("GET", "/api/risk/hyperliquid/nobody/BTC", b"", 404),
        ("GET", "/api/risk/hyperliquid/-/BTC", b"", 400),
        ("GET", "/api/traders/nobody", b"", 404),
        ("PUT", ROW, b"{", 400),
        ("PUT", ROW, b'{"stop_loss_dollars": -1}', 400),
        ("PUT", ROW, b'{"stop_loss_dollars": 4, "revision": 9}', 409),
        ("POST", f"{ROW}/kill", b"[" * 100, 400),
        ("POST", f"{ROW}/reset-kill-switch", b'{"epoch": 7}', 503),
        ("POST", "/api/risk/bulk-update", b'{"updates": [{}]}', 400),
        ("DELETE", ROW, b"", 405),
        ("GET", "/api/risk/strategies?status=Dead", b"", 400),
        ("GET", "/api/risk/changes?page=99", b"", 404),
    ],
)  # fmt: skip
def test_an_error_is_a_page_too(browser: Client, verb: str, path: str, body: bytes, status: int) -> None:
    answer = browser.generic(verb, path, body, content_type="application/json", HTTP_ACCEPT="text/html")
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "Traceback" not in answer.content.decode()
