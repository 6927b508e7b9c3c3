"""Coming in: tokens, login and its lock, sessions and CSRF, and what every answer's headers say."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from tests.api.conftest import AskPm, all_stored
from tests.conftest import PASSWORD
from venues.contract.names import RowKey

LIST = "/api/risk/strategies"
ROW = "/api/risk/hyperliquid/momentum/BTC"


def test_a_token_is_stored_hashed_and_lives_90_days(viewer: User, token_of: Callable[[User], str]) -> None:
    key = token_of(viewer)
    stored = AuthToken.objects.get()
    assert key not in (stored.digest, stored.token_key)
    assert timedelta(days=89) < stored.expiry - timezone.now() < timedelta(days=91)


def test_an_expired_token_opens_nothing(viewer: User, viewer_api: APIClient) -> None:
    assert viewer_api.get(LIST).status_code == 200
    AuthToken.objects.update(expiry=timezone.now())
    answer = viewer_api.get(LIST)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Token")
    assert answer.json()["code"] == "not_authenticated"


def test_a_token_that_never_expires_opens(viewer: User, viewer_api: APIClient) -> None:
    AuthToken.objects.update(expiry=None)
    assert viewer_api.get(LIST).status_code == 200


def test_a_token_of_others_shape_opens_nothing(viewer: User, token_of: Callable[[User], str]) -> None:
    key = token_of(viewer)
    for wrong in (key[:-1], key + "0", key.upper(), key[:15], f"{key}\u00e9", f"\u00e9{key}"):
        client = APIClient(raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Token {wrong}")
        assert client.get(LIST).status_code == 401, wrong


def login(client: Client, name: str, password: str, **more: Any) -> Any:
    return client.post("/login", {"username": name, "password": password}, **more)


def test_login_opens_the_api_and_logout_closes_it(viewer: User, client: Client) -> None:
    assert client.get(LIST).status_code == 401
    assert login(client, "vera", PASSWORD).status_code == 302
    assert client.get(LIST).status_code == 200
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").status_code == 302
    assert client.get(LIST).status_code == 401


@pytest.mark.parametrize(
    ("following", "leads_to"),
    [
        ("/?source=lighter", "/?source=lighter"), ("/rows/3", "/rows/3"), ("", "/"), ("login", "/"),
        ("javascript%3Aalert(1)", "/"), ("javascript:alert(1)", "/"), ("no.such.view", "/"), ("./x", "/"),
        ("https://evil.example/", "/"), ("//evil.example", "/"), ("/" + "a" * 20_000, "/"), ("é", "/"),
    ],
)  # fmt: skip
def test_a_login_leads_to_a_path_of_ours_whatever_is_asked_for(
    viewer: User, client: Client, following: str, leads_to: str
) -> None:
    answer = client.post("/login", {"username": "vera", "password": PASSWORD, "next": following})
    assert (answer.status_code, answer.headers["Location"]) == (302, leads_to)


def test_five_bad_logins_of_a_user_from_an_address_lock_it_for_15_minutes(
    viewer: User, operator: User, client: Client, time_machine_at: Any
) -> None:
    for _ in range(4):
        assert login(client, "vera", "wrong").status_code not in {302, 429}
    assert login(client, "vera", "wrong").status_code == 429
    locked = login(client, "vera", PASSWORD)
    assert locked.status_code == 429
    assert locked.json()["code"] == "throttled"
    assert locked.headers["Retry-After"] == "900"
    assert login(client, "vera", PASSWORD, REMOTE_ADDR="10.0.0.7").status_code == 302
    assert login(Client(), "otto", PASSWORD).status_code == 302
    time_machine_at(timedelta(minutes=14))
    assert login(client, "vera", PASSWORD).status_code == 429
    time_machine_at(timedelta(minutes=16))
    assert login(client, "vera", PASSWORD).status_code == 302


def test_a_locked_browser_gets_a_page(viewer: User, client: Client) -> None:
    for _ in range(5):
        answer = login(client, "vera", "wrong", HTTP_ACCEPT="text/html")
    assert answer.status_code == 429
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.fixture
def time_machine_at() -> Any:
    import time_machine

    began = timezone.now()
    travellers: list[Any] = []

    def travel(after: timedelta) -> None:
        while travellers:
            travellers.pop().stop()
        travellers.append(time_machine.travel(began + after))
        travellers[-1].start()

    yield travel
    while travellers:
        travellers.pop().stop()


def test_a_session_without_csrf_token_changes_nothing(operator: User, hyperliquid_btc: RowKey) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator, "portfolio.access.RoleBackend")
    before = all_stored()
    for send in (client.put, client.post):
        path = ROW if send == client.put else f"{ROW}/disable"
        answer = send(path, {"stop_loss_dollars": 4}, content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert all_stored() == before
    assert client.get(ROW).status_code == 200


def test_a_session_with_its_csrf_token_changes_a_row(operator: User, hyperliquid_btc: RowKey) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator, "portfolio.access.RoleBackend")
    page = client.get("/")
    token = page.cookies[next(name for name in page.cookies if "csrf" in name)].value
    body = {"stop_loss_dollars": 4}
    headers = {"X-CSRFToken": token, "Origin": "http://testserver"}
    answer = client.put(ROW, body, content_type="application/json", headers=headers)
    assert answer.status_code == 202, answer.content
    headers["Origin"] = "http://evil.example"
    assert client.put(ROW, body, content_type="application/json", headers=headers).status_code == 403


PATHS = (
    LIST, ROW, "/api/docs", "/api/schema", "/api/nothing", "/nothing", "/login", "/", "/healthz", "/admin/",
    "/static/nothing.css",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_strict_policy(
    path: str, admin: User, client: Client, hyperliquid_btc: RowKey
) -> None:
    client.force_login(admin, "portfolio.access.RoleBackend")
    answer = client.get(path, HTTP_ACCEPT="text/html" if path != LIST else "application/json")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy.pop("default-src") == "'none'"
    assert policy.pop("frame-ancestors") == "'none'"
    # Swagger UI draws its arrows as data: images
    assert policy.pop("img-src") == ("'self' data:" if path == "/api/docs" else "'self'")
    assert set(policy.values()) == {"'self'"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


HTML = (
    "/api/docs", ROW, LIST, "/api/risk/changes", f"{ROW}/kill", "/", "/login", "/admin/",
    "/admin/portfolio/trader/add/", "/admin/riskcontrol/risksettings/1/change/",
)  # fmt: skip


@pytest.mark.parametrize("path", HTML)
def test_no_page_needs_more_than_the_policy_allows(
    path: str, admin: User, client: Client, hyperliquid_btc: RowKey
) -> None:
    client.force_login(admin, "portfolio.access.RoleBackend")
    html = client.get(path, HTTP_ACCEPT="text/html", follow=True).content.decode()
    assert "<html" in html
    assert "<style" not in html
    assert " style=" not in html
    assert " onclick=" not in html
    for script in html.split("<script")[1:]:
        tag = script.split(">", 1)[0]
        assert "src=" in tag or 'type="application/json"' in tag or "type='application/json'" in tag, tag


def test_cookies_are_http_only_and_same_site(viewer: User, client: Client) -> None:
    cookies = login(client, "vera", PASSWORD).cookies
    session = cookies[next(name for name in cookies if "session" in name)]
    assert session["httponly"]
    assert session["samesite"] == "Lax"


def test_a_bad_token_is_401_even_beside_a_session(ask_pm: AskPm, viewer: User, hyperliquid: Any) -> None:
    answer = ask_pm(viewer, "GET", LIST, authorization="Token wrong")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Token")


def test_metrics_are_for_this_machine_and_for_tokens(
    viewer_api: APIClient, nobody: User, client_of: Any, hyperliquid_btc: RowKey
) -> None:
    here = APIClient().get("/metrics")
    assert here.status_code == 200
    assert here.headers["Content-Type"].startswith("text/plain")
    assert b'pm_strategies{source="hyperliquid"} 1.0' in here.content
    away: dict[str, Any] = {"REMOTE_ADDR": "10.0.0.9"}
    assert APIClient().get("/metrics", **away).status_code == 401
    assert client_of(nobody).get("/metrics", **away).status_code == 403
    assert viewer_api.get("/metrics", **away).status_code == 200
    proxied = APIClient().get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"})
    assert proxied.status_code == 401


def test_health_and_readiness(client: Client, hyperliquid: Any) -> None:
    from portfolio import book

    assert client.get("/healthz").json()["status"] == "ok"
    connecting = client.get("/readyz")
    assert (connecting.status_code, connecting.json()["links"]) == (503, {"hyperliquid": "connecting"})
    book.failed("hyperliquid", "refused", refused=True)
    offline = client.get("/readyz")
    assert offline.status_code == 200
    assert offline.json() == {"database": "ok", "links": {"hyperliquid": "offline"}}
    book.heard("hyperliquid")
    assert client.get("/readyz").json()["links"] == {"hyperliquid": "online"}
