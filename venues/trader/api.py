"""A trader's HTTP API: async views beside the engine on its own loop, no locks (api.md, section 2)."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse

from venues.contract.errors import Refused, invalid
from venues.contract.limits import parse_changes, parse_flag, parse_reason, parse_revision
from venues.contract.names import StrategyKey, strategy_key
from venues.serving.errors import View, answers_errors, json_answer, plain_error
from venues.serving.parsers import strict_json
from venues.trader.facade import engine, set_engine

__all__ = ["engine", "set_engine"]

Parser = Callable[[Any, str], Any]
T = TypeVar("T")
MOST_ITEMS = 10_000
HUNG_UP_S = 0.05
NOT_IN_A_METRIC = re.compile(r"[^a-zA-Z0-9_]")
_unfinished: set["asyncio.Future[Any]"] = set()


def endpoint(**methods: View) -> View:
    """Give one path's view: the methods it knows, 405 for any other, our errors as answers."""
    if "GET" in methods:
        methods["HEAD"] = methods["GET"]
    allow = ", ".join(sorted(methods))

    @answers_errors
    async def view(request: HttpRequest, **names: str) -> HttpResponse:
        answer = methods.get(request.method or "")
        if answer is None:
            said = f"{request.method} is not possible here."
            return plain_error(405, "method_not_allowed", said, {"Allow": allow})
        return await answer(request, **names)

    return view


def on_strategy(step: Callable[[HttpRequest, StrategyKey], Awaitable[Any]]) -> View:
    """Wrap a step on one strategy: its names are checked, its state becomes the answer."""

    @wraps(step)
    async def view(request: HttpRequest, strategy_id: str, symbol: str) -> HttpResponse:
        state = await step(request, strategy_key(strategy_id, symbol))
        return json_answer(state.to_json())

    return view


async def to_its_end(step: Awaitable[T]) -> T:
    """Give what a step gives; it goes on where the asker hangs up.

    Django cancels a view whose asker is gone, and a change stopped between disk and memory is in
    force in one of them only.
    """
    running = asyncio.ensure_future(step)
    _unfinished.add(running)
    running.add_done_callback(_finished)
    return await asyncio.shield(running)


def _finished(step: "asyncio.Future[Any]") -> None:
    _unfinished.discard(step)
    if not step.cancelled():
        step.exception()  # asked for, so that one nobody waits for is no noise in the log


async def still_asked() -> None:
    """Let Django cancel a view whose asker has hung up.

    A process that was frozen finds the request and its end together; a resume that PM has given up
    must not happen when nobody expects it any more.
    """
    await asyncio.sleep(HUNG_UP_S)


def read_body(request: HttpRequest) -> Any:
    """Give the parsed JSON of a request, an empty object for an empty one; 415 for anything else."""
    body = request.body
    if not body:
        return {}
    if request.content_type != "application/json":
        raise Refused("Send application/json.", code="unsupported_media_type")
    return strict_json(body)


def read_keys(request: HttpRequest, parsers: Mapping[str, Parser]) -> dict[str, Any]:
    """Give the known keys of a body, each through its parser; Refused names an unknown or bad one."""
    body = read_body(request)
    if not isinstance(body, Mapping):
        raise Refused("The body must be a JSON object.", code="invalid")
    unknown = {str(name): ["Unknown field."] for name in body if name not in parsers}
    if unknown:
        raise invalid(unknown)
    return {name: parsers[name](value, name) for name, value in body.items()}


async def strategies(request: HttpRequest) -> HttpResponse:
    """Give every strategy's row, without `source` and `sync`."""
    return json_answer({"strategies": [state.to_json() for state in engine().rows()]})


@on_strategy
async def strategy(request: HttpRequest, key: StrategyKey) -> Any:
    """Give one row; 404 for a well-formed name nobody has."""
    return engine().row(key)


@on_strategy
async def put_settings(request: HttpRequest, key: StrategyKey) -> Any:
    """Put any of the three settings in force; with `revision` 409 where it is older or reused.

    Answers the row once memory and disk have it.
    """
    engine().row(key)
    changes, rest = parse_changes(read_body(request), also=("revision",))
    revision = parse_revision(rest["revision"]) if "revision" in rest else None
    return await to_its_end(engine().apply_settings(key, changes, revision))


@on_strategy
async def enable(request: HttpRequest, key: StrategyKey) -> Any:
    """Let the strategy open trades, at an optional `revision`; 409 `killed`."""
    given = read_keys(request, {"revision": parse_revision})
    await still_asked()
    return await to_its_end(engine().enable(key, given.get("revision")))


@on_strategy
async def disable(request: HttpRequest, key: StrategyKey) -> Any:
    """Let the strategy open nothing more, at an optional `revision`; its open trade keeps its stop."""
    given = read_keys(request, {"revision": parse_revision})
    return await to_its_end(engine().disable(key, given.get("revision")))


