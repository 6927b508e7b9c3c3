"""Whose account the trader trades and which keys sign for it: configured, or made for paper."""

import re
import secrets as random
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from eth_account import Account

from venues.hyperliquid.network import Network
from venues.serving import environment, secrets

ADDRESS = re.compile(r"0x[0-9a-f]{40}")
KEY = re.compile(r"0x[0-9a-f]{64}")


@dataclass(frozen=True)
class Identity:
    """The account's public address and its agents' keys; `kill_key` signs what closes, if set."""

    account: str
    agent_key: str = field(repr=False)
    kill_key: str | None = field(default=None, repr=False)

    @property
    def agents(self) -> list[str]:
        """Give the addresses that sign for the account, in lower case."""
        return [address_of(key) for key in (self.agent_key, self.kill_key) if key]

    def paper_account(self) -> dict[str, Any]:
        """Give what the paper exchange makes this account of: its address and those of its agents."""
        return {"venue": "hyperliquid", "address": self.account, "agents": self.agents}


def address_of(key: str) -> str:
    """Give the address that a private key signs as, in lower case."""
    return str(Account.from_key(key).address).lower()


def random_address() -> str:
    """Give an address that nobody has the key of: paper needs no master key."""
    return f"0x{random.token_hex(20)}"


def random_key() -> str:
    """Give a private key of 32 random bytes."""
    return f"0x{random.token_hex(32)}"


def make_paper_identity() -> Identity:
    """Give the identity on the paper exchange, made and kept in VAR_DIR/secrets at the first call."""
    return _checked(
        secrets.secret("HYPERLIQUID_ACCOUNT", random_address),
        secrets.secret("HYPERLIQUID_AGENT_KEY", random_key),
        secrets.find("HYPERLIQUID_KILL_KEY"),
    )


def identity_on(network: Network) -> Identity:
    """Give the identity to trade with; on a real network it must be named, never made.

    What was generated for paper lies in VAR_DIR/secrets and is not looked at for a real network.
    """
    if network == "paper":
        return make_paper_identity()
    found = {name: environment.raw(name) for name in ("HYPERLIQUID_ACCOUNT", "HYPERLIQUID_AGENT_KEY")}
    for name, value in found.items():
        if not value:
            raise ImproperlyConfigured(f"{name} must be set to trade on {network}.")
    kill_key = environment.raw("HYPERLIQUID_KILL_KEY")
    return _checked(found["HYPERLIQUID_ACCOUNT"] or "", found["HYPERLIQUID_AGENT_KEY"] or "", kill_key)


def _checked(account: str, agent_key: str, kill_key: str | None) -> Identity:
    account = account.strip().lower()
    if not ADDRESS.fullmatch(account):
        raise ImproperlyConfigured(f"HYPERLIQUID_ACCOUNT must be 0x and 40 hex digits, not {account!r}.")
    return Identity(
        account,
        _checked_key("HYPERLIQUID_AGENT_KEY", agent_key),
        _checked_key("HYPERLIQUID_KILL_KEY", kill_key) if kill_key else None,
    )


def _checked_key(name: str, key: str) -> str:
    key = key.strip().lower()
    key = key if key.startswith("0x") else f"0x{key}"
    try:
        if KEY.fullmatch(key) and address_of(key):
            return key
    except ValueError:
        pass  # 64 hex digits that are no key: zero, or past the curve's order
    raise ImproperlyConfigured(f"{name} must be a private key of 64 hex digits.")
