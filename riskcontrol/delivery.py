"""Outbox → trader → acknowledged, rejected or pending; calls no operation.

Settings of one strategy leave one at a time, in the order they were accepted. Kills have a lane
of their own, past every settings delivery, and are repeated until a trader acknowledges them.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from portfolio import book
from portfolio.hosts import check_trader_url
from portfolio.models import Strategy, Trader
from riskcontrol import audit
from riskcontrol.models import Change, Delivery, RiskSettings
from venues.adapter import TraderAdapter
from venues.contract.errors import BadAnswer, Conflict, NotFound, ProductError, Refused, Unreachable
from venues.contract.names import StrategyKey
from venues.contract.states import StrategyState
from venues.serving import secrets

log = logging.getLogger(__name__)

ANSWER_S = 3.0
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
    name = f"{trader.source.upper().replace('-', '_')}_TRADER_TOKEN"
    return TraderAdapter(url, secrets.find(name))


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
    for delivery in waiting.exclude(kind=Delivery.Kind.KILL).order_by("id"):
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
    for delivery in waiting.order_by("id"):
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


def retry_at_once(source: str) -> None:
    """Let nothing of this trader wait: it has just come back."""
    waiting = Delivery.objects.filter(state=Delivery.State.PENDING, strategy__trader__source=source)
    for number in waiting.values_list("pk", flat=True):
        _again_at.pop(number, None)


def _send(delivery: Delivery, until: float) -> ProductError | None:
    try:
        state = _command(delivery, until - time.monotonic())
    except Conflict as error:
        return _refused(delivery, error)
    except NotFound as error:
        if delivery.kind == Delivery.Kind.KILL:
            return _failed(delivery, error)
        return _rejected(delivery, Refused("The trader does not run this strategy."))
    except Refused as error:
        return _failed(delivery, error) if delivery.kind == Delivery.Kind.KILL else _rejected(delivery, error)
    except ProductError as error:
        return _failed(delivery, error)
    book.record(delivery.strategy.trader.source, [state], begun=None)
    wrong = _unlike(delivery, state)
    if wrong:
        return _rejected(delivery, Conflict(wrong, code="rejected")) if wrong else None
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
        other = [name for name, value in delivery.body.items() if theirs[name] != value]
    elif delivery.kind == Delivery.Kind.DISABLE:
        other = ["enabled"] if state.enabled else []
    else:
        other = [] if state.is_killed else ["is_killed"]
    return f"The trader acknowledged, but reports another {', '.join(other)}." if other else None


def _acknowledged(delivery: Delivery) -> None:
    """Settle a delivery and, with it, what it stands in for: earlier kills, superseded settings."""
    settled = Delivery.objects.filter(pk=delivery.pk)
    if delivery.kind == Delivery.Kind.KILL:
        settled |= Delivery.objects.filter(
            strategy=delivery.strategy,
            kind=Delivery.Kind.KILL,
            state=Delivery.State.PENDING,
            pk__lt=delivery.pk,
        )
    with transaction.atomic():
        numbers = list(settled.values_list("pk", flat=True))
        now = timezone.now()
        Change.objects.filter(delivery__in=numbers).update(outcome="applied", acknowledged_at=now)
        Change.objects.filter(
            delivery__strategy=delivery.strategy, delivery__state=Delivery.State.SUPERSEDED, outcome="pending"
        ).update(outcome="applied", acknowledged_at=now)
        Delivery.objects.filter(pk__in=numbers).update(
            state=Delivery.State.DELIVERED, settled_at=now, tries=delivery.tries + 1, last_error=""
        )
    book.changed(delivery.strategy_id)


def _refused(delivery: Delivery, error: Conflict) -> ProductError | None:
    _take_row(delivery, error)
    if delivery.kind == Delivery.Kind.KILL:
        return _failed(delivery, error)
    if error.code not in BEHIND:
        return _rejected(delivery, error)
    log.error("%s: the trader's revision is ahead of %s: %s", delivery.strategy, delivery.revision, error)
    _settle(delivery, Delivery.State.SUPERSEDED, error)
    return None


def _take_row(delivery: Delivery, error: Conflict) -> None:
    if error.row is None:
        return
    try:
        state = StrategyState.from_json(error.row)
    except BadAnswer:
        return
    if (state.strategy_id, state.symbol) == key_of(delivery.strategy):
        book.record(delivery.strategy.trader.source, [state])


def _rejected(delivery: Delivery, error: ProductError) -> None:
    """Keep the refused values and the sentence: nothing is sent again until the next change."""
    body = delivery.body if delivery.kind == Delivery.Kind.SETTINGS else {"enabled": False}
    with transaction.atomic():
        settings = RiskSettings.objects.get(strategy=delivery.strategy_id)
        RiskSettings.objects.filter(pk=settings.pk).update(
            refused={**settings.refused, **body}, refusal=error.detail[:500]
        )
        audit.settle(delivery.change_id, "rejected")
        _settle(delivery, Delivery.State.REJECTED, error)
    book.changed(delivery.strategy_id)


def _settle(delivery: Delivery, state: str, error: ProductError) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        state=state, settled_at=timezone.now(), tries=delivery.tries + 1, last_error=error.detail[:500]
    )


def _failed(delivery: Delivery, error: ProductError) -> ProductError:
    Delivery.objects.filter(pk=delivery.pk).update(tries=delivery.tries + 1, last_error=error.detail[:500])
    return error
