"""Serves a trader's faces over the scene's strategies: `python -m tests.browser.show_trader`."""

from venues.serving.server import serve  # isort: skip  # must be the process's first Twisted import

import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import django
from django.conf import settings

from tests.browser.scene import desk
from tests.trader_api.fake_engine import AT, FakeEngine
from venues.contract.names import StrategyKey
from venues.contract.states import Account, Trade
from venues.trader import facade

CLOSED = {
    "hyperliquid": (
        ("grid", "kPEPE", "long", "24990", "-8.02", "0.69", "stop"),
        ("swing", "LINK", "long", "31.25", "4.71", "0.52", "signal"),
        ("breakout", "SOL", "short", "2.71", "-4.97", "0.48", "stop"),
        ("momentum", "BTC", "short", "0.0079", "6.84", "0.46", "signal"),
    ),
    "lighter": (
        ("momentum-fast", "SUI", "long", "219.3", "-8.02", "0.00", "kill"),
        ("gold-swing", "XAU", "long", "0.121", "4.71", "0.00", "signal"),
        ("trend-4h", "1000PEPE", "short", "25510", "-4.97", "0.00", "stop"),
    ),
}


class SceneEngine(FakeEngine):
    """The fake engine with the scene's strategies, their stops and the trades that they closed."""

    def __init__(self) -> None:
        super().__init__()
        self.source = settings.TRADER_SOURCE
        self.states = {StrategyKey(one.strategy_id, one.symbol): one for one in desk(self.source)}
        self.told = Account(
            equity=Decimal("9988.73"), margin_used=Decimal("701.20"), unattributed=Decimal("-0.41"),
            network="paper", venue=self.source, connected=True, as_of=AT,
        )  # fmt: skip
        one = Decimal(1)
        self.closed = [
            Trade(
                str(place), name, symbol, 0, side, Decimal(size), one, one, AT, AT,
                Decimal(pnl), Decimal(fees), Decimal(0), Decimal(0), by,
            )
            for place, (name, symbol, side, size, pnl, fees, by) in enumerate(CLOSED[self.source])
        ]  # fmt: skip

    def positions(self) -> list[dict[str, Any]]:
        return [
            {"strategy_id": key.strategy_id, "symbol": key.symbol, **state.position.to_json()}
            for key, state in self.states.items()
            if state.position
        ]

    def orders(self) -> list[dict[str, Any]]:
        return [
            {
                "strategy_id": key.strategy_id, "symbol": key.symbol, "kind": "stop", "status": "resting",
                "side": "sell" if state.position.side == "long" else "buy", "size": state.position.size,
                "filled": Decimal(0), "price": None, "trigger_price": state.position.stop_price,
                "reduce_only": True, "placed_at": AT,
            }
            for key, state in self.states.items()
            if state.position
        ]  # fmt: skip

    def nudge(self) -> None:
        """Move the market a little, so that the page has something to push."""
        for key, state in self.states.items():
            if state.total_pnl is not None:
                self.states[key] = replace(state, total_pnl=state.total_pnl + Decimal("0.01"))
                self.hub.publish(f"strategy:{key.strategy_id}:{key.symbol}")


def main() -> int:
    django.setup()
    engine = SceneEngine()
    facade.set_engine(engine)
    from venues.trader.asgi import application

    return serve(application, settings.TRADER_BIND, settings.TRADER_PORT, run=engine.run, stop=engine.stop)


if __name__ == "__main__":
    sys.exit(main())
