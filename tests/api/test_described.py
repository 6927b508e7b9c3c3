"""The OpenAPI document against the running API: every answer is one that it describes, body and headers."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from jsonschema import Draft4Validator  # type: ignore[import-untyped]  # it ships no types
from rest_framework.test import APIClient

from tests.api.test_writing import OTHER, ROW, api, fake
from tests.pm.fake_trader import FakeTrader
from venues.contract.limits import SPECS
from venues.contract.names import GRAMMAR

__all__ = ["api", "fake"]
ROW_PATH = "/api/risk/{source}/{strategy_id}/{symbol}"
ITEM = {"source": "hyperliquid", "strategy_id": "momentum", "symbol": "BTC"}
BULK = "/api/risk/bulk-update"
LIST = "/api/risk/strategies"

# (who, verb, address, body, headers, status); in this order, beside a trader that runs.
TABLE: list[tuple[str, str, str, Any, dict[str, str], int]] = [
    ("operator", "get", LIST, None, {}, 200),
    ("operator", "get", f"{LIST}?status=Nothing", None, {}, 400),
    ("nobody", "get", LIST, None, {}, 403),
    ("none", "get", LIST, None, {}, 401),
    ("operator", "get", ROW, None, {}, 200),
    ("operator", "get", "/api/risk/hyperliquid/-/BTC", None, {}, 400),
    ("operator", "get", "/api/risk/hyperliquid/momentum/ETH", None, {}, 404),
    ("operator", "put", ROW, {"stop_loss_dollars": 4.5, "reason": ""}, {}, 200),
    ("operator", "put", ROW, {"stop_loss_dollars": 4, "foo": 1}, {}, 400),
    ("operator", "put", ROW, {"stop_loss_dollars": 3}, {"If-Match": '"0"'}, 409),
    ("operator", "put", ROW, {"risk_per_trade": 7}, {}, 409),
    ("operator", "put", ROW, {"risk_per_trade": 1}, {}, 200),
    ("operator", "put", ROW, "text", {"Content-Type": "text/plain"}, 415),
    ("viewer", "put", ROW, {"stop_loss_dollars": 4}, {}, 403),
    ("none", "put", ROW, {"stop_loss_dollars": 4}, {}, 401),
    ("operator", "post", f"{ROW}/disable", {"reason": "rest"}, {}, 200),
    ("operator", "post", f"{ROW}/enable", {}, {"If-Match": '"0"'}, 409),
    ("operator", "post", f"{ROW}/enable", {}, {}, 200),
    ("operator", "post", f"{ROW}/enable", {"foo": 1}, {}, 400),
    ("operator", "post", f"{ROW}/close", {}, {}, 200),
    ("operator", "post", f"{ROW}/reset-kill-switch", {}, {}, 409),
    ("operator", "post", f"{ROW}/reset-kill-switch", {"force": True}, {}, 403),
    ("operator", "post", f"{ROW}/kill", {"flatten": True}, {}, 200),
    ("operator", "post", f"{ROW}/kill", {"flatten": "yes"}, {}, 400),
    ("operator", "get", ROW, None, {}, 200),
    ("operator", "post", f"{ROW}/enable", {}, {}, 409),
    ("operator", "post", f"{ROW}/reset-kill-switch", {"epoch": 0}, {}, 200),
    ("operator", "post", BULK, {"updates": [{**ITEM, "stop_loss_dollars": 3}]}, {}, 200),
    ("operator", "post", BULK, {"updates": [{**ITEM, "risk_per_trade": 9, "revision": 0}]}, {}, 207),
    ("operator", "post", BULK, {"updates": [{**ITEM, "risk_per_trade": 9}]}, {}, 207),
    ("operator", "post", BULK, {"updates": [{**ITEM, "risk_per_trade": -9}, {"source": "/"}]}, {}, 400),
    ("operator", "post", BULK, {"updates": [], "foo": 1}, {}, 400),
    ("viewer", "post", BULK, {"updates": [{**ITEM, "stop_loss_dollars": 3}]}, {}, 403),
    ("operator", "get", "/api/risk/changes", None, {}, 200),
    ("operator", "get", "/api/risk/changes?page=900", None, {}, 404),
    ("operator", "get", "/api/risk/changes?since=then", None, {}, 400),
    ("operator", "get", f"{ROW}/changes?action=kill", None, {}, 200),
    ("operator", "get", "/api/traders", None, {}, 200),
    ("none", "get", "/api/traders", None, {}, 401),
    ("operator", "get", "/api/traders/hyperliquid", None, {}, 200),
    ("operator", "get", "/api/traders/Hyper", None, {}, 400),
    ("operator", "get", "/api/traders/nobody-here", None, {}, 404),
    ("operator", "get", "/api/portfolio/summary", None, {}, 200),
]
# The same once the trader has gone.
AWAY: list[tuple[str, str, str, Any, dict[str, str], int]] = [
    ("operator", "put", ROW, {"stop_loss_dollars": 2}, {}, 202),
    ("operator", "post", f"{ROW}/disable", {}, {}, 202),
    ("operator", "post", f"{ROW}/enable", {}, {}, 503),
    ("operator", "post", f"{OTHER}/close", {}, {}, 503),
    ("operator", "post", f"{OTHER}/reset-kill-switch", {}, {}, 503),
    ("operator", "post", f"{ROW}/kill", {}, {}, 202),
    ("operator", "get", LIST, None, {}, 200),
]


@pytest.fixture
def document(viewer_api: APIClient) -> Any:
    return viewer_api.get("/api/schema").json()


@pytest.fixture
def people(
    api: APIClient, viewer_api: APIClient, nobody: User, client_of: Callable[[User], APIClient]
) -> dict[str, APIClient]:
    return {"operator": api, "viewer": viewer_api, "nobody": client_of(nobody), "none": APIClient()}


def as_draft_4(shape: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema: `nullable` is a type of its own; nothing that is not named may come."""
    if isinstance(shape, list):
        return [as_draft_4(one) for one in shape]
    if not isinstance(shape, dict):
        return shape
    found = {name: as_draft_4(one) for name, one in shape.items() if name != "nullable"}
    if isinstance(shape.get("properties"), dict) and shape.get("type") == "object":
        found["additionalProperties"] = False
    return {"anyOf": [found, {"type": "null"}]} if shape.get("nullable") else found


