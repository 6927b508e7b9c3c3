"""The people of the tests, and how each talks to PM."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from knox.models import AuthToken
from rest_framework.test import APIClient

from portfolio.access import give_role

PASSWORD = "a long enough password"


def person(name: str, role: str | None) -> User:
    found = User.objects.create_user(name, password=PASSWORD)
    if role:
        give_role(found, role)
    return found


@pytest.fixture
def viewer(db: None) -> User:
    """May read."""
    return person("vera", "viewer")


@pytest.fixture
def operator(db: None) -> User:
    """May change settings, kill, close, reset."""
    return person("otto", "operator")


@pytest.fixture
def admin(db: None) -> User:
    """May do everything."""
    return person("ada", "admin")


@pytest.fixture
def nobody(db: None) -> User:
    """Has an account and no role."""
    return person("nemo", None)


@pytest.fixture
def token_of(db: None) -> Callable[[User], str]:
    """Gives a token's key for a user."""
    return lambda user: str(AuthToken.objects.create(user)[1])


@pytest.fixture
def client_of(token_of: Callable[[User], str]) -> Callable[[User | None], APIClient]:
    """Gives an API client with a user's token, or without one for None."""

    def made(user: User | None) -> APIClient:
        client = APIClient(raise_request_exception=False)
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Token {token_of(user)}")
        return client

    return made


@pytest.fixture
def operator_api(client_of: Callable[[User | None], APIClient], operator: User) -> APIClient:
    """An API client of the operator."""
    return client_of(operator)


@pytest.fixture
def viewer_api(client_of: Callable[[User | None], APIClient], viewer: User) -> APIClient:
    """An API client of the viewer."""
    return client_of(viewer)


@pytest.fixture
def admin_api(client_of: Callable[[User | None], APIClient], admin: User) -> APIClient:
    """An API client of the admin."""
    return client_of(admin)
