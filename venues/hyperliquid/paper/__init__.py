"""Hyperliquid's protocol on the paper exchange: /info, /exchange and /ws, for the official SDK unchanged."""

from venues.hyperliquid.paper.face import HyperliquidFace as open_face
from venues.hyperliquid.paper.markets import VENUE

__all__ = ["VENUE", "open_face"]
