"""Where PM and a trader agree: desired against reported, and the word for it. Decides, changes nothing."""

from decimal import Decimal
from typing import Any, NamedTuple

from riskcontrol.models import RiskSettings
from venues.contract.limits import LIMIT_NAMES
from venues.contract.states import StrategyState

OWNED = ("enabled", *LIMIT_NAMES)
NO_REASON = "The trader gave no reason."


class Desired(NamedTuple):
    """The stored settings of one strategy as plain values: a list of many reads them ten times faster."""

    strategy_id: int
    enabled: bool
    risk_per_trade: Decimal
    stop_loss_dollars: Decimal
    max_strategy_loss: Decimal
    revision: int
    enabling: int | None
    refused: dict[str, Any]
    refusals: dict[str, str]


Settings = RiskSettings | Desired


def desired(settings: Settings) -> dict[str, Any]:
    """Give the four fields that PM owns, as PM desires them."""
    return {name: getattr(settings, name) for name in OWNED}


def reported(state: StrategyState) -> dict[str, Any]:
    """Give the four fields as the trader reports them."""
    return {"enabled": state.enabled, **state.limits.to_json()}


def differences(settings: Settings, state: StrategyState) -> dict[str, Any]:
    """Give the desired values of the fields that the trader reports otherwise."""
    theirs = reported(state)
    return {name: value for name, value in desired(settings).items() if value != theirs[name]}


def drift(settings: Settings, state: StrategyState) -> dict[str, Any]:
    """Give the differences that are not simply values the trader has refused."""
    found = differences(settings, state)
    return {
        name: value
        for name, value in found.items()
        if name not in settings.refused or settings.refused[name] != value
    }


def sync(settings: Settings, state: StrategyState, pending: bool) -> str:
    """Give applied, pending, rejected or drift (api.md, "Rows")."""
    if pending or settings.enabling is not None:
        return "pending"
    if drift(settings, state):
        return "drift"
    return "rejected" if differences(settings, state) else "applied"


def refusals(settings: Settings, state: StrategyState) -> list[str]:
    """Give the trader's sentences for the values that it has refused and PM still desires, each once."""
    refused = [name for name in differences(settings, state) if name in settings.refused]
    return list(dict.fromkeys(settings.refusals.get(name, NO_REASON) for name in refused))
