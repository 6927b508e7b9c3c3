"""Whose account the trader trades and which API keys sign for it: configured, or made for paper."""

import re
import secrets as random
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from venues.lighter.network import Network
from venues.serving import environment, secrets

HALF = re.compile(r"[0-9a-f]{80}")
DEFAULT_INDEX, FIRST_INDEX, LAST_INDEX = 5, 4, 254
MOST_ACCOUNT = 2**47


@dataclass(frozen=True)
class ApiKey:
    """One API key of the account: its index, its private half, and its public half where that is known."""

    index: int
    private: str = field(repr=False)
    public: str | None = None


@dataclass(frozen=True)
class Identity:
    """The account's index and the API keys that sign for it; `kill_key` signs what closes, if set."""

    account: int
    api_key: ApiKey
    kill_key: ApiKey | None = None

    @property
    def keys(self) -> list[ApiKey]:
        """Give the keys that sign for the account."""
        return [key for key in (self.api_key, self.kill_key) if key]

    def paper_account(self) -> dict[str, Any]:
        """Give what the paper exchange makes this account of: its index and its keys' public halves.

        Raises ImproperlyConfigured for a key without its public half: no library derives it.
        """
        for key in self.keys:
            if key.public is None:
                raise ImproperlyConfigured(
                    f"The key at index {key.index} needs its public half on the paper exchange: "
                    "write LIGHTER_API_KEY and LIGHTER_KILL_KEY as <private>:<public>."
                )
        keys = {str(key.index): key.public for key in self.keys}
        return {"venue": "lighter", "account_index": self.account, "api_keys": keys}


def random_account() -> str:
    """Give an account index that is unlikely to be anybody's."""
    return str(1_000_000 + random.randbelow(2**31))


def made_key() -> str:
    """Give a pair of keys as <private>:<public>; the SDK makes it, and is loaded for that alone."""
    from venues.lighter.gateway import new_key

    return ":".join(new_key())


def make_paper_identity() -> Identity:
    """Give the identity on the paper exchange, made and kept in VAR_DIR/secrets at the first call."""
    return _checked(
        secrets.secret("LIGHTER_ACCOUNT_INDEX", random_account),
        secrets.secret("LIGHTER_API_KEY", made_key),
        secrets.find("LIGHTER_KILL_KEY"),
    )


def identity_on(network: Network) -> Identity:
    """Give the identity to trade with; on a real network it must be named, never made.

    What was generated for paper lies in VAR_DIR/secrets and is not looked at for a real network.
    """
    if network == "paper":
        return make_paper_identity()
    found = {name: environment.raw(name) for name in ("LIGHTER_ACCOUNT_INDEX", "LIGHTER_API_KEY")}
    for name, value in found.items():
        if not value:
            raise ImproperlyConfigured(f"{name} must be set to trade on {network}.")
    kill_key = environment.raw("LIGHTER_KILL_KEY")
    return _checked(found["LIGHTER_ACCOUNT_INDEX"] or "", found["LIGHTER_API_KEY"] or "", kill_key)


def _checked(account: str, api_key: str, kill_key: str | None) -> Identity:
    account = account.strip()
    if not re.fullmatch(r"[0-9]{1,15}", account) or not 0 < int(account) < MOST_ACCOUNT:
        raise ImproperlyConfigured(f"LIGHTER_ACCOUNT_INDEX must be a whole number above 0, not {account!r}.")
    index = environment.integer("LIGHTER_API_KEY_INDEX", DEFAULT_INDEX, FIRST_INDEX, LAST_INDEX)
    key = _key("LIGHTER_API_KEY", api_key, index)
    kill = _key("LIGHTER_KILL_KEY", kill_key, index + 1) if kill_key else None
    if kill is not None and kill.index == key.index:
        raise ImproperlyConfigured("LIGHTER_KILL_KEY must have an index of its own.")
    return Identity(int(account), key, kill)


def _key(name: str, text: str, index: int) -> ApiKey:
    """Give a key of `<private>`, `<private>:<public>`, either with `<index>:` before it."""
    parts = [part.strip().lower().removeprefix("0x") for part in text.split(":")]
    if len(parts) > 1 and re.fullmatch(r"[0-9]{1,3}", parts[0]):
        index = int(parts.pop(0))
    if not FIRST_INDEX <= index <= LAST_INDEX:
        raise ImproperlyConfigured(
            f"The index of {name} must be from {FIRST_INDEX} to {LAST_INDEX}, not {index}."
        )
    private, public = parts[0], parts[1] if len(parts) == 2 else None
    if len(parts) > 2 or not HALF.fullmatch(private) or (public and not HALF.fullmatch(public)):
        raise ImproperlyConfigured(f"{name} must be an API key's private half, 80 hex digits.")
    return ApiKey(index, private, public)
