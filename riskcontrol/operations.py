"""Every write of PM's users: one function each, behind page, API, admin, bulk and commands.

In one transaction: UPDATE … WHERE revision, audit record, delivery. Once that is committed the
trader is told and waited for, 3 s at most; what it did not acknowledge, its link repeats.
Conflict, Refused, NotFound, Unreachable and BadAnswer are raised; in bulk they are outcomes.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from django.db import DatabaseError, connections, transaction

from portfolio import book
from portfolio.actor import Actor
from portfolio.models import Strategy
from riskcontrol import asking, audit, delivery, rows, upkeep, writing
from riskcontrol.agreement import NO_REASON
from riskcontrol.delivery import ANSWER_S
from riskcontrol.models import Change, Delivery, RiskSettings
from venues.adapter import TraderAdapter
from venues.contract.errors import BadAnswer, Conflict, ProductError
from venues.contract.names import RowKey, StrategyKey
from venues.contract.states import StrategyState

__all__ = [
    "Actor", "BulkItem", "Outcome", "bulk_update", "change_settings", "close", "kill",
    "record_refusal", "reset_kill_switch", "set_enabled",
]  # fmt: skip

log = logging.getLogger(__name__)
Given = TypeVar("Given")


@dataclass(frozen=True)
class Outcome:
    """What became of one write: applied, unchanged, pending, rejected, conflict or refused."""

    status: str
    row: dict[str, Any]
    error: ProductError | None = None


@dataclass(frozen=True)
class BulkItem:
    """One row of a bulk update: settings to change, `enabled` where it is to change too."""

    key: RowKey
    changes: Mapping[str, Decimal] = field(default_factory=dict)
    enabled: bool | None = None
    expected: int | None = None


@dataclass
class Written:
    """What a transaction has written of one item, and what has still to be asked of its trader."""

    settings: RiskSettings
    deliveries: list[Delivery] = field(default_factory=list)
    enabling: Change | None = None
    asked: Mapping[str, Decimal] = field(default_factory=dict)
    asks: bool = False  # an enable, which its trader has to answer even where nothing changes
    error: ProductError | None = None

    @property
    def strategy(self) -> Strategy:
        """The strategy it is about."""
        return self.settings.strategy


def change_settings(
    key: RowKey,
    changes: Mapping[str, Decimal],
    *,
    actor: Actor,
    expected: int | None = None,
    reason: str = "",
) -> Outcome:
    """Change any of the three settings (validated by the caller) of one row.

    `expected` is the revision that the writer saw; without it the write goes through. Gives
    applied, unchanged or pending; raises NotFound, Conflict `conflict` or `rejected`.
    """
    return _single(BulkItem(key, changes, None, expected), actor, reason)


def set_enabled(
    key: RowKey, enabled: bool, *, actor: Actor, expected: int | None = None, reason: str = ""
) -> Outcome:
    """Enable or disable one strategy. A disable is queued for a trader that is away, an enable never is.

    Gives applied, unchanged or pending (disable only); raises NotFound, Conflict `conflict`,
    `killed` or `rejected`, and for an enable Unreachable and BadAnswer.
    """
    return _single(BulkItem(key, {}, enabled, expected), actor, reason)


def kill(key: RowKey, *, actor: Actor, flatten: bool | None = None, reason: str = "") -> Outcome:
    """Trip the kill switch of one strategy by hand; a killed one keeps its kill.

    Gives applied, or pending where the trader is away: the link repeats it. Raises NotFound, and
    Unreachable `not_durable` where the kill is in force and the trader's disk refuses it. Where
    PM's own database refuses the record, the kill is sent all the same.
    """
    settings = writing.settings_of(key)
    try:
        with transaction.atomic():
            written = writing.write_kill(settings, actor, flatten, reason)
    except DatabaseError:
        log.critical("a kill of %s by %s goes out unrecorded", "/".join(key), actor.name, exc_info=True)
        asking.kill_unrecorded(settings.strategy, flatten, reason)
        return Outcome("applied", rows.row(key))
    book.changed(settings.strategy_id)
    error = _once_committed(lambda: delivery.deliver_kills(settings.strategy, time.monotonic() + ANSWER_S))
    if error is not None and error.code == "not_durable":
        error.row = rows.row(key)
        raise error
    _store(key.source)
    _states([written])
    return _outcome(Written(settings, [written]))


def reset_kill_switch(
    key: RowKey, *, actor: Actor, epoch: int | None = None, force: bool = False, reason: str = ""
) -> Outcome:
    """Reset the kill switch of one strategy, of the kill of `epoch` where named; never queued.

    Gives applied, or unchanged for an epoch that is over. Raises NotFound, Conflict `not_killed`,
    `not_flat`, `epoch`, or `killed` while a kill is on its way, Unreachable and BadAnswer.
    """
    settings = writing.settings_of(key)
    state = book.report(settings.strategy).state
    if epoch is not None and epoch < state.epoch:
        return Outcome("unchanged", rows.row(key))
    before = {"is_killed": state.is_killed, "epoch": state.epoch}
    after = {"is_killed": False, "epoch": state.epoch + 1, **({"force": True} if force else {})}

    def reset(trader: TraderAdapter, name: StrategyKey, timeout_s: float) -> StrategyState:
        found = trader.reset(name, epoch, force, timeout_s)
        if found.is_killed and found.epoch <= state.epoch:
            raise BadAnswer("The trader acknowledged, but reports the strategy killed.")
        return found

    found = _ask(settings, actor, "reset", before, after, reason, reset)
    _store(key.source)
    return found


def close(key: RowKey, *, actor: Actor, reason: str = "") -> Outcome:
    """Close the open trade of one strategy without killing it; never queued.

    Gives applied; raises NotFound, Conflict, Unreachable and BadAnswer.
    """
    settings = writing.settings_of(key)
    position = book.report(settings.strategy).state.position
    before = {"position": position.to_json() if position else None}
    return _ask(
        settings, actor, "close", before, {"position": None}, reason,
        lambda trader, name, timeout_s: trader.close(name, timeout_s),
    )  # fmt: skip


def bulk_update(items: Sequence[BulkItem], *, actor: Actor, reason: str = "") -> list[Outcome]:
    """Change many rows: one transaction, then every trader in parallel; outcomes in the order given.

    Raises NotFound where a strategy is unknown, with nothing written.
    """
    with transaction.atomic():
        written = [_write(item, actor, reason) for item in items]
    _announce(written)
    _once_committed(lambda: _tell_all(written, actor))
    found = {row["_id"]: row for row in rows.some({one.settings.strategy_id for one in written})}
    return [_outcome(one, found[one.settings.strategy_id]) for one in written]


def record_refusal(*, actor: Actor, key: RowKey | None, reason: str) -> None:
    """Write the audit record of a privileged attempt that was refused, such as a viewer's PUT.

    `reason` begins with what was attempted.
    """
    audit.record(actor, "refused", key, "refused", reason=reason)


def _ask(settings: RiskSettings, *what: Any) -> Outcome:
    """Ask the trader; its refusal is shown with PM's row, whose revision and sync the trader's has not."""
    key = settings.strategy.key
    try:
        asking.ask(settings.strategy, *what)
    except Conflict as error:
        error.row = rows.row(key)
        raise
    return Outcome("applied", rows.row(key))


def _single(item: BulkItem, actor: Actor, reason: str) -> Outcome:
    with transaction.atomic():
        written = _write(item, actor, reason)
    _announce([written])
    _once_committed(lambda: _tell(written, actor, time.monotonic() + ANSWER_S))
    outcome = _outcome(written)
    if outcome.error is not None:
        if isinstance(outcome.error, Conflict):
            outcome.error.row = outcome.row
        raise outcome.error
    return outcome


def _write(item: BulkItem, actor: Actor, reason: str) -> Written:
    """Write one item in the caller's transaction; what refuses it is kept in `error`."""
    settings = writing.settings_of(item.key)
    written = Written(settings, asked=item.changes)
    try:
        writing.check_expected(settings, item.expected)
        if item.enabled and asking.is_killed(settings.strategy):
            said = "The strategy is killed; reset its kill switch first."
            _refuse(settings, actor, "enable", said, reason)
            raise Conflict(said, code="killed")
        changes = {name: value for name, value in item.changes.items() if value != getattr(settings, name)}
        if changes:
            written.deliveries.append(writing.write_settings(settings, changes, actor, reason))
        if item.enabled is False and (settings.enabled or settings.enabling is not None):
            written.deliveries.append(writing.write_disabled(settings, actor, reason))
        if item.enabled:
            written.asks = True
            if not _is_enabled(settings):
                written.enabling = writing.write_enabling(settings, actor, reason)
    except Conflict as error:
        written.error = error
    return written


