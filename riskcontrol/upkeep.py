"""PM's own changes: adopting strategies first seen, repairing drift, settling what nobody answered."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from portfolio import book
from portfolio.models import Strategy, Trader
from riskcontrol import agreement, audit, delivery, writing
from riskcontrol.audit import PM
from riskcontrol.delivery import ANSWER_S
from riskcontrol.models import Change, Delivery, RiskSettings
from venues.contract.errors import Conflict, NotFound
from venues.contract.limits import LIMIT_NAMES, SPEC
from venues.contract.names import RowKey
from venues.contract.states import StrategyState

log = logging.getLogger(__name__)
SETTLED_AFTER = timedelta(seconds=ANSWER_S + 1)


def adopt(source: str, states: Iterable[StrategyState]) -> None:
    """Take strategies into the book and, where PM has no settings for them, the trader's values.

    A value that no setting may have is replaced by its default, which PM then sends as a repair.
    """
    given = list(states)
    with transaction.atomic():
        strategies = book.introduce(Trader.objects.get(source=source), given)
        known = set(
            RiskSettings.objects.filter(strategy__in=strategies).values_list("strategy_id", flat=True)
        )
        for strategy, state in zip(strategies, given, strict=True):
            if strategy.pk not in known:
                _adopt(strategy, state)
    book.admit(strategies)


def _adopt(strategy: Strategy, state: StrategyState) -> None:
    values = {name: _adopted(name, getattr(state.limits, name)) for name in LIMIT_NAMES}
    revision = min(state.revision or 0, writing.HIGHEST)
    RiskSettings.objects.create(strategy=strategy, enabled=state.enabled, revision=revision, **values)
    after = {"enabled": state.enabled, **values}
    audit.record(PM, "adopt", strategy.key, "applied", after=after, revision=revision)


def _adopted(name: str, value: Decimal) -> Decimal:
    spec = SPEC[name]
    return value.quantize(Decimal("0.000001")) if 0 < value <= spec.highest else spec.default


def unsettled(source: str) -> dict[int, int]:
    """Give {settings: revision} of a trader's rows that differ from what it reports, nothing waiting."""
    found = {}
    for settings in _quiet(source):
        report = book.report(settings.strategy)
        if report.forgotten or settings.enabling is not None or agreement.drift(settings, report.state):
            found[settings.pk] = settings.revision
    return found


def _quiet(source: str) -> list[RiskSettings]:
    waiting = Delivery.objects.filter(state=Delivery.State.PENDING, strategy__trader__source=source)
    found = writing.stored(strategy__trader__source=source, strategy__present=True)
    return list(found.exclude(strategy__in=waiting.values("strategy")))


def settle(source: str, looked_at: dict[int, int]) -> int:
    """Settle the rows of `unsettled` after a fresh read of the trader; gives how many were repaired.

    A row that has moved on since, or waits for a delivery, is left alone: the read is too old for it.
    """
    repaired = 0
    for settings in _quiet(source):
        if looked_at.get(settings.pk) == settings.revision:
            repaired += _settle(settings)
    settle_unanswered(source)
    return repaired


def _settle(settings: RiskSettings) -> int:
    report = book.report(settings.strategy)
    if report.forgotten:
        repeat_kill(settings)
    if settings.enabling is not None:
        if timezone.now() - settings.changed_at < SETTLED_AFTER:
            return 0
        settle_enable(settings, report.state.enabled)
    return repair(settings)


def settle_enable(settings: RiskSettings, happened: bool) -> None:
    """Settle an enable that nobody answered by what the trader reports since."""
    with transaction.atomic():
        held = RiskSettings.objects.filter(pk=settings.pk, enabling=settings.enabling)
        columns = {"enabled": True} if happened else {}
        if held.update(enabling=None, **columns):
            outcome = "applied" if happened else "refused"
            for change in Change.objects.filter(
                **settings.strategy.key._asdict(), action="enable", revision=settings.enabling
            ):
                audit.settle(change.pk, outcome)
    settings.refresh_from_db()
    book.changed(settings.strategy_id)


def repair(settings: RiskSettings) -> int:
    """Repair drift by changes of PM's own, actor `pm`, action `drift`; gives how many.

    Where the trader reports a strategy disabled that PM has enabled, PM takes that over: a
    strategy is never enabled but by a person.
    """
    state = book.report(settings.strategy).state
    found = agreement.drift(settings, state)
    if not found:
        return 0
    limits = {name: value for name, value in found.items() if name != "enabled"}
    theirs = agreement.reported(state)
    log.warning("%s reports %s, repairing", settings.strategy, {name: theirs[name] for name in found})
    try:
        with transaction.atomic():
            if limits:
                said = ", ".join(f"{name} {theirs[name]}" for name in limits)
                writing.write_settings(settings, limits, PM, f"the trader reported {said}", "drift")
            if "enabled" in found:
                said = "the trader reported it " + ("enabled" if state.enabled else "disabled")
                writing.write_disabled(settings, PM, said, "drift")
    except Conflict:
        return 0
    book.changed(settings.strategy_id)
    return 1


def repeat_kill(settings: RiskSettings) -> None:
    """Kill again what a trader has forgotten, such as one restored from an old backup (I13)."""
    epoch = book.report(settings.strategy).state.epoch
    with transaction.atomic():
        writing.write_kill(settings, PM, None, f"the trader does not know of the kill of epoch {epoch}")
    book.changed(settings.strategy_id)


def catch_up(settings: RiskSettings, until: float) -> None:
    """Repair at once where the trader was found ahead of PM's revision, and send that too."""
    settings.refresh_from_db()
    if repair(settings):
        delivery.deliver_settings(settings.strategy, until)
    else:
        delivery.settle_superseded(settings.strategy_id)


def settle_unanswered(source: str) -> None:
    """Settle resets and closes that nobody answered, and superseded changes, by what was reported since."""
    for change in _unanswered(source):
        with suppress(NotFound):
            settings = writing.settings_of(RowKey(source, change.strategy_id, change.symbol))
            audit.settle(change.pk, _became(change, settings))


def _became(change: Change, settings: RiskSettings) -> str:
    state = book.report(settings.strategy).state
    match change.action:
        case "reset":
            happened = state.epoch > change.before["epoch"]
        case "close":
            happened = state.position is None
        case _:
            return "pending" if agreement.differences(settings, state) else "applied"
    return "applied" if happened else "refused"


def unanswered(source: str) -> bool:
    """Tell whether any change of this trader waits for what `settle_unanswered` does."""
    return _unanswered(source).exists()


def _unanswered(source: str) -> QuerySet[Change]:
    old = timezone.now() - SETTLED_AFTER
    lost = Q(action__in=("reset", "close")) | Q(delivery__state=Delivery.State.SUPERSEDED)
    return Change.objects.filter(lost, source=source, outcome="pending", at__lt=old)
