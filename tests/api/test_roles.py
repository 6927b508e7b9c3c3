"""The role matrix: every endpoint, every verb, every role and none (I12); refusals are on the record (I5)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from riskcontrol.models import Change
from tests.api.conftest import all_stored
from venues.contract.names import RowKey

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PEOPLE = ("none", "nobody", "viewer", "operator", "admin")
LEVEL = {"none": 0, "nobody": 1, "viewer": 2, "operator": 3, "admin": 4}
READ = {"GET": "viewer", "HEAD": "viewer"}
OPEN = {"GET": "none", "HEAD": "none"}
ACT = {"POST": "operator"}

# What each endpoint of the API answers, and the lowest role that may ask it.
API: dict[str, dict[str, str]] = {
    "api-strategies": READ,
    "api-row": {**READ, "PUT": "operator"},
    "api-enable": ACT,
    "api-disable": ACT,
    "api-reset": ACT,
    "api-kill": ACT,
    "api-close": ACT,
    "api-bulk-update": ACT,
    "api-changes": READ,
    "api-row-changes": READ,
    "api-traders": READ,
    "api-trader": READ,
    "api-summary": READ,
    "api-schema": READ,
    "api-docs": READ,
    "metrics": READ,
    "healthz": OPEN,
    "readyz": OPEN,
}
# Pages, asked with a session: without one they send to /login.
PAGES: dict[str, dict[str, str]] = {
    "console": READ,
    "row": READ,
    "row-drawer": READ,
    "row-save": ACT,
    "row-enable": ACT,
    "row-disable": ACT,
    "row-reset": ACT,
    "row-kill": ACT,
    "row-close": ACT,
}
# Open to everybody: the way in and out, and the icon.
WAYS_IN = {"login", "logout", "favicon"}
BODIES: dict[str, Any] = {
    "api-row": {"stop_loss_dollars": 4},
    "api-bulk-update": {
        "updates": [
            {"source": "hyperliquid", "strategy_id": "momentum", "symbol": "BTC", "stop_loss_dollars": 4}
        ]
    },
}


def patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, str, str]]:
    """Gives (namespace, name, route) of every path of PM."""
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            for namespace, name, found in patterns(one, route):
                yield one.namespace or namespace, name, found
        elif isinstance(one, URLPattern):
            yield "", one.name or "", route


ROUTES = {name: "/" + route for space, name, route in patterns(get_resolver("portfolio.urls")) if not space}


def path_of(name: str, key: RowKey, number: int) -> str:
    path = ROUTES[name]
    for part, value in [*key._asdict().items()]:
        path = path.replace(f"<str:{part}>", value)
    return path.replace("<int:number>", str(number))


def test_i12_every_endpoint_has_a_row_in_the_matrix() -> None:
    known = {*API, *PAGES, *WAYS_IN}
    assert set(ROUTES) == known
    assert {space for space, _, _ in patterns(get_resolver("portfolio.urls"))} == {"", "admin"}


def send(client: Client, name: str, verb: str, path: str) -> Any:
    given: dict[str, Any] = {"REMOTE_ADDR": "10.0.0.9"}
    if verb in {"POST", "PUT", "PATCH"}:
        given |= {"data": BODIES.get(name, {}), "content_type": "application/json"}
    return (
        client.generic(verb, path, **given)
        if "data" not in given
        else getattr(client, verb.lower())(path, **given)
    )


@pytest.fixture
def people(request: pytest.FixtureRequest) -> Callable[[str], User | None]:
    return lambda who: None if who == "none" else request.getfixturevalue(who)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", API)
def test_i12_who_may_ask_the_api(
    name: str, who: str, people: Any, client_of: Callable[[User | None], APIClient], hyperliquid_btc: RowKey
) -> None:
    client = client_of(people(who))
    for verb in VERBS:
        before, refusals = all_stored(), Change.objects.filter(outcome="refused").count()
        answer = send(client, name, verb, path_of(name, hyperliquid_btc, 1))
        lowest = API[name].get(verb)
        writes = verb not in {"GET", "HEAD", "OPTIONS"}
        if lowest is not None and LEVEL[who] >= LEVEL[lowest]:
            assert answer.status_code not in {401, 403, 405, 500}, (verb, answer.content)
            continue
        if who == "none" and name not in {"healthz", "readyz"}:
            assert answer.status_code == 401, verb
            assert answer.headers["WWW-Authenticate"] == "Token"
        elif lowest is not None:
            assert answer.status_code == 403, verb
        else:
            assert answer.status_code in ({405} if LEVEL[who] >= LEVEL["viewer"] else {403, 405}), verb
        assert all_stored() == before
        recorded = Change.objects.filter(outcome="refused").count() - refusals
        attempted = writes and lowest is not None and who != "none"
        assert recorded == int(attempted), (verb, "one audit record of a refused attempt, of no other verb")


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", PAGES)
def test_i12_who_may_open_a_page(
    name: str, who: str, people: Any, client: Client, hyperliquid_btc: RowKey
) -> None:
    from riskcontrol.models import RiskSettings

    user = people(who)
    if user is not None:
        client.force_login(user, "portfolio.access.RoleBackend")
    path = path_of(name, hyperliquid_btc, RiskSettings.objects.get().strategy_id)
    for verb in ("GET", "POST", "PUT", "DELETE"):
        before = all_stored()
        answer = client.generic(verb, path)
        lowest = PAGES[name].get(verb)
        if lowest is not None and LEVEL[who] >= LEVEL[lowest]:
            assert answer.status_code not in {401, 403, 405, 500}, (verb, answer.content)
            assert not answer.headers.get("Location", "").startswith("/login")
            continue
        assert answer.status_code in {302, 401, 403, 405}, (verb, answer.status_code)
        if answer.status_code == 302:
            assert answer.headers["Location"].startswith("/login?next=")
        if lowest is not None and who == "none" and verb == "GET":
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith("/login?next=")
        assert all_stored() == before


@pytest.mark.parametrize("who", PEOPLE)
def test_i12_who_may_open_the_django_admin(
    who: str, people: Any, client: Client, hyperliquid_btc: RowKey
) -> None:
    from django.contrib import admin

    user = people(who)
    if user is not None:
        client.force_login(user, "portfolio.access.RoleBackend")
    paths = ["/admin/", *(f"/admin/{m._meta.app_label}/{m._meta.model_name}/" for m in admin.site._registry)]
    for path in paths:
        before = all_stored()
        status = client.get(path).status_code
        wanted = {"none": 302, "admin": 200}.get(who, 403)
        assert status == wanted, path
        refusals = Change.objects.filter(outcome="refused").count()
        if who != "admin":
            assert client.post(path + "add/").status_code == wanted
            recorded = Change.objects.filter(outcome="refused").count() - refusals
            assert recorded == (0 if who == "none" else 1)
        assert all_stored() == before


@pytest.mark.parametrize("who", ["viewer", "operator"])
def test_an_inactive_user_is_out(who: str, people: Any, client_of: Any, hyperliquid_btc: RowKey) -> None:
    user = people(who)
    client = client_of(user)
    assert client.get("/api/risk/strategies").status_code == 200
    user.is_active = False
    user.save()
    assert client.get("/api/risk/strategies").status_code == 401


def test_a_superuser_without_a_role_is_nobody(nobody: User, client_of: Any) -> None:
    nobody.is_superuser = nobody.is_staff = True
    nobody.save()
    assert client_of(nobody).get("/api/risk/strategies").status_code == 403


def test_only_an_admin_may_force_a_reset(
    operator_api: APIClient, admin_api: APIClient, hyperliquid_btc: RowKey, url_of: Callable[[RowKey], str]
) -> None:
    path = f"{url_of(hyperliquid_btc)}/reset-kill-switch"
    refused = operator_api.post(path, {"force": True, "epoch": 0}, format="json")
    assert refused.status_code == 403
    (record,) = Change.objects.filter(outcome="refused")
    assert (record.actor, record.action, record.strategy_id) == ("otto", "refused", "momentum")
    assert record.reason == "reset: Only an admin may force a reset."
    assert admin_api.post(path, {"force": True}, format="json").status_code in {200, 409, 503}
