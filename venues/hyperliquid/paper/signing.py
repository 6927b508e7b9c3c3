"""Recovers who signed an action, from the protocol alone (venue-hyperliquid.md, section 5)."""

from collections.abc import Mapping
from typing import Any

import msgpack
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

ZERO = "0x" + "0" * 40
DOMAIN_TYPES = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
AGENT_TYPES = [{"name": "source", "type": "string"}, {"name": "connectionId", "type": "bytes32"}]
V = {27: 27, 28: 28}
SOURCES = ("b", "a")  # an SDK that does not know our address signs for testnet, others for mainnet
APPROVE_AGENT = (
    ("hyperliquidChain", "string"),
    ("agentAddress", "address"),
    ("agentName", "string"),
    ("nonce", "uint64"),
)


class BadSignature(ValueError):
    """A signature that no key can have made."""


def action_hash(action: Mapping[str, Any], vault: str | None, nonce: int, expires: int | None) -> bytes:
    """Give the hash that an L1 action's signature covers; the action's key order counts."""
    data = msgpack.packb(action) + nonce.to_bytes(8, "big")
    data += b"\x00" if vault is None else b"\x01" + bytes.fromhex(vault.removeprefix("0x"))
    if expires is not None:
        data += b"\x00" + expires.to_bytes(8, "big")
    return bytes(keccak(data))


def l1_signers(
    action: Mapping[str, Any],
    signature: Mapping[str, Any],
    nonce: int,
    vault: str | None,
    expires: int | None,
) -> list[str]:
    """Give the addresses that may have signed: as testnet, then as mainnet. Raises BadSignature."""
    try:
        connection = action_hash(action, vault, nonce, expires)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadSignature(str(error)) from None
    domain = {"name": "Exchange", "version": "1", "chainId": 1337, "verifyingContract": ZERO}
    return [
        _recover(domain, "Agent", AGENT_TYPES, {"source": source, "connectionId": connection}, signature)
        for source in SOURCES
    ]


def user_signer(
    action: Mapping[str, Any], signature: Mapping[str, Any], name: str, fields: tuple[tuple[str, str], ...]
) -> str:
    """Give who signed a user-signed action such as approveAgent. Raises BadSignature."""
    try:
        chain = int(str(action["signatureChainId"]), 16)
    except (KeyError, ValueError):
        raise BadSignature("signatureChainId") from None
    domain = {
        "name": "HyperliquidSignTransaction",
        "version": "1",
        "chainId": chain,
        "verifyingContract": ZERO,
    }
    types = [{"name": field, "type": kind} for field, kind in fields]
    message = {field: action.get(field, "") for field, _ in fields}
    return _recover(domain, f"HyperliquidTransaction:{name}", types, message, signature)


def _recover(
    domain: Mapping[str, Any],
    primary: str,
    types: list[dict[str, str]],
    message: Mapping[str, Any],
    signature: Mapping[str, Any],
) -> str:
    typed = {
        "domain": domain,
        "types": {"EIP712Domain": DOMAIN_TYPES, primary: types},
        "primaryType": primary,
        "message": message,
    }
    try:
        # r and s may come without their leading zeros, so they are read as numbers.
        parts = (V[signature["v"]], int(str(signature["r"]), 16), int(str(signature["s"]), 16))
        return str(Account.recover_message(encode_typed_data(full_message=typed), vrs=parts)).lower()
    except Exception as error:  # noqa: BLE001  # the libraries raise whatever their layers raise
        raise BadSignature(str(error)) from None
