"""The live copy of what traders report: values and the rules by which a report replaces another."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from portfolio.models import Strategy
from venues.contract.errors import BadAnswer
from venues.contract.limits import RiskLimits
from venues.contract.listing import Unread
from venues.contract.names import RowKey
from venues.contract.states import Account, StrategyState

ONLINE_S = 5.0
OFFLINE_S = 15.0
LATE_S = 3.0
NEVER = float("-inf")


@dataclass
class Report:
    """One strategy as last reported: `heard` is monotonic, `at` the same moment in UTC."""

    number: int
    key: RowKey
    state: StrategyState
    at: datetime
    heard: float = NEVER
    present: bool = True
    unread: str = ""  # why what the trader reports of it cannot be read
    forgotten: bool = False  # the trader does not know of a kill that it once reported
    dirty: bool = False
    _rendered: tuple[StrategyState, dict[str, Any]] | None = None

    def shown(self) -> dict[str, Any]:
        """Give the state as JSON, made once for each state: shared, so for reading only."""
        if self._rendered is None or self._rendered[0] is not self.state:
            self._rendered = (self.state, self.state.to_json())
        return self._rendered[1]


@dataclass
class Link:
    """What is known of one trader's link; `heard` is monotonic, None where nobody was ever heard."""

    heard: float | None = None
    heard_at: datetime | None = None
    refused: bool = False
    error: str | None = None
    account: Account | None = None
    unread: tuple[Unread, ...] = ()
    shown: str = "offline"
    stored_at: float = NEVER
    minute: str = ""

    def age_s(self) -> float | None:
        """Give the seconds since the last message, None where there was none."""
        return None if self.heard is None else time.monotonic() - self.heard

    def status(self) -> str:
        """Give online, stale or offline by the age of the last message (api.md, "Rows")."""
        age = self.age_s()
        if age is None or self.refused or age > OFFLINE_S:
            return "offline"
        return "online" if age < ONLINE_S else "stale"


def state_of(strategy: Strategy) -> StrategyState:
    """Give the report that the database holds; one that cannot be read shows as disabled."""
    try:
        return StrategyState.from_json(strategy.report)
    except BadAnswer:
        return StrategyState(
            strategy_id=strategy.strategy_id,
            symbol=strategy.symbol,
            enabled=False,
            limits=RiskLimits(),
            is_killed=strategy.is_killed,
            total_pnl=strategy.total_pnl,
            epoch=strategy.epoch,
        )


def report_of(strategy: Strategy) -> Report:
    """Give the live copy's entry of a stored strategy; reads its trader."""
    return Report(
        number=strategy.pk,
        key=strategy.key,
        state=state_of(strategy),
        at=strategy.reported_at,
        present=strategy.present,
    )


def merged(held: Report, state: StrategyState, complete: bool) -> tuple[StrategyState, bool]:
    """Give (what holds now, whether the trader forgot a kill) of a report and the one before it.

    A message with a lower revision or epoch than one heard moments ago was overtaken: another one
    follows, so only a kill is taken from it, and none of an epoch that is over. Within one epoch a
    kill is never undone, not by a late message and not by a trader restored from a backup (risk.md,
    I13). A trader without revisions has no epochs either and is believed.
    """
    before = held.state
    if state.revision is None:
        return state, False
    late = state.revision < (before.revision or 0) or state.epoch < before.epoch
    if late and not complete and time.monotonic() - held.heard < LATE_S:
        killed = state.is_killed and not before.is_killed and state.epoch >= before.epoch
        taken = replace(before, is_killed=True, kill=state.kill, epoch=state.epoch) if killed else before
        return taken, held.forgotten
    if before.is_killed and not state.is_killed and state.epoch <= before.epoch:
        return replace(state, is_killed=True, kill=before.kill, epoch=before.epoch), True
    return state, False


def is_news(before: StrategyState, after: StrategyState) -> bool:
    """Tell whether anything but the time of the report differs."""
    return replace(before, as_of=None) != replace(after, as_of=None)


def is_urgent(before: StrategyState, after: StrategyState) -> bool:
    """Tell whether the change must be on disk at once: a kill or a reset.

    Acknowledged settings are stored with their delivery; a second writer at that moment would
    make it wait for SQLite's lock.
    """
    return any(getattr(before, name) != getattr(after, name) for name in ("is_killed", "kill", "epoch"))


def money(amount: Decimal | None) -> Decimal | None:
    """Give a reported amount as the money column holds it; None for one beyond it."""
    if amount is None or abs(amount) > Decimal(9_000_000_000_000):
        return None
    return amount.quantize(Decimal("0.000001"))


def tells_positions(state: StrategyState) -> bool:
    """Tell whether no position means flat: a trader of the minimal contract tells no revision either."""
    return state.revision is not None or state.position is not None


def open_pnl(state: StrategyState) -> Decimal | None:
    """Give the PnL of a strategy's open trade, 0 while it is flat; None where that is not known (USD)."""
    if state.position is not None:
        return state.position.unrealized_pnl
    return Decimal(0) if tells_positions(state) else None


def whole(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Give the sum of amounts that are all known; None where one is not."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
