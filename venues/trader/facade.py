"""What every face of a trader (API, sockets, page) asks of its engine, and the engine of this process."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol

from venues.contract.errors import Unreachable
from venues.contract.names import StrategyKey
from venues.contract.states import Account, StrategyState, Trade
from venues.serving.hub import Hub

Change = tuple[StrategyKey, dict[str, Decimal], int | None]


class Facade(Protocol):
    """One trader's engine, used on its loop only.

    `hub` publishes "strategy:<id>:<symbol>", "killed:<id>:<symbol>", "trade:<trade_id>",
    "account", and "strategies" when one has left.
    """

    source: str
    hub: Hub
    restored: bool  # False until memory is read: its rows are not there yet

    def rows(self) -> list[StrategyState]:
        """Give every strategy."""

    def row(self, key: StrategyKey) -> StrategyState:
        """Give one strategy; NotFound."""

    def account(self) -> Account:
        """Give the account as last read."""

    def positions(self) -> list[dict[str, Any]]:
        """Give the account's open positions."""

    def orders(self) -> list[dict[str, Any]]:
        """Give the account's resting orders."""

    def trades(self, count: int = 50) -> list[Trade]:
        """Give the last closed trades, newest first."""

    def equity(self) -> list[dict[str, Any]]:
        """Give the points of the equity curve."""

    async def apply_settings(
        self, key: StrategyKey, changes: dict[str, Decimal], revision: int | None
    ) -> StrategyState:
        """Put settings in force, in memory and on disk; NotFound, Conflict with the row."""

    async def apply_settings_list(self, items: list[Change]) -> Sequence[StrategyState]:
        """The same for several, all or nothing."""

    async def enable(self, key: StrategyKey, revision: int | None) -> StrategyState:
        """Let it open trades; Conflict `killed`."""

    async def disable(self, key: StrategyKey, revision: int | None) -> StrategyState:
        """Let it open nothing more."""

    async def reset(self, key: StrategyKey, epoch: int | None, force: bool = False) -> StrategyState:
        """Clear the kill and begin the next epoch; Conflict `not_killed`, `epoch`, `not_flat`."""

    async def kill(
        self, key: StrategyKey, flatten: bool | None = None, reason: str = "", cause: str = "operator"
    ) -> StrategyState:
        """Trip the kill switch; `not_durable` where it is in force and not on disk."""

    async def close(self, key: StrategyKey) -> StrategyState:
        """Close the open trade, without killing."""

    def metrics(self) -> dict[str, float]:
        """Give name -> value for /metrics."""

    async def run(self) -> None:
        """Trade until cancelled."""

    async def stop(self) -> None:
        """End what `run` began."""


_running: list[Facade] = []


def set_engine(engine: Facade) -> None:
    """Make this the engine that the faces of the process serve."""
    _running[:] = [engine]


def engine() -> Facade:
    """Give the engine of this process; Unreachable until it has read its memory."""
    if not _running or not _running[0].restored:
        raise Unreachable("The trader is starting.", code="trader_unreachable")
    return _running[0]
