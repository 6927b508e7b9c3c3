"""What a trader reports of a strategy, a trade, its account: frozen, to and from JSON (api.md).

Money is Decimal dollars here, `None` where it is not known; times are ISO 8601 in UTC.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, Self, TypeVar

from venues.contract.errors import BadAnswer
from venues.contract.limits import SPEC, RiskLimits
from venues.contract.money import from_micros, to_micros
from venues.contract.names import is_name

Given = TypeVar("Given")
Side = Literal["long", "short"]
Status = Literal["Active", "Disabled", "Killed"]
SIDES = ("long", "short")
NETWORKS = ("paper", "testnet", "mainnet")
KILL_STATES = ("requested", "gate_closed", "flat_confirmed", "held")
KILLS_ON = ("loss", "drawdown")
CAUSES = ("loss", "drawdown", "operator", "kill_all", "liquidation", "recovery", "memory_lost", "day_loss")
# Money has six decimals on every wire; a plain program's binary floats come with more.
MONEY = {
    *SPEC, "total_pnl", "total_pnl_flat", "drawdown", "limit", "unrealized_pnl", "planned_loss",
    "equity", "margin_used", "unattributed", "pnl", "fees", "funding", "slippage",
}  # fmt: skip
LONGEST_TEXT = 500
MOST_WARNINGS = 20


def derive_status(is_killed: bool, enabled: bool) -> Status:
    """Give the status of risk.md, "Words": derived, never stored."""
    if is_killed:
        return "Killed"
    return "Active" if enabled else "Disabled"


def counted_loss(kill_on: str | None, total_pnl: Decimal | None, drawdown: Decimal | None) -> Decimal | None:
    """Give the USD that count against Max DD, negative for a gain; None where they are not known.

    The loss since the last reset, unless the trader says that it kills on drawdown (risk.md, "Kill switch").
    """
    if kill_on == "drawdown":
        return drawdown
    return None if total_pnl is None else -total_pnl


def number(value: Any, name: str) -> Decimal:
    """Give a reported number, never a binary float's digits, money with six decimals; raises BadAnswer."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise BadAnswer(f"{name} is not a number: {value!r}")
    try:
        given = Decimal(str(value))
    except InvalidOperation:
        raise BadAnswer(f"{name} is not a number: {value!r}") from None
    if not given.is_finite() or abs(given) > Decimal("1e18"):
        raise BadAnswer(f"{name} is not a number to work with: {value!r}")
    finer = name in MONEY and -int(given.as_tuple().exponent) > 6
    return from_micros(to_micros(given)) if finer else given


def optional_number(value: Any, name: str) -> Decimal | None:
    """Give a reported number or None; raises BadAnswer."""
    return None if value is None else number(value, name)


def text(value: Any, name: str) -> str:
    """Give reported text, the beginning of one that is too long; raises BadAnswer."""
    if not isinstance(value, str):
        raise BadAnswer(f"{name} is not text")
    return value[:LONGEST_TEXT]


class FromJson:
    """Reads a dataclass from a mapping, ignoring unknown keys; numbers by their annotation."""

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Give the value of a JSON object; raises BadAnswer where a field is missing or wrong."""
        if not isinstance(data, Mapping):
            raise BadAnswer(f"{cls.__name__} is not an object")
        given: dict[str, Any] = {}
        for spec in fields(cls):  # type: ignore[arg-type]  # every subclass is a dataclass
            if spec.name not in data:
                continue
            value = data[spec.name]
            if spec.type in {Decimal, "Decimal"}:
                value = number(value, spec.name)
            elif spec.type in {Decimal | None, "Decimal | None"}:
                value = optional_number(value, spec.name)
            elif spec.type in {str, "str"}:
                value = text(value, spec.name)
            elif spec.type in {str | None, "str | None"}:
                value = None if value is None else text(value, spec.name)
            elif spec.type in {bool, "bool"} and not isinstance(value, bool):
                raise BadAnswer(f"{spec.name} is not true or false")
            elif spec.type in {int, "int"} and (isinstance(value, bool) or not isinstance(value, int)):
                raise BadAnswer(f"{spec.name} is not a whole number")
            given[spec.name] = value
        try:
            return cls(**given)
        except TypeError as error:
            raise BadAnswer(f"{cls.__name__}: {error}") from None

    def to_json(self) -> dict[str, Any]:
        """Give the fields under their wire names."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]  # every subclass is a dataclass


