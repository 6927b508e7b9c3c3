"""The Django admin: settings by operations, traders only at allowed hosts, the rest for reading."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portfolio.access import role_of
from portfolio.models import Trader
from riskcontrol.models import Change, Delivery, RiskSettings
from tests.api.conftest import all_stored
from tests.pm.conftest import adopted, register
from tests.pm.fake_trader import BTC, FakeTrader
from venues.contract.names import RowKey

TRADERS = "/admin/portfolio/trader/"


@pytest.fixture
def browser(admin: User, client: Client) -> Client:
    """The admin's browser."""
    client.force_login(admin, "portfolio.access.RoleBackend")
    return client


def edit_path() -> str:
    return f"/admin/riskcontrol/risksettings/{RiskSettings.objects.get().pk}/change/"


def edited(**given: str) -> dict[str, str]:
    shown = {
        "enabled": "on", "risk_per_trade": "1", "stop_loss_dollars": "5", "max_strategy_loss": "50",
        "shown_revision": "0", "reason": "",
    }  # fmt: skip
    return {name: value for name, value in {**shown, **given}.items() if value != "off"}


def test_times_are_told_in_utc_to_the_second(browser: Client, hyperliquid_btc: RowKey) -> None:
    changed = RiskSettings.objects.get().changed_at
    assert f"{changed:%Y-%m-%d %H:%M:%S} UTC" in browser.get(edit_path()).content.decode()


def test_an_edit_goes_through_the_operations(browser: Client, hyperliquid_btc: RowKey) -> None:
    shown = browser.get(edit_path()).content.decode()
    assert re.search(r'name="shown_revision" value="0"', shown)
    answer = browser.post(edit_path(), edited(stop_loss_dollars="4.5", reason="calmer"), follow=True)
    assert answer.status_code == 200
    assert b"pending" in answer.content
    settings = RiskSettings.objects.get()
    assert (settings.stop_loss_dollars, settings.revision) == (4.5, 1)
    (record,) = Change.objects.filter(action="change")
    assert (record.actor, record.via, record.ip, record.reason) == ("ada", "admin", "127.0.0.1", "calmer")
    assert list(record.after) == ["stop_loss_dollars"]
    assert Delivery.objects.filter(change=record).exists()


@pytest.mark.django_db(transaction=True)
def test_an_edit_is_in_force_at_the_trader(
    monkeypatch: pytest.MonkeyPatch, admin: User, client: Client
) -> None:
    client.force_login(admin, "portfolio.access.RoleBackend")
    monkeypatch.setenv("HYPERLIQUID_TRADER_TOKEN", "a-token")
    with FakeTrader() as fake:
        register(fake)
        adopted(*fake.states.values())
        client.post(edit_path(), edited(stop_loss_dollars="4", enabled="off"))
        assert fake.states[BTC].limits.stop_loss_dollars == 4
        assert fake.states[BTC].enabled is False
    assert set(Change.objects.values_list("action", "outcome")) == {
        ("adopt", "applied"), ("change", "applied"), ("disable", "applied"),
    }  # fmt: skip


def test_an_edit_on_a_stale_revision_changes_nothing(browser: Client, hyperliquid_btc: RowKey) -> None:
    browser.post(edit_path(), edited(stop_loss_dollars="4"))
    answer = browser.post(edit_path(), edited(stop_loss_dollars="3"), follow=True)
    assert b"Somebody was first" in answer.content
    assert RiskSettings.objects.get().stop_loss_dollars == 4


@pytest.mark.parametrize("value", ["0", "-1", "1e3", "5.001", "NaN", "", "1_000", "abc", "1000001", "１"])
def test_an_edit_has_the_same_rules_as_the_api(browser: Client, hyperliquid_btc: RowKey, value: str) -> None:
    before = all_stored()
    answer = browser.post(edit_path(), edited(stop_loss_dollars=value))
    assert answer.status_code == 200
    assert b"errorlist" in answer.content
    assert all_stored() == before


def test_an_edit_that_changes_nothing_leaves_no_record(browser: Client, hyperliquid_btc: RowKey) -> None:
    before = all_stored()
    assert b"Nothing was changed" in browser.post(edit_path(), edited(), follow=True).content
    assert all_stored() == before


def test_a_killed_strategy_cannot_be_enabled_here_either(browser: Client, hyperliquid_btc: RowKey) -> None:
    from portfolio import book
    from tests.api.conftest import state

    book.record("hyperliquid", [state("momentum", "BTC", enabled=False, is_killed=True)])
    RiskSettings.objects.update(enabled=False)
    answer = browser.post(edit_path(), edited(), follow=True)
    assert b"killed" in answer.content
    assert RiskSettings.objects.get().enabled is False
    assert Change.objects.get(outcome="refused").via == "admin"


