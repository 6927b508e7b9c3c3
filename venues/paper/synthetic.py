"""The seeded feed: regimes of calm, trend and storm, jumps, and a market that moves together."""

import math
import random
from typing import Any

from venues.paper.bars import Bar
from venues.paper.symbols import Symbol

# name: (drift in minute volatilities, volatility factor, shortest, longest in minutes)
REGIMES = {
    "calm": (0.0, 0.6, 60, 300),
    "up": (0.08, 1.0, 40, 200),
    "down": (-0.08, 1.0, 40, 200),
    "swing": (0.0, 1.3, 30, 120),
    "storm": (0.0, 3.0, 10, 40),
}
WEIGHTS = (4, 3, 3, 3, 1)
JUMP_CHANCE = 1 / 1500
SHARED = 0.6  # of every symbol's variance comes from the common market


class Synthetic:
    """Minutes that a seed, a symbol and a minute decide, from the close before them."""

    def __init__(self, symbol: Symbol, seed: int, jumps: bool = True) -> None:
        self.symbol = symbol
        self.seed = seed
        self.jumps = jumps
        self.name = f"synthetic:{seed}"

    def start(self) -> dict[str, Any]:
        """Give the state before the first minute."""
        return {"close": self.symbol.price, "regime": "calm", "left": 0}

    def next(self, minute: int, state: dict[str, Any]) -> tuple[Bar, dict[str, Any]]:
        """Give the bar of a minute and the state after it."""
        chance = random.Random(f"{self.seed}:{self.symbol.name}:{minute}")
        regime, left = state["regime"], state["left"]
        if left <= 0:
            regime = chance.choices(list(REGIMES), WEIGHTS)[0]
            left = chance.randint(*REGIMES[regime][2:])
        drift, factor = REGIMES[regime][:2]
        deviation = self.symbol.volatility * factor
        opened = state["close"] * math.exp(self._gap(chance, deviation))
        market = random.Random(f"{self.seed}:{minute}").gauss(0, 1)
        shock = math.sqrt(SHARED) * market + math.sqrt(1 - SHARED) * chance.gauss(0, 1)
        closed = opened * math.exp(deviation * (drift + shock))
        high = max(opened, closed) * math.exp(abs(chance.gauss(0, 0.5)) * deviation)
        low = min(opened, closed) * math.exp(-abs(chance.gauss(0, 0.5)) * deviation)
        traded = self.symbol.depth * factor * chance.lognormvariate(0, 0.6) / closed
        return Bar(opened, high, low, closed, traded), {"close": closed, "regime": regime, "left": left - 1}

    def _gap(self, chance: random.Random, deviation: float) -> float:
        """Give the logarithm of the step between two minutes: small, and now and then a jump."""
        if self.jumps and chance.random() < JUMP_CHANCE:
            return chance.choice((-1, 1)) * chance.uniform(0.005, 0.03)
        return chance.gauss(0, 0.1) * deviation