@dataclass(frozen=True)
class Position(FromJson):
    """The open trade of one strategy; size is positive, prices in USD, planned_loss in USD."""

    side: str
    size: Decimal
    entry_price: Decimal
    mark_price: Decimal | None = None
    unrealized_pnl: Decimal | None = None
    stop_price: Decimal | None = None
    planned_loss: Decimal | None = None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Give the position of a JSON object; raises BadAnswer, for a side that is none of two as well."""
        found = super().from_json(data)
        if found.side not in SIDES:
            raise BadAnswer(f"side is none of {', '.join(SIDES)}: {found.side!r}")
        return found


@dataclass(frozen=True)
class Kill(FromJson):
    """The kill of one epoch (api.md, "Rows"); total_pnl, limit and left in USD or size units."""

    epoch: int
    at: str
    cause: str
    total_pnl: Decimal | None = None
    total_pnl_flat: Decimal | None = None
    limit: Decimal | None = None
    left: Decimal | None = None
    tries: int = 0
    last_answer: str | None = None
    state: str = "gate_closed"

    def __str__(self) -> str:
        """Give a line for a log, of what is known."""
        said = f"{self.cause} at {self.at}, epoch {self.epoch}, {self.state}"
        for name in ("total_pnl", "limit", "left", "last_answer"):
            value = getattr(self, name)
            said += f", {name} {value}" * (value is not None)
        return said


@dataclass(frozen=True)
class Denial(FromJson):
    """The last order that the gate or the sizing denied, and why."""

    reason: str
    at: str


@dataclass(frozen=True)
class StrategyState:
    """One row as a trader reports it: the mission's nine fields, and what is known beyond them."""

    strategy_id: str
    symbol: str
    enabled: bool
    limits: RiskLimits
    is_killed: bool
    total_pnl: Decimal | None
    model_reward: Decimal | None = None
    name: str | None = None
    revision: int | None = None
    epoch: int = 0
    kill: Kill | None = None
    drawdown: Decimal | None = None
    leverage: int | None = None
    last_denial: Denial | None = None
    position: Position | None = None
    warnings: tuple[str, ...] = ()
    kill_on: str | None = None
    as_of: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """Derived, never stored."""
        return derive_status(self.is_killed, self.enabled)

    def to_json(self) -> dict[str, Any]:
        """Give the row of api.md, section 2 (no `source`, no `sync`)."""
        return {
            "strategy_id": self.strategy_id,
            "symbol": self.symbol,
            "name": self.name,
            "enabled": self.enabled,
            **self.limits.to_json(),
            "is_killed": self.is_killed,
            "total_pnl": self.total_pnl,
            "model_reward": self.model_reward,
            "status": self.status,
            "revision": self.revision,
            "epoch": self.epoch,
            "kill": self.kill.to_json() if self.kill else None,
            "drawdown": self.drawdown,
            "leverage": self.leverage,
            "last_denial": self.last_denial.to_json() if self.last_denial else None,
            "position": self.position.to_json() if self.position else None,
            "warnings": list(self.warnings),
            "kill_on": self.kill_on,
            "as_of": self.as_of,
            **self.extra,
        }

    @classmethod
    def from_json(cls, data: Any) -> "StrategyState":
        """Give a trader's row; unknown fields ignored, missing optional ones null; raises BadAnswer.

        A row without `revision` is of the minimal contract, where only its nine fields mean what we
        mean by them: what else cannot be read is the trader's own affair, and null.
        """
        if not isinstance(data, Mapping):
            raise BadAnswer("a strategy is not an object")
        for name in ("strategy_id", "symbol"):
            if not is_name(name, data.get(name)):
                raise BadAnswer(f"{name} is missing or not well-formed: {data.get(name)!r}"[:LONGEST_TEXT])
        try:
            return cls._read(data)
        except BadAnswer as error:
            raise BadAnswer(f"{data['strategy_id']}/{data['symbol']}: {error}"[:LONGEST_TEXT]) from None

    @classmethod
    def _read(cls, data: Mapping[str, Any]) -> "StrategyState":
        for name in ("enabled", "is_killed"):
            if not isinstance(data.get(name), bool):
                raise BadAnswer(f"{name} is missing or not true or false: {data.get(name)!r}")
        revision = _whole(data.get("revision"), "revision")
        return cls(
            strategy_id=data["strategy_id"],
            symbol=data["symbol"],
            enabled=data["enabled"],
            limits=RiskLimits(**{name: number(data.get(name), name) for name in SPEC}),
            is_killed=data["is_killed"],
            total_pnl=optional_number(data.get("total_pnl"), "total_pnl"),
            model_reward=optional_number(data.get("model_reward"), "model_reward"),
            revision=revision,
            **_beyond_the_nine(data, strict=revision is not None),
        )


