"""Warnings that PM can derive of a row: they travel in the answer and refuse nothing (risk.md)."""

from datetime import datetime
from decimal import Decimal

from riskcontrol.agreement import Settings, refusals
from venues.contract.limits import RiskLimits
from venues.contract.states import StrategyState, counted_loss

# Two taker fees of 0.045 % and the default slip of 0.1 %, as in risk.md's example: 5.70 of 3 000.
ROUND_TRIP_COST = Decimal("0.0019")


def warnings(
    settings: Settings,
    state: StrategyState,
    equity: Decimal | None,
    *,
    present: bool,
    unread: str,
    sync: str,
    kill_asked_at: datetime | None,
    forgotten: bool,
) -> list[str]:
    """Give the trader's warnings and PM's own, each once, those about kills first."""
    said: list[str] = []
    if kill_asked_at is not None:
        said.append(f"kill asked for at {kill_asked_at:%H:%M:%S} UTC, not yet acknowledged by the trader")
    if forgotten:
        said.append("the trader does not know of this kill; it is sent again")
    if unread:
        said.append(f"what the trader reports of it cannot be read: {unread}")
    elif not present:
        said.append("not running at the trader")
    if sync == "rejected":
        said += refusals(settings, state)
    in_force = state.limits if sync == "rejected" else settings
    said += _of_limits(in_force, state, equity)
    return list(dict.fromkeys([*said, *state.warnings]))


def _of_limits(settings: Settings | RiskLimits, state: StrategyState, equity: Decimal | None) -> list[str]:
    said = []
    loss, stop = settings.max_strategy_loss, settings.stop_loss_dollars
    lost = counted_loss(state.kill_on, state.total_pnl, state.drawdown)
    if lost is not None and lost > loss and not state.is_killed:
        said.append(f"this kills now: the {state.kill_on or 'loss'} is above Max DD")
    if stop > loss:
        said.append("stop loss is above Max DD")
    if equity is None or state.leverage is None:
        return said
    notional = equity * settings.risk_per_trade / 100 * state.leverage
    cost = notional * ROUND_TRIP_COST
    if cost >= stop:
        said.append(
            f"at an equity of {equity:.2f} no trade can open: notional {notional:.2f},"
            f" its costs are {cost:.2f}, the stop is {stop:f}"
        )
    if loss < 10 * cost:
        said.append(f"Max DD is below ten round-trip costs of {cost:.2f}")
    return said
