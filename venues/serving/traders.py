"""The venues whose traders this product has, and the port that each listens on unless told otherwise."""

TRADER_PORTS = {"hyperliquid": 9002, "lighter": 9102}
