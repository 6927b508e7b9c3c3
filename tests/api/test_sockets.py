"""Who gets past a WebSocket's handshake: programs by token, browsers by origin and session."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from portfolio.sockets import may_stay
from tests.trader_api.asgi_client import Socket

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = settings.PM_ORIGINS[0]
PEOPLE = ("nobody", "viewer", "operator", "admin")


def accepted(path: str, headers: dict[str, str]) -> bool:
    from portfolio.asgi import application

    async def knock() -> bool:
        async with Socket(application, path, headers) as socket:
            return socket.accepted

    return asyncio.run(knock())


def cookie(user: User) -> str:
    client = Client()
    client.force_login(user, "portfolio.access.RoleBackend")
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


@pytest.mark.parametrize("who", PEOPLE)
def test_a_program_with_a_token(
    who: str, request: pytest.FixtureRequest, token_of: Callable[[User], str]
) -> None:
    headers = {"authorization": f"Token {token_of(request.getfixturevalue(who))}"}
    assert accepted("/ws/risk", headers) == (who != "nobody")
    assert not accepted("/ws/console", headers), "session only"


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("path", ["/ws/risk", "/ws/console"])
def test_a_browser_with_a_session_and_our_origin(who: str, path: str, request: pytest.FixtureRequest) -> None:
    headers = {"cookie": cookie(request.getfixturevalue(who)), "origin": ORIGIN}
    assert accepted(path, headers) == (who != "nobody")


@pytest.mark.parametrize(
    "origin",
    [
        None, "http://evil.example", "null", "x", "", f"{ORIGIN}1", ORIGIN.replace("http:", "https:"),
        ORIGIN.rsplit(":", 1)[0],
    ],
)  # fmt: skip
def test_a_browser_with_another_origin(origin: str | None, admin: User) -> None:
    headers = {"cookie": cookie(admin), **({} if origin is None else {"origin": origin})}
    assert not accepted("/ws/risk", headers)
    assert not accepted("/ws/console", headers)


@pytest.mark.parametrize(
    "authorization",
    ["Token x", "Token", "", "Bearer x", "Token schl\u00fcssel", "Basic YTpi", "Token " + "a" * 5000],
)
def test_credentials_that_are_none_even_beside_a_session(authorization: str, admin: User) -> None:
    headers = {"authorization": authorization, "cookie": cookie(admin), "origin": ORIGIN}
    assert not accepted("/ws/risk", headers)


def test_i12_nobody_at_all_and_paths_that_are_none(admin: User) -> None:
    assert not accepted("/ws/risk", {"origin": ORIGIN})
    headers = {"cookie": cookie(admin), "origin": ORIGIN}
    for path in ("/ws", "/ws/", "/ws/risk/", "/ws/x", "/", "/ws/../ws/risk", "/ws/ri%73k", "//ws/risk"):
        assert not accepted(path, headers), path


def test_an_expired_or_revoked_token(viewer: User, token_of: Callable[[User], str]) -> None:
    headers = {"authorization": f"Token {token_of(viewer)}"}
    assert accepted("/ws/risk", headers)
    AuthToken.objects.all().delete()
    assert not accepted("/ws/risk", headers)


def scope_of(user: User, **more: Any) -> dict[str, Any]:
    return {"user": user, **more}


def test_a_program_may_stay_while_its_token_and_role_last(viewer: User) -> None:
    token, _ = AuthToken.objects.create(viewer)
    scope = scope_of(viewer, token=token)
    assert may_stay(scope)
    viewer.groups.clear()
    assert not may_stay(scope)
    viewer.groups.add(Group.objects.get(name="viewer"))
    assert may_stay(scope)
    token.delete()
    token.pk = scope["token"].digest
    assert not may_stay(scope)


def test_a_program_may_stay_until_its_token_expires(viewer: User) -> None:
    scope = scope_of(viewer, token=AuthToken.objects.create(viewer)[0])
    AuthToken.objects.update(expiry=None)
    assert may_stay(scope)
    AuthToken.objects.update(expiry=timezone.now())
    assert not may_stay(scope)


def test_a_browser_may_stay_while_its_session_and_password_last(viewer: User) -> None:
    client = Client()
    client.force_login(viewer, "portfolio.access.RoleBackend")
    scope = scope_of(viewer, session=client.session)
    assert may_stay(scope)
    viewer.set_password("another long password")
    viewer.save()
    assert not may_stay(scope)
    client.force_login(viewer, "portfolio.access.RoleBackend")
    scope = scope_of(viewer, session=client.session)
    assert may_stay(scope)
    viewer.is_active = False
    viewer.save()
    assert not may_stay(scope)
    viewer.is_active = True
    viewer.save()
    client.post("/logout")
    assert not may_stay(scope)