def _beyond_the_nine(data: Mapping[str, Any], strict: bool) -> dict[str, Any]:
    """Give the fields that the mission does not know; unless `strict`, null for what cannot be read."""

    def read(name: str, reader: Callable[[Any], Given]) -> Given | None:
        value = data.get(name)
        if value is None:
            return None
        try:
            return reader(value)
        except BadAnswer:
            if strict:
                raise
            return None

    warnings = data.get("warnings")
    told = warnings[:MOST_WARNINGS] if isinstance(warnings, list) else []
    return {
        "name": data["name"][:LONGEST_TEXT] if isinstance(data.get("name"), str) else None,
        "epoch": read("epoch", lambda value: _whole(value, "epoch")) or 0,
        "kill": read("kill", Kill.from_json),
        "drawdown": read("drawdown", lambda value: number(value, "drawdown")),
        "leverage": read("leverage", lambda value: _whole(value, "leverage")),
        "last_denial": read("last_denial", Denial.from_json),
        "position": read("position", Position.from_json),
        "warnings": tuple(str(said)[:LONGEST_TEXT] for said in told),
        "kill_on": data["kill_on"] if data.get("kill_on") in KILLS_ON else None,
        "as_of": data["as_of"][:LONGEST_TEXT] if isinstance(data.get("as_of"), str) else None,
    }


def _whole(value: Any, name: str) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise BadAnswer(f"{name} is not a whole number: {value!r}")
    return value


@dataclass(frozen=True)
class Trade(FromJson):
    """One closed trade of one strategy; money in USD, slippage against its planned stop."""

    trade_id: str
    strategy_id: str
    symbol: str
    epoch: int
    side: str
    size: Decimal
    entry_price: Decimal
    exit_price: Decimal
    opened_at: str
    closed_at: str
    pnl: Decimal
    fees: Decimal
    funding: Decimal
    slippage: Decimal | None = None
    closed_by: str = ""


@dataclass(frozen=True)
class Account(FromJson):
    """The account as the trader sees it; equity and network None while they are not known."""

    equity: Decimal | None = None
    margin_used: Decimal | None = None
    unattributed: Decimal | None = None
    network: str | None = None
    venue: str = ""
    halted: str | None = None
    connected: bool = False
    as_of: str | None = None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Give the account of a JSON object, a network by another name as unknown; raises BadAnswer."""
        found = super().from_json(data)
        return found if found.network in NETWORKS else replace(found, network=None)
