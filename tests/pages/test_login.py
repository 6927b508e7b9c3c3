"""The way in and out, and the pages for what goes wrong."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.conftest import PASSWORD


@pytest.fixture
def browser() -> Client:
    """Somebody's browser."""
    return Client(headers={"Accept": "text/html"})


def sign_in(browser: Client, password: str = PASSWORD, following: str = "/") -> Any:
    return browser.post("/login", {"username": "otto", "password": password, "next": following})


def test_the_page_sends_who_is_not_known_to_the_login_and_back(browser: Client, operator: User) -> None:
    assert browser.get("/?status=Killed")["Location"] == "/login?next=/%3Fstatus%3DKilled"
    answer = sign_in(browser, following="/?status=Killed")
    assert (answer.status_code, answer["Location"]) == (302, "/?status=Killed")
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_the_login_leads_nowhere_else(browser: Client, operator: User, elsewhere: str) -> None:
    assert sign_in(browser, following=elsewhere)["Location"] == "/"


def test_a_wrong_password_is_said_and_the_fifth_locks(browser: Client, operator: User) -> None:
    first = sign_in(browser, "wrong")
    assert "User name or password is wrong." in first.text
    answers = [sign_in(browser, "wrong").status_code for _ in range(4)]
    assert answers[-1] == 429
    locked = sign_in(browser)
    assert locked.status_code == 429
    assert "Too many wrong logins. Try again in 15 minutes." in locked.text


def test_who_has_no_role_gets_a_page_that_says_so(browser: Client, nobody: User) -> None:
    browser.force_login(nobody)
    answer = browser.get("/")
    assert answer.status_code == 403
    assert "Your role does not allow this." in answer.text
    assert "Sign out" in answer.text


def test_signing_out_takes_a_post(browser: Client, operator: User) -> None:
    browser.force_login(operator)
    assert browser.get("/logout").status_code == 405
    assert browser.post("/logout")["Location"] == "/login"
    assert browser.get("/").status_code == 302


def test_an_address_that_is_nowhere_gets_a_page(browser: Client, operator: User) -> None:
    browser.force_login(operator)
    answer = browser.get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing here." in answer.text
