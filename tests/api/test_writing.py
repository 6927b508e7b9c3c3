"""Changing rows through the API: revisions, outcomes, actions, audit; with the trader away and there."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from riskcontrol.models import Change
from tests.api.conftest import AskPm
from tests.pm.conftest import adopted, register
from tests.pm.fake_trader import BTC, ETH, FakeTrader, Handler, state
from venues.contract.names import RowKey

ROW = "/api/risk/hyperliquid/momentum/BTC"
OTHER = "/api/risk/hyperliquid/mean-reversion/ETH"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[FakeTrader]:
    """A trader that runs, with two strategies that PM knows."""
    monkeypatch.setenv("HYPERLIQUID_TRADER_TOKEN", "a-token")
    with FakeTrader(state(), state(ETH)) as trader:
        register(trader)
        adopted(*trader.states.values())
        yield trader


@pytest.fixture
def api(fake: FakeTrader, operator: User, client_of: Callable[[User], APIClient]) -> APIClient:
    """The operator's client, beside a trader that runs."""
    return client_of(operator)


def put(api: APIClient, body: dict[str, Any], **headers: str) -> Any:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.put(ROW, body, format="json", headers=given)


def test_a_put_is_in_force_at_the_trader_when_it_answers_200(api: APIClient, fake: FakeTrader) -> None:
    answer = put(api, {"stop_loss_dollars": 4, "reason": "tighter"})
    assert answer.status_code == 200, answer.content
    assert answer.headers["ETag"] == '"1"'
    row = answer.json()
    assert (row["stop_loss_dollars"], row["revision"], row["sync"], row["enforced"]) == (
        4,
        1,
        "applied",
        None,
    )
    assert fake.states[BTC].limits.stop_loss_dollars == 4
    record = Change.objects.get(action="change")
    assert (record.actor, record.via, record.ip) == ("otto", "api", "127.0.0.1")
    assert (record.before, record.after) == ({"stop_loss_dollars": 5}, {"stop_loss_dollars": 4})
    assert (record.reason, record.outcome, record.revision) == ("tighter", "applied", 1)


def test_a_put_that_changes_nothing_leaves_no_record(api: APIClient) -> None:
    answer = put(api, {"stop_loss_dollars": 5.00, "risk_per_trade": 1})
    assert (answer.status_code, answer.json()["revision"]) == (200, 0)
    assert not Change.objects.exclude(action="adopt").exists()


@pytest.mark.parametrize("tag", ['"0"', 'W/"0"', "*", ' "0" '])
def test_if_match_of_the_present_revision_goes_through(api: APIClient, tag: str) -> None:
    assert put(api, {"stop_loss_dollars": 4}, If_Match=tag).status_code == 200


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({}, {"If_Match": '"0"'}),
        ({}, {"If_Match": 'W/"0"'}),
        ({"revision": 0}, {}),
        ({"revision": 0}, {"If_Match": "*"}),
    ],
)
def test_a_stale_revision_is_409_with_the_stored_row(
    api: APIClient, fake: FakeTrader, body: dict[str, Any], headers: dict[str, str]
) -> None:
    assert put(api, {"stop_loss_dollars": 4}).status_code == 200
    answer = put(api, {"stop_loss_dollars": 3, **body}, **headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert answer.json()["row"]["stop_loss_dollars"] == 4
    assert answer.json()["row"]["revision"] == 1
    assert not [name for name in answer.json()["row"] if name.startswith("_")]
    assert fake.states[BTC].limits.stop_loss_dollars == 4


def test_if_match_and_revision_must_agree(api: APIClient) -> None:
    answer = put(api, {"stop_loss_dollars": 4, "revision": 0}, If_Match='"1"')
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["revision"])


def test_what_the_trader_refuses_is_409_rejected_with_its_sentence(api: APIClient) -> None:
    for _ in range(2):
        answer = put(api, {"risk_per_trade": 7})
        assert (answer.status_code, answer.json()["code"]) == (409, "rejected")
        assert answer.json()["detail"] == "Risk/Trade (%) must be at most 5 at this trader."
        assert answer.json()["fields"] == {"risk_per_trade": ["Must be at most 5 at this trader."]}
        assert answer.json()["row"]["sync"] == "rejected"


def test_a_trader_away_is_202_pending(api: APIClient, fake: FakeTrader) -> None:
    fake.stop()
    answer = put(api, {"stop_loss_dollars": 4})
    assert (answer.status_code, answer.json()["sync"]) == (202, "pending")
    assert answer.json()["enforced"]["stop_loss_dollars"] == 5
    assert api.post(f"{ROW}/disable").status_code == 202
    assert api.post(f"{ROW}/kill").status_code == 202
    for action in ("reset-kill-switch", "close"):
        refused = api.post(f"{OTHER}/{action}", {"reason": "x"}, format="json")
        assert (refused.status_code, refused.json()["code"]) == (503, "trader_unreachable"), action


