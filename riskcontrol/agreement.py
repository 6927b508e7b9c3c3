"""Where PM and a trader agree: desired against reported, and the word for it. Decides, changes nothing."""

from typing import Any

from riskcontrol.models import RiskSettings
from venues.contract.limits import LIMIT_NAMES
from venues.contract.states import StrategyState

OWNED = ("enabled", *LIMIT_NAMES)


def desired(settings: RiskSettings) -> dict[str, Any]:
    """Give the four fields that PM owns, as PM desires them."""
    return {name: getattr(settings, name) for name in OWNED}


def reported(state: StrategyState) -> dict[str, Any]:
    """Give the four fields as the trader reports them."""
    return {"enabled": state.enabled, **state.limits.to_json()}


def differences(settings: RiskSettings, state: StrategyState) -> dict[str, Any]:
    """Give the desired values of the fields that the trader reports otherwise."""
    theirs = reported(state)
    return {name: value for name, value in desired(settings).items() if value != theirs[name]}


def drift(settings: RiskSettings, state: StrategyState) -> dict[str, Any]:
    """Give the differences that are not simply values the trader has refused."""
    found = differences(settings, state)
    return {
        name: value
        for name, value in found.items()
        if name not in settings.refused or settings.refused[name] != value
    }


def sync(settings: RiskSettings, state: StrategyState, pending: bool) -> str:
    """Give applied, pending, rejected or drift (api.md, "Rows")."""
    if pending or settings.enabling is not None:
        return "pending"
    if drift(settings, state):
        return "drift"
    return "rejected" if differences(settings, state) else "applied"
