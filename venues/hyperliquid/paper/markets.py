"""Hyperliquid's markets and rules as the paper exchange offers them (venue-hyperliquid.md, section 8)."""

from venues.paper.instruments import Instrument, Venue

DECIMALS = 6  # a price has at most 6 - szDecimals decimals
SIGNIFICANT = 5

# name, szDecimals, highest leverage; the asset id is the place in this list
LISTED = (
    ("BTC", 5, 40),
    ("ETH", 4, 25),
    ("SOL", 2, 20),
    ("HYPE", 2, 10),
    ("XRP", 0, 20),
    ("DOGE", 0, 10),
    ("kPEPE", 0, 10),
    ("AVAX", 2, 10),
    ("LINK", 1, 10),
    ("ARB", 1, 10),
)

VENUE = Venue(
    name="hyperliquid",
    taker_ppm=450,
    maker_ppm=150,
    minimum=10_000_000,
    stop_worst_percent=10,
    mark_every_s=3,
    default_leverage=20,
    instruments={
        name: Instrument(name, number, decimals, DECIMALS - decimals, leverage, SIGNIFICANT)
        for number, (name, decimals, leverage) in enumerate(LISTED)
    },
)
