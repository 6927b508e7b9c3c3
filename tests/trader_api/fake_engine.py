"""An engine without a venue that keeps the facade's promises, for tests of the faces."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from venues.contract.errors import Conflict, NotFound, ProductError
from venues.contract.limits import RiskLimits
from venues.contract.names import StrategyKey
from venues.contract.states import Account, Kill, Position, StrategyState, Trade
from venues.serving.hub import Hub

BTC = StrategyKey("momentum", "BTC")
ETH = StrategyKey("mean-reversion", "ETH")
TSLA = StrategyKey("shares", "xyz:TSLA")
AT = "2026-11-22T07:47:05.123456Z"


def strategy(key: StrategyKey, **given: Any) -> StrategyState:
    blank: dict[str, Any] = {
        "name": key.strategy_id.title(),
        "enabled": True,
        "limits": RiskLimits(),
        "is_killed": False,
        "total_pnl": Decimal("-12.34"),
        "model_reward": Decimal("123.4"),
        "revision": 0,
        "leverage": 5,
        "as_of": AT,
    }
    return StrategyState(key.strategy_id, key.symbol, **{**blank, **given})


def trade(number: int) -> Trade:
    one = Decimal(1)
    return Trade(str(number), *BTC, 0, "long", one, one, one, AT, AT, one, one, one)


class FakeEngine:
    """Holds rows in memory; `asked` is every change asked for, `fails` an error to raise instead."""

    source = "hyperliquid"
    restored = True

    def __init__(self, *keys: StrategyKey) -> None:
        self.hub = Hub()
        self.states = {key: strategy(key) for key in keys or (BTC, ETH, TSLA)}
        self.closed: list[Trade] = []
        self.told = Account(
            equity=Decimal("10012.5"), margin_used=Decimal("40.1"), network="paper", connected=True, as_of=AT
        )
        self.asked: list[Any] = []
        self.fails: Exception | None = None

    def rows(self) -> list[StrategyState]:
        return list(self.states.values())

    def row(self, key: StrategyKey) -> StrategyState:
        if key not in self.states:
            raise NotFound(f"There is no strategy {key.strategy_id}/{key.symbol} here.")
        return self.states[key]

    def account(self) -> Account:
        return self.told

    def positions(self) -> list[dict[str, Any]]:
        return [{"symbol": "BTC", "size": Decimal("0.012")}]

    def orders(self) -> list[dict[str, Any]]:
        return [{"symbol": "BTC", "trigger_price": Decimal("63801")}]

    def trades(self, count: int = 50) -> list[Trade]:
        return self.closed[:count]

    def equity(self) -> list[dict[str, Any]]:
        return [{"at": AT, "equity": Decimal("10012.5")}]

    def metrics(self) -> dict[str, float]:
        return {"denied_total_opposite side: x-y": 3, "equity": 10012.5}

    async def apply_settings(
        self, key: StrategyKey, changes: dict[str, Decimal], revision: int | None
    ) -> StrategyState:
        return (await self.apply_settings_list([(key, changes, revision)]))[0]

    async def apply_settings_list(self, items: list[Any]) -> list[StrategyState]:
        planned = {key: self.planned(key, changes, revision) for key, changes, revision in items}
        for key, state in planned.items():
            self.put("settings", key, state)
        return list(planned.values())

    def planned(self, key: StrategyKey, changes: dict[str, Decimal], revision: int | None) -> StrategyState:
        state = self.row(key)
        limits = state.limits.changed(changes)
        if limits.risk_per_trade > 5:
            raise Conflict("At most 5 at this trader.", code="rejected", row=state.to_json())
        if revision is None:
            return replace(state, limits=limits)
        if revision < (state.revision or 0):
            raise Conflict("Somebody was first.", row=state.to_json())
        if revision == state.revision and limits != state.limits:
            raise Conflict("Other content.", code="revision_reused", row=state.to_json())
        return replace(state, limits=limits, revision=revision)

    async def enable(self, key: StrategyKey, revision: int | None) -> StrategyState:
        if self.row(key).is_killed:
            raise Conflict("Reset it first.", code="killed", row=self.row(key).to_json())
        return self.put("enable", key, replace(self.row(key), enabled=True, revision=revision))

    async def disable(self, key: StrategyKey, revision: int | None) -> StrategyState:
        return self.put("disable", key, replace(self.row(key), enabled=False, revision=revision))

    async def reset(self, key: StrategyKey, epoch: int | None, force: bool = False) -> StrategyState:
        state = self.row(key)
        if not state.is_killed:
            raise Conflict("It is not killed.", code="not_killed", row=state.to_json())
        self.asked.append((epoch, force))
        return self.put("reset", key, replace(state, is_killed=False, kill=None, epoch=state.epoch + 1))

    async def kill(
        self, key: StrategyKey, flatten: bool | None = None, reason: str = "", cause: str = "operator"
    ) -> StrategyState:
        state = self.row(key)
        self.asked.append((flatten, reason, cause))
        killed = replace(state, is_killed=True, kill=Kill(state.epoch, AT, cause))
        self.hub.publish(f"killed:{key.strategy_id}:{key.symbol}")
        return self.put("kill", key, killed)

    async def close(self, key: StrategyKey) -> StrategyState:
        return self.put("close", key, replace(self.row(key), position=None))

    def put(self, action: str, key: StrategyKey, state: StrategyState) -> StrategyState:
        if self.fails:
            raise self.fails
        self.asked.append(action)
        self.states[key] = state
        self.hub.publish(f"strategy:{key.strategy_id}:{key.symbol}")
        return state

    def move(self, key: StrategyKey, pnl: str) -> None:
        """The market moved: another PnL, an open trade."""
        position = Position("long", Decimal("0.012"), Decimal(64210), Decimal(64198), Decimal(pnl))
        moved = replace(self.row(key), total_pnl=Decimal(pnl), position=position)
        self.states[key] = moved
        self.hub.publish(f"strategy:{key.strategy_id}:{key.symbol}")

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def stop(self) -> None:
        self.asked.append("stop")


def not_durable(state: StrategyState) -> ProductError:
    return ProductError("In force, not on disk.", code="not_durable", row=state.to_json())


Changed = Callable[[FakeEngine], Any]
