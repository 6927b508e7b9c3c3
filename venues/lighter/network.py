"""Which Lighter a URL means: mainnet, testnet, or the paper exchange; and the chain it signs for."""

from typing import Literal
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from venues.serving import environment

Network = Literal["paper", "testnet", "mainnet"]
REAL: dict[str, tuple[Network, int]] = {
    "https://mainnet.zklighter.elliot.ai": ("mainnet", 304),
    "https://testnet.zklighter.elliot.ai": ("testnet", 300),
}
PAPER_CHAIN = 304
FAMILIES = ("lighter.elliot.ai", "lighter.xyz")


def venue_url() -> str:
    """Give LIGHTER_URL; the paper exchange on loopback unless another is named."""
    port = environment.port("EXCHANGE_PORT", 9010)
    return environment.url("LIGHTER_URL", f"http://127.0.0.1:{port}")


def network_of(url: str) -> Network:
    """Give the network of a base URL; raises ImproperlyConfigured for a real host spelled otherwise.

    Any other name that belongs to Lighter is refused: what is not the paper exchange must not be
    traded with the keys that were made for it.
    """
    if url in REAL:
        return REAL[url][0]
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host.endswith(FAMILIES):
        raise ImproperlyConfigured(f"LIGHTER_URL must be exactly one of {', '.join(REAL)}, not {url!r}.")
    return "paper"


def chain_of(url: str) -> int:
    """Give the chain id that transactions to a URL are signed for (venue-lighter.md, section 1)."""
    return REAL[url][1] if url in REAL else PAPER_CHAIN


def stream_url(url: str) -> str:
    """Give the address of the venue's WebSocket."""
    return f"ws{url.removeprefix('http')}/stream"
