"""Reading rows: the mission's fields, exact numbers, ETags, filters, orderings."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from portfolio import book
from riskcontrol import operations
from tests.api.conftest import AskPm, state
from venues.contract.limits import RiskLimits
from venues.contract.names import RowKey

LIST = "/api/risk/strategies"
NINE = {
    "strategy_id", "symbol", "enabled", "risk_per_trade", "stop_loss_dollars", "max_strategy_loss",
    "is_killed", "total_pnl", "model_reward",
}  # fmt: skip


def test_the_list_has_the_missions_nine_fields_of_every_strategy(
    viewer_api: APIClient, hyperliquid_btc: RowKey, hyperliquid_eth: RowKey
) -> None:
    answer = viewer_api.get(LIST).json()
    assert [row["strategy_id"] for row in answer["strategies"]] == ["mean-reversion", "momentum"]
    for row in answer["strategies"]:
        assert set(row) >= NINE
        assert not [name for name in row if name.startswith("_")]
    (source,) = answer["sources"]
    assert (source["source"], source["status"], source["strategies"]) == ("hyperliquid", "offline", 2)
    assert answer["as_of"].endswith("Z")


def test_an_unreachable_trader_never_makes_the_list_fail(
    viewer_api: APIClient, hyperliquid_btc: RowKey
) -> None:
    book.failed("hyperliquid", "refused", refused=True)
    answer = viewer_api.get(LIST)
    assert answer.status_code == 200
    assert answer.json()["sources"][0]["error"] == "refused"
    assert len(answer.json()["strategies"]) == 1


def test_money_leaves_as_exact_json_numbers(ask_pm: AskPm, viewer: User, hyperliquid_btc: RowKey) -> None:
    limits = RiskLimits(Decimal("0.1234"), Decimal("4.01"), Decimal("999999.99"))
    given = state("momentum", "BTC", total_pnl=Decimal("-12.345678"), limits=limits)
    book.record("hyperliquid", [given])
    body = ask_pm(viewer, "GET", f"/api/risk/{'/'.join(hyperliquid_btc)}").body
    assert b'"total_pnl":-12.345678' in body
    assert b'"max_strategy_loss":999999.99' in body


def test_the_lists_etag_rises_with_any_change_and_gets_304(
    viewer_api: APIClient, operator: User, hyperliquid_btc: RowKey
) -> None:
    etag = viewer_api.get(LIST).headers["ETag"]
    for given in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        same = viewer_api.get(LIST, headers={"If-None-Match": given})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
        assert "Content-Type" not in same.headers
    actor = operations.Actor("otto", "api")
    operations.change_settings(hyperliquid_btc, {"stop_loss_dollars": Decimal(4)}, actor=actor)
    other = viewer_api.get(LIST, headers={"If-None-Match": etag})
    assert other.status_code == 200
    assert int(other.headers["ETag"].strip('"')) > int(etag.strip('"'))


def test_a_report_changes_the_lists_etag_too(viewer_api: APIClient, hyperliquid_btc: RowKey) -> None:
    etag = viewer_api.get(LIST).headers["ETag"]
    book.record("hyperliquid", [state("momentum", "BTC", total_pnl=Decimal("-1"))])
    assert viewer_api.get(LIST, headers={"If-None-Match": etag}).status_code == 200


def test_silence_changes_the_lists_etag_the_moment_it_is_shown(
    viewer_api: APIClient, hyperliquid_btc: RowKey
) -> None:
    book.heard("hyperliquid")
    first = viewer_api.get(LIST)
    assert first.json()["sources"][0]["status"] == "online"
    link = book.link("hyperliquid")
    assert link.heard is not None
    link.heard -= 6
    later = viewer_api.get(LIST, headers={"If-None-Match": first.headers["ETag"]})
    assert (later.status_code, later.json()["sources"][0]["status"]) == (200, "stale")


def test_a_trader_put_into_the_registry_changes_the_lists_etag(
    viewer_api: APIClient, admin: User, client: Client, hyperliquid_btc: RowKey
) -> None:
    etag = viewer_api.get(LIST).headers["ETag"]
    client.force_login(admin, "portfolio.access.RoleBackend")
    client.post("/admin/portfolio/trader/add/", {"source": "other", "url": "http://127.0.0.1:9"})
    found = viewer_api.get(LIST, headers={"If-None-Match": etag})
    assert [one["source"] for one in found.json()["sources"]] == ["hyperliquid", "other"]


def test_a_rows_etag_is_its_revision_and_it_never_answers_304(
    viewer_api: APIClient, hyperliquid_btc: RowKey, url_of: Callable[[RowKey], str]
) -> None:
    for given in ('"0"', "*"):
        answer = viewer_api.get(url_of(hyperliquid_btc), headers={"If-None-Match": given})
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"0"')


def test_a_symbol_with_colon_or_at_is_found_escaped_and_plain(
    ask_pm: AskPm, viewer: User, hyperliquid_btc: RowKey
) -> None:
    from riskcontrol import upkeep

    upkeep.adopt("hyperliquid", [state("a", "xyz:TSLA"), state("b", "@107")])
    for path in ("a/xyz:TSLA", "a/xyz%3ATSLA", "a/xyz%3aTSLA", "b/@107", "b/%40107"):
        assert ask_pm(viewer, "GET", f"/api/risk/hyperliquid/{path}").status == 200, path


@pytest.fixture
def many(hyperliquid_btc: RowKey, hyperliquid_eth: RowKey) -> None:
    from riskcontrol import upkeep

    upkeep.adopt(
        "hyperliquid",
        [
            state("off", "SOL", enabled=False, total_pnl=Decimal("3.5"), name="Snooze"),
            state("dead", "BTC", is_killed=True, total_pnl=Decimal("-60")),
        ],
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["dead", "mean-reversion", "momentum", "off"]),
        ("source=hyperliquid", ["dead", "mean-reversion", "momentum", "off"]),
        ("source=lighter", []),
        ("symbol=BTC", ["dead", "momentum"]),
        ("symbol=BTC&strategy_id=dead", ["dead"]),
        ("status=Killed", ["dead"]),
        ("status=killed", ["dead"]),
        ("status=Disabled", ["off"]),
        ("q=snooz", ["off"]),
        ("q=BTC&status=Active", ["momentum"]),
        ("symbol=&q=&status=&ordering=", ["dead", "mean-reversion", "momentum", "off"]),
        ("ordering=-total_pnl", ["off", "dead", "mean-reversion", "momentum"]),
        ("ordering=total_pnl", ["dead", "off", "mean-reversion", "momentum"]),
        ("ordering=-strategy_id", ["off", "momentum", "mean-reversion", "dead"]),
    ],
)
def test_filters_and_ordering(viewer_api: APIClient, many: None, query: str, found: list[str]) -> None:
    rows = viewer_api.get(f"{LIST}?{query}").json()["strategies"]
    assert [row["strategy_id"] for row in rows] == found


@pytest.mark.parametrize(
    "word", ["name", "-enabled", "is_killed", "risk_per_trade", "-drawdown", "-model_reward", "sync"]
)
def test_every_ordering_answers(viewer_api: APIClient, many: None, word: str) -> None:
    assert len(viewer_api.get(f"{LIST}?ordering={word}").json()["strategies"]) == 4


def test_the_list_takes_a_fixed_number_of_queries(
    viewer_api: APIClient, many: None, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(6):
        viewer_api.get(LIST)


def test_traders_and_summary(viewer_api: APIClient, hyperliquid_btc: RowKey) -> None:
    (trader,) = viewer_api.get("/api/traders").json()
    assert (trader["source"], trader["status"], trader["strategies"]) == ("hyperliquid", "offline", 1)
    assert viewer_api.get("/api/traders/hyperliquid").json()["url"] == trader["url"]
    assert "token" not in str(trader).lower()
    summary = viewer_api.get("/api/portfolio/summary").json()
    assert summary["total"]["strategies"] == 1
    assert summary["total"]["unknown"] == ["hyperliquid"]