def _is_enabled(settings: RiskSettings) -> bool:
    return settings.enabled and book.report(settings.strategy).state.enabled


def _refuse(settings: RiskSettings, actor: Actor, action: str, said: str, reason: str) -> None:
    key = settings.strategy.key
    audit.record(actor, action, key, "refused", reason=f"{reason} — {said}" if reason else said)


def _tell(written: Written, actor: Actor, until: float) -> None:
    """Send what was written to its trader, in order; an error that is no delay is kept."""
    if written.error is not None:
        return
    if written.deliveries:
        delivery.deliver_settings(written.strategy, until)
        if Delivery.State.SUPERSEDED in _states(written.deliveries):
            upkeep.catch_up(written.settings, until)
            _states(written.deliveries)
    if not written.asks:
        return
    try:
        if written.enabling is not None:
            asking.enable(written.settings, written.enabling, until)
        else:
            asking.confirm_enabled(written.settings, actor, until)
    except ProductError as error:
        written.error = error


def _tell_all(written: list[Written], actor: Actor) -> None:
    by_trader: dict[str, list[Written]] = {}
    for one in written:
        by_trader.setdefault(one.strategy.trader.source, []).append(one)
    if len(by_trader) == 1:
        _tell_many(written, actor)
        return
    with ThreadPoolExecutor(min(16, len(by_trader) or 1), thread_name_prefix="bulk") as pool:
        for done in [pool.submit(_in_thread, group, actor) for group in by_trader.values()]:
            done.result()