@pytest.mark.parametrize(
    "path",
    ["riskcontrol/change", "riskcontrol/delivery", "portfolio/strategy", "portfolio/transition",
     "portfolio/equitypoint", "portfolio/closedtrade", "axes/accesslog"],
)  # fmt: skip
def test_audit_and_what_is_reported_are_for_reading(
    browser: Client, hyperliquid_btc: RowKey, path: str
) -> None:
    assert browser.get(f"/admin/{path}/").status_code == 200
    assert browser.get(f"/admin/{path}/add/").status_code == 403
    assert browser.post(f"/admin/{path}/add/", {}).status_code == 403
    from django.apps import apps

    found = apps.get_model(path.replace("/", ".")).objects.first()
    if found is not None:
        assert browser.get(f"/admin/{path}/{found.pk}/change/").status_code == 200
        assert browser.post(f"/admin/{path}/{found.pk}/change/", {"actor": "x"}).status_code == 403
        assert browser.post(f"/admin/{path}/{found.pk}/delete/", {"post": "yes"}).status_code == 403


def test_settings_are_neither_added_nor_deleted(browser: Client, hyperliquid_btc: RowKey) -> None:
    number = RiskSettings.objects.get().pk
    assert browser.get("/admin/riskcontrol/risksettings/").status_code == 200
    assert browser.get("/admin/riskcontrol/risksettings/add/").status_code == 403
    path = f"/admin/riskcontrol/risksettings/{number}/delete/"
    assert browser.post(path, {"post": "yes"}).status_code == 403


def test_a_trader_is_added_and_its_token_is_asked_for_nowhere(browser: Client) -> None:
    inputs = re.findall(r'<input[^>]* name="([^"]+)"', browser.get(f"{TRADERS}add/").content.decode())
    assert set(inputs) - {"csrfmiddlewaretoken"} == {
        "source", "url", "enabled", "_save", "_addanother", "_continue",
    }  # fmt: skip
    data = {"source": "foo-bar", "url": "http://127.0.0.1:9202/", "enabled": "on"}
    assert browser.post(f"{TRADERS}add/", data).status_code == 302
    assert Trader.objects.get().url == "http://127.0.0.1:9202"


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254", "http://evil.example", "https://127.0.0.1.evil.example", "ftp://127.0.0.1",
     "http://127.0.0.1:9002/path", "http://a@127.0.0.1", "http://127.0.0.1@evil.example", "file:///etc/passwd",
     "javascript:alert(1)", "127.0.0.1:9002", "http://127.0.0.1:99999", "http://", ""],
)  # fmt: skip
def test_a_trader_only_at_a_host_that_is_allowed(browser: Client, url: str) -> None:
    data = {"source": "foo-bar", "url": url, "enabled": "on"}
    answer = browser.post(f"{TRADERS}add/", data)
    assert answer.status_code == 200
    assert b"errorlist" in answer.content
    assert not Trader.objects.exists()


@pytest.mark.parametrize("source", ["Foo", "1foo", "foo_bar", "foo.bar", "../x", "f" * 33, ""])
def test_a_traders_name_has_its_grammar(browser: Client, source: str) -> None:
    data = {"source": source, "url": "http://127.0.0.1:9202", "enabled": "on"}
    assert b"errorlist" in browser.post(f"{TRADERS}add/", data).content
    assert not Trader.objects.exists()


@pytest.mark.parametrize("ticked", [True, False])
def test_a_trader_that_is_deleted_changes_the_lists_etag(
    browser: Client, hyperliquid: Trader, ticked: bool
) -> None:
    Trader.objects.update(enabled=False)
    etag = browser.get("/api/risk/strategies").headers["ETag"]
    if ticked:
        data = {"action": "delete_selected", "_selected_action": str(hyperliquid.pk), "post": "yes"}
        browser.post(TRADERS, data)
    else:
        browser.post(f"{TRADERS}{hyperliquid.pk}/delete/", {"post": "yes"})
    assert not Trader.objects.exists()
    answer = browser.get("/api/risk/strategies", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.json()["sources"]) == (200, [])


def test_a_trader_whose_strategies_pm_knows_is_not_deleted(browser: Client, hyperliquid_btc: RowKey) -> None:
    number = Trader.objects.get().pk
    data = {"action": "delete_selected", "_selected_action": str(number), "post": "yes"}
    assert browser.post(TRADERS, data).status_code == 200
    assert browser.post(f"{TRADERS}{number}/delete/", {"post": "yes"}).status_code == 200
    assert RiskSettings.objects.count() == Trader.objects.count() == 1


def test_users_get_their_role_by_group(browser: Client, viewer: User) -> None:
    from portfolio.access import ensure_roles

    roles = ensure_roles()
    data = {"username": "vera", "is_active": "on", "groups": [str(roles["operator"].pk)]}
    answer = browser.post(f"/admin/auth/user/{viewer.pk}/change/", data)
    assert answer.status_code == 302, answer.content
    assert role_of(User.objects.get(pk=viewer.pk)) == "operator"
    shown: Any = browser.get(f"/admin/auth/user/{viewer.pk}/change/").content
    assert b"is_superuser" not in shown