def wrong(document: Any, shape: Any, body: Any) -> list[str]:
    whole = {**as_draft_4(shape), "components": as_draft_4(document["components"])}
    return [f"{list(one.path)}: {one.message}" for one in Draft4Validator(whole).iter_errors(body)]


def described(document: Any, verb: str, path: str) -> Any:
    """The operation of the document that an address belongs to; fixed paths before those with names."""
    path = path.split("?", maxsplit=1)[0]
    for route in sorted(document["paths"], key=lambda one: one.count("{")):
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", route), path):
            return document["paths"][route][verb]
    raise AssertionError(path)


def check_answers(document: Any, people: dict[str, APIClient], table: list[Any]) -> set[tuple[str, int]]:
    seen = set()
    for who, verb, path, body, headers, status in table:
        said = f"{who} {verb} {path} {str(body)[:60]}"
        ask = getattr(people[who], verb)
        text = headers.get("Content-Type")
        given = {"data": body, "content_type": text} if text else {"data": body, "format": "json"}
        answer = ask(path, headers=headers) if body is None else ask(path, headers=headers, **given)
        assert answer.status_code == status, (said, answer.content)
        operation = described(document, verb, path)
        assert str(status) in operation["responses"], said
        response = operation["responses"][str(status)]
        assert not wrong(document, response["content"]["application/json"]["schema"], answer.json()), said
        assert set(response.get("headers", {})) == {"ETag"} & set(answer.headers), said
        for name, header in response.get("headers", {}).items():
            assert re.search(header["schema"]["pattern"], answer.headers[name]), said
        if 200 <= status < 300 and isinstance(body, dict):
            asked = operation["requestBody"]["content"]["application/json"]["schema"]
            assert not wrong(document, asked, body), said
        seen.add((operation["operationId"], status))
    return seen


