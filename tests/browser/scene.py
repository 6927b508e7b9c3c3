"""A day at both desks: strategies in the states that the pictures in docs/ show."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.browser.site import position, strategy
from venues.contract.states import Kill, StrategyState

# name, symbol, PnL, reward, leverage, open trade (side, size, entry, mark, stop, PnL)
DESKS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "hyperliquid": (
        ("Momentum", "BTC", "12.20", "123.4", 5, ("long", "0.0078", "64210.5", "64398.0", "63580.0", "1.46")),
        ("Mean reversion", "ETH", "-8.65", "98.7", 5,
         ("short", "0.1549", "3225.2", "3232.4", "3256.9", "-1.12")),
        ("Breakout", "SOL", "-3.10", "76.2", 5, ("long", "2.748", "181.99", "181.35", "180.2", "-1.76")),
        ("Carry", "HYPE", "6.02", "55.8", 5, ("short", "15.87", "31.513", "31.482", "31.81", "0.49")),
        ("Swing", "LINK", "18.44", "87.9", 5, ("long", "31.61", "15.81", "15.873", "15.66", "1.99")),
        ("Vol breakout", "ARB", "-46.00", "58.4", 5,
         ("long", "669.7", "0.7466", "0.7421", "0.7394", "-3.01")),
        ("Grid", "kPEPE", "-51.77", "41.2", 5, ("long", "20420", "0.019821", "0.019482", "0.0192", "-6.92")),
        ("Cross-exchange statistical arbitrage with funding overlay", "xyz:TSLA", "-4.10", "9.3", 3,
         ("short", "1.423", "352.32", "351.27", "355.4", "1.49")),
    ),
    "lighter": (
        ("Trend 4h", "1000PEPE", "-16.40", "141.0", 5,
         ("long", "25640", "0.019502", "0.019464", "0.019308", "-0.97")),
        ("Gold swing", "XAU", "9.75", "38.1", 3, ("long", "0.122", "4081.26", "4096.8", "4040.4", "1.90")),
        ("News fade", "EURUSD", "1.30", "22.0", 5, None),
        ("Momentum fast", "SUI", "-50.42", "71.6", 5, None),
        ("Scalper", "XRP", "-2.08", "64.5", 10, None),
    ),
}  # fmt: skip
KILLED_AT = "2026-11-22T11:58:41Z"


def desk(source: str) -> list[StrategyState]:
    """Give a source's strategies as its trader reports them."""
    return [_state(*one) for one in DESKS[source]]


def _state(name: str, symbol: str, pnl: str, reward: str, leverage: int, trade: Any) -> StrategyState:
    found = strategy(
        name,
        symbol,
        total_pnl=Decimal(pnl),
        model_reward=Decimal(reward),
        leverage=leverage,
        drawdown=abs(Decimal(pnl)) + 3,
        position=position(*trade) if trade else None,
    )
    if symbol == "EURUSD":
        return replace(found, enabled=False)
    if symbol in {"SUI", "kPEPE"}:
        left = Decimal(20420) if trade else None
        kill = Kill(
            epoch=3, at=KILLED_AT, cause="loss", total_pnl=Decimal(pnl), limit=Decimal(50), left=left,
            tries=2 if trade else 1, state="gate_closed" if trade else "flat_confirmed",
        )  # fmt: skip
        return replace(found, is_killed=True, kill=kill, epoch=3)
    return found
