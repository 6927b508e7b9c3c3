"""The OpenAPI document is valid, covers every endpoint, and says what is answered."""

from typing import Any

import pytest
import yaml
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from tests.api.test_roles import API, ROUTES

NOT_OF_PROGRAMS = {"api-schema", "api-docs", "metrics", "healthz", "readyz"}


@pytest.fixture
def document(viewer_api: APIClient) -> Any:
    answer = viewer_api.get("/api/schema")
    assert answer.status_code == 200
    return yaml.safe_load(answer.content)


def test_the_document_is_json_unless_yaml_is_asked_for(viewer_api: APIClient, document: Any) -> None:
    plain = viewer_api.get("/api/schema")
    assert plain.headers["Content-Type"] == "application/json"
    assert plain.json() == document
    asked = viewer_api.get("/api/schema", HTTP_ACCEPT="application/yaml")
    assert yaml.safe_load(asked.content) == document


def test_the_document_is_valid_openapi_3(document: Any) -> None:
    assert document["openapi"].startswith("3.")
    validate_schema(document)  # type: ignore[no-untyped-call]


def test_the_document_covers_every_endpoint_and_verb(document: Any) -> None:
    wanted = {}
    for name, verbs in API.items():
        if name not in NOT_OF_PROGRAMS:
            path = ROUTES[name].replace("<str:", "{").replace(">", "}")
            wanted[path] = {verb.lower() for verb in verbs if verb != "HEAD"}
    found = {path: set(one) & {"get", "put", "post"} for path, one in document["paths"].items()}
    assert found == wanted


def test_the_document_says_how_to_come_in(document: Any) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes["token"]["name"] == "Authorization"
    for path, verbs in document["paths"].items():
        for verb, operation in verbs.items():
            assert {"token": []} in operation["security"], (path, verb)
            assert {"401", "403"} <= set(operation["responses"]), (path, verb)
            assert operation["operationId"]
            assert operation["description"]


def test_a_row_is_described_with_every_field_it_has(
    document: Any, viewer_api: APIClient, hyperliquid_btc: Any
) -> None:
    row = viewer_api.get("/api/risk/hyperliquid/momentum/BTC").json()
    assert set(document["components"]["schemas"]["Row"]["properties"]) == set(row)
    source = viewer_api.get("/api/risk/strategies").json()["sources"][0]
    assert set(document["components"]["schemas"]["Source"]["properties"]) == set(source)
    trader = viewer_api.get("/api/traders").json()[0]
    assert set(document["components"]["schemas"]["Trader"]["properties"]) == set(trader)
    summary = viewer_api.get("/api/portfolio/summary").json()
    assert set(document["components"]["schemas"]["Summary"]["properties"]) == set(summary)
    record = viewer_api.get("/api/risk/changes").json()["results"][0]
    assert set(document["components"]["schemas"]["Change"]["properties"]) == set(record)


def test_errors_are_described(document: Any) -> None:
    assert set(document["components"]["schemas"]["Error"]["properties"]) == {"detail", "code", "fields"}
    row = document["paths"]["/api/risk/{source}/{strategy_id}/{symbol}"]["put"]["responses"]
    assert {"200", "202", "400", "409", "415"} <= set(row)


def test_every_write_says_what_its_body_holds(document: Any) -> None:
    for path, verbs in document["paths"].items():
        for verb in set(verbs) & {"put", "post"}:
            assert "requestBody" in verbs[verb], (verb, path)
