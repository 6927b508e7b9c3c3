"""What is asked of a trader now or not at all: enable, reset, close, and a kill without a record."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from portfolio import book
from portfolio.actor import Actor
from portfolio.models import Strategy
from riskcontrol import audit, delivery
from riskcontrol.delivery import ANSWER_S, BEHIND
from riskcontrol.models import Change, Delivery, RiskSettings
from riskcontrol.writing import advance
from venues.adapter import NotListening, TraderAdapter
from venues.contract.errors import BadAnswer, Conflict, NotFound, ProductError, Refused, Unreachable
from venues.contract.names import StrategyKey
from venues.contract.states import StrategyState

PERHAPS = "It may or may not have happened; the row shows it."
Command = Callable[[TraderAdapter, StrategyKey, float], StrategyState]


def is_killed(strategy: Strategy) -> bool:
    """Tell whether the strategy is killed or a kill is on its way to it."""
    waiting = Delivery.objects.filter(
        strategy=strategy, kind=Delivery.Kind.KILL, state=Delivery.State.PENDING
    )
    return book.report(strategy).state.is_killed or waiting.exists()


def ask(
    strategy: Strategy,
    actor: Actor,
    action: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    reason: str,
    command: Command,
) -> StrategyState:
    """Record, then ask a trader once; its refusal is raised, and so is its silence.

    The record is committed before anything is sent. A trader that did not answer leaves it
    `pending`, until its next report tells what happened.
    """
    change = audit.record(actor, action, strategy.key, "pending", before=before, after=after, reason=reason)
    until = time.monotonic() + ANSWER_S
    try:
        kill_waits = delivery.deliver_kills(strategy, until)
        if kill_waits is not None:
            raise NotListening(f"A kill has to reach the trader first. {sentence(kill_waits)}")
        state = command(
            delivery.adapter_of(strategy.trader), delivery.key_of(strategy), until - time.monotonic()
        )
    except ProductError as error:
        raise _settled(change, error, strategy) from None
    book.record(strategy.trader.source, [state])
    audit.settle(change.pk, "applied")
    book.changed(strategy.pk)
    return state


def sentence(error: ProductError) -> str:
    """Give what an error says, ended so that another sentence may follow: a trader's own may be open."""
    return error.detail if error.detail[-1:] in {".", "!", "?"} else f"{error.detail}."


def _settled(change: Change, error: ProductError, strategy: Strategy) -> ProductError:
    """Give the error as its reader should see it; what surely did not happen is `refused`."""
    if isinstance(error, NotListening):
        audit.settle(change.pk, "refused")
        return Unreachable(f"{sentence(error)} Nothing was sent.")
    if isinstance(error, Unreachable) and error.code != "not_durable":
        return Unreachable(f"{sentence(error)} {PERHAPS}")
    if isinstance(error, BadAnswer):
        return BadAnswer(f"{sentence(error)} {PERHAPS}")
    audit.settle(change.pk, "refused")
    if isinstance(error, NotFound):
        return Conflict(delivery.not_found(strategy), code="rejected")
    if isinstance(error, Refused):
        return Conflict(error.detail, code="rejected", fields=error.fields)
    return error


def enable(settings: RiskSettings, change: Change, until: float) -> None:
    """Send an enable that `write_enabling` has written; raises what `ask` raises.

    Settings that wait go first, or the trader would refuse them as older than the enable.
    """
    strategy = settings.strategy
    try:
        with delivery.lane(strategy.pk, until) as ours:
            waits = (
                delivery.send_waiting(strategy, until)
                if ours
                else Unreachable("The trader did not answer in time.")
            )
            if waits is not None:
                raise NotListening(f"Earlier changes have to reach the trader first. {sentence(waits)}")
            state = _send_enable(settings, change, until)
            if not state.enabled:
                raise BadAnswer("The trader acknowledged, but reports the strategy disabled.")
    except ProductError as error:
        told = _settled(change, error, strategy)
        if not isinstance(told, Unreachable | BadAnswer) or isinstance(error, NotListening):
            _clear(settings)
        raise told from None
    with transaction.atomic():
        held = RiskSettings.objects.filter(pk=settings.pk, enabling=settings.enabling)
        held.update(enabled=True, enabling=None, **settings.without_refusals(["enabled"]))
        audit.settle(change.pk, "applied")
    book.changed(strategy.pk)


def confirm_enabled(settings: RiskSettings, actor: Actor, until: float) -> None:
    """Ask the trader for what it reports already: an enable is answered by it or refused.

    Sent without a revision, which changes nothing; only a refusal leaves a record.
    """
    strategy = settings.strategy
    try:
        adapter, key = delivery.adapter_of(strategy.trader), delivery.key_of(strategy)
        book.record(strategy.trader.source, [adapter.set_enabled(key, True, None, until - time.monotonic())])
    except ProductError as error:
        change = audit.record(actor, "enable", strategy.key, "refused", reason=error.detail)
        raise _settled(change, error, strategy) from None


def _send_enable(settings: RiskSettings, change: Change, until: float) -> StrategyState:
    strategy = settings.strategy
    adapter, key = delivery.adapter_of(strategy.trader), delivery.key_of(strategy)
    try:
        state = adapter.set_enabled(key, True, settings.revision, until - time.monotonic())
    except Conflict as error:
        delivery.take_row(strategy, error.row)
        if error.code not in BEHIND:
            raise
        # A PM restored from a backup counts from too low: the same enable, above the trader's revision.
        with transaction.atomic():
            revision = advance(settings)
            RiskSettings.objects.filter(pk=settings.pk).update(enabling=revision)
            settings.enabling = revision
            Change.objects.filter(pk=change.pk).update(revision=revision)
        state = adapter.set_enabled(key, True, revision, until - time.monotonic())
    book.record(strategy.trader.source, [state])
    return state


def _clear(settings: RiskSettings) -> None:
    RiskSettings.objects.filter(pk=settings.pk, enabling=settings.enabling).update(enabling=None)
    book.changed(settings.strategy_id)


def kill_unrecorded(strategy: Strategy, flatten: bool | None, reason: str) -> None:
    """Send a kill that PM's database refused to record; raises where the trader does not take it."""
    adapter = delivery.adapter_of(strategy.trader)
    state = adapter.kill(delivery.key_of(strategy), flatten, reason, ANSWER_S)
    book.record(strategy.trader.source, [state])
