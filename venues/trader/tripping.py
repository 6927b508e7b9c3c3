"""Trips the kill switch: the gate closes at once, the disk and the venue follow side by side."""

import asyncio
import logging
from dataclasses import replace

from venues.contract.money import from_micros, to_micros
from venues.contract.states import Kill
from venues.trader.core import Core
from venues.trader.desk import Desk
from venues.trader.killswitch import trips
from venues.trader.store import NotStored

log = logging.getLogger(__name__)

PERSIST_AGAIN_S = 1.0


def check(core: Core, desk: Desk) -> None:
    """Check the kill switch at the price that counts; a counted mark moves the high-water mark.

    An exception in here closes the strategy's gate and alarms.
    """
    if desk.ledger.lots and not (desk.market.mark and core.price_fresh(desk.market)):
        return  # the next price checks (I18)
    try:
        total = desk.total_for_check()
        if desk.market.counts or not desk.ledger.lots:
            desk.peak = max(desk.peak, total)
            if core.config.kill_on == "drawdown":
                save_marks(core, desk)
        if desk.kill is None and trips(
            total, desk.peak, to_micros(desk.limits.max_strategy_loss), core.config.kill_on
        ):
            trip(core, desk, core.config.kill_on)
    except Exception as error:
        desk.check_failed = str(error) or type(error).__name__
        core.alarm("%s/%s: the kill check failed, its gate is closed: %s", *desk.key, error)
        log.exception("kill check")


def trip(core: Core, desk: Desk, cause: str, flatten: bool | None = None) -> None:
    """Kill a strategy: from this instant its gate is closed; persisting and closing begin."""
    if desk.kill is not None:
        return
    desk.flatten = core.config.on_kill == "close" if flatten is None else flatten
    desk.kill = Kill(
        epoch=desk.epoch,
        at=core.clock.iso(),
        cause=cause,
        total_pnl=desk.total_dollars(),
        limit=desk.limits.max_strategy_loss,
        left=abs(desk.ledger.size),
        state="gate_closed" if desk.flatten or not desk.lots else "held",
    )
    desk.signal = None
    desk.close_tries = 0
    desk.close_next = 0.0
    core.counts[f"kills:{cause}"] += 1
    log.warning("%s/%s KILLED: %s, total_pnl %s", *desk.key, cause, desk.kill.total_pnl)
    core.hub.publish(f"killed:{desk.key.strategy_id}:{desk.key.symbol}")
    core.publish(desk)
    persist(core, desk)
    core.step(desk)


def follow(core: Core, desk: Desk) -> None:
    """Let the kill's state follow what is held: a fill after flat takes "flat_confirmed" back (I14)."""
    if desk.kill is None or not desk.lots:
        return
    state = "gate_closed" if desk.flatten else "held"
    if desk.kill.state != state:
        desk.kill = replace(
            desk.kill, state=state, total_pnl_flat=None, left=abs(desk.ledger.size_of(desk.lots))
        )
        persist(core, desk)
        core.publish(desk)


def persist(core: Core, desk: Desk) -> asyncio.Future[None]:
    """Write the desk until the disk has it; the future is done after the first try."""
    first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    core.spawn(_persist(core, desk, first))
    return first


async def _persist(core: Core, desk: Desk, first: asyncio.Future[None]) -> None:
    try:
        kept = await _is_kept(core, desk)
    finally:
        if not first.done():
            first.set_result(None)
    if kept or desk.persisting:
        return  # one at a time tries again, however often a kill is repeated
    desk.persisting = True
    try:
        while not kept:
            await asyncio.sleep(PERSIST_AGAIN_S)
            kept = await _is_kept(core, desk)
    finally:
        desk.persisting = False


async def _is_kept(core: Core, desk: Desk) -> bool:
    if desk.resetting:
        async with core.changing:
            pass  # what the reset leaves is what is written
    marks = desk.marks
    try:
        await core.store.keep_kill(desk)
    except NotStored as error:
        if not desk.not_durable:
            core.alarm("%s/%s is in force but not durable: %s", *desk.key, error)
        desk.not_durable = str(error) or type(error).__name__
        core.publish(desk)
        return False
    desk.marks_saved = marks
    desk.not_durable = ""
    return True


def save_marks(core: Core, desk: Desk) -> None:
    """Write marks that have moved; one write at a time."""
    if desk.marks != desk.marks_saved and not desk.saving_marks:
        desk.saving_marks = True
        core.spawn(_save_marks(core, desk))


async def _save_marks(core: Core, desk: Desk) -> None:
    try:
        while desk.marks != desk.marks_saved:
            epoch, marks = desk.epoch, desk.marks
            await core.store.keep_marks(desk)
            if desk.epoch == epoch:
                desk.marks_saved = marks
    except NotStored as error:
        log.warning("%s/%s: its marks are not on disk: %s", *desk.key, error)
    finally:
        desk.saving_marks = False


def micros_text(micros: int) -> str:
    """Give micro-dollars for a sentence."""
    return f"{from_micros(micros):.2f}"
