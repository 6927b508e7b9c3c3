"""RiskLimits: the three settings of one strategy, their bounds, labels and parsing (risk.md)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from venues.contract.errors import Refused, invalid
from venues.contract.money import NotANumber, decimals_of, plain, strict_number


@dataclass(frozen=True)
class LimitSpec:
    """One setting: its field name, label on every face, greatest value and decimals."""

    name: str
    label: str
    highest: Decimal
    decimals: int
    default: Decimal

    def check(self, number: Decimal) -> str | None:
        """Give the sentence for a number out of bounds, None for one that is accepted."""
        if number <= 0:
            return "Must be above 0."
        if number > self.highest:
            return f"Must be at most {self.highest:f}."
        if decimals_of(number) > self.decimals:
            return f"Must have at most {self.decimals} decimals."
        return None


SPECS = (
    LimitSpec("risk_per_trade", "Risk/Trade (%)", Decimal(100), 4, Decimal(1)),
    LimitSpec("stop_loss_dollars", "Stop Loss ($)", Decimal(1_000_000), 2, Decimal(5)),
    LimitSpec("max_strategy_loss", "Max DD ($)", Decimal(1_000_000), 2, Decimal(50)),
)
SPEC = {spec.name: spec for spec in SPECS}
LIMIT_NAMES = tuple(SPEC)


@dataclass(frozen=True)
class RiskLimits:
    """The three settings: percent of equity as margin, dollars per trade, dollars until the kill."""

    risk_per_trade: Decimal = SPEC["risk_per_trade"].default
    stop_loss_dollars: Decimal = SPEC["stop_loss_dollars"].default
    max_strategy_loss: Decimal = SPEC["max_strategy_loss"].default

    def changed(self, changes: Mapping[str, Decimal]) -> "RiskLimits":
        """Give these limits with `changes` (a subset of the three) put in."""
        return replace(self, **{name: plain(value) for name, value in changes.items()})

    def to_json(self) -> dict[str, Decimal]:
        """Give the three fields under their wire names."""
        return {name: getattr(self, name) for name in LIMIT_NAMES}


def parse_limit(name: str, value: Any) -> Decimal:
    """Give one setting from a strictly parsed JSON value; raises ValueError with the sentence."""
    number = strict_number(value)
    wrong = SPEC[name].check(number)
    if wrong:
        raise ValueError(wrong)
    return plain(number)


def parse_changes(
    body: Any, also: Collection[str] = (), required: bool = True
) -> tuple[dict[str, Decimal], dict[str, Any]]:
    """Give (settings to change, the other known keys) of a request body.

    `also` names keys that are allowed beside the three. Raises Refused (400 `invalid`, with
    `fields`) for a body that is no object, an unknown key, a bad value, or none of the three
    while `required`.
    """
    if not isinstance(body, Mapping):
        raise Refused("The body must be a JSON object.", code="invalid")
    wrong: dict[str, list[str]] = {}
    changes: dict[str, Decimal] = {}
    rest: dict[str, Any] = {}
    for name, value in body.items():
        if name in SPEC:
            try:
                changes[name] = parse_limit(name, value)
            except (NotANumber, ValueError) as error:
                wrong[name] = [str(error)]
        elif name in also:
            rest[name] = value
        else:
            wrong[str(name)] = ["Unknown field."]
    if wrong:
        first = next(iter(wrong))
        raise invalid(wrong, SPEC[first].label if first in SPEC else first)
    if required and not changes:
        raise Refused(
            "Name at least one of risk_per_trade, stop_loss_dollars, max_strategy_loss.",
            code="invalid",
            fields={"non_field_errors": ["Name at least one of the three settings."]},
        )
    return changes, rest


def parse_revision(value: Any, field: str = "revision") -> int:
    """Give a revision or epoch: a JSON integer from 0 to 2^53; raises Refused naming the field."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 2**53:
        raise Refused(
            f"{field} must be a whole number from 0.",
            code="invalid",
            fields={field: ["Must be a whole number from 0."]},
        )
    return value


def parse_flag(value: Any, field: str) -> bool:
    """Give a JSON boolean; raises Refused naming the field."""
    if not isinstance(value, bool):
        raise Refused(
            f"{field} must be true or false.", code="invalid", fields={field: ["Must be true or false."]}
        )
    return value


def parse_reason(value: Any, field: str = "reason") -> str:
    """Give a reason: text of at most 500 characters without control characters; raises Refused."""
    ok = isinstance(value, str) and len(value) <= 500 and (not value or value.isprintable())
    if not ok:
        said = "Must be text of at most 500 printable characters."
        raise Refused(
            f"{field} must be text of at most 500 characters.", code="invalid", fields={field: [said]}
        )
    return str(value)
