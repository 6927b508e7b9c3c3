"""Audit records: written in the transaction of what they tell of, never changed but for the outcome."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from portfolio.actor import Actor
from riskcontrol.models import Change
from venues.contract.names import RowKey

PM = Actor(name="pm", via="pm")


def iso(moment: datetime | None) -> str | None:
    """Give a UTC time as api.md writes it."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def record(
    actor: Actor,
    action: str,
    key: RowKey | None,
    outcome: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    revision: int | None = None,
    reason: str = "",
) -> Change:
    """Write one record; the caller holds the transaction."""
    source, strategy_id, symbol = key or ("", "", "")
    now = timezone.now()
    return Change.objects.create(
        at=now,
        actor=actor.name[:150],
        via=actor.via,
        ip=actor.ip,
        action=action[:16],
        source=source,
        strategy_id=strategy_id,
        symbol=symbol,
        revision=revision,
        before=dict(before or {}),
        after=dict(after or {}),
        reason=reason[:500],
        outcome=outcome,
        acknowledged_at=now if outcome == "applied" else None,
    )


def settle(change_id: int, outcome: str) -> None:
    """Write what became of a change; `applied` means that the trader acknowledged it."""
    acknowledged = timezone.now() if outcome == "applied" else None
    Change.objects.filter(pk=change_id).update(outcome=outcome, acknowledged_at=acknowledged)


def to_json(change: Change) -> dict[str, Any]:
    """Give the record of api.md, "Changing"."""
    return {
        "id": change.pk,
        "at": iso(change.at),
        "actor": change.actor,
        "via": change.via,
        "ip": change.ip,
        "action": change.action,
        "source": change.source,
        "strategy_id": change.strategy_id,
        "symbol": change.symbol,
        "revision": change.revision,
        "before": change.before,
        "after": change.after,
        "reason": change.reason,
        "outcome": change.outcome,
        "acknowledged_at": iso(change.acknowledged_at),
    }
