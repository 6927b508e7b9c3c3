"""The symbols of the paper market: where each starts, how it moves, how deep its book is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Symbol:
    """One market. Price in USD; volatility of a minute; spread in basis points; depth in USD within 10 bp."""

    name: str
    price: float
    price_decimals: int
    volatility: float
    spread_bp: float = 10
    depth: int = 50_000

    def micros(self, price: float) -> int:
        """Give a feed's price as micros, rounded to the symbol's decimals and six digits."""
        whole = price * 1e6
        step = int(10 ** max(6 - self.price_decimals, len(str(int(whole))) - 6))
        return max(round(whole / step), 1) * step


SYMBOLS = {
    symbol.name: symbol
    for symbol in (
        Symbol("BTC", 96_000, 1, 0.0006, 1, 2_000_000),
        Symbol("ETH", 3_300, 2, 0.0008, 1.5, 1_000_000),
        Symbol("SOL", 190, 4, 0.0010, 3, 300_000),
        Symbol("HYPE", 38, 4, 0.0014),
        Symbol("XRP", 2.3, 6, 0.0010),
        Symbol("DOGE", 0.19, 6, 0.0012),
        Symbol("kPEPE", 0.0105, 6, 0.0015),
        Symbol("AVAX", 22, 4, 0.0012),
        Symbol("LINK", 15, 5, 0.0011),
        Symbol("ARB", 0.32, 5, 0.0013),
    )
}
