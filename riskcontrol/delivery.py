"""Outbox → trader → acknowledged, rejected or pending; calls no operation.

Settings of one strategy leave one at a time, in the order they were accepted. Kills have a lane
of their own, past every settings delivery, and are repeated until a trader acknowledges them.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import transaction
from django.utils import timezone

from portfolio import book
from portfolio.hosts import check_trader_url
from portfolio.models import Strategy, Trader
from riskcontrol import audit
from riskcontrol.models import Change, Delivery, RiskSettings
from venues.adapter import TraderAdapter
from venues.contract.errors import (
    BadAnswer,
    Conflict,
    NotFound,
    ProductError,
    Refused,
    TokenRefused,
    Unreachable,
)
from venues.contract.limits import SPEC
from venues.contract.names import StrategyKey
from venues.contract.states import StrategyState
from venues.serving import secrets

log = logging.getLogger(__name__)

ANSWER_S = 3.0
LONGEST_SENTENCE = 500
BEHIND = {"conflict", "revision_reused"}
_lanes: dict[int, threading.Lock] = {}
_lanes_lock = threading.Lock()
_again_at: dict[int, float] = {}


def adapter_of(trader: Trader) -> TraderAdapter:
    """Give the adapter of a trader, with its token; raises Unreachable where PM must not go."""
    try:
        url = check_trader_url(trader.url)
    except Refused as error:
        raise Unreachable(error.detail) from None
    return TraderAdapter(url, secrets.find(token_name(trader)))


def token_name(trader: Trader) -> str:
    """Give the setting that holds the token of a trader."""
    return f"{trader.source.upper().replace('-', '_')}_TRADER_TOKEN"


def why_away(trader: Trader, error: ProductError) -> str:
    """Give the sentence for a trader that cannot be heard; of a token that is missing, its name."""
    name = token_name(trader)
    if isinstance(error, TokenRefused) and not secrets.find(name):
        return f"The trader asks for a token, and PM has none: set {name}, then start PM again."
    return error.detail


def key_of(strategy: Strategy) -> StrategyKey:
    """Give the name by which its trader knows a strategy."""
    return StrategyKey(strategy.strategy_id, strategy.symbol)


@contextmanager
def lane(number: int, until: float) -> Iterator[bool]:
    """Hold the settings lane of one strategy; gives False where it is busy until `until`."""
    with _lanes_lock:
        held = _lanes.setdefault(number, threading.Lock())
    got = held.acquire(timeout=max(0.0, until - time.monotonic()))
    try:
        yield got
    finally:
        if got:
            held.release()


def deliver_settings(strategy: Strategy, until: float) -> ProductError | None:
    """Send what waits for one strategy, in order, until the monotonic moment `until`.

    Gives None once nothing waits any more, else the error that stopped it.
    """
    with lane(strategy.pk, until) as ours:
        return send_waiting(strategy, until) if ours else Unreachable("The trader did not answer in time.")


def send_waiting(strategy: Strategy, until: float) -> ProductError | None:
    """The same for a caller who holds the lane."""
    waiting = Delivery.objects.filter(strategy=strategy, state=Delivery.State.PENDING)
    for delivery in waiting.exclude(kind=Delivery.Kind.KILL).select_related("change").order_by("id"):
        delivery.strategy = strategy
        error = _send(delivery, until)
        if error is not None:
            return error
    return None


def deliver_kills(strategy: Strategy, until: float) -> ProductError | None:
    """Send the kills that wait for one strategy; gives None once acknowledged, else the error."""
    waiting = Delivery.objects.filter(
        strategy=strategy, state=Delivery.State.PENDING, kind=Delivery.Kind.KILL
    )
    for delivery in waiting.select_related("change").order_by("id"):
        delivery.strategy = strategy
        error = _send(delivery, until)
        if error is not None:
            return error
    return None


def deliver_source(source: str, timeout_s: float = ANSWER_S) -> ProductError | None:
    """Repeat all that waits for one trader, kills first; gives the error that says it is away.

    A delivery that the trader answers badly waits longer each time and holds up only its strategy.
    """
    waiting = list(
        Delivery.objects.filter(state=Delivery.State.PENDING, strategy__trader__source=source)
        .select_related("strategy__trader")
        .order_by("id")
    )
    kills = [one for one in waiting if one.kind == Delivery.Kind.KILL]
    rest = [one for one in waiting if one.kind != Delivery.Kind.KILL]
    done: set[tuple[int, bool]] = set()
    for delivery in kills + rest:
        is_kill = delivery.kind == Delivery.Kind.KILL
        if (delivery.strategy_id, is_kill) in done or _again_at.get(delivery.pk, 0) > time.monotonic():
            continue
        done.add((delivery.strategy_id, is_kill))
        send = deliver_kills if is_kill else deliver_settings
        error = send(delivery.strategy, time.monotonic() + timeout_s)
        if error is None:
            _again_at.pop(delivery.pk, None)
        elif isinstance(error, Unreachable) and error.code != "not_durable":
            return error
        else:
            longest = 2.0 if is_kill else 10.0
            _again_at[delivery.pk] = time.monotonic() + min(longest, 0.5 * 2 ** min(delivery.tries, 5))
    return None


def deliver_together(deliveries: Sequence[Delivery], until: float) -> None:
    """Send settings of many strategies of one trader in one call, all or nothing.

    Only strategies take part for which nothing else waits. Where the call does not work out,
    nothing is settled: each is then sent by itself and gets its own answer.
    """
    numbers = sorted({one.strategy_id for one in deliveries})
    with ExitStack() as lanes:
        free = [number for number in numbers if lanes.enter_context(lane(number, until))]
        waiting = _alone(free)
        if len(waiting) < 2:
            return
        adapter = adapter_of(waiting[0].strategy.trader)
        items = [(key_of(one.strategy), one.body, one.revision or 0) for one in waiting]
        try:
            states = adapter.put_settings_list(items, until - time.monotonic())
        except ProductError as error:
            log.info("a list of settings goes out one by one: %s", error)
            return
        book.record(waiting[0].strategy.trader.source, states)
        by_key = {StrategyKey(one.strategy_id, one.symbol): one for one in states}
        for one in waiting:
            state = by_key.get(key_of(one.strategy))
            if state is not None and not _unlike(one, state):
                _acknowledged(one)


def _alone(numbers: Sequence[int]) -> list[Delivery]:
    """Give the waiting settings deliveries of strategies for which nothing else waits."""
    found = Delivery.objects.filter(strategy__in=numbers, state=Delivery.State.PENDING)
    by_strategy: dict[int, list[Delivery]] = {}
    for one in (
        found.exclude(kind=Delivery.Kind.KILL).select_related("change", "strategy__trader").order_by("id")
    ):
        by_strategy.setdefault(one.strategy_id, []).append(one)
    only = [held[0] for held in by_strategy.values() if len(held) == 1]
    return [one for one in only if one.kind == Delivery.Kind.SETTINGS]


def retry_at_once(source: str) -> None:
    """Let nothing of this trader wait: it has just come back."""
    waiting = Delivery.objects.filter(state=Delivery.State.PENDING, strategy__trader__source=source)
    for number in waiting.values_list("pk", flat=True):
        _again_at.pop(number, None)


def _send(delivery: Delivery, until: float) -> ProductError | None:
    """Send one delivery and settle it; gives the error where it stays pending."""
    is_kill = delivery.kind == Delivery.Kind.KILL
    try:
        state = _command(delivery, until - time.monotonic())
    except (Conflict, Refused) as error:  # NotFound is a Refused
        if is_kill:
            return _failed(delivery, error)
        _refused(delivery, error)
        return None
    except ProductError as error:
        return _failed(delivery, error)
    book.record(delivery.strategy.trader.source, [state])
    wrong = _unlike(delivery, state)
    if wrong and is_kill:
        return _failed(delivery, BadAnswer(wrong))
    if wrong:
        _rejected(delivery, wrong)
    else:
        _acknowledged(delivery)
    return None


def _command(delivery: Delivery, timeout_s: float) -> StrategyState:
    adapter = adapter_of(delivery.strategy.trader)
    key = key_of(delivery.strategy)
    match delivery.kind:
        case Delivery.Kind.SETTINGS:
            return adapter.put_settings(key, delivery.body, delivery.revision, timeout_s)
        case Delivery.Kind.DISABLE:
            return adapter.set_enabled(key, False, delivery.revision, timeout_s)
        case _:
            return adapter.kill(key, delivery.body.get("flatten"), delivery.body.get("reason", ""), timeout_s)


def _unlike(delivery: Delivery, state: StrategyState) -> str | None:
    """Give the sentence for an acknowledgement whose row does not show what was asked."""
    if delivery.kind == Delivery.Kind.SETTINGS:
        theirs = state.limits.to_json()
        other = [SPEC[name].label for name, value in delivery.body.items() if theirs[name] != value]
    elif delivery.kind == Delivery.Kind.DISABLE:
        other = ["enabled"] if state.enabled else []
    else:
        other = [] if state.is_killed else ["is_killed"]
    return f"The trader acknowledged, but reports another {', '.join(other)}." if other else None


def _acknowledged(delivery: Delivery) -> None:
    """Settle a delivery and, with it, what it stands in for: earlier kills, superseded settings."""
    numbers = {delivery.pk: delivery.change_id}
    if delivery.kind == Delivery.Kind.KILL:
        earlier = Delivery.objects.filter(
            strategy=delivery.strategy_id,
            kind=delivery.kind,
            state=Delivery.State.PENDING,
            pk__lt=delivery.pk,
        )
        numbers |= dict(earlier.values_list("pk", "change_id"))
    with transaction.atomic():
        now = timezone.now()
        Change.objects.filter(pk__in=numbers.values()).update(outcome="applied", acknowledged_at=now)
        if delivery.change.action == "drift":
            settle_superseded(delivery.strategy_id)
        Delivery.objects.filter(pk__in=numbers).update(
            state=Delivery.State.DELIVERED, settled_at=now, tries=delivery.tries + 1, last_error=""
        )
        book.keep(delivery.strategy)
    book.changed(delivery.strategy_id)


def not_found(strategy: Strategy) -> str:
    """Give the sentence for a 404: of a strategy that the trader reports, it is the command that it lacks."""
    if book.report(strategy).present:
        return "The trader reports this strategy and answers 404: it does not take this command."
    return "The trader does not run this strategy."


def settle_superseded(number: int) -> None:
    """Settle the changes of one strategy that came too low, their values having arrived otherwise."""
    Change.objects.filter(
        delivery__strategy=number, delivery__state=Delivery.State.SUPERSEDED, outcome="pending"
    ).update(outcome="applied", acknowledged_at=timezone.now())


def _refused(delivery: Delivery, error: Conflict | Refused) -> None:
    """Settle what the trader refused: superseded where it is ahead of PM, rejected otherwise."""
    if isinstance(error, NotFound):
        _rejected(delivery, not_found(delivery.strategy))
        return
    take_row(delivery.strategy, error.row)
    if error.code not in BEHIND:
        _rejected(delivery, error.detail, error.fields)
        return
    log.error("%s: the trader is ahead of revision %s: %s", delivery.strategy, delivery.revision, error)
    _settle(delivery, Delivery.State.SUPERSEDED, error.detail)
    book.changed(delivery.strategy_id)


def take_row(strategy: Strategy, row: Mapping[str, Any] | None) -> None:
    """Take the row that came with a trader's refusal, where it can be believed."""
    if row is None:
        return
    try:
        state = StrategyState.from_json(row)
    except BadAnswer:
        return
    if (state.strategy_id, state.symbol) == key_of(strategy):
        book.record(strategy.trader.source, [state])


