"""Lighter's protocol on the paper exchange: /api/v1 and /stream, for the official SDK unchanged."""

from venues.lighter.paper.face import LighterFace as open_face
from venues.lighter.paper.markets import VENUE

__all__ = ["VENUE", "open_face"]
