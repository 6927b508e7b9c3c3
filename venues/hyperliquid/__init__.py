"""The Hyperliquid venue: gateway, rules, its protocol on the paper exchange."""
