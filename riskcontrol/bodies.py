"""Reads what a request asks for: bodies, If-Match, queries; every refusal names the field."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from riskcontrol.operations import BulkItem
from venues.contract.errors import Refused, invalid
from venues.contract.limits import LIMIT_NAMES, parse_changes, parse_flag, parse_reason, parse_revision
from venues.contract.names import SENTENCE, RowKey, is_name, row_key

NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
ETAG = re.compile(r'(?:W/)?"([0-9]{1,16})"')
NUMBERS = {*LIMIT_NAMES, "revision", "epoch"}
FLAGS = {"enabled", "flatten", "force"}
WORDS = {"true": True, "false": False}
STATUSES = ("Active", "Disabled", "Killed")
NAMES = ("source", "strategy_id", "symbol")


class BadItems(Refused):
    """A bulk request in which some items cannot be taken; nothing of it was written."""

    def __init__(self, items: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(items)} of the updates cannot be taken; nothing was changed.")
        self.items = items

    def body(self) -> dict[str, Any]:
        """Give the error's body with the items that are wrong."""
        return {**super().body(), "items": self.items}


def from_form(name: str, text: Any) -> Any:
    """Give a form's text as the JSON value it stands for; what stands for none stays text."""
    if name in NUMBERS and isinstance(text, str) and NUMBER.fullmatch(text):
        return Decimal(text) if "." in text else int(text)
    if name in FLAGS and isinstance(text, str):
        return WORDS.get(text.lower(), text)
    return text


def read_body(request: Request) -> Any:
    """Give the body as strict JSON would: of a form, blank fields are left out (api.md)."""
    data = request.data
    if not isinstance(data, QueryDict):
        return data
    twice = [name for name, values in data.lists() if len(values) > 1]
    if twice:
        raise invalid({twice[0]: ["Must be given once."]})
    given = {name: value for name, value in data.items() if name != "csrfmiddlewaretoken"}
    return {name: from_form(name, value) for name, value in given.items() if value != ""}


def read_options(request: Request, known: Collection[str]) -> dict[str, Any]:
    """Give the body's keys, checked, of an action that needs none; unknown ones are refused."""
    body = read_body(request)
    if not isinstance(body, Mapping):
        raise Refused("The body must be a JSON object.", code="invalid")
    for name in body:
        if name not in known:
            raise invalid({str(name): ["Unknown field."]})
    return {name: check_option(name, value) for name, value in body.items()}


def check_option(name: str, value: Any) -> Any:
    """Give one checked option; raises Refused naming it."""
    if name in FLAGS:
        return parse_flag(value, name)
    return parse_reason(value) if name == "reason" else parse_revision(value, name)


def read_settings(request: Request) -> tuple[dict[str, Decimal], dict[str, Any]]:
    """Give (settings to change, checked options) of a PUT's body; raises Refused."""
    changes, rest = parse_changes(read_body(request), also=("revision", "reason"))
    return changes, {name: check_option(name, value) for name, value in rest.items()}


def expected_revision(request: Request, options: Mapping[str, Any]) -> int | None:
    """Give the revision that If-Match or `revision` names; None where a write goes through on any."""
    header = request.headers.get("If-Match")
    named: int | None = options.get("revision")
    if header is None or header.strip() == "*":
        return named
    found = ETAG.fullmatch(header.strip())
    if found is None:
        raise invalid({"If-Match": ['Must be a revision in quotes, such as "7", or *.']})
    revision = int(found[1])
    if named is not None and named != revision:
        raise invalid({"revision": ["Must be the revision of If-Match."]})
    return revision


def matches(request: Request, etag: str) -> bool:
    """Tell whether If-None-Match names the ETag."""
    given = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    return etag in given or "*" in given


def read_bulk(request: Request, known: Collection[RowKey]) -> tuple[list[BulkItem], str]:
    """Give (items, reason) of a bulk body; raises Refused, or BadItems with every wrong item."""
    body = read_body(request)
    if not isinstance(body, Mapping):
        raise Refused("The body must be a JSON object.", code="invalid")
    for name in body:
        if name not in {"updates", "reason"}:
            raise invalid({str(name): ["Unknown field."]})
    updates = body.get("updates")
    if not isinstance(updates, list) or not updates:
        raise invalid({"updates": ["Must be a list of at least one update."]})
    items: list[BulkItem] = []
    wrong: list[dict[str, Any]] = []
    seen: set[RowKey] = set()
    for index, update in enumerate(updates):
        try:
            item = read_item(update)
            if item.key not in known:
                raise invalid({"strategy_id": ["No trader has this strategy."]})
            if item.key in seen:
                raise invalid({"strategy_id": ["Named twice."]})
            seen.add(item.key)
            items.append(item)
        except Refused as error:
            wrong.append(wrong_item(index, update, error))
    if wrong:
        raise BadItems(wrong)
    return items, parse_reason(body.get("reason", ""))


def wrong_item(index: int, update: Any, error: Refused) -> dict[str, Any]:
    """Give what a refused bulk item is answered with."""
    given = update if isinstance(update, Mapping) else {}
    names = {name: given[name] if isinstance(given.get(name), str) else None for name in NAMES}
    return {"index": index, **names, "fields": error.fields or {"non_field_errors": [error.detail]}}


def read_item(update: Any) -> BulkItem:
    """Give one checked item of a bulk body; raises Refused."""
    changes, rest = parse_changes(update, also=(*NAMES, "enabled", "revision"), required=False)
    key = row_key(*(rest.get(name) for name in NAMES))
    enabled = parse_flag(rest["enabled"], "enabled") if "enabled" in rest else None
    expected = parse_revision(rest["revision"]) if "revision" in rest else None
    if not changes and enabled is None:
        raise invalid({"non_field_errors": ["Name a setting or enabled."]})
    return BulkItem(key=key, changes=changes, enabled=enabled, expected=expected)


def read_names(request: Request) -> dict[str, str]:
    """Give the query's source, strategy_id and symbol; a blank one is no filter."""
    given = {name: request.query_params[name] for name in NAMES if request.query_params.get(name)}
    wrong = {name: [SENTENCE[name]] for name, value in given.items() if not is_name(name, value)}
    if wrong:
        raise invalid(wrong)
    return given


def read_word(request: Request, name: str, allowed: Collection[str]) -> str | None:
    """Give one of the allowed words that the query names, in any case; None for a blank."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    found = next((word for word in allowed if word.lower() == text.lower()), None)
    if found is None:
        raise invalid({name: [f"Must be one of {', '.join(allowed)}."]})
    return found


def read_text(request: Request, name: str) -> str | None:
    """Give a short printable text of the query; None for a blank."""
    text = request.query_params.get(name, "").strip(" ")
    if len(text) > 100 or not text.isprintable():
        raise invalid({name: ["Must be text of at most 100 printable characters."]})
    return text or None


def read_time(request: Request, name: str) -> datetime | None:
    """Give an ISO 8601 time of the query, in UTC where it names no zone; None for a blank."""
    text = request.query_params.get(name, "").strip().replace(" ", "+")
    if not text:
        return None
    try:
        found = parse_datetime(text) or datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the first and the last day of the calendar have no neighbours
        raise invalid({name: ["Must be an ISO 8601 time, such as 2026-11-22T07:47:05Z."]}) from None
