"""The strategies file: which algorithm trades which market, read once at start, loud where it is wrong."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from venues.contract.errors import Refused
from venues.contract.money import NotANumber, strict_number
from venues.contract.names import SENTENCE, StrategyKey, is_name
from venues.serving.parsers import strict_json
from venues.trader.strategies.base import Strategy
from venues.trader.strategies.builtin import BUILT_IN

REQUIRED = ("strategy_id", "symbol", "algorithm", "leverage")
KNOWN = {*REQUIRED, "name", "parameters", "model_reward", "model"}
HIGHEST_LEVERAGE = 1000  # the market's own maximum is checked when it is known
LONGEST_NAME = 80


class RosterError(ImproperlyConfigured):
    """A strategies file that no trader starts with; its text names file, entry and field."""


@dataclass(frozen=True)
class RosterEntry:
    """One strategy as the file has it; `model_reward` None where no model gave one."""

    strategy_id: str
    name: str
    symbol: str
    algorithm: Strategy
    leverage: int
    model_reward: Decimal | None

    @property
    def key(self) -> StrategyKey:
        """What names it within the trader."""
        return StrategyKey(self.strategy_id, self.symbol)


def load(path: Path) -> list[RosterEntry]:
    """Give the entries of a strategies file in its order; raises RosterError (api.md, section 4)."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise RosterError(f"{path}: cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RosterError(f"{path}: is not TOML: {error}.") from None
    for name in tables:
        if name != "strategy":
            raise RosterError(f"{path}: {name} is not known; entries begin with [[strategy]].")
    listed = tables.get("strategy", [])
    if not isinstance(listed, list):
        raise RosterError(f"{path}: write [[strategy]], with two brackets.")
    entries = [read_entry(path, number, table) for number, table in enumerate(listed, 1)]
    check_together(path, entries)
    return entries


def read_entry(path: Path, number: int, table: Any) -> RosterEntry:
    """Give one entry; raises RosterError naming entry and field."""
    try:
        if not isinstance(table, Mapping):
            raise Wrong("strategy", "must be a table")
        for name in table:
            if name not in KNOWN:
                raise Wrong(name, "is not a known field")
        for name in REQUIRED:
            if name not in table:
                raise Wrong(name, "is missing")
        return RosterEntry(
            strategy_id=read_name("strategy_id", table["strategy_id"]),
            symbol=read_name("symbol", table["symbol"]),
            name=read_title(table.get("name", table["strategy_id"])),
            algorithm=read_algorithm(table["algorithm"], table.get("parameters", {})),
            leverage=read_leverage(table["leverage"]),
            model_reward=read_reward(path.parent, table),
        )
    except Wrong as wrong:
        named = table.get("strategy_id", "") if isinstance(table, Mapping) else ""
        raise RosterError(f"{path}: strategy {number} ({named}): {wrong.field} {wrong.said}.") from None


class Wrong(Exception):
    """A field and what is wrong with it."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(field, said)
        self.field = field
        self.said = said


def read_name(field: str, value: Any) -> str:
    """Give a well-formed strategy_id or symbol."""
    if not is_name(field, value):
        sentence = SENTENCE[field]
        raise Wrong(field, f"{sentence[:1].lower()}{sentence[1:].rstrip('.')}, not {value!r}")
    return str(value)


def read_title(value: Any) -> str:
    """Give the name that people see."""
    if (
        not isinstance(value, str)
        or not value.strip()
        or not value.isprintable()
        or len(value) > LONGEST_NAME
    ):
        raise Wrong("name", f"must be 1 to {LONGEST_NAME} printable characters")
    return value.strip()


def read_leverage(value: Any) -> int:
    """Give a leverage as a whole number."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= HIGHEST_LEVERAGE:
        raise Wrong("leverage", f"must be a whole number from 1 to {HIGHEST_LEVERAGE}, not {value!r}")
    return value


def read_algorithm(value: Any, parameters: Any) -> Strategy:
    """Give the algorithm, made with its parameters."""
    if not isinstance(value, str):
        raise Wrong("algorithm", "must be text")
    if not isinstance(parameters, dict):
        raise Wrong("parameters", "must be a table")
    kind = BUILT_IN.get(value) or dotted(value)
    try:
        return kind(**parameters)
    except (ValueError, TypeError) as error:
        raise Wrong("parameters", f"do not fit {value}: {error}") from None


def dotted(path: str) -> type[Strategy]:
    """Give the Strategy class that a dotted path names."""
    module, dot, name = path.rpartition(".")
    if not dot:
        raise Wrong("algorithm", f"{path!r} is none of {', '.join(BUILT_IN)}, nor a dotted path")
    try:
        found = getattr(import_module(module), name)
    except Exception as error:  # noqa: BLE001  # an algorithm's module may fail in any way of its own
        raise Wrong("algorithm", f"{path!r} cannot be imported: {error}") from None
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        raise Wrong("algorithm", f"{path!r} is not a Strategy class")
    return found


def read_reward(directory: Path, table: Mapping[str, Any]) -> Decimal | None:
    """Give the reward written in the entry or carried by its model file; None where neither is."""
    if "model" not in table:
        return read_number("model_reward", table["model_reward"]) if "model_reward" in table else None
    if "model_reward" in table:
        raise Wrong("model", "and model_reward cannot both be given")
    if not isinstance(table["model"], str):
        raise Wrong("model", "must be the path of a file")
    try:
        carried = strict_json((directory / table["model"]).read_bytes())
    except OSError as error:
        raise Wrong("model", f"{table['model']!r} cannot be read: {error.strerror}") from None
    except (Refused, ValueError) as error:
        raise Wrong("model", f"{table['model']!r} is not JSON: {error}") from None
    if not isinstance(carried, dict) or "model_reward" not in carried:
        raise Wrong("model", f"{table['model']!r} carries no model_reward")
    return read_number("model", carried["model_reward"])


def read_number(field: str, value: Any) -> Decimal:
    """Give a finite number."""
    try:
        return strict_number(value)
    except NotANumber:
        raise Wrong(field, f"must be a number, not {value!r}") from None


def check_together(path: Path, entries: list[RosterEntry]) -> None:
    """Refuse two entries that cannot trade beside each other (risk.md, "Several strategies")."""
    keys: set[StrategyKey] = set()
    leverages: dict[str, RosterEntry] = {}
    for number, entry in enumerate(entries, 1):
        where = f"{path}: strategy {number} ({entry.strategy_id})"
        if entry.key in keys:
            raise RosterError(f"{where}: strategy_id and symbol {entry.symbol} come twice.")
        keys.add(entry.key)
        first = leverages.setdefault(entry.symbol, entry)
        if first.leverage != entry.leverage:
            said = f"{entry.leverage} differs from {first.leverage} of {first.strategy_id} on {entry.symbol}"
            raise RosterError(f"{where}: leverage {said}.")
