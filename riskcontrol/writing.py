"""How a write is made: conditional UPDATE, one audit record, one delivery, in the caller's transaction."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from portfolio import book
from portfolio.actor import Actor
from riskcontrol import audit, rows
from riskcontrol.models import Change, Delivery, RiskSettings
from venues.contract.errors import Conflict, NotFound
from venues.contract.names import RowKey

HIGHEST = 2**53


def stored(**filters: Any) -> QuerySet[RiskSettings]:
    """Give settings with strategy and trader; the stored report stays unread: the book has a newer one."""
    return RiskSettings.objects.select_related("strategy__trader").defer("strategy__report").filter(**filters)


def settings_of(key: RowKey) -> RiskSettings:
    """Give the stored settings of a row, with strategy and trader; raises NotFound."""
    settings = stored(
        strategy__trader__source=key.source,
        strategy__strategy_id=key.strategy_id,
        strategy__symbol=key.symbol,
    ).first()
    if settings is None:
        raise NotFound(f"There is no strategy {'/'.join(key)}.")
    return settings


def check_expected(settings: RiskSettings, expected: int | None) -> None:
    """Raise Conflict with the stored row where the writer saw another revision."""
    if expected is not None and expected != settings.revision:
        row = rows.row(settings.strategy.key)
        raise Conflict(f"Somebody was first: the row is at revision {settings.revision}.", row=row)


def advance(settings: RiskSettings, **columns: Any) -> int:
    """Move the row to its next revision with these columns; gives it, or raises Conflict.

    The next revision lies above the trader's too, which may be ahead of a PM restored from a
    backup. Of N writers that read one revision, one UPDATE finds the row.
    """
    theirs = book.report(settings.strategy).state.revision or 0
    following = max(settings.revision, min(theirs, HIGHEST)) + 1
    found = RiskSettings.objects.filter(pk=settings.pk, revision=settings.revision)
    if not found.update(revision=following, changed_at=timezone.now(), **columns):
        settings.refresh_from_db()
        check_expected(settings, -1)
    settings.revision = following
    for name, value in columns.items():
        setattr(settings, name, value)
    return following


def write_settings(
    settings: RiskSettings,
    changes: Mapping[str, Decimal],
    actor: Actor,
    reason: str,
    action: str = "change",
) -> Delivery:
    """Write changed settings with their audit record and delivery."""
    before = {name: getattr(settings, name) for name in changes}
    revision = advance(settings, **changes, **settings.without_refusals(changes))
    return _deliver_later(
        settings, Delivery.Kind.SETTINGS, dict(changes), revision,
        _record(settings, actor, action, before, dict(changes), revision, reason),
    )  # fmt: skip


def write_disabled(settings: RiskSettings, actor: Actor, reason: str, action: str = "disable") -> Delivery:
    """Write `enabled: false` with its audit record and delivery; it ends an enable nobody answered."""
    before = {"enabled": settings.enabled}
    if settings.enabling is not None:
        unanswered = Change.objects.filter(**settings.strategy.key._asdict(), action="enable")
        unanswered.filter(revision=settings.enabling).update(outcome="refused")
    revision = advance(settings, enabled=False, enabling=None, **settings.without_refusals(["enabled"]))
    return _deliver_later(
        settings, Delivery.Kind.DISABLE, {}, revision,
        _record(settings, actor, action, before, {"enabled": False}, revision, reason),
    )  # fmt: skip


def write_enabling(settings: RiskSettings, actor: Actor, reason: str) -> Change:
    """Write that an enable is about to be sent: nothing is queued, `enabled` follows its answer."""
    revision = advance(settings, enabling=None)
    settings.enabling = revision
    RiskSettings.objects.filter(pk=settings.pk).update(enabling=revision)
    before = {"enabled": settings.enabled}
    return _record(settings, actor, "enable", before, {"enabled": True}, revision, reason)


def write_kill(settings: RiskSettings, actor: Actor, flatten: bool | None, reason: str) -> Delivery:
    """Write a kill with its audit record and delivery; it takes no revision and asks for none."""
    state = book.report(settings.strategy).state
    before = {"is_killed": state.is_killed, "epoch": state.epoch, "total_pnl": state.total_pnl}
    after = {"is_killed": True, **({} if flatten is None else {"flatten": flatten})}
    change = _record(settings, actor, "kill", before, after, None, reason)
    return _deliver_later(settings, Delivery.Kind.KILL, {"flatten": flatten, "reason": reason}, None, change)


def _record(
    settings: RiskSettings,
    actor: Actor,
    action: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    revision: int | None,
    reason: str,
) -> Change:
    return audit.record(
        actor,
        action,
        settings.strategy.key,
        "pending",
        before=before,
        after=after,
        revision=revision,
        reason=reason,
    )


def _deliver_later(
    settings: RiskSettings, kind: str, body: dict[str, Any], revision: int | None, change: Change
) -> Delivery:
    return Delivery.objects.create(
        strategy=settings.strategy, change=change, kind=kind, body=body, revision=revision
    )