def test_every_answer_is_one_that_the_document_describes(
    document: Any, people: dict[str, APIClient], fake: FakeTrader
) -> None:
    seen = check_answers(document, people, TABLE)
    fake.stop()
    seen |= check_answers(document, people, AWAY)
    operations = {one["operationId"] for verbs in document["paths"].values() for one in verbs.values()}
    assert {operation for operation, _ in seen} == operations
    assert {status for _, status in seen} >= {200, 202, 207, 400, 401, 403, 404, 409, 415, 503}


def test_an_unchanged_list_is_304_as_described(document: Any, api: APIClient) -> None:
    first = api.get(LIST)
    answer = api.get(LIST, headers={"If-None-Match": first.headers["ETag"]})
    listed = document["paths"][LIST]["get"]
    assert answer.status_code == 304
    assert "ETag" in listed["responses"]["304"]["headers"]
    assert "content" not in listed["responses"]["304"]
    assert "If-None-Match" in {one["name"] for one in listed["parameters"]}


def test_names_in_paths_carry_their_grammar(document: Any) -> None:
    named = 0
    for path, verbs in document["paths"].items():
        for operation in verbs.values():
            for one in operation.get("parameters", []):
                if one["name"] in GRAMMAR and one["in"] in {"path", "query"}:
                    named += 1
                    assert one["schema"]["pattern"] == f"^{GRAMMAR[one['name']].pattern}$", path
                    longest = one["schema"]["maxLength"]
                    assert GRAMMAR[one["name"]].fullmatch("a" * longest), path
                    assert not GRAMMAR[one["name"]].fullmatch("a" * (longest + 1)), path
    assert named >= 30


def test_settings_carry_their_bounds_and_nothing_else_is_taken(document: Any) -> None:
    asked = document["components"]["schemas"]["SettingsRequest"]
    assert not wrong(document, asked, {"revision": 7, "reason": "calm", "risk_per_trade": 0.5})
    assert wrong(document, asked, {"foo": 1})
    assert wrong(document, asked, {"revision": -1})
    for spec in SPECS:
        least = 10.0**-spec.decimals
        for good in (least, float(spec.highest)):
            assert not wrong(document, asked, {spec.name: good})
        for bad in (0, -1, float(spec.highest) + least, least / 2, "5", True, None):
            assert wrong(document, asked, {spec.name: bad}), (spec.name, bad)


def test_writes_document_if_match_and_rows_their_etag(document: Any) -> None:
    for verb, path in (("put", ROW_PATH), ("post", f"{ROW_PATH}/enable"), ("post", f"{ROW_PATH}/disable")):
        header = next(one for one in document["paths"][path][verb]["parameters"] if one["name"] == "If-Match")
        for good in ('"7"', 'W/"7"', "*"):
            assert re.search(header["schema"]["pattern"], good)
        assert not re.search(header["schema"]["pattern"], "7")


def test_a_bulk_update_is_json_alone(document: Any) -> None:
    content = document["paths"][BULK]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json"}
    asked = content["application/json"]["schema"]
    assert not wrong(document, asked, {"updates": [{**ITEM, "enabled": False, "revision": 7}]})
    assert wrong(document, asked, {"updates": [{**ITEM, "symbol": "B C"}]})
    assert wrong(document, asked, {"updates": [{**ITEM, "stop_loss_dollars": 0}]})
    assert wrong(document, asked, {"updates": [{**ITEM, "foo": 1}]})


def test_an_unknown_field_is_named_in_fields_and_in_the_sentence(api: APIClient) -> None:
    for verb, path in (("put", ROW), ("post", f"{ROW}/kill"), ("post", BULK)):
        answer = getattr(api, verb)(path, {"foo": 1}, format="json")
        assert answer.status_code == 400, path
        said = {"detail": "foo: Unknown field.", "code": "invalid", "fields": {"foo": ["Unknown field."]}}
        assert answer.json() == said, path