def test_an_enable_of_a_trader_away_is_503_and_nothing_is_queued(api: APIClient, fake: FakeTrader) -> None:
    assert api.post(f"{ROW}/disable").status_code == 200
    fake.stop()
    answer = api.post(f"{ROW}/enable")
    assert (answer.status_code, answer.json()["code"]) == (503, "trader_unreachable")


def test_disable_enable_kill_and_reset(api: APIClient, fake: FakeTrader) -> None:
    assert api.post(f"{ROW}/disable").json()["status"] == "Disabled"
    assert fake.states[BTC].enabled is False
    assert api.post(f"{ROW}/enable").json()["status"] == "Active"
    killed = api.post(f"{ROW}/kill", {"reason": "enough", "flatten": True}, format="json")
    assert (killed.status_code, killed.json()["status"], killed.json()["is_killed"]) == (200, "Killed", True)
    again = api.post(f"{ROW}/kill")
    assert (again.status_code, again.json()["kill"]) == (200, killed.json()["kill"])
    refused = api.post(f"{ROW}/enable")
    assert (refused.status_code, refused.json()["code"]) == (409, "killed")
    newer = api.post(f"{ROW}/reset-kill-switch", {"epoch": 7}, format="json")
    assert (newer.status_code, newer.json()["code"]) == (409, "epoch")
    reset = api.post(f"{ROW}/reset-kill-switch", {"epoch": 0}, format="json")
    assert (reset.status_code, reset.json()["is_killed"], reset.json()["epoch"]) == (200, False, 1)
    older = api.post(f"{ROW}/reset-kill-switch", {"epoch": 0}, format="json")
    assert (older.status_code, older.json()["epoch"]) == (200, 1)
    alive = api.post(f"{ROW}/reset-kill-switch")
    assert (alive.status_code, alive.json()["code"]) == (409, "not_killed")


def test_toggles_take_a_revision(api: APIClient, fake: FakeTrader) -> None:
    stale = api.post(f"{ROW}/disable", {"revision": 5}, format="json")
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    assert fake.states[BTC].enabled is True
    assert api.post(f"{ROW}/disable", headers={"If-Match": '"0"'}).status_code == 200


def test_close_reaches_the_trader(api: APIClient, fake: FakeTrader) -> None:
    assert api.post(f"{ROW}/close").status_code == 200
    assert fake.commands[-1][:2] == ("close", BTC)


def test_a_body_sent_in_chunks_is_read_as_any_other(
    api: APIClient, fake: FakeTrader, operator: User, ask_pm: AskPm
) -> None:
    killed = ask_pm(operator, "POST", f"{ROW}/kill", b'{"flatten": false}', content_length=None)
    assert killed.status == 200, killed.body
    assert fake.told("kill") == [{"flatten": False}]


@pytest.mark.parametrize("action", ["reset-kill-switch", "close", "enable", "disable"])
def test_a_refusal_of_the_trader_is_shown_with_pms_row(api: APIClient, fake: FakeTrader, action: str) -> None:
    def refuse(handler: Handler) -> bool:
        body = {"detail": "Not while the moon is full.", "code": "rejected", "fields": {}}
        handler.say(409, body | {"row": fake.states[BTC].to_json()})
        return True

    fake.answer = refuse
    answer = api.post(f"{ROW}/{action}", format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "rejected"), answer.content
    assert set(answer.json()["row"]) == set(api.get(ROW).json())
    assert answer.json()["row"]["source"] == "hyperliquid"


def update(key: RowKey | tuple[str, str], **given: Any) -> dict[str, Any]:
    return {"source": "hyperliquid", "strategy_id": key[0], "symbol": key[1], **given}


def bulk(api: APIClient, *updates: dict[str, Any], **more: Any) -> Any:
    return api.post("/api/risk/bulk-update", {"updates": list(updates), **more}, format="json")


def test_a_bulk_update_in_force_everywhere_is_200(api: APIClient, fake: FakeTrader) -> None:
    answer = bulk(
        api, update(BTC, stop_loss_dollars=4), update(ETH, max_strategy_loss=30.5, revision=0), reason="all"
    )
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert [one["status"] for one in found["results"]] == ["applied", "applied"]
    assert [one["symbol"] for one in found["results"]] == ["BTC", "ETH"]
    assert found["counts"] == {
        "applied": 2, "unchanged": 0, "pending": 0, "rejected": 0, "conflict": 0, "refused": 0,
    }  # fmt: skip
    assert fake.states[ETH].limits.max_strategy_loss == Decimal("30.5")
    assert set(Change.objects.filter(action="change").values_list("reason", flat=True)) == {"all"}