def _in_thread(written: list[Written], actor: Actor) -> None:
    try:
        _tell_many(written, actor)
    finally:
        connections.close_all()


def _tell_many(written: list[Written], actor: Actor) -> None:
    until = time.monotonic() + ANSWER_S
    delivery.deliver_together([one for each in written for one in each.deliveries], until)
    for one in written:
        _tell(one, actor, until)


def _states(deliveries: Sequence[Delivery]) -> set[str]:
    """Read what became of deliveries, and give their states."""
    found = {
        one["pk"]: one
        for one in Delivery.objects.filter(pk__in=[one.pk for one in deliveries]).values(
            "pk", "state", "last_error", "change__outcome"
        )
    }
    for one in deliveries:
        one.state, one.last_error = found[one.pk]["state"], found[one.pk]["last_error"]
        one.change.outcome = found[one.pk]["change__outcome"]
    return {one.state for one in deliveries}


def _outcome(written: Written, row: dict[str, Any] | None = None) -> Outcome:
    row = row if row is not None else rows.row(written.strategy.key)
    error = written.error
    if error is not None:
        code = error.code if isinstance(error, Conflict) else ""
        return Outcome(code if code in {"conflict", "rejected"} else "refused", row, error)
    if written.enabling is not None:
        written.enabling.refresh_from_db(fields=["outcome"])
    changes = [one.change for one in written.deliveries]
    found = {one.outcome for one in [*changes, *([written.enabling] if written.enabling else [])]}
    if "rejected" in found:
        refused = [one.last_error for one in written.deliveries if one.change.outcome == "rejected"]
        _, fields = _refusal(written)
        return Outcome("rejected", row, Conflict(_joined(refused), code="rejected", fields=fields, row=row))
    said, fields = _refusal(written) if row["sync"] == "rejected" else ("", {})
    if said:
        return Outcome("rejected", row, Conflict(said, code="rejected", fields=fields, row=row))
    if not found:
        return Outcome("unchanged", row)
    return Outcome("pending" if "pending" in found else "applied", row)


def _refusal(written: Written) -> tuple[str, dict[str, list[str]]]:
    """Give the trader's (sentences, what it said by field) of values asked for that it has refused."""
    stored = RiskSettings.objects.only("refused", "refusals", "refused_fields").get(pk=written.settings.pk)
    again = [name for name, value in written.asked.items() if stored.refused.get(name) == value]
    fields: dict[str, list[str]] = {}
    for name in again:
        fields |= stored.refused_fields.get(name, {})
    return _joined(stored.refusals.get(name, NO_REASON) for name in again), fields


def _joined(sentences: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(sentences))


def _announce(written: Sequence[Written]) -> None:
    for one in written:
        book.changed(one.settings.strategy_id)


def _once_committed(send: Callable[[], Given]) -> Given | None:
    """Send what is committed; inside a caller's own transaction only after that, unwaited for."""
    given: list[Given] = []
    transaction.on_commit(lambda: given.append(send()))
    return given[0] if given else None


def _store(source: str) -> None:
    try:
        book.flush(source)
    except DatabaseError:
        log.warning("what %s reported is not stored yet", source, exc_info=True)