@on_strategy
async def reset(request: HttpRequest, key: StrategyKey) -> Any:
    """Clear the kill that `epoch` may name; 409 `not_killed`, `epoch`, or `not_flat` without `force`."""
    given = read_keys(request, {"epoch": parse_revision, "force": parse_flag})
    await still_asked()
    return await to_its_end(engine().reset(key, given.get("epoch"), given.get("force", False)))


@on_strategy
async def kill(request: HttpRequest, key: StrategyKey) -> Any:
    """Trip the kill switch by hand; `flatten` overrules ON_KILL. 503 `not_durable` still is in force."""
    given = read_keys(request, {"flatten": parse_flag, "reason": parse_reason})
    return await to_its_end(engine().kill(key, given.get("flatten"), given.get("reason", "")))


@on_strategy
async def close(request: HttpRequest, key: StrategyKey) -> Any:
    """Close the open trade, without killing."""
    read_keys(request, {})
    return await to_its_end(engine().close(key))


async def put_settings_list(request: HttpRequest) -> HttpResponse:
    """Put the settings of several strategies in force, all or nothing.

    Takes a list of `{"strategy_id", "symbol", any of the three, "revision"}`, bare or under
    `"updates"`; answers `{"strategies": [rows]}` in its order. 400 with `items` names every bad one.
    """
    body = read_body(request)
    if isinstance(body, Mapping):
        unknown = {str(name): ["Unknown field."] for name in body if name != "updates"}
        if unknown:
            raise invalid(unknown)
        body = body.get("updates")
    if not isinstance(body, list) or not 0 < len(body) <= MOST_ITEMS:
        said = [f"Must be a list of 1 to {MOST_ITEMS} strategies."]
        raise invalid({"updates": said})
    changes, wrong = read_items(body)
    if wrong:
        detail = f"{len(wrong)} of {len(body)} items are not acceptable; nothing was changed."
        return json_answer({"detail": detail, "code": "invalid", "fields": {}, "items": wrong}, 400)
    states = await to_its_end(engine().apply_settings_list(changes))
    return json_answer({"strategies": [state.to_json() for state in states]})


Item = tuple[StrategyKey, dict[str, Decimal], int | None]


def read_items(body: list[Any]) -> tuple[list[Item], list[dict[str, Any]]]:
    """Give (what to change, what is wrong per item) of a list of settings."""
    items: list[Item] = []
    wrong: list[dict[str, Any]] = []
    seen: set[StrategyKey] = set()
    for index, data in enumerate(body):
        try:
            item = read_item(data)
            engine().row(item[0])
            if item[0] in seen:
                raise invalid({"strategy_id": ["Comes twice in this list."]})
            seen.add(item[0])
            items.append(item)
        except Refused as error:
            names = data if isinstance(data, Mapping) else {}
            named = {name: text(names.get(name)) for name in ("strategy_id", "symbol")}
            fields = error.fields or {"non_field_errors": [error.detail]}
            wrong.append({"index": index, **named, "fields": fields})
    return items, wrong


def text(value: Any) -> str | None:
    """Give a value that is text, so that a refusal can echo it."""
    return value if isinstance(value, str) else None


def read_item(data: Any) -> Item:
    """Give one item of a settings list; Refused with `fields`."""
    changes, rest = parse_changes(data, also=("strategy_id", "symbol", "revision"))
    key = strategy_key(rest.get("strategy_id"), rest.get("symbol"))
    return key, changes, parse_revision(rest["revision"]) if "revision" in rest else None


async def account(request: HttpRequest) -> HttpResponse:
    """Give the account as the trader last read it: equity, margin, network, what halts it."""
    return json_answer(engine().account().to_json())


async def positions(request: HttpRequest) -> HttpResponse:
    """Give the account's open positions."""
    return json_answer({"positions": engine().positions()})


async def orders(request: HttpRequest) -> HttpResponse:
    """Give the account's resting orders and waiting stops."""
    return json_answer({"orders": engine().orders()})


async def trades(request: HttpRequest) -> HttpResponse:
    """Give the last closed trades, newest first."""
    return json_answer({"trades": [trade.to_json() for trade in engine().trades()]})


async def equity(request: HttpRequest) -> HttpResponse:
    """Give the points of the equity curve."""
    return json_answer({"equity": engine().equity()})


async def healthz(request: HttpRequest) -> HttpResponse:
    """Say that the process and its loop live."""
    return json_answer({"status": "ok"})


async def metrics(request: HttpRequest) -> HttpResponse:
    """Give the engine's numbers as Prometheus text."""
    lines: list[str] = []
    for name, value in sorted(engine().metrics().items()):
        full = f"trader_{NOT_IN_A_METRIC.sub('_', name)}"
        lines += [f"# TYPE {full} gauge", f"{full} {value}"]
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; version=0.0.4; charset=utf-8")