def test_a_bulk_update_with_a_stale_row_is_207_with_a_result_per_row(
    api: APIClient, fake: FakeTrader
) -> None:
    answer = bulk(api, update(BTC, stop_loss_dollars=4, revision=9), update(ETH, stop_loss_dollars=5))
    assert answer.status_code == 207
    first, second = answer.json()["results"]
    assert (first["status"], first["error"]["code"], first["row"]["revision"]) == ("conflict", "conflict", 0)
    assert set(first["error"]) == {"detail", "code", "fields"}
    assert (second["status"], second["error"]) == ("unchanged", None)
    assert fake.states[BTC].limits.stop_loss_dollars == 5


def test_a_bulk_enable_of_a_killed_strategy_is_refused_in_its_row(api: APIClient) -> None:
    api.post(f"{ROW}/kill")
    answer = bulk(api, update(BTC, enabled=True), update(ETH, enabled=False))
    assert answer.status_code == 207
    assert [one["status"] for one in answer.json()["results"]] == ["refused", "applied"]
    assert answer.json()["results"][0]["error"]["code"] == "killed"


def test_a_bulk_update_of_a_trader_away_is_207_pending(api: APIClient, fake: FakeTrader) -> None:
    fake.stop()
    answer = bulk(api, update(BTC, stop_loss_dollars=4))
    assert (answer.status_code, answer.json()["counts"]["pending"]) == (207, 1)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (update(("nobody", "BTC"), stop_loss_dollars=4), "strategy_id"),
        (update(BTC, stop_loss_dollars=3), "strategy_id"),
        (update(BTC), "non_field_errors"),
        (update(ETH, stop_loss_dollars=-1), "stop_loss_dollars"),
        (update(ETH, stop_loss_dollars=1, x=1), "x"),
        (update(ETH, enabled="yes"), "enabled"),
        (update(ETH, enabled=None), "enabled"),
        (update(ETH, stop_loss_dollars=4, revision="1"), "revision"),
        ({"source": "hyperliquid", "strategy_id": "momentum", "stop_loss_dollars": 4}, "symbol"),
        ({}, "source"),
        ("text", "non_field_errors"),
        (None, "non_field_errors"),
    ],
)
def test_one_bad_item_of_a_bulk_update_changes_nothing(
    api: APIClient, fake: FakeTrader, wrong: Any, field: str
) -> None:
    answer = bulk(api, update(BTC, stop_loss_dollars=4), wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    (item,) = answer.json()["items"]
    assert item["index"] == 1
    assert field in item["fields"]
    assert set(item) == {"index", "source", "strategy_id", "symbol", "fields"}
    assert fake.states[BTC].limits.stop_loss_dollars == 5
    assert not Change.objects.exclude(action="adopt").exists()


@pytest.mark.parametrize(
    "body", [{}, {"updates": []}, {"updates": {}}, {"updates": None}, {"updates": [], "x": 1}]
)
def test_a_bulk_body_without_updates(api: APIClient, body: dict[str, Any]) -> None:
    answer = api.post("/api/risk/bulk-update", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["fields"]


def test_changes_are_listed_newest_first_in_pages_of_50(
    api: APIClient, viewer: User, client_of: Callable[[User], APIClient]
) -> None:
    for cents in range(1, 53):
        assert put(api, {"stop_loss_dollars": 4 + cents / 100}).status_code == 200
    assert client_of(viewer).put(ROW, {"stop_loss_dollars": 4}, format="json").status_code == 403
    first = client_of(viewer).get("/api/risk/changes").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (55, 50, None)
    refusal = first["results"][0]
    assert (refusal["actor"], refusal["action"], refusal["outcome"]) == ("vera", "refused", "refused")
    assert refusal["reason"].startswith("change: ")
    record = first["results"][1]
    assert set(record) == {
        "id", "at", "actor", "via", "ip", "action", "source", "strategy_id", "symbol", "revision",
        "before", "after", "reason", "outcome", "acknowledged_at",
    }  # fmt: skip
    assert (record["revision"], record["after"]) == (52, {"stop_loss_dollars": 4.52})
    assert len(api.get(first["next"]).json()["results"]) == 5
    assert api.get(f"{OTHER}/changes").json()["count"] == 1
    assert api.get("/api/risk/changes?actor=vera").json()["count"] == 1
    assert api.get("/api/risk/changes?action=adopt&symbol=ETH").json()["count"] == 1
    assert api.get(f"/api/risk/changes?since={record['at']}").json()["count"] == 2
    assert api.get(f"/api/risk/changes?until={record['at']}&action=change").json()["count"] == 52
    assert api.get("/api/risk/changes?since=2999-01-01").json()["count"] == 0
