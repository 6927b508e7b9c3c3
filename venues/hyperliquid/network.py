"""Which Hyperliquid a URL means: mainnet, testnet, or the paper exchange."""

from typing import Literal
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from venues.serving import environment

Network = Literal["paper", "testnet", "mainnet"]
REAL: dict[str, Network] = {
    "https://api.hyperliquid.xyz": "mainnet",
    "https://api.hyperliquid-testnet.xyz": "testnet",
}


def venue_url() -> str:
    """Give HYPERLIQUID_URL; the paper exchange on loopback unless another is named."""
    port = environment.port("EXCHANGE_PORT", 9010)
    return environment.url("HYPERLIQUID_URL", f"http://127.0.0.1:{port}")


def network_of(url: str) -> Network:
    """Give the network of a base URL; raises ImproperlyConfigured for a real host spelled otherwise.

    The SDK signs for mainnet only where the URL is exactly mainnet's (venue-hyperliquid.md,
    section 1): a port or plain http would sign for the wrong network.
    """
    if url in REAL:
        return REAL[url]
    host = (urlsplit(url).hostname or "").rstrip(".")
    for real in REAL:
        if host == urlsplit(real).hostname:
            raise ImproperlyConfigured(f"HYPERLIQUID_URL must be exactly {real}, not {url!r}.")
    return "paper"


def stream_url(url: str) -> str:
    """Give the address of the venue's WebSocket."""
    return f"ws{url.removeprefix('http')}/ws"