def _rejected(delivery: Delivery, said: str, fields: Mapping[str, list[str]] | None = None) -> None:
    """Keep the refused values, each with its sentence: nothing is sent again until the next change."""
    body = delivery.body if delivery.kind == Delivery.Kind.SETTINGS else {"enabled": False}
    fields = fields or {}
    sentences = {name: _sentence(name, said, fields.get(name)) for name in body}
    # One that the trader did not name was refused because of those that it did.
    named = {name: {name: fields[name]} if name in fields else fields for name in body}
    with transaction.atomic():
        settings = RiskSettings.objects.get(strategy=delivery.strategy_id)
        RiskSettings.objects.filter(pk=settings.pk).update(
            refused={**settings.refused, **body},
            refusals={**settings.refusals, **sentences},
            refused_fields={**settings.refused_fields, **named},
        )
        audit.settle(delivery.change_id, "rejected")
        _settle(delivery, Delivery.State.REJECTED, " ".join(dict.fromkeys(sentences.values())))
    book.changed(delivery.strategy_id)


def _sentence(name: str, said: str, of_field: list[str] | None) -> str:
    """Give the trader's sentence for one field: its own, with its label, else the one for all."""
    if not of_field or name not in SPEC:
        return said[:LONGEST_SENTENCE]
    own = " ".join(of_field)
    return f"{SPEC[name].label} {own[:1].lower()}{own[1:]}"[:LONGEST_SENTENCE]


def _settle(delivery: Delivery, state: str, said: str) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        state=state, settled_at=timezone.now(), tries=delivery.tries + 1, last_error=said[:LONGEST_SENTENCE]
    )


def _failed(delivery: Delivery, error: ProductError) -> ProductError:
    Delivery.objects.filter(pk=delivery.pk).update(
        tries=delivery.tries + 1, last_error=error.detail[:LONGEST_SENTENCE]
    )
    if delivery.kind == Delivery.Kind.KILL and delivery.last_error != error.detail[:LONGEST_SENTENCE]:
        book.changed(delivery.strategy_id)  # the row says why a kill is not acknowledged
    return error
