"""What an operator may tell a strategy: each is durable before it is answered."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from venues.contract.errors import Conflict, ProductError, Refused
from venues.contract.limits import RiskLimits
from venues.contract.names import StrategyKey
from venues.contract.states import StrategyState
from venues.trader import closing, rows, tripping
from venues.trader.core import Core
from venues.trader.desk import UNTOLD, Desk
from venues.trader.ledger import Ledger
from venues.trader.store import NotStored, kill_columns
from venues.trader.transfers import to_unattributed

Item = tuple[StrategyKey, dict[str, Decimal], int | None]
Columns = dict[str, Any]


def conflict(core: Core, desk: Desk, code: str, detail: str) -> Conflict:
    """Give a 409 with the row as it stands."""
    return Conflict(detail, code=code, row=rows.row(core, desk).to_json())


async def write(core: Core, changes: Sequence[tuple[int, Columns]]) -> None:
    """Write and sync; raises `not_durable` with nothing changed."""
    try:
        await core.store.write(changes)
    except NotStored as error:
        raise ProductError(f"The trader's disk refused the change: {error}.", code="not_durable") from None


def check_revision(core: Core, desk: Desk, revision: int | None, same: bool) -> bool:
    """Tell whether a change is still to be made; raises Conflict for a lower or a reused revision."""
    if revision is None or revision > desk.revision:
        return True
    if revision < desk.revision:
        raise conflict(core, desk, "conflict", f"Revision {revision} is older than {desk.revision}.")
    if not same:
        raise conflict(core, desk, "revision_reused", f"Revision {revision} had other content.")
    return False


def planned(
    core: Core, desk: Desk, changes: dict[str, Decimal], revision: int | None
) -> tuple[RiskLimits, int] | None:
    """Give the limits and revision that a change leads to; None where it is in force already."""
    limits = desk.limits.changed(changes)
    if not check_revision(core, desk, revision, limits == desk.limits):
        return None
    cap = core.config.max_risk_per_trade
    if limits.risk_per_trade > cap:
        error = conflict(core, desk, "rejected", f"Risk/Trade (%) must be at most {cap} at this trader.")
        error.fields["risk_per_trade"] = [f"Must be at most {cap} at this trader."]
        raise error
    return limits, desk.revision if revision is None else revision


async def apply_settings(core: Core, items: Sequence[Item]) -> list[StrategyState]:
    """Change settings of several strategies, all or nothing: disk, memory, kill check, answer."""
    async with core.changing:
        return await _apply_settings(core, items)


async def _apply_settings(core: Core, items: Sequence[Item]) -> list[StrategyState]:
    desks = [core.desks[key] for key, _, _ in items]
    plans = [
        planned(core, desk, changes, revision)
        for desk, (_, changes, revision) in zip(desks, items, strict=True)
    ]
    await write(
        core,
        [
            (desk.number, {**plan[0].to_json(), "revision": plan[1]})
            for desk, plan in zip(desks, plans, strict=True)
            if plan is not None
        ],
    )
    for desk, plan in zip(desks, plans, strict=True):
        if plan is not None:
            desk.limits, desk.revision = plan
            _changed(core, desk)
    return [rows.row(core, desk) for desk in desks]


def _changed(core: Core, desk: Desk) -> None:
    tripping.check(core, desk)
    core.step(desk)
    core.publish(desk)


def spend_signals(core: Core, desk: Desk) -> None:
    """Let no candle that has closed by now open a trade any more, after a restart neither.

    In the candles' own clock, which may run apart from every other. Between two connections nobody
    knows which have closed: then those count no more that the next read shows.
    """
    desk.spend_signal()
    if not core.reconciled:
        desk.spent_ms = UNTOLD


async def set_enabled(core: Core, desk: Desk, enabled: bool, revision: int | None) -> StrategyState:
    """Enable or disable; enabling a killed strategy is refused, disabling cancels its entries."""
    if not enabled and (revision is None or revision > desk.revision):
        desk.enabled = False  # the gate closes before the disk answers
    async with core.changing:
        return await _set_enabled(core, desk, enabled, revision)


async def _set_enabled(core: Core, desk: Desk, enabled: bool, revision: int | None) -> StrategyState:
    if enabled and desk.killed:
        raise conflict(core, desk, "killed", "The strategy is killed; reset its kill switch first.")
    if enabled and desk.retired:
        raise conflict(core, desk, "rejected", "The strategy is no longer in the strategies file.")
    if check_revision(core, desk, revision, desk.enabled == enabled):
        later = desk.revision if revision is None else revision
        columns = {"enabled": enabled, "revision": later}
        if enabled:
            spend_signals(core, desk)
            columns["spent_ms"] = desk.spent_ms
        await write(core, [(desk.number, columns)])
        desk.enabled, desk.revision, desk.signal = enabled and not desk.killed, later, None
        if enabled:
            spend_signals(core, desk)  # a candle may have closed while the disk wrote
        _changed(core, desk)
    return rows.row(core, desk)


async def kill(
    core: Core, desk: Desk, flatten: bool | None, reason: str, cause: str = "operator"
) -> StrategyState:
    """Kill by hand; of a killed one the same kill. In force at once, answered when durable."""
    if desk.kill is None:
        tripping.trip(core, desk, cause, flatten)
    elif desk.resetting:  # at a tie, kill wins
        desk.kill = replace(desk.kill, at=core.clock.iso(), cause=cause)
    elif flatten and not desk.flatten:
        desk.flatten = True
        desk.kill = replace(desk.kill, state="gate_closed")
        core.publish(desk)
        core.step(desk)
    await tripping.persist(core, desk)
    if desk.not_durable:
        said = f"The kill is in force, but the trader's disk refused it: {desk.not_durable}."
        raise ProductError(said, code="not_durable", row=rows.row(core, desk).to_json())
    return rows.row(core, desk)


async def reset(core: Core, desk: Desk, epoch: int | None, force: bool) -> StrategyState:
    """Clear the kill named, or the one there is; the next epoch begins at 0."""
    async with core.changing:
        desk.resetting = True
        try:
            return await _reset(core, desk, epoch, force)
        finally:
            desk.resetting = False


async def _reset(core: Core, desk: Desk, epoch: int | None, force: bool) -> StrategyState:
    kill_before = desk.kill
    if epoch is not None and epoch < desk.epoch and kill_before is None:
        return rows.row(core, desk)
    if epoch is not None and epoch != desk.epoch:
        raise conflict(core, desk, "epoch", f"The kill of epoch {epoch} is not there; it is {desk.epoch}.")
    if kill_before is None:
        if epoch is None:
            raise conflict(core, desk, "not_killed", "The strategy is not killed.")
        raise conflict(core, desk, "not_killed", f"Nothing was killed in epoch {epoch}.")
    if kill_before.state != "flat_confirmed" and not force:
        left = f"{abs(desk.ledger.size)} {desk.key.symbol} left" if desk.lots else "not confirmed flat yet"
        raise conflict(core, desk, "not_flat", f"The kill is not finished: {left}.")
    if desk.lots and desk.market.market is None:
        raise Refused("The venue has not been read yet; try again when the trader is connected.")
    spend_signals(core, desk)
    columns = {"epoch": desk.epoch + 1, "kill": "", "peak": 0, "spent_ms": desk.spent_ms}
    await write(core, [(desk.number, columns)])
    if desk.kill is not None and desk.kill.at != kill_before.at:
        await write(core, [(desk.number, kill_columns(desk))])
        raise conflict(core, desk, "epoch", "It was killed again meanwhile.")
    _begin_epoch(core, desk, force)
    return rows.row(core, desk)


def _begin_epoch(core: Core, desk: Desk, force: bool) -> None:
    if desk.ledger.lots and force:
        to_unattributed(core, desk, desk.ledger, desk.epoch)
    before = desk.ledger
    desk.old[desk.epoch] = before
    desk.epoch += 1
    desk.ledger = Ledger(before.size_decimals)
    desk.kill, desk.flatten, desk.peak = None, True, 0
    spend_signals(core, desk)
    desk.close_cause, desk.check_failed = "", ""
    desk.close_since = desk.stop_cut_at = None
    core.publish(desk)
    core.step(desk)


async def close(core: Core, desk: Desk) -> StrategyState:
    """Close the open trade without killing; the strategy may open again on its next signal."""
    if desk.ledger.lots:
        closing.request_close(core, desk, "operator")
        spend_signals(core, desk)
        core.step(desk)
    return rows.row(core, desk)
